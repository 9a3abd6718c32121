//! Records on their way from the rings to the decoder.

/// Bytes after which a batch takes no further record: bounds the memory that a flood can claim.
const LIMIT: usize = 256 * 1024;

/// Where a record's time stands in its header.
const TIME: usize = 8;

/// Records that were taken from the rings and wait to be decoded. Reused, so that a steady stream
/// allocates nothing.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    records: Vec<Record>,
}

/// Where a record stands, and when it was made.
#[derive(Clone, Copy, Debug)]
struct Record {
    boot_ns: u64,
    start: usize,
    end: usize,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// The records: as they came or, once they were sorted, in the order of their times.
    pub fn records(&self) -> impl Iterator<Item = &[u8]> {
        self.records.iter().map(|record| &self.bytes[record.start..record.end])
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// True when there is no record.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Forgets the records and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.records.clear();
    }

    pub(super) fn push(&mut self, record: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(record);
        let time = record.get(TIME..).and_then(<[u8]>::first_chunk);
        // What has no time is no record: the decoder counts it as malformed.
        let boot_ns = time.map_or(0, |time| u64::from_ne_bytes(*time));
        self.records.push(Record { boot_ns, start, end: self.bytes.len() });
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= LIMIT
    }

    /// When the record that came last was made.
    pub(super) fn last_ns(&self) -> u64 {
        self.records.last().map_or(0, |record| record.boot_ns)
    }

    /// Takes over from `other`, beginning at its record `from`, what is not younger than `until_ns`;
    /// where the rest begins.
    pub(super) fn take(&mut self, other: &Self, from: usize, until_ns: u64) -> usize {
        let mut next = from;
        while let Some(record) = other.records.get(next)
            && record.boot_ns <= until_ns
        {
            self.push(&other.bytes[record.start..record.end]);
            next += 1;
        }
        next
    }

    /// Puts the records in the order of their times; of those of one time, as they came.
    pub(super) fn sort(&mut self) {
        self.records.sort_unstable_by_key(|record| (record.boot_ns, record.start));
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
    fn record(boot_ns: u64) -> Vec<u8> {
        [&[0; TIME][..], &boot_ns.to_ne_bytes()].concat()
    }

    fn times(batch: &Batch) -> Vec<u64> {
        batch.records().map(|it| u64::from_ne_bytes(*it[TIME..].first_chunk().unwrap())).collect()
    }

    #[test]
    fn records_of_two_rings_come_in_the_order_of_their_times() {
        let (mut execs, mut bulk) = (Batch::new(), Batch::new());
        [1, 4].iter().for_each(|&ns| execs.push(&record(ns)));
        [2, 3, 4, 9].iter().for_each(|&ns| bulk.push(&record(ns)));
        let rest = execs.take(&bulk, 0, execs.last_ns());
        execs.sort();
        assert_eq!(times(&execs), [1, 2, 3, 4, 4]);
        // What may be younger than an exec that is still in its ring waits.
        assert_eq!(rest, 3);
        execs.clear();
        assert_eq!(execs.take(&bulk, rest, u64::MAX), 4);
        assert_eq!(times(&execs), [9]);
    }
}
