//! References to images.

use std::fmt;
use std::str::FromStr;

use super::Digest;

/// The registry of a name that has none.
const DEFAULT_REGISTRY: &str = "docker.io";
/// The most bytes that a name has, by the distribution reference grammar.
const NAME_MAX: usize = 255;
/// The most bytes that a tag has.
const TAG_MAX: usize = 128;

/// A reference to an image, in full: `nginx` is `docker.io/library/nginx`.
///
/// By the grammar of the [distribution reference] package (v0.6.0), and its `ParseNormalizedNamed`.
///
/// [distribution reference]: https://pkg.go.dev/github.com/distribution/reference
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// Registry and repository.
    pub fn name(&self) -> (&str, &str) {
        (&self.registry, &self.repository)
    }

    /// The tag, if one is written.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if one is written.
    pub const fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The tag that is meant, where no digest is written.
    pub fn effective_tag(&self) -> &str {
        self.tag.as_deref().unwrap_or("latest")
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

/// A text is no reference to an image. What may be none at all, but a line of a file that was meant to be another, is
/// not quoted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text} is no reference to an image: {why}")]
pub struct ReferenceError {
    text: String,
    why: String,
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        parse(text).map_err(|why| {
            let is_of_one = |it: u8| it.is_ascii_alphanumeric() || b"._/:@-+[]".contains(&it);
            if !text.bytes().all(is_of_one) {
                let why = "it has characters that none has".to_owned();
                return ReferenceError { text: "this".to_owned(), why };
            }
            let text: String = text.chars().take(300).collect();
            ReferenceError { text: format!("{text:?}"), why }
        })
    }
}

fn parse(text: &str) -> Result<Reference, String> {
    let (rest, digest) = match text.split_once('@') {
        None => (text, None),
        Some((rest, digest)) => {
            (rest, Some(digest.parse::<Digest>().map_err(|error| error.to_string())?))
        }
    };
    // A colon before the last slash is a registry's port.
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (rest, None),
    };
    if name.is_empty() {
        return Err("it has no name".to_owned());
    }
    if name.len() > NAME_MAX {
        return Err(format!("its name has more than {NAME_MAX} characters"));
    }
    if name.len() == 64 && name.bytes().all(|it| it.is_ascii_digit() || (b'a'..=b'f').contains(&it))
    {
        return Err("it is an image's id, which names no repository".to_owned());
    }
    if let Some(tag) = tag
        && !is_tag(tag)
    {
        return Err(format!("{tag:?} is no tag"));
    }
    let (registry, path) = match name.split_once('/') {
        Some((first, path)) if is_registry(first) => (first, path),
        _ => (DEFAULT_REGISTRY, name),
    };
    let registry = if registry == "index.docker.io" { DEFAULT_REGISTRY } else { registry };
    if !is_host(registry) {
        return Err(format!("{registry:?} is no registry"));
    }
    if let Some(wrong) = path.split('/').find(|component| !is_component(component)) {
        let hint = if wrong.bytes().any(|it| it.is_ascii_uppercase()) {
            "; repositories are written in lower case"
        } else {
            ""
        };
        return Err(format!("{wrong:?} is no part of a repository's name{hint}"));
    }
    let is_official = registry == DEFAULT_REGISTRY && !path.contains('/');
    let repository = if is_official { format!("library/{path}") } else { path.to_owned() };
    Ok(Reference { registry: registry.to_owned(), repository, tag: tag.map(str::to_owned), digest })
}

/// Whether what stands before the first slash is a registry and no part of the repository.
fn is_registry(first: &str) -> bool {
    first == "localhost"
        || first.contains(['.', ':'])
        || first.bytes().any(|it| it.is_ascii_uppercase())
}

