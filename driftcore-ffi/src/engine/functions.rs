//! The functions of an engine.

use std::ffi::c_int;
use std::ffi::c_void;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use driftcore::engine::EngineBuilder;

use super::callbacks::CallbackSink;
use super::callbacks::driftcore_callbacks;
use super::counters::driftcore_counters;
use super::drive::driftcore_engine;
use super::signals::BlockedSignals;
use crate::error::Failure;
use crate::error::driftcore_error;
use crate::guard::guard;
use crate::guard::quiet;
use crate::handle;
use crate::judge;
use crate::judge::driftcore_exception_function;
use crate::options::driftcore_options;
use crate::rules::driftcore_rules;
use crate::sized;
use crate::status::driftcore_status;

/// An engine that a function uses: kept for as long as the function runs, even when it is destroyed
/// meanwhile.
fn keep(engine: *const driftcore_engine) -> Result<Arc<driftcore_engine>, Failure> {
    if engine.is_null() {
        return Err(Failure::argument("`engine` is NULL"));
    }
    // SAFETY: not NULL, so an engine of ours that is not destroyed: it came from `Arc::into_raw`,
    // and its owner's count is still there.
    unsafe {
        Arc::increment_strong_count(engine);
        Ok(Arc::from_raw(engine))
    }
}

/// Loads and attaches the sensor, proves that it sees, and takes in the containers that run.
///
/// `options` may be NULL: the defaults. `rules` may be NULL: no alerts; the engine shares them, free
/// yours whenever you like. `callbacks` is copied, its context must be there until the engine is
/// destroyed. Processes that run drifted code already are reported before this returns: those
/// callbacks come while `engine` is still NULL. Signals are blocked in this thread meanwhile, so that
/// the library's own threads never take one of yours; three children are started and waited for.
/// `engine` gets the engine, for `driftcore_engine_destroy`; NULL where this fails:
/// `DRIFTCORE_STATUS_PERMISSION` (a capability is missing), `_UNSUPPORTED` (the kernel),
/// `_BLIND` (the self-test), `_IO`, `_INVALID_ARGUMENT` (a baseline or exceptions that cannot be read: the error
/// has file, line and column; or pods: the message has them). Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_engine_new(
    options: *const driftcore_options,
    rules: *const driftcore_rules,
    callbacks: *const driftcore_callbacks,
    engine: *mut *mut driftcore_engine,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(engine)?;
        let callbacks = sized::read("callbacks", callbacks)?;
        let options = handle::lend!(options).cloned().unwrap_or_default();
        let watched = options.watched();
        let (normality, bounds) = (options.normality()?, options.bounds());
        let mut builder = EngineBuilder::new();
        if let Some(verifier) = options.verifier()? {
            builder.approve(verifier);
        }
        builder
            .sensor(options.sensor)
            .state_roots(options.roots)
            .scope(options.scope)
            .bounds(bounds)
            .normality(normality)
            .watch(watched)
            .code(options.code)
            .packages(!options.no_packages)
            .configuration(options.configuration)
            .secrets(options.secrets)
            .pods(options.pods)
            .allow_degraded(options.allow_degraded);
        if let Some(rules) = handle::lend!(rules) {
            builder.rules(Arc::clone(&rules.set));
        }
        let closing = Arc::default();
        // SAFETY: the header asks for it: they may be called until the engine is destroyed, which
        // sets `closing`.
        let sink = unsafe { CallbackSink::new(callbacks, Arc::clone(&closing)) };
        // Threads that are started now inherit the mask. It ends behind the last line: a handler
        // that comes then finds the engine.
        let _blocked = BlockedSignals::new();
        let built = builder.build(sink)?;
        let (stop, rules) = (Box::new(built.stopper()), Some(built.rules()));
        let (approvals, normality) = (built.approvals(), Some(built.normality()));
        let fd = built.as_fd().as_raw_fd();
        let mut object = driftcore_engine::new(Box::new(built), stop, rules, fd, closing);
        object.approvals = approvals;
        object.normality = normality;
        handle::put!(engine, Arc::into_raw(Arc::new(object)).cast_mut());
        Ok(())
    })
}

/// A descriptor that is readable when `driftcore_engine_poll` has something to do, for poll, epoll,
/// select and event loops over them. The engine's own: never read, write or close it. NULL: -1. Any
/// thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_engine_fd(engine: *const driftcore_engine) -> c_int {
    quiet(-1, || Some(keep(engine).ok()?.fd))
}

/// Waits at most `timeout_ms` milliseconds (0: not at all, negative: as long as it takes) for
/// something to do, and does it: callbacks come from here. Returns early on a signal. One thread at
/// a time; others, and callbacks, are refused with `DRIFTCORE_STATUS_BUSY`. NULL: refused. Since
/// 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_engine_poll(
    engine: *mut driftcore_engine,
    timeout_ms: c_int,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || keep(engine)?.poll(u64::try_from(timeout_ms).ok().map(Duration::from_millis)))
}

/// Runs until `driftcore_engine_stop`, reports what is still under way as `driftcore_engine_finish`
/// does, and returns. One thread at a time, as for poll: nobody else polls until it returns. NULL: refused. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_engine_run(
    engine: *mut driftcore_engine,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || keep(engine)?.run())
}

/// Takes in what waits and reports what is being proved, as far as that takes no more than three
/// seconds. For those who poll, before they destroy. One thread at a time, as for poll. NULL:
/// refused. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_engine_finish(
    engine: *mut driftcore_engine,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || keep(engine)?.finish())
}

