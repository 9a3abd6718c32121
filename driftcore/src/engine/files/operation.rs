//! What an operation on a file means: its action, what it changed, and whether that is drift.

use rustix::fs::OFlags;

use rustix::fs::FileType;

use crate::event::Action;
use crate::event::Changed;
use crate::event::FileEvent;
use crate::event::FileOperation;
use crate::event::Kind;

/// Bits of a mode that let it run, and those by which it runs as another.
const EXECUTE: u64 = 0o111;
const SET_ID: u64 = 0o6000;
/// The permission bits of a mode.
const PERMISSIONS: u64 = 0o7777;
/// `chown` leaves alone what it is given this for.
const UNCHANGED: u32 = u32::MAX;
/// The extended attribute that holds file capabilities.
const CAPABILITY: &[u8] = b"security.capability";

/// What an operation came to. Allocates nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Meaning {
    pub(in crate::engine) kind: Kind,
    pub(in crate::engine) action: Action,
    /// The attributes that it changed.
    pub(in crate::engine) changed: ChangedSet,
    /// Whether content was really written; `None` where that is not known or not the question.
    pub(in crate::engine) written: Option<bool>,
    /// Whether it is drift where it was done on the container's root.
    pub(in crate::engine) drift: bool,
}

impl Meaning {
    pub(in crate::engine) fn of(event: &FileEvent<'_>) -> Self {
        let changed = changed(event);
        let written = written(event);
        Self {
            kind: kind(event.operation),
            action: event.operation.action(),
            changed,
            written,
            drift: drift(event, changed, written),
        }
    }
}

/// The attributes that an operation changed, at most three at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct ChangedSet {
    changed: [Changed; 3],
    count: usize,
}

impl ChangedSet {
    const EMPTY: Self = Self { changed: [Changed::Mode; 3], count: 0 };

    fn with(mut self, changed: Changed, is_so: bool) -> Self {
        if is_so && let Some(place) = self.changed.get_mut(self.count) {
            *place = changed;
            self.count += 1;
        }
        self
    }

    pub(in crate::engine) fn as_slice(&self) -> &[Changed] {
        self.changed.get(..self.count).unwrap_or_default()
    }
}

const fn kind(operation: FileOperation) -> Kind {
    match operation {
        FileOperation::Map | FileOperation::Script => Kind::Binary,
        _ => Kind::File,
    }
}

fn changed(event: &FileEvent<'_>) -> ChangedSet {
    let none = ChangedSet::EMPTY;
    match event.operation {
        FileOperation::Mode => {
            let after = event.value & PERMISSIONS;
            // Where nobody knows what it was, everything that is set now may be new.
            let before = event.before.map(|before| before & PERMISSIONS);
            let set = after & !before.unwrap_or(0);
            // On a directory these bits do not make a program of it.
            let is_file = !event.is_directory;
            none.with(Changed::Mode, before != Some(after))
                .with(Changed::Executable, is_file && set & EXECUTE != 0)
                .with(Changed::Setuid, is_file && set & SET_ID != 0)
        }
        FileOperation::Owner => none.with(Changed::Owner, !keeps_owner(event)),
        FileOperation::SetAttribute | FileOperation::RemoveAttribute => {
            let is_capability = event.text == CAPABILITY;
            none.with(Changed::Capability, is_capability).with(Changed::Xattr, !is_capability)
        }
        FileOperation::Truncate => none.with(Changed::Size, event.before != Some(event.value)),
        FileOperation::Open => none.with(Changed::Size, cut_off(event) == Some(true)),
        _ => none,
    }
}

/// Whether a change of owner gives the file to whom it belongs already.
fn keeps_owner(event: &FileEvent<'_>) -> bool {
    let ids = |pair: u64| ((pair >> 32) as u32, pair as u32);
    let (uid, gid) = ids(event.value);
    match event.before.map(ids) {
        Some((old_uid, old_gid)) => {
            (uid == UNCHANGED || uid == old_uid) && (gid == UNCHANGED || gid == old_gid)
        }
        None => uid == UNCHANGED && gid == UNCHANGED,
    }
}

