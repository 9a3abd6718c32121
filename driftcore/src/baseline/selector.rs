//! Of which containers a baseline speaks.

use std::fmt;
use std::str::FromStr;

use crate::event::Container;

/// Of which containers something is said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selector {
    /// Of those whose image has this digest, `sha256:` and 64 digits: the manifest's, or the
    /// configuration's (Docker's image id).
    Image(Box<str>),
    /// Of those that have this label.
    Label {
        /// Its name.
        key: Box<str>,
        /// Its value.
        value: Box<str>,
    },
}

impl Selector {
    /// What speaks of all containers of this one's image: the manifest's digest, else the
    /// configuration's. `None` where neither is known.
    pub fn image_of(container: &Container) -> Option<Self> {
        let digest = container.image_digest.as_ref().or(container.image_id.as_ref())?;
        is_digest(digest).then(|| Self::Image(digest.as_str().into()))
    }

    /// Whether it speaks of this container. Allocates nothing.
    pub fn is_of(&self, container: &Container) -> bool {
        match self {
            Self::Image(digest) => {
                let is_same = |own: &Option<String>| own.as_deref() == Some(digest);
                is_same(&container.image_digest) || is_same(&container.image_id)
            }
            Self::Label { key, value } => {
                container.labels.get(&**key).is_some_and(|own| **own == **value)
            }
        }
    }
}

/// `sha256:...`, or `KEY=VALUE`.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(digest) => f.write_str(digest),
            Self::Label { key, value } => write!(f, "{key}={value}"),
        }
    }
}

/// A text names no containers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give an image's digest, `sha256:` and 64 hexadecimal digits, or a label as KEY=VALUE")]
pub struct SelectorError(());

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        if is_digest(text) {
            return Ok(Self::Image(text.into()));
        }
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                Ok(Self::Label { key: key.into(), value: value.into() })
            }
            _ => Err(SelectorError(())),
        }
    }
}

/// `sha256:` and 64 digits, in small letters.
fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|digits| parse_sha256(digits).is_some())
}

/// The bytes of 64 hexadecimal digits.
pub(super) fn parse_sha256(digits: &str) -> Option<[u8; 32]> {
    let bytes = data_encoding::HEXLOWER.decode(digits.as_bytes()).ok()?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_chosen_by_the_digests_of_their_image_or_by_a_label() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let other = format!("sha256:{}", "cd".repeat(32));
        let container = Container {
            image_digest: Some(digest.clone()),
            image_id: Some(other.clone()),
            labels: [("app".to_owned(), "a=b".to_owned())].into(),
            ..Container::default()
        };
        for (text, expected) in [
            (&*digest, true),
            (&*other, true),
            (&*format!("sha256:{}", "ef".repeat(32)), false),
            ("app=a=b", true),
            ("app=a", false),
            ("sha256=x", false),
        ] {
            let selector: Selector = text.parse().unwrap();
            assert_eq!(selector.to_string(), text);
            assert_eq!(selector.is_of(&container), expected, "{text}");
        }
        for bad in ["", "app", "=x", "sha256:ab", &digest.to_uppercase()] {
            assert!(bad.parse::<Selector>().is_err(), "{bad}");
        }
        assert_eq!(Selector::image_of(&container), Some(digest.parse().unwrap()));
        assert_eq!(Selector::image_of(&Container::default()), None);
    }
}
