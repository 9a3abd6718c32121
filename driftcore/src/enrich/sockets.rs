//! Sockets that are there already, by /proc. What it shows may be gone, or another's, by the time it is
//! read: a socket counts only under its own inode number.

use std::io::Read;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use procfs::FromBufReadSI;
use procfs::current_system_info;
use procfs::net::TcpNetEntries;
use procfs::net::TcpState;
use procfs::net::UdpNetEntries;
use procfs::net::UdpState;
use procfs::process::FDTarget;
use procfs::process::Process;
use rustix::process::ForeignRawFd;
use rustix::process::Pid;
use rustix::process::PidfdFlags;
use rustix::process::PidfdGetfdFlags;

use crate::event::Protocol;

/// Most bytes of a table of sockets that are read, about 50,000 lines. TCP shows listeners first.
const TABLE_MAX: u64 = 8 << 20;

/// A socket that waits for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WaitingSocket {
    /// The inode number that its descriptors have.
    pub(crate) inode: u64,
    pub(crate) protocol: Protocol,
    /// As its family writes it.
    pub(crate) local: SocketAddr,
}

/// The TCP sockets that listen in a process's network namespace. None of what cannot be read.
pub(crate) fn listeners(process: &Process) -> Vec<WaitingSocket> {
    let tables = ["net/tcp", "net/tcp6"].into_iter().filter_map(|name| {
        TcpNetEntries::from_buf_read(&*table(process, name)?, current_system_info()).ok()
    });
    tables
        .flat_map(|TcpNetEntries(entries)| entries)
        .filter(|entry| entry.state == TcpState::Listen)
        .map(|entry| WaitingSocket {
            inode: entry.inode,
            protocol: Protocol::Tcp,
            local: entry.local_address,
        })
        .collect()
}

/// The UDP sockets that have a port and no fixed remote in a process's network namespace: those that
/// were bound, and those that have sent something, which look the same.
pub(crate) fn bound(process: &Process) -> Vec<WaitingSocket> {
    let tables = ["net/udp", "net/udp6"].into_iter().filter_map(|name| {
        UdpNetEntries::from_buf_read(&*table(process, name)?, current_system_info()).ok()
    });
    tables
        .flat_map(|UdpNetEntries(entries)| entries)
        .filter(|entry| entry.state == UdpState::Close && entry.local_address.port() != 0)
        .map(|entry| WaitingSocket {
            inode: entry.inode,
            protocol: Protocol::Udp,
            local: entry.local_address,
        })
        .collect()
}

fn table(process: &Process, name: &str) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    process.open_relative(name).ok()?.take(TABLE_MAX).read_to_end(&mut text).ok()?;
    // What does not end is cut.
    let whole = text.iter().rposition(|&byte| byte == b'\n')? + 1;
    text.truncate(whole);
    Some(text)
}

/// The sockets that a process holds, each by descriptor and inode number, of as many descriptors as
/// `budget` has left.
pub(crate) fn held_by<'a>(
    process: &'a Process,
    budget: &'a mut usize,
) -> impl Iterator<Item = (i32, u64)> + 'a {
    let descriptors = process.fd().into_iter().flatten();
    let within = descriptors.take_while(move |_| {
        let more = *budget > 0;
        *budget = budget.saturating_sub(1);
        more
    });
    within.flatten().filter_map(|found| match found.target {
        FDTarget::Socket(inode) => Some((found.fd, inode)),
        _ => None,
    })
}

/// Whether an IPv6 socket of a process takes IPv4 too, which /proc does not say: the socket is asked.
/// `None` where it may not be, or is no longer there.
pub(crate) fn takes_both(process: &Process, descriptor: i32, inode: u64) -> Option<bool> {
    let pid = Pid::from_raw(process.pid)?;
    let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok()?;
    let descriptor = ForeignRawFd::try_from(descriptor).ok()?;
    let socket: OwnedFd =
        rustix::process::pidfd_getfd(&pidfd, descriptor, PidfdGetfdFlags::empty()).ok()?;
    if rustix::fs::fstat(&socket).ok()?.st_ino != inode {
        return None;
    }
    rustix::net::sockopt::ipv6_v6only(&socket).ok().map(|only| !only)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::net::TcpStream;
    use std::net::UdpSocket;
    use std::os::fd::AsFd;
    use std::os::fd::AsRawFd;
    use std::process::Command;

    use super::*;

    fn me() -> Process {
        Process::myself().unwrap()
    }

    fn inode(socket: impl AsFd) -> u64 {
        rustix::fs::fstat(socket).unwrap().st_ino
    }

    #[test]
    fn listeners_and_bound_sockets_are_found_and_no_others() {
        let v4 = TcpListener::bind("127.0.0.1:0").unwrap();
        let v6 = TcpListener::bind("[::1]:0").unwrap();
        let client = TcpStream::connect(v4.local_addr().unwrap()).unwrap();
        let found = listeners(&me());
        for listener in [&v4, &v6] {
            let local = listener.local_addr().unwrap();
            let expected = WaitingSocket { inode: inode(listener), protocol: Protocol::Tcp, local };
            assert!(found.contains(&expected), "{expected:?} in {found:?}");
        }
        assert!(!found.iter().any(|it| it.inode == inode(&client)));

        let waits = UdpSocket::bind("127.0.0.1:0").unwrap();
        let reaches = UdpSocket::bind("127.0.0.1:0").unwrap();
        reaches.connect(waits.local_addr().unwrap()).unwrap();
        let found = bound(&me());
        let local = waits.local_addr().unwrap();
        let expected = WaitingSocket { inode: inode(&waits), protocol: Protocol::Udp, local };
        assert!(found.contains(&expected), "{expected:?} in {found:?}");
        assert!(!found.iter().any(|it| it.inode == inode(&reaches)));
    }

    #[test]
    fn a_process_is_known_to_hold_its_sockets_as_far_as_the_budget_goes() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = (socket.as_raw_fd(), inode(&socket));
        let mut budget = 100_000;
        assert!(held_by(&me(), &mut budget).any(|it| it == own));
        assert!(budget < 100_000);
        let mut budget = 0;
        assert_eq!(held_by(&me(), &mut budget).count(), 0);
    }

    #[test]
    fn a_socket_says_whether_it_takes_both_families() {
        let socket = TcpListener::bind("[::]:0").unwrap();
        let (descriptor, inode) = (socket.as_raw_fd(), inode(&socket));
        assert_eq!(takes_both(&me(), descriptor, inode), Some(true));
        assert_eq!(takes_both(&me(), descriptor, inode + 1), None, "another socket by now");
    }

    #[test]
    fn a_process_that_has_ended_has_no_sockets() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process::new(i32::try_from(child.id()).unwrap()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(listeners(&process), []);
        assert_eq!(bound(&process), []);
        assert_eq!(held_by(&process, &mut 9).count(), 0);
        assert_eq!(takes_both(&process, 0, 0), None);
    }
}
