//! What of a database could not be read.

use std::fmt;
use std::io;

use crate::event::Text;
use crate::image::Problem;

/// A part of a package database that could not be read. The rest of it is not affected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The file, absolute in the tree.
    pub path: Text,
    /// Where in it.
    pub at: At,
    /// What is wrong, in words for people. Not for parsing.
    pub reason: String,
}

/// Where in a file something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The file as a whole: it cannot be opened, or is too large.
    File,
    /// This many bytes from its start.
    Byte(u64),
    /// In this line, counted from 1.
    Line(u64),
}

impl Fault {
    /// A fault at a place in a file.
    pub fn new(path: &[u8], at: At, reason: impl Into<String>) -> Self {
        Self { path: Text::from(path), at, reason: reason.into() }
    }

    /// A file that cannot be opened or read.
    pub fn unread(path: &[u8], error: &io::Error) -> Self {
        Self::new(path, At::File, format!("cannot be read: {error}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, at, reason } = self;
        match at {
            At::File => write!(f, "{path}: {reason}"),
            At::Byte(byte) => write!(f, "{path}: at byte {byte}: {reason}"),
            At::Line(line) => write!(f, "{path}: line {line}: {reason}"),
        }
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for Problem {
    /// As a scan tells it.
    fn from(fault: Fault) -> Self {
        let Fault { path, at, reason } = fault;
        let reason = match at {
            At::File => reason,
            At::Byte(byte) => format!("at byte {byte}: {reason}"),
            At::Line(line) => format!("line {line}: {reason}"),
        };
        Self { path, reason, vanished: false }
    }
}
