//! Who changes files, and when: by marks on directories, which cost nobody else anything.

use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;

use nix::sys::fanotify::EventFFlags;
use nix::sys::fanotify::Fanotify;
use nix::sys::fanotify::InitFlags;
use nix::sys::fanotify::MarkFlags;
use nix::sys::fanotify::MaskFlags;
use rustix::fs::CWD;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::records::Object;
use super::records::Record;
use super::records::parse;

/// `FAN_REPORT_FID`, `FAN_REPORT_DIR_FID` and `FAN_REPORT_NAME` of `linux/fanotify.h`, together from 5.9 on.
const REPORT: u32 = 0x200 | 0x400 | 0x800;
/// Most that is read at once; the kernel gives whole events.
const BLOCK: usize = 64 << 10;
/// How often at most, before somebody looks at it.
const BLOCKS: usize = 16;

/// A group of marks.
pub(super) struct Watch {
    group: Fanotify,
    block: Vec<u8>,
    /// Read already, and not yet taken.
    waiting: Vec<Record>,
}

impl Watch {
    /// Makes one.
    ///
    /// # Errors
    ///
    /// When the kernel has no such thing (before 5.9), or does not let us (`CAP_SYS_ADMIN`).
    pub(super) fn new() -> Result<Self, nix::Error> {
        let flags = InitFlags::FAN_CLASS_NOTIF
            | InitFlags::FAN_CLOEXEC
            | InitFlags::FAN_NONBLOCK
            | InitFlags::FAN_UNLIMITED_MARKS
            | InitFlags::from_bits_retain(REPORT);
        let group = Fanotify::init(flags, EventFFlags::O_RDONLY)?;
        Ok(Self { group, block: vec![0; BLOCK], waiting: Vec::new() })
    }

    /// Readable when something happened.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.group.as_fd()
    }

    /// Watches a directory and the files in it, or one file, from now on; by what its events name it.
    ///
    /// # Errors
    ///
    /// When its filesystem gives no handles: tmpfs before 5.13, overlays that are not exported.
    pub(super) fn mark(
        &mut self,
        node: BorrowedFd<'_>,
        is_directory: bool,
    ) -> Result<Option<Object>, nix::Error> {
        let path = format!("/proc/self/fd/{}", node.as_raw_fd());
        let mark = |flags, mask| self.group.mark(flags, mask, CWD, Some(path.as_str()));
        let changes = if is_directory {
            MaskFlags::FAN_MODIFY
                | MaskFlags::FAN_CREATE
                | MaskFlags::FAN_DELETE
                | MaskFlags::FAN_MOVE
                | MaskFlags::FAN_EVENT_ON_CHILD
                | MaskFlags::FAN_ONDIR
        } else {
            MaskFlags::FAN_MODIFY
        };
        // What a handle is, only an event tells: so it is opened once.
        mark(MarkFlags::FAN_MARK_ADD, changes | MaskFlags::FAN_OPEN)?;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let opened = rustix::fs::open(path.as_str(), flags, Mode::empty());
        mark(MarkFlags::FAN_MARK_REMOVE, MaskFlags::FAN_OPEN)?;
        drop(opened);
        self.fill();
        let mut found = None;
        self.waiting.retain(|record| {
            if record.mask & MaskFlags::FAN_OPEN.bits() == 0 {
                return true;
            }
            if !is_directory {
                found = found.take().or_else(|| record.object.clone());
            } else if record.name == b"." {
                found = found.take().or_else(|| record.directory.clone());
            }
            // Events of one process about one file are merged.
            record.mask & changes.bits() & !MaskFlags::FAN_ONDIR.bits() != 0
        });
        Ok(found)
    }

    /// Takes what happened.
    pub(super) fn take(&mut self) -> Vec<Record> {
        self.fill();
        std::mem::take(&mut self.waiting)
    }

    fn fill(&mut self) {
        for _ in 0..BLOCKS {
            match rustix::io::read(self.group.as_fd(), self.block.as_mut_slice()) {
                Ok(count) if count > 0 => self.waiting.extend(parse(&self.block[..count])),
                Err(Errno::INTR) => {}
                _ => return,
            }
        }
    }
}

/// Whether a name came to be another file's.
pub(super) fn is_move(record: &Record) -> bool {
    record.mask & MaskFlags::FAN_MOVED_TO.bits() != 0
}

/// Whether events were lost.
pub(super) fn is_overflow(record: &Record) -> bool {
    record.mask & MaskFlags::FAN_Q_OVERFLOW.bits() != 0
}
