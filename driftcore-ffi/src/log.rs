//! What the library says beside its results.

use std::ffi::c_void;
use std::fmt;
use std::fmt::Write;
use std::sync::PoisonError;
use std::sync::RwLock;

use tracing::Event;
use tracing::Level;
use tracing::Metadata;
use tracing::Subscriber;
use tracing::field::Field;
use tracing::field::Visit;
use tracing::level_filters::LevelFilter;
use tracing::span;
use tracing::subscriber::Interest;

use crate::error::Failure;
use crate::error::driftcore_error;
use crate::guard::guard;
use crate::status::driftcore_status;
use crate::text::driftcore_text;

/// How much a message matters. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_log_level {
    /// Nothing.
    DRIFTCORE_LOG_OFF = 0,
    /// Something does not work.
    DRIFTCORE_LOG_ERROR = 1,
    /// Something is not as it should be.
    DRIFTCORE_LOG_WARN = 2,
    /// Something happened.
    DRIFTCORE_LOG_INFO = 3,
    /// For those who debug.
    DRIFTCORE_LOG_DEBUG = 4,
}

/// Receives a message: its `driftcore_log_level`, what it comes from (`libbpf`, or a module of
/// driftcore) and its text, both there until this returns. Comes on whichever thread the library
/// works, and on several at a time; must call no function of the library. Since 0.1.0.
pub type driftcore_log_function = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        level: u32,
        target: driftcore_text,
        message: driftcore_text,
    ),
>;

#[derive(Clone, Copy)]
struct Receiver {
    function: unsafe extern "C" fn(*mut c_void, u32, driftcore_text, driftcore_text),
    context: *mut c_void,
    level: u32,
}

// SAFETY: the header says that the function may come on any thread; what the context points to is
// the caller's to share.
unsafe impl Send for Receiver {}
// SAFETY: as above.
unsafe impl Sync for Receiver {}

static RECEIVER: RwLock<Option<Receiver>> = RwLock::new(None);

/// Sends what the library, and the libbpf in it, have to say to a function, up to a level
/// (`driftcore_log_level`); NULL, or the level 0, ends that. Until it is called the library is
/// silent, but for libbpf, which warns on standard error. For the whole process. When this returns,
/// the function before is called no more. `DRIFTCORE_STATUS_BUSY`: the library is linked into a Rust
/// program that receives its messages already. Any thread, but not from the function itself. Since
/// 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_log_set(
    function: driftcore_log_function,
    context: *mut c_void,
    level: u32,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let receiver = function.map(|function| Receiver { function, context, level });
        let receiver = receiver.filter(|receiver| receiver.level > 0);
        if receiver.is_some() {
            subscribe()?;
        }
        *RECEIVER.write().unwrap_or_else(PoisonError::into_inner) = receiver;
        tracing::callsite::rebuild_interest_cache();
        Ok(())
    })
}

/// Whether the subscriber is ours; set once.
static SUBSCRIBED: RwLock<bool> = RwLock::new(false);

fn subscribe() -> Result<(), Failure> {
    let mut subscribed = SUBSCRIBED.write().unwrap_or_else(PoisonError::into_inner);
    if !*subscribed {
        tracing::subscriber::set_global_default(Log)
            .map_err(|_| Failure::busy("this program receives the library's messages already"))?;
        driftcore::sensor::log_libbpf();
        *subscribed = true;
    }
    Ok(())
}

/// Hands events on; spans are not followed.
struct Log;

fn number(level: &Level) -> u32 {
    match *level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG | Level::TRACE => 4,
    }
}

fn most() -> u32 {
    let receiver = RECEIVER.read().unwrap_or_else(PoisonError::into_inner);
    receiver.map_or(0, |receiver| receiver.level)
}

impl Subscriber for Log {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && number(metadata.level()) <= most()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(match most() {
            0 => LevelFilter::OFF,
            1 => LevelFilter::ERROR,
            2 => LevelFilter::WARN,
            3 => LevelFilter::INFO,
            _ => LevelFilter::TRACE,
        })
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        let (metadata, text) = (event.metadata(), line.message + &line.fields);
        let receiver = RECEIVER.read().unwrap_or_else(PoisonError::into_inner);
        let level = number(metadata.level());
        if let Some(Receiver { function, context, .. }) = receiver.filter(|it| level <= it.level) {
            // SAFETY: the caller's function, called as its type says; it is not replaced before it
            // returns, since that takes the lock.
            unsafe { function(context, level, metadata.target().into(), text.as_str().into()) };
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// The message, and its fields behind it.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::ptr::null_mut;
    use std::sync::Mutex;

    use super::*;

    type Heard = Mutex<Vec<(u32, String)>>;

    unsafe extern "C" fn hear(
        context: *mut c_void,
        level: u32,
        target: driftcore_text,
        message: driftcore_text,
    ) {
        // SAFETY: the test's own list, which outlives the calls.
        let heard = unsafe { &*context.cast::<Heard>() };
        heard.lock().unwrap().push((level, format!("{}: {}", target.as_str(), message.as_str())));
    }

    #[test]
    fn messages_come_up_to_the_level_and_until_the_end() {
        let heard = Heard::default();
        let context = (&raw const heard).cast_mut().cast();
        // SAFETY: the list outlives the last call, which ends it.
        let set =
            |function, level| unsafe { driftcore_log_set(function, context, level, null_mut()) };
        let say = || {
            tracing::warn!(target: "test", what = 7, "one");
            tracing::debug!(target: "test", "two");
        };
        say();
        assert_eq!(set(Some(hear), 2), driftcore_status::DRIFTCORE_STATUS_OK);
        say();
        assert_eq!(set(Some(hear), 4), driftcore_status::DRIFTCORE_STATUS_OK);
        say();
        assert_eq!(set(None, 4), driftcore_status::DRIFTCORE_STATUS_OK);
        say();
        let heard = heard.lock().unwrap();
        let expected = [
            (2, "test: one what=7".to_owned()),
            (2, "test: one what=7".to_owned()),
            (4, "test: two".to_owned()),
        ];
        assert_eq!(*heard, expected);
    }
}
