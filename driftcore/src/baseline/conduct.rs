//! What of an event a baseline speaks of. Learning and checking ask the same.

use std::fmt;
use std::net::SocketAddr;

use super::origin::Origin;
use super::path::escape;
use super::path::parent;
use super::ports::Transport;
use super::rights::Rights;
use crate::event::Action;
use crate::event::Changed;
use crate::event::DriftEvent;
use crate::event::File;
use crate::event::Kind;
use crate::event::Protocol;
use crate::event::Text;
use crate::event::Verdict;
use crate::network::Contact;

/// Something that a container did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conduct<'a> {
    /// It ran a file: a program, a script or a library.
    Runs { path: &'a [u8], verdict: Verdict, origin: Option<Origin> },
    /// It changed the files of a directory, by a rename of two.
    Writes { directory: &'a [u8], from: Option<&'a [u8]>, rights: Rights },
    /// It waits for others.
    Waits { transport: Transport, port: u16, chosen: bool },
    /// It reaches out.
    Reaches { transport: Transport, remote: SocketAddr },
    /// It reaches a Unix socket outside.
    ReachesUnix(&'a [u8]),
    /// One of its packages was installed, removed or given another version.
    Package { action: Action, manager: &'a str, name: &'a [u8] },
    /// An item of its configuration is this, and was not declared so; `None`: it is not there.
    Configuration { part: &'static str, item: &'a [u8], live: Option<&'a [u8]> },
}

impl<'a> Conduct<'a> {
    /// What an event says. `None` where a baseline says nothing of its kind, where nothing was changed,
    /// and of a path that is not known.
    pub(crate) fn of(event: &'a DriftEvent) -> Option<Self> {
        match event.kind {
            Kind::Binary => {
                let file = event.file.as_ref()?;
                let verdict = event.provenance.as_ref()?.verdict;
                let origin = Origin::of(verdict, file.sha256.as_deref());
                Some(Self::Runs { path: file.path.as_bytes(), verdict, origin })
            }
            Kind::File => {
                let file = event.file.as_ref()?;
                let old_path = file.old_path.as_ref().map(Text::as_bytes);
                let is_change = is_change(event.action, file);
                is_change.then(|| {
                    Self::writes(event.action, file.path.as_bytes(), old_path, &file.changed)
                })?
            }
            Kind::Network => {
                let network = event.network.as_ref()?;
                if network.protocol == Protocol::Unix {
                    return network.remote.as_ref().map(|it| Self::ReachesUnix(it.as_bytes()));
                }
                Self::socket(&Contact::of(network)?)
            }
            Kind::Package => {
                let package = event.package.as_ref()?;
                let (manager, name) = (package.manager.as_str(), package.name.as_bytes());
                Some(Self::Package { action: event.action, manager, name })
            }
            // What is as declared again departs from nothing.
            Kind::Config if !event.ended => {
                let config = event.config.as_ref()?;
                let (item, live) = (config.item.as_bytes(), config.live.as_ref());
                let part = event.action.as_str();
                Some(Self::Configuration { part, item, live: live.map(Text::as_bytes) })
            }
            _ => None,
        }
    }

    /// A file that runs.
    #[cfg(feature = "sensor")]
    pub(crate) fn runs(path: &'a [u8], verdict: Verdict, sha256: Option<[u8; 32]>) -> Self {
        Self::Runs { path, verdict, origin: Origin::of_content(verdict, sha256) }
    }

    /// What was changed. `None` where it is not known in which directory.
    pub(crate) fn writes(
        action: Action,
        path: &'a [u8],
        old_path: Option<&'a [u8]>,
        changed: &[Changed],
    ) -> Option<Self> {
        let mut rights = Rights::WRITE;
        for changed in changed {
            rights = rights.union(match changed {
                Changed::Executable => Rights::EXECUTABLE,
                Changed::Setuid | Changed::Capability => Rights::SETUID,
                _ => Rights::WRITE,
            });
        }
        let from = match old_path {
            Some(path) if action == Action::Rename => Some(parent(path)?),
            _ => None,
        };
        Some(Self::Writes { directory: parent(path)?, from, rights })
    }

    /// What a socket does. `None` of one that stays on loopback, and of a UDP port that the kernel chose:
    /// nobody waits there for others.
    pub(crate) fn socket(contact: &Contact) -> Option<Self> {
        let transport = Transport::of(contact.protocol)?;
        let end = contact.remote.unwrap_or(contact.local);
        if end.ip().to_canonical().is_loopback() {
            return None;
        }
        match contact.remote {
            Some(remote) => Some(Self::Reaches { transport, remote }),
            None if contact.auto_port && transport == Transport::Udp => None,
            None => Some(Self::Waits {
                transport,
                port: contact.local.port(),
                chosen: contact.auto_port,
            }),
        }
    }
}

/// For people.
impl fmt::Display for Conduct<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Runs { path, verdict, origin } => {
                write!(f, "ran {} ({verdict}", escape(path))?;
                match origin {
                    Some(origin @ Origin::Content(_)) => write!(f, ", {origin})"),
                    None => f.write_str(", digest not known)"),
                    Some(_) => f.write_str(")"),
                }
            }
            Self::Writes { directory, from, rights } => {
                let rights = rights.union(Rights::WRITE);
                write!(f, "changed files in {} ({rights})", escape(directory))?;
                from.map_or(Ok(()), |from| write!(f, ", from {}", escape(from)))
            }
            Self::Waits { transport, chosen: true, .. } => {
                write!(f, "waited on a {transport} port that the kernel chose")
            }
            Self::Waits { transport, port, chosen: false } => {
                write!(f, "waited on port {port}/{transport}")
            }
            Self::Reaches { transport, remote } => write!(f, "reached {remote}/{transport}"),
            Self::ReachesUnix(path) => write!(f, "reached the Unix socket {}", escape(path)),
            Self::Package { action, manager, name } => {
                let did = match action {
                    Action::Install => "installed",
                    Action::Remove => "removed",
                    _ => "changed",
                };
                write!(f, "{did} the {manager} package {}", escape(name))
            }
            Self::Configuration { part, item, live } => {
                write!(f, "has {part} {} ", escape(item))?;
                match live {
                    Some(live) => write!(f, "{:?}", escape(live)),
                    None => f.write_str("absent"),
                }
            }
        }
    }
}

/// Whether anything is another than before.
fn is_change(action: Action, file: &File) -> bool {
    match action {
        Action::Create | Action::Delete | Action::Rename | Action::Link => true,
        Action::Modify => file.written != Some(false),
        Action::Attributes => !file.changed.is_empty(),
        _ => false,
    }
}
