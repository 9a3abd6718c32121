//! Digests that databases keep of the files of a package.

use std::fmt;

/// How a digest is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// MD5: dpkg, old RPM.
    Md5,
    /// SHA-1: apk.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256: RPM, pip, Go.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512: npm.
    Sha512,
}

impl Algorithm {
    /// How many bytes its digests have.
    pub const fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }
}

/// The digest of a file's content, of a symbolic link that of its target.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    bytes: [u8; 64],
}

impl Digest {
    /// A digest of these bytes. `None` when the algorithm makes digests of another length.
    pub fn new(algorithm: Algorithm, digest: &[u8]) -> Option<Self> {
        let mut bytes = [0; 64];
        let room = bytes.get_mut(..digest.len())?;
        room.copy_from_slice(digest);
        (digest.len() == algorithm.length()).then_some(Self { algorithm, bytes })
    }

    /// A digest in hexadecimal, small or capital. `None` when it is none, or of another length.
    pub fn from_hex(algorithm: Algorithm, text: &[u8]) -> Option<Self> {
        let mut bytes = [0; 64];
        if text.len() != 2 * algorithm.length() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            let digit = |at: usize| char::from(*pair.get(at)?).to_digit(16);
            *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
        }
        Some(Self { algorithm, bytes })
    }

    /// How it is made.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.algorithm.length()).unwrap_or_default()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.algorithm.as_str())?;
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_the_length_of_its_algorithm() {
        let digest = Digest::from_hex(Algorithm::Md5, b"00ff00FF00ff00ff00ff00ff00ff00ff").unwrap();
        assert_eq!(digest.to_string(), "md5:00ff00ff00ff00ff00ff00ff00ff00ff");
        assert_eq!(Digest::new(Algorithm::Md5, digest.as_bytes()), Some(digest));
        assert_eq!(Digest::new(Algorithm::Sha1, digest.as_bytes()), None);
        assert_eq!(Digest::new(Algorithm::Sha512, &[0; 65]), None);
        assert_eq!(Digest::from_hex(Algorithm::Md5, b"00ff"), None);
        assert_eq!(Digest::from_hex(Algorithm::Md5, &[b'g'; 32]), None);
    }
}
