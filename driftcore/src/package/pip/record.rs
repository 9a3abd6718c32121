//! Which files a distribution has.

use std::borrow::Cow;
use std::ops::ControlFlow;

use data_encoding::BASE64URL_NOPAD;

use super::super::Algorithm;
use super::super::At;
use super::super::Digest;
use super::super::Fault;
use super::super::PackageFile;
use super::super::Sink;

/// How many lines of one list may be broken before the rest is left alone.
const FAULTS: u32 = 16;

/// Hands on the files of a RECORD: `path,algorithm=digest,size`, as CSV. `base` is what paths
/// are relative to, `list` the path of the file itself.
pub(super) fn files(
    content: &[u8],
    base: &[u8],
    list: &[u8],
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    let mut faults = 0;
    for (index, line) in content.split(|&byte| byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let Some((path, digest)) = fields(line) else {
            faults += 1;
            let rest =
                if faults == FAULTS { "; the rest is not read: too much is broken" } else { "" };
            let reason = format!("is no path with a digest and a size{rest}");
            sink.fault(Fault::new(list, At::Line(index as u64 + 1), reason))?;
            if faults == FAULTS {
                break;
            }
            continue;
        };
        let path = joined(base, &path);
        if path.is_empty() {
            continue;
        }
        let mut file = PackageFile::new(&path);
        file.digest = digest;
        sink.file(file)?;
    }
    ControlFlow::Continue(())
}

/// Hands on the files of a list with a path a line.
pub(super) fn plain_files(content: &[u8], base: &[u8], sink: &mut dyn Sink) -> ControlFlow<()> {
    for line in content.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let path = joined(base, line);
        if !line.is_empty() && !path.is_empty() {
            sink.file(PackageFile::new(&path))?;
        }
    }
    ControlFlow::Continue(())
}

/// The path and the digest in a line. `None` when it is not of that form.
fn fields(line: &[u8]) -> Option<(Cow<'_, [u8]>, Option<Digest>)> {
    let (path, rest) = match line.strip_prefix(b"\"") {
        Some(quoted) => {
            let (path, rest) = unquote(quoted)?;
            (Cow::Owned(path), rest)
        }
        None => {
            let comma = memchr::memchr(b',', line)?;
            (Cow::Borrowed(line.get(..comma)?), line.get(comma..)?)
        }
    };
    let rest = rest.strip_prefix(b",")?;
    let comma = memchr::memchr(b',', rest)?;
    let (digest, size) = (rest.get(..comma)?, rest.get(comma + 1..)?);
    if path.is_empty() || path.contains(&0) || !size.iter().all(u8::is_ascii_digit) {
        return None;
    }
    if digest.is_empty() {
        return Some((path, None));
    }
    let equals = memchr::memchr(b'=', digest)?;
    let (algorithm, text) = (digest.get(..equals)?, digest.get(equals + 1..)?);
    let algorithm = match algorithm {
        b"sha256" => Algorithm::Sha256,
        b"sha384" => Algorithm::Sha384,
        b"sha512" => Algorithm::Sha512,
        // One that we cannot make says nothing.
        _ => return Some((path, None)),
    };
    // Padding is left out, by the standard; not all leave it out.
    let text = text.trim_ascii_end();
    let end = text.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    let bytes = BASE64URL_NOPAD.decode(text.get(..end)?).ok()?;
    Some((path, Some(Digest::new(algorithm, &bytes)?)))
}

/// What stands before the closing quotation mark, of which two are one, and what is behind it.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut path = Vec::new();
    let mut rest = text;
    loop {
        let mark = memchr::memchr(b'"', rest)?;
        path.extend_from_slice(rest.get(..mark)?);
        rest = rest.get(mark + 1..)?;
        match rest.strip_prefix(b"\"") {
            Some(after) => {
                path.push(b'"');
                rest = after;
            }
            None => return Some((path, rest)),
        }
    }
}

/// An absolute path without `.` and `..`, which lead no further than to the root. Empty for the
/// root itself.
fn joined(base: &[u8], path: &[u8]) -> Vec<u8> {
    let base = if path.starts_with(b"/") { b"" } else { base };
    let mut absolute = Vec::with_capacity(base.len() + path.len() + 1);
    for name in [base, path].iter().flat_map(|path| path.split(|&byte| byte == b'/')) {
        match name {
            b"" | b"." => {}
            b".." => absolute.truncate(memchr::memrchr(b'/', &absolute).unwrap_or(0)),
            _ => {
                absolute.push(b'/');
                absolute.extend_from_slice(name);
            }
        }
    }
    absolute
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::package::testing::Collected;

    #[test]
    fn a_path_is_made_absolute_and_does_not_leave_the_root() {
        for (base, path, expected) in [
            ("/usr/lib/site-packages", "a/b.py", "/usr/lib/site-packages/a/b.py"),
            ("/usr/lib/site-packages", "../../bin/a", "/usr/bin/a"),
            ("/lib", "../../../../etc/x", "/etc/x"),
            ("/lib", "/opt/./x/../y", "/opt/y"),
            ("/lib", "..", ""),
            ("/", "a", "/a"),
        ] {
            assert_eq!(joined(base.as_bytes(), path.as_bytes()), expected.as_bytes(), "{path}");
        }
    }

    #[test]
    fn what_is_broken_is_named_by_its_line_and_the_rest_is_read() {
        let empty = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
        let list = format!(
            "a.py,sha256={empty},0\r\nb.py\n\"c\"\"d,e.py\",sha256={empty}=,\n\"open,,\nf,md5=1,1\n\
             g,sha256=AAAA,1\nh,sha256=*,1\ni,,x\n,,\n\nz.py,,"
        );
        let mut to = Collected::with_files();
        assert!(files(list.as_bytes(), b"/s", b"/s/RECORD", &mut to).is_continue());
        let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let expected =
            [format!("  /s/a.py {digest}"), format!("  /s/c\"d,e.py {digest}"), "  /s/f".into()];
        assert_eq!(to.lines[..3], expected);
        assert_eq!(to.lines[3..], ["  /s/z.py"]);
        let fault = |line| format!("/s/RECORD: line {line}: is no path with a digest and a size");
        assert_eq!(to.faults, [2, 4, 6, 7, 8, 9].map(fault));
    }

    #[test]
    fn a_list_that_is_broken_all_over_is_left_alone() {
        let mut to = Collected::with_files();
        assert!(files(&b"x\n".repeat(1000), b"/s", b"/s/RECORD", &mut to).is_continue());
        assert_eq!(to.faults.len(), FAULTS as usize);
        assert!(to.faults.last().unwrap().ends_with("too much is broken"));
    }

    proptest! {
        #[test]
        fn any_list_gets_an_answer(content in "[a\",=./\\r\n]{0,80}|(\"?[a/.]{1,4}\"?,(sha256=[A-Z]{43})?,[0-9]?\n){0,4}") {
            let mut to = Collected::with_files();
            prop_assert!(files(content.as_bytes(), b"/s", b"/s/RECORD", &mut to).is_continue());
            let lines = content.split('\n').filter(|line| !matches!(*line, "" | "\r"));
            prop_assert!(to.lines.len() + to.faults.len() <= lines.count());
            for line in &to.lines {
                prop_assert!(!line.contains("/../") && !line.ends_with("/.."), "{}", line);
            }
        }
    }
}
