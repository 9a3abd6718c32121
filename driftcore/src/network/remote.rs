//! Whom a container is expected to reach.

use std::net::IpAddr;
use std::net::SocketAddr;

use crate::event::PortRange;
use crate::event::Protocol;
use crate::matcher::Network;

/// Addresses and ports that a container may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote {
    /// The addresses; `None`: all.
    pub network: Option<Network>,
    /// The ports, and of which protocol; `None`: all of both.
    pub ports: Option<PortRange>,
}

impl Remote {
    /// What a text names: an address or network, perhaps with ports behind a colon, perhaps with a
    /// protocol behind a slash. `*` stands for all addresses; IPv6 with ports stands in brackets.
    /// `10.0.0.0/8`, `10.0.0.5:5432`, `10.0.0.0/8:80-90/tcp`, `fd00::/8`, `[fd00::/8]:443`,
    /// `*:53/udp`. `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (network, ports) = if let Some(rest) = text.strip_prefix('[') {
            let (network, rest) = rest.split_once(']')?;
            (network, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        } else if text.matches(':').count() == 1 {
            let (network, ports) = text.split_once(':')?;
            (network, Some(ports))
        } else {
            (text, None)
        };
        let ports = match ports {
            Some(ports) => Some(PortRange::parse(ports)?),
            None => None,
        };
        let network = if network == "*" { None } else { Some(parse_network(network)?) };
        Some(Self { network, ports })
    }

    /// Whether that end is among them.
    pub fn contains(&self, protocol: Protocol, remote: SocketAddr) -> bool {
        self.network.is_none_or(|network| network.contains(remote.ip()))
            && self.ports.is_none_or(|ports| ports.contains(protocol, remote.port()))
    }
}

fn parse_network(text: &str) -> Option<Network> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let prefix = match prefix {
        Some(prefix) => prefix.parse().ok().filter(|_| !prefix.starts_with('+'))?,
        None if address.is_ipv4() => 32,
        None => 128,
    };
    Network::new(address, prefix)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn remotes_are_read_with_and_without_ports() {
        let inside = |text: &str, protocol, remote: &str| {
            Remote::parse(text).unwrap().contains(protocol, remote.parse().unwrap())
        };
        use Protocol::Tcp;
        use Protocol::Udp;
        for (text, protocol, remote, expected) in [
            ("10.0.0.0/8", Tcp, "10.1.2.3:1", true),
            ("10.0.0.0/8", Udp, "11.1.2.3:1", false),
            ("10.0.0.5", Tcp, "10.0.0.5:1", true),
            ("10.0.0.5", Tcp, "10.0.0.6:1", false),
            ("10.0.0.5:5432", Tcp, "10.0.0.5:5432", true),
            ("10.0.0.5:5432", Tcp, "10.0.0.5:5433", false),
            ("10.0.0.0/8:80-90/tcp", Tcp, "10.0.0.5:90", true),
            ("10.0.0.0/8:80-90/tcp", Udp, "10.0.0.5:90", false),
            ("fd00::/8", Tcp, "[fd12::1]:1", true),
            ("fd00::1", Tcp, "[fd00::2]:1", false),
            ("[fd00::/8]:443", Tcp, "[fd12::1]:443", true),
            ("[fd00::/8]:443", Tcp, "[fd12::1]:444", false),
            ("[fd00::/8]", Tcp, "[fd12::1]:444", true),
            ("*:53/udp", Udp, "[fd12::1]:53", true),
            ("*:53/udp", Tcp, "1.1.1.1:53", false),
            ("*", Tcp, "1.1.1.1:53", true),
            ("0.0.0.0/0", Tcp, "[fd12::1]:53", false),
        ] {
            assert_eq!(inside(text, protocol, remote), expected, "{text} {remote}");
        }
        for bad in
            ["", ":", "x", "10.0.0.0/33", "10.0.0.0/8:", "10.0.0.1:x", "[fd00::1", "[fd00::1]443"]
        {
            assert_eq!(Remote::parse(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_remote_or_none(text in "[0-9a-f:.*/\\[\\]-]{0,24}") {
            let _ = Remote::parse(&text);
        }
    }
}
