//! The socket that an event is about.

use driftcore::event::Network;
use driftcore::event::Protocol;
use driftcore::event::Text;

use crate::event::driftcore_event;
use crate::guard::quiet;
use crate::handle;
use crate::sized;
use crate::sized::sized;
use crate::text::driftcore_text;

/// A socket. Texts are borrowed from the event. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_network {
    /// `sizeof(driftcore_network)`, set by the caller.
    pub size: usize,
    /// Its own end: `ip:port`, `[v6]:port`, or the path of a Unix socket.
    pub local: driftcore_text,
    /// The other end, in the same form; absent of one that waits for others.
    pub remote: driftcore_text,
    /// The address of its own end without port and brackets; of a Unix socket its path.
    pub local_address: driftcore_text,
    /// That of the other end; absent of one that waits for others.
    pub remote_address: driftcore_text,
    /// `ok`, or the name of the error, as `ECONNREFUSED`.
    pub result: driftcore_text,
    /// The port of its own end; 0 where it has none, or where none is known.
    pub local_port: u32,
    /// That of the other end.
    pub remote_port: u32,
    /// A `driftcore_family`.
    pub family: u32,
    /// A `driftcore_protocol`.
    pub protocol: u32,
    /// What is so of it: `DRIFTCORE_NETWORK_` bits.
    pub flags: u32,
    /// 1 when nothing that is declared says otherwise; 0 when it departs from that, and so is drift.
    pub expected: u32,
}

/// An IPv6 socket that takes IPv4 too, a bit of `driftcore_network.flags`. New bits may be added.
/// Since 0.1.0.
pub const DRIFTCORE_NETWORK_DUAL: u32 = 1 << 0;
/// The kernel chose the port of its own end: the process had asked for none.
pub const DRIFTCORE_NETWORK_AUTO_PORT: u32 = 1 << 1;

/// Of which family the addresses of a socket are. New values may be added. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_family {
    /// One that this header does not name.
    DRIFTCORE_FAMILY_OTHER = 0,
    /// IPv4; addresses in the form of IPv6 that stand for one of IPv4 too.
    DRIFTCORE_FAMILY_IPV4 = 1,
    /// IPv6.
    DRIFTCORE_FAMILY_IPV6 = 2,
    /// Paths.
    DRIFTCORE_FAMILY_UNIX = 3,
}

/// What a socket speaks. New values may be added. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_protocol {
    /// One that this header does not name.
    DRIFTCORE_PROTOCOL_OTHER = 0,
    /// TCP.
    DRIFTCORE_PROTOCOL_TCP = 1,
    /// UDP.
    DRIFTCORE_PROTOCOL_UDP = 2,
    /// A Unix socket.
    DRIFTCORE_PROTOCOL_UNIX = 3,
}

sized!(driftcore_network {
    local: driftcore_text,
    remote: driftcore_text,
    local_address: driftcore_text,
    remote_address: driftcore_text,
    result: driftcore_text,
    local_port: u32,
    remote_port: u32,
    family: u32,
    protocol: u32,
    flags: u32,
    expected: u32,
} first: 112);

impl From<Protocol> for driftcore_protocol {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Tcp => Self::DRIFTCORE_PROTOCOL_TCP,
            Protocol::Udp => Self::DRIFTCORE_PROTOCOL_UDP,
            Protocol::Unix => Self::DRIFTCORE_PROTOCOL_UNIX,
            _ => Self::DRIFTCORE_PROTOCOL_OTHER,
        }
    }
}

/// One end, taken apart.
struct End<'a> {
    address: &'a [u8],
    port: u16,
    family: driftcore_family,
}

impl<'a> End<'a> {
    /// What is no address with a port stands as it is.
    fn of(text: &'a Text, protocol: Protocol) -> Self {
        let whole = text.as_bytes();
        let family = if protocol == Protocol::Unix {
            driftcore_family::DRIFTCORE_FAMILY_UNIX
        } else {
            driftcore_family::DRIFTCORE_FAMILY_OTHER
        };
        let bare = Self { address: whole, port: 0, family };
        if protocol == Protocol::Unix {
            return bare;
        }
        let Some((address, port)) = text.as_str().and_then(|it| it.rsplit_once(':')) else {
            return bare;
        };
        let Ok(port) = port.parse() else { return bare };
        let inside = address.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        let family = match inside {
            Some(_) => driftcore_family::DRIFTCORE_FAMILY_IPV6,
            None => driftcore_family::DRIFTCORE_FAMILY_IPV4,
        };
        Self { address: inside.unwrap_or(address).as_bytes(), port, family }
    }
}

fn filled(network: &Network, drift: bool) -> driftcore_network {
    let local = End::of(&network.local, network.protocol);
    let remote = network.remote.as_ref().map(|remote| End::of(remote, network.protocol));
    let bit = |is_so: bool, bit: u32| if is_so { bit } else { 0 };
    driftcore_network {
        size: 0,
        local: (&network.local).into(),
        remote: network.remote.as_ref().into(),
        local_address: local.address.into(),
        remote_address: remote.as_ref().map_or(driftcore_text::ABSENT, |it| it.address.into()),
        result: (&*network.result).into(),
        local_port: local.port.into(),
        remote_port: remote.map_or(0, |it| it.port).into(),
        family: local.family as u32,
        protocol: driftcore_protocol::from(network.protocol) as u32,
        flags: bit(network.dual, DRIFTCORE_NETWORK_DUAL)
            | bit(network.auto_port, DRIFTCORE_NETWORK_AUTO_PORT),
        expected: (!drift).into(),
    }
}

/// Fills a record, whose size is set, with the event's socket, and returns 1; 0 when the event has
/// none, or for NULL or a wrong size; then the record
/// is all zero behind its size. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_event_network(
    event: *const driftcore_event,
    network: *mut driftcore_network,
) -> u32 {
    quiet(0, || {
        let event = handle::lend!(event).map(driftcore_event::get);
        let of_event = event.and_then(|event| Some((event.network.as_ref()?, event.drift)));
        let filled = of_event.map(|(of_event, drift)| filled(of_event, drift));
        Some(sized::fill(network, filled))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::network::driftcore_family::*;

    #[test]
    fn ends_are_taken_apart() {
        for (text, protocol, address, port, family) in [
            ("10.0.0.1:80", Protocol::Tcp, "10.0.0.1", 80, DRIFTCORE_FAMILY_IPV4),
            ("[::1]:53", Protocol::Udp, "::1", 53, DRIFTCORE_FAMILY_IPV6),
            ("/run/x.sock", Protocol::Unix, "/run/x.sock", 0, DRIFTCORE_FAMILY_UNIX),
            ("/run/x:80", Protocol::Unix, "/run/x:80", 0, DRIFTCORE_FAMILY_UNIX),
            ("nonsense", Protocol::Tcp, "nonsense", 0, DRIFTCORE_FAMILY_OTHER),
            ("1.2.3.4:99999", Protocol::Tcp, "1.2.3.4:99999", 0, DRIFTCORE_FAMILY_OTHER),
        ] {
            let text = Text::from(text);
            let end = End::of(&text, protocol);
            assert_eq!(end.address, address.as_bytes(), "{text:?}");
            assert_eq!((end.port, end.family), (port, family), "{text:?}");
        }
    }
}
