//! Whether what runs is what was approved.

use std::fmt;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::Approved;
use super::Blobs;
use super::Digest;
use super::ImageId;
use super::Reference;
use super::Running;
use super::VerifyError;
use super::approved::Image;
use super::blobs::Content;
use super::blobs::Platform;

/// Whether a container runs an image that was approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Approval {
    /// The digest that runs was approved.
    Approved,
    /// The repository was approved with other digests, or another tag of it was.
    Mismatch,
    /// Approved by a tag alone, which may stand for another image tomorrow: nothing is verified.
    MutableTag,
    /// No image of this repository was approved.
    Unapproved,
    /// It is not known which image runs.
    CannotTell,
}

impl Approval {
    /// As in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Mismatch => "mismatch",
            Self::MutableTag => "mutable_tag",
            Self::Unapproved => "unapproved",
            Self::CannotTell => "cannot_tell",
        }
    }
}

impl fmt::Display for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was found about a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The answer.
    pub approval: Approval,
    /// Why, for people.
    pub reason: String,
    /// The digest that runs, where one is known.
    pub running: Option<Digest>,
    /// The digests of this repository that were approved.
    pub approved: Vec<Digest>,
}

impl Check {
    /// What was found of `running`, as a JSON object: docs/verify.md says what is in it.
    pub fn report(&self, running: &Running) -> Value {
        json!({
            "container": running.name,
            "role": running.role.as_str(),
            "pod": running.pod,
            "namespace": running.namespace,
            "node": running.node,
            "image": running.image,
            "approval": self.approval,
            "reason": self.reason,
            "running_digest": self.running.as_ref().map(Digest::as_str),
            "approved_digests": self.approved.iter().map(Digest::as_str).collect::<Vec<_>>(),
        })
    }
}

/// Verifies containers.
#[derive(Clone, Debug, Default)]
pub struct Verifier {
    approved: Approved,
    blobs: Blobs,
}

impl Verifier {
    /// Against what was approved; `blobs` tell indexes, manifests and configurations apart where their content
    /// is at hand.
    pub const fn new(approved: Approved, blobs: Blobs) -> Self {
        Self { approved, blobs }
    }

    /// Takes in what a text says was approved, of any form that [`Approved::read`] takes; `path` is for messages.
    ///
    /// # Errors
    ///
    /// As of [`Approved::add`]; nothing was approved by it then.
    pub fn approve(&mut self, path: &Path, text: &str) -> Result<(), VerifyError> {
        let mut approved = self.approved.clone();
        approved.add(path, text)?;
        self.approved = approved;
        Ok(())
    }

    /// Looks at a container.
    pub fn check(&self, running: &Running) -> Check {
        let digest = running.image_id.digest().cloned();
        let answer = |approval, reason: String, approved| Check {
            approval,
            reason,
            running: digest.clone(),
            approved,
        };
        let reference = match reference(running) {
            Ok(reference) => reference,
            Err(why) => return self.by_digest_alone(running, why),
        };
        let images = self.approved.of(&reference);
        if images.is_empty() {
            let (registry, repository) = reference.name();
            let reason = format!("no image of {registry}/{repository} was approved");
            return answer(Approval::Unapproved, reason, Vec::new());
        }
        let approved: Vec<Digest> =
            images.iter().filter_map(|image| image.reference.digest().cloned()).collect();
        if approved.is_empty() {
            let (approval, reason) = by_tag(&reference, images);
            return answer(approval, reason, approved);
        }
        let Some(running_digest) = &digest else {
            let reason = match &running.image_id {
                ImageId::Other(text) => {
                    format!("the runtime calls its image {text:?}, which is no form of a digest")
                }
                _ => "the runtime does not say yet which image it is".to_owned(),
            };
            return answer(Approval::CannotTell, reason, approved);
        };
        for image in images {
            if let Some(way) = image.reference.digest().and_then(|it| self.same(it, running_digest))
            {
                return answer(Approval::Approved, format!("{way}, by {}", image.place), approved);
            }
        }
        // Who approved a tag besides approved whatever it stands for.
        if let Some(image) = images.iter().find(|image| is_tag_of(image, &reference)) {
            let tag = reference.effective_tag();
            let reason = format!("approved by the tag {tag:?} alone, by {}", image.place);
            return answer(Approval::MutableTag, reason, approved);
        }
        let is_config = matches!(running.image_id, ImageId::Config(_));
        // An approved index or manifest that is at hand names all that may run.
        let is_known = approved.iter().all(|it| self.blobs.content(it).is_some());
        if is_config && !is_known {
            let reason = format!(
                "the runtime gives the digest of the image's configuration ({}) alone, and the \
                 manifests that were approved are not at hand to compare it with",
                running_digest.short()
            );
            return answer(Approval::CannotTell, reason, approved);
        }
        let list: Vec<&str> = approved.iter().map(Digest::short).collect();
        let hint = if is_known {
            ""
        } else {
            "; where one is an index and the other a manifest of it, only their content tells"
        };
        let reason =
            format!("{} runs, approved is {}{hint}", running_digest.short(), list.join(" or "));
        answer(Approval::Mismatch, reason, approved)
    }

