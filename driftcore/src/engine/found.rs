//! Sockets that waited for others before the sensor was there to see it.

use std::net::SocketAddr;

use rustc_hash::FxHashMap;
use rustc_hash::FxHashSet;

use super::assemble::Origin;
use super::core::Core;
use crate::decode::decode;
use crate::enrich::open_process;
use crate::enrich::sockets;
use crate::enrich::sockets::WaitingSocket;
use crate::event::Actor;
use crate::event::ActorFlags;
use crate::event::Event;
use crate::event::Exec;
use crate::event::Protocol;
use crate::event::SocketEnd;
use crate::event::SocketEvent;
use crate::event::SocketFlags;
use crate::event::SocketOperation;
use crate::event::TaskFacts;
use crate::sensor::Wanted;
use crate::wire::RawEvent;

/// Most descriptors that are looked at in all.
const DESCRIPTORS: usize = 1 << 18;
/// The ports that Linux chooses from, unless it is told otherwise. Nobody remembers of a UDP socket
/// whether its port was asked for.
const CHOSEN_PORTS: std::ops::RangeInclusive<u16> = 32_768..=60_999;

/// A socket that waits for others, by what a live event says of it.
pub(super) type Spot = (u32, Protocol, SocketAddr);

/// The spots that live events told of while /proc was read: what is found there is not new.
pub(super) type Spots = FxHashSet<Spot>;

/// Sockets in the network namespaces of containers, until their owners are found.
#[derive(Default)]
struct Unclaimed {
    /// By inode number; with the namespace.
    sockets: FxHashMap<u64, (u32, WaitingSocket)>,
    /// Namespaces whose sockets were read.
    namespaces: FxHashSet<u32>,
}

/// A socket that was found, and one process that holds it.
pub(super) struct Found {
    /// Which record of the sweep tells of the process.
    record: usize,
    namespace: u32,
    socket: WaitingSocket,
    dual: bool,
}

/// Looks for sockets that wait for others, as far as they are asked for, held by the processes that a
/// sweep told of. Where several hold one, the one that started first has it.
pub(super) fn find(records: &[Box<[u8]>], wanted: &Wanted) -> Vec<Found> {
    let tcp = wanted.has_socket(SocketOperation::Listen);
    let udp = wanted.has_socket(SocketOperation::Bind);
    if !tcp && !udp {
        return Vec::new();
    }
    let mut holders: Vec<(usize, Exec<'_>)> =
        records.iter().enumerate().filter_map(|(at, it)| Some((at, exec(it)?))).collect();
    holders.sort_by_key(|(_, exec)| exec.task.start_ns);
    let mut unclaimed = Unclaimed::default();
    for (_, exec) in &holders {
        unclaimed.read(&exec.task, tcp, udp);
    }
    let mut found = Vec::new();
    let mut budget = DESCRIPTORS;
    for (record, exec) in &holders {
        if unclaimed.sockets.is_empty() {
            break;
        }
        unclaimed.claim(*record, &exec.task, &mut budget, &mut found);
    }
    if budget == 0 {
        tracing::warn!("too many open files: sockets from before the start may be missing");
    }
    found
}

fn exec(record: &[u8]) -> Option<Exec<'_>> {
    match decode(&RawEvent::new(record).ok()?) {
        Event::Exec(exec) => Some(exec),
        _ => None,
    }
}

impl Unclaimed {
    /// Reads the sockets of the process's network namespace, where nobody has.
    fn read(&mut self, task: &TaskFacts<'_>, tcp: bool, udp: bool) {
        let namespace = task.namespaces.net;
        if self.namespaces.contains(&namespace) {
            return;
        }
        let Some(process) = open_process(task.pid, task.start_ns) else { return };
        let listeners = if tcp { sockets::listeners(&process) } else { Vec::new() };
        let bound = if udp { sockets::bound(&process) } else { Vec::new() };
        // One that ended meanwhile leaves it to the next.
        if open_process(task.pid, task.start_ns).is_none() {
            return;
        }
        self.namespaces.insert(namespace);
        let all = listeners.into_iter().chain(bound);
        self.sockets.extend(all.map(|socket| (socket.inode, (namespace, socket))));
    }

    /// Hands out what the process holds.
    fn claim(
        &mut self,
        record: usize,
        task: &TaskFacts<'_>,
        budget: &mut usize,
        found: &mut Vec<Found>,
    ) {
        let Some(process) = open_process(task.pid, task.start_ns) else { return };
        for (descriptor, inode) in sockets::held_by(&process, budget) {
            let Some((namespace, socket)) = self.sockets.remove(&inode) else { continue };
            let may_be_dual = socket.protocol == Protocol::Tcp && socket.local.is_ipv6();
            let dual =
                may_be_dual && sockets::takes_both(&process, descriptor, inode) == Some(true);
            found.push(Found { record, namespace, socket, dual });
        }
    }
}

