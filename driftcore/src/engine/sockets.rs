//! What was done with sockets.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;

use super::acting::Acting;
use super::assemble::Observed;
use super::core::Core;
use super::proofs::Answered;
use crate::enrich::ProcessTable;
use crate::event::Action;
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
use crate::view::LiveFacts;
use crate::view::NetworkFacts;
use crate::view::ObservedFacts;
use crate::view::View;

const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const IPPROTO_TCP: u16 = 6;
const IPPROTO_UDP: u16 = 17;

/// What a socket event says, in the terms that it is reported in.
struct Contact {
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
    pub(super) fn socket(&mut self, event: &SocketEvent<'_>) {
        let Some(contact) = Contact::of(event) else { return };
        let container = event.actor.container;
        let time = self.clock.wall(event.boot_ns);
        let acting = Acting::new(&mut self.processes, &event.actor, self.clock);
        if self.waits_for_runtime(container) {
            let mut event = DriftEvent::new(time, Kind::Network, contact.action);
            contact.complete(&mut event, &acting, &self.processes);
            let event = Observed { container, event, live: contact.live(&acting), runs: None };
            self.answer(Answered { event, classified: None });
            return;
        }
        let Some(known) = self.containers.get(container) else { return };
        let drift = false;
        let ancestors = acting.ancestors(&self.processes);
        let names = self.containers.names(container, event.actor.pid);
        let facts = ObservedFacts {
            time,
            number: self.matching.next_number(),
            kind: Kind::Network,
            action: contact.action,
            event_type: contact.event_type,
            result: contact.result,
            drift,
            before_start: false,
            recovered: false,
            container: Some(&known.container),
            details: Some(&known.details),
            accounts: Some(&names),
            process: Some(acting.facts(&ancestors)),
            file: None,
            network: Some(contact.facts()),
            call: None,
            tainted: acting.tainted,
            unproved: false,
            provenance: None,
            hostname: &self.hostname,
        };
        let outcome = self.matching.run(&View::new(facts), time);
        if drift || self.scope.all_events || !outcome.is_empty() {
            let mut event = DriftEvent::new(time, Kind::Network, contact.action);
            contact.complete(&mut event, &acting, &self.processes);
            event.drift = drift;
            event.container = Some((*known.container).clone());
            self.hand_over(&event, &outcome);
        }
    }
}

impl Contact {
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
