//! Scanning the upper layer of an overlay.

use std::ops::ControlFlow;

use super::Entry;
use super::Problem;
use super::ScanError;
use super::ScanOptions;
use super::content::Reader;
use super::lower::Image;
use super::marks::Marks;
use super::moves::Moves;
use super::noise::Noise;
use super::reading::Finished;
use super::reading::Queue;
use super::reading::Slot;
use super::reading::Unfinished;
use super::users::Users;
use super::walk::Walk;
use crate::container::Layers;
use crate::event::Text;
use crate::provenance::Dir;

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

    /// A path that the upper layer holds, absolute: told of each of them, whiteouts and directories
    /// too, before the first entry. It may still prove to be as in the image.
    fn upcoming(&mut self, path: &[u8]) {
        let _ = path;
    }

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
    /// Mount points that a scan of a root directory came to. What lies under them is not seen.
    pub mount_points: u64,
}

/// A comparison of a container with its image by the layers of its overlay.
///
/// Needs the rights to read the layers and their extended attributes in `trusted.*`: root, usually;
/// and `/proc`. It holds a descriptor for each directory on the way down, and one for each layer
/// that has the directory.
#[derive(Clone, Debug)]
pub struct OverlayScan {
    layers: Layers,
    options: ScanOptions,
    whiteout_files: bool,
}

impl OverlayScan {
    /// A scan of these layers, with the default [options](ScanOptions). They need not be mounted.
    pub fn new(layers: &Layers) -> Self {
        Self { layers: layers.clone(), options: ScanOptions::default(), whiteout_files: false }
    }

    /// What is compared, and how.
    pub fn options(&mut self, options: ScanOptions) -> &mut Self {
        self.options = options;
        self
    }

    /// Whether files named `.wh.NAME` mark NAME as deleted, and `.wh..wh..opq` a directory as hiding what is
    /// below: aufs, and fuse-overlayfs where it may make no devices, leave them. On a kernel's overlay
    /// they are files that a container may make, and so they are by default.
    pub const fn whiteout_files(&mut self, whiteout_files: bool) -> &mut Self {
        self.whiteout_files = whiteout_files;
        self
    }

    /// Scans. Returns what was done.
    ///
    /// # Errors
    ///
    /// [`ScanError::Layer`] when a layer's directory cannot be opened: there is no answer without
    /// it. [`ScanError::Stopped`] when the visitor said so.
    pub fn run(&self, visitor: &mut dyn Visitor) -> Result<Progress, ScanError> {
        let marks = Marks::new(self.layers.user_xattrs).with_files(self.whiteout_files);
        let image = Image::open(&self.layers.lowers, marks)?;
        let upper = &self.layers.upper;
        let open = || Dir::open(upper).map_err(|errno| ScanError::layer(upper, errno));
        let times = self.options.times;
        let mut out = Out::new(visitor, &self.options);
        let (mut moves, mut strays) = Moves::collect(open()?, &image, marks, &mut out)?;
        if !strays.is_empty() {
            out.silent = true;
            Walk::new(&image, marks, &moves, times, &mut out).seek(open()?, &mut strays)?;
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
        Walk::new(&image, marks, &moves, times, &mut out).run(open()?)?;
        out.settle(true)?;
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
    queue: Queue,
    /// Says nothing: a walk that only looks for something.
    silent: bool,
    pub(super) mount_points: u64,
}

impl<'a> Out<'a> {
    pub(super) fn new(visitor: &'a mut dyn Visitor, options: &'a ScanOptions) -> Self {
        let ScanOptions { times: _, largest, threads, mount_points, users } = options;
        Self {
            visitor,
            noise: Noise::new(mount_points.iter().map(Text::as_bytes)),
            users,
            names: 0,
            reader: Reader::new(*largest),
            queue: Queue::new(*threads),
            silent: false,
            mount_points: 0,
        }
    }

    /// Tells an entry, behind those that wait.
    pub(super) fn entry(&mut self, entry: Entry) -> Result<(), ScanError> {
        if self.silent {
            return Ok(());
        }
        if self.queue.is_empty() {
            return self.tell_entry(entry);
        }
        self.queue.push(Slot::Entry(Box::new(entry)));
        self.settle(false)
    }

    /// Tells an entry once its content was read.
    pub(super) fn read(&mut self, unfinished: Unfinished) -> Result<(), ScanError> {
        if self.silent {
            return Ok(());
        }
        match self.queue.read(unfinished, &self.reader) {
            Ok(()) => self.settle(false),
            Err(unfinished) => {
                let finished = unfinished.finish(&mut self.reader);
                self.tell(finished)
            }
        }
    }

    /// Tells an entry whose content is known to be the image's.
    pub(super) fn finish(&mut self, unfinished: Unfinished) -> Result<(), ScanError> {
        let finished = unfinished.unread();
        self.tell(finished)
    }

    fn tell(&mut self, Finished { problems, entry }: Finished) -> Result<(), ScanError> {
        for problem in problems {
            self.push_problem(problem)?;
        }
        entry.map_or(Ok(()), |entry| self.entry(entry))
    }

    pub(super) fn problem(
        &mut self,
        path: &[u8],
        reason: impl Into<String>,
    ) -> Result<(), ScanError> {
        self.push_problem(Problem {
            path: Text::from(path),
            reason: reason.into(),
            vanished: false,
        })
    }

    /// A file that went while it was to be looked at.
    pub(super) fn vanished(&mut self, path: &[u8]) -> Result<(), ScanError> {
        let reason = "vanished while it was scanned".to_owned();
        self.push_problem(Problem { path: Text::from(path), reason, vanished: true })
    }

    fn push_problem(&mut self, problem: Problem) -> Result<(), ScanError> {
        if self.silent {
            return Ok(());
        }
        if self.queue.is_empty() {
            return proceed(self.visitor.problem(problem));
        }
        self.queue.push(Slot::Problem(problem));
        self.settle(false)
    }

    fn tell_entry(&mut self, mut entry: Entry) -> Result<(), ScanError> {
        entry.noise = self.noise.made(&entry);
        if entry.after.is_some() {
            entry.processes = self.users.at(entry.path.as_bytes());
        }
        proceed(self.visitor.entry(entry))
    }

    /// Tells what waits, as far as it is there; `all`: to the last.
    pub(super) fn settle(&mut self, all: bool) -> Result<(), ScanError> {
        while let Some(Finished { problems, entry }) = self.queue.next(all) {
            for problem in problems {
                proceed(self.visitor.problem(problem))?;
            }
            if let Some(entry) = entry {
                self.tell_entry(entry)?;
            }
        }
        Ok(())
    }

    pub(super) fn upcoming(&mut self, path: &[u8]) {
        self.visitor.upcoming(path);
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

    pub(super) fn progress(&self) -> Progress {
        let Self { names, mount_points, .. } = *self;
        Progress { names, bytes: self.reader.read(), mount_points }
    }
}

const fn proceed(flow: ControlFlow<()>) -> Result<(), ScanError> {
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(ScanError::Stopped),
    }
}
