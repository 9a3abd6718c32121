//! What is expected of containers' sockets.

use std::net::IpAddr;

use super::Contact;
use super::Remote;
use crate::event::Container;
use crate::event::ContainerDetails;
use crate::event::PortRange;
use crate::event::Protocol;
use crate::matcher::glob_matches;

/// What is expected of some containers. Without image and label, of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// A pattern of image references (`*`, `?`, `[...]`).
    pub image: Option<String>,
    /// A label that the container has: `key`, or `key=value`.
    pub label: Option<String>,
    /// The ports that it listens on, or binds over UDP. `None`: this says nothing about them; empty:
    /// none at all.
    pub listen: Option<Vec<PortRange>>,
    /// Whom it reaches. `None`: this says nothing about it; empty: nobody.
    pub connect: Option<Vec<Remote>>,
    /// Patterns of the paths of Unix sockets outside, as the host has them, that it connects to. `None`:
    /// this says nothing about them; empty: none at all.
    pub unix: Option<Vec<String>>,
}

impl Expected {
    /// Whether it speaks of this container. Of one whose image or labels are not known, only where
    /// it does not ask for them.
    pub fn is_of(&self, container: Option<&Container>) -> bool {
        speaks_of(self.image.as_deref(), self.label.as_deref(), container)
    }
}

/// Whether a container has an image of this pattern, and this label (`key`, or `key=value`). Of one whose
/// image or labels are not known, only where they are not asked for.
pub(crate) fn speaks_of(
    image: Option<&str>,
    label: Option<&str>,
    container: Option<&Container>,
) -> bool {
    let is_image = image.is_none_or(|pattern| {
        container
            .and_then(|it| it.image.as_ref())
            .is_some_and(|image| glob_matches(pattern.as_bytes(), image.as_bytes()))
    });
    let has_label = label.is_none_or(|label| {
        let (key, value) = match label.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (label, None),
        };
        container
            .and_then(|it| it.labels.get(key))
            .is_some_and(|own| value.is_none_or(|value| own == value))
    });
    is_image && has_label
}

/// All that is expected, beside what containers' runtimes know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectations {
    blocks: Vec<Expected>,
}

impl Expectations {
    /// These; what any of those says that speak of a container is expected of it.
    pub fn new(blocks: Vec<Expected>) -> Self {
        Self { blocks }
    }

    /// Whether it departs from what is declared for this container. Allocates nothing.
    pub fn is_drift(
        &self,
        contact: &Contact,
        container: Option<&Container>,
        details: Option<&ContainerDetails>,
    ) -> bool {
        let end = contact.remote.unwrap_or(contact.local);
        // The host's loopback is another one's too.
        let is_shared = details.is_some_and(|details| details.host_network == Some(true));
        if is_loopback(end.ip()) && !is_shared {
            return false;
        }
        let mine = || self.blocks.iter().filter(|block| block.is_of(container));
        let mut is_declared = false;
        let mut is_expected = false;
        match contact.remote {
            Some(remote) => {
                for remotes in mine().filter_map(|block| block.connect.as_ref()) {
                    is_declared = true;
                    is_expected |= remotes.iter().any(|it| it.contains(contact.protocol, remote));
                }
            }
            None if contact.auto_port && contact.protocol == Protocol::Udp => {}
            None => {
                let declared = details.map(|it| &it.ports).filter(|ports| !ports.is_empty());
                let blocks = mine().filter_map(|block| block.listen.as_ref());
                for ports in declared.into_iter().chain(blocks) {
                    is_declared = true;
                    let port = contact.local.port();
                    is_expected |= ports.iter().any(|it| it.contains(contact.protocol, port));
                }
            }
        }
        is_declared && !is_expected
    }

    /// Whether a connection to a Unix socket outside the container, by the path under which it was
    /// bound, departs from what is declared. Allocates nothing.
    pub fn is_unix_drift(&self, path: &[u8], container: Option<&Container>) -> bool {
        let mut declared = self
            .blocks
            .iter()
            .filter(|block| block.is_of(container))
            .filter_map(|block| block.unix.as_ref())
            .peekable();
        declared.peek().is_some()
            && !declared.flatten().any(|pattern| glob_matches(pattern.as_bytes(), path))
    }
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listens(local: &str) -> Contact {
        let local = local.parse().unwrap();
        Contact { protocol: Protocol::Tcp, local, remote: None, auto_port: false }
    }

    fn reaches(remote: &str) -> Contact {
        Contact { remote: Some(remote.parse().unwrap()), ..listens("10.0.0.9:40000") }
    }

    fn ports(texts: &[&str]) -> Vec<PortRange> {
        texts.iter().map(|text| PortRange::parse(text).unwrap()).collect()
    }

    fn remotes(texts: &[&str]) -> Vec<Remote> {
        texts.iter().map(|text| Remote::parse(text).unwrap()).collect()
    }

    fn web() -> Container {
        Container {
            image: Some("docker.io/library/nginx:1.27".to_owned()),
            labels: [("app".to_owned(), "web".to_owned())].into(),
            ..Container::default()
        }
    }

