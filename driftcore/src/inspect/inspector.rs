//! The way in: a path of a process, or a descriptor.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::path::PathBuf;

use rustix::io::Errno;

use super::InspectError;
use super::evidence::Subject;
use super::facts::Facts;
use super::facts::path_of;
use super::facts::shared_memory;
use super::membership::Membership;
use super::node::Node;
use super::open::open;
use super::owner::Belongs;
use super::owner::Found;
use super::owner::Owner;
use super::process::Process;
use super::search::NOBODYS;
use super::search::find;
use super::view::View;
use crate::container::Runtimes;
use crate::container::StateRoots;
use crate::event::Container;
use crate::event::FileEvidence;
use crate::event::Text;
use crate::provenance::Bounds;
use crate::provenance::Classified;

/// Judges files of running containers from user space.
///
/// Keeps nothing between two calls, so that it may be shared and used from many threads.
///
/// ```no_run
/// use std::path::Path;
///
/// use driftcore::container::StateRoots;
/// use driftcore::inspect::Inspector;
///
/// let inspector = Inspector::new(StateRoots::default());
/// let inspected = inspector.file(4711, Path::new("/usr/bin/curl"))?;
/// println!("{}: {}", inspected.path, inspected.classified.provenance.verdict);
/// # Ok::<(), driftcore::inspect::InspectError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Inspector {
    runtimes: Runtimes,
    bounds: Bounds,
}

/// A file and its verdict, true of the moment in which it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspected {
    /// The container that it belongs to. `None` for a file of the host, for one that lies on no
    /// mount of a process that runs, and where it cannot be told.
    pub container: Option<Container>,
    /// Its path as the container sees it, links resolved. Of a file with several names, or one
    /// that was renamed meanwhile, the name by which it is held.
    pub path: Text,
    /// What the verdict rests on.
    pub evidence: FileEvidence,
    /// The verdict. Never to be cached.
    pub classified: Classified,
}

impl Inspector {
    /// An inspector for the containers of the runtimes that keep their state in `roots`. Reads
    /// nothing yet.
    pub fn new(roots: StateRoots) -> Self {
        Self { runtimes: Runtimes::new(roots), bounds: Bounds::default() }
    }

    /// How much the comparison of one file's contents may cost. The time holds for the whole of
    /// a call, however often the file changes meanwhile: it includes a search for the image file
    /// that a renamed one came from.
    pub fn bounds(&mut self, bounds: Bounds) -> &mut Self {
        self.bounds = bounds;
        self
    }

    /// The regular file at `path` as process `pid` would see it. `path` is absolute, or begins
    /// at the process's working directory. Symbolic links are followed as the process itself
    /// would, and never out of its root; the links of proc that lead anywhere
    /// (`/proc/PID/root`, `/proc/PID/fd/N`, `/proc/PID/exe`) are refused, and `/proc/self` is
    /// not the process. Open such a file and ask [`descriptor`](Self::descriptor).
    ///
    /// Anything but a regular file is left untouched: no device is opened and no pipe waited for.
    ///
    /// # Errors
    ///
    /// [`NoSuchProcess`](InspectError::NoSuchProcess) when it is not there or ends meanwhile,
    /// [`NoSuchFile`](InspectError::NoSuchFile), [`NotRegular`](InspectError::NotRegular),
    /// [`Changed`](InspectError::Changed) when the process or the file does not hold still, and
    /// [`Io`](InspectError::Io) for what the kernel refuses. That a verdict cannot be reached
    /// is no error but [`Verdict::Unknown`](crate::event::Verdict::Unknown).
    pub fn file(&self, pid: u32, path: &Path) -> Result<Inspected, InspectError> {
        let node = Node::open(&self.runtimes)?;
        let process = node.process(pid)?;
        let namespace = process.mount_namespace()?;
        let fd = open(&process, path)?;
        let facts = regular(&fd, path)?;
        let membership = node.membership(&process)?;
        let view = self::view(&node, namespace, &process)?;
        let mount = view.mount(facts.mount);
        if process.mount_namespace()? != namespace {
            return Err(InspectError::Changed(path.to_owned()));
        }
        let owner = match membership {
            Membership::Host => Belongs::Host,
            Membership::Contained(outermost) => {
                Belongs::Container(Box::new(Owner::of(&node, &outermost)?))
            }
            Membership::Unclear => {
                Belongs::Unclear("it is not known whether the process is the host's")
            }
        };
        self.judge(fd.as_fd(), owner, Found { mount, view: Some(view), by_host: false })
    }

    /// The file behind an open descriptor, whoever opened it; one that was opened with `O_PATH`
    /// will do. It is told by its mount to whom it belongs: to the container in whose mount
    /// namespace that is, also when the host opened it by the runtime's own mount of the
    /// container's root.
    ///
    /// The descriptor is not read from, and its offset stays.
    ///
    /// # Errors
    ///
    /// As of [`file`](Self::file), but that no process is named.
    pub fn descriptor(&self, fd: BorrowedFd<'_>) -> Result<Inspected, InspectError> {
        let path = path_of(&fd).map(|path| Text::from(path).as_path().to_owned());
        let facts = regular(&fd, &path.unwrap_or_else(|_| PathBuf::from("the file")))?;
        let (owner, found) = if facts.device == shared_memory().map_err(no_memory)? {
            (Belongs::Unclear(NOBODYS), Found::default())
        } else {
            find(&Node::open(&self.runtimes)?, &facts, &fd)?
        };
        self.judge(fd, owner, found)
    }

    fn judge(
        &self,
        fd: BorrowedFd<'_>,
        owner: Belongs,
        found: Found,
    ) -> Result<Inspected, InspectError> {
        let shared_memory = shared_memory().map_err(no_memory)?;
        Subject { fd, owner, found, shared_memory, bounds: self.bounds }.judge()
    }
}

fn no_memory(errno: Errno) -> InspectError {
    InspectError::io("make a memory file", errno)
}

/// What is known of a file that is held, if it is a regular one.
fn regular(fd: &impl AsFd, path: &Path) -> Result<Facts, InspectError> {
    let facts = Facts::of(fd)
        .map_err(|errno| InspectError::io(format!("look at {}", path.display()), errno))?;
    if facts.is_regular() { Ok(facts) } else { Err(InspectError::NotRegular(path.to_owned())) }
}

/// A view of a process's mount namespace, the widest there is.
fn view(node: &Node<'_>, namespace: u32, process: &Process) -> Result<View, InspectError> {
    let members = node.namespaces(|other| other == namespace)?.remove(&namespace);
    let at_top = members.and_then(|members| node.member(members.at_top?));
    match at_top.map(View::new) {
        Some(Ok(view)) => Ok(view),
        // It ended, or there is none.
        _ => View::new(process.again()?),
    }
}
