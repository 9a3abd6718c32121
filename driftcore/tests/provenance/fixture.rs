//! Layer directories, an overlay over them, and the evidence that the kernel would give.

use std::fs;
use std::fs::Metadata;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use driftcore::event::EvidenceFlags;
use driftcore::event::FileEvidence;
use driftcore::event::Inode;
use driftcore::provenance::Bounds;
use driftcore::provenance::Classified;
use driftcore::provenance::LayerLookup;
use driftcore::provenance::Layers;
use driftcore::provenance::classify;
use rustix::mount::MountFlags;
use rustix::mount::UnmountFlags;
use tempfile::TempDir;

/// A container's layers: `l0` is the topmost lower one.
pub(crate) struct Container {
    directory: TempDir,
    pub(crate) layers: Arc<Layers>,
    mounted: bool,
}

impl Container {
    /// Layers with these files: layer number, path, content.
    pub(crate) fn new(lowers: usize, files: &[(usize, &str, &[u8])]) -> Self {
        let directory = TempDir::new().unwrap();
        let path = |name: &str| directory.path().join(name);
        let lower: Vec<PathBuf> = (0..lowers).map(|layer| path(&format!("l{layer}"))).collect();
        for directory in ["upper", "work", "merged"].map(path).iter().chain(&lower) {
            fs::create_dir(directory).unwrap();
        }
        let layers = Arc::new(Layers::new(path("upper"), lower, None));
        let container = Self { directory, layers, mounted: false };
        for (layer, path, content) in files {
            write(&container.lower(*layer, path), content);
        }
        container
    }

    /// Mounts the overlay. `None`, with a line that says why, where that is not allowed.
    pub(crate) fn mount(mut self, options: &str) -> Option<Self> {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        let lowers: Vec<_> =
            self.layers.lowers().iter().map(|path| path.display().to_string()).collect();
        let data = format!(
            "lowerdir={},upperdir={},workdir={}{options}\0",
            lowers.join(":"),
            self.layers.upper().display(),
            self.directory.path().join("work").display(),
        );
        let data = std::ffi::CStr::from_bytes_with_nul(data.as_bytes()).unwrap();
        let merged = self.directory.path().join("merged");
        match rustix::mount::mount("overlay", &merged, "overlay", MountFlags::empty(), data) {
            Ok(()) => {
                self.mounted = true;
                Some(self)
            }
            Err(rustix::io::Errno::PERM | rustix::io::Errno::ACCESS) => {
                println!("skipped: {test}: needs CAP_SYS_ADMIN to mount an overlay");
                None
            }
            Err(errno) => panic!("{test}: no overlay could be mounted: {errno}"),
        }
    }

    pub(crate) fn merged(&self, path: &str) -> PathBuf {
        self.directory.path().join("merged").join(path)
    }

    pub(crate) fn upper(&self, path: &str) -> PathBuf {
        self.layers.upper().join(path)
    }

    pub(crate) fn lower(&self, layer: usize, path: &str) -> PathBuf {
        self.layers.lowers()[layer].join(path)
    }

    /// The evidence for a file in the upper layer. `origin`: layer and path of the lower file
    /// that the kernel knows it came from.
    pub(crate) fn upper_evidence(&self, path: &str, origin: Option<(usize, &str)>) -> FileEvidence {
        let upper = fs::symlink_metadata(self.upper(path)).unwrap();
        let lower = origin.map(|(layer, path)| inode_at(&self.lower(layer, path)));
        FileEvidence {
            inode: inode(&upper),
            mode: upper.mode(),
            nlink: 1,
            fs_magic: 0x794c_7630,
            flags: ROOT.union(EvidenceFlags::UPPER_DATA),
            upper: Some(inode(&upper)),
            lower,
            ..FileEvidence::default()
        }
    }

    /// The evidence for a file of the mounted overlay, from what overlay itself left on disk.
    pub(crate) fn evidence(&self, path: &str, origin: Option<(usize, &str)>) -> FileEvidence {
        assert!(self.mounted);
        let merged = fs::metadata(self.merged(path)).unwrap();
        let in_upper = fs::symlink_metadata(self.upper(path))
            .is_ok_and(|metadata| !metadata.file_type().is_char_device());
        let mut evidence = if in_upper {
            // The origin that the test expects must be the one that the kernel noted.
            let noted = xattr(&self.upper(path), "trusted.overlay.origin");
            assert_eq!(noted, origin.is_some(), "origin of {path}");
            self.upper_evidence(path, origin)
        } else {
            let (layer, lower) = origin.unwrap();
            let lower = Some(inode_at(&self.lower(layer, lower)));
            FileEvidence { flags: ROOT, lower, fs_magic: 0x794c_7630, ..FileEvidence::default() }
        };
        if in_upper && xattr(&self.upper(path), "trusted.overlay.metacopy") {
            evidence.flags = evidence.flags.without(EvidenceFlags::UPPER_DATA);
        }
        evidence.nlink = u32::try_from(merged.nlink()).unwrap();
        evidence
    }

    pub(crate) fn classify(&self, evidence: &FileEvidence, path: &str) -> Classified {
        self.classify_within(evidence, path, Bounds::default())
    }

    pub(crate) fn classify_within(
        &self,
        evidence: &FileEvidence,
        path: &str,
        bounds: Bounds,
    ) -> Classified {
        let mut lookup = LayerLookup::new(&self.layers, bounds);
        classify(evidence, format!("/{path}").as_bytes(), &mut lookup)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if self.mounted {
            let merged = self.directory.path().join("merged");
            let _ = rustix::mount::unmount(merged, UnmountFlags::DETACH);
        }
    }
}

const ROOT: EvidenceFlags = EvidenceFlags::ON_ROOT_SUPERBLOCK
    .union(EvidenceFlags::ON_ROOT_MOUNT)
    .union(EvidenceFlags::OVERLAY)
    .union(EvidenceFlags::LAYERS_KNOWN);

pub(crate) fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Long enough for the next change to leave another change time, and for proofs to be kept.
pub(crate) fn settle() {
    std::thread::sleep(Duration::from_millis(40));
}

fn inode_at(path: &Path) -> Inode {
    inode(&fs::symlink_metadata(path).unwrap())
}

fn inode(metadata: &Metadata) -> Inode {
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

fn xattr(path: &Path, name: &str) -> bool {
    rustix::fs::lgetxattr(path, name, &mut [0_u8; 256][..]).is_ok()
}
