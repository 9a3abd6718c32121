//! Pods, as `kubectl get pods -o json` prints them: read one at a time, so that any number of them takes the
//! memory of one.

use std::fmt;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::DeserializeSeed;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

use super::ImageId;
use super::Role;
use super::Running;
use super::VerifyError;

/// Hands every container of every pod in `input` to `each`: a pod, a list of pods, or several of such one after
/// another, as JSON. Objects of other kinds are counted and left out. `path` is for messages.
///
/// # Errors
///
/// [`VerifyError::Content`] names line and column; what came before has been handed over.
pub fn read_pods(
    path: &Path,
    input: impl Read,
    mut each: impl FnMut(Running),
) -> Result<Count, VerifyError> {
    let mut count = Count::default();
    let mut deserializer = serde_json::Deserializer::from_reader(input);
    let fail = |error: serde_json::Error| VerifyError::json(path, &error);
    loop {
        match deserializer.end() {
            Ok(()) => return Ok(count),
            // Another document, or what is wrong with it is said there.
            Err(_) => {
                let document = Document { count: &mut count, each: &mut each };
                document.deserialize(&mut deserializer).map_err(fail)?;
            }
        }
    }
}

/// How much was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Pods.
    pub pods: u64,
    /// Objects that are none.
    pub others: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    node_name: Option<String>,
    containers: Option<Vec<Container>>,
    init_containers: Option<Vec<Container>>,
    ephemeral_containers: Option<Vec<Container>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    container_statuses: Option<Vec<ContainerStatus>>,
    init_container_statuses: Option<Vec<ContainerStatus>>,
    ephemeral_container_statuses: Option<Vec<ContainerStatus>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Container {
    name: String,
    image: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ContainerStatus {
    name: String,
    image: Option<String>,
    #[serde(rename = "imageID")]
    image_id: Option<String>,
}

#[derive(Default)]
struct Pod {
    kind: Option<String>,
    metadata: Option<Metadata>,
    spec: Option<Spec>,
    status: Option<Status>,
}

impl Pod {
    /// Hands its containers over. Those that only the status names too: a hostile or old one may.
    fn hand_over(self, each: &mut impl FnMut(Running)) {
        let (metadata, spec) = (self.metadata.unwrap_or_default(), self.spec.unwrap_or_default());
        let status = self.status.unwrap_or_default();
        let groups = [
            (Role::Init, spec.init_containers, status.init_container_statuses),
            (Role::Main, spec.containers, status.container_statuses),
            (Role::Ephemeral, spec.ephemeral_containers, status.ephemeral_container_statuses),
        ];
        for (role, containers, statuses) in groups {
            let (containers, mut statuses) =
                (containers.unwrap_or_default(), statuses.unwrap_or_default());
            let mut running = |name: String, image: String, image_id: Option<&str>| {
                each(Running {
                    name,
                    role,
                    pod: metadata.name.clone(),
                    namespace: metadata.namespace.clone(),
                    node: spec.node_name.clone(),
                    image,
                    image_id: image_id.map_or(ImageId::None, ImageId::parse),
                });
            };
            for container in containers {
                let at = statuses.iter().position(|status| status.name == container.name);
                let status = at.map(|at| statuses.swap_remove(at));
                let image_id = status.as_ref().and_then(|it| it.image_id.as_deref());
                running(container.name, container.image.unwrap_or_default(), image_id);
            }
            for status in statuses {
                running(status.name, status.image.unwrap_or_default(), status.image_id.as_deref());
            }
        }
    }
}

/// A document, whose items are handed over while it is read.
struct Document<'a, F> {
    count: &'a mut Count,
    each: &'a mut F,
}

