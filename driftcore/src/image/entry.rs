//! What a scan finds.

use std::fmt;

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;

use super::Change;
use super::Changes;
use super::Code;
use super::User;
use crate::event::Owner;
use crate::event::Text;
use crate::event::Timestamp;
use crate::provenance::Facts;

/// One path at which the container differs from its image, or that its upper layer holds though
/// nothing differs.
///
/// In JSON, paths and targets that are no valid UTF-8 are written as [`Text`] says, and `escaped` names
/// their fields.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The path from the container's root on, absolute. Of a deleted file, that in the image.
    pub path: Text,
    /// How it differs.
    pub kind: EntryKind,
    /// The path in the image, where that is another one: the file or a directory above it was
    /// renamed.
    pub old_path: Option<Text>,
    /// What differs; of `added`, `deleted` and `type` nothing is compared.
    pub changed: Changes,
    /// The image's file; `None` for an added one.
    pub before: Option<State>,
    /// The container's file; `None` for a deleted one.
    pub after: Option<State>,
    /// True for what runtimes make themselves: it is no drift.
    pub noise: bool,
    /// The processes that have the container's file open or mapped, or run it; where
    /// [they were looked for](super::ScanOptions::users), and the first sixteen.
    pub processes: Vec<User>,
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { path, kind, old_path, changed, before, after, noise, processes } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("path", path)?;
        map.serialize_entry("kind", kind)?;
        if let Some(old_path) = old_path {
            map.serialize_entry("old_path", old_path)?;
        }
        if !changed.is_empty() {
            map.serialize_entry("changed", changed)?;
        }
        map.serialize_entry("before", before)?;
        map.serialize_entry("after", after)?;
        map.serialize_entry("noise", noise)?;
        if !processes.is_empty() {
            map.serialize_entry("processes", processes)?;
        }
        let texts = [
            ("path", Some(path)),
            ("old_path", old_path.as_ref()),
            ("before.target", before.as_ref().and_then(|state| state.target.as_ref())),
            ("after.target", after.as_ref().and_then(|state| state.target.as_ref())),
        ];
        let is_escaped = |text: &Text| text.as_str().is_none();
        let escaped = texts.iter().filter(|(_, text)| text.is_some_and(is_escaped));
        let escaped: Vec<&str> = escaped.map(|(name, _)| *name).collect();
        if !escaped.is_empty() {
            map.serialize_entry("escaped", &escaped)?;
        }
        map.end()
    }
}

impl Entry {
    /// Whether it is drift: neither [`EntryKind::CopiedUp`] nor noise.
    pub fn is_drift(&self) -> bool {
        self.kind != EntryKind::CopiedUp && !self.noise
    }
}

/// How a path differs from the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EntryKind {
    /// The image has nothing there.
    Added,
    /// The image's file, with other content.
    Modified,
    /// A new file in the place of the image's, with other content, target or device numbers.
    Replaced,
    /// A file of another type than the image's.
    Type,
    /// The image's directory or file under another name. What stands below a renamed directory
    /// is told only where it differs.
    Renamed,
    /// The image's file or an equal one, with other attributes.
    Attributes,
    /// The image has it and the container has not.
    Deleted,
    /// In the upper layer, and proved to be as in the image: no drift.
    CopiedUp,
}

impl EntryKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Added,
        Self::Modified,
        Self::Replaced,
        Self::Type,
        Self::Renamed,
        Self::Attributes,
        Self::Deleted,
        Self::CopiedUp,
    ];

    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Modified => "modified",
            Self::Replaced => "replaced",
            Self::Type => "type",
            Self::Renamed => "renamed",
            Self::Attributes => "attributes",
            Self::Deleted => "deleted",
            Self::CopiedUp => "copied_up",
        }
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The type of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FileType {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// What the kernel calls by no name that we know.
    Unknown,
}

