//! One engine, several threads: who may use it when, and how it ends.

use std::fmt;
use std::os::fd::RawFd;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::TryLockError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use driftcore::engine::ApprovalsHandle;
use driftcore::engine::Counters;
use driftcore::engine::Engine;
use driftcore::engine::EngineError;
use driftcore::engine::NormalityHandle;
use driftcore::engine::RulesHandle;
use driftcore::engine::Stopper;

use super::counters::driftcore_counters;
use crate::error::Failure;
use crate::guard::message_of;
use crate::handle::drop_quietly;
use crate::status::driftcore_status;

/// A running drift detector. One thread at a time polls or runs it; `driftcore_engine_stop`,
/// `_counters`, `_set_rules`, `_set_approved`, `_set_normality`, `_exceptions` and `_fd` may be called from any other meanwhile. Since 0.1.0.
pub struct driftcore_engine {
    /// The engine itself, until it is destroyed. Locked by whoever polls.
    work: Mutex<Option<Box<dyn Work>>>,
    /// The thread that polls: a number that no other has at that time; 0 for none.
    polling: AtomicUsize,
    /// No callback any more.
    closing: Arc<AtomicBool>,
    failed: AtomicBool,
    counters: Mutex<driftcore_counters>,
    pub(super) fd: RawFd,
    pub(super) stop: Box<dyn Stop>,
    pub(super) rules: Option<RulesHandle>,
    /// Where images are verified.
    pub(super) approvals: Option<ApprovalsHandle>,
    /// What is normal.
    pub(super) normality: Option<NormalityHandle>,
}

impl fmt::Debug for driftcore_engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("driftcore_engine").field("fd", &self.fd).finish_non_exhaustive()
    }
}

/// What is driven: an engine, or what stands for one in tests.
pub(super) trait Work: Send {
    fn poll(&mut self, timeout: Option<Duration>) -> Result<(), EngineError>;
    fn finish(&mut self) -> Result<(), EngineError>;
    fn counters(&self) -> &Counters;
}

impl Work for Engine {
    fn poll(&mut self, timeout: Option<Duration>) -> Result<(), EngineError> {
        Engine::poll(self, timeout)
    }

    fn finish(&mut self) -> Result<(), EngineError> {
        Engine::finish(self)
    }

    fn counters(&self) -> &Counters {
        Engine::counters(self)
    }
}

/// What ends waiting.
pub(super) trait Stop: Send + Sync {
    fn stop(&self);
    fn is_stopped(&self) -> bool;
}

impl Stop for Stopper {
    fn stop(&self) {
        Stopper::stop(self);
    }

    fn is_stopped(&self) -> bool {
        Stopper::is_stopped(self)
    }
}