    #[test]
    fn where_nothing_is_declared_nothing_is_drift() {
        let none = Expectations::default();
        let unknown = ContainerDetails::default();
        for contact in [listens("0.0.0.0:81"), reaches("192.0.2.1:443")] {
            assert!(!none.is_drift(&contact, Some(&web()), Some(&unknown)));
            assert!(!none.is_drift(&contact, None, None));
        }
        // Ports say nothing of connections.
        let exposed = ContainerDetails { ports: ports(&["80/tcp"]), ..unknown };
        assert!(!none.is_drift(&reaches("192.0.2.1:443"), Some(&web()), Some(&exposed)));
    }

    #[test]
    fn a_port_that_is_not_declared_is_drift() {
        let none = Expectations::default();
        let details =
            ContainerDetails { ports: ports(&["80/tcp", "53/udp"]), ..Default::default() };
        let is_drift = |contact: &Contact| none.is_drift(contact, Some(&web()), Some(&details));
        assert!(!is_drift(&listens("0.0.0.0:80")));
        assert!(is_drift(&listens("0.0.0.0:81")));
        assert!(is_drift(&listens("[::]:81")));
        assert!(is_drift(&listens("0.0.0.0:53")), "of the other protocol");
        let bound = Contact { protocol: Protocol::Udp, ..listens("0.0.0.0:53") };
        assert!(!is_drift(&bound));
        let bound = Contact { protocol: Protocol::Udp, ..listens("0.0.0.0:5353") };
        assert!(is_drift(&bound));
        assert!(!is_drift(&Contact { auto_port: true, ..bound }), "the kernel chose it");
        let unbound = Contact { auto_port: true, ..listens("0.0.0.0:40000") };
        assert!(is_drift(&unbound), "whoever chose it, others reach it");
    }

    #[test]
    fn loopback_is_drift_only_where_it_is_the_hosts() {
        let block = Expected { listen: Some(vec![]), connect: Some(vec![]), ..Expected::default() };
        let expectations = Expectations::new(vec![block]);
        let own = ContainerDetails { host_network: Some(false), ..ContainerDetails::default() };
        let shared = ContainerDetails { host_network: Some(true), ..ContainerDetails::default() };
        for contact in [
            listens("127.0.0.1:81"),
            listens("[::1]:81"),
            reaches("127.0.0.2:1"),
            reaches("[::1]:1"),
        ] {
            assert!(!expectations.is_drift(&contact, None, Some(&own)), "{contact:?}");
            assert!(!expectations.is_drift(&contact, None, None), "{contact:?}");
            assert!(expectations.is_drift(&contact, None, Some(&shared)), "{contact:?}");
        }
        assert!(expectations.is_drift(&listens("0.0.0.0:81"), None, Some(&own)));
    }

    #[test]
    fn blocks_speak_of_the_containers_that_they_name() {
        let of = |image: Option<&str>, label: Option<&str>| Expected {
            image: image.map(str::to_owned),
            label: label.map(str::to_owned),
            listen: None,
            connect: Some(remotes(&["10.0.0.0/8", "*:53/udp"])),
            unix: None,
        };
        for (image, label, speaks) in [
            (None, None, true),
            (Some("*/nginx:*"), None, true),
            (Some("*/redis:*"), None, false),
            (None, Some("app"), true),
            (None, Some("app=web"), true),
            (None, Some("app=db"), false),
            (Some("*/nginx:*"), Some("other"), false),
        ] {
            let expectations = Expectations::new(vec![of(image, label)]);
            let is_drift = |contact| expectations.is_drift(&contact, Some(&web()), None);
            assert_eq!(is_drift(reaches("192.0.2.1:443")), speaks, "{image:?} {label:?}");
            assert!(!is_drift(reaches("10.1.1.1:443")));
            assert!(!is_drift(listens("0.0.0.0:81")), "it says nothing of listeners");
        }
        assert!(!of(Some("*"), None).is_of(None), "an image that is not known is none");
    }

    #[test]
    fn unix_sockets_are_drift_where_others_are_declared() {
        let drift = |blocks: Vec<Expected>, path: &[u8]| {
            Expectations::new(blocks).is_unix_drift(path, Some(&web()))
        };
        let block = |unix: &[&str], image: &str| Expected {
            image: Some(image.to_owned()),
            unix: Some(unix.iter().map(|&it| it.to_owned()).collect()),
            ..Expected::default()
        };
        assert!(!drift(vec![], b"/run/docker.sock"), "nothing is declared");
        assert!(!drift(vec![block(&[], "*/redis:*")], b"/run/docker.sock"), "of others");
        assert!(drift(vec![block(&[], "*")], b"/run/docker.sock"), "none is expected");
        let two = vec![block(&["/run/log.sock"], "*"), block(&["/run/app/*"], "*/nginx:*")];
        assert!(!drift(two.clone(), b"/run/log.sock"));
        assert!(!drift(two.clone(), b"/run/app/x"));
        assert!(drift(two, b"/run/docker.sock"));
    }

    #[test]
    fn blocks_and_runtimes_add_up() {
        let block = Expected { listen: Some(ports(&["9000-9010"])), ..Expected::default() };
        let expectations = Expectations::new(vec![block]);
        let details = ContainerDetails { ports: ports(&["80/tcp"]), ..ContainerDetails::default() };
        for (local, expected) in
            [("0.0.0.0:80", false), ("0.0.0.0:9005", false), ("0.0.0.0:81", true)]
        {
            let drift = expectations.is_drift(&listens(local), None, Some(&details));
            assert_eq!(drift, expected, "{local}");
        }
    }
}
