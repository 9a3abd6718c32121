//! What was approved: the images that manifests and lists name.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::Reference;
use super::VerifyError;

/// The most bytes of a file of manifests.
const FILE_MAX: u64 = 64 << 20;

/// The images that were approved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approved {
    /// By registry and repository.
    images: BTreeMap<(String, String), Vec<Image>>,
}

/// One that was approved, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) reference: Reference,
    /// File and, in manifests, what it is there: `web.yaml: Deployment shop/web, container app`.
    pub(super) place: String,
}

impl Approved {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file: Kubernetes manifests in YAML or JSON, any number of documents and of lists; or a list
    /// of image references, a line each, with `#` before comments.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] names file, line and column.
    pub fn read(&mut self, path: &Path) -> Result<(), VerifyError> {
        let io = |error| VerifyError::io(path, error);
        let file = std::fs::File::open(path).map_err(io)?;
        let mut text = String::new();
        file.take(FILE_MAX + 1).read_to_string(&mut text).map_err(io)?;
        if text.len() as u64 > FILE_MAX {
            return Err(VerifyError::at(path, 0, format!("larger than {} MiB", FILE_MAX >> 20)));
        }
        self.add(path, &text)
    }

    /// The same of a text; `path` is for messages.
    ///
    /// # Errors
    ///
    /// As of [`read`](Self::read).
    pub fn add(&mut self, path: &Path, text: &str) -> Result<(), VerifyError> {
        if is_list(text) { self.add_list(path, text) } else { self.add_manifests(path, text) }
    }

    /// How many images.
    pub fn len(&self) -> usize {
        self.images.values().map(Vec::len).sum()
    }

    /// Whether nothing was approved.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// Those of the same repository.
    pub(super) fn of(&self, reference: &Reference) -> &[Image] {
        let (registry, repository) = reference.name();
        let key = (registry.to_owned(), repository.to_owned());
        self.images.get(&key).map_or(&[], Vec::as_slice)
    }

    /// All of them.
    pub(super) fn images(&self) -> impl Iterator<Item = &Image> {
        self.images.values().flatten()
    }

    fn insert(&mut self, reference: Reference, place: String) {
        let (registry, repository) = reference.name();
        let key = (registry.to_owned(), repository.to_owned());
        let known = self.images.entry(key).or_default();
        if !known.iter().any(|image| image.reference == reference) {
            known.push(Image { reference, place });
        }
    }

    fn add_list(&mut self, path: &Path, text: &str) -> Result<(), VerifyError> {
        for (index, line) in text.lines().enumerate() {
            let entry = content(line);
            if entry.is_empty() {
                continue;
            }
            let reference = entry
                .parse::<Reference>()
                .map_err(|error| VerifyError::at(path, index + 1, error.to_string()))?;
            self.insert(reference, format!("{}:{}", path.display(), index + 1));
        }
        Ok(())
    }

    fn add_manifests(&mut self, path: &Path, text: &str) -> Result<(), VerifyError> {
        let json: Result<Vec<Option<Object>>, serde_json::Error> =
            serde_json::Deserializer::from_str(text).into_iter().collect();
        let documents = match json {
            Ok(documents) => documents,
            // YAML may begin in the same way.
            Err(error) => serde_saphyr::from_multiple_with_options(text, yaml())
                .map_err(|yaml| VerifyError::of(path, text, &error, &yaml))?,
        };
        for object in documents.into_iter().flatten() {
            self.add_object(path, &object, 0)?;
        }
        Ok(())
    }

    fn add_object(&mut self, path: &Path, object: &Object, depth: u32) -> Result<(), VerifyError> {
        // A list in a list is no form of Kubernetes'.
        for item in object.items.iter().flatten().filter(|_| depth < 4) {
            self.add_object(path, item, depth + 1)?;
        }
        let spec =
            object.spec.as_ref().or(object.template.as_ref().and_then(|it| it.spec.as_deref()));
        let Some(spec) = spec else { return Ok(()) };
        let what = object.describe();
        for container in spec.pod().containers() {
            let Some(image) = &container.image else { continue };
            let place = format!("{}: {what}, container {}", path.display(), container.name);
            let reference = image
                .parse::<Reference>()
                .map_err(|error| VerifyError::at(path, 0, format!("{what}: {error}")))?;
            self.insert(reference, place);
        }
        Ok(())
    }
}

