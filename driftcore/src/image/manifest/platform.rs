//! For which machines an image is.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// Operating system, architecture and variant, as images name them: `linux/amd64`,
/// `linux/arm64/v8`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Platform {
    /// The operating system.
    pub os: String,
    /// The architecture, by Go's name.
    pub architecture: String,
    /// The variant of the architecture. Where it is absent any will do.
    pub variant: Option<String>,
}

impl Platform {
    /// That of the machine that this runs on.
    pub fn host() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
            "loongarch64" => "loong64",
            other => other,
        };
        Self { os: "linux".to_owned(), architecture: architecture.to_owned(), variant: None }
    }

    /// Whether an image for `other` is one for this.
    pub(super) fn takes(&self, other: &Self) -> bool {
        let variant = match (other.variant.as_deref(), other.architecture.as_str()) {
            (Some(variant), _) => variant,
            (None, "arm64") => "v8",
            (None, "arm") => "v7",
            (None, _) => "",
        };
        self.os == other.os
            && self.architecture == other.architecture
            && self.variant.as_deref().is_none_or(|wanted| wanted == variant)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split('/').map(str::to_owned);
        let (os, architecture, variant) = (parts.next(), parts.next(), parts.next());
        let all = [os.as_ref(), architecture.as_ref(), variant.as_ref()];
        let empty = all.into_iter().flatten().any(String::is_empty);
        match (os, architecture, parts.next()) {
            (Some(os), Some(architecture), None) if !empty => {
                Ok(Self { os, architecture, variant })
            }
            _ => {
                Err(format!("{text:?} is no platform: OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_counts_where_it_is_asked_for() {
        let parse = |text: &str| text.parse::<Platform>().unwrap();
        for (wanted, there, expected) in [
            ("linux/amd64", "linux/amd64", true),
            ("linux/arm64", "linux/arm64/v8", true),
            ("linux/arm64/v8", "linux/arm64", true),
            ("linux/arm/v6", "linux/arm/v7", false),
            ("linux/arm/v7", "linux/arm", true),
            ("linux/amd64", "windows/amd64", false),
        ] {
            assert_eq!(parse(wanted).takes(&parse(there)), expected, "{wanted} {there}");
            assert_eq!(parse(wanted).to_string(), wanted);
        }
        for text in ["", "linux", "linux/", "/amd64", "a/b/c/d", "a/b/"] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }
}
