//! Reading what a container's secrets and configuration mounts hold.

use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::AtFlags;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use rustix::fs::StatxFlags;
use rustix::io::Errno;

use super::Secrets;
use super::Volume;
use super::place::Place;
use super::place::places;
use super::tree;
use crate::config::ConfigError;
use crate::config::declared::Declared;
use crate::config::live::First;
use crate::config::live::Host;
use crate::container::Runtimes;

/// Most mounts and paths of one container.
const PLACES: usize = 64;

impl Secrets {
    /// Reads the secrets and configuration files of a container, as its first process sees them, and `paths`
    /// besides: absolute, as the container sees them, each a file, a directory or a mount.
    ///
    /// Reads at most 64 mounts and paths, of each 1,024 files and 32 MiB, of a file 4 MiB; opens nothing but
    /// regular files and directories, on filesystems that need no server, and follows no symbolic link that
    /// leaves them. What is left out is told in the comparison. Keeps digests alone.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NotRunning`] when the container has no first process.
    pub fn read(
        runtimes: &Runtimes,
        declared: &Declared,
        paths: &[PathBuf],
    ) -> Result<Self, ConfigError> {
        Self::visiting(&mut Host::of_mounts(runtimes), declared, paths, &mut |_, _, _| {})
    }

    /// The same, that shows each directory to `visit` before it is read, and each file that is a volume: by the
    /// volume, and whether it is a directory.
    ///
    /// # Errors
    ///
    /// As [`Secrets::read`].
    pub(crate) fn visiting(
        host: &mut Host,
        declared: &Declared,
        paths: &[PathBuf],
        visit: &mut dyn FnMut(&Path, BorrowedFd<'_>, bool),
    ) -> Result<Self, ConfigError> {
        let gone = || ConfigError::NotRunning {
            id: declared.id.clone(),
            reason: "it ended just now".to_owned(),
        };
        let first = First::find(host, declared)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(&first.root, flags, Mode::empty()).map_err(|_| gone())?;
        let mut secrets = Self { namespace: first.namespace, ..Self::default() };
        let mut places = places(&first.mounts, first.runtime(), paths);
        if places.len() > PLACES {
            secrets
                .problems
                .push(format!("more than {PLACES} secrets mounts: the rest is not read"));
            places.truncate(PLACES);
        }
        for place in places {
            secrets.take(&root, place, visit);
        }
        if first.is_there() { Ok(secrets) } else { Err(gone()) }
    }

    fn take(
        &mut self,
        root: &OwnedFd,
        place: Place,
        visit: &mut dyn FnMut(&Path, BorrowedFd<'_>, bool),
    ) {
        let Place { point, kind, mount, is_read_only, refused } = place;
        if let Some(reason) = refused {
            self.problems.push(format!("{}: not read: {reason}", point.display()));
            return;
        }
        let visit: tree::Visit<'_> = &mut |node, is_directory| visit(&point, node, is_directory);
        let read = open(root, &point, mount).and_then(|opened| match opened {
            Some(opened) => tree::read(&opened, visit).map(Some),
            None => Ok(None),
        });
        match read {
            Ok(Some(contents)) => {
                if contents.is_cut {
                    self.problems.push(format!(
                        "{}: more, or larger, files than are read: not all of it is compared",
                        point.display()
                    ));
                }
                self.volumes.push(Volume { point, kind, is_read_only, contents });
            }
            // Something else is mounted there by now, or above it: the mounts tell that.
            Ok(None) => {}
            Err(errno) => {
                self.is_partial = true;
                self.problems.push(format!("{}: {errno}", point.display()));
            }
        }
    }
}

/// Opens a place below the container's root. `None` where that is not the mount that was meant, and where
/// nothing is at a path that was asked for.
fn open(root: &OwnedFd, point: &Path, mount: Option<u64>) -> Result<Option<OwnedFd>, Errno> {
    let relative = point.strip_prefix("/").unwrap_or(point);
    let relative = if relative.as_os_str().is_empty() { Path::new(".") } else { relative };
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let within = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let opened = match rustix::fs::openat2(root, relative, flags, Mode::empty(), within) {
        Ok(opened) => opened,
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
        Err(errno) => return Err(errno),
    };
    let Some(mount) = mount else { return Ok(Some(opened)) };
    let stat = rustix::fs::statx(&opened, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID)?;
    Ok((stat.stx_mnt_id == mount).then_some(opened))
}