/// As much YAML as a file of the largest size holds, of which aliases make no more.
fn yaml() -> serde_saphyr::Options {
    const MOST: usize = FILE_MAX as usize;
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_documents: MOST,
            max_events: MOST,
            max_nodes: MOST,
        },
    }
}

/// Whether the text is a list and no YAML or JSON: no line of it has a space, a bracket or a colon at its
/// end.
fn is_list(text: &str) -> bool {
    let mut lines = text.lines().map(content).filter(|line| !line.is_empty()).peekable();
    lines.peek().is_some()
        && lines.all(|line| {
            !line.contains([' ', '\t', '{', '"']) && !line.ends_with(':') && line != "---"
        })
}

/// A line of a list without its comment.
fn content(line: &str) -> &str {
    line.split_once('#').map_or(line, |(content, _)| content).trim()
}

/// What is read of an object of Kubernetes': a pod, what makes pods, or a list of such.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Object {
    kind: Option<String>,
    metadata: Option<Metadata>,
    spec: Option<Spec>,
    /// Of a `PodTemplate`.
    template: Option<Template>,
    items: Option<Vec<Object>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
}

/// Of a pod, or of what makes pods.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    containers: Option<Vec<Container>>,
    init_containers: Option<Vec<Container>>,
    ephemeral_containers: Option<Vec<Container>>,
    template: Option<Template>,
    job_template: Option<Template>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Template {
    spec: Option<Box<Spec>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Container {
    name: String,
    image: Option<String>,
}

impl Object {
    fn describe(&self) -> String {
        let kind = self.kind.as_deref().unwrap_or("object");
        let metadata = self.metadata.as_ref();
        let name = metadata.and_then(|it| it.name.as_deref()).unwrap_or("without a name");
        match metadata.and_then(|it| it.namespace.as_deref()) {
            Some(namespace) => format!("{kind} {namespace}/{name}"),
            None => format!("{kind} {name}"),
        }
    }
}

impl Spec {
    /// The specification of the pods.
    fn pod(&self) -> &Self {
        let below = self.job_template.as_ref().or(self.template.as_ref());
        match below.and_then(|template| template.spec.as_deref()) {
            Some(spec) => spec.pod(),
            None => self,
        }
    }

    fn containers(&self) -> impl Iterator<Item = &Container> {
        let all = [&self.init_containers, &self.containers, &self.ephemeral_containers];
        all.into_iter().flatten().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "abababababababababababababababababababababababababababababababab";

    fn approved(text: &str) -> Result<Vec<String>, String> {
        let mut approved = Approved::new();
        approved.add(Path::new("a.yaml"), text).map_err(|error| error.to_string())?;
        Ok(approved.images().map(|it| format!("{} ({})", it.reference, it.place)).collect())
    }

    #[test]
    fn lists_are_read_line_by_line() {
        let text = format!("# ours\nnginx@sha256:{HEX} # web\n\nr.example:5000/app:1\n");
        assert_eq!(
            approved(&text).unwrap(),
            [
                format!("docker.io/library/nginx@sha256:{HEX} (a.yaml:2)"),
                "r.example:5000/app:1 (a.yaml:4)".to_owned(),
            ]
        );
        let error = approved("nginx\nA/B/C\n").unwrap_err();
        assert!(error.starts_with("a.yaml:2: ") && error.contains("lower case"), "{error}");
        assert_eq!(approved("").unwrap(), [""; 0]);
        assert_eq!(approved("# nothing\n").unwrap(), [""; 0]);
    }

    #[test]
    fn each_kind_of_workload_is_read() {
        let pod = "containers: [{name: a, image: x/a}]";
        let documents = [
            format!("{{kind: Pod, metadata: {{name: p}}, spec: {{{pod}}}}}"),
            format!(
                "{{kind: Deployment, metadata: {{name: d, namespace: n}}, spec: {{replicas: 1, \
                     template: {{metadata: {{}}, spec: {{initContainers: [{{name: i, image: x/i}}], {pod}}}}}}}}}"
            ),
            "{kind: CronJob, metadata: {name: c}, spec: {jobTemplate: {spec: {template: {spec: \
             {containers: [{name: b, image: x/b}]}}}}}}"
                .to_owned(),
            "{kind: PodTemplate, metadata: {name: t}, template: {spec: {containers: [{name: t, \
             image: x/t}]}}}"
                .to_owned(),
            "{kind: Service, metadata: {name: s}, spec: {ports: [{port: 1}]}}".to_owned(),
            "".to_owned(),
        ];
        assert_eq!(
            approved(&documents.join("\n---\n")).unwrap(),
            [
                "docker.io/x/a (a.yaml: Pod p, container a)",
                "docker.io/x/b (a.yaml: CronJob c, container b)",
                "docker.io/x/i (a.yaml: Deployment n/d, container i)",
                "docker.io/x/t (a.yaml: PodTemplate t, container t)",
            ]
        );
        let list = r#"{"apiVersion": "v1", "kind": "List", "items": [
            {"kind": "Pod", "metadata": {"name": "p"},
             "spec": {"containers": [{"name": "a", "image": "x/a", "ports": null}]}}]}"#;
        assert_eq!(approved(list).unwrap(), ["docker.io/x/a (a.yaml: Pod p, container a)"]);
    }

    /// More than a thousand documents, and more of a cluster than fits a small budget.
    #[test]
    fn whole_clusters_are_read() {
        let rest = r#""managedFields":[{"f:a":{"f:b":{}}},{"f:c":[1,2,3]}]"#;
        let item = |index: usize| {
            format!(
                r#"{{"kind":"Pod","metadata":{{"name":"p","annotations":{{"x":"{}"}},{rest}}},
                   "spec":{{"containers":[{{"name":"a","image":"x/a:{index}"}}]}}}}"#,
                "y".repeat(400)
            )
        };
        let items: Vec<String> = (0..12_000).map(item).collect();
        let json = format!(r#"{{"kind":"List","items":[{}]}}"#, items.join(","));
        assert_eq!(approved(&json).unwrap().len(), 12_000);
        assert_eq!(approved(&items.join("\n---\n")).unwrap().len(), 12_000);
        // The same in YAML's own form.
        let list = format!("kind: List\nitems:\n- {}\n", items[..2000].join("\n- "));
        assert_eq!(approved(&list).unwrap().len(), 2000);
    }

    #[test]
    fn errors_in_json_name_their_place_and_quote_nothing() {
        for (text, error) in [
            (
                "{\"kind\": \"Pod\",\n \"spec\": \"hunter2\"}",
                "a.yaml:2:18: a member of another type",
            ),
            ("{\"kind\": \"Pod\",", "a.yaml:1:15: ends in the middle"),
            ("{\"kind\": \"Pod\"} hunter2", "a.yaml:1:17: no JSON"),
        ] {
            let found = approved(text).unwrap_err();
            assert!(found.starts_with(error) && !found.contains("hunter2"), "{found}");
        }
    }

    #[test]
    fn what_is_bad_names_its_place() {
        let error = approved("kind: Pod\nspec:\n  containers: 5\n").unwrap_err();
        assert!(error.starts_with("a.yaml:3:"), "{error}");
        let error = approved("kind: Pod\nspec: {containers: [{name: a, image: 'A B'}]}\n");
        assert!(error.unwrap_err().contains("Pod without a name"));
        let error = approved("kind: [\n").unwrap_err();
        assert!(error.starts_with("a.yaml:"), "{error}");
        // Nine anchors, each ten times the one before.
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..9 {
            let before = level - 1;
            let aliases = vec![format!("*a{before}"); 10].join(",");
            bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        bomb.push_str("items: *a8\n");
        assert!(approved(&bomb).is_err());
        let deep = format!("spec: {}{}", "{template: {spec: ".repeat(5000), "}}".repeat(5000));
        assert!(approved(&deep).is_err());
    }
}
