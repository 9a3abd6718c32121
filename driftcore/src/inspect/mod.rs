//! Where a file of a running container came from, judged from user space.
//!
//! For those who meet a file outside of an exec: a path of a process, a descriptor that
//! fanotify, `pidfd_getfd` or a socket handed over. No probe is loaded, nothing is kept running;
//! [`Inspector::file`] and [`Inspector::descriptor`] look at the file as it is now.
//!
//! ```text
//! pid, path ─→ Process, Node ─→ held file, mount, container ─→ FileEvidence ─→ classify
//! descriptor ─────↗                    (mountinfo, runtimes)      (layers)
//! ```
//!
//! The evidence is gathered from what the kernel shows of a file (statx, mountinfo, the number
//! that an overlay gives it) and leads to the verdict that the sensor's evidence leads to, by
//! the same [`classify`](crate::provenance::classify). What only the kernel knows is left open:
//!
//! - Whether somebody may write the file. Every upper file counts as having writers
//!   ([`EvidenceFlags::WRITERS`](crate::event::EvidenceFlags::WRITERS)), and no verdict is cached.
//! - In which mount namespace a process was first seen. Its outermost ancestor in a container
//!   stands for it, also past ancestors that a chroot took to the host's root; where none is
//!   left, the namespace's root and the cgroup. A process outside of the host's mount namespace
//!   is the host's only if its root is the host's and that of its namespace, and cgroup and pid
//!   namespace are the host's too. Else its files are `unknown`.
//! - Whose a file is that lies in a mount namespace of both, the host and a container, such as a
//!   chroot in a copy of the host's. It is the container's below a root of the container's, and
//!   `unknown` elsewhere.
//! - The root of a container is the one that the runtime mounted on the host; where no runtime
//!   did, the root of the namespace as it is now. If every process there has a chroot of its
//!   own, the verdict is `unknown`.
//! - The origin of an image file with several hard links in its layer: changed, it may be called
//!   `replaced` where the sensor, as long as the kernel has it cached, calls it `modified`.
//!
//! # Rights
//!
//! Root, or `CAP_SYS_PTRACE` (other processes' roots), `CAP_DAC_READ_SEARCH` (the layers) and
//! `CAP_SYS_ADMIN` (overlay's own attributes), in the host's pid namespace. Linux 5.8; before
//! 5.12 a name that really ends in ` (deleted)` counts as gone, and the verdict is `unknown`.
//!
//! # Cost
//!
//! A call reads a few files of every process and what the runtime keeps about the container:
//! milliseconds, beside the comparison of contents, which [`Bounds`](crate::provenance::Bounds)
//! limit for the call as a whole. It may block on a filesystem that hangs; a container that serves one itself (FUSE)
//! can make a path on it hang. Not for a thread that must not wait.

mod error;
mod evidence;
mod facts;
mod inspector;
mod membership;
mod node;
mod open;
mod owner;
mod process;
mod search;
mod view;

pub use error::InspectError;
pub use inspector::Inspected;
pub use inspector::Inspector;
