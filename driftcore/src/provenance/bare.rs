//! Files on a root without layers, against what the manifest of the image says of them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use rustix::io::Errno;

use super::Bounds;
use super::Finding;
use super::Lookup;
use super::Proof;
use super::beneath::DeviceCheck;
use super::beneath::Dir;
use super::beneath::Facts;
use super::beneath::FileKind;
use super::beneath::below_root;
use super::compare::Buffers;
use super::compare::Limits;
use super::compare::digest;
use super::layers::next_id;
use super::proof::DEVICE_HIDDEN;
use super::proof::NEVER;
use super::proof::cut_path;
use super::proof::settled;
use crate::event::Container;
use crate::event::FileEvidence;
use crate::event::Inode;
use crate::event::Timestamp;

/// What an image has at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageFile {
    /// A regular file.
    File {
        /// Its size in bytes.
        size: u64,
        /// SHA-256 of its content.
        sha256: [u8; 32],
    },
    /// A directory, a symbolic link or a special file.
    Other,
    /// Nothing.
    Nothing,
}

/// The files of an image by path, asked from several threads.
pub trait ImageFiles: fmt::Debug + Send + Sync {
    /// What the image has at a path, which is absolute and without links.
    fn at(&self, path: &[u8]) -> ImageFile;
}

/// Images of which all files are known, by their digests. A container whose root is no overlay is
/// judged by what is known of its image.
#[derive(Clone, Debug, Default)]
pub struct KnownImages {
    by_digest: HashMap<String, Arc<dyn ImageFiles>>,
}

impl KnownImages {
    /// Takes in an image under a digest: that of its configuration (the image's id) or of its
    /// manifest. What was known under it before is forgotten.
    pub fn insert(&mut self, digest: impl Into<String>, files: Arc<dyn ImageFiles>) {
        self.by_digest.insert(digest.into(), files);
    }

    /// What is known of a container's image. A name never decides: tomorrow it may be another image's.
    pub fn of(&self, container: &Container) -> Option<&Arc<dyn ImageFiles>> {
        let digests = [&container.image_id, &container.image_digest];
        digests.into_iter().flatten().find_map(|digest| self.by_digest.get(digest))
    }

    /// How many digests are known.
    pub fn len(&self) -> usize {
        self.by_digest.len()
    }

    /// True when none is known.
    pub fn is_empty(&self) -> bool {
        self.by_digest.is_empty()
    }
}

/// The root directory of one container that has no layers, and the files of its image. Shared
/// between threads.
#[derive(Debug)]
pub struct BareRoot {
    id: u64,
    directory: PathBuf,
    files: Arc<dyn ImageFiles>,
    container_start: Option<Timestamp>,
}

impl BareRoot {
    /// The root of one container, as a path on the host: the runtime's own mount of it, or
    /// `/proc/PID/root`. Each value gets an [`id`](Self::id) of its own: make one per run of a
    /// container.
    pub fn new(
        directory: PathBuf,
        files: Arc<dyn ImageFiles>,
        container_start: Option<Timestamp>,
    ) -> Self {
        Self { id: next_id(), directory, files, container_start }
    }

    /// Tells this root from all others, and from all [`Layers`](super::Layers), that this process has
    /// seen.
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The files of its image.
    pub fn files(&self) -> &dyn ImageFiles {
        &*self.files
    }

    /// When the container started, where that is known.
    pub const fn container_start(&self) -> Option<Timestamp> {
        self.container_start
    }
}

/// Answers [`Question::NoLayers`](super::Question::NoLayers) by what the image's manifest says of the file's path,
/// and the content of the file.
///
/// The file is opened beneath the root without following any link, and must be the very inode that the
/// kernel saw, with the same size and times, before and after it was read.
#[derive(Debug)]
pub struct ManifestLookup<'a> {
    root: &'a BareRoot,
    bounds: Bounds,
    stop: &'a AtomicBool,
    buffers: Option<Buffers>,
}

