//! `fd.*` of sockets.

use std::net::SocketAddr;

use super::NetworkFacts;
use super::View;
use super::observation::Text;
use crate::event::SocketEnd;
use crate::fields::Value;

const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// The kind of descriptor.
pub(super) fn kind(network: &NetworkFacts<'_>) -> Value<'static> {
    match network.family {
        AF_UNIX => Value::Text(b"unix"),
        AF_INET => Value::Text(b"ipv4"),
        AF_INET6 => Value::Text(b"ipv6"),
        _ => Value::Missing,
    }
}

/// The same in one character.
pub(super) fn kind_character(network: &NetworkFacts<'_>) -> Value<'static> {
    match network.family {
        AF_UNIX => Value::Text(b"u"),
        AF_INET => Value::Text(b"4"),
        AF_INET6 => Value::Text(b"6"),
        _ => Value::Missing,
    }
}

/// Client and server, as `address:port->address:port`; of one that has no other end, the address that it
/// listens at.
pub(super) fn name<'v>(view: &'v View<'_>, network: &NetworkFacts<'_>) -> Value<'v> {
    let Some(local) = address(&network.local) else { return Value::Missing };
    view.text(Text::SocketName, || match network.remote.as_ref().and_then(address) {
        None => local,
        Some(remote) if network.is_server => format!("{remote}->{local}"),
        Some(remote) => format!("{local}->{remote}"),
    })
}

/// Falco writes IPv6 addresses without brackets.
fn address(end: &SocketEnd<'_>) -> Option<String> {
    match SocketAddr::new(end.ip?, end.port) {
        SocketAddr::V4(address) => Some(address.to_string()),
        SocketAddr::V6(address) => Some(format!("{}:{}", address.ip(), address.port())),
    }
}