impl Found {
    fn spot(&self) -> Spot {
        let WaitingSocket { protocol, local, .. } = self.socket;
        (self.namespace, protocol, SocketAddr::new(local.ip().to_canonical(), local.port()))
    }

    /// Whether no live event told of it.
    fn is_new(&self, live: &Spots) -> bool {
        !live.contains(&self.spot())
    }

    /// As if it had been seen live.
    fn event<'a>(&self, exec: &Exec<'a>) -> SocketEvent<'a> {
        let WaitingSocket { inode, protocol, local } = self.socket;
        let is_tcp = protocol == Protocol::Tcp;
        let mut flags = if self.dual { SocketFlags::DUAL } else { SocketFlags::default() };
        if !is_tcp && CHOSEN_PORTS.contains(&local.port()) {
            flags = SocketFlags::AUTO_PORT;
        }
        SocketEvent {
            boot_ns: exec.boot_ns,
            operation: if is_tcp { SocketOperation::Listen } else { SocketOperation::Bind },
            actor: actor(&exec.task),
            cookie: inode,
            cgroup_id: exec.task.cgroup_id,
            net_namespace: self.namespace,
            family: if local.is_ipv4() {
                super::sockets::AF_INET
            } else {
                super::sockets::AF_INET6
            },
            protocol: if is_tcp {
                super::sockets::IPPROTO_TCP
            } else {
                super::sockets::IPPROTO_UDP
            },
            local: SocketEnd { ip: Some(local.ip()), port: local.port(), path: b"" },
            remote: SocketEnd::default(),
            result: 0,
            call: None,
            flags,
        }
    }
}

fn actor<'a>(task: &TaskFacts<'a>) -> Actor<'a> {
    Actor {
        container: task.container,
        root_device: task.root_device,
        pid: task.pid,
        tid: task.tid,
        ppid: task.ppid,
        container_pid: task.container_pid,
        container_tid: task.container_tid,
        start_ns: task.start_ns,
        parent_start_ns: task.parent_start_ns,
        exec_id: task.exec_id,
        cap_effective: task.capabilities.effective,
        uid: task.uid,
        gid: task.gid,
        euid: task.euid,
        egid: task.egid,
        loginuid: task.loginuid,
        flags: ActorFlags::default(),
        comm: task.comm,
    }
}

impl Core {
    /// Takes in the sockets that were found, but for those that live events told of.
    pub(super) fn found_sockets(&mut self, records: &[Box<[u8]>], found: &[Found], live: &Spots) {
        for socket in found.iter().filter(|socket| socket.is_new(live)) {
            if let Some(exec) = records.get(socket.record).and_then(|record| exec(record)) {
                self.socket(&socket.event(&exec), Origin::BeforeStart);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(protocol: Protocol, local: &str) -> Found {
        let local = local.parse().unwrap();
        let socket = WaitingSocket { inode: 1, protocol, local };
        Found { record: 0, namespace: 7, socket, dual: false }
    }

    #[test]
    fn what_a_live_event_told_of_is_not_found_again() {
        let live = Spots::from_iter([(7, Protocol::Tcp, "127.0.0.1:80".parse().unwrap())]);
        assert!(!found(Protocol::Tcp, "127.0.0.1:80").is_new(&live));
        assert!(!found(Protocol::Tcp, "[::ffff:127.0.0.1]:80").is_new(&live));
        assert!(found(Protocol::Udp, "127.0.0.1:80").is_new(&live));
        assert!(found(Protocol::Tcp, "127.0.0.1:81").is_new(&live));
        assert!(Found { namespace: 8, ..found(Protocol::Tcp, "127.0.0.1:80") }.is_new(&live));
    }

    #[test]
    fn a_port_that_linux_chooses_from_counts_as_chosen_of_udp_alone() {
        let exec = Exec::default();
        let flags = |protocol, local| found(protocol, local).event(&exec).flags;
        assert_eq!(flags(Protocol::Udp, "0.0.0.0:40000"), SocketFlags::AUTO_PORT);
        assert_eq!(flags(Protocol::Udp, "0.0.0.0:5353"), SocketFlags::default());
        assert_eq!(flags(Protocol::Tcp, "0.0.0.0:40000"), SocketFlags::default());
    }
}
