//! How bad an entry is.

use driftcore::image::Change;
use driftcore::image::Entry;
use driftcore::image::EntryKind;
use driftcore::image::FileType;
use driftcore::image::State;

/// What entries are grouped by, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Privileged,
    Code,
    Content,
    Shape,
    Added,
    Deleted,
    Attributes,
    Noise,
}

impl Group {
    pub(super) const ALL: [Self; 8] = [
        Self::Privileged,
        Self::Code,
        Self::Content,
        Self::Shape,
        Self::Added,
        Self::Deleted,
        Self::Attributes,
        Self::Noise,
    ];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Privileged => "Files that run with other rights than the image gave them",
            Self::Code => "Programs, libraries and scripts that are not the image's",
            Self::Content => "Other content than the image's",
            Self::Shape => "Renamed, or of another type",
            Self::Added => "Added",
            Self::Deleted => "Deleted",
            Self::Attributes => "Other attributes, content proved equal",
            Self::Noise => "Made by the runtime (no drift)",
        }
    }

    /// Whether somebody has to look at each entry of it.
    pub(super) const fn is_worst(self) -> bool {
        matches!(self, Self::Privileged | Self::Code)
    }

    pub(super) fn of(entry: &Entry) -> Option<Self> {
        if entry.noise {
            return Some(Self::Noise);
        }
        if is_privileged(entry) {
            return Some(Self::Privileged);
        }
        if is_code(entry) {
            return Some(Self::Code);
        }
        Some(match entry.kind {
            EntryKind::Modified | EntryKind::Replaced => Self::Content,
            EntryKind::Type | EntryKind::Renamed => Self::Shape,
            EntryKind::Added => Self::Added,
            EntryKind::Deleted => Self::Deleted,
            EntryKind::Attributes => Self::Attributes,
            // It is as in the image: counted alone.
            _ => return None,
        })
    }
}

/// Whether the content of an entry is code that the image has not.
pub(super) fn is_code(entry: &Entry) -> bool {
    let has_code = entry.after.as_ref().is_some_and(|after| after.code.is_some());
    let is_new = match entry.kind {
        EntryKind::Attributes | EntryKind::CopiedUp => false,
        EntryKind::Renamed => entry.has(Change::Content),
        _ => true,
    };
    has_code && is_new
}

/// Whether a file got setuid, setgid or a capability that the image's has not.
fn is_privileged(entry: &Entry) -> bool {
    let bits = |state: &Option<State>| match state {
        Some(state) if state.file_type == FileType::File => state.mode & 0o6000,
        _ => 0,
    };
    let given = bits(&entry.after) & !bits(&entry.before);
    given != 0 || entry.has(Change::Capability)
}