    /// Of an image without a name that reads as one, the digest may still be one that was approved.
    fn by_digest_alone(&self, running: &Running, why: String) -> Check {
        let digest = running.image_id.digest().cloned();
        let found = digest.as_ref().and_then(|digest| {
            self.approved.images().find_map(|image| {
                let way = self.same(image.reference.digest()?, digest)?;
                Some(format!("{way}, by {}", image.place))
            })
        });
        let (approval, reason) = match found {
            Some(reason) => (Approval::Approved, reason),
            None => (Approval::CannotTell, why),
        };
        Check { approval, reason, running: digest, approved: Vec::new() }
    }

    /// How the digest that runs is the one that was approved, if it is.
    fn same(&self, approved: &Digest, running: &Digest) -> Option<&'static str> {
        if approved == running {
            return Some("the digest was approved");
        }
        match self.blobs.content(approved) {
            Some(Content::Index(manifests)) => {
                for (manifest, _) in &manifests {
                    if manifest == running {
                        return Some("a manifest of the index that was approved");
                    }
                    if self.blobs.content(manifest) == Some(Content::Manifest(running.clone())) {
                        return Some(
                            "the configuration of a manifest of the index that was approved",
                        );
                    }
                }
            }
            Some(Content::Manifest(config)) if config == *running => {
                return Some("the configuration of the manifest that was approved");
            }
            _ => {}
        }
        match self.blobs.content(running) {
            Some(Content::Index(manifests)) => {
                let ours = manifests
                    .iter()
                    .filter(|(_, platform)| platform.as_ref().is_some_and(Platform::is_ours));
                ours.map(|(manifest, _)| manifest).find_map(|manifest| {
                    if manifest == approved {
                        return Some("an index whose manifest for this machine was approved");
                    }
                    let content = self.blobs.content(manifest);
                    (content == Some(Content::Manifest(approved.clone())))
                        .then_some("an index whose configuration for this machine was approved")
                })
            }
            Some(Content::Manifest(config)) if config == *approved => {
                Some("the manifest whose configuration was approved")
            }
            _ => None,
        }
    }
}

/// The image that a container is of. A runtime may name it by its id alone; then where it was pulled from
/// tells.
fn reference(running: &Running) -> Result<Reference, String> {
    let is_id = matches!(ImageId::parse(&running.image), ImageId::Config(_));
    let read = match running.image.as_str() {
        "" => Err("nothing tells the name of its image".to_owned()),
        _ if is_id => Err("its image is named by an id alone".to_owned()),
        image => image.parse::<Reference>().map_err(|error| error.to_string()),
    };
    match &running.image_id {
        ImageId::Pulled { repository: Some(from), .. } => read.or_else(|_| Ok(from.clone())),
        _ => read,
    }
}

/// Where only tags were approved.
fn by_tag(reference: &Reference, images: &[Image]) -> (Approval, String) {
    let tag = reference.effective_tag();
    let tags = || {
        let tags: Vec<&str> = images.iter().map(|it| it.reference.effective_tag()).collect();
        tags.join(" or ")
    };
    if reference.tag().is_none() && reference.digest().is_some() {
        let reason = format!("it is named by its digest, approved are tags alone: {}", tags());
        return (Approval::CannotTell, reason);
    }
    match images.iter().find(|image| is_tag_of(image, reference)) {
        Some(image) => {
            let reason = format!("approved by the tag {tag:?} alone, by {}", image.place);
            (Approval::MutableTag, reason)
        }
        None => {
            let reason = format!("the tag {tag:?} runs, approved is {}", tags());
            (Approval::Mismatch, reason)
        }
    }
}

