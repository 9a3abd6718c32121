//! Whom a workload reaches.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;

use super::ports::Span;
use super::ports::Transport;
use crate::matcher::Network;
use crate::network::Remote;

/// More addresses of a network (IPv4: 24 bits, IPv6: 64) than this stand for the network.
const HOSTS_MAX: usize = 8;
/// More such networks than this stand for all addresses of their family.
const NETWORKS_MAX: usize = 64;
/// More unprivileged ports of a protocol than this stand for all of them.
const PORTS_MAX: usize = 64;

/// Whom a workload reaches, by port. To add is commutative, associative and idempotent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Remotes {
    ports: BTreeMap<(Transport, Span), Addresses>,
}

/// Addresses of both families.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Addresses {
    v4: Family,
    v6: Family,
}

/// Addresses of one family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Family {
    /// All: then nothing else is in it.
    all: bool,
    /// By network of 24 or 64 bits.
    near: BTreeMap<IpAddr, Hosts>,
    /// Networks of other sizes, which somebody wrote: first address and bits.
    written: BTreeSet<(IpAddr, u8)>,
}

/// Addresses of one network of 24 or 64 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    These(BTreeSet<IpAddr>),
}

/// How many bits the addresses of a near network share.
const fn near_bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 24 } else { 64 }
}

const fn all_bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The network of 24 or 64 bits that an address is in.
fn near(address: IpAddr) -> IpAddr {
    Network::new(address, near_bits(address)).map_or(address, |network| network.address())
}

impl Remotes {
    pub(super) fn insert(&mut self, transport: Transport, remote: SocketAddr) {
        let addresses = Addresses::of(remote.ip(), all_bits(remote.ip()));
        self.insert_at(transport, Span::one(remote.port()), addresses);
    }

    /// Takes in what a text names, of the form of [`Remote`]. False for what is none.
    pub(super) fn parse(&mut self, text: &str) -> bool {
        let Some(Remote { network, ports }) = Remote::parse(text) else { return false };
        let span = ports
            .map_or(Span { first: 0, last: u16::MAX }, |it| Span { first: it.first, last: it.last });
        let addresses = match network {
            Some(network) => Addresses::of(network.address(), network.prefix()),
            None => Addresses { v4: Family::everything(), v6: Family::everything() },
        };
        for transport in Transport::named(ports.and_then(|it| it.protocol)) {
            self.insert_at(transport, span, addresses.clone());
        }
        true
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (port, addresses) in other.ports {
            self.ports.entry(port).or_default().merge(addresses);
        }
        self.settle();
    }

    /// Whether that end is among them. Allocates nothing.
    pub(super) fn contain(&self, transport: Transport, remote: SocketAddr) -> bool {
        let (ip, port) = (remote.ip().to_canonical(), remote.port());
        let begin_before = self
            .ports
            .range((transport, Span { first: 0, last: 0 })..=(transport, Span { first: port, last: u16::MAX }));
        begin_before
            .filter(|((_, span), _)| span.contains(port))
            .any(|(_, addresses)| addresses.contain(ip))
    }

    pub(super) fn len(&self) -> usize {
        self.ports.values().map(Addresses::len).sum()
    }

    /// Each as it is written, in order.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> {
        self.ports.iter().flat_map(|((transport, span), addresses)| {
            addresses.texts().map(move |address| format!("{address}:{span}/{transport}"))
        })
    }

    fn insert_at(&mut self, transport: Transport, span: Span, addresses: Addresses) {
        self.ports.entry((transport, span)).or_default().merge(addresses);
        self.settle();
    }

    fn settle(&mut self) {
        for transport in Transport::BOTH {
            let all = (transport, Span::UNPRIVILEGED);
            let is_free = |port: &(Transport, Span)| port.0 == transport && port.1.is_unprivileged();
            let count = self.ports.keys().filter(|port| is_free(port)).count();
            if count <= PORTS_MAX && !(count > 1 && self.ports.contains_key(&all)) {
                continue;
            }
            let mut together = Addresses::default();
            for (port, addresses) in std::mem::take(&mut self.ports) {
                if is_free(&port) {
                    together.merge(addresses);
                } else {
                    self.ports.insert(port, addresses);
                }
            }
            self.ports.insert(all, together);
        }
    }
}

