//! What a container was seen to do.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::event::Action;
use crate::event::Changed;
use crate::event::DriftEvent;
use crate::event::File;
use crate::event::Kind;
use crate::event::Network;
use crate::event::Protocol;
use crate::event::Text;
use crate::event::Verdict;
use crate::image::Entry;
use crate::image::EntryKind;
use crate::image::FileType;

/// The most directories that are remembered.
const PLACES_MAX: usize = 65_536;
/// The most users.
const USERS_MAX: usize = 1024;
/// Ports below need a capability, unless the namespace says otherwise.
const FIRST_FREE_PORT: u16 = 1024;
const SET_USER_ID: u32 = 0o4000;
const SET_GROUP_ID: u32 = 0o2000;

/// What a container did, as far as it bears on how it could be confined: from events while it ran or
/// recorded ones ([`event`](Self::event)), and from what its upper layer has become
/// ([`entry`](Self::entry)). Takes the memory of the directories that it wrote to, of which 65,536 are
/// remembered; the rest is counted.
#[derive(Clone, Debug, Default)]
pub struct Behaviour {
    /// Directories that were written to, by path without a slash at the end; the root is empty.
    pub(super) places: BTreeMap<Vec<u8>, Place>,
    /// Operations in directories that were too many.
    pub(super) left_out: u64,
    /// Users of processes.
    pub(super) users: BTreeSet<u32>,
    /// Capabilities that were plainly used, and for what.
    pub(super) capabilities: BTreeMap<&'static str, String>,
    /// A program that gives its caller another user's rights.
    pub(super) set_user_id: Option<Text>,
    /// Whether events were looked at at all.
    pub(super) has_events: bool,
}

/// A directory that was written to.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// The container made it.
    pub(super) is_made: bool,
    /// A file of the image was changed or removed in it.
    pub(super) has_image_file: bool,
    pub(super) operations: u64,
    /// One of the paths.
    pub(super) example: Vec<u8>,
}

impl Behaviour {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A user that the container is known to start as.
    pub fn user(&mut self, uid: u32) {
        if self.users.len() < USERS_MAX {
            self.users.insert(uid);
        }
    }

    /// Takes an event in: operations on files, programs, listening sockets, system calls. Whose container it is
    /// of is the caller's to look at.
    pub fn event(&mut self, event: &DriftEvent) {
        self.has_events = true;
        if let Some(process) = event.process.as_ref().filter(|process| process.pid != 0) {
            self.user(process.uid);
        }
        match event.kind {
            Kind::File => self.operation(event),
            Kind::Binary if event.action == Action::Exec => self.program(event.file.as_ref()),
            Kind::Network if matches!(event.action, Action::Listen | Action::Bind) => {
                if let Some(network) = &event.network {
                    self.port(network);
                }
            }
            Kind::Syscall => {
                if let Some(call) = event.call.as_ref().filter(|call| call.result == "ok")
                    && let Some(name) = capability_of_call(&call.name)
                {
                    self.needs(name, || format!("it called {}", call.name));
                }
            }
            _ => {}
        }
    }

    /// Takes in what a scan of the container's upper layer found at a path.
    pub fn entry(&mut self, entry: &Entry) {
        if entry.noise {
            return;
        }
        let path = entry.path.as_bytes();
        let state = entry.after.as_ref().or(entry.before.as_ref());
        let is_directory = state.is_some_and(|state| state.file_type == FileType::Directory);
        match entry.kind {
            EntryKind::Added if is_directory => self.made(path),
            // What was done is to the directory, not to what it stands in.
            EntryKind::Attributes | EntryKind::CopiedUp if is_directory => {
                self.wrote_in(path, path, false);
            }
            EntryKind::Added => self.wrote(path, false),
            _ => self.wrote(path, true),
        }
        if let Some(old_path) = &entry.old_path {
            self.wrote(old_path.as_bytes(), true);
        }
    }

    fn operation(&mut self, event: &DriftEvent) {
        let Some(file) = &event.file else { return };
        let verdict = event.provenance.as_ref().map(|provenance| provenance.verdict);
        let is_elsewhere = matches!(
            verdict,
            Some(Verdict::Host | Verdict::Tmpfs | Verdict::Volume | Verdict::Memfd)
        );
        if event.action == Action::Read || is_elsewhere {
            return;
        }
        if event.action == Action::Attributes && file.changed.contains(&Changed::Owner) {
            self.needs("CHOWN", || format!("it changed the owner of {}", file.path.to_json_str()));
        }
        let is_image = matches!(
            verdict,
            Some(Verdict::Image | Verdict::CopiedUp | Verdict::Modified | Verdict::Replaced)
        );
        self.wrote(file.path.as_bytes(), is_image);
        // Of a link it is the target, which is not written to.
        if event.action == Action::Rename
            && let Some(old_path) = &file.old_path
        {
            self.wrote(old_path.as_bytes(), is_image);
        }
    }

    fn program(&mut self, file: Option<&File>) {
        let Some(file) = file.filter(|_| self.set_user_id.is_none()) else { return };
        let mode = u32::from_str_radix(&file.mode, 8).unwrap_or(0);
        if mode & (SET_USER_ID | SET_GROUP_ID) != 0 {
            self.set_user_id = Some(file.path.clone());
        }
    }

    fn port(&mut self, network: &Network) {
        let is_ip = matches!(network.protocol, Protocol::Tcp | Protocol::Udp);
        let port = network.local.as_str().and_then(|local| local.rsplit_once(':'));
        let port = port.and_then(|(_, port)| port.parse::<u16>().ok());
        if let Some(port) = port.filter(|&port| is_ip && port > 0 && port < FIRST_FREE_PORT) {
            self.needs("NET_BIND_SERVICE", || format!("it took port {port}"));
        }
    }

    fn needs(&mut self, capability: &'static str, why: impl FnOnce() -> String) {
        self.capabilities.entry(capability).or_insert_with(why);
    }

    /// A file was written, made or removed there.
    pub(super) fn wrote(&mut self, path: &[u8], is_image: bool) {
        let end = path.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
        self.wrote_in(path, path.get(..end).unwrap_or_default(), is_image);
    }

    pub(super) fn made(&mut self, path: &[u8]) {
        if let Some(place) = self.place(path) {
            place.is_made = true;
        }
    }

    fn wrote_in(&mut self, path: &[u8], directory: &[u8], is_image: bool) {
        if let Some(place) = self.place(directory) {
            place.operations += 1;
            place.has_image_file |= is_image;
            if place.example.is_empty() {
                place.example = path.to_owned();
            }
        } else if path.starts_with(b"/") {
            self.left_out += 1;
        }
    }

    fn place(&mut self, directory: &[u8]) -> Option<&mut Place> {
        // Paths that could not be read whole lead nowhere.
        if !directory.is_empty() && !directory.starts_with(b"/") {
            return None;
        }
        if self.places.len() >= PLACES_MAX && !self.places.contains_key(directory) {
            return None;
        }
        Some(self.places.entry(directory.to_owned()).or_default())
    }
}

/// The capability that a system call does nothing without, where that is the rule.
fn capability_of_call(name: &str) -> Option<&'static str> {
    Some(match name {
        "mount" | "umount" | "umount2" | "pivot_root" | "setns" | "open_tree" | "move_mount" => {
            "SYS_ADMIN"
        }
        "bpf" => "BPF",
        "chroot" => "SYS_CHROOT",
        "init_module" | "finit_module" | "delete_module" => "SYS_MODULE",
        _ => return None,
    })
}
