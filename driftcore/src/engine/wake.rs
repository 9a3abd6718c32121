//! Waking and stopping a waiting engine from elsewhere.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use rustix::event::EventfdFlags;
use rustix::event::eventfd;

/// Stops an engine, from any thread. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stopper {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    stopped: AtomicBool,
    event: OwnedFd,
}

impl Stopper {
    pub(super) fn new() -> rustix::io::Result<Self> {
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { inner: Arc::new(Inner { stopped: AtomicBool::new(false), event }) })
    }

    /// Makes [`Engine::run`](super::Engine::run) return once it has reported what it already
    /// has. Two system calls at most; safe in a signal handler.
    pub fn stop(&self) {
        self.inner.stopped.store(true, Ordering::Release);
        self.wake();
    }

    /// Whether somebody asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.inner.stopped.load(Ordering::Acquire)
    }

    pub(super) fn wake(&self) {
        // The only failure is a full counter, and then a wake-up is pending already.
        let _ = rustix::io::write(&self.inner.event, &1_u64.to_ne_bytes());
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.inner.event.as_fd()
    }

    pub(super) fn clear(&self) {
        let _ = rustix::io::read(&self.inner.event, &mut [0_u8; 8]);
    }
}