/// Whether an open that was to empty the file found anything in it. `None` where that is not known;
/// of an open that was not to empty it, no.
fn cut_off(event: &FileEvent<'_>) -> Option<bool> {
    if !flags(event.value).contains(OFlags::TRUNC) {
        return Some(false);
    }
    let lower = event.file.and_then(|file| file.lower.map(|lower| lower.size));
    event.before.or(lower).map(|size| size > 0)
}

fn written(event: &FileEvent<'_>) -> Option<bool> {
    match event.operation {
        FileOperation::Open => cut_off(event),
        FileOperation::Write | FileOperation::Allocate => Some(true),
        FileOperation::Truncate => Some(event.before != Some(event.value)),
        _ => None,
    }
}

fn drift(event: &FileEvent<'_>, changed: ChangedSet, written: Option<bool>) -> bool {
    match event.operation {
        FileOperation::Read | FileOperation::Map | FileOperation::Script => false,
        // To write into a pipe, socket or device does not change the container's files; to open a
        // file for writing changes none so far, unless that emptied it.
        FileOperation::Open
        | FileOperation::Write
        | FileOperation::Truncate
        | FileOperation::Allocate => {
            let regular = event.file.is_none_or(|file| may_be_regular(file.mode));
            regular && written != Some(false)
        }
        FileOperation::Mode | FileOperation::Owner => !changed.as_slice().is_empty(),
        _ => true,
    }
}

/// The flags of an open.
pub(in crate::engine) fn flags(value: u64) -> OFlags {
    OFlags::from_bits_retain(u32::try_from(value & u64::from(u32::MAX)).unwrap_or(0))
}

/// The flags of an open, with those that the kernel drops from an open file.
pub(in crate::engine) fn full_flags(event: &FileEvent<'_>) -> u64 {
    match event.operation {
        FileOperation::Create => event.value | u64::from(OFlags::CREATE.bits()),
        _ => event.value,
    }
}

