//! The ports that Kubernetes names for a container.

use serde::Deserialize;

use crate::event::PortRange;
use crate::event::Protocol;

/// The annotation that the kubelet gives a container, with its ports as JSON.
pub(super) const ANNOTATION: &str = "io.kubernetes.container.ports";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Port {
    container_port: u16,
    /// TCP where nothing is said.
    protocol: Option<String>,
}

/// The ports that the annotation names; none where it does not say what it should.
pub(super) fn of(annotation: &str) -> Vec<PortRange> {
    let ports: Vec<Port> = serde_json::from_str(annotation).unwrap_or_default();
    let range = |port: Port| {
        let protocol = match port.protocol.as_deref() {
            None | Some("TCP") => Protocol::Tcp,
            Some("UDP") => Protocol::Udp,
            Some(_) => return None,
        };
        let (first, last) = (port.container_port, port.container_port);
        Some(PortRange { protocol: Some(protocol), first, last })
    };
    ports.into_iter().filter_map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kubelets_annotation_names_ports() {
        let text = r#"[{"name":"http","containerPort":80,"protocol":"TCP"},{"containerPort":53,
            "protocol":"UDP"},{"hostPort":1,"containerPort":90},{"containerPort":7,"protocol":"SCTP"}]"#;
        let expected = ["80/tcp", "53/udp", "90/tcp"].map(|it| PortRange::parse(it).unwrap());
        assert_eq!(of(text), expected);
        for bad in ["", "[", "{}", "[{}]", "[{\"containerPort\":70000}]"] {
            assert_eq!(of(bad), [], "{bad}");
        }
    }
}
