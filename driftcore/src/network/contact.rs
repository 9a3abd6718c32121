//! What a socket does, as it is judged.

use std::net::SocketAddr;

use crate::event::Network;
use crate::event::Protocol;
use crate::event::Text;

/// What a socket does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Its own end.
    pub local: SocketAddr,
    /// The other end, of one that reaches out; without, it waits for others.
    pub remote: Option<SocketAddr>,
    /// The kernel chose the local port.
    pub auto_port: bool,
}

impl Contact {
    /// What an event says. `None` where its addresses are none of the Internet's.
    pub fn of(network: &Network) -> Option<Self> {
        let address = |text: &Text| text.as_str()?.parse().ok();
        Some(Self {
            protocol: network.protocol,
            local: address(&network.local)?,
            remote: match &network.remote {
                Some(remote) => Some(address(remote)?),
                None => None,
            },
            auto_port: network.auto_port,
        })
    }
}
