//! What is asked of the sensor beside execs.

use crate::event::FileOperation;
use crate::event::SocketOperation;
use crate::fields::EventType;
use crate::fields::EventTypes;

/// What is asked of the sensor beside execs and process life, which it always gives. What nobody asks
/// for costs nothing: its probes are not attached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    operations: u64,
    sockets: u64,
    /// Other system calls, by name.
    calls: EventTypes,
}

impl Wanted {
    /// Nothing.
    pub const NOTHING: Self = Self { operations: 0, sockets: 0, calls: EventTypes::EMPTY };

    /// And this operation on files.
    #[must_use]
    pub const fn with_file(mut self, operation: FileOperation) -> Self {
        self.operations |= 1 << operation.number();
        self
    }

    /// And this operation on sockets.
    #[must_use]
    pub const fn with_socket(mut self, operation: SocketOperation) -> Self {
        self.sockets |= 1 << operation.number();
        self
    }

    /// And this system call.
    #[must_use]
    pub const fn with_call(mut self, call: EventType) -> Self {
        self.calls = self.calls.with(call);
        self
    }

    /// What changes a file: every operation but reading and mapping.
    #[must_use]
    pub fn with_file_changes(self) -> Self {
        let reads = [FileOperation::Read, FileOperation::Map];
        let changes = FileOperation::ALL.into_iter().filter(|it| !reads.contains(it));
        changes.fold(self, Self::with_file)
    }

    /// Both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            operations: self.operations | other.operations,
            sockets: self.sockets | other.sockets,
            calls: self.calls.union(other.calls),
        }
    }

    /// Whether this operation is asked for.
    pub const fn has_file(&self, operation: FileOperation) -> bool {
        self.operations & 1 << operation.number() != 0
    }

    /// Whether any operation on files is asked for.
    pub const fn has_files(&self) -> bool {
        self.operations != 0
    }

    /// Whether any operation on sockets is asked for.
    pub const fn has_sockets(&self) -> bool {
        self.sockets != 0
    }

    /// The other system calls that are asked for.
    pub const fn calls(&self) -> &EventTypes {
        &self.calls
    }

    pub(super) const fn operation_bits(&self) -> u64 {
        self.operations
    }

    pub(super) const fn socket_bits(&self) -> u64 {
        self.sockets
    }
}
