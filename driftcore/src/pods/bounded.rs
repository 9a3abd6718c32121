//! Input of which one object may take so much, and no more.

use std::cell::Cell;
use std::io;
use std::io::Read;

/// Reads while there is something left of what the object at hand may take.
pub(super) struct Bounded<'a, R> {
    input: R,
    left: &'a Cell<u64>,
}

impl<'a, R> Bounded<'a, R> {
    pub(super) const fn new(input: R, left: &'a Cell<u64>) -> Self {
        Self { input, left }
    }
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 && !buffer.is_empty() {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "an object is too large"));
        }
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.input.read(&mut buffer[..length])?;
        self.left.set(left - count as u64);
        Ok(count)
    }
}
