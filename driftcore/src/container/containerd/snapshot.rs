//! The layers of a container that is not mounted, as containerd's overlay snapshotter keeps them.
//!
//! Its database is laid out by `snapshots/storage/bolt.go` of containerd's sources: for each snapshot a
//! number, which names its directory, and the name of its parent.

use super::super::bolt::Bucket;
use super::super::bolt::Database;
use super::super::bolt::Error;
use super::super::overlay::Layers;
use super::super::roots::ContainerdRoots;
use super::super::roots::StateRoots;
use super::super::state::StateDir;
use super::metadata;

/// The snapshotter that keeps overlays.
const OVERLAYFS: &str = "overlayfs";
/// Its directory below containerd's root.
const DIRECTORY: &str = "io.containerd.snapshotter.v1.overlayfs";
/// Most layers of an image: an overlay takes no more.
const LAYERS: usize = 512;

/// The layers of a container, found by its snapshot. `None` where there is no such container, or
/// another snapshotter keeps it.
///
/// # Errors
///
/// Text that names the file, when a database cannot be read.
pub(in crate::container) fn layers(
    roots: &StateRoots,
    daemon: &ContainerdRoots,
    namespace: &str,
    id: &str,
) -> Result<Option<Layers>, String> {
    let Some(root) = StateDir::open(roots, &daemon.root)? else {
        return Ok(None);
    };
    let Some((snapshotter, name)) = metadata::snapshot(&root, namespace, id)? else {
        return Ok(None);
    };
    let path = format!("{DIRECTORY}/metadata.db");
    let (OVERLAYFS, Some(file)) = (snapshotter.as_str(), root.file(&path)?) else {
        return Ok(None);
    };
    let numbers = Database::new(file).view(|database| chain(database, &name));
    let numbers = numbers.map_err(|error| format!("{}: {error}", root.name(&path)))?;
    let directory = roots.seen(&daemon.root).join(DIRECTORY).join("snapshots");
    let mut paths = numbers.iter().map(|number| directory.join(number.to_string()).join("fs"));
    let Some(upper) = paths.next() else {
        return Ok(None);
    };
    Ok(Some(Layers { upper, lowers: paths.collect(), user_xattrs: false }))
}

/// The numbers of a snapshot and of its parents, topmost first.
fn chain(database: &Bucket<'_>, name: &str) -> Result<Vec<u64>, Error> {
    let mut numbers = Vec::new();
    let mut next = Some(name.to_owned());
    while let Some(name) = next {
        if numbers.len() > LAYERS {
            return Err(Error::Limit { limit: LAYERS as u64, what: "layers" });
        }
        let Some(snapshot) = database.bucket(&["v1", "snapshots", &name])? else {
            return Err(Error::Damaged { page: 0, what: "a snapshot without its parent" });
        };
        let number = snapshot.value("id")?.and_then(|value| varint(&value));
        let Some(number) = number else {
            return Err(Error::Damaged { page: 0, what: "a snapshot without a number" });
        };
        numbers.push(number);
        let parent = snapshot.value("parent")?.filter(|parent| !parent.is_empty());
        next = parent.map(|parent| String::from_utf8_lossy(&parent).into_owned());
    }
    Ok(numbers)
}

/// A number as Go's `binary.PutUvarint` writes it.
fn varint(bytes: &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for (index, &byte) in bytes.iter().enumerate() {
        let shift = u32::try_from(index).ok()?.checked_mul(7).filter(|&shift| shift < 64)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_go_are_read() {
        assert_eq!(varint(&[5]), Some(5));
        assert_eq!(varint(&[0xac, 0x02]), Some(300));
        assert_eq!(varint(&[0x80]), None);
        assert_eq!(varint(&[]), None);
        assert_eq!(varint(&[0xff; 12]), None);
    }
}
