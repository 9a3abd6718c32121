//! Ports that a workload waits on.

use std::collections::BTreeSet;
use std::fmt;

use crate::event::PortRange;
use crate::event::Protocol;

/// Ports below this need a privilege to be taken.
const PRIVILEGED: u16 = 1024;
/// More unprivileged ports of a protocol than this stand for all of them.
const PORTS_MAX: usize = 64;

/// What speaks of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Transport {
    Tcp,
    Udp,
}

impl Transport {
    pub(super) const BOTH: [Self; 2] = [Self::Tcp, Self::Udp];

    pub(super) const fn of(protocol: Protocol) -> Option<Self> {
        match protocol {
            Protocol::Tcp => Some(Self::Tcp),
            Protocol::Udp => Some(Self::Udp),
            _ => None,
        }
    }

    /// Those that ports of a declaration are of.
    pub(super) fn named(protocol: Option<Protocol>) -> impl Iterator<Item = Self> {
        let one = protocol.and_then(Self::of);
        Self::BOTH.into_iter().filter(move |it| one.is_none_or(|one| one == *it))
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

/// From the first port to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Span {
    pub(super) first: u16,
    pub(super) last: u16,
}

impl Span {
    /// All that need no privilege.
    pub(super) const UNPRIVILEGED: Self = Self { first: PRIVILEGED, last: u16::MAX };

    pub(super) const fn one(port: u16) -> Self {
        Self { first: port, last: port }
    }

    pub(super) const fn contains(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }

    /// Whether none of it needs a privilege.
    pub(super) const fn is_unprivileged(self) -> bool {
        self.first >= PRIVILEGED
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last } = self;
        if first == last { write!(f, "{first}") } else { write!(f, "{first}-{last}") }
    }
}

/// Ports that are waited on. To add is commutative, associative and idempotent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ports {
    spans: BTreeSet<(Transport, Span)>,
    /// Any that the kernel chose because none was asked for.
    chosen: BTreeSet<Transport>,
}

impl Ports {
    pub(super) fn insert(&mut self, transport: Transport, span: Span) {
        self.spans.insert((transport, span));
        self.settle();
    }

    pub(super) fn insert_chosen(&mut self, transport: Transport) {
        self.chosen.insert(transport);
    }

    /// Takes in what a text names: `80/tcp`, `8000-8100/udp`, `53`, `chosen/tcp`. False for what is none.
    pub(super) fn parse(&mut self, text: &str) -> bool {
        if let Some(protocol) = text.strip_prefix("chosen/") {
            let mut named = Transport::BOTH.into_iter().filter(|it| it.to_string() == protocol);
            return named.next().is_some_and(|it| self.chosen.insert(it) || true);
        }
        let Some(PortRange { protocol, first, last }) = PortRange::parse(text) else {
            return false;
        };
        for transport in Transport::named(protocol) {
            self.spans.insert((transport, Span { first, last }));
        }
        self.settle();
        true
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.spans.extend(other.spans);
        self.chosen.extend(other.chosen);
        self.settle();
    }

    /// Whether this port, which the kernel `chose` or not, is among them. Allocates nothing.
    pub(super) fn contain(&self, transport: Transport, port: u16, chose: bool) -> bool {
        chose && self.chosen.contains(&transport)
            || self.spans.iter().any(|(own, span)| *own == transport && span.contains(port))
    }

    pub(super) fn len(&self) -> usize {
        self.spans.len() + self.chosen.len()
    }

    /// Each as it is written, in order.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> {
        let spans = self.spans.iter().map(|(transport, span)| format!("{span}/{transport}"));
        spans.chain(self.chosen.iter().map(|transport| format!("chosen/{transport}")))
    }

    fn settle(&mut self) {
        for transport in Transport::BOTH {
            let free = |it: &(Transport, Span)| it.0 == transport && it.1.is_unprivileged();
            let all = (transport, Span::UNPRIVILEGED);
            if self.spans.contains(&all) || self.spans.iter().filter(|it| free(it)).count() > PORTS_MAX
            {
                self.spans.retain(|it| !free(it));
                self.spans.insert(all);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(texts: &[&str]) -> Ports {
        let mut ports = Ports::default();
        for text in texts {
            assert!(ports.parse(text), "{text}");
        }
        ports
    }

    #[test]
    fn ports_are_read_written_and_found() {
        let ports = ports(&["80/tcp", "8000-8100/udp", "53", "chosen/tcp"]);
        let texts: Vec<_> = ports.texts().collect();
        assert_eq!(texts, ["53/tcp", "80/tcp", "53/udp", "8000-8100/udp", "chosen/tcp"]);
        use Transport::Tcp;
        use Transport::Udp;
        for (transport, port, chose, expected) in [
            (Tcp, 80, false, true),
            (Udp, 80, false, false),
            (Udp, 8050, false, true),
            (Udp, 53, false, true),
            (Tcp, 40000, true, true),
            (Tcp, 40000, false, false),
            (Udp, 40000, true, false),
        ] {
            assert_eq!(ports.contain(transport, port, chose), expected, "{transport} {port}");
        }
        for bad in ["", "x", "80/sctp", "chosen", "chosen/", "chosen/sctp", "90-80/tcp"] {
            assert!(!Ports::default().parse(bad), "{bad}");
        }
    }

    #[test]
    fn too_many_unprivileged_ports_stand_for_all_of_them() {
        let mut many = ports(&["22/tcp", "5000/udp"]);
        for port in (2000..).take(PORTS_MAX) {
            many.insert(Transport::Tcp, Span::one(port));
        }
        assert_eq!(many.len(), PORTS_MAX + 2);
        many.insert(Transport::Tcp, Span::one(9000));
        let texts: Vec<_> = many.texts().collect();
        assert_eq!(texts, ["22/tcp", "1024-65535/tcp", "5000/udp"]);
    }
}
