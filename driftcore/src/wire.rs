//! The bytes that come out of the kernel's rings: bounds-checked, never cast.
//!
//! `bpf/include/wire.h` draws the format. No byte of a ring becomes a Rust enum or bool before it
//! was compared with what that has.

mod layout;

use std::mem::offset_of;
use std::mem::size_of;

use thiserror::Error;

use crate::event::FileOperation;
use crate::event::SocketOperation;

pub(crate) use layout::*;

/// Version of the record layout. Probes and library must agree.
pub const VERSION: u16 = 4;

/// Why bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WireError {
    /// Fewer bytes than the record says or needs.
    #[error("record is cut: {got} bytes where {wanted} are needed")]
    Truncated {
        /// Bytes that are needed.
        wanted: usize,
        /// Bytes that are there.
        got: usize,
    },
    /// The record's own size is not the number of bytes that came.
    #[error("record says {stated} bytes but has {got}")]
    SizeMismatch {
        /// The size that the record states.
        stated: usize,
        /// Bytes that are there.
        got: usize,
    },
    /// Another schema version.
    #[error("record has schema version {0}, this library reads {VERSION}")]
    Version(u16),
    /// A kind that this version does not have.
    #[error("record has unknown kind {0}")]
    Kind(u16),
    /// An operation that this version does not have.
    #[error("record has unknown operation {0}")]
    Operation(u16),
    /// The sizes of the strings do not add up to the tail.
    #[error("strings take {stated} bytes of a tail of {got}")]
    Strings {
        /// The sum of the sizes that the record states.
        stated: usize,
        /// Bytes of the tail.
        got: usize,
    },
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// A program was executed.
    Exec,
    /// A process was made.
    Fork,
    /// A process ended.
    Exit,
    /// A process that already runs, from the task iterator.
    Task,
    /// Something was done to a file.
    File(FileOperation),
    /// Something was done with a socket.
    Socket(SocketOperation),
    /// Another system call.
    Call,
}

/// What the body of a kind looks like.
struct Body {
    /// Bytes of header and body.
    size: usize,
    /// Where the sizes of the strings stand, and how many there are.
    strings: (usize, usize),
}

impl Body {
    fn of(kind: u16) -> Option<Self> {
        let exec = (offset_of!(Exec, string_size), STRINGS);
        let (size, strings) = match kind {
            1 | 4 => (size_of::<Exec>(), exec),
            2 => (size_of::<Fork>(), (0, 0)),
            3 => (size_of::<Exit>(), (0, 0)),
            5 => (size_of::<FileEvent>(), (offset_of!(FileEvent, string_size), FILE_STRINGS)),
            6 => (size_of::<SocketEvent>(), (offset_of!(SocketEvent, string_size), SOCKET_STRINGS)),
            7 => (size_of::<Call>(), (offset_of!(Call, string_size), CALL_STRINGS)),
            _ => return None,
        };
        Some(Self { size, strings })
    }
}

/// The kind of a record whose body is whole.
fn kind_of(kind: u16, bytes: &[u8]) -> Result<RecordKind, WireError> {
    Ok(match kind {
        1 => RecordKind::Exec,
        2 => RecordKind::Fork,
        3 => RecordKind::Exit,
        4 => RecordKind::Task,
        5 => {
            let operation = u16_at(bytes, offset_of!(FileEvent, operation));
            let known = FileOperation::of(operation);
            RecordKind::File(known.ok_or(WireError::Operation(operation))?)
        }
        6 => {
            let operation = u16_at(bytes, offset_of!(SocketEvent, operation));
            let known = SocketOperation::of(operation);
            RecordKind::Socket(known.ok_or(WireError::Operation(operation))?)
        }
        7 => RecordKind::Call,
        other => return Err(WireError::Kind(other)),
    })
}

/// One record whose frame is in order: the header is of this schema version, the body is whole,
/// the strings fill the tail exactly.
#[derive(Clone, Copy, Debug)]
pub struct RawEvent<'a> {
    kind: RecordKind,
    /// Bytes of header and body.
    size: usize,
    /// Where the sizes of the strings stand.
    strings: usize,
    bytes: &'a [u8],
}

