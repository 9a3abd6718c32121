//! Which running processes have files of a container open or mapped.

use std::collections::HashMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::Serialize;

use crate::event::Text;

/// Most files that are remembered.
const FILES: usize = 200_000;
/// Most processes that are told of one file.
const USERS: usize = 16;

/// A process that uses a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct User {
    /// Its id on the host.
    pub pid: u32,
    /// Its name (`comm`).
    pub name: Text,
    /// In what way, the most telling one.
    #[serde(rename = "use")]
    pub how: Use,
}

/// In what way a process uses a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Use {
    /// It runs it: the file is its program.
    Runs,
    /// It has mapped it into its memory, as libraries are.
    Maps,
    /// It has it open.
    Opens,
}

impl Use {
    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Maps => "maps",
            Self::Opens => "opens",
        }
    }
}

/// The files of one filesystem that processes use, by path.
#[derive(Clone, Debug, Default)]
pub struct Users {
    files: HashMap<Vec<u8>, Vec<User>>,
}

impl Users {
    /// Looks through the processes of the host for those whose root is on a filesystem, given by
    /// the device of a [container's root mount](crate::container::RootMount::device), and for the
    /// files that they use of it. `proc` is the proc filesystem, of the host's pid namespace.
    ///
    /// Paths are as the processes see them. Processes that end meanwhile, and files that have no
    /// name any more, are left out. Reads some links for each open or mapped file.
    pub fn of(proc: &Path, device: (u32, u32)) -> Self {
        let mut users = Self::default();
        let Ok(entries) = fs::read_dir(proc) else { return users };
        for entry in entries.flatten() {
            let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
            if let Some(pid) = pid {
                users.add_process(&entry.path(), pid, device);
            }
        }
        users
    }

    /// Who uses the file at a path.
    pub(super) fn at(&self, path: &[u8]) -> Vec<User> {
        self.files.get(path).cloned().unwrap_or_default()
    }

    fn add_process(&mut self, process: &Path, pid: u32, device: (u32, u32)) {
        if !is_on(&process.join("root"), device) {
            return;
        }
        let name = fs::read(process.join("comm")).unwrap_or_default();
        let user = |how| User { pid, name: Text::from(name.trim_ascii_end()), how };
        self.add(&process.join("exe"), device, &user(Use::Runs));
        for (directory, how) in [("map_files", Use::Maps), ("fd", Use::Opens)] {
            let Ok(links) = fs::read_dir(process.join(directory)) else { continue };
            for link in links.flatten() {
                self.add(&link.path(), device, &user(how));
            }
        }
    }

    fn add(&mut self, link: &Path, device: (u32, u32), user: &User) {
        let Ok(path) = fs::read_link(link) else { return };
        let path = path.into_os_string();
        let path = path.as_bytes();
        // A library is mapped in several pieces.
        let known = self.files.get(path);
        let known_user = known.is_some_and(|users| users.iter().any(|known| known.pid == user.pid));
        if !path.starts_with(b"/") || known_user || !is_on(link, device) {
            return;
        }
        if known.is_none() && self.files.len() >= FILES {
            return;
        }
        let users = self.files.entry(path.to_vec()).or_default();
        if users.len() < USERS {
            users.push(user.clone());
        }
    }
}

/// Whether a link in proc leads to a file on the filesystem of this device. It leads to the file
/// itself, whatever has its name.
fn is_on(link: &Path, device: (u32, u32)) -> bool {
    let found = fs::metadata(link).map(|metadata| metadata.dev());
    found.is_ok_and(|found| (rustix::fs::major(found), rustix::fs::minor(found)) == device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_runs_maps_and_opens_files_of_its_root() {
        let device = fs::metadata("/").unwrap().dev();
        let device = (rustix::fs::major(device), rustix::fs::minor(device));
        let held = tempfile::NamedTempFile::new_in(std::env::current_dir().unwrap()).unwrap();
        if !is_on(held.path(), device) {
            println!("skipped: this_process: its files are on another filesystem than its root");
            return;
        }
        let users = Users::of(Path::new("/proc"), device);
        let own = |path: &Path| {
            let path = path.canonicalize().unwrap();
            let users = users.at(path.as_os_str().as_bytes());
            users.into_iter().find(|user| user.pid == std::process::id()).map(|user| user.how)
        };
        assert_eq!(own(&std::env::current_exe().unwrap()), Some(Use::Runs));
        assert_eq!(own(held.path()), Some(Use::Opens));
        let elsewhere = Users::of(Path::new("/proc"), (device.0, device.1 + 1000));
        assert!(elsewhere.files.is_empty());
    }
}
