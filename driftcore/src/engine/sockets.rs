//! What was done with sockets.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;

use super::acting::Acting;
use super::acting::Deed;
use super::assemble::Observed;
use super::assemble::Origin;
use super::core::Core;
use super::normality::Done;
use super::normality::is_drift;
use super::proofs::Answered;
use crate::baseline::Deed;
use crate::enrich::Identity;
use crate::enrich::ProcessTable;
use crate::event::Action;
use crate::event::Container;
use crate::event::ContainerDetails;
use crate::event::DriftEvent;
use crate::event::KernelPath;
use crate::event::Kind;
use crate::event::Network;
use crate::event::Protocol;
use crate::event::SocketEnd;
use crate::event::SocketEvent;
use crate::event::SocketFlags;
use crate::event::SocketOperation;
use crate::event::Text;
use crate::event::error_name;
use crate::fields::EventType;
use crate::network::Contact;
use crate::network::Expectations;
use crate::view::LiveFacts;
use crate::view::NetworkFacts;
use crate::view::ObservedFacts;
use crate::view::View;

const AF_UNIX: u16 = 1;
pub(super) const AF_INET: u16 = 2;
pub(super) const AF_INET6: u16 = 10;
pub(super) const IPPROTO_TCP: u16 = 6;
pub(super) const IPPROTO_UDP: u16 = 17;

/// What a socket event says, in the terms that it is reported in.
struct Socket<'a> {
    action: Action,
    event_type: EventType,
    protocol: Protocol,
    ends: Ends<'a>,
    result: i64,
    flags: SocketFlags,
}

/// The ends of a socket.
enum Ends<'a> {
    Internet {
        local: SocketAddr,
        remote: Option<SocketAddr>,
    },
    /// Connected to one that was bound under this path.
    Unix {
        remote: &'a [u8],
    },
}

impl Core {
    /// Takes in what was done with a socket. Allocates nothing where no rule fires and nothing
    /// drifted.
    pub(super) fn socket(&mut self, event: &SocketEvent<'_>, origin: Origin) {
        let mut path = std::mem::take(&mut self.path);
        self.socket_with(event, origin, &mut path);
        self.path = path;
    }

    fn socket_with(&mut self, event: &SocketEvent<'_>, origin: Origin, path: &mut Vec<u8>) {
        let Some(mut socket) = Socket::of(event, path) else { return };
        let lacks_port = socket.lacks_port();
        if let Ends::Internet { local, remote: None } = &mut socket.ends {
            if lacks_port {
                self.ports.complete(local, event);
            }
            if let Some(spots) = &mut self.live_spots {
                spots.insert((event.net_namespace, socket.protocol, *local));
            }
        }
        let before_start = origin == Origin::BeforeStart;
        let container = event.actor.container;
        let time = self.clock.wall(event.boot_ns);
        let acting = Acting::new(&mut self.processes, &event.actor, self.clock);
        if self.waits_for_runtime(container) {
            let by = (Identity::from(&event.actor), event.boot_ns);
            let mut event = DriftEvent::new(time, Kind::Network, socket.action);
            socket.complete(&mut event, &acting, &self.processes);
            event.before_start = before_start;
            let event = Observed { container, event, live: socket.live(&acting), by };
            self.answer(Answered { event, classified: None });
            return;
        }
        let Some(known) = self.containers.get(container) else { return };
        let expectations = self.expectations.load();
        let by_nature = socket.departs(&expectations, &known.container, &known.details);
        let ruling = self.ruling(Done {
            container,
            who: Identity::from(&event.actor),
            exe: acting.program.exe(),
            tainted: acting.tainted,
            time,
            deed: socket.deed(),
            path: b"",
            old_path: b"",
            drift: by_nature,
        });
        let drift = is_drift(by_nature, ruling);
        let ancestors = acting.ancestors(&self.processes);
        let names = self.containers.names(container, event.actor.pid);
        let deed = Deed {
            time,
            number: self.matching.next_number(),
            kind: Kind::Network,
            action: socket.action,
            event_type: socket.event_type,
        };
        let facts = ObservedFacts {
            result: socket.result,
            drift,
            before_start,
            network: Some(socket.facts()),
            ..acting.observed(deed, known, &names, &ancestors, &self.hostname)
        };
        let outcome = self.matching.run(&View::new(facts), time);
        if drift || self.scope.all_events || !outcome.is_empty() {
            let mut event = DriftEvent::new(time, Kind::Network, socket.action);
            socket.complete(&mut event, &acting, &self.processes);
            event.drift = drift;
            event.ruling = ruling;
            event.before_start = before_start;
            event.container = Some((*known.container).clone());
            self.hand_over(&event, &outcome);
        }
    }
}

impl Core {
    /// Judges an event that waited for what its container's runtime declares.
    pub(super) fn judge_socket(&self, event: &mut DriftEvent, details: Option<&ContainerDetails>) {
        let Some(network) = &event.network else { return };
        let (expectations, container) = (self.expectations.load(), event.container.as_ref());
        if let Some(contact) = Contact::of(network) {
            event.drift = expectations.is_drift(&contact, container, details);
        } else if let (Protocol::Unix, Some(remote)) = (network.protocol, &network.remote) {
            event.drift = expectations.is_unix_drift(remote.as_bytes(), container);
        }
    }
}

