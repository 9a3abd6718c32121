//! A security context that what was seen would have allowed.

use serde::Serialize;

use super::behaviour::Behaviour;
use super::mounts;
use crate::event::Text;
use crate::image::Tree;

/// A security context, with the mounts that it takes, which would have allowed what a container was seen to
/// do. Its [`Display`](std::fmt::Display) is YAML for a container of a pod, with a comment why at each line;
/// as JSON it is these fields ([`to_json`](Self::to_json) has the YAML beside them).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Suggestion {
    /// Directories that were written to: as few as hold all, none beneath another.
    pub directories: Vec<WrittenDirectory>,
    /// A file that was written into the root directory itself, where no mount can stand: the root cannot be
    /// read-only.
    pub root_file: Option<Text>,
    /// Operations in directories that were too many to remember.
    pub left_out: u64,
    /// The users of its processes.
    pub users: Vec<u32>,
    /// A program with a set-user-ID or set-group-ID bit that it ran: it may need more privileges than what
    /// started it.
    pub set_user_id: Option<Text>,
    /// Capabilities that it was seen to need. Which others it used is not known.
    pub capabilities: Vec<Needed>,
    /// Whether events were looked at. Without, only what it left in its upper layer is known.
    pub by_events: bool,
    /// What of the container could not be looked at, for people: the first 256.
    pub problems: Vec<String>,
    /// How many more there are.
    pub more_problems: u64,
}

/// A directory that was written to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WrittenDirectory {
    /// Its path.
    pub path: Text,
    /// How many operations, or files in the upper layer, there were in it.
    pub operations: u64,
    /// One of the paths.
    pub example: Text,
    /// How many names of the image an empty directory there would hide, 1,000 at most; `None` where that
    /// is not known.
    pub hides: Option<u64>,
}

/// A capability that is needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Needed {
    /// Its name, as pods have it: `NET_BIND_SERVICE`.
    pub name: &'static str,
    /// What it was needed for, for people.
    pub why: String,
}

impl Behaviour {
    /// What the container could be confined to. With its image at hand, directories are chosen so that what
    /// the image has is not hidden where that can be helped; a tree that cannot be read there is not known.
    pub fn suggest(&self, image: Option<&Tree>) -> Suggestion {
        let (directories, root) = mounts::mounts(&self.places, image);
        let needed = |(&name, why): (&&'static str, &String)| Needed { name, why: why.clone() };
        Suggestion {
            directories,
            root_file: root.map(|root| Text::from(root.example)),
            left_out: self.left_out,
            users: self.users.iter().copied().collect(),
            set_user_id: self.set_user_id.clone(),
            capabilities: self.capabilities.iter().map(needed).collect(),
            by_events: self.has_events,
            problems: Vec::new(),
            more_problems: 0,
        }
    }
}

impl Suggestion {
    /// Its fields, and the same as YAML (`yaml`) and as options of `docker run` (`docker`).
    pub fn to_json(&self) -> serde_json::Value {
        let mut json = serde_json::json!(self);
        json["yaml"] = self.to_string().into();
        json["docker"] = self.docker_options().into();
        json
    }

    /// Whether the root may be read-only.
    pub const fn is_root_read_only(&self) -> bool {
        self.root_file.is_none() && self.left_out == 0
    }

    /// The one user, where it is known and not root.
    pub fn user(&self) -> Option<u32> {
        match self.users.as_slice() {
            [uid] if *uid != 0 => Some(*uid),
            _ => None,
        }
    }

    /// Options of `docker run` that say the same, as far as they can: a path with a colon has no form there.
    pub fn docker_options(&self) -> Vec<String> {
        let mut options = Vec::new();
        if self.is_root_read_only() {
            options.push("--read-only".to_owned());
        }
        for directory in &self.directories {
            if let Some(path) = directory.path.as_str().filter(|path| !path.contains(':')) {
                options.push("--tmpfs".to_owned());
                options.push(path.to_owned());
            }
        }
        options.extend(["--cap-drop", "ALL"].map(str::to_owned));
        for needed in &self.capabilities {
            options.extend(["--cap-add".to_owned(), needed.name.to_owned()]);
        }
        if self.set_user_id.is_none() {
            options.extend(["--security-opt", "no-new-privileges"].map(str::to_owned));
        }
        if let Some(uid) = self.user() {
            options.extend(["--user".to_owned(), uid.to_string()]);
        }
        options
    }
}
