//! What runs: containers of a node or of pods, and the image that each is said to be of.

use super::Digest;
use super::Reference;
use super::Role;
use crate::event::Container;

/// A container that runs, or that ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// The container's name, or its id where it has none.
    pub name: String,
    /// What it is to its pod.
    pub role: Role,
    /// Its pod.
    pub pod: Option<String>,
    /// The pod's namespace.
    pub namespace: Option<String>,
    /// The node that it runs on, where pods say so.
    pub node: Option<String>,
    /// The image as it was asked for, or as the runtime names it.
    pub image: String,
    /// What the runtime says that it is.
    pub image_id: ImageId,
}

/// What a runtime says which image a container is of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageId {
    /// Nothing yet.
    #[default]
    None,
    /// The digest by which it was pulled from a repository: of an image index or of an image manifest, which
    /// the digest does not say.
    Pulled {
        /// From where, where that is said.
        repository: Option<Reference>,
        /// The digest.
        digest: Digest,
    },
    /// The digest of its configuration: what Docker calls the image's id, and what every runtime has for an
    /// image that it did not pull.
    Config(Digest),
    /// A text of no form that is known.
    Other(String),
}

impl ImageId {
    /// Reads `status.containerStatuses[].imageID` of a pod, in any of the forms in which kubelets from 1.24 on
    /// have printed it: `REPOSITORY@DIGEST`, `docker-pullable://REPOSITORY@DIGEST`, `docker://DIGEST`,
    /// `DIGEST`, or 64 digits alone, as CRI-O's image ids are.
    pub fn parse(text: &str) -> Self {
        let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
        if bare.is_empty() {
            return Self::None;
        }
        if let Ok(digest) = bare.parse::<Digest>() {
            return Self::Config(digest);
        }
        if let Ok(digest) = format!("sha256:{bare}").parse::<Digest>() {
            return Self::Config(digest);
        }
        if let Ok(reference) = bare.parse::<Reference>()
            && let Some(digest) = reference.digest()
        {
            return Self::Pulled { digest: digest.clone(), repository: Some(reference) };
        }
        // A repository that no longer reads as one does not take the digest away.
        match bare.rsplit_once('@').map(|(_, digest)| digest.parse::<Digest>()) {
            Some(Ok(digest)) => Self::Pulled { repository: None, digest },
            _ => Self::Other(text.chars().take(300).collect()),
        }
    }

    /// The digest, whatever it is of.
    pub const fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Pulled { digest, .. } | Self::Config(digest) => Some(digest),
            Self::None | Self::Other(_) => None,
        }
    }
}

impl From<&Container> for Running {
    /// A container of this node, as its runtime's state tells.
    fn from(container: &Container) -> Self {
        let pulled = container.image_digest.as_deref().map(str::parse::<Digest>);
        let config = container.image_id.as_deref().map(ImageId::parse);
        let image_id = match (pulled, config) {
            (Some(Ok(digest)), _) => ImageId::Pulled { repository: None, digest },
            (_, Some(config)) => config,
            _ => ImageId::None,
        };
        Self {
            name: container.name.clone().unwrap_or_else(|| container.short_id().to_owned()),
            role: Role::Main,
            pod: container.pod.clone(),
            namespace: container.namespace.clone(),
            node: None,
            image: container.image.clone().unwrap_or_default(),
            image_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_image_id_is_read() {
        let hex = "ab".repeat(32);
        let digest: Digest = format!("sha256:{hex}").parse().unwrap();
        for text in [
            format!("docker.io/library/nginx@sha256:{hex}"),
            format!("docker-pullable://nginx@sha256:{hex}"),
            format!("nginx:1.27@sha256:{hex}"),
        ] {
            let ImageId::Pulled { repository: Some(from), digest: got } = ImageId::parse(&text)
            else {
                panic!("{text}");
            };
            assert_eq!((from.name(), got), (("docker.io", "library/nginx"), digest.clone()));
        }
        for text in [format!("docker://sha256:{hex}"), format!("sha256:{hex}"), hex.clone()] {
            assert_eq!(ImageId::parse(&text), ImageId::Config(digest.clone()), "{text}");
        }
        let odd = ImageId::parse(&format!("Bad Name@sha256:{hex}"));
        assert_eq!(odd, ImageId::Pulled { repository: None, digest });
        assert_eq!(ImageId::parse(""), ImageId::None);
        assert_eq!(ImageId::parse("docker://"), ImageId::None);
        assert!(matches!(ImageId::parse("nginx"), ImageId::Other(_)));
    }
}
