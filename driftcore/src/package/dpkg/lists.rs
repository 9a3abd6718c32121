//! Which files a package has, and their digests.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::ops::ControlFlow;

use super::super::Algorithm;
use super::super::At;
use super::super::Digest;
use super::super::Fault;
use super::super::PackageFile;
use super::super::Sink;
use super::status::Status;
use crate::image::Tree;

/// Largest list that is read, in bytes. The kernel's sources, the longest in Debian, have some
/// 10 MB.
const LIST: u64 = 32 << 20;

/// Where the lists of one package may be: the first that is there counts.
pub(super) struct Lists {
    files: Vec<Vec<u8>>,
    digests: Vec<Vec<u8>>,
}

impl Lists {
    pub(super) fn of_info(place: &[u8], status: &Status) -> Self {
        let plain = [place, b"/info/", &status.name].concat();
        let mut stems = vec![plain];
        if let Some(architecture) = &status.architecture {
            let qualified = [&stems[0], b":".as_slice(), architecture].concat();
            stems.push(qualified);
        }
        if status.multi_arch_same {
            stems.reverse();
        }
        let with = |end: &[u8]| stems.iter().map(|stem| [stem, end].concat()).collect();
        Self { files: with(b".list"), digests: with(b".md5sums") }
    }

    /// Of a package whose entry is in a file of its own.
    pub(super) fn of_status_d(path: &[u8]) -> Self {
        Self { files: Vec::new(), digests: vec![[path, b".md5sums"].concat()] }
    }

    /// Hands on the files of a package.
    pub(super) fn read(
        &self,
        tree: &Tree,
        status: &Status,
        diversions: &Diversions,
        sink: &mut dyn Sink,
    ) -> ControlFlow<()> {
        let conffiles = status.conffiles.iter();
        let conffiles: HashMap<&[u8], Option<Digest>> =
            conffiles.map(|(path, digest)| (path.as_slice(), *digest)).collect();
        let mut faults = Vec::new();
        let mut digests = BTreeMap::new();
        if let Some(Read { path, content }) = first(tree, &self.digests, sink)? {
            parse_md5sums(&content, &path, |result| match result {
                Ok((path, digest)) => _ = digests.insert(path, digest),
                Err(fault) => faults.push(fault),
            });
        }
        for fault in faults.drain(..) {
            sink.fault(fault)?;
        }
        let mut tell = |path: &[u8], digest: Option<Digest>| {
            let mut file = PackageFile::new(diversions.of(path, &status.name));
            let conffile = conffiles.get(path);
            file.config = conffile.is_some();
            file.digest = digest.or_else(|| *conffile?);
            sink.file(file)
        };
        match first(tree, &self.files, &mut Faults(&mut faults))? {
            Some(Read { path: list, content }) => {
                let is_whole = content.is_empty() || content.ends_with(b"\n");
                for path in content.split(|&byte| byte == b'\n') {
                    // The root itself is a directory, of course.
                    if path.starts_with(b"/") && path != b"/." {
                        tell(path, digests.get(path.get(1..).unwrap_or_default()).copied())?;
                    }
                }
                if !is_whole {
                    let reason = "the file ends within a line: it is cut off";
                    faults.push(Fault::new(&list, At::Byte(content.len() as u64), reason));
                }
            }
            None => {
                for (path, digest) in &digests {
                    tell(&[b"/", path.as_slice()].concat(), Some(*digest))?;
                }
            }
        }
        faults.into_iter().try_for_each(|fault| sink.fault(fault))
    }
}

/// Keeps faults until the sink is free.
struct Faults<'a>(&'a mut Vec<Fault>);

impl Sink for Faults<'_> {
    fn package(&mut self, _: super::super::Package) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn fault(&mut self, fault: Fault) -> ControlFlow<()> {
        self.0.push(fault);
        ControlFlow::Continue(())
    }
}

/// A file that was read.
struct Read {
    path: Vec<u8>,
    content: Vec<u8>,
}

