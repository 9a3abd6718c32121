//! How much an image may ask for.

/// Bounds on what is read of an image, which may be anybody's. What exceeds one is refused with an
/// error that says where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Entries of all layers together: 8 million.
    pub entries: u64,
    /// Bytes of names, link targets and extended attributes that are held at a time: 1 GiB.
    pub held: u64,
    /// Bytes of contents that are [kept](super::Options::keep), on disk: 4 GiB. What exceeds it is not
    /// refused: it cannot be read later.
    pub kept: u64,
    /// Bytes of one file: 64 GiB.
    pub file: u64,
    /// Bytes of one layer, decompressed: 128 GiB.
    pub layer: u64,
    /// Bytes that one compressed byte may become: 2000. Counts from [`free`](Self::free) on.
    pub ratio: u64,
    /// Bytes that a layer may become whatever its size is: 1 GiB.
    pub free: u64,
    /// Bytes of the name or of the attributes of one entry, as the archive has them: 1 MiB.
    pub header: u64,
    /// Bytes of a JSON document: 8 MiB.
    pub document: u64,
    /// Layers of an image: 1024.
    pub layers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 8_000_000,
            held: 1 << 30,
            kept: 4 << 30,
            file: 64 << 30,
            layer: 128 << 30,
            ratio: 2000,
            free: 1 << 30,
            header: 1 << 20,
            document: 8 << 20,
            layers: 1024,
        }
    }
}

/// Longest path in bytes, and longest name: what Linux takes.
pub(super) const PATH_MAX: usize = 4095;
pub(super) const NAME_MAX: usize = 255;
