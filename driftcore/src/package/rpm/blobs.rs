//! What the databases of all kinds hand on: headers, each with its place.

use std::ops::ControlFlow;

use crate::package::At;
use crate::package::Fault;

/// Most bytes of one header. Packages of a hundred thousand files have some 20 MB.
pub(super) const LARGEST: usize = 64 << 20;

/// The header of one package.
#[derive(Clone, Copy)]
pub(super) struct Blob<'a> {
    /// The file that has it,
    pub(super) path: &'a [u8],
    /// and where in it it begins; the rest of it may be elsewhere.
    pub(super) at: u64,
    pub(super) bytes: &'a [u8],
}

impl Blob<'_> {
    /// What is wrong with it, this many bytes from its start.
    pub(super) fn fault(&self, at: usize, reason: &str) -> Fault {
        let Self { path, at: start, bytes } = self;
        let reason = match at {
            0 => reason.to_owned(),
            _ => format!("{reason}, at byte {at} of the {} from there on", bytes.len()),
        };
        Fault::new(path, At::Byte(*start), reason)
    }
}

/// Takes headers.
pub(super) trait Blobs {
    /// One header.
    fn blob(&mut self, blob: Blob<'_>) -> ControlFlow<()>;

    /// What could not be read.
    fn fault(&mut self, fault: Fault) -> ControlFlow<()>;
}
