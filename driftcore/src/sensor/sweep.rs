//! Reading the task iterator: a record for each container process that runs now.

use std::io::Read;

use libbpf_rs::Iter;
use libbpf_rs::Link;

use super::SensorError;
use super::error::Tried;

/// One read returns whole records as long as the buffer takes the largest one.
const BUFFER: usize = 64 * 1024;

/// Calls `take` with each record.
pub(super) fn run(link: &Link, take: &mut dyn FnMut(&[u8])) -> Result<(), SensorError> {
    let mut iterator = Iter::new(link).tried("start the task iterator")?;
    let mut buffer = vec![0; BUFFER];
    let mut filled = 0;
    loop {
        let read = iterator.read(&mut buffer[filled..]).tried("read the task iterator")?;
        filled += read;
        let mut rest = &buffer[..filled];
        while let Some(size) = record_size(rest) {
            let (record, tail) = rest.split_at(size);
            take(record);
            rest = tail;
        }
        let left = rest.len();
        if read == 0 || left == BUFFER {
            // What is left is no record: the decoder counts it as malformed.
            if left > 0 {
                take(rest);
            }
            return Ok(());
        }
        buffer.copy_within(filled - left..filled, 0);
        filled = left;
    }
}

/// The size that the record at the beginning states, if all of it is there.
fn record_size(bytes: &[u8]) -> Option<usize> {
    let size = u32::from_ne_bytes(*bytes.first_chunk()?) as usize;
    (size >= 4 && size <= bytes.len()).then_some(size)
}
