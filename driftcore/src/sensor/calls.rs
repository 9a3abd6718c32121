//! Which system call has which number, and what its exit says to the probes.

use super::Wanted;
use crate::event::FileOperation;

/// `enum dc_class`
const OPEN: u8 = 1;

/// A system call by its numbers on the architectures that we run on, and its class.
struct Call {
    x86_64: Option<u16>,
    arm64: Option<u16>,
    class: u8,
    operations: &'static [FileOperation],
}

const OPENS: &[FileOperation] =
    &[FileOperation::Read, FileOperation::Open, FileOperation::Create, FileOperation::Truncate];

const CALLS: &[Call] = &[
    // open, creat, openat, open_by_handle_at, openat2
    Call { x86_64: Some(2), arm64: None, class: OPEN, operations: OPENS },
    Call { x86_64: Some(85), arm64: None, class: OPEN, operations: OPENS },
    Call { x86_64: Some(257), arm64: Some(56), class: OPEN, operations: OPENS },
    Call { x86_64: Some(304), arm64: Some(265), class: OPEN, operations: OPENS },
    Call { x86_64: Some(437), arm64: Some(437), class: OPEN, operations: OPENS },
];

/// The numbers of the calls that say something of what is asked for, each with its class.
pub(super) fn classes(wanted: &Wanted) -> impl Iterator<Item = (u16, u8)> + use<'_> {
    let asked = |call: &&Call| call.operations.iter().any(|&it| wanted.has_file(it));
    CALLS.iter().filter(asked).filter_map(|call| Some((call.number()?, call.class)))
}

impl Call {
    const fn number(&self) -> Option<u16> {
        if cfg!(target_arch = "aarch64") { self.arm64 } else { self.x86_64 }
    }
}