/// A host name or address, with or without a port.
fn is_host(registry: &str) -> bool {
    let (host, port) = if let Some(rest) = registry.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else { return false };
        let is_address = |it: u8| it.is_ascii_hexdigit() || it == b':';
        if address.is_empty() || !address.bytes().all(is_address) {
            return false;
        }
        match (port, port.strip_prefix(':')) {
            ("", _) => return true,
            (_, Some(port)) => ("a", Some(port)),
            _ => return false,
        }
    } else {
        match registry.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (registry, None),
        }
    };
    let label = |label: &str| {
        let ends = |it: &u8| it.is_ascii_alphanumeric();
        let bytes = label.as_bytes();
        bytes.first().is_some_and(ends)
            && bytes.last().is_some_and(ends)
            && bytes.iter().all(|it| it.is_ascii_alphanumeric() || *it == b'-')
    };
    let is_port = |port: &str| {
        !port.is_empty() && port.len() <= 5 && port.bytes().all(|it| it.is_ascii_digit())
    };
    host.split('.').all(label) && port.is_none_or(is_port)
}

/// Lower-case letters and digits, with `.`, `_`, `__` or hyphens between them.
fn is_component(component: &str) -> bool {
    let is_word = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit();
    let bytes = component.as_bytes();
    let mut at = 0;
    loop {
        let word = bytes[at..].iter().take_while(|&&it| is_word(it)).count();
        if word == 0 {
            return false;
        }
        at += word;
        let rest = &bytes[at..];
        let separator = rest.iter().take_while(|&&it| !is_word(it)).count();
        match &rest[..separator] {
            [] => return rest.is_empty(),
            b"." | b"_" | b"__" => {}
            hyphens if hyphens.iter().all(|&it| it == b'-') => {}
            _ => return false,
        }
        at += separator;
    }
}

fn is_tag(tag: &str) -> bool {
    let is_word = |it: u8| it.is_ascii_alphanumeric() || it == b'_';
    tag.len() <= TAG_MAX
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|it| is_word(it) || it == b'.' || it == b'-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Reference {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn short_names_are_those_of_docker_hub() {
        for (text, full) in [
            ("nginx", "docker.io/library/nginx"),
            ("nginx:1.27", "docker.io/library/nginx:1.27"),
            ("me/app", "docker.io/me/app"),
            ("docker.io/nginx", "docker.io/library/nginx"),
            ("index.docker.io/library/nginx", "docker.io/library/nginx"),
            ("localhost/app:x", "localhost/app:x"),
            ("r:5000/a/b", "r:5000/a/b"),
            ("r.example/a", "r.example/a"),
            ("[fd00::1]:5000/a", "[fd00::1]:5000/a"),
            ("[fd00::1]/a", "[fd00::1]/a"),
            ("UPPER/a", "UPPER/a"),
            ("a.b/c__d/e-f/g--h_i.j", "a.b/c__d/e-f/g--h_i.j"),
        ] {
            assert_eq!(read(text).to_string(), full, "{text}");
        }
        let hex = "ab".repeat(32);
        let both = read(&format!("nginx:1.27@sha256:{hex}"));
        assert_eq!(both.tag(), Some("1.27"));
        assert_eq!(both.digest().unwrap().as_str(), format!("sha256:{hex}"));
        assert_eq!(both.name(), ("docker.io", "library/nginx"));
        assert_eq!(read("nginx").effective_tag(), "latest");
    }

    #[test]
    fn what_is_none_says_why() {
        let id = "ab".repeat(32);
        let long = format!("a/{}", "b".repeat(300));
        for (text, why) in [
            ("", "no name"),
            (":tag", "no name"),
            ("@sha256:00", "digits"),
            ("nginx@", "no algorithm"),
            ("a/Nginx", "lower case"),
            ("a//b", "no part"),
            ("a/", "no part"),
            ("a/b_-c", "no part"),
            ("a/b___c", "no part"),
            ("a/-b", "no part"),
            ("a/b-", "no part"),
            ("-a.b/c", "no registry"),
            ("a:port/b", "no registry"),
            ("[zz:]/b", "no registry"),
            ("a:", "no tag"),
            ("a:.b", "no tag"),
            ("a b", "this is no reference to an image: it has characters that none has"),
            ("KEY=secret", "this is no reference"),
            (&id, "id"),
            (&long, "255"),
            ("a/b\n", "this is no reference"),
        ] {
            let error = text.parse::<Reference>().unwrap_err().to_string();
            assert!(error.contains(why), "{text:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_read_is_read_again(text in "[a-zA-Z0-9.:/@_\\[\\]-]{0,40}") {
            if let Ok(reference) = text.parse::<Reference>() {
                prop_assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference);
            }
        }
    }
}