impl<'a> RawEvent<'a> {
    /// Checks the frame of a record that fills `bytes`.
    ///
    /// # Errors
    ///
    /// [`WireError`] says what is out of order. Nothing is read beyond `bytes`.
    pub fn new(bytes: &'a [u8]) -> Result<Self, WireError> {
        need(bytes, size_of::<Header>())?;
        let stated = u32_at(bytes, offset_of!(Header, size)) as usize;
        let version = u16_at(bytes, offset_of!(Header, version));
        let kind = u16_at(bytes, offset_of!(Header, kind));
        if version != VERSION {
            return Err(WireError::Version(version));
        }
        if stated != bytes.len() {
            return Err(WireError::SizeMismatch { stated, got: bytes.len() });
        }
        let body = Body::of(kind).ok_or(WireError::Kind(kind))?;
        need(bytes, body.size)?;
        let kind = kind_of(kind, bytes)?;
        let (strings, count) = body.strings;
        let raw = Self { kind, size: body.size, strings, bytes };
        let stated: usize = (0..count).map(|id| raw.string_size(id)).sum();
        let got = bytes.len() - body.size;
        if stated != got {
            return Err(WireError::Strings { stated, got });
        }
        Ok(raw)
    }

    /// Splits the first record off a buffer in which several follow one another.
    ///
    /// # Errors
    ///
    /// As [`RawEvent::new`]; [`WireError::Truncated`] when the record goes on beyond `buffer`.
    pub fn split(buffer: &'a [u8]) -> Result<(Self, &'a [u8]), WireError> {
        need(buffer, size_of::<Header>())?;
        let size = u32_at(buffer, offset_of!(Header, size)) as usize;
        need(buffer, size.max(size_of::<Header>()))?;
        let (record, rest) = buffer.split_at(size.max(size_of::<Header>()));
        Ok((Self::new(record)?, rest))
    }

    /// What the record is.
    pub fn kind(&self) -> RecordKind {
        self.kind
    }

    pub(crate) fn u16(&self, offset: usize) -> u16 {
        u16_at(self.bytes, offset)
    }

    pub(crate) fn u32(&self, offset: usize) -> u32 {
        u32_at(self.bytes, offset)
    }

    pub(crate) fn u64(&self, offset: usize) -> u64 {
        u64_at(self.bytes, offset)
    }

    pub(crate) fn i64(&self, offset: usize) -> i64 {
        self.u64(offset).cast_signed()
    }

    /// Bytes up to the first NUL of a fixed array.
    pub(crate) fn chars(&self, offset: usize, size: usize) -> &'a [u8] {
        let bytes = self.bytes.get(offset..offset + size).unwrap_or_default();
        bytes.split(|&byte| byte == 0).next().unwrap_or_default()
    }

    pub(crate) fn bytes<const N: usize>(&self, offset: usize) -> [u8; N] {
        array_at(self.bytes, offset)
    }

    fn string_size(&self, id: usize) -> usize {
        usize::from(u16_at(self.bytes, self.strings + id * size_of::<u16>()))
    }

    /// The string of this number in the order of the tail.
    pub(crate) fn string(&self, id: usize) -> &'a [u8] {
        let before: usize = (0..id).map(|id| self.string_size(id)).sum();
        let start = self.size + before;
        self.bytes.get(start..start + self.string_size(id)).unwrap_or_default()
    }
}

/// Numbers of a struct that stands in a string of the tail.
pub(crate) fn u64_in(bytes: &[u8], offset: usize) -> u64 {
    u64_at(bytes, offset)
}

/// As [`u64_in`].
pub(crate) fn u32_in(bytes: &[u8], offset: usize) -> u32 {
    u32_at(bytes, offset)
}

/// As [`u64_in`].
pub(crate) fn u16_in(bytes: &[u8], offset: usize) -> u16 {
    u16_at(bytes, offset)
}

fn need(bytes: &[u8], wanted: usize) -> Result<(), WireError> {
    if bytes.len() < wanted {
        return Err(WireError::Truncated { wanted, got: bytes.len() });
    }
    Ok(())
}

/// Reads that a frame check has made safe; out of bounds they read as zero.
fn array_at<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    bytes.get(offset..offset + N).and_then(|slice| slice.try_into().ok()).unwrap_or([0; N])
}

fn u16_at(bytes: &[u8], offset: usize) -> u16 {
    u16::from_ne_bytes(array_at(bytes, offset))
}

fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_ne_bytes(array_at(bytes, offset))
}

fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_ne_bytes(array_at(bytes, offset))
}
