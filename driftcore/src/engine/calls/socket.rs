//! The socket that a call was made on.

use std::net::SocketAddr;

use crate::event::CallSocket;
use crate::event::Network;
use crate::event::Protocol;
use crate::event::SocketEnd;
use crate::event::Text;
use crate::fields::EventType;
use crate::view::NetworkFacts;

const AF_UNIX: u16 = 1;
const IPPROTO_TCP: u16 = 6;
const IPPROTO_UDP: u16 = 17;

/// As rules see it. Who accepts a connection is its server.
pub(super) fn facts(socket: &CallSocket, event_type: EventType) -> NetworkFacts<'static> {
    NetworkFacts {
        protocol: protocol(socket),
        family: socket.family,
        local: socket.local,
        remote: remote(socket),
        is_server: matches!(event_type, EventType::ACCEPT | EventType::ACCEPT4),
    }
}

/// For the outside.
pub(super) fn network(socket: &CallSocket) -> Network {
    Network {
        protocol: protocol(socket),
        local: text(&socket.local),
        remote: remote(socket).as_ref().map(text),
        result: "ok".to_owned(),
        dual: false,
        auto_port: false,
    }
}

fn protocol(socket: &CallSocket) -> Protocol {
    match (socket.family, socket.protocol) {
        (AF_UNIX, _) => Protocol::Unix,
        (_, IPPROTO_TCP) => Protocol::Tcp,
        (_, IPPROTO_UDP) => Protocol::Udp,
        _ => Protocol::Other,
    }
}

fn remote(socket: &CallSocket) -> Option<SocketEnd<'static>> {
    (socket.remote.port != 0).then_some(socket.remote)
}

fn text(end: &SocketEnd<'_>) -> Text {
    let address = end.ip.map(|ip| SocketAddr::new(ip, end.port).to_string());
    Text::from(address.unwrap_or_default().into_bytes())
}
