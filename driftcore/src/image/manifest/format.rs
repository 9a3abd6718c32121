//! The bytes of a manifest file: docs/manifest.md has them in full.

use std::io;
use std::io::Read;

/// How a file begins, and the version of what follows.
pub(super) const MAGIC: [u8; 8] = *b"driftman";
pub(super) const VERSION: u8 = 2;
/// The one before, which had no sections.
pub(super) const WITHOUT_SECTIONS: u8 = 1;

/// The tag of the record behind the last file.
pub(super) const END: u8 = 0;
pub(super) const FILE: u8 = 1;
pub(super) const DIRECTORY: u8 = 2;
pub(super) const SYMLINK: u8 = 3;
pub(super) const CHAR_DEVICE: u8 = 4;
pub(super) const BLOCK_DEVICE: u8 = 5;
pub(super) const FIFO: u8 = 6;
pub(super) const SOCKET: u8 = 7;
/// Not a file, but something else that is known of the image; behind the last file.
pub(super) const SECTION: u8 = 8;
/// Most bytes of all sections of a manifest.
pub(super) const SECTIONS_MAX: u64 = 64 << 20;
/// What each counts beside its bytes.
pub(super) const SECTION_HEAD: u64 = 64;
/// The bits of a tag that say the type.
pub(super) const TYPE: u8 = 0x0f;
/// One of several names of a file.
pub(super) const LINKED: u8 = 0x10;
/// There are extended attributes.
pub(super) const XATTRS: u8 = 0x20;
/// The time is one in whole seconds.
pub(super) const SECONDS: u8 = 0x40;

/// Appends a number: seven bits a byte, the lowest first, the highest bit set in all but the last.
pub(crate) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        // Seven bits of it.
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a number that may be negative: the sign is the lowest bit.
pub(super) fn put_signed(out: &mut Vec<u8>, number: i64) {
    put_number(out, (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned());
}

/// Appends bytes with their number before them.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads a number. `None` for one of more than 64 bits, or written with more bytes than it needs.
pub(crate) fn number(source: &mut impl Read) -> io::Result<Option<u64>> {
    let mut number = 0;
    for shift in (0..70).step_by(7) {
        let mut byte = [0];
        source.read_exact(&mut byte)?;
        let bits = u64::from(byte[0] & 0x7f);
        if shift == 63 && bits > 1 || shift > 0 && byte[0] == 0 {
            return Ok(None);
        }
        number |= bits << shift;
        if byte[0] & 0x80 == 0 {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// The number that [`put_signed`] wrote.
pub(super) const fn signed(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_has_one_form() {
        for bytes in [
            &[0x80, 0][..],
            &[0xff; 10],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
        ] {
            assert_eq!(number(&mut &*bytes).unwrap(), None, "{bytes:?}");
        }
        assert!(number(&mut &[0x80][..]).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value: u64, negative: i64) {
            let mut bytes = Vec::new();
            put_number(&mut bytes, value);
            put_signed(&mut bytes, negative);
            let mut source = bytes.as_slice();
            prop_assert_eq!(number(&mut source).unwrap(), Some(value));
            prop_assert_eq!(number(&mut source).unwrap().map(signed), Some(negative));
            prop_assert!(source.is_empty());
        }
    }
}
