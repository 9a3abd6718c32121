//! A Docker container's state and layers in a directory, without Docker and without a mount.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use driftcore::container::StateRoots;
use driftcore::event::Inode;
use driftcore::provenance::Layers;
use tempfile::TempDir;

/// The container's id.
pub const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Major and minor number of the container's root, as mountinfo and the records have it.
pub(crate) const ROOT_DEVICE: (u32, u32) = (0, 39);

/// A container called `web` with an upper and a lower layer.
#[derive(Debug)]
pub struct Container {
    directory: TempDir,
}

impl Default for Container {
    fn default() -> Self {
        Self::new()
    }
}

impl Container {
    /// Writes the state as Docker does.
    pub fn new() -> Self {
        let container = Self { directory: TempDir::new().unwrap() };
        let config = format!(
            r#"{{"ID":"{ID}","Name":"/web","Driver":"overlay2","Image":"sha256:{ID}",
            "State":{{"Running":true,"StartedAt":"2026-01-01T00:00:00Z"}},
            "Config":{{"Image":"nginx:1.27","Labels":{{"app":"shop"}}}}}}"#
        );
        let docker = "var/lib/docker";
        let store = format!("{docker}/image/overlay2");
        let host = container.directory.path().display();
        // The mount point is where we see it, the layers are where the host does.
        let mountinfo = format!(
            "48 44 0:39 / {host}/{docker}/overlay2/m1/merged rw - overlay overlay \
             rw,lowerdir=/layers/lower,upperdir=/layers/upper,workdir=/layers/work\n"
        );
        for (path, text) in [
            (format!("{docker}/containers/{ID}/config.v2.json"), config.as_str()),
            (format!("{store}/layerdb/mounts/{ID}/mount-id"), "m1"),
            (format!("{store}/repositories.json"), r#"{"Repositories":{}}"#),
            ("proc/self/mountinfo".to_owned(), &mountinfo),
            ("proc/1/mountinfo".to_owned(), ""),
        ] {
            container.write(&path, text.as_bytes());
        }
        fs::create_dir_all(container.path("layers/upper")).unwrap();
        fs::create_dir_all(container.path("layers/lower")).unwrap();
        container
    }

    /// Where the container's runtime keeps its state.
    pub fn roots(&self) -> StateRoots {
        StateRoots {
            host: self.directory.path().to_owned(),
            proc: self.path("proc"),
            ..StateRoots::default()
        }
    }

    /// The layers.
    pub fn layers(&self) -> Layers {
        Layers::new(self.path("layers/upper"), vec![self.path("layers/lower")], None)
    }

    /// Writes a file below `layer` (`upper` or `lower`), returns its inode.
    pub fn file(&self, layer: &str, path: &str, content: &[u8]) -> Inode {
        inode(&self.write(&format!("layers/{layer}/{path}"), content))
    }

    /// Waits until the files' change times are old enough for proofs about them to be kept.
    pub fn settle(&self) {
        std::thread::sleep(Duration::from_millis(60));
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    fn write(&self, path: &str, content: &[u8]) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }
}

fn inode(path: &Path) -> Inode {
    let metadata = fs::symlink_metadata(path).unwrap();
    let device = metadata.dev();
    Inode {
        device: rustix::fs::major(device) << 20 | rustix::fs::minor(device),
        number: metadata.ino(),
        generation: 0,
        size: metadata.size(),
        mtime_ns: metadata.mtime() * 1_000_000_000 + metadata.mtime_nsec(),
        ctime_ns: metadata.ctime() * 1_000_000_000 + metadata.ctime_nsec(),
    }
}
