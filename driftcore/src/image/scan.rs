//! Scanning the upper layer of an overlay.

use std::ops::ControlFlow;

use super::Entry;
use super::Problem;
use super::ScanError;
use super::content::Reader;
use super::lower::Image;
use super::marks::Marks;
use super::moves::Moves;
use super::noise::Noise;
use super::users::Users;
use super::walk::Walk;
use crate::container::Layers;
use crate::event::Text;
use crate::provenance::Dir;

/// Largest file that is read by default, in bytes.
const LARGEST: u64 = 4 << 30;
/// How many names are looked at between two words of progress.
const PROGRESS_EVERY: u64 = 1024;

/// Takes what a scan finds. With [`ControlFlow::Break`] it ends the scan.
pub trait Visitor {
    /// A path that differs, or that the upper layer holds though nothing differs. A directory
    /// comes before what is in it; names come in the order of their bytes but for what was
    /// deleted and for directories with more names than a few ten thousand.
    fn entry(&mut self, entry: Entry) -> ControlFlow<()>;

    /// Something that could not be read or compared.
    fn problem(&mut self, problem: Problem) -> ControlFlow<()>;

    /// How far the scan is; called now and then.
    fn progress(&mut self, progress: Progress) -> ControlFlow<()> {
        let _ = progress;
        ControlFlow::Continue(())
    }
}

/// What was done so far, or in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Names that were looked at, in the upper layer and in what it hides of the image.
    pub names: u64,
    /// Bytes of file content that were read.
    pub bytes: u64,
}

/// A comparison of a container with its image by the layers of its overlay.
///
/// Needs the rights to read the layers and their extended attributes in `trusted.*`: root, usually;
/// and `/proc`. It holds a descriptor for each directory on the way down, and one for each layer
/// that has the directory.
#[derive(Clone, Debug)]
pub struct OverlayScan {
    layers: Layers,
    times: bool,
    largest: u64,
    mount_points: Vec<Vec<u8>>,
    users: Users,
}

impl OverlayScan {
    /// A scan of these layers. They need not be mounted.
    pub fn new(layers: &Layers) -> Self {
        Self {
            layers: layers.clone(),
            times: false,
            largest: LARGEST,
            mount_points: Vec::new(),
            users: Users::default(),
        }
    }

    /// Whether a file whose time of modification alone differs counts as changed. No, by default.
    pub const fn times(&mut self, times: bool) -> &mut Self {
        self.times = times;
        self
    }

    /// Largest file whose content is read, in bytes: 4 GiB by default. A larger one whose size
    /// differs from the image's is `modified` without SHA-256, one of equal size is a [`Problem`].
    pub const fn largest(&mut self, bytes: u64) -> &mut Self {
        self.largest = bytes;
        self
    }

    /// The paths in the container at which something is mounted: what the runtime makes there is
    /// [noise](Entry::noise).
    pub fn mount_points<P: AsRef<[u8]>>(
        &mut self,
        paths: impl IntoIterator<Item = P>,
    ) -> &mut Self {
        self.mount_points = paths.into_iter().map(|path| path.as_ref().to_vec()).collect();
        self
    }

    /// The processes that use files of the container: entries [tell](Entry::processes) of them.
    pub fn users(&mut self, users: Users) -> &mut Self {
        self.users = users;
        self
    }

    /// Scans. Returns what was done.
    ///
    /// # Errors
    ///
    /// [`ScanError::Layer`] when a layer's directory cannot be opened: there is no answer without
    /// it. [`ScanError::Stopped`] when the visitor said so.
    pub fn run(&self, visitor: &mut dyn Visitor) -> Result<Progress, ScanError> {
        let marks = Marks::new(self.layers.user_xattrs);
        let image = Image::open(&self.layers.lowers, marks)?;
        let upper = &self.layers.upper;
        let open = || Dir::open(upper).map_err(|errno| ScanError::layer(upper, errno));
        let noise = Noise::new(self.mount_points.iter().map(Vec::as_slice));
        let reader = Reader::new(self.largest);
        let mut out = Out { visitor, noise, users: &self.users, names: 0, reader, silent: false };
        let (mut moves, mut strays) = Moves::collect(open()?, &image, marks, &mut out)?;
        if !strays.is_empty() {
            out.silent = true;
            Walk::new(&image, marks, &moves, self.times, &mut out).seek(open()?, &mut strays)?;
            out.silent = false;
            if strays.left_out > 0 {
                let reason = format!(
                    "{} files that were renamed are told as deleted and added: there are too many",
                    strays.left_out
                );
                out.problem(b"/", reason)?;
            }
            moves.add_files(strays);
        }
        Walk::new(&image, marks, &moves, self.times, &mut out).run(open()?)?;
        Ok(out.progress())
    }
}

/// Where a scan says what it finds.
pub(super) struct Out<'a> {
    visitor: &'a mut dyn Visitor,
    noise: Noise,
    users: &'a Users,
    names: u64,
    pub(super) reader: Reader,
    /// Says nothing: a walk that only looks for something.
    silent: bool,
}

impl Out<'_> {
    pub(super) fn entry(&mut self, mut entry: Entry) -> Result<(), ScanError> {
        if self.silent {
            return Ok(());
        }
        entry.noise = self.noise.made(&entry);
        if entry.after.is_some() {
            entry.processes = self.users.at(entry.path.as_bytes());
        }
        proceed(self.visitor.entry(entry))
    }

    pub(super) fn problem(
        &mut self,
        path: &[u8],
        reason: impl Into<String>,
    ) -> Result<(), ScanError> {
        if self.silent {
            return Ok(());
        }
        let reason = reason.into();
        proceed(self.visitor.problem(Problem { path: Text::from(path), reason, vanished: false }))
    }

    /// A file that went while it was to be looked at.
    pub(super) fn vanished(&mut self, path: &[u8]) -> Result<(), ScanError> {
        if self.silent {
            return Ok(());
        }
        let reason = "vanished while it was scanned".to_owned();
        proceed(self.visitor.problem(Problem { path: Text::from(path), reason, vanished: true }))
    }

    /// Counts a name that is looked at.
    pub(super) fn looked_at(&mut self) -> Result<(), ScanError> {
        self.names += 1;
        if !self.names.is_multiple_of(PROGRESS_EVERY) {
            return Ok(());
        }
        let progress = self.progress();
        proceed(self.visitor.progress(progress))
    }

    const fn progress(&self) -> Progress {
        Progress { names: self.names, bytes: self.reader.read }
    }
}

const fn proceed(flow: ControlFlow<()>) -> Result<(), ScanError> {
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(ScanError::Stopped),
    }
}
