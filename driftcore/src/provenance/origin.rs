//! The origin that overlay writes on a file that it copies up (`overlay.origin`).
//!
//! The value is the kernel's `struct ovl_fb`: a file handle of the lower file with a head.
//!
//! ```text
//! 0        1      2    3      4     5          21
//! version  magic  len  flags  type  uuid (16)  fid (len - 21)
//! ```

/// Bytes before the file handle.
const HEAD: usize = 21;
/// Most that the value may have: its length is one byte.
pub(crate) const ORIGIN_MAX: usize = 255;
const VERSION: u8 = 0;
const MAGIC: u8 = 0xfb;
/// Flags that every kernel so far knows: byte order, any byte order, names an upper file.
const KNOWN_FLAGS: u8 = 0b111;
const BIG_ENDIAN: u8 = 1 << 0;
const ANY_ENDIAN: u8 = 1 << 1;
/// `FILEID_INO32_GEN` and `FILEID_INO32_GEN_PARENT` of `linux/exportfs.h`.
const INO32_GEN: u8 = 1;
const INO32_GEN_PARENT: u8 = 2;

/// What the origin says about the lower file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Its inode number.
    Number(u64),
    /// A file handle whose inside only its filesystem knows.
    Opaque,
}

/// Reads an origin. `None` when the value is none that this machine's kernel would take.
pub(crate) fn parse(value: &[u8]) -> Option<Origin> {
    let &[version, magic, length, flags, kind, ..] = value else {
        return None;
    };
    let whole = usize::from(length) == value.len() && value.len() > HEAD;
    if version != VERSION || magic != MAGIC || !whole || flags & !KNOWN_FLAGS != 0 {
        return None;
    }
    let big_endian = flags & BIG_ENDIAN != 0;
    if flags & ANY_ENDIAN == 0 && big_endian != cfg!(target_endian = "big") {
        return None;
    }
    let handle = value.get(HEAD..)?;
    let word = |index: usize| -> Option<u32> {
        let bytes = handle.get(index * 4..index * 4 + 4)?;
        Some(u32::from_ne_bytes(bytes.try_into().ok()?))
    };
    Some(match (kind, handle.len()) {
        (INO32_GEN, 8) | (INO32_GEN_PARENT, 16) => Origin::Number(word(0)?.into()),
        // tmpfs uses the number of the type for a handle of its own: generation, inode number.
        (INO32_GEN, 12) => Origin::Number(u64::from(word(2)?) << 32 | u64::from(word(1)?)),
        _ => Origin::Opaque,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(kind: u8, words: &[u32]) -> Vec<u8> {
        let flags = u8::from(cfg!(target_endian = "big"));
        let length = u8::try_from(HEAD + words.len() * 4).unwrap();
        let mut value = vec![VERSION, MAGIC, length, flags, kind];
        value.extend([7; 16]);
        value.extend(words.iter().flat_map(|word| word.to_ne_bytes()));
        value
    }

    #[test]
    fn handles_with_an_inode_number_give_it() {
        assert_eq!(parse(&value(1, &[42, 9])), Some(Origin::Number(42)));
        assert_eq!(parse(&value(2, &[43, 9, 2, 1])), Some(Origin::Number(43)));
        assert_eq!(parse(&value(1, &[9, 5, 1])), Some(Origin::Number(5 | 1 << 32)));
    }

    #[test]
    fn other_handles_are_opaque() {
        assert_eq!(parse(&value(0x81, &[1, 2, 3])), Some(Origin::Opaque));
        assert_eq!(parse(&value(0x4d, &[1, 2, 3, 4, 5])), Some(Origin::Opaque));
        assert_eq!(parse(&value(1, &[1])), Some(Origin::Opaque));
    }

    #[test]
    fn what_the_kernel_would_refuse_is_none() {
        let good = value(1, &[42, 9]);
        for (at, byte) in [(0, 1), (1, 0xfa), (2, 28), (2, 30), (3, 0x80), (3, good[3] ^ 1)] {
            let mut bad = good.clone();
            bad[at] = byte;
            assert_eq!(parse(&bad), None, "byte {at} is {byte}");
        }
        assert_eq!(parse(&good[..28]), None, "cut");
        assert_eq!(parse(&value(1, &[])), None, "no handle");
        let mut any = good.clone();
        any[3] = (good[3] ^ BIG_ENDIAN) | ANY_ENDIAN;
        assert_eq!(parse(&any), Some(Origin::Number(42)), "for any byte order");
    }

    proptest! {
        #[test]
        fn any_bytes_get_an_answer(bytes: Vec<u8>) {
            parse(&bytes);
        }

        #[test]
        fn any_handle_in_a_right_head_gets_an_answer(kind: u8, words in proptest::collection::vec(any::<u32>(), 1..50)) {
            let number = match (kind, words.as_slice()) {
                (1, &[number, _]) | (2, &[number, _, _, _]) => Some(u64::from(number)),
                (1, &[_, low, high]) => Some(u64::from(high) << 32 | u64::from(low)),
                _ => None,
            };
            let expected = number.map_or(Origin::Opaque, Origin::Number);
            prop_assert_eq!(parse(&value(kind, &words)), Some(expected));
        }
    }
}
