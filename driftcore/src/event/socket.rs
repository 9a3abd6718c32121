//! What was done with a socket: decoded and borrowed from the ring.

use std::net::IpAddr;

use super::Actor;

/// What was done with a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SocketOperation {
    /// It listens.
    Listen,
    /// It has a local address.
    Bind,
    /// It reached out; of UDP the first datagram to a remote.
    Connect,
    /// A connection came in.
    Accept,
    /// A message was sent.
    Send,
}

impl SocketOperation {
    /// All of them, by their number in the wire format, from 1 on.
    pub const ALL: [Self; 5] = [Self::Listen, Self::Bind, Self::Connect, Self::Accept, Self::Send];

    /// The operation of this number in the wire format.
    pub fn of(number: u16) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// The number in the wire format.
    pub const fn number(self) -> u16 {
        self as u16 + 1
    }
}

/// One end of a socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketEnd<'a> {
    /// The address, of the Internet families.
    pub ip: Option<IpAddr>,
    /// The port.
    pub port: u16,
    /// The path, of a Unix socket; an abstract name begins with a NUL byte. In a [`SocketEvent`] as the
    /// kernel walks it: the last component first, each ended by a NUL byte.
    pub path: &'a [u8],
}

/// Something was done with a socket of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketEvent<'a> {
    /// Nanoseconds of `CLOCK_BOOTTIME`.
    pub boot_ns: u64,
    /// What was done.
    pub operation: SocketOperation,
    /// By whom.
    pub actor: Actor<'a>,
    /// Of TCP the inode number that the socket's descriptors have; 0 where it is not known.
    pub cookie: u64,
    /// The socket's cgroup.
    pub cgroup_id: u64,
    /// Its network namespace.
    pub net_namespace: u32,
    /// `AF_INET`, `AF_INET6`, `AF_UNIX`.
    pub family: u16,
    /// `IPPROTO_TCP`, `IPPROTO_UDP`; of a Unix socket its type.
    pub protocol: u16,
    /// The local end.
    pub local: SocketEnd<'a>,
    /// The remote end.
    pub remote: SocketEnd<'a>,
    /// 0, or the negative error number.
    pub result: i64,
    /// Number of the system call, where one is behind it.
    pub call: Option<u16>,
    /// What is or is not so of it.
    pub flags: SocketFlags,
}

/// Facts about a socket event that are either so or not so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SocketFlags(pub u32);

impl SocketFlags {
    /// An IPv6 socket that takes IPv4 too.
    pub const DUAL: Self = Self(1 << 0);
    /// The kernel chose the local port: the caller had asked for none.
    pub const AUTO_PORT: Self = Self(1 << 1);
    /// Seen when a datagram was sent, not when the socket was connected.
    pub const DATAGRAM: Self = Self(1 << 2);
    /// The path of a Unix socket is cut.
    pub const CUT: Self = Self(1 << 3);

    /// Whether all flags of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}
