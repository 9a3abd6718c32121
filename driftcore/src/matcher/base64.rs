//! Base64 as Falco's decoder takes it: the usual alphabet, at most two `=` at the end which may
//! also be left out, no other byte, and no bits left over.

fn digit(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// Decodes over the text itself; the length of what it holds then.
pub(super) fn decode_in_place(text: &mut [u8]) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    let mut length = text.len();
    for _ in 0..2 {
        length -= usize::from(text.get(..length)?.last() == Some(&b'='));
    }
    if length % 4 == 1 || length == 0 {
        return None;
    }
    let mut written = 0;
    let mut bits = 0_u32;
    for at in 0..length {
        bits = bits << 6 | u32::from(digit(*text.get(at)?)?);
        // After the second, third and fourth digit of a group one more byte is whole.
        let left = match at % 4 {
            0 => continue,
            1 => 4,
            2 => 2,
            _ => 0,
        };
        *text.get_mut(written)? = (bits >> left & 0xff) as u8;
        written += 1;
    }
    let left_over = match length % 4 {
        2 => bits & 0b1111,
        3 => bits & 0b11,
        _ => 0,
    };
    (left_over == 0).then_some(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Option<Vec<u8>> {
        let mut text = text.as_bytes().to_vec();
        let length = decode_in_place(&mut text)?;
        text.truncate(length);
        Some(text)
    }

    #[test]
    fn padding_may_be_left_out_and_nothing_else_may_be_wrong() {
        for (text, decoded) in [
            ("", Some(&b""[..])),
            ("YQ==", Some(b"a")),
            ("YQ=", Some(b"a")),
            ("YQ", Some(b"a")),
            ("YWI=", Some(b"ab")),
            ("YWJj", Some(b"abc")),
            ("YWJjZA", Some(b"abcd")),
            ("+/+/", Some(b"\xfb\xff\xbf")),
            ("Y", None),
            ("=", None),
            ("==", None),
            ("YR==", None),
            ("YQ===", None),
            ("YW-j", None),
            ("YW Jj", None),
            ("Y=Q=", None),
        ] {
            assert_eq!(decode(text).as_deref(), decoded, "{text}");
        }
    }
}