/// Whether an image was approved by the tag by which this one is named.
fn is_tag_of(image: &Image, reference: &Reference) -> bool {
    let names_tag = reference.tag().is_some() || reference.digest().is_none();
    image.reference.digest().is_none()
        && names_tag
        && image.reference.effective_tag() == reference.effective_tag()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use sha2::Digest as _;
    use sha2::Sha256;

    use super::*;

    /// Writes content where it belongs.
    fn store(root: &Path, content: &str) -> Digest {
        let hex: String =
            Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
        fs::create_dir_all(root.join("blobs/sha256")).unwrap();
        fs::write(root.join("blobs/sha256").join(&hex), content).unwrap();
        format!("sha256:{hex}").parse().unwrap()
    }

    fn answer(blobs: &Blobs, approved: &str, image: &str, image_id: &str) -> (Approval, String) {
        let mut list = Approved::new();
        list.add(Path::new("list"), approved).unwrap();
        let running = Running {
            name: "c".to_owned(),
            image: image.to_owned(),
            image_id: ImageId::parse(image_id),
            ..Running::default()
        };
        let check = Verifier::new(list, blobs.clone()).check(&running);
        (check.approval, check.reason)
    }

    #[test]
    fn every_answer_has_its_reason() {
        let (one, two) =
            (format!("sha256:{}", "1".repeat(64)), format!("sha256:{}", "2".repeat(64)));
        let of_two = format!("a/b@{two}");
        let none = Blobs::default();
        for (approved, image, image_id, approval, why) in [
            (format!("a/b@{one}"), "a/b:1", format!("a/b@{one}"), Approval::Approved, "list:1"),
            (
                format!("a/b@{one}\na/b@{two}"),
                "docker.io/a/b",
                format!("docker-pullable://a/b@{two}"),
                Approval::Approved,
                "list:2",
            ),
            (
                format!("a/b@{one}"),
                "a/b:1",
                format!("a/b@{two}"),
                Approval::Mismatch,
                "222222 runs",
            ),
            (format!("a/b@{one}"), "a/b:1", two.clone(), Approval::CannotTell, "configuration"),
            (format!("a/b@{one}"), "a/b:1", one.clone(), Approval::Approved, "list:1"),
            (format!("a/b@{one}"), "a/b:1", String::new(), Approval::CannotTell, "not say yet"),
            (format!("a/b@{one}"), "a/b", "odd".to_owned(), Approval::CannotTell, "\"odd\""),
            // One digest of the repository was approved, and a tag of it besides.
            (
                format!("a/b@{one}\na/b:1"),
                "a/b:1",
                format!("a/b@{two}"),
                Approval::MutableTag,
                "list:2",
            ),
            (
                format!("a/b@{one}\na/b:1"),
                "a/b:2",
                format!("a/b@{two}"),
                Approval::Mismatch,
                "222222 runs",
            ),
            ("a/b:1".to_owned(), &of_two, of_two.clone(), Approval::CannotTell, "tags alone: 1"),
            ("a/b".to_owned(), "a/b:latest", format!("a/b@{one}"), Approval::MutableTag, "latest"),
            ("a/b:1".to_owned(), "a/b:2", format!("a/b@{one}"), Approval::Mismatch, "\"2\" runs"),
            (format!("a/b@{one}"), "a/c", format!("a/c@{one}"), Approval::Unapproved, "a/c"),
            // By its id alone, as Docker names an image whose tag went to another.
            (format!("a/b@{one}"), &one, format!("a/b@{one}"), Approval::Approved, "list:1"),
            (format!("a/b@{one}"), &one, one.clone(), Approval::Approved, "list:1"),
            (format!("a/b@{one}"), "", String::new(), Approval::CannotTell, "name of its image"),
        ] {
            let (got, reason) = answer(&none, &approved, image, &image_id);
            assert_eq!(got, approval, "{approved} {image} {image_id}: {reason}");
            assert!(reason.contains(why), "{approved} {image} {image_id}: {reason}");
        }
    }

    #[test]
    fn content_at_hand_tells_index_manifest_and_configuration_apart() {
        let directory = tempfile::tempdir().unwrap();
        let config = store(directory.path(), "{\"rootfs\": {}}");
        let manifest = store(
            directory.path(),
            &format!("{{\"config\": {{\"digest\": \"{config}\"}}, \"layers\": []}}"),
        );
        let other = format!("sha256:{}", "0".repeat(64));
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let index = store(
            directory.path(),
            &format!(
                "{{\"manifests\": [{{\"digest\": \"{other}\"}}, {{\"digest\": \"{manifest}\", \
                 \"platform\": {{\"os\": \"linux\", \"architecture\": \"{architecture}\"}}}}]}}"
            ),
        );
        let blobs = Blobs::new([directory.path().to_owned()]);
        for (approved, running, way) in [
            (&index, format!("a/b@{index}"), "the digest"),
            (&index, format!("a/b@{manifest}"), "a manifest of the index"),
            (&index, config.to_string(), "configuration of a manifest of the index"),
            (&manifest, format!("a/b@{index}"), "for this machine"),
            (&manifest, config.to_string(), "the configuration of the manifest"),
            (&config, format!("a/b@{manifest}"), "the manifest whose configuration"),
            (&config, format!("a/b@{index}"), "an index whose configuration for this machine"),
        ] {
            let got = answer(&blobs, &format!("a/b@{approved}"), "a/b:1", &running);
            assert!(got.0 == Approval::Approved && got.1.contains(way), "{way}: {got:?}");
        }
        let got = answer(&blobs, &format!("a/b@{index}"), "a/b:1", &other);
        assert_eq!(got.0, Approval::Approved, "one of the index, for another machine");
        let stranger = format!("sha256:{}", "9".repeat(64));
        let got = answer(&blobs, &format!("a/b@{index}"), "a/b:1", &stranger);
        assert_eq!(got.0, Approval::Mismatch, "{got:?}");
        assert!(!got.1.contains("only their content tells"), "{got:?}");
        // Content that is not what its digest says tells nothing.
        let (_, hex) = index.parts();
        fs::write(directory.path().join("blobs/sha256").join(hex), "{\"manifests\": []}").unwrap();
        let got = answer(&blobs, &format!("a/b@{index}"), "a/b:1", &format!("a/b@{manifest}"));
        assert_eq!(got.0, Approval::Mismatch, "{got:?}");
        assert!(got.1.contains("only their content tells"), "{got:?}");
    }
}