/// Whether a mode is that of a regular file, or has no type at all.
pub(in crate::engine) fn may_be_regular(mode: u32) -> bool {
    matches!(FileType::from_raw_mode(mode), FileType::RegularFile | FileType::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Actor;
    use crate::event::FileEvidence;
    use crate::event::NamedPath;

    fn event(operation: FileOperation) -> FileEvent<'static> {
        FileEvent {
            boot_ns: 1,
            operation,
            actor: Actor::default(),
            path: NamedPath::default(),
            old_path: NamedPath::default(),
            file: None,
            value: 0,
            before: None,
            result: 0,
            call: None,
            text: b"",
            text_truncated: false,
            unproved: false,
            is_directory: false,
            writer: None,
        }
    }

    fn changes(event: &FileEvent<'_>) -> Vec<Changed> {
        changed(event).as_slice().to_vec()
    }

    #[test]
    fn each_operation_has_its_action() {
        for operation in FileOperation::ALL {
            let meaning = Meaning::of(&event(operation));
            let expected = match operation.number() {
                1 => (Kind::File, Action::Read, false),
                3 | 13 | 14 => (Kind::File, Action::Create, true),
                2 => (Kind::File, Action::Modify, false),
                4..=6 => (Kind::File, Action::Modify, true),
                7 | 8 => (Kind::File, Action::Delete, true),
                9 | 10 => (Kind::File, Action::Rename, true),
                11 | 12 => (Kind::File, Action::Link, true),
                15..=18 => (Kind::File, Action::Attributes, true),
                19 => (Kind::Binary, Action::Library, false),
                _ => (Kind::Binary, Action::Script, false),
            };
            // No mode, owner or size was there before: what is asked for is a change.
            assert_eq!((meaning.kind, meaning.action, meaning.drift), expected, "{operation:?}");
        }
    }

    #[test]
    fn a_mode_says_which_bits_are_new() {
        let of = |before, value, is_directory| {
            let operation = FileOperation::Mode;
            changes(&FileEvent { value, before, is_directory, ..event(operation) })
        };
        use Changed::{Executable, Mode, Setuid};
        assert_eq!(of(Some(0o644), 0o600, false), [Mode]);
        assert_eq!(of(Some(0o644), 0o755, false), [Mode, Executable]);
        assert_eq!(of(Some(0o755), 0o4755, false), [Mode, Setuid]);
        assert_eq!(of(Some(0o100_644), 0o6711, false), [Mode, Executable, Setuid]);
        assert_eq!(of(None, 0o755, false), [Mode, Executable]);
        assert_eq!(of(None, 0o644, false), [Mode]);
        assert_eq!(of(Some(0o755), 0o2775, true), [Mode]);
        assert_eq!(of(Some(0o100_755), 0o755, false), []);
        let same = FileEvent { value: 0o755, before: Some(0o755), ..event(FileOperation::Mode) };
        assert!(!Meaning::of(&same).drift);
    }

    #[test]
    fn an_owner_that_stays_is_no_change() {
        let pair = |uid: u32, gid: u32| u64::from(uid) << 32 | u64::from(gid);
        let of = |before, value| {
            let event = FileEvent { value, before, ..event(FileOperation::Owner) };
            (changes(&event), Meaning::of(&event).drift)
        };
        assert_eq!(of(Some(pair(0, 0)), pair(7, u32::MAX)), (vec![Changed::Owner], true));
        assert_eq!(of(Some(pair(7, 8)), pair(7, u32::MAX)), (vec![], false));
        assert_eq!(of(None, pair(u32::MAX, u32::MAX)), (vec![], false));
        assert_eq!(of(None, pair(0, 0)), (vec![Changed::Owner], true));
    }

    #[test]
    fn file_capabilities_are_no_mere_attributes() {
        let of = |text| changes(&FileEvent { text, ..event(FileOperation::SetAttribute) });
        assert_eq!(of(b"security.capability"), [Changed::Capability]);
        assert_eq!(of(b"user.mime"), [Changed::Xattr]);
    }

    #[test]
    fn an_open_for_writing_is_drift_only_when_it_emptied_the_file() {
        let open = |flags: OFlags, before| {
            let value = u64::from(flags.bits());
            let meaning = Meaning::of(&FileEvent { value, before, ..event(FileOperation::Open) });
            (meaning.written, meaning.drift, meaning.changed.as_slice().to_vec())
        };
        let (write, cut) = (OFlags::WRONLY, OFlags::WRONLY | OFlags::TRUNC);
        assert_eq!(open(write, None), (Some(false), false, vec![]));
        assert_eq!(open(write, Some(5)), (Some(false), false, vec![]));
        assert_eq!(open(cut, Some(5)), (Some(true), true, vec![Changed::Size]));
        assert_eq!(open(cut, Some(0)), (Some(false), false, vec![]));
        assert_eq!(open(cut, None), (None, true, vec![]));
    }

    #[test]
    fn a_size_that_stays_writes_nothing() {
        let of = |before| {
            let event = FileEvent { value: 5, before, ..event(FileOperation::Truncate) };
            let meaning = Meaning::of(&event);
            (meaning.written, meaning.drift, meaning.changed.as_slice().to_vec())
        };
        assert_eq!(of(Some(9)), (Some(true), true, vec![Changed::Size]));
        assert_eq!(of(None), (Some(true), true, vec![Changed::Size]));
        assert_eq!(of(Some(5)), (Some(false), false, vec![]));
    }

    #[test]
    fn writing_to_a_pipe_or_device_is_no_drift() {
        for (mode, expected) in [(0o100_644, true), (0o010_644, false), (0o020_666, false)] {
            let file = Some(FileEvidence { mode, ..FileEvidence::default() });
            let event = FileEvent { file, ..event(FileOperation::Write) };
            assert_eq!(Meaning::of(&event).drift, expected, "{mode:o}");
        }
    }
}
