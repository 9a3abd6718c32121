//! The status file: an entry a package, fields a line, entries apart by empty lines.

use std::io::BufRead;
use std::ops::ControlFlow;

use super::super::Algorithm;
use super::super::At;
use super::super::Digest;
use super::super::Fault;
use super::super::lines::Is;
use super::super::lines::LINE;
use super::super::lines::Lines;

/// Most bytes of one entry. The longest in Debian have some ten thousand.
const ENTRY: usize = 1 << 20;

/// What stands in the status file of one package.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) name: Vec<u8>,
    pub(super) version: Vec<u8>,
    pub(super) architecture: Option<Vec<u8>>,
    /// Whether packages of several architectures may be installed at once.
    pub(super) multi_arch_same: bool,
    /// Whether it is installed, wholly or in part. Of a package that was removed, configuration
    /// files may be left.
    pub(super) installed: bool,
    pub(super) conffiles: Vec<(Vec<u8>, Option<Digest>)>,
    /// The whole entry.
    pub(super) text: Vec<u8>,
}

/// What a file with entries is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Dpkg's own, which says of each package whether it is installed, and ends with an empty line.
    Status,
    /// One of `status.d`: what is in it is installed.
    Control,
}

/// Hands on each entry, or what is wrong with it. `path` is for faults alone.
pub(super) fn parse(
    from: impl BufRead,
    path: &[u8],
    kind: Kind,
    each: &mut dyn FnMut(Result<Status, Fault>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut lines = Lines::new(from);
    let mut entry = Vec::new();
    // Why the entry cannot be taken, and where.
    let mut broken: Option<Fault> = None;
    let mut start = 0;
    let mut ended = Ended::Well;
    loop {
        let line = match lines.next() {
            Ok(line) => line,
            Err(error) => {
                let offset = lines.offset();
                let reason = format!("cannot be read further: {error}");
                return each(Err(Fault::new(path, At::Byte(offset), reason)));
            }
        };
        let blank = line.is_none_or(|line| line.text.is_empty());
        if let Some(line) = line.filter(|_| !blank) {
            if entry.is_empty() {
                start = line.offset;
            }
            if line.is == Is::TooLong {
                let reason = format!("the line is longer than {LINE} bytes");
                broken.get_or_insert_with(|| Fault::new(path, At::Byte(line.offset), reason));
            }
            ended = if line.is == Is::Last { Ended::InLine } else { Ended::InEntry };
            if entry.len() + line.text.len() < ENTRY {
                entry.extend_from_slice(line.text);
                entry.push(b'\n');
            } else {
                let reason = format!("the entry is longer than {ENTRY} bytes");
                broken.get_or_insert_with(|| Fault::new(path, At::Byte(start), reason));
            }
            continue;
        }
        let at_end = line.is_none();
        if !at_end {
            ended = Ended::Well;
        }
        if !entry.is_empty() {
            let parsed = match broken.take() {
                Some(fault) => Err(fault),
                None => Status::of(std::mem::take(&mut entry), path, start, kind),
            };
            entry.clear();
            each(parsed)?;
        }
        if at_end {
            break;
        }
    }
    let reason = match ended {
        Ended::Well => return ControlFlow::Continue(()),
        // A file that somebody else wrote needs no end.
        _ if kind == Kind::Control => return ControlFlow::Continue(()),
        Ended::InLine => "the file ends within a line: it is cut off",
        Ended::InEntry => "the file ends without an empty line: it is cut off",
    };
    each(Err(Fault::new(path, At::Byte(lines.offset()), reason)))
}

#[derive(Clone, Copy)]
enum Ended {
    Well,
    InLine,
    InEntry,
}

impl Status {
    fn of(text: Vec<u8>, path: &[u8], start: u64, kind: Kind) -> Result<Self, Fault> {
        let mut status = Self { installed: kind == Kind::Control, ..Self::default() };
        let fault = |at: usize, reason: String| {
            Err(Fault::new(path, At::Byte(start.saturating_add(at as u64)), reason))
        };
        let mut at = 0;
        let mut field: &[u8] = b"";
        let mut seen_status = false;
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            let here = at;
            at += line.len();
            if line.starts_with(b" ") || line.starts_with(b"\t") {
                if field.eq_ignore_ascii_case(b"Conffiles") {
                    status.conffiles.extend(conffile(line));
                }
                continue;
            }
            let Some(colon) = memchr::memchr(b':', line) else {
                return fault(here, "the line is no field: it has no colon".to_owned());
            };
            let (name, value) = line.split_at(colon);
            field = name;
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            match name.to_ascii_lowercase().as_slice() {
                b"package" if is_name(value) => status.name = value.to_vec(),
                b"package" => return fault(here, "the name of the package is none".to_owned()),
                b"version" => status.version = value.to_vec(),
                b"architecture" => status.architecture = Some(value.to_vec()),
                b"multi-arch" => status.multi_arch_same = value == b"same",
                b"status" => {
                    seen_status = true;
                    // What is wanted, whether that is in order, and what is.
                    let mut words = value.split(u8::is_ascii_whitespace);
                    match words.nth(2) {
                        Some(b"not-installed" | b"config-files") => status.installed = false,
                        Some(_) => status.installed = true,
                        None => return fault(here, "the status is not three words".to_owned()),
                    }
                }
                _ => {}
            }
        }
        if status.name.is_empty() {
            return fault(0, "the entry names no package".to_owned());
        }
        if kind == Kind::Status && !seen_status {
            return fault(0, format!("the entry of {} has no status", show(&status.name)));
        }
        if status.installed && status.version.is_empty() {
            return fault(0, format!("the entry of {} has no version", show(&status.name)));
        }
        status.text = text;
        Ok(status)
    }
}

