//! Digests of content, as images are named by them.

use std::fmt;
use std::str::FromStr;

/// A digest, such as `sha256:` and 64 hexadecimal digits: the grammar of the [OCI image specification],
/// descriptor, "Digests".
///
/// [OCI image specification]: https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(Box<str>);

impl Digest {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The algorithm and what it gave.
    pub fn parts(&self) -> (&str, &str) {
        self.0.split_once(':').unwrap_or((&self.0, ""))
    }

    /// The algorithm and the first twelve digits: what people compare.
    pub fn short(&self) -> &str {
        let (algorithm, _) = self.parts();
        self.0.get(..algorithm.len() + 13).unwrap_or(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text is no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no digest: {why}")]
pub struct DigestError {
    text: String,
    why: &'static str,
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        match fault(text) {
            None => Ok(Self(text.into())),
            Some(why) => Err(DigestError { text: text.chars().take(80).collect(), why }),
        }
    }
}

fn fault(text: &str) -> Option<&'static str> {
    let Some((algorithm, encoded)) = text.split_once(':') else {
        return Some("it has no algorithm, such as sha256:");
    };
    let component = |part: &str| {
        !part.is_empty() && part.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
    };
    if !algorithm.split(['+', '.', '_', '-']).all(component) {
        return Some("its algorithm has no name");
    }
    let is_hex = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it);
    let digits = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => {
            let allowed = |it: u8| it.is_ascii_alphanumeric() || b"=_-".contains(&it);
            let fits = (32..=256).contains(&encoded.len()) && encoded.bytes().all(allowed);
            return (!fits).then_some("what follows its algorithm is none");
        }
    };
    if encoded.len() != digits {
        return Some("it has another number of digits than its algorithm gives");
    }
    (!encoded.bytes().all(is_hex)).then_some("its digits are not 0 to 9 and a to f")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_read_by_their_grammar() {
        let hex = "0123456789abcdef".repeat(4);
        let digest: Digest = format!("sha256:{hex}").parse().unwrap();
        assert_eq!(digest.parts(), ("sha256", &*hex));
        assert_eq!(digest.short(), "sha256:0123456789ab");
        for good in [format!("sha512:{hex}{hex}"), format!("a+b.c:{}", "Z=_-".repeat(8))] {
            assert_eq!(good.parse::<Digest>().unwrap().as_str(), good);
        }
        for (bad, why) in [
            (hex.clone(), "no algorithm"),
            (format!("sha256:{}", &hex[1..]), "number of digits"),
            (format!("sha256:{}", hex.to_uppercase()), "0 to 9 and a to f"),
            (format!("sha-:{hex}"), "no name"),
            ("other:short".to_owned(), "is none"),
            (String::new(), "no algorithm"),
        ] {
            let error = bad.parse::<Digest>().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