/// A number for this thread, which no other thread that runs has.
fn this_thread() -> usize {
    thread_local!(static HERE: u8 = const { 0 });
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

impl driftcore_engine {
    pub(super) fn new(
        work: Box<dyn Work>,
        stop: Box<dyn Stop>,
        rules: Option<RulesHandle>,
        fd: RawFd,
        closing: Arc<AtomicBool>,
    ) -> Self {
        Self {
            counters: Mutex::new(work.counters().into()),
            work: Mutex::new(Some(work)),
            polling: AtomicUsize::new(0),
            closing,
            failed: AtomicBool::new(false),
            fd,
            stop,
            rules,
            approvals: None,
            normality: None,
        }
    }

    /// Polls once.
    pub(super) fn poll(&self, timeout: Option<Duration>) -> Result<(), Failure> {
        self.drive(|work| {
            work.poll(timeout)?;
            self.publish(work);
            Ok(())
        })
    }

    /// Polls until somebody stops it, and finishes; nobody else polls meanwhile.
    pub(super) fn run(&self) -> Result<(), Failure> {
        self.drive(|work| {
            while !self.stop.is_stopped() {
                work.poll(None)?;
                self.publish(work);
            }
            if !self.closing.load(Ordering::Acquire) {
                work.finish()?;
                self.publish(work);
            }
            Ok(())
        })
    }

    pub(super) fn finish(&self) -> Result<(), Failure> {
        self.drive(|work| {
            work.finish()?;
            self.publish(work);
            Ok(())
        })
    }

    fn publish(&self, work: &dyn Work) {
        let counters = work.counters().into();
        *self.counters.lock().unwrap_or_else(PoisonError::into_inner) = counters;
    }

    pub(super) fn counters(&self) -> driftcore_counters {
        *self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_usable(&self) -> Result<(), Failure> {
        if self.failed.load(Ordering::Acquire) { Err(Failure::failed()) } else { Ok(()) }
    }

    /// Does something with the engine, which nobody else uses meanwhile.
    fn drive(
        &self,
        act: impl FnOnce(&mut dyn Work) -> Result<(), EngineError>,
    ) -> Result<(), Failure> {
        let mut work = match self.work.try_lock() {
            Ok(work) => work,
            // A panic is caught below, within the lock.
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // It ends, and this call with it.
            Err(TryLockError::WouldBlock)
                if self.closing.load(Ordering::Acquire)
                    && self.polling.load(Ordering::Acquire) != this_thread() =>
            {
                return Ok(());
            }
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::busy(
                    "the engine is being polled, by another thread or by the caller of this \
                     callback",
                ));
            }
        };
        self.is_usable()?;
        let Some(engine) = work.as_deref_mut() else { return Ok(()) };
        self.polling.store(this_thread(), Ordering::Release);
        let outcome = catch_unwind(AssertUnwindSafe(|| act(engine)));
        self.polling.store(0, Ordering::Release);
        if outcome.is_err() {
            self.failed.store(true, Ordering::Release);
        }
        // Destroyed in a callback: nobody waits, so it ends here.
        if self.closing.load(Ordering::Acquire) {
            end(work);
        }
        match outcome {
            Ok(outcome) => outcome.map_err(Failure::from),
            Err(payload) => Err(Failure::new(
                driftcore_status::DRIFTCORE_STATUS_PANIC,
                format!("a bug in driftcore: {}", message_of(payload.as_ref())),
            )),
        }
    }

    /// Ends it: no callback after this returns; within a callback, none after that one.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.stop.stop();
        if self.polling.load(Ordering::Acquire) != this_thread() {
            end(self.work.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// Drops the engine; a panic of that stays here.
fn end(mut work: MutexGuard<'_, Option<Box<dyn Work>>>) {
    drop_quietly(work.take());
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    /// Calls a closure instead of polling.
    struct Fake<F>(F, Counters);

    impl<F: FnMut() + Send> Work for Fake<F> {
        fn poll(&mut self, _: Option<Duration>) -> Result<(), EngineError> {
            self.1.execs += 1;
            (self.0)();
            Ok(())
        }
        fn finish(&mut self) -> Result<(), EngineError> {
            Ok(())
        }
        fn counters(&self) -> &Counters {
            &self.1
        }
    }

    struct Flag(AtomicBool);

    impl Stop for Flag {
        fn stop(&self) {
            self.0.store(true, Ordering::Release);
        }
        fn is_stopped(&self) -> bool {
            self.0.load(Ordering::Acquire)
        }
    }

    fn engine(poll: impl FnMut() + Send + 'static) -> Arc<driftcore_engine> {
        let stop = Box::new(Flag(AtomicBool::new(false)));
        let work = Box::new(Fake(poll, Counters::default()));
        Arc::new(driftcore_engine::new(work, stop, None, -1, Arc::default()))
    }

    #[test]
    fn a_panic_marks_it_as_failed() {
        let engine = engine(|| panic!("on purpose"));
        let failure = engine.poll(None).unwrap_err();
        assert_eq!(failure.status, driftcore_status::DRIFTCORE_STATUS_PANIC);
        assert!(format!("{failure:?}").contains("on purpose"));
        let again = engine.poll(None).unwrap_err().status;
        assert_eq!(again, driftcore_status::DRIFTCORE_STATUS_FAILED);
        assert_eq!(engine.counters().execs, 0);
        engine.close();
    }

    #[test]
    fn a_second_poll_is_refused_while_the_first_goes_on() {
        let (entered, wait_entered) = mpsc::channel();
        let (leave, wait_leave) = mpsc::channel::<()>();
        let engine = engine(move || {
            entered.send(()).unwrap();
            wait_leave.recv().unwrap();
        });
        thread::scope(|scope| {
            let first = scope.spawn(|| engine.poll(None));
            wait_entered.recv().unwrap();
            for _ in 0..7 {
                let failure = scope.spawn(|| engine.poll(None)).join().unwrap().unwrap_err();
                assert_eq!(failure.status, driftcore_status::DRIFTCORE_STATUS_BUSY);
            }
            leave.send(()).unwrap();
            first.join().unwrap().unwrap();
        });
        assert_eq!(engine.counters().execs, 1);
    }

    #[test]
    fn nobody_polls_between_the_polls_of_a_run() {
        let (entered, wait_entered) = mpsc::sync_channel(0);
        let engine = engine(move || {
            let _ = entered.send(());
        });
        thread::scope(|scope| {
            let run = scope.spawn(|| engine.run());
            for _ in 0..1000 {
                wait_entered.recv().unwrap();
                let status = engine.poll(None).unwrap_err().status;
                assert_eq!(status, driftcore_status::DRIFTCORE_STATUS_BUSY);
            }
            engine.stop.stop();
            drop(wait_entered);
            run.join().unwrap().unwrap();
        });
    }

    #[test]
    fn closing_waits_for_the_poll_of_another_thread() {
        let (entered, wait_entered) = mpsc::channel();
        let left = Arc::new(AtomicBool::new(false));
        let leaving = Arc::clone(&left);
        let engine = engine(move || {
            entered.send(()).unwrap();
            thread::sleep(Duration::from_millis(50));
            leaving.store(true, Ordering::Release);
        });
        thread::scope(|scope| {
            let poll = scope.spawn(|| engine.poll(None));
            wait_entered.recv().unwrap();
            engine.close();
            assert!(left.load(Ordering::Acquire), "closed while it was polled");
            poll.join().unwrap().unwrap();
        });
        assert!(engine.work.lock().unwrap().is_none());
    }

    #[test]
    fn closing_in_a_callback_ends_with_the_poll() {
        let slot: Arc<Mutex<Option<Arc<driftcore_engine>>>> = Arc::default();
        let inside = Arc::clone(&slot);
        let engine = engine(move || {
            let engine = inside.lock().unwrap().take().unwrap();
            engine.close();
            assert_eq!(
                engine.poll(None).unwrap_err().status,
                driftcore_status::DRIFTCORE_STATUS_BUSY
            );
        });
        *slot.lock().unwrap() = Some(Arc::clone(&engine));
        engine.run().unwrap();
        assert!(engine.work.lock().unwrap().is_none());
        // Nothing is left to poll, and that is no error.
        engine.poll(None).unwrap();
    }
}
