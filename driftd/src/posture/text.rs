//! A posture for people.

use std::io;
use std::io::Write;

use driftcore::event::Text;
use driftcore::posture::ContainerPosture;
use driftcore::posture::Failure;
use driftcore::posture::MeasureKind;
use driftcore::posture::Posture;
use driftcore::posture::Role;
use driftcore::posture::Source;

use crate::scan::printable::Printable;

/// As wide as the longest name of a control that is seen often.
const CONTROL: usize = 24;

pub(super) fn write(out: &mut impl Write, posture: &Posture) -> io::Result<()> {
    let name = match (&posture.namespace, &posture.pod) {
        (Some(namespace), Some(pod)) => format!("{namespace}/{pod}"),
        (_, Some(pod)) => pod.clone(),
        _ if posture.source == Source::Runtime => "in no pod".to_owned(),
        _ => "a pod without a name".to_owned(),
    };
    let node = posture.node.as_ref().map_or(String::new(), |node| format!(" on {}", shown(node)));
    writeln!(out, "{:<10}  {}{node}", posture.level, shown(&name))?;
    failures(out, &posture.failures, posture.more_failures, "  ")?;
    for container in &posture.containers {
        self::container(out, container)?;
    }
    Ok(())
}

fn container(out: &mut impl Write, container: &ContainerPosture) -> io::Result<()> {
    let role = match container.role {
        Role::Main => String::new(),
        role => format!(" ({})", role.as_str()),
    };
    let image = container.image.as_deref().unwrap_or("an unknown image");
    writeln!(out, "  {:<10}  {}{role}: {}", container.level, shown(&container.name), shown(image))?;
    failures(out, &container.failures, container.more_failures, "    ")?;
    let root = container.measures.iter().find(|it| it.kind == MeasureKind::ReadOnlyRootFilesystem);
    if let Some(root) = root.filter(|root| root.holds == Some(false)) {
        let value = value(root.value.as_deref());
        let (path, effect) = (shown(&root.path), root.kind.effect());
        writeln!(out, "    drift       {path} {value}: set it to true, and {effect}")?;
    }
    for what in &container.cannot_tell {
        writeln!(out, "    cannot tell {}", shown(what))?;
    }
    Ok(())
}

fn failures(out: &mut impl Write, failures: &[Failure], more: u64, indent: &str) -> io::Result<()> {
    for failure in failures {
        let value = value(failure.value.as_deref());
        writeln!(
            out,
            "{indent}{:<10}  {:<CONTROL$}  {} {value}: {}",
            failure.level,
            failure.control,
            shown(&failure.path),
            failure.remedy
        )?;
    }
    if more > 0 {
        writeln!(out, "{indent}and {more} more")?;
    }
    Ok(())
}

fn value(value: Option<&str>) -> String {
    match value {
        None => "is not set".to_owned(),
        Some("") => "is empty".to_owned(),
        Some(value) => format!("is {}", shown(value)),
    }
}

fn shown(text: &str) -> String {
    Printable(&Text::from(text)).to_string()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use driftcore::posture::read_pods;

    use super::*;

    #[test]
    fn each_line_says_what_to_do() {
        let pod = r#"{"metadata": {"name": "w\u001b", "namespace": "n"}, "spec": {"nodeName": "one",
            "hostPID": true, "initContainers": [{"name": "s", "restartPolicy": "Always",
            "securityContext": {"readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false,
            "runAsNonRoot": true, "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "Localhost"}}}],
            "containers": [{"name": "a", "image": "x", "securityContext": {"runAsNonRoot": true,
            "readOnlyRootFilesystem": false, "seccompProfile": {"type": "Unconfined"},
            "capabilities": {"drop": ["ALL"]}}}]}}"#;
        let mut out = Vec::new();
        read_pods(Path::new("pods"), pod.as_bytes(), |it| write(&mut out, &it).unwrap()).unwrap();
        let at = "spec.containers[0].securityContext";
        let expected = format!(
            "privileged  n/w\\u{{1b}} on one\n  \
             baseline    Host Namespaces           spec.hostPID is true: set it to false or leave it out\n  \
             privileged  s (sidecar): an unknown image\n  \
             privileged  a: x\n    \
             baseline    Seccomp                   {at}.seccompProfile.type is Unconfined: \
             set it to RuntimeDefault or Localhost\n    \
             restricted  Privilege Escalation      {at}.allowPrivilegeEscalation is not set: set it to false\n    \
             drift       {at}.readOnlyRootFilesystem is false: set it to true, and no file of the image \
             can be changed and none added beside it\n"
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
