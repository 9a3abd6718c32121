//! The content proof: a container's file against the image file in its layers.

use std::borrow::Cow;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use rustix::io::Errno;
use rustix::time::ClockId;

use super::Bounds;
use super::Finding;
use super::Layers;
use super::Lookup;
use super::Proof;
use super::beneath::DeviceCheck;
use super::beneath::Dir;
use super::beneath::Facts;
use super::beneath::FileKind;
use super::beneath::Located;
use super::beneath::below_root;
use super::compare::Buffers;
use super::compare::Limits;
use super::compare::compare;
use super::compare::digest;
use super::layers::InImage;
use super::search::search;
use crate::event::EvidenceFlags;
use crate::event::FileEvidence;
use crate::event::Inode;
use crate::event::Timestamp;

/// Two ticks of the coarsest kernel clock (`CONFIG_HZ=100`): two writes within one may leave
/// the same change time, so a file that was changed a moment ago may change again unseen.
const RACY_NS: i64 = 20_000_000;

/// What is to be told where an inode was taken for the kernel's without its device.
pub(super) const DEVICE_HIDDEN: &str =
    "its filesystem hides the device number, the inode was taken by number and times";

pub(super) static NEVER: AtomicBool = AtomicBool::new(false);

/// Answers a [`Question`](super::Question) by reading the container's layer directories.
///
/// The file is opened beneath the upper directory without following any link, and must be the
/// very inode that the kernel saw at the exec, with the same size and times, before and after
/// it was read. Needs the rights to read the layers (root, usually) and `/proc`.
#[derive(Debug)]
pub struct LayerLookup<'a> {
    layers: &'a Layers,
    bounds: Bounds,
    deadline: Option<Instant>,
    stop: &'a AtomicBool,
    buffers: Option<Buffers>,
    search: Search,
    held: Option<Located>,
}

/// Whether a lookup may search the layers for an inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Search {
    Allowed,
    /// Not here: it may take longer than a small file should.
    Deferred,
    /// It would have been needed.
    Needed,
}

impl<'a> LayerLookup<'a> {
    /// A lookup in these layers. Each question gets the whole of `bounds`.
    pub const fn new(layers: &'a Layers, bounds: Bounds) -> Self {
        Self {
            layers,
            bounds,
            deadline: None,
            stop: &NEVER,
            buffers: None,
            search: Search::Allowed,
            held: None,
        }
    }

    /// Gives up, between two reads, as soon as `stop` is set.
    #[must_use]
    pub const fn interruptible(mut self, stop: &'a AtomicBool) -> Self {
        self.stop = stop;
        self
    }

    /// Gives up at a deadline that several questions have in common, instead of giving each the
    /// time of the bounds.
    #[must_use]
    pub(crate) const fn until(mut self, deadline: Option<Instant>) -> Self {
        self.deadline = deadline;
        self
    }

    /// Takes the upper file that is held already, instead of what is at its path by then.
    #[must_use]
    pub(crate) fn holding(mut self, upper: Option<Located>) -> Self {
        self.held = upper;
        self
    }

    /// Lends the lookup buffers that were used before.
    pub(super) fn with_buffers(mut self, buffers: Buffers) -> Self {
        self.buffers = Some(buffers);
        self
    }

    /// Leaves searches to another lookup; [`Self::needed_search`] says when one is due.
    pub(super) const fn without_search(mut self) -> Self {
        self.search = Search::Deferred;
        self
    }

    /// True when the answer is only missing because a search was not allowed.
    pub(super) fn needed_search(&self) -> bool {
        self.search == Search::Needed
    }

    /// Gives the buffers back.
    pub(super) fn into_buffers(self) -> Option<Buffers> {
        self.buffers
    }

    /// The SHA-256 of an upper file as the kernel saw it, and whether that is its digest as long as it has
    /// the same times. `None` where it cannot be read within the bounds, is another one by now, or may be
    /// written by somebody.
    pub(super) fn digest(
        &mut self,
        evidence: &FileEvidence,
        path: &[u8],
    ) -> Option<([u8; 32], bool)> {
        let upper = evidence.upper.filter(|_| !evidence.flags.contains(EvidenceFlags::WRITERS))?;
        let limits = self.limits();
        if limits.too_large(upper.size).is_some() {
            return None;
        }
        let settled = settled(&upper);
        let ours = self.open_upper(&upper, below_root(path)?).ok()?;
        let file = ours.located.open().ok()?;
        let buffers = self.buffers.get_or_insert_with(Buffers::new);
        let digest = digest(&file, upper.size, &limits, buffers).ok()?;
        let is_same = Facts::of(&file).is_ok_and(|now| now == ours.located.facts);
        is_same.then_some((digest, settled))
    }

