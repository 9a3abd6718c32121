//! The records of a PAX header.

use std::collections::BTreeMap;

use super::Fault;

/// What the records say that counts for an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Records {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link_path: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    /// Nanoseconds since 1970.
    pub(super) modified: Option<i64>,
    /// Sorted by name.
    pub(super) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether they describe a sparse file.
    pub(super) sparse: bool,
}

/// The one form of extended attributes that Docker and containerd unpack.
const XATTR: &[u8] = b"SCHILY.xattr.";
/// Longest value of an extended attribute, and longest name: what Linux takes.
const XATTR_VALUE_MAX: usize = 64 << 10;
const XATTR_NAME_MAX: usize = 255;

/// Parses `LENGTH KEY=VALUE\n` records; of two with one key the last one counts, and an empty value
/// takes back what was said.
pub(super) fn parse(mut bytes: &[u8]) -> Result<Records, Fault> {
    let mut records = Records::default();
    let mut xattrs = BTreeMap::new();
    while !bytes.is_empty() {
        let (key, value, rest) = record(bytes).ok_or(Fault::Extended)?;
        bytes = rest;
        let text = (!value.is_empty()).then_some(value);
        let number = |what| text.map(|text| decimal(text).ok_or(Fault::Number(what))).transpose();
        match key {
            b"path" => records.path = text.map(<[u8]>::to_vec),
            b"linkpath" => records.link_path = text.map(<[u8]>::to_vec),
            b"size" => records.size = number("size")?,
            b"uid" => records.uid = number("user")?,
            b"gid" => records.gid = number("group")?,
            b"mtime" => {
                let time = |text| seconds(text).ok_or(Fault::Number("time"));
                records.modified = text.map(time).transpose()?;
            }
            _ if key.starts_with(b"GNU.sparse.") => records.sparse = true,
            _ => {
                let Some(name) = key.strip_prefix(XATTR) else { continue };
                if name.is_empty() || name.contains(&0) {
                    return Err(Fault::Extended);
                }
                if name.len() > XATTR_NAME_MAX || value.len() > XATTR_VALUE_MAX {
                    let limit = XATTR_VALUE_MAX as u64;
                    return Err(Fault::Limit { what: "bytes of an extended attribute", limit });
                }
                xattrs.insert(name.to_vec(), value.to_vec());
            }
        }
    }
    records.xattrs = xattrs.into_iter().collect();
    Ok(records)
}

/// Key, value and what follows.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = memchr::memchr(b' ', bytes)?;
    let length = usize::try_from(decimal(bytes.get(..space)?)?).ok()?;
    let record = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = memchr::memchr(b'=', record).filter(|&at| at > 0)?;
    Some((record.get(..equals)?, record.get(equals + 1..)?, bytes.get(length..)?))
}

fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Seconds with a fraction, perhaps before 1970, as nanoseconds.
fn seconds(text: &[u8]) -> Option<i64> {
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut parts = text.splitn(2, |&byte| byte == b'.');
    let whole = i64::try_from(decimal(parts.next()?)?).ok()?;
    let mut nanos = 0;
    if let Some(fraction) = parts.next() {
        if !fraction.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let digits = fraction.iter().copied().chain(std::iter::repeat(b'0')).take(9);
        nanos = digits.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    }
    // A time that is too far away is still one.
    let time = whole.saturating_mul(1_000_000_000).saturating_add(nanos);
    Some(if negative { -time } else { time })
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A record with its length before it.
    pub(crate) fn written(key: &[u8], value: &[u8]) -> Vec<u8> {
        let rest = key.len() + value.len() + 3;
        let mut length = rest + 1;
        while length.to_string().len() + rest != length {
            length += 1;
        }
        [length.to_string().as_bytes(), b" ", key, b"=", value, b"\n"].concat()
    }

    #[test]
    fn values_may_have_line_ends_and_zeros_in_them() {
        let value = b"\x01\n\0=\n12 x=y\n";
        let bytes = [
            written(b"SCHILY.xattr.user.b", value),
            written(b"path", "ä/b".as_bytes()),
            written(b"SCHILY.xattr.security.capability", b""),
            written(b"mtime", b"-1.5"),
            written(b"uid", b"70000"),
            written(b"comment", b"no matter"),
        ]
        .concat();
        let records = parse(&bytes).unwrap();
        assert_eq!(records.path.as_deref(), Some("ä/b".as_bytes()));
        assert_eq!((records.uid, records.modified), (Some(70000), Some(-1_500_000_000)));
        let expected = [(&b"security.capability"[..], &b""[..]), (b"user.b", value)];
        let expected = expected.map(|(name, value)| (name.to_vec(), value.to_vec()));
        assert_eq!(records.xattrs, expected);
    }

    #[test]
    fn the_last_one_counts_and_an_empty_one_takes_back() {
        let bytes = [written(b"path", b"a"), written(b"path", b"b"), written(b"size", b"7")];
        let bytes = [bytes.concat(), written(b"size", b"")].concat();
        let records = parse(&bytes).unwrap();
        assert_eq!((records.path.as_deref(), records.size), (Some(&b"b"[..]), None));
    }

    #[test]
    fn what_is_no_record_is_a_fault() {
        for bytes in [
            &b"5 a=b\n"[..],
            b"x a=b\n",
            b"6 a=b",
            b"6 =ab\n",
            b"6 abc\n",
            b"99999999999999999999 a=b\n",
            b"0 ",
            b"7 a=b\n",
        ] {
            assert_eq!(parse(bytes), Err(Fault::Extended), "{}", bytes.escape_ascii());
        }
        assert_eq!(parse(&written(b"size", b"-1")), Err(Fault::Number("size")));
        assert_eq!(parse(&written(b"mtime", b"1.x")), Err(Fault::Number("time")));
        assert_eq!(parse(&written(b"SCHILY.xattr.", b"1")), Err(Fault::Extended));
        let long = vec![0; XATTR_VALUE_MAX + 1];
        assert!(matches!(parse(&written(b"SCHILY.xattr.a", &long)), Err(Fault::Limit { .. })));
    }

    proptest! {
        #[test]
        fn any_bytes_get_an_answer(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }

        #[test]
        fn what_is_written_is_read(value in proptest::collection::vec(any::<u8>(), 1..200)) {
            let records = parse(&written(b"linkpath", &value)).unwrap();
            prop_assert_eq!(records.link_path, Some(value));
        }
    }
}