/// Makes `driftcore_engine_run` return, and ends the wait of a poll. For good: a later run returns
/// at once. Takes no lock, allocates nothing and leaves errno alone but for an error that the kernel
/// never gives. NULL: nothing. Any thread, callbacks, and signal handlers; a handler that may run
/// while `driftcore_engine_new` does finds no engine yet, and has to leave a mark of its own. Since
/// 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_engine_stop(engine: *const driftcore_engine) {
    // In a signal handler: no allocation, no lock, nothing of ours given up.
    if !engine.is_null() {
        // SAFETY: not NULL, so an engine of ours that is not destroyed before this returns.
        unsafe { (*engine).stop.stop() };
    }
}

/// Matches other rules from the next event on, without losing one. The engine shares them, free
/// yours whenever you like. NULL anywhere but in `error`: refused. Any thread, callbacks too. Since
/// 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_engine_set_rules(
    engine: *mut driftcore_engine,
    rules: *const driftcore_rules,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let engine = keep(engine)?;
        engine.is_usable()?;
        let rules = Arc::clone(&handle::borrow!(rules)?.set);
        if let Some(handle) = &engine.rules {
            handle.replace(rules);
        }
        Ok(())
    })
}

/// Reads the files that `digest.approved` of the options names, and verifies all containers by them from now on:
/// each is reported where the answer is another one than before. Where they are bad, what was approved stays.
/// `DRIFTCORE_STATUS_UNSUPPORTED`: the engine was made without any. NULL anywhere but in `error`: refused.
/// Any thread, callbacks too. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_engine_set_approved(
    engine: *mut driftcore_engine,
    options: *const driftcore_options,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let engine = keep(engine)?;
        engine.is_usable()?;
        let verifier = handle::borrow!(options)?.verifier()?;
        let Some(approvals) = &engine.approvals else {
            let message = "the engine was made without `digest.approved`";
            return Err(Failure::new(driftcore_status::DRIFTCORE_STATUS_UNSUPPORTED, message));
        };
        let nothing = || Failure::argument("`options` has no `digest.approved`");
        approvals.replace(verifier.ok_or_else(nothing)?);
        Ok(())
    })
}

/// Reads the files that `baseline.file` and `exceptions.file` of the options name, and takes what they and the times of
/// `grace` and `grace.label` say for normal from the next event on, without losing one, and nothing else any more. Where
/// they are bad, what was normal stays: `DRIFTCORE_STATUS_INVALID_ARGUMENT`, and the error has file, line and column.
/// Ask `driftcore_engine_exceptions` before: exceptions are counted anew.
///
/// Most of it takes digests of drifted code: an engine that was made without baselines and exceptions has them only with
/// the option `proof.digests`. NULL anywhere but in `error`: refused. Any thread, callbacks too. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_engine_set_normality(
    engine: *mut driftcore_engine,
    options: *const driftcore_options,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let engine = keep(engine)?;
        engine.is_usable()?;
        let normality = handle::borrow!(options)?.normality()?;
        if let Some(handle) = &engine.normality {
            handle.replace(normality);
        }
        Ok(())
    })
}

/// Calls back with each exception that the engine has, in the order of the documents, and how often each was used.
/// NULL anywhere but in `context` and `error`: refused. Any thread, callbacks too. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_engine_exceptions(
    engine: *const driftcore_engine,
    callback: driftcore_exception_function,
    context: *mut c_void,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let engine = keep(engine)?;
        let function = callback.ok_or_else(|| Failure::argument("`callback` is NULL"))?;
        if let Some(handle) = &engine.normality {
            // SAFETY: the header asks for it.
            unsafe { judge::tell(&handle.load().exceptions, function, context) };
        }
        Ok(())
    })
}

/// Fills a record, whose size is set, with what the engine did up to the end of the last poll. NULL
/// anywhere but in `error`: refused. Any thread, callbacks too. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_engine_counters(
    engine: *const driftcore_engine,
    counters: *mut driftcore_counters,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || sized::write("counters", counters, &keep(engine)?.counters()))
}

/// Stops and detaches everything, frees the engine and sets the pointer to it to NULL first, so that
/// a second call does nothing and returns at once, even while the first one still waits. NULL, or a
/// pointer to NULL: nothing.
///
/// Waits for a poll or run of another thread to end; afterwards no callback comes. In a callback it
/// returns at once, that callback is the last one, and everything ends when the poll or run does.
/// What was not reported is not: call finish before. But for that one poll or run, no call on the
/// engine may be under way or begin later, also none of `driftcore_engine_stop` in a signal handler
/// of another thread. Hold no lock that a callback or the log function takes. Any thread, callbacks
/// too; not signal handlers. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_engine_destroy(engine: *mut *mut driftcore_engine) {
    if engine.is_null() || !engine.is_aligned() {
        return;
    }
    // SAFETY: not NULL, aligned, and the caller's own pointer for as long as this call.
    let slot = unsafe { AtomicPtr::from_ptr(engine) };
    let pointer = slot.swap(std::ptr::null_mut(), Ordering::AcqRel);
    if pointer.is_null() {
        return;
    }
    // SAFETY: from `Arc::into_raw`, and taken back this once, since the owner's pointer is NULL now.
    let owned = unsafe { Arc::from_raw(pointer) };
    quiet((), || {
        owned.close();
        Some(())
    });
}
