//! A package's header, as every kind of RPM database stores it.
//!
//! ```text
//! entries: u32 │ length of store: u32 │ entries × { tag, type, offset, count: u32 } │ store
//! ```
//! All numbers are big endian. The format is documented in RPM's own manual
//! (<https://rpm.org/docs/4.20.x/manual/format_header.html>).

use sha2::Digest as _;
use sha2::Sha256;

use crate::package::Algorithm;
use crate::package::Digest;
use crate::package::source::be16;
use crate::package::source::be32;

/// As many as RPM itself takes.
const ENTRIES: usize = 0xffff;
/// Length of an entry, and of what precedes the first.
const ENTRY: usize = 16;
const START: usize = 8;

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const INSTALL_TIME: u32 = 1008;
const ARCH: u32 = 1022;
const OLD_FILE_NAMES: u32 = 1027;
const FILE_STATES: u32 = 1029;
const FILE_MODES: u32 = 1030;
const FILE_DIGESTS: u32 = 1035;
const FILE_LINKS: u32 = 1036;
const FILE_FLAGS: u32 = 1037;
const FILE_VERIFY: u32 = 1045;
const DIR_INDEXES: u32 = 1116;
const BASE_NAMES: u32 = 1117;
const DIR_NAMES: u32 = 1118;
const INSTALL_TID: u32 = 1128;
const FILE_DIGEST_ALGO: u32 = 5011;

const CHAR: u32 = 1;
const INT8: u32 = 2;
const INT16: u32 = 3;
const INT32: u32 = 4;
const STRING: u32 = 6;
const STRINGS: u32 = 8;
const I18N_STRINGS: u32 = 9;

/// What is wrong with a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// Where in it.
    pub(super) at: usize,
    pub(super) what: &'static str,
}

const fn broken(at: usize, what: &'static str) -> Broken {
    Broken { at, what }
}

/// A header, checked as far as its table of contents.
#[derive(Clone, Copy)]
pub(super) struct Header<'a> {
    bytes: &'a [u8],
    entries: &'a [u8],
    store: &'a [u8],
}

/// What the table of contents says of a tag.
#[derive(Clone, Copy)]
struct Entry<'a> {
    /// Where it is in the header.
    at: usize,
    kind: u32,
    count: usize,
    /// The store from where its data begins.
    data: &'a [u8],
}

/// A file of a package.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HeaderFile<'a> {
    /// Its directory, which ends with `/`.
    pub(super) directory: &'a [u8],
    pub(super) name: &'a [u8],
    /// Of a symbolic link that of its target. None where the package says that the content may
    /// change, or that it brings none (`%ghost`).
    pub(super) digest: Option<Digest>,
    pub(super) config: bool,
}

