//! Another system call that rules ask for: decoded and borrowed from the ring.

use serde::Deserialize;
use serde::Serialize;

use super::Actor;
use super::KernelPath;
use super::SocketEnd;
use super::Text;

/// A system call of a container's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    /// Nanoseconds of `CLOCK_BOOTTIME`.
    pub boot_ns: u64,
    /// By whom.
    pub actor: Actor<'a>,
    /// Its number on this architecture.
    pub number: u16,
    /// Its arguments.
    pub args: [u64; 6],
    /// What it returned: the negative error number when it failed.
    pub result: i64,
    /// Texts that arguments point to, in their order, and whether each was cut.
    pub texts: [(&'a [u8], bool); 3],
    /// The file that a descriptor argument stands for.
    pub path: KernelPath<'a>,
    /// The socket that a descriptor argument stands for.
    pub socket: Option<CallSocket>,
    /// No call of its own that rules may ask for: an `io_uring` was made, and what is done through it
    /// cannot be seen.
    pub unseen_ring: bool,
}

/// A socket that a call was made on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallSocket {
    /// `AF_INET`, `AF_INET6`, `AF_UNIX`.
    pub family: u16,
    /// `IPPROTO_TCP`, `IPPROTO_UDP`; of a Unix socket its type.
    pub protocol: u16,
    /// The local end.
    pub local: SocketEnd<'static>,
    /// The remote end; with port 0 there is none.
    pub remote: SocketEnd<'static>,
}

/// A system call, as an event shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemCall {
    /// Its name, as Falco's `evt.type`.
    pub name: String,
    /// `ok`, or the name of the error.
    pub result: String,
    /// The arguments by Falco's names, in Falco's order.
    pub args: Vec<(String, Text)>,
}
