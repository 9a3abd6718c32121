//! Records on their way from the rings to the decoder.

/// Bytes after which a batch takes no further record: bounds the memory that a flood can claim.
const LIMIT: usize = 256 * 1024;

/// Records that were taken from the rings and wait to be decoded. Reused, so that a steady stream
/// allocates nothing.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// The records in the order of the rings.
    pub fn records(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.bytes[start..end])
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True when there is no record.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Forgets the records and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    pub(super) fn push(&mut self, record: &[u8]) {
        self.bytes.extend_from_slice(record);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= LIMIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_as_they_went_in() {
        let mut batch = Batch::new();
        for record in [&b"one"[..], b"", b"three"] {
            batch.push(record);
        }
        assert_eq!(batch.records().collect::<Vec<_>>(), [&b"one"[..], b"", b"three"]);
        batch.clear();
        assert!(batch.is_empty());
        assert_eq!(batch.records().count(), 0);
    }

    #[test]
    fn a_full_batch_says_so() {
        let mut batch = Batch::new();
        batch.push(&[0; LIMIT - 1]);
        assert!(!batch.is_full());
        batch.push(&[0]);
        assert!(batch.is_full());
    }
}
