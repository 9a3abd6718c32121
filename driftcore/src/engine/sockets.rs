//! What was done with sockets.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;

use super::acting::Acting;
use super::assemble::Observed;
use super::assemble::Origin;
use super::core::Core;
use super::proofs::Answered;
use crate::enrich::Identity;
use crate::enrich::ProcessTable;
use crate::event::Action;
use crate::event::ContainerDetails;
use crate::event::DriftEvent;
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
use crate::view::LiveFacts;
use crate::view::NetworkFacts;
use crate::view::ObservedFacts;
use crate::view::View;

pub(super) const AF_INET: u16 = 2;
pub(super) const AF_INET6: u16 = 10;
pub(super) const IPPROTO_TCP: u16 = 6;
pub(super) const IPPROTO_UDP: u16 = 17;

/// What a socket event says, in the terms that it is reported in.
struct Socket {
    action: Action,
    event_type: EventType,
    protocol: Protocol,
    local: SocketAddr,
    remote: Option<SocketAddr>,
    result: i64,
    flags: SocketFlags,
}

impl Core {
    /// Takes in what was done with a socket. Allocates nothing where no rule fires and nothing
    /// drifted.
    pub(super) fn socket(&mut self, event: &SocketEvent<'_>, origin: Origin) {
        let Some(mut socket) = Socket::of(event) else { return };
        if socket.lacks_port() {
            self.ports.complete(&mut socket.local, event);
        }
        let before_start = origin == Origin::BeforeStart;
        if let Some(spots) = &mut self.live_spots
            && socket.remote.is_none()
        {
            spots.insert((event.net_namespace, socket.protocol, socket.local));
        }
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
        let drift = self.expectations.load().is_drift(
            &socket.contact(),
            Some(&known.container),
            Some(&known.details),
        );
        let ancestors = acting.ancestors(&self.processes);
        let names = self.containers.names(container, event.actor.pid);
        let facts = ObservedFacts {
            time,
            number: self.matching.next_number(),
            kind: Kind::Network,
            action: socket.action,
            event_type: socket.event_type,
            result: socket.result,
            drift,
            before_start,
            recovered: false,
            container: Some(&known.container),
            details: Some(&known.details),
            accounts: Some(&names),
            process: Some(acting.facts(&ancestors)),
            file: None,
            network: Some(socket.facts()),
            call: None,
            tainted: acting.tainted,
            unproved: false,
            provenance: None,
            hostname: &self.hostname,
        };
        let outcome = self.matching.run(&View::new(facts), time);
        if drift || self.scope.all_events || !outcome.is_empty() {
            let mut event = DriftEvent::new(time, Kind::Network, socket.action);
            socket.complete(&mut event, &acting, &self.processes);
            event.drift = drift;
            event.before_start = before_start;
            event.container = Some((*known.container).clone());
            self.hand_over(&event, &outcome);
        }
    }
}

impl Core {
    /// Judges an event that waited for what its container's runtime declares.
    pub(super) fn judge_socket(&self, event: &mut DriftEvent, details: Option<&ContainerDetails>) {
        if let Some(contact) = event.network.as_ref().and_then(Contact::of) {
            let expectations = self.expectations.load();
            event.drift = expectations.is_drift(&contact, event.container.as_ref(), details);
        }
    }
}

impl Socket {
    /// `None` of a socket that speaks nothing that is reported.
    fn of(event: &SocketEvent<'_>) -> Option<Self> {
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
            local,
            remote,
            result: event.result,
            flags: event.flags,
        })
    }

    /// Whether it listens on a port that the kernel had not chosen yet when it was seen.
    fn lacks_port(&self) -> bool {
        self.action == Action::Listen && self.local.port() == 0
    }

    fn contact(&self) -> Contact {
        Contact {
            protocol: self.protocol,
            local: self.local,
            remote: self.remote,
            auto_port: self.flags.contains(SocketFlags::AUTO_PORT),
        }
    }

    fn facts(&self) -> NetworkFacts<'_> {
        NetworkFacts {
            protocol: self.protocol,
            family: if self.local.is_ipv4() { AF_INET } else { AF_INET6 },
            local: end(self.local),
            remote: self.remote.map(end),
            is_server: self.remote.is_none(),
        }
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
        event.network = Some(Network {
            protocol: self.protocol,
            local: text(self.local),
            remote: self.remote.map(text),
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
