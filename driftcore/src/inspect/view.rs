//! A mount namespace, seen through one of its processes.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::InspectError;
use super::facts::Facts;
use super::open::cached;
use super::open::strip;
use super::process::Process;
use crate::container::Mount;

/// What the kernel writes behind the name of an open file whose name is gone.
const DELETED: &[u8] = b" (deleted)";

/// A process that shows its mounts.
#[derive(Debug)]
pub(super) struct View {
    process: Process,
    /// Its root, from the namespace's root on.
    root: Vec<u8>,
}

/// A mount, and where it is in its namespace.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) mount: Mount,
    point: Vec<u8>,
}

impl View {
    pub(super) fn new(process: Process) -> Result<Self, InspectError> {
        let root = process.root_path()?;
        Ok(Self { process, root })
    }

    /// The process.
    pub(super) const fn process(&self) -> &Process {
        &self.process
    }

    /// The path of its root, from the namespace's root on.
    pub(super) fn root(&self) -> &[u8] {
        &self.root
    }

    /// The mount with this id, if the process can reach it.
    pub(super) fn mount(&self, id: u64) -> Option<Placed> {
        // A process that has ended shows nothing.
        let mount = self.process.mounts(|mount| mount.id == id).ok()?.pop()?;
        let point = mount.mount_point.as_os_str().as_bytes();
        let root = self.root.strip_suffix(b"/").unwrap_or(&self.root);
        let point = [root, point].concat();
        Some(Placed { mount, point })
    }

    /// What stands at a path of the namespace, if the kernel knows it without asking a
    /// filesystem, as it does of the name of an open file. Links are not followed. `None` also
    /// on Linux before 5.12.
    fn at(&self, path: &[u8]) -> Option<Facts> {
        let inside = strip(path, &self.root)?;
        let inside = Path::new("/").join(OsStr::from_bytes(inside));
        Facts::of(&cached(self.process.root().ok()?, &inside).ok()?).ok()
    }
}

impl Placed {
    /// The path within the filesystem, of a path in the namespace.
    pub(super) fn inside(&self, path: &[u8]) -> Option<Vec<u8>> {
        let rest = strip(path, &self.point)?;
        let root = self.mount.root.strip_suffix(b"/").unwrap_or(&self.mount.root);
        Some([root, b"/", rest].concat())
    }
}

/// The path of an open file and whether that name is gone. The mark that the kernel adds may be
/// the end of a name as well: what the whole text leads to decides. It is not looked up on disk,
/// since by now anything may be mounted there, also a filesystem that never answers; where that
/// would be needed, the name counts as gone.
pub(super) fn name(text: Vec<u8>, file: &Facts, view: Option<&View>) -> (Vec<u8>, bool) {
    let Some(name) = text.strip_suffix(DELETED) else {
        return (text, false);
    };
    if file.nlink == 0 {
        return (name.to_vec(), true);
    }
    let called_so = view.and_then(|view| view.at(&text)).is_some_and(|found| found.is(file));
    if called_so { (text, false) } else { (name.to_vec(), true) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::fs::File;

    use super::super::facts::path_of;
    use super::*;

    fn own_view() -> View {
        let proc = File::open("/proc").unwrap().into();
        View::new(Process::open(&proc, std::process::id()).unwrap()).unwrap()
    }

    #[test]
    fn a_mount_is_found_by_its_id_and_gives_the_path_inside() {
        let view = own_view();
        let file = tempfile::NamedTempFile::new().unwrap();
        let facts = Facts::of(file.as_file()).unwrap();
        let placed = view.mount(facts.mount).unwrap();
        let path = path_of(file.as_file()).unwrap();
        let inside = placed.inside(&path).unwrap();
        assert!(path.ends_with(inside.strip_prefix(placed.mount.root.as_slice()).unwrap()));
        assert!(view.mount(u64::MAX).is_none());
    }

    #[test]
    fn the_path_inside_begins_at_what_is_mounted() {
        let mut placed =
            own_view().mount(Facts::of(&File::open("/").unwrap()).unwrap().mount).unwrap();
        placed.mount.root = b"/sub".to_vec();
        placed.point = b"/mnt".to_vec();
        assert_eq!(placed.inside(b"/mnt/a/b").unwrap(), b"/sub/a/b");
        assert_eq!(placed.inside(b"/mntx"), None);
        placed.mount.root = b"/".to_vec();
        assert_eq!(placed.inside(b"/mnt/a").unwrap(), b"/a");
    }

    #[test]
    fn a_file_may_be_called_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let view = own_view();
        let named = |path: &Path| {
            let file = File::open(path).unwrap();
            move |view: Option<&View>| {
                let facts = Facts::of(&file).unwrap();
                name(path_of(&file).unwrap(), &facts, view)
            }
        };
        let bytes = |path: &Path| path.canonicalize().unwrap().into_os_string();
        let odd = directory.path().join("x (deleted)");
        fs::write(&odd, "").unwrap();
        let (path, odd_name) = (bytes(&odd), named(&odd));
        assert_eq!(odd_name(Some(&view)), (path.as_bytes().to_vec(), false));

        let gone = directory.path().join("x");
        fs::write(&gone, "").unwrap();
        let (path, gone_name) = (bytes(&gone), named(&gone));
        assert_eq!(gone_name(Some(&view)), (path.as_bytes().to_vec(), false));
        fs::remove_file(&gone).unwrap();
        // Now the kernel's text is the path of the other file.
        assert_eq!(gone_name(Some(&view)), (path.as_bytes().to_vec(), true));
        assert_eq!(gone_name(None), (path.as_bytes().to_vec(), true));
    }
}