impl<'de, F: FnMut(Running)> DeserializeSeed<'de> for Document<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: FnMut(Running)> Visitor<'de> for Document<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a pod or a list of pods")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut pod = Pod::default();
        let mut is_list = false;
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Kind => pod.kind = map.next_value()?,
                Key::Metadata => pod.metadata = map.next_value()?,
                Key::Spec => pod.spec = map.next_value()?,
                Key::Status => pod.status = map.next_value()?,
                Key::Items => {
                    is_list = true;
                    map.next_value_seed(Items { count: self.count, each: self.each })?;
                }
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        // An item of a `PodList` has no kind of its own.
        if is_list {
            return Ok(());
        }
        if pod.kind.as_deref().is_none_or(|kind| kind == "Pod") && pod.spec.is_some() {
            self.count.pods += 1;
            pod.hand_over(self.each);
        } else {
            self.count.others += 1;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    Kind,
    Metadata,
    Spec,
    Status,
    Items,
    #[serde(other)]
    Other,
}

struct Items<'a, F> {
    count: &'a mut Count,
    each: &'a mut F,
}

impl<'de, F: FnMut(Running)> DeserializeSeed<'de> for Items<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Running)> Visitor<'de> for Items<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of pods")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        loop {
            let item = Document { count: &mut *self.count, each: &mut *self.each };
            if seq.next_element_seed(item)?.is_none() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "abababababababababababababababababababababababababababababababab";

    fn read(text: &str) -> (Vec<String>, Result<Count, String>) {
        let mut seen = Vec::new();
        let count = read_pods(Path::new("pods"), text.as_bytes(), |it| {
            let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            let id = it.image_id.digest().map_or("-", |digest| digest.short());
            seen.push(format!(
                "{}/{} on {} {} {}: {} {id}",
                or_dash(&it.namespace),
                or_dash(&it.pod),
                or_dash(&it.node),
                it.role.as_str(),
                it.name,
                it.image
            ));
        });
        (seen, count.map_err(|error| error.to_string()))
    }

    #[test]
    fn containers_of_every_role_are_handed_over() {
        let text = format!(
            r#"{{"apiVersion": "v1", "items": [
              {{"metadata": {{"name": "p", "namespace": "n", "labels": {{"a": "b"}}}},
                "spec": {{"nodeName": "one", "initContainers": [{{"name": "i", "image": "x/i"}}],
                          "containers": [{{"name": "a", "image": "x/a"}}, {{"name": "b", "image": "x/b"}}],
                          "ephemeralContainers": [{{"name": "d", "image": "busybox"}}]}},
                "status": {{"containerStatuses": [
                    {{"name": "b", "image": "x/b", "imageID": "x/b@sha256:{HEX}", "ready": true}},
                    {{"name": "gone", "image": "x/g", "imageID": "sha256:{HEX}"}}]}}}},
              {{"kind": "Service", "spec": {{"ports": []}}}}],
            "kind": "List"}}
            {{"kind": "Pod", "metadata": {{"name": "q"}}, "spec": {{}}, "status": null}}"#
        );
        let (seen, count) = read(&text);
        let at = "n/p on one";
        assert_eq!(
            seen,
            [
                format!("{at} init i: x/i -"),
                format!("{at} main a: x/a -"),
                format!("{at} main b: x/b sha256:abababababab"),
                format!("{at} main gone: x/g sha256:abababababab"),
                format!("{at} ephemeral d: busybox -"),
            ]
        );
        assert_eq!(count, Ok(Count { pods: 2, others: 1 }));
        assert_eq!(read(""), (Vec::new(), Ok(Count::default())));
    }

    #[test]
    fn what_is_bad_names_its_place_after_what_came_before() {
        let good = r#"{"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "a"}]}}"#;
        let (seen, count) = read(&format!("{{\"items\": [\n{good},\n{{\"spec\": 5}}]}}"));
        assert_eq!(seen.len(), 1);
        let error = count.unwrap_err();
        assert!(error.starts_with("pods:3:"), "{error}");
        for (text, what) in [
            ("{\"items\": [", "EOF"),
            ("[1]", "a pod or a list of pods"),
            ("{\"items\": 5}", "a list of pods"),
            ("nonsense", "expected"),
        ] {
            let error = read(text).1.unwrap_err();
            assert!(error.starts_with("pods:1:") && error.contains(what), "{error}");
        }
        let deep = format!("{}{}", "{\"items\": [".repeat(10_000), "]}".repeat(10_000));
        assert!(read(&deep).1.unwrap_err().contains("recursion"));
    }
}
