//! Ports that somebody declares.

use super::Protocol;

/// Ports of one protocol or of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PortRange {
    /// TCP or UDP; `None`: both.
    pub protocol: Option<Protocol>,
    /// The first one.
    pub first: u16,
    /// The last one.
    pub last: u16,
}

impl PortRange {
    /// The ports that a text names: `80`, `80/tcp`, `8000-8100/udp`. `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (ports, protocol) = match text.split_once('/') {
            Some((ports, protocol)) if protocol.eq_ignore_ascii_case("tcp") => {
                (ports, Some(Protocol::Tcp))
            }
            Some((ports, protocol)) if protocol.eq_ignore_ascii_case("udp") => {
                (ports, Some(Protocol::Udp))
            }
            Some(_) => return None,
            None => (text, None),
        };
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        // What `parse` takes beside digits.
        let port = |text: &str| text.parse().ok().filter(|_| !text.starts_with('+'));
        let (first, last) = (port(first)?, port(last)?);
        (first <= last).then_some(Self { protocol, first, last })
    }

    /// Whether this port of this protocol is among them.
    pub fn contains(&self, protocol: Protocol, port: u16) -> bool {
        self.protocol.is_none_or(|own| own == protocol) && (self.first..=self.last).contains(&port)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ports_are_read_as_runtimes_and_people_write_them() {
        let both = PortRange { protocol: None, first: 80, last: 80 };
        assert_eq!(PortRange::parse("80"), Some(both));
        let tcp = PortRange { protocol: Some(Protocol::Tcp), ..both };
        assert_eq!(PortRange::parse("80/tcp"), Some(tcp));
        assert_eq!(PortRange::parse("80/TCP"), Some(tcp));
        let range = PortRange { protocol: Some(Protocol::Udp), first: 8000, last: 8100 };
        assert_eq!(PortRange::parse("8000-8100/udp"), Some(range));
        for bad in
            ["", "/", "80/", "80/sctp", "x", "80-", "-80", "90-80", "65536", "+80", "80/tcp/udp"]
        {
            assert_eq!(PortRange::parse(bad), None, "{bad:?}");
        }
        assert!(both.contains(Protocol::Udp, 80) && !tcp.contains(Protocol::Udp, 80));
        assert!(range.contains(Protocol::Udp, 8100) && !range.contains(Protocol::Udp, 8101));
    }

    proptest! {
        #[test]
        fn any_text_is_ports_or_none(text in "\\PC{0,12}") {
            let _ = PortRange::parse(&text);
        }
    }
}