impl<'a> Header<'a> {
    /// The header that fills these bytes.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, Broken> {
        let (Some(entries), Some(length)) = (be32(bytes, 0), be32(bytes, 4)) else {
            return Err(broken(0, "too short for a header"));
        };
        let (entries, length) = (entries as usize, length as usize);
        if entries == 0 || entries > ENTRIES {
            return Err(broken(0, "a header without entries, or with too many"));
        }
        let store = START + entries * ENTRY;
        let index = bytes.get(START..store);
        let data = store.checked_add(length).and_then(|end| bytes.get(store..end));
        match (index, data) {
            (Some(entries), Some(data)) => Ok(Self { bytes, entries, store: data }),
            _ => Err(broken(0, "a header that is cut off")),
        }
    }

    /// The first entry of a tag.
    fn entry(&self, wanted: u32) -> Result<Option<Entry<'a>>, Broken> {
        let found = self.entries.chunks_exact(ENTRY).enumerate();
        let mut found = found.filter(|(_, entry)| be32(entry, 0) == Some(wanted));
        let Some((index, entry)) = found.next() else { return Ok(None) };
        let at = START + index * ENTRY;
        let number = |place| be32(entry, place).unwrap_or(0);
        let (kind, offset, count) = (number(4), number(8) as usize, number(12) as usize);
        match self.store.get(offset..) {
            // Each value takes one byte at least, so the count is bounded by what is there.
            Some(data) if count <= data.len() => Ok(Some(Entry { at, kind, count, data })),
            _ => Err(broken(at, "an entry that leads out of the header")),
        }
    }

    fn string(&self, tag: u32) -> Result<Option<&'a [u8]>, Broken> {
        let Some(entry) = self.entry(tag)? else { return Ok(None) };
        if !matches!(entry.kind, STRING | I18N_STRINGS) {
            return Err(broken(entry.at, "an entry that should be a text"));
        }
        cut(entry.data).map(|(text, _)| Some(text)).ok_or(broken(entry.at, "a text without an end"))
    }

    fn strings(&self, tag: u32) -> Result<Option<Strings<'a>>, Broken> {
        let Some(entry) = self.entry(tag)? else { return Ok(None) };
        if !matches!(entry.kind, STRINGS | STRING) {
            return Err(broken(entry.at, "an entry that should be texts"));
        }
        Ok(Some(Strings { rest: entry.data, left: entry.count, at: entry.at }))
    }

    fn numbers(&self, tag: u32) -> Result<Option<Numbers<'a>>, Broken> {
        let Some(entry) = self.entry(tag)? else { return Ok(None) };
        let width = match entry.kind {
            CHAR | INT8 => 1,
            INT16 => 2,
            INT32 => 4,
            _ => return Err(broken(entry.at, "an entry that should be numbers")),
        };
        let length = entry.count.checked_mul(width);
        let data = length.and_then(|length| entry.data.get(..length));
        let data = data.ok_or(broken(entry.at, "numbers that are cut off"))?;
        Ok(Some(Numbers { data, width }))
    }

    /// Name of the package.
    ///
    /// # Errors
    ///
    /// When it has none.
    pub(super) fn name(&self) -> Result<&'a [u8], Broken> {
        let name = self.string(NAME)?.filter(|name| !name.is_empty());
        name.ok_or(broken(0, "a package without a name"))
    }

    /// `[epoch:]version-release`.
    ///
    /// # Errors
    ///
    /// When one of them is not what it should be.
    pub(super) fn version(&self) -> Result<Vec<u8>, Broken> {
        let mut text = Vec::new();
        if let Some(epoch) = self.numbers(EPOCH)?.and_then(|numbers| numbers.get(0)) {
            text.extend_from_slice(format!("{epoch}:").as_bytes());
        }
        text.extend_from_slice(self.string(VERSION)?.unwrap_or_default());
        if let Some(release) = self.string(RELEASE)? {
            text.push(b'-');
            text.extend_from_slice(release);
        }
        Ok(text)
    }

    /// The machine that it is for; public keys, which are packages too, have none.
    ///
    /// # Errors
    ///
    /// When it is no text.
    pub(super) fn architecture(&self) -> Result<Option<&'a [u8]>, Broken> {
        self.string(ARCH)
    }

    /// A digest of all that the header says, but for when the package was installed.
    pub(super) fn record(&self) -> [u8; 32] {
        let store = START + self.entries.len();
        let mut left_out = [INSTALL_TIME, INSTALL_TID].map(|tag| {
            let entry = self.entry(tag).ok().flatten()?;
            let at = store + (self.store.len() - entry.data.len());
            (entry.kind == INT32 && entry.count == 1).then_some(at)
        });
        left_out.sort_unstable();
        let mut hash = Sha256::new();
        let mut from = 0;
        for at in left_out.into_iter().flatten() {
            hash.update(self.bytes.get(from..at).unwrap_or_default());
            from = at + 4;
        }
        hash.update(self.bytes.get(from..).unwrap_or_default());
        hash.finalize().into()
    }

    /// Hands each file to `each`, until that says `false`: what the package brings that is no
    /// directory, and is there by the database's own word.
    ///
    /// # Errors
    ///
    /// When the lists are broken, or of different lengths.
    pub(super) fn files(&self, each: &mut dyn FnMut(HeaderFile<'a>) -> bool) -> Result<(), Broken> {
        let mut tags = FileTags::new(self)?;
        let Some(names) = self.strings(BASE_NAMES)? else {
            return self.old_files(&mut tags, each);
        };
        let at = names.at;
        let (Some(directories), Some(indexes)) =
            (self.strings(DIR_NAMES)?, self.numbers(DIR_INDEXES)?)
        else {
            return Err(broken(at, "files without directories"));
        };
        let directories: Vec<&[u8]> = directories.collect::<Result<_, _>>()?;
        for (index, name) in names.enumerate() {
            let directory = indexes.get(index).and_then(|at| directories.get(at as usize));
            let directory = *directory.ok_or(broken(at, "a file without a directory"))?;
            if let Some(file) = tags.file(index, directory, name?)?
                && !each(file)
            {
                break;
            }
        }
        Ok(())
    }

    /// As packages were made until RPM 4: whole paths.
    fn old_files(
        &self,
        tags: &mut FileTags<'a>,
        each: &mut dyn FnMut(HeaderFile<'a>) -> bool,
    ) -> Result<(), Broken> {
        let Some(paths) = self.strings(OLD_FILE_NAMES)? else { return Ok(()) };
        for (index, path) in paths.enumerate() {
            let path = path?;
            let name = memchr::memrchr(b'/', path).map_or(0, |slash| slash + 1);
            let (directory, name) = path.split_at(name);
            if let Some(file) = tags.file(index, directory, name)?
                && !each(file)
            {
                break;
            }
        }
        Ok(())
    }
}

/// What is said of each file beside its name.
struct FileTags<'a> {
    modes: Option<Numbers<'a>>,
    states: Option<Numbers<'a>>,
    flags: Option<Numbers<'a>>,
    verify: Option<Numbers<'a>>,
    algorithm: Option<Algorithm>,
    digests: Option<Strings<'a>>,
    links: Option<Strings<'a>>,
}