/// The first of some files that is there.
fn first(tree: &Tree, paths: &[Vec<u8>], sink: &mut dyn Sink) -> ControlFlow<(), Option<Read>> {
    for path in paths {
        match tree.read(path, LIST) {
            Ok(Some(content)) => {
                return ControlFlow::Continue(Some(Read { path: path.clone(), content }));
            }
            Ok(None) => {}
            Err(error) => sink.fault(Fault::unread(path, &error))?,
        }
    }
    ControlFlow::Continue(None)
}

/// Lines of a digest, two spaces and a path from the root on.
pub(super) fn parse_md5sums(
    content: &[u8],
    path: &[u8],
    mut each: impl FnMut(Result<(Vec<u8>, Digest), Fault>),
) {
    let mut at = 0;
    for line in content.split_inclusive(|&byte| byte == b'\n') {
        let here = at;
        at += line.len();
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let (digest, rest) = line.split_at_checked(32).unwrap_or_default();
        let name = rest.strip_prefix(b"  ").or_else(|| rest.strip_prefix(b" *"));
        match (Digest::from_hex(Algorithm::Md5, digest), name) {
            (Some(digest), Some(name)) => {
                let name = name.strip_prefix(b"./").unwrap_or(name);
                each(Ok((name.strip_prefix(b"/").unwrap_or(name).to_vec(), digest)));
            }
            _ if line.is_empty() => {}
            _ => {
                let reason = "the line is no MD5 digest and path";
                each(Err(Fault::new(path, At::Byte(here as u64), reason)));
            }
        }
    }
}

/// Files that a package has under another name, because another one or the administrator has
/// the name for itself.
#[derive(Debug, Default)]
pub(super) struct Diversions(HashMap<Vec<u8>, Diversion>);

#[derive(Debug)]
struct Diversion {
    to: Vec<u8>,
    /// The package whose file stands at the name.
    by: Vec<u8>,
}

impl Diversions {
    pub(super) fn read(tree: &Tree, place: &[u8], sink: &mut dyn Sink) -> ControlFlow<(), Self> {
        let path = [place, b"/diversions"].concat();
        let paths = [path.clone()];
        let Some(Read { content, .. }) = first(tree, &paths, sink)? else {
            return ControlFlow::Continue(Self::default());
        };
        let (diversions, whole) = Self::parse(&content);
        if !whole {
            let at = At::Byte(content.len() as u64);
            sink.fault(Fault::new(&path, at, "the last diversion is not three lines"))?;
        }
        ControlFlow::Continue(diversions)
    }

    /// The diversions, and whether they are three lines each.
    fn parse(content: &[u8]) -> (Self, bool) {
        let mut diversions = HashMap::new();
        let mut lines = content.split(|&byte| byte == b'\n');
        while let Some(from) = lines.next() {
            if from.is_empty() {
                continue;
            }
            let (Some(to), Some(by)) = (lines.next(), lines.next()) else {
                return (Self(diversions), false);
            };
            if from.starts_with(b"/") && to.starts_with(b"/") {
                let diversion = Diversion { to: to.to_vec(), by: by.to_vec() };
                diversions.insert(from.to_vec(), diversion);
            }
        }
        (Self(diversions), true)
    }

    /// Where a package's file stands.
    fn of<'a>(&'a self, path: &'a [u8], package: &[u8]) -> &'a [u8] {
        match self.0.get(path) {
            Some(diversion) if diversion.by != package => &diversion.to,
            _ => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_diverted_file_stands_elsewhere_but_for_the_package_that_diverts() {
        let (diversions, whole) = Diversions::parse(b"/bin/sh\n/bin/sh.distrib\ndash\n/a\n/b\n:\n");
        assert!(whole);
        assert_eq!(diversions.of(b"/bin/sh", b"bash"), b"/bin/sh.distrib");
        assert_eq!(diversions.of(b"/bin/sh", b"dash"), b"/bin/sh");
        assert_eq!(diversions.of(b"/a", b"any"), b"/b");
        assert_eq!(diversions.of(b"/c", b"any"), b"/c");
        assert!(!Diversions::parse(b"/a\n/b").1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_digests_or_faults(content: Vec<u8>) {
            Diversions::parse(&content);
            parse_md5sums(&content, b"/x", |result| {
                if let Err(fault) = result {
                    let At::Byte(at) = fault.at else { panic!("{fault}") };
                    assert!(at < content.len() as u64);
                }
            });
        }
    }
}
