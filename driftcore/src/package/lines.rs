//! Lines of a file that is read piece by piece.

use std::io;
use std::io::BufRead;

/// Longest line that is taken, in bytes. Lists of dependencies have a few thousand.
pub(super) const LINE: usize = 64 << 10;

/// Reads a file line by line, with no more in memory than one line.
#[derive(Debug)]
pub(super) struct Lines<R> {
    from: R,
    line: Vec<u8>,
    /// Where the next line begins.
    next: u64,
    number: u64,
}

/// A line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Without its end; cut off where it is too long.
    pub(super) text: &'a [u8],
    /// Where it begins.
    pub(super) offset: u64,
    /// Counted from 1.
    pub(super) number: u64,
    pub(super) is: Is,
}

/// Whether a line is what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    Whole,
    /// Longer than [`LINE`]; the rest of it was skipped.
    TooLong,
    /// The file ends before the line does.
    Last,
}

impl<R: BufRead> Lines<R> {
    pub(super) const fn new(from: R) -> Self {
        Self { from, line: Vec::new(), next: 0, number: 0 }
    }

    /// Where the next line begins.
    pub(super) const fn offset(&self) -> u64 {
        self.next
    }

    /// The next line, `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let offset = self.next;
        let mut is = Is::Last;
        loop {
            let buffer = match self.from.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let end = memchr::memchr(b'\n', buffer);
            let text = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
            let room = LINE - self.line.len();
            if text.len() > room {
                is = Is::TooLong;
            }
            self.line.extend_from_slice(text.get(..room).unwrap_or(text));
            let taken = text.len() + usize::from(end.is_some());
            let at_end = buffer.is_empty();
            self.from.consume(taken);
            self.next += taken as u64;
            if end.is_some() {
                is = if is == Is::TooLong { is } else { Is::Whole };
                break;
            }
            if at_end {
                break;
            }
        }
        if self.next == offset {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some(Line { text: &self.line, offset, number: self.number, is }))
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::*;

    fn all(content: &[u8], capacity: usize) -> Vec<(Vec<u8>, u64, Is)> {
        let mut lines = Lines::new(BufReader::with_capacity(capacity, content));
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push((line.text.to_vec(), line.offset, line.is));
            assert_eq!(line.number, all.len() as u64);
        }
        assert_eq!(lines.offset(), content.len() as u64);
        all
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_and_the_next_one_is_whole() {
        let long = [&vec![b'x'; 3 * LINE][..], b"\nnext\n"].concat();
        let expected = [
            (vec![b'x'; LINE], 0, Is::TooLong),
            (b"next".to_vec(), 3 * LINE as u64 + 1, Is::Whole),
        ];
        assert_eq!(all(&long, 1000), expected);
        let fits = [&vec![b'x'; LINE][..], b"\n"].concat();
        assert_eq!(all(&fits, 1000)[0].2, Is::Whole);
    }

    proptest! {
        #[test]
        fn lines_are_what_stands_between_line_ends(content: Vec<u8>, capacity in 1..20usize) {
            let lines = all(&content, capacity);
            let mut written = Vec::new();
            for (text, offset, is) in &lines {
                prop_assert_eq!(*offset, written.len() as u64);
                written.extend(text);
                if *is == Is::Whole {
                    written.push(b'\n');
                }
            }
            prop_assert_eq!(written, content);
        }
    }
}