impl<'a> ManifestLookup<'a> {
    /// A lookup in this root. Each question gets the whole of `bounds`.
    pub const fn new(root: &'a BareRoot, bounds: Bounds) -> Self {
        Self { root, bounds, stop: &NEVER, buffers: None }
    }

    /// Gives up, between two reads, as soon as `stop` is set.
    #[must_use]
    pub const fn interruptible(mut self, stop: &'a AtomicBool) -> Self {
        self.stop = stop;
        self
    }

    /// Lends the lookup buffers that were used before.
    pub(super) fn with_buffers(mut self, buffers: Option<Buffers>) -> Self {
        self.buffers = buffers;
        self
    }

    /// Gives the buffers back.
    pub(super) fn into_buffers(self) -> Option<Buffers> {
        self.buffers
    }

    fn prove(&mut self, inode: &Inode, path: &[u8]) -> Result<Proof, Cow<'static, str>> {
        let Some(relative) = below_root(path) else { return Ok(cut_path()) };
        let cacheable = settled(inode);
        let found = |finding| Ok(Proof { cacheable, ..Proof::new(finding) });
        let (size, sha256) = match self.root.files.at(path) {
            ImageFile::Nothing => return found(Finding::Absent),
            ImageFile::Other => return found(Finding::NotAFile),
            ImageFile::File { size, sha256 } => (size, sha256),
        };
        if size != inode.size {
            return found(Finding::OtherSize);
        }
        let deadline = Instant::now().checked_add(self.bounds.time);
        let limits = Limits { bounds: self.bounds, deadline, stop: self.stop };
        if let Some(reason) = limits.too_large(size) {
            return Err(reason);
        }
        let located = Dir::open(self.root.directory()).and_then(|root| root.locate(relative));
        let located = located.map_err(|errno| -> Cow<'static, str> {
            match errno {
                Errno::NOENT => "the file is gone from its path".into(),
                errno => format!("the file could not be opened: {errno}").into(),
            }
        })?;
        let check = located.is(inode).filter(|_| located.facts.kind == FileKind::Regular);
        let check = check.ok_or("changed since it was seen")?;
        let file =
            located.open().map_err(|errno| format!("the file could not be opened: {errno}"))?;
        let buffers = self.buffers.get_or_insert_with(Buffers::new);
        let own = digest(&file, size, &limits, buffers)?;
        if Facts::of(&file).is_ok_and(|now| now != located.facts) {
            return Err("changed while it was read".into());
        }
        Ok(Proof {
            finding: if own == sha256 { Finding::Equal } else { Finding::Differs },
            sha256: Some(own),
            cacheable,
            remark: (check == DeviceCheck::NotComparable).then_some(DEVICE_HIDDEN),
        })
    }
}

