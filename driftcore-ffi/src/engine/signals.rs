//! Signals of the host, which the library's threads must not take.

use std::mem::MaybeUninit;

/// Blocks this thread's signals until it is dropped; those that a fault raises stay.
pub(super) struct BlockedSignals(Option<libc::sigset_t>);

impl BlockedSignals {
    pub(super) fn new() -> Self {
        let mut all = MaybeUninit::<libc::sigset_t>::uninit();
        let mut before = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: the sets are written before they are read, and are this function's own.
        let outcome = unsafe {
            libc::sigfillset(all.as_mut_ptr());
            for fault in [
                libc::SIGSEGV,
                libc::SIGBUS,
                libc::SIGFPE,
                libc::SIGILL,
                libc::SIGTRAP,
                libc::SIGABRT,
            ] {
                libc::sigdelset(all.as_mut_ptr(), fault);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr())
        };
        // SAFETY: written, where the call succeeded.
        Self((outcome == 0).then(|| unsafe { before.assume_init() }))
    }
}

impl Drop for BlockedSignals {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // SAFETY: the mask that this thread had.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, std::ptr::null_mut()) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_blocked(signal: libc::c_int) -> bool {
        let mut now = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: the set is written by the first call.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::null(), now.as_mut_ptr());
            libc::sigismember(now.as_ptr(), signal) == 1
        }
    }

    #[test]
    fn signals_are_blocked_here_and_in_new_threads_until_the_end() {
        assert!(!is_blocked(libc::SIGTERM));
        let blocked = BlockedSignals::new();
        assert!(is_blocked(libc::SIGTERM) && !is_blocked(libc::SIGSEGV));
        assert!(std::thread::spawn(|| is_blocked(libc::SIGTERM)).join().unwrap());
        drop(blocked);
        assert!(!is_blocked(libc::SIGTERM));
    }
}