    fn limits(&self) -> Limits<'a> {
        let deadline = self.deadline.or_else(|| Instant::now().checked_add(self.bounds.time));
        Limits { bounds: self.bounds, deadline, stop: self.stop }
    }

    fn with_origin(
        &mut self,
        upper: &Inode,
        lower: &Inode,
        relative: &Path,
    ) -> Result<Proof, Cow<'static, str>> {
        let limits = self.limits();
        if let Some(reason) = limits.too_large(upper.size) {
            return Err(reason);
        }
        let settled = settled(upper);
        let ours = self.open_upper(upper, relative)?;
        let theirs = self.find_lower(lower, relative, &limits)?;
        if theirs.facts.size != upper.size {
            return Ok(Proof { cacheable: settled, ..Proof::new(Finding::OtherSize) });
        }
        self.compare(&ours, upper, &theirs, &limits, settled)
    }

    fn without_origin(
        &mut self,
        upper: &Inode,
        relative: &Path,
    ) -> Result<Proof, Cow<'static, str>> {
        let limits = self.limits();
        let settled = settled(upper);
        let in_image = self.layers.in_image(relative).map_err(|error| error.to_string())?;
        let found = |finding| Ok(Proof { cacheable: settled, ..Proof::new(finding) });
        let theirs = match in_image {
            InImage::File(theirs) => theirs,
            InImage::NotAFile => return found(Finding::NotAFile),
            InImage::Absent => return found(Finding::Absent),
            InImage::Redirected => {
                return Err("a directory of its path was renamed within the image layers".into());
            }
        };
        if theirs.facts.size != upper.size {
            return found(Finding::OtherSize);
        }
        if let Some(reason) = limits.too_large(upper.size) {
            return Err(reason);
        }
        let ours = self.open_upper(upper, relative)?;
        self.compare(&ours, upper, &theirs, &limits, settled)
    }

    /// Takes hold of the file that was executed, if it is still there as it was.
    fn open_upper(&mut self, upper: &Inode, relative: &Path) -> Result<Held, Cow<'static, str>> {
        if let Some(located) = self.held.take() {
            let check = located.is(upper).ok_or("changed since it was found")?;
            return Ok(Held { located, check });
        }
        let directory = Dir::open(self.layers.upper())
            .map_err(|errno| format!("the upper layer could not be read: {errno}"))?;
        let located = directory.locate(relative).map_err(|errno| -> Cow<'static, str> {
            match errno {
                Errno::NOENT => "the file is gone from its path".into(),
                Errno::NOTDIR | Errno::LOOP => {
                    "the path of the file leads through something else than directories".into()
                }
                _ => format!("the file could not be opened: {errno}").into(),
            }
        })?;
        if located.facts.kind != FileKind::Regular {
            return Err("changed since the exec: no regular file is at its path".into());
        }
        let check = located.is(upper).ok_or("changed since the exec")?;
        Ok(Held { located, check })
    }

    /// The image file that the kernel names as origin: usually at the same path; elsewhere
    /// after a rename or a hard link.
    fn find_lower(
        &mut self,
        lower: &Inode,
        relative: &Path,
        limits: &Limits<'_>,
    ) -> Result<Located, Cow<'static, str>> {
        let is_it = |located: &Located| located.is(lower).is_some();
        let found = self.layers.find(lower.number, relative, &is_it);
        if let Some(located) = found {
            return Ok(located);
        }
        if self.search != Search::Allowed {
            self.search = Search::Needed;
            return Err("the image file it came from is not at its path".into());
        }
        search(self.layers, lower.number, &is_it, limits)?
            .ok_or_else(|| "the image file it came from was not found in the layers".into())
    }

    fn compare(
        &mut self,
        ours: &Held,
        upper: &Inode,
        theirs: &Located,
        limits: &Limits<'_>,
        settled: bool,
    ) -> Result<Proof, Cow<'static, str>> {
        let opened = |which: &'static str| {
            move |errno: Errno| format!("the {which} could not be opened: {errno}")
        };
        let our_file = ours.located.open().map_err(opened("file"))?;
        let their_file = theirs.open().map_err(opened("image file"))?;
        let buffers = self.buffers.get_or_insert_with(Buffers::new);
        let comparison = compare(&our_file, &their_file, upper.size, limits, buffers)?;
        let unchanged = |file, before: &Facts| Facts::of(file).is_ok_and(|now| now == *before);
        if !unchanged(&our_file, &ours.located.facts) || !unchanged(&their_file, &theirs.facts) {
            return Err("changed while it was read".into());
        }
        Ok(Proof {
            finding: if comparison.equal { Finding::Equal } else { Finding::Differs },
            sha256: comparison.sha256,
            cacheable: settled,
            remark: (ours.check == DeviceCheck::NotComparable).then_some(DEVICE_HIDDEN),
        })
    }
}

/// The executed file, held and found to be the one that the kernel saw.
struct Held {
    located: Located,
    check: DeviceCheck,
}

/// True when the last change is old enough for the next one to leave another change time
/// (git's rule for racily clean entries). A change time in the future never is.
pub(super) fn settled(inode: &Inode) -> bool {
    let now = rustix::time::clock_gettime(ClockId::Realtime);
    let now = now.tv_sec.saturating_mul(1_000_000_000).saturating_add(now.tv_nsec);
    now.saturating_sub(inode.ctime_ns) > RACY_NS
}

impl Lookup for LayerLookup<'_> {
    fn compare_with_lower(&mut self, evidence: &FileEvidence, path: &[u8]) -> Proof {
        let (Some(upper), Some(lower)) = (evidence.upper, evidence.lower) else {
            return Proof::unproved("the kernel's evidence lacks the upper or the lower inode");
        };
        let Some(relative) = below_root(path) else {
            return cut_path();
        };
        self.with_origin(&upper, &lower, relative).unwrap_or_else(Proof::unproved)
    }

    fn look_up_in_image(&mut self, evidence: &FileEvidence, path: &[u8]) -> Proof {
        let Some(upper) = evidence.upper else {
            return Proof::unproved("the kernel's evidence lacks the upper inode");
        };
        let Some(relative) = below_root(path) else {
            return cut_path();
        };
        self.without_origin(&upper, relative).unwrap_or_else(Proof::unproved)
    }

    fn container_start(&self) -> Option<Timestamp> {
        self.layers.container_start()
    }
}

pub(super) fn cut_path() -> Proof {
    Proof::unproved("the path of the file is not known from the root on")
}
