//! `fd.*` of sockets.

use std::net::IpAddr;

use super::NetworkFacts;
use super::View;
use super::observation::Text;
use crate::event::Protocol;
use crate::event::SocketEnd;
use crate::fields::EventType;
use crate::fields::Value;
use crate::fields::Values;

const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// A value of both ends, or of the one that there is.
pub(super) struct Ends {
    values: [Value<'static>; 2],
    count: usize,
}

impl Ends {
    pub(super) fn new(
        network: Option<&NetworkFacts<'_>>,
        value: impl Fn(&SocketEnd<'_>) -> Value<'static>,
    ) -> Self {
        let mut ends = Self { values: [Value::Missing; 2], count: 0 };
        let found = network.into_iter().flat_map(|it| [Some(it.local), it.remote]).flatten();
        for (place, end) in ends.values.iter_mut().zip(found) {
            *place = value(&end);
            ends.count += usize::from(place.exists());
        }
        ends
    }

    /// As a list, unless there is none.
    pub(super) fn list(&self) -> Value<'_> {
        if self.count == 0 { Value::Missing } else { Value::List(self) }
    }
}

impl Values for Ends {
    fn len(&self) -> usize {
        self.count
    }

    fn get(&self, index: usize) -> Value<'_> {
        self.values.get(index).copied().unwrap_or(Value::Missing)
    }
}

/// The address of an end.
pub(super) fn address(end: &SocketEnd<'_>) -> Value<'static> {
    end.ip.map_or(Value::Missing, Value::Address)
}

/// Its port.
pub(super) fn port(end: &SocketEnd<'_>) -> Value<'static> {
    if end.ip.is_some() { Value::Unsigned(end.port.into()) } else { Value::Missing }
}

/// Of the socket.
pub(super) fn of_socket<'v>(
    view: &'v View<'_>,
    value: impl FnOnce(&'v NetworkFacts<'_>) -> Value<'v>,
) -> Value<'v> {
    view.facts.network.as_ref().map_or(Value::Missing, value)
}

/// Of its own end.
pub(super) fn of_local(
    view: &View<'_>,
    value: impl FnOnce(&SocketEnd<'_>) -> Value<'static>,
) -> Value<'static> {
    view.facts.network.map_or(Value::Missing, |it| value(&it.local))
}

/// Of the other end.
pub(super) fn of_remote(
    view: &View<'_>,
    value: impl FnOnce(&SocketEnd<'_>) -> Value<'static>,
) -> Value<'static> {
    view.facts.network.and_then(|it| it.remote).map_or(Value::Missing, |it| value(&it))
}

/// Of the end that serves.
pub(super) fn of_server(
    view: &View<'_>,
    value: impl FnOnce(&SocketEnd<'_>) -> Value<'static>,
) -> Value<'static> {
    if is_server(view) { of_local(view, value) } else { of_remote(view, value) }
}

/// Of the end that asks.
pub(super) fn of_client(
    view: &View<'_>,
    value: impl FnOnce(&SocketEnd<'_>) -> Value<'static>,
) -> Value<'static> {
    if is_server(view) { of_remote(view, value) } else { of_local(view, value) }
}

fn is_server(view: &View<'_>) -> bool {
    view.facts.network.is_some_and(|it| it.is_server)
}

/// The kind of descriptor, of IPv4, IPv6 and Unix sockets.
pub(super) fn kind<'v>(
    view: &'v View<'_>,
    v4: &'static [u8],
    v6: &'static [u8],
    unix: &'static [u8],
) -> Value<'v> {
    of_socket(view, |it| match (it.family, it.local.ip) {
        (AF_UNIX, _) => Value::Text(unix),
        (AF_INET, _) | (_, Some(IpAddr::V4(_))) => Value::Text(v4),
        (AF_INET6, _) | (_, Some(IpAddr::V6(_))) => Value::Text(v6),
        _ if it.protocol == Protocol::Unix => Value::Text(unix),
        _ => Value::Missing,
    })
}

/// The protocol over IP.
pub(super) fn protocol<'v>(view: &'v View<'_>) -> Value<'v> {
    of_socket(view, |it| match it.protocol {
        Protocol::Tcp | Protocol::Udp => Value::Text(it.protocol.as_str().as_bytes()),
        _ => Value::Missing,
    })
}

/// Both ends, the client's first, or the own one; as Falco writes them.
pub(super) fn name<'v>(view: &'v View<'_>) -> Value<'v> {
    of_socket(view, |it| {
        if it.protocol == Protocol::Unix {
            return Value::Text(it.remote.map_or(it.local.path, |remote| remote.path));
        }
        view.text(Text::SocketName, || {
            let text = |end: &SocketEnd<'_>| {
                end.ip.map_or_else(String::new, |ip| format!("{ip}:{}", end.port))
            };
            match &it.remote {
                Some(remote) if it.is_server => format!("{}->{}", text(remote), text(&it.local)),
                Some(remote) => format!("{}->{}", text(&it.local), text(remote)),
                None => text(&it.local),
            }
        })
    })
}

/// Whether there is a connection.
pub(super) fn connected(view: &View<'_>) -> Value<'static> {
    let is_connect = matches!(
        view.facts.event_type,
        EventType::CONNECT | EventType::ACCEPT | EventType::ACCEPT4
    );
    match view.facts.network {
        Some(_) => Value::Bool(is_connect && view.facts.result >= 0),
        None => Value::Missing,
    }
}
