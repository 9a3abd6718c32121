//! The root of the unified control group hierarchy: programs attached there see the sockets of every
//! process whose control group lies below it, which are all.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;

use procfs::process::Process;

/// Inode number of the initial control group namespace (`PROC_CGROUP_INIT_INO`).
const INITIAL_NAMESPACE: u64 = 0xeffffffb;

/// Opens it.
///
/// # Errors
///
/// Where it is not mounted here, or what is mounted is only a part of it.
pub(super) fn open_root() -> io::Result<File> {
    let namespace = std::fs::metadata("/proc/self/ns/cgroup")?.ino();
    if namespace != INITIAL_NAMESPACE {
        return Err(io::Error::other("this process is in a control group namespace of its own"));
    }
    let none = || io::Error::new(io::ErrorKind::NotFound, "cgroup2 is not mounted");
    File::open(mount_point()?.ok_or_else(none)?)
}

/// Where the whole of it is mounted.
fn mount_point() -> io::Result<Option<PathBuf>> {
    let mounts = Process::myself().and_then(|me| me.mountinfo()).map_err(io::Error::other)?;
    let mut points = mounts
        .into_iter()
        .filter(|mount| mount.fs_type == "cgroup2" && Path::new(&mount.root) == Path::new("/"))
        .map(|mount| mount.mount_point);
    Ok(points.find(|point| point.is_dir()))
}
