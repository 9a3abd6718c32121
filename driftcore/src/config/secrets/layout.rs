//! How the kubelet lays a volume out, so that all of its files change at once.

use crate::event::Timestamp;

/// The link to the directory that holds the files.
pub(super) const DATA: &[u8] = b"..data";
/// What the user sees leads through that link.
pub(super) const THROUGH: &[u8] = b"..data/";

/// Where `..data` leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Generation {
    /// The name of the directory, `..2026_11_30_17_30_00.1234567890`.
    pub(super) name: Vec<u8>,
    /// When the link was made. The kubelet has written all files by then.
    pub(super) made: Timestamp,
}

/// Whether a name is one that the kubelet gives a directory of files: `..`, the time, and a number.
pub(super) fn is_generation(name: &[u8]) -> bool {
    const SHAPE: &[u8] = b"..0000_00_00_00_00_00.";
    let Some((time, number)) = name.split_at_checked(SHAPE.len()) else { return false };
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        _ => byte == shape,
    };
    time.iter().zip(SHAPE).all(fits) && !number.is_empty() && number.iter().all(u8::is_ascii_digit)
}

/// Whether one of the parts of a path is such a name.
pub(super) fn has_generation(path: &[u8]) -> bool {
    path.split(|&byte| byte == b'/').any(is_generation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kubelets_directories_are_known_by_their_names() {
        assert!(is_generation(b"..2026_11_30_17_30_00.1234567890"));
        assert!(is_generation(b"..2016_02_01_15_04_05.1"));
        for name in [
            &b"..2026_11_30_17_30_00."[..],
            b"..2026_11_30_17_30_00",
            b"..2026_11_30_17_30_00.12x",
            b"..2026-11-30_17_30_00.12",
            b".2026_11_30_17_30_00.123",
            b"..data",
            b"..",
            b"",
        ] {
            assert!(!is_generation(name), "{}", String::from_utf8_lossy(name));
        }
        assert!(has_generation(b"/..2026_11_30_17_30_00.12/password"));
        assert!(!has_generation(b"/data/..2026/password"));
    }
}