impl<'a> Socket<'a> {
    /// `None` of a socket that speaks nothing that is reported.
    fn of(event: &SocketEvent<'_>, path: &'a mut Vec<u8>) -> Option<Self> {
        if event.family == AF_UNIX {
            let truncated = event.flags.contains(SocketFlags::CUT);
            KernelPath { components: event.remote.path, truncated }.write_to(path);
            return Some(Self {
                action: Action::Connect,
                event_type: EventType::CONNECT,
                protocol: Protocol::Unix,
                ends: Ends::Unix { remote: path },
                result: event.result,
                flags: event.flags,
            });
        }
        let protocol = match event.protocol {
            IPPROTO_TCP => Protocol::Tcp,
            IPPROTO_UDP => Protocol::Udp,
            _ => return None,
        };
        let datagram = event.flags.contains(SocketFlags::DATAGRAM);
        let (action, event_type) = match event.operation {
            SocketOperation::Listen => (Action::Listen, EventType::LISTEN),
            SocketOperation::Bind => (Action::Bind, EventType::BIND),
            SocketOperation::Connect if datagram => (Action::Connect, EventType::SENDTO),
            SocketOperation::Connect => (Action::Connect, EventType::CONNECT),
            SocketOperation::Accept | SocketOperation::Send => return None,
        };
        let mut local = address(&event.local)?;
        let reaches = event.operation == SocketOperation::Connect;
        let remote = if reaches { Some(address(&event.remote)?) } else { None };
        // An IPv6 socket that nothing is bound to yet, on its way to an IPv4 address.
        if local.ip().is_unspecified() && remote.is_some_and(|remote| remote.is_ipv4()) {
            local.set_ip(Ipv4Addr::UNSPECIFIED.into());
        }
        Some(Self {
            action,
            event_type,
            protocol,
            ends: Ends::Internet { local, remote },
            result: event.result,
            flags: event.flags,
        })
    }

    /// Whether it listens on a port that the kernel had not chosen yet when it was seen.
    fn lacks_port(&self) -> bool {
        matches!(&self.ends, Ends::Internet { local, .. } if local.port() == 0)
            && self.action == Action::Listen
    }

    /// Whether it departs from what is declared.
    fn departs(
        &self,
        expectations: &Expectations,
        container: &Container,
        details: &ContainerDetails,
    ) -> bool {
        match self.ends {
            Ends::Internet { local, remote } => {
                let auto_port = self.flags.contains(SocketFlags::AUTO_PORT);
                let contact = Contact { protocol: self.protocol, local, remote, auto_port };
                expectations.is_drift(&contact, Some(container), Some(details))
            }
            Ends::Unix { remote } => expectations.is_unix_drift(remote, Some(container)),
        }
    }

    /// What baselines say of it, if they do.
    fn deed(&self) -> Option<Deed<'_>> {
        match self.ends {
            Ends::Internet { local, remote } => {
                let auto_port = self.flags.contains(SocketFlags::AUTO_PORT);
                Deed::socket(&Contact { protocol: self.protocol, local, remote, auto_port })
            }
            Ends::Unix { remote } => Some(Deed::ReachesUnix(remote)),
        }
    }

    fn facts(&self) -> NetworkFacts<'_> {
        let (family, local, remote) = match self.ends {
            Ends::Internet { local, remote } => {
                let family = if local.is_ipv4() { AF_INET } else { AF_INET6 };
                (family, end(local), remote.map(end))
            }
            Ends::Unix { remote } => {
                let remote = SocketEnd { path: remote, ..SocketEnd::default() };
                (AF_UNIX, SocketEnd::default(), Some(remote))
            }
        };
        NetworkFacts { protocol: self.protocol, family, local, remote, is_server: remote.is_none() }
    }

    fn live(&self, acting: &Acting<'_>) -> LiveFacts {
        LiveFacts { event_type: Some(self.event_type), result: self.result, ..acting.live() }
    }

    /// Writes it into an event for the outside.
    fn complete(&self, event: &mut DriftEvent, acting: &Acting<'_>, processes: &ProcessTable) {
        let text = |address: SocketAddr| Text::from(address.to_string().into_bytes());
        event.process = Some(acting.process(processes));
        event.tainted = acting.tainted;
        if self.lacks_port() {
            event.truncated.push("network.local".to_owned());
        }
        if self.flags.contains(SocketFlags::CUT) {
            event.truncated.push("network.remote".to_owned());
        }
        let (local, remote) = match self.ends {
            Ends::Internet { local, remote } => (text(local), remote.map(text)),
            Ends::Unix { remote } => (Text::default(), Some(Text::from(remote))),
        };
        event.network = Some(Network {
            protocol: self.protocol,
            local,
            remote,
            result: result(self.result),
            dual: self.flags.contains(SocketFlags::DUAL),
            auto_port: self.flags.contains(SocketFlags::AUTO_PORT),
        });
    }
}

/// The address of an end; an IPv4 address in the form of IPv6 is one of IPv4.
fn address(end: &SocketEnd<'_>) -> Option<SocketAddr> {
    Some(SocketAddr::new(end.ip?.to_canonical(), end.port))
}

fn end(address: SocketAddr) -> SocketEnd<'static> {
    let ip: IpAddr = address.ip();
    SocketEnd { ip: Some(ip), port: address.port(), path: b"" }
}

/// `ok`, or the name of the error.
fn result(result: i64) -> String {
    let number = u32::try_from(result.unsigned_abs()).unwrap_or(u32::MAX);
    match error_name(number) {
        _ if result >= 0 => "ok".to_owned(),
        Some(name) => name.to_owned(),
        None => number.to_string(),
    }
}
