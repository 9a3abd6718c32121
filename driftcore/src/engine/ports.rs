//! The ports of listeners that nobody bound. The kernel chooses one only after the socket has been seen
//! to listen; it stands in `/proc` then.

use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use crate::enrich::open_process;
use crate::enrich::sockets;
use crate::event::SocketEvent;

/// How long is spent on it a second at most: a container may have many sockets, and do it often.
const SHARE: Duration = Duration::from_millis(100);
/// How often the kernel may not have come so far yet, and how long it is waited for.
const ATTEMPTS: usize = 3;
const PAUSE: Duration = Duration::from_millis(1);

/// Looks for ports, within bounds.
#[derive(Debug, Default)]
pub(super) struct Ports {
    spent: Duration,
}

impl Ports {
    /// Once a second: there is time again.
    pub(super) fn renew(&mut self) {
        self.spent = Duration::ZERO;
    }

    /// Gives a local end the port that its socket has by now. It stays 0 where the process has ended or
    /// closed it, and where there is no time.
    pub(super) fn complete(&mut self, local: &mut SocketAddr, event: &SocketEvent<'_>) {
        if self.spent >= SHARE || event.cookie == 0 {
            return;
        }
        let begun = Instant::now();
        if let Some(port) = port(event) {
            local.set_port(port);
        }
        self.spent += begun.elapsed();
    }
}

fn port(event: &SocketEvent<'_>) -> Option<u16> {
    let process = open_process(event.actor.pid, event.actor.start_ns)?;
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            std::thread::sleep(PAUSE);
        }
        let listeners = sockets::listeners(&process);
        if let Some(found) = listeners.iter().find(|it| it.inode == event.cookie) {
            return Some(found.local.port());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::event::Actor;
    use crate::event::SocketEnd;
    use crate::event::SocketFlags;
    use crate::event::SocketOperation;

    fn event(pid: u32, cookie: u64) -> SocketEvent<'static> {
        let start = procfs::process::Process::myself().unwrap().stat().unwrap().starttime;
        SocketEvent {
            boot_ns: 0,
            operation: SocketOperation::Listen,
            actor: Actor { pid, start_ns: start * 10_000_000, ..Actor::default() },
            cookie,
            cgroup_id: 0,
            net_namespace: 0,
            family: 2,
            protocol: 6,
            local: SocketEnd::default(),
            remote: SocketEnd::default(),
            result: 0,
            call: None,
            flags: SocketFlags::default(),
        }
    }

    fn found(ports: &mut Ports, pid: u32, cookie: u64) -> u16 {
        let mut local = SocketAddr::from(([0, 0, 0, 0], 0));
        ports.complete(&mut local, &event(pid, cookie));
        local.port()
    }

    #[test]
    fn the_port_is_that_of_the_very_socket() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let inode = rustix::fs::fstat(&socket).unwrap().st_ino;
        let port = socket.local_addr().unwrap().port();
        let me = std::process::id();
        let mut ports = Ports::default();
        assert_eq!(found(&mut ports, me, inode), port);
        assert_eq!(found(&mut ports, me, 0), 0, "which socket is not known");
        assert_eq!(found(&mut ports, u32::MAX, inode), 0, "the process has ended");
        drop(socket);
        assert_eq!(found(&mut ports, me, inode), 0, "the socket is closed");
    }

    #[test]
    fn no_more_time_is_spent_than_there_is() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let inode = rustix::fs::fstat(&socket).unwrap().st_ino;
        let mut ports = Ports { spent: SHARE };
        assert_eq!(found(&mut ports, std::process::id(), inode), 0);
        ports.renew();
        assert_ne!(found(&mut ports, std::process::id(), inode), 0);
    }
}