impl Addresses {
    /// A network of so many bits.
    fn of(address: IpAddr, bits: u8) -> Self {
        // IPv4 in the form of IPv6 is IPv4, as long as all of the network is.
        let (address, bits) = match (address.to_canonical(), bits.checked_sub(96)) {
            (canonical, Some(short)) if canonical.is_ipv4() && address.is_ipv6() => (canonical, short),
            _ => (address, bits),
        };
        let family = Family::of(address, bits);
        match address {
            IpAddr::V4(_) => Self { v4: family, v6: Family::default() },
            IpAddr::V6(_) => Self { v4: Family::default(), v6: family },
        }
    }

    fn merge(&mut self, other: Self) {
        self.v4.merge(other.v4);
        self.v6.merge(other.v6);
    }

    fn contain(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(_) => self.v4.contain(address),
            IpAddr::V6(_) => self.v6.contain(address),
        }
    }

    fn len(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    fn texts(&self) -> impl Iterator<Item = String> {
        let both = self.v4.all && self.v6.all;
        let one = |family: &Family, all: IpAddr| {
            let mut networks = Vec::new();
            if family.all && !both {
                networks.push((all, 0));
            }
            for (near, hosts) in &family.near {
                match hosts {
                    Hosts::All => networks.push((*near, near_bits(*near))),
                    Hosts::These(hosts) => {
                        networks.extend(hosts.iter().map(|host| (*host, all_bits(*host))));
                    }
                }
            }
            networks.extend(&family.written);
            networks
        };
        let v4 = one(&self.v4, Ipv4Addr::UNSPECIFIED.into());
        let v6 = one(&self.v6, Ipv6Addr::UNSPECIFIED.into());
        let networks = v4.into_iter().chain(v6).map(|(address, bits)| {
            match (address, bits == all_bits(address)) {
                (IpAddr::V4(address), true) => address.to_string(),
                (IpAddr::V4(address), false) => format!("{address}/{bits}"),
                (IpAddr::V6(address), true) => format!("[{address}]"),
                (IpAddr::V6(address), false) => format!("[{address}/{bits}]"),
            }
        });
        both.then(|| "*".to_owned()).into_iter().chain(networks)
    }
}

impl Family {
    fn everything() -> Self {
        Self { all: true, ..Self::default() }
    }

    fn of(address: IpAddr, bits: u8) -> Self {
        let mut family = Self::default();
        if bits == 0 {
            family.all = true;
        } else if bits == near_bits(address) {
            family.near.insert(near(address), Hosts::All);
        } else if bits == all_bits(address) {
            family.near.insert(near(address), Hosts::These([address].into()));
        } else {
            family.written.insert((address, bits));
        }
        family
    }

    fn merge(&mut self, other: Self) {
        self.all |= other.all;
        self.written.extend(other.written);
        for (network, hosts) in other.near {
            let own = self.near.entry(network).or_insert(Hosts::These(BTreeSet::new()));
            match (&mut *own, hosts) {
                (Hosts::These(own), Hosts::These(other)) => own.extend(other),
                (own, _) => *own = Hosts::All,
            }
            if matches!(own, Hosts::These(hosts) if hosts.len() > HOSTS_MAX) {
                *own = Hosts::All;
            }
        }
        if self.all || self.near.len() > NETWORKS_MAX {
            *self = Self::everything();
        }
    }

    fn contain(&self, address: IpAddr) -> bool {
        self.all
            || self.near.get(&near(address)).is_some_and(|hosts| match hosts {
                Hosts::All => true,
                Hosts::These(hosts) => hosts.contains(&address),
            })
            || self.written.iter().any(|&(network, bits)| {
                Network::new(network, bits).is_some_and(|network| network.contains(address))
            })
    }