impl Lookup for ManifestLookup<'_> {
    fn compare_with_lower(&mut self, _: &FileEvidence, _: &[u8]) -> Proof {
        Proof::unproved("the container's layer directories are not known")
    }

    fn look_up_in_image(&mut self, _: &FileEvidence, _: &[u8]) -> Proof {
        Proof::unproved("the container's layer directories are not known")
    }

    fn compare_with_manifest(&mut self, evidence: &FileEvidence, path: &[u8]) -> Proof {
        self.prove(&evidence.inode, path).unwrap_or_else(Proof::unproved)
    }

    fn container_start(&self) -> Option<Timestamp> {
        self.root.container_start()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::fs::File;

    use sha2::Digest;
    use sha2::Sha256;

    use super::*;
    use crate::event::Evidence;
    use crate::event::EvidenceFlags;
    use crate::event::Verdict;
    use crate::provenance::classify;

    #[derive(Debug)]
    struct Files;

    impl ImageFiles for Files {
        fn at(&self, path: &[u8]) -> ImageFile {
            let file = |content: &[u8]| ImageFile::File {
                size: content.len() as u64,
                sha256: Sha256::digest(content).into(),
            };
            match path {
                b"/bin/tool" => file(b"image"),
                b"/bin/directory" => ImageFile::Other,
                b"/bin/large" => ImageFile::File { size: 1 << 20, sha256: [0; 32] },
                _ => ImageFile::Nothing,
            }
        }
    }

    struct World(tempfile::TempDir);

    impl World {
        fn judge(&self, path: &str, content: &[u8]) -> (Verdict, Evidence, bool) {
            let at = self.0.path().join(path.trim_start_matches('/'));
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            fs::write(&at, content).unwrap();
            // Long ago, as far as the clock of files goes.
            std::thread::sleep(std::time::Duration::from_millis(25));
            self.classify(path, Facts::of(&File::open(&at).unwrap()).unwrap().inode())
        }

        fn classify(&self, path: &str, inode: Inode) -> (Verdict, Evidence, bool) {
            let root = BareRoot::new(self.0.path().to_owned(), Arc::new(Files), None);
            let flags = EvidenceFlags::ON_ROOT_SUPERBLOCK.union(EvidenceFlags::ON_ROOT_MOUNT);
            let evidence = FileEvidence { nlink: 1, flags, inode, ..FileEvidence::default() };
            let bounds = Bounds { bytes: 1 << 16, ..Bounds::default() };
            let mut lookup = ManifestLookup::new(&root, bounds);
            let found = classify(&evidence, path.as_bytes(), &mut lookup);
            assert_eq!(lookup.root.id(), root.id());
            (found.provenance.verdict, found.provenance.evidence, found.cacheable)
        }
    }

    #[test]
    fn a_file_is_what_the_manifest_and_its_content_say() {
        let world = World(tempfile::tempdir().unwrap());
        let manifest = Evidence::Manifest;
        assert_eq!(world.judge("/bin/tool", b"image"), (Verdict::Image, manifest, true));
        assert_eq!(world.judge("/bin/tool", b"other"), (Verdict::Modified, manifest, true));
        assert_eq!(world.judge("/bin/tool", b"longer"), (Verdict::Modified, manifest, true));
        assert_eq!(world.judge("/bin/new", b"image"), (Verdict::Added, manifest, true));
        assert_eq!(world.judge("/bin/directory", b"x"), (Verdict::Replaced, manifest, true));
        let large = vec![0; 1 << 20];
        assert_eq!(world.judge("/bin/large", &large), (Verdict::Unknown, Evidence::None, false));
    }

    #[test]
    fn another_file_at_the_path_proves_nothing() {
        let world = World(tempfile::tempdir().unwrap());
        world.judge("/bin/tool", b"image");
        let at = world.0.path().join("bin/tool");
        let inode = Facts::of(&File::open(&at).unwrap()).unwrap().inode();
        let other = Inode { number: inode.number + 1, ..inode };
        let unknown = (Verdict::Unknown, Evidence::None, false);
        assert_eq!(world.classify("/bin/tool", other), unknown);
        fs::remove_file(&at).unwrap();
        assert_eq!(world.classify("/bin/tool", inode), unknown);
        // A link in its place leads nowhere.
        fs::write(world.0.path().join("bin/copy"), b"image").unwrap();
        std::os::unix::fs::symlink("copy", &at).unwrap();
        assert_eq!(world.classify("/bin/tool", inode), unknown);
        assert_eq!(world.classify("bin/tool", inode), unknown);
    }

    #[test]
    fn images_are_known_by_their_digests_alone() {
        let mut images = KnownImages::default();
        images.insert("sha256:a", Arc::new(Files));
        let of = |id: Option<&str>, digest: Option<&str>, name: &str| {
            let container = Container {
                image: Some(name.to_owned()),
                image_id: id.map(str::to_owned),
                image_digest: digest.map(str::to_owned),
                ..Container::default()
            };
            images.of(&container).is_some()
        };
        assert!(of(Some("sha256:a"), None, "x") && of(Some("sha256:b"), Some("sha256:a"), "x"));
        assert!(!of(Some("sha256:b"), None, "sha256:a") && !of(None, None, "sha256:a"));
        assert_eq!((images.len(), images.is_empty()), (1, false));
    }
}