/// `path digest [obsolete]`.
fn conffile(line: &[u8]) -> Option<(Vec<u8>, Option<Digest>)> {
    let (mut before, mut last) = split_last(line.trim_ascii())?;
    if matches!(last, b"obsolete" | b"remove-on-upgrade") {
        (before, last) = split_last(before)?;
    }
    before.starts_with(b"/").then(|| (before.to_vec(), Digest::from_hex(Algorithm::Md5, last)))
}

fn split_last(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (before, last) = text.split_at_checked(memchr::memrchr(b' ', text)?)?;
    Some((before, last.get(1..)?))
}

/// Names of packages lead to names of files, so that nothing else may be in them.
pub(super) fn is_name(name: &[u8]) -> bool {
    let first = name.first().is_some_and(u8::is_ascii_alphanumeric);
    first
        && name.len() < 200
        && name.iter().all(|&byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte))
}

fn show(name: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TWO: &str = "Package: a\nStatus: install ok installed\nArchitecture: amd64\n\
        Multi-Arch: same\nVersion: 1:2-3\nConffiles:\n /etc/a 00ff00ff00ff00ff00ff00ff00ff00ff\n \
        /etc/old x y newconffile obsolete\nDescription: one\n longer\n\n\
        package: b\nstatus: deinstall ok config-files\nVersion: 1\n\n";

    fn parsed(text: &[u8], kind: Kind) -> (Vec<Status>, Vec<Fault>) {
        let (mut statuses, mut faults) = (Vec::new(), Vec::new());
        let _ = parse(text, b"/status", kind, &mut |result| {
            match result {
                Ok(status) => statuses.push(status),
                Err(fault) => faults.push(fault),
            }
            ControlFlow::Continue(())
        });
        (statuses, faults)
    }

    #[test]
    fn entries_are_read_with_all_that_counts() {
        let (statuses, faults) = parsed(TWO.as_bytes(), Kind::Status);
        assert_eq!(faults, []);
        let [a, b] = &statuses[..] else { panic!("{statuses:?}") };
        assert_eq!((&a.name[..], &a.version[..], a.installed), (&b"a"[..], &b"1:2-3"[..], true));
        assert_eq!(a.architecture.as_deref(), Some(&b"amd64"[..]));
        assert!(a.multi_arch_same);
        let paths: Vec<_> = a.conffiles.iter().map(|(path, d)| (&path[..], d.is_some())).collect();
        assert_eq!(paths, [(&b"/etc/a"[..], true), (b"/etc/old x y", false)]);
        assert_eq!((&b.name[..], b.installed), (&b"b"[..], false));
    }

    #[test]
    fn what_is_broken_is_told_with_its_place_and_the_rest_is_read() {
        let broken = TWO.replace("Architecture: amd64", "no field");
        let (statuses, faults) = parsed(broken.as_bytes(), Kind::Status);
        assert_eq!(statuses.len(), 1);
        assert_eq!(faults[0].at, At::Byte(40));
        for (text, at, word) in [
            ("Package: ../a\nStatus: a b installed\n\n", 0, "name"),
            ("\n\nStatus: a b installed\nVersion: 1\n\n", 2, "names no package"),
            ("Package: a\nVersion: 1\n\n", 0, "no status"),
            ("Package: a\nStatus: installed\nVersion: 1\n\n", 11, "three words"),
            ("Package: a\nStatus: a b installed\n\n", 0, "no version"),
        ] {
            let text = format!("{text}{TWO}");
            let (statuses, faults) = parsed(text.as_bytes(), Kind::Status);
            assert_eq!((statuses.len(), faults.len()), (2, 1), "{text}: {faults:?}");
            assert_eq!(faults[0].at, At::Byte(at), "{text}");
            assert!(faults[0].reason.contains(word), "{faults:?}");
        }
    }

    #[test]
    fn a_file_that_is_cut_off_anywhere_but_between_entries_is_told_so() {
        let between = TWO.find("\n\n").unwrap() + 2;
        for length in 1..TWO.len() {
            let (_, faults) = parsed(&TWO.as_bytes()[..length], Kind::Status);
            assert_eq!(faults.is_empty(), length == between, "{length}");
            assert!(faults.iter().all(|fault| fault.at != At::File));
        }
    }

    #[test]
    fn an_entry_of_its_own_file_needs_no_status_and_no_end() {
        let (statuses, faults) = parsed(b"Package: a\nVersion: 1", Kind::Control);
        assert_eq!((statuses.len(), faults.len()), (1, 0));
        assert!(statuses[0].installed);
    }

    #[test]
    fn absurd_lengths_are_bounded() {
        let long = format!("Package: a\nX: {}\n\n{TWO}", "x".repeat(LINE));
        let (statuses, faults) = parsed(long.as_bytes(), Kind::Status);
        assert_eq!((statuses.len(), faults.len()), (2, 1));
        assert_eq!(faults[0].at, At::Byte(11));
        let many = format!("Package: a\n{}\n{TWO}", "X: y\n".repeat(ENTRY / 5 + 1));
        let (statuses, faults) = parsed(many.as_bytes(), Kind::Status);
        assert_eq!((statuses.len(), faults.len()), (2, 1));
    }

    proptest! {
        #[test]
        fn any_bytes_are_packages_or_faults(
            content in proptest::collection::vec(
                prop_oneof![
                    Just(b"Package: a\n".to_vec()),
                    Just(b"Version: 1\n".to_vec()),
                    Just(b"Status: install ok installed\n".to_vec()),
                    Just(b"Conffiles:\n /a b\n".to_vec()),
                    Just(b"\n".to_vec()),
                    any::<Vec<u8>>(),
                ],
                0..12,
            )
        ) {
            let content = content.concat();
            let (statuses, faults) = parsed(&content, Kind::Status);
            for status in statuses {
                prop_assert!(is_name(&status.name));
            }
            for fault in faults {
                let At::Byte(at) = fault.at else { panic!("{fault}") };
                prop_assert!(at <= content.len() as u64);
            }
        }
    }
}