impl<'a> FileTags<'a> {
    /// `S_IFMT`, `S_IFDIR` and `S_IFLNK`.
    const TYPE: u32 = 0o170_000;
    const DIRECTORY: u32 = 0o040_000;
    const LINK: u32 = 0o120_000;
    /// `RPMFILE_CONFIG` and `RPMFILE_GHOST`.
    const CONFIG: u32 = 1;
    const GHOST: u32 = 1 << 6;
    /// `RPMVERIFY_FILEDIGEST`.
    const DIGEST: u32 = 1;
    /// `RPMFILE_STATE_NORMAL`; the others are files of other packages, or left out.
    const NORMAL: u32 = 0;

    fn new(header: &Header<'a>) -> Result<Self, Broken> {
        let algorithm = header.numbers(FILE_DIGEST_ALGO)?.and_then(|numbers| numbers.get(0));
        // Numbers of OpenPGP.
        let algorithm = match algorithm {
            None | Some(1) => Some(Algorithm::Md5),
            Some(2) => Some(Algorithm::Sha1),
            Some(8) => Some(Algorithm::Sha256),
            Some(9) => Some(Algorithm::Sha384),
            Some(10) => Some(Algorithm::Sha512),
            Some(11) => Some(Algorithm::Sha224),
            Some(_) => None,
        };
        Ok(Self {
            modes: header.numbers(FILE_MODES)?,
            states: header.numbers(FILE_STATES)?,
            flags: header.numbers(FILE_FLAGS)?,
            verify: header.numbers(FILE_VERIFY)?,
            algorithm,
            digests: header.strings(FILE_DIGESTS)?,
            links: header.strings(FILE_LINKS)?,
        })
    }

    /// The next file, whose number is `index`.
    fn file(
        &mut self,
        index: usize,
        directory: &'a [u8],
        name: &'a [u8],
    ) -> Result<Option<HeaderFile<'a>>, Broken> {
        let number = |list: &Option<Numbers<'_>>| list.as_ref().and_then(|list| list.get(index));
        let text = |list: &mut Option<Strings<'a>>| match list {
            Some(list) => list.next().transpose(),
            None => Ok(None),
        };
        let (digest, target) = (text(&mut self.digests)?, text(&mut self.links)?);
        if !directory.starts_with(b"/") {
            return Err(broken(0, "a file whose path does not begin at the root"));
        }
        let kind = number(&self.modes).unwrap_or(0) & Self::TYPE;
        let state = number(&self.states).unwrap_or(Self::NORMAL);
        if kind == Self::DIRECTORY || state != Self::NORMAL {
            return Ok(None);
        }
        let flags = number(&self.flags).unwrap_or(0);
        let kept = number(&self.verify).is_none_or(|verify| verify & Self::DIGEST != 0)
            && flags & Self::GHOST == 0;
        let digest = match (kind, target) {
            (Self::LINK, Some(target)) => {
                Digest::new(Algorithm::Sha256, &Sha256::digest(target)).filter(|_| kept)
            }
            _ => {
                let algorithm = self.algorithm.filter(|_| kept);
                let text = digest.filter(|digest| !digest.is_empty());
                algorithm.zip(text).and_then(|(algorithm, text)| Digest::from_hex(algorithm, text))
            }
        };
        Ok(Some(HeaderFile { directory, name, digest, config: flags & Self::CONFIG != 0 }))
    }
}

/// Texts, each with a zero byte behind it.
struct Strings<'a> {
    rest: &'a [u8],
    left: usize,
    at: usize,
}

impl<'a> Iterator for Strings<'a> {
    type Item = Result<&'a [u8], Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let Some((text, rest)) = cut(self.rest) else {
            self.left = 0;
            return Some(Err(broken(self.at, "texts that are cut off")));
        };
        self.rest = rest;
        Some(Ok(text))
    }
}

/// What is before the first zero byte, and behind it.
fn cut(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(0, bytes)?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

struct Numbers<'a> {
    data: &'a [u8],
    width: usize,
}

impl Numbers<'_> {
    fn get(&self, index: usize) -> Option<u32> {
        let at = index.checked_mul(self.width)?;
        match self.width {
            1 => self.data.get(at).copied().map(u32::from),
            2 => be16(self.data, at).map(u32::from),
            _ => be32(self.data, at),
        }
    }
}
