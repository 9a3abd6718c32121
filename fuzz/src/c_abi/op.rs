//! One call, as it is made of bytes.

use arbitrary::Arbitrary;

/// A place of a pool, or NULL.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) struct Slot(u8);

impl Slot {
    /// The index of the place among `count`; `None` stands for NULL.
    pub(super) fn index(self, count: usize) -> Option<usize> {
        (self.0 < 240).then(|| usize::from(self.0) % count)
    }
}

/// Bytes for an argument.
#[derive(Arbitrary, Clone, Debug)]
pub(super) enum Words {
    /// One of the texts that the argument may have.
    Known(u8),
    /// One of them with bytes of another.
    Spliced {
        known: u8,
        at: u16,
        with: u8,
        length: u8,
    },
    /// One of them with other bytes.
    Changed {
        known: u8,
        at: u16,
        to: [u8; 3],
    },
    /// Its beginning.
    Cut(u8, u16),
    Any(Vec<u8>),
    /// NULL, said to have this length.
    Null(u8),
}

/// The size that a record says it has.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Size {
    /// What the header says, and a bit.
    Near(i8),
    Any(u16),
    /// No memory has it; only the size itself is there.
    Huge(u32),
    /// There is no record.
    Null,
}

/// Which of several.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Index {
    Small(u8),
    Any(u64),
}

impl Index {
    pub(super) fn get(self) -> usize {
        match self {
            Self::Small(index) => usize::from(index % 8),
            Self::Any(index) => usize::try_from(index).unwrap_or(usize::MAX),
        }
    }
}

/// A value for a field.
#[derive(Arbitrary, Clone, Debug)]
pub(super) enum FieldValue {
    Text(Words),
    Unsigned(u64),
    Signed(i64),
    Bool(u32),
    Address(Words),
}

/// What is known of a file.
#[derive(Arbitrary, Clone, Debug)]
pub(super) struct Evidence {
    /// The file below the upper and the topmost lower directory whose inodes are taken.
    pub(super) real: Option<u8>,
    pub(super) inodes: [Inode; 3],
    pub(super) magic: Magic,
    pub(super) flags: u16,
    pub(super) more_flags: Option<u32>,
    pub(super) mode: u32,
    pub(super) nlink: u8,
    pub(super) size: Size,
    /// What stands behind the record where it is longer than ours.
    pub(super) behind: u8,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) struct Inode {
    pub(super) number: u8,
    pub(super) byte_count: u8,
    pub(super) time_ns: i64,
    pub(super) device: u8,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Magic {
    Overlay,
    Tmpfs,
    Ext,
    Any(u64),
}

/// An object that an accessor is about.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum EventPart {
    Info,
    Lost,
    Container,
    Label,
    File,
    Writer,
    Network,
    Process,
    Argument,
    Ancestor,
    AncestorArgument(Index),
}

/// A process whose file is looked at.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Process {
    Own,
    None,
    Any(u32),
}

#[derive(Arbitrary, Clone, Debug)]
pub(super) enum Op {
    OptionsNew(Slot),
    OptionsSet(Slot, Words, Words),
    OptionsFree(Slot),
    SourcesNew(Slot),
    SourcesAddShipped(Slot),
    SourcesAddPath(Slot, Words),
    SourcesAddText(Slot, Words, Words),
    SourcesFree(Slot),
    RulesLoad {
        sources: Slot,
        options: Slot,
        rules: Slot,
        diagnostics: Slot,
    },
    RulesGet(Slot, Index, Size),
    RulesTag(Slot, Index, Index),
    RulesFree(Slot),
    DiagnosticsGet(Slot, Index, Size),
    DiagnosticsFree(Slot),
    ErrorRead(Slot),
    ErrorFree(Slot),
    FieldFind(Slot, Words),
    FieldFree(Slot),
    FlatNew(Slot, Words),
    FlatParse(Slot, Words),
    FlatReset(Slot, Words),
    FlatSet {
        event: Slot,
        field: Slot,
        value: FieldValue,
        add: bool,
    },
    FlatClear(Slot, Slot),
    FlatFree(Slot),
    EventParse(Slot, Words),
    EventCopy(Slot, Slot),
    EventPart(Slot, EventPart, Index, Size),
    EventRead(Slot),
    EventFree(Slot),
    MatcherNew(Slot, Slot),
    MatcherSetRules(Slot, Slot),
    Match {
        matcher: Slot,
        event: Slot,
        places: Option<u8>,
        capacity: u8,
    },
    MatchBatch {
        matcher: Slot,
        events: Option<Vec<Slot>>,
        places: Option<u8>,
        capacity: u8,
    },
    Alerts {
        matcher: Slot,
        event: Slot,
        callback: bool,
    },
    EventAlerts {
        matcher: Slot,
        event: Slot,
        callback: bool,
    },
    MatcherFree(Slot),
    AlertCopy(Slot, Slot),
    AlertRead(Slot),
    AlertGet(Slot, Size),
    AlertTag(Slot, Index),
    AlertFree(Slot),
    LayersNew {
        layers: Slot,
        upper: Words,
        lowers: Option<Vec<Words>>,
        started_at_ns: i64,
    },
    LayersFree(Slot),
    Classify {
        evidence: Box<Evidence>,
        path: Words,
        layers: Slot,
        options: Slot,
        classified: Slot,
    },
    ClassifiedGet(Slot, Size),
    ClassifiedRead(Slot),
    ClassifiedFree(Slot),
    InspectorNew(Slot, Slot),
    InspectorFile {
        inspector: Slot,
        process: Process,
        path: Words,
        classified: Slot,
    },
    InspectorDescriptor {
        inspector: Slot,
        file: Option<u8>,
        classified: Slot,
    },
    InspectorFree(Slot),
    /// A function of an engine that is not there.
    Engine(u8, Slot, Size),
    Names(u32),
}
