//! What is asked of the sensor beside execs.

use crate::event::CALLS;
use crate::event::FileOperation;
use crate::event::SocketOperation;

const WORDS: usize = CALLS.div_ceil(64);
/// `DC_MOUNT_MEMORY`
const MEMORY: u64 = 1;
/// `DC_MOUNT_VOLUME`
const VOLUMES: u64 = 2;

/// What is asked of the sensor beside execs and process life, which it always gives. What nobody asks
/// for costs nothing: its probes are not attached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    operations: u64,
    sockets: u64,
    /// Numbers of other system calls, a bit each.
    calls: [u64; WORDS],
    unix_sockets: bool,
    /// `enum dc_mount`.
    mounts: u64,
}

impl Wanted {
    /// Nothing.
    pub const NOTHING: Self =
        Self { operations: 0, sockets: 0, calls: [0; WORDS], unix_sockets: false, mounts: 0 };

    /// And this operation on files.
    #[must_use]
    pub const fn with_file(mut self, operation: FileOperation) -> Self {
        self.operations |= 1 << operation.number();
        self
    }

    /// And files that are mapped executable without being the image's.
    #[must_use]
    pub const fn with_libraries(self) -> Self {
        self.with_file(FileOperation::Map)
    }

    /// And files that interpreters read without being the image's.
    #[must_use]
    pub const fn with_scripts(self) -> Self {
        self.with_file(FileOperation::Script)
    }

    /// What changes a file: every operation but reading and mapping.
    #[must_use]
    pub fn with_file_changes(self) -> Self {
        let reads = [FileOperation::Read, FileOperation::Map, FileOperation::Script];
        let changes = FileOperation::ALL.into_iter().filter(|it| !reads.contains(it));
        changes.fold(self, Self::with_file)
    }

    /// And the system call with this number on this architecture, of those that are not on files. One that
    /// the sensor does not know is not seen.
    #[must_use]
    pub const fn with_call(mut self, number: u16) -> Self {
        let number = number as usize;
        if number < CALLS {
            self.calls[number / 64] |= 1 << (number % 64);
        }
        self
    }

    /// What either asks for.
    #[must_use]
    pub const fn union(mut self, other: Self) -> Self {
        self.operations |= other.operations;
        self.sockets |= other.sockets;
        self.unix_sockets |= other.unix_sockets;
        self.mounts |= other.mounts;
        let mut word = 0;
        while word < WORDS {
            self.calls[word] |= other.calls[word];
            word += 1;
        }
        self
    }

    /// Whether the system call with this number is asked for.
    pub const fn has_call(&self, number: u16) -> bool {
        let number = number as usize;
        number < CALLS && self.calls[number / 64] & 1 << (number % 64) != 0
    }

    /// Whether any system call that is not on files is asked for.
    pub fn has_calls(&self) -> bool {
        self.calls.iter().any(|&word| word != 0)
    }

    /// The system calls that are asked for here and not there, and nothing else.
    pub(crate) fn calls_beyond(&self, other: &Self) -> Self {
        let mut calls = self.calls;
        calls.iter_mut().zip(other.calls).for_each(|(word, without)| *word &= !without);
        Self { calls, ..Self::NOTHING }
    }

    /// This without the other.
    #[must_use]
    pub const fn without(mut self, other: Self) -> Self {
        self.operations &= !other.operations;
        self
    }

    /// Whether this operation is asked for.
    pub const fn has_file(&self, operation: FileOperation) -> bool {
        self.operations & 1 << operation.number() != 0
    }

    /// Whether any operation on files is asked for.
    pub const fn has_files(&self) -> bool {
        self.operations != 0
    }

    /// And this operation on sockets.
    #[must_use]
    pub const fn with_socket(mut self, operation: SocketOperation) -> Self {
        self.sockets |= 1 << operation.number();
        self
    }

    /// What the sensor sees of sockets: who listens, binds and connects.
    #[must_use]
    pub const fn with_sockets(self) -> Self {
        self.with_socket(SocketOperation::Listen)
            .with_socket(SocketOperation::Bind)
            .with_socket(SocketOperation::Connect)
    }

    /// And Unix sockets that lead out of a container. Puts a program at the exit of system calls.
    #[must_use]
    pub const fn with_unix_sockets(mut self) -> Self {
        self.unix_sockets = true;
        self
    }

    /// Whether Unix sockets that lead out of a container are asked for.
    pub const fn has_unix_sockets(&self) -> bool {
        self.unix_sockets
    }

    /// And what is done to files in memory, on a tmpfs of the container, of the operations that are asked for:
    /// secrets, `/run`. Without, only files on the container's root are seen.
    #[must_use]
    pub const fn with_memory(mut self) -> Self {
        self.mounts |= MEMORY;
        self
    }

    /// And what is done to files on volumes: all that is mounted into the container, or in it, but
    /// filesystems in memory and those that the kernel fills itself.
    #[must_use]
    pub const fn with_volumes(mut self) -> Self {
        self.mounts |= VOLUMES;
        self
    }

    /// Whether files in memory are asked for.
    pub const fn has_memory(&self) -> bool {
        self.mounts & MEMORY != 0
    }

    /// Whether files on volumes are asked for.
    pub const fn has_volumes(&self) -> bool {
        self.mounts & VOLUMES != 0
    }

    /// Whether this operation is asked for.
    pub const fn has_socket(&self, operation: SocketOperation) -> bool {
        self.sockets & 1 << operation.number() != 0
    }

    /// Whether any operation on sockets is asked for.
    pub const fn has_sockets(&self) -> bool {
        self.sockets != 0
    }

    pub(super) const fn socket_bits(&self) -> u64 {
        self.sockets
    }

    pub(super) const fn mount_bits(&self) -> u64 {
        self.mounts
    }

    pub(super) const fn operation_bits(&self) -> u64 {
        self.operations
    }
}