impl FileType {
    pub(super) fn of(facts: &Facts) -> Self {
        use rustix::fs::FileType as Type;

        match Type::from_raw_mode(facts.mode) {
            Type::RegularFile => Self::File,
            Type::Directory => Self::Directory,
            Type::Symlink => Self::Symlink,
            Type::CharacterDevice => Self::CharDevice,
            Type::BlockDevice => Self::BlockDevice,
            Type::Fifo => Self::Fifo,
            Type::Socket => Self::Socket,
            Type::Unknown => Self::Unknown,
        }
    }

    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Directory => "directory",
            Self::Symlink => "symlink",
            Self::CharDevice => "char_device",
            Self::BlockDevice => "block_device",
            Self::Fifo => "fifo",
            Self::Socket => "socket",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for FileType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A file as it is or was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct State {
    /// What it is.
    #[serde(rename = "type")]
    pub file_type: FileType,
    /// Permission bits with setuid, setgid and sticky. In JSON: octal, e.g. `"4755"`.
    #[serde(serialize_with = "octal")]
    pub mode: u32,
    /// Who owns it, as the layer's filesystem has it.
    pub owner: Owner,
    /// Size in bytes.
    pub size: u64,
    /// When its content was modified last.
    pub modified: Timestamp,
    /// When its inode was changed last. Nobody can set this one back; of an image's file it is
    /// when the layer was unpacked.
    pub changed: Timestamp,
    /// Number of names that it has in its layer.
    pub links: u64,
    /// Major and minor number, of a device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<(u32, u32)>,
    /// The target, of a symbolic link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Text>,
    /// SHA-256 of the content, where it differs from the image's. In JSON: hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "hexadecimal")]
    pub sha256: Option<[u8; 32]>,
    /// What kind of code the content is, if so. Not told of deleted files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
}

impl State {
    /// From what stat says.
    pub(super) fn of(facts: &Facts) -> Self {
        let file_type = FileType::of(facts);
        let is_device = matches!(file_type, FileType::CharDevice | FileType::BlockDevice);
        Self {
            file_type,
            mode: facts.mode & 0o7777,
            owner: Owner { uid: facts.uid, gid: facts.gid },
            size: facts.size,
            modified: Timestamp::from_nanos(facts.mtime_ns),
            changed: Timestamp::from_nanos(facts.ctime_ns),
            links: facts.links,
            device: is_device.then_some(facts.is_device),
            target: None,
            sha256: None,
            code: None,
        }
    }
}

fn octal<S: Serializer>(mode: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{mode:04o}"))
}

// Serde's signature.
#[allow(clippy::ref_option)]
fn hexadecimal<S: Serializer>(digest: &Option<[u8; 32]>, serializer: S) -> Result<S::Ok, S::Error> {
    struct Hex<'a>(&'a [u8; 32]);

    impl fmt::Display for Hex<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
        }
    }

    match digest {
        Some(digest) => serializer.collect_str(&Hex(digest)),
        None => serializer.serialize_none(),
    }
}

/// Something that could not be read or compared. The rest of the scan does not suffer from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// The path from the container's root on, absolute.
    pub path: Text,
    /// What happened, in words for people. Not for parsing.
    pub reason: String,
    /// True when the file went while the scan ran: there was nothing to miss. False when something
    /// is there that was not seen or not compared.
    pub vanished: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)
    }
}

impl Entry {
    pub(super) fn new(path: &[u8], kind: EntryKind) -> Self {
        Self {
            path: Text::from(path),
            kind,
            old_path: None,
            changed: Changes::NONE,
            before: None,
            after: None,
            noise: false,
            processes: Vec::new(),
        }
    }

    /// Whether a change is among those that were found.
    pub fn has(&self, change: Change) -> bool {
        self.changed.contains(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_as_documented_and_names_what_is_escaped() {
        let file = tempfile::tempfile().unwrap();
        let facts = Facts { mode: 0o104_755, uid: 1, gid: 2, ..Facts::of(&file).unwrap() };
        let mut entry = Entry::new(b"/a\xff", EntryKind::Modified);
        entry.changed.insert(Change::Content);
        let mut after = State::of(&facts);
        after.sha256 = Some([0xab; 32]);
        entry.after = Some(after);
        let json = serde_json::to_value(&entry).unwrap();
        assert_eq!(json["path"], "/a\\xff");
        assert_eq!(json["escaped"], serde_json::json!(["path"]));
        assert_eq!(json["changed"], serde_json::json!(["content"]));
        assert_eq!(json["before"], serde_json::Value::Null);
        assert_eq!(json["after"]["mode"], "4755");
        assert_eq!(json["after"]["type"], "file");
        assert_eq!(json["after"]["owner"], serde_json::json!({"uid": 1, "gid": 2}));
        assert_eq!(json["after"]["sha256"], "ab".repeat(32));
        entry.path = Text::from("/a");
        assert!(serde_json::to_value(&entry).unwrap().get("escaped").is_none());
    }
}