    fn len(&self) -> usize {
        let hosts = self.near.values().map(|hosts| match hosts {
            Hosts::All => 1,
            Hosts::These(hosts) => hosts.len(),
        });
        usize::from(self.all) + hosts.sum::<usize>() + self.written.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn remotes(texts: &[&str]) -> Remotes {
        let mut remotes = Remotes::default();
        for text in texts {
            assert!(remotes.parse(text), "{text}");
        }
        remotes
    }

    fn texts(remotes: &Remotes) -> Vec<String> {
        remotes.texts().collect()
    }

    #[test]
    fn remotes_are_read_written_and_found() {
        let all = remotes(&[
            "10.0.0.5:443/tcp",
            "10.1.0.0/16:5432/tcp",
            "[fd00::/8]:53/udp",
            "[fd00::1]:53/udp",
            "*:123/udp",
            "0.0.0.0/0:80/tcp",
        ]);
        assert_eq!(
            texts(&all),
            [
                "0.0.0.0/0:80/tcp",
                "10.0.0.5:443/tcp",
                "10.1.0.0/16:5432/tcp",
                "[fd00::1]:53/udp",
                "[fd00::/8]:53/udp",
                "*:123/udp",
            ]
        );
        use Transport::Tcp;
        use Transport::Udp;
        for (transport, remote, expected) in [
            (Tcp, "10.0.0.5:443", true),
            (Tcp, "[::ffff:10.0.0.5]:443", true),
            (Udp, "10.0.0.5:443", false),
            (Tcp, "10.0.0.6:443", false),
            (Tcp, "10.0.0.5:444", false),
            (Tcp, "10.1.200.1:5432", true),
            (Udp, "[fd12::9]:53", true),
            (Udp, "[fe80::9]:53", false),
            (Udp, "[fe80::9]:123", true),
            (Tcp, "192.0.2.1:80", true),
            (Tcp, "[fd00::1]:80", false),
        ] {
            assert_eq!(all.contain(transport, remote.parse().unwrap()), expected, "{remote}");
        }
        assert!(!Remotes::default().parse("10.0.0.0/33"));
    }

    #[test]
    fn many_addresses_become_their_network_and_many_networks_all() {
        let mut all = Remotes::default();
        for host in 0..=HOSTS_MAX {
            all.insert(Transport::Tcp, format!("192.0.2.{host}:443").parse().unwrap());
        }
        assert_eq!(texts(&all), ["192.0.2.0/24:443/tcp"]);
        for network in 0..NETWORKS_MAX {
            all.insert(Transport::Tcp, format!("10.0.{network}.1:443").parse().unwrap());
        }
        assert_eq!(texts(&all), ["0.0.0.0/0:443/tcp"]);
    }

    #[test]
    fn many_ports_become_all_that_need_no_privilege() {
        let mut all = remotes(&["10.0.0.1:53/udp"]);
        for port in 0..=PORTS_MAX {
            all.insert(Transport::Udp, format!("10.0.0.1:{}", 40_000 + port).parse().unwrap());
        }
        assert_eq!(texts(&all), ["10.0.0.1:53/udp", "10.0.0.1:1024-65535/udp"]);
        all.insert(Transport::Udp, "10.0.0.2:2000".parse().unwrap());
        assert_eq!(all.len(), 3);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_it_was(
            hosts in proptest::collection::vec((any::<[u8; 4]>(), any::<u16>(), any::<bool>()), 0..40),
            networks in proptest::collection::vec((any::<[u8; 16]>(), 0_u8..=128, any::<u16>()), 0..20),
        ) {
            let mut all = Remotes::default();
            for (ip, port, udp) in hosts {
                let transport = if udp { Transport::Udp } else { Transport::Tcp };
                all.insert(transport, (ip, port).into());
            }
            for (ip, bits, port) in networks {
                let network = Network::new(ip.into(), bits).unwrap();
                all.parse(&format!("[{}/{bits}]:{port}", network.address()));
            }
            let mut again = Remotes::default();
            for text in all.texts() {
                prop_assert!(again.parse(&text), "{}", text);
            }
            prop_assert_eq!(again, all);
        }
    }
}
