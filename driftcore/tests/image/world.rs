//! Layer directories and overlays mounted over them.

use std::ffi::CString;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use driftcore::container::Layers;
use rustix::mount::MountFlags;
use rustix::mount::UnmountFlags;
use tempfile::TempDir;

/// Layers of an image and of a container, of which overlays are mounted.
pub(crate) struct World {
    directory: TempDir,
    options: &'static str,
    /// Topmost first.
    lowers: Vec<PathBuf>,
}

/// A mounted overlay.
pub(crate) struct Mounted(PathBuf);

impl World {
    /// An image of no layer yet. `options` go to each mount.
    pub(crate) fn new(options: &'static str) -> Self {
        Self { directory: TempDir::new().unwrap(), options, lowers: Vec::new() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn fresh(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        if !path.exists() {
            fs::create_dir(&path).unwrap();
        }
        path
    }

    /// Puts a layer on the image, made by what `change` does to its root.
    pub(crate) fn layer(&mut self, change: impl FnOnce(&Path)) {
        let layer = self.fresh(&format!("l{}", self.lowers.len()));
        if self.lowers.is_empty() {
            change(&layer);
        } else {
            let mounted = self.mount(&layer, "layer").expect("the first mount was allowed");
            change(&mounted.0);
        }
        self.lowers.insert(0, layer);
    }

    /// The container's root, mounted. `None`, with a line that says why, where that is not allowed.
    pub(crate) fn container(&self) -> Option<Mounted> {
        self.mount(&self.fresh("upper"), "container")
    }

    /// Whether this machine lets us mount at all; says so where it does not.
    pub(crate) fn is_allowed(&self) -> bool {
        self.mount(&self.fresh("probe"), "probe").is_some()
    }

    /// The image's root, mounted.
    pub(crate) fn image(&self) -> Mounted {
        // An overlay with nothing to write in has two layers at least.
        let empty = self.fresh("empty").display().to_string();
        let lowers = format!("lowerdir={}:{empty}{}", self.lower_list(), self.options);
        self.mount_with(&lowers, "image").expect("the first mount was allowed")
    }

    fn lower_list(&self) -> String {
        let lowers: Vec<_> = self.lowers.iter().map(|path| path.display().to_string()).collect();
        lowers.join(":")
    }

    fn mount(&self, upper: &Path, name: &str) -> Option<Mounted> {
        let work = self.fresh(&format!("work-{}", upper.file_name().unwrap().display()));
        let data = format!(
            "lowerdir={},upperdir={},workdir={}{}",
            self.lower_list(),
            upper.display(),
            work.display(),
            self.options,
        );
        self.mount_with(&data, name)
    }

    fn mount_with(&self, data: &str, name: &str) -> Option<Mounted> {
        let point = self.fresh(&format!("at-{name}"));
        let data = CString::new(data).unwrap();
        match rustix::mount::mount("overlay", &point, "overlay", MountFlags::empty(), &*data) {
            Ok(()) => Some(Mounted(point)),
            Err(rustix::io::Errno::PERM | rustix::io::Errno::ACCESS) => {
                let test = std::thread::current().name().unwrap_or("a test").to_owned();
                println!("skipped: {test}: needs CAP_SYS_ADMIN to mount an overlay");
                None
            }
            Err(errno) => panic!("no overlay could be mounted with {data:?}: {errno}"),
        }
    }

    pub(crate) fn layers(&self) -> Layers {
        Layers {
            upper: self.path("upper"),
            lowers: self.lowers.clone(),
            user_xattrs: self.options.contains("userxattr"),
        }
    }
}

impl Mounted {
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(&self.0, UnmountFlags::DETACH);
    }
}
