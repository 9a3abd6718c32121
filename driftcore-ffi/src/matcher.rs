//! Rules against events of the caller's own.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::TryLockError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use driftcore::event::Timestamp;
use driftcore::fields::FieldRef;
use driftcore::fields::Fields;
use driftcore::fields::Value;
use driftcore::matcher::Scratch;
use driftcore::rules::Matched;
use driftcore::rules::RuleSet;
use driftcore::rules::SetScratch;
use driftcore::view::Recorded;

use crate::alert::driftcore_alert;
use crate::engine::driftcore_alert_function;
use crate::error::Failure;
use crate::error::driftcore_error;
use crate::event::driftcore_event;
use crate::flat::driftcore_flat_event;
use crate::guard::guard;
use crate::handle;
use crate::rules::driftcore_rules;
use crate::status::driftcore_status;
use crate::text;

/// Rules, and the memory to match them: one for each thread that matches. A second call while one
/// goes on is refused with `DRIFTCORE_STATUS_BUSY`. Since 0.1.0.
pub struct driftcore_matcher {
    state: Mutex<State>,
    /// Rules that the next call takes, so that whoever sets them waits for none that goes on.
    next: Mutex<Option<Rules>>,
    has_next: AtomicBool,
    /// Shared with the alerts under way: a callback may free the matcher.
    hostname: Arc<str>,
}

#[derive(Clone)]
struct Rules {
    set: Arc<RuleSet>,
    numbers: Arc<[u32]>,
}

impl From<&driftcore_rules> for Rules {
    fn from(rules: &driftcore_rules) -> Self {
        Self { set: Arc::clone(&rules.set), numbers: Arc::clone(&rules.numbers) }
    }
}

struct State {
    rules: Rules,
    scratch: Scratch,
    memory: SetScratch,
    seen: u64,
}

/// A rule that matched an event of a batch. This record never grows. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct driftcore_match {
    /// The index of the event in the batch.
    pub event: usize,
    /// The index of the rule (`driftcore_rules_get`).
    pub rule: usize,
}

impl State {
    /// Calls `hit` with the index of each rule that matches.
    fn matches(&mut self, event: &impl Fields, mut hit: impl FnMut(usize)) {
        let Self { rules: Rules { set, numbers }, scratch, .. } = self;
        set.matches(event, scratch, |rule| {
            if let Some(&number) = numbers.get(rule.index()) {
                hit(number as usize);
            }
        });
    }
}

impl driftcore_matcher {
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> Result<T, Failure> {
        match self.state.try_lock() {
            Ok(mut state) => {
                if self.has_next.load(Ordering::Acquire) {
                    // Rules that come meanwhile are taken now, or announced again.
                    self.has_next.store(false, Ordering::Relaxed);
                    let next = self.next.lock().unwrap_or_else(PoisonError::into_inner).take();
                    state.rules = next.unwrap_or_else(|| state.rules.clone());
                }
                Ok(act(&mut state))
            }
            Err(TryLockError::WouldBlock) => Err(Failure::busy("the matcher is in use")),
            Err(TryLockError::Poisoned(_)) => Err(Failure::failed()),
        }
    }
}

/// Makes a matcher of rules, which it shares: free yours whenever you like. `matcher` gets it, for
/// `driftcore_matcher_free`. NULL anywhere but in `error`: refused. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_matcher_new(
    rules: *const driftcore_rules,
    matcher: *mut *mut driftcore_matcher,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(matcher)?;
        let rules = handle::borrow!(rules)?;
        let state = State {
            rules: rules.into(),
            scratch: Scratch::default(),
            memory: SetScratch::default(),
            seen: 0,
        };
        let hostname = rustix::system::uname().nodename().to_string_lossy().into();
        let made = driftcore_matcher {
            state: Mutex::new(state),
            next: Mutex::new(None),
            has_next: AtomicBool::new(false),
            hostname,
        };
        handle::put!(matcher, handle::give(made));
        Ok(())
    })
}

/// Matches other rules from the next call on, and waits for none that goes on; until then the rules
/// of before stay. NULL anywhere but in `error`: refused. Any thread, while another matches too.
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_matcher_set_rules(
    matcher: *mut driftcore_matcher,
    rules: *const driftcore_rules,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let rules = handle::borrow!(rules)?;
        let matcher = handle::borrow!(matcher)?;
        let mut next = matcher.next.lock().unwrap_or_else(PoisonError::into_inner);
        let before = next.replace(rules.into());
        matcher.has_next.store(true, Ordering::Release);
        drop(next);
        drop(before);
        Ok(())
    })
}

/// Matches one event. `found` gets how many rules match; the first `capacity` of their indexes
/// (`driftcore_rules_get`) are written to `rules`, in the order of their definition. NULL anywhere
/// but in `error`: refused, but for `rules` when `capacity` is 0. Allocates nothing once warm. Any
/// thread, while no other changes `event`. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_matcher_match(
    matcher: *mut driftcore_matcher,
    event: *const driftcore_flat_event,
    rules: *mut usize,
    capacity: usize,
    found: *mut usize,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(found, 0)?;
        let event = &handle::borrow!(event)?.event;
        let mut places = Places::new("rules", rules, capacity)?;
        handle::borrow!(matcher)?.with(|state| state.matches(event, |rule| places.push(rule)))?;
        handle::put!(found, places.found);
        Ok(())
    })
}

/// Matches `count` events, one after the other. `found` gets how many matches there are; the first
/// `capacity` of them are written to `matches`. NULL anywhere but in `error`: refused, an event too,
/// but for `events` when `count` is 0 and `matches` when `capacity` is 0. Allocates nothing once
/// warm. Any thread, while no other changes the events. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_matcher_match_batch(
    matcher: *mut driftcore_matcher,
    events: *const *const driftcore_flat_event,
    count: usize,
    matches: *mut driftcore_match,
    capacity: usize,
    found: *mut usize,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(found, 0)?;
        let events = text::bytes("events", events, count)?;
        if let Some(index) = events.iter().position(|event| event.is_null()) {
            return Err(Failure::argument(format!("event {index} is NULL")));
        }
        let mut places = Places::new("matches", matches, capacity)?;
        handle::borrow!(matcher)?.with(|state| {
            for (index, &one) in events.iter().enumerate() {
                if let Some(one) = handle::lend!(one) {
                    state.matches(&one.event, |rule| {
                        places.push(driftcore_match { event: index, rule });
                    });
                }
            }
        })?;
        handle::put!(found, places.found);
        Ok(())
    })
}

/// Where results are written, as many as there is room for.
struct Places<T> {
    places: *mut T,
    capacity: usize,
    found: usize,
}

impl<T> Places<T> {
    fn new(argument: &'static str, places: *mut T, capacity: usize) -> Result<Self, Failure> {
        if places.is_null() && capacity > 0 {
            return Err(Failure::argument(format!(
                "`{argument}` is NULL, and its capacity is not 0"
            )));
        }
        Ok(Self { places, capacity, found: 0 })
    }

    fn push(&mut self, value: T) {
        if self.found < self.capacity {
            // SAFETY: the caller promises room for `capacity` values.
            unsafe { self.places.add(self.found).write(value) };
        }
        self.found += 1;
    }
}

/// Matches one event and calls back with an alert for each rule that matches, on this thread, before
/// this returns; the context is handed to each. The time is the event's `evt.rawtime`, or now. NULL
/// anywhere but in `context` and `error`: refused. Any thread, while no other changes `event`; a
/// callback may use, change and free both the matcher and the event. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_matcher_alerts(
    matcher: *mut driftcore_matcher,
    event: *const driftcore_flat_event,
    callback: driftcore_alert_function,
    context: *mut c_void,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let event = &handle::borrow!(event)?.event;
        let matcher = handle::borrow!(matcher)?;
        let hostname = Arc::clone(&matcher.hostname);
        let (set, matched) = matcher.with(|state| {
            (Arc::clone(&state.rules.set), state.rules.set.matched(event, &mut state.memory))
        })?;
        report(&set, &matched, time_of(event), &hostname, None, callback, context)
    })
}

/// As `driftcore_matcher_alerts`, for an event of an engine or of a file, which a callback must not
/// free. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_matcher_event_alerts(
    matcher: *mut driftcore_matcher,
    event: *const driftcore_event,
    callback: driftcore_alert_function,
    context: *mut c_void,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let object = handle::borrow!(event)?;
        let event = object.get();
        let matcher = handle::borrow!(matcher)?;
        let hostname = Arc::clone(&matcher.hostname);
        let (set, matched) = matcher.with(|state| {
            state.seen += 1;
            let State { rules: Rules { set, .. }, memory, seen, .. } = state;
            let recorded = Recorded::new(event);
            let matched = recorded.with_view(*seen, &hostname, |view| set.matched(view, memory));
            (Arc::clone(set), matched)
        })?;
        report(&set, &matched, event.time, &hostname, Some(object), callback, context)
    })
}

fn time_of(event: &impl Fields) -> Timestamp {
    match FieldRef::parse("evt.rawtime").map(|field| event.get(&field)) {
        Ok(Value::Unsigned(nanos)) => {
            Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
        }
        _ => Timestamp::now(),
    }
}

fn report(
    set: &RuleSet,
    matched: &[Matched],
    time: Timestamp,
    hostname: &str,
    event: Option<&driftcore_event>,
    callback: driftcore_alert_function,
    context: *mut c_void,
) -> Result<(), Failure> {
    let function = callback.ok_or_else(|| Failure::argument("`callback` is NULL"))?;
    for one in matched {
        let event = event.map(driftcore_event::get);
        if let Some(alert) = one.alert(set, time, hostname, event) {
            // SAFETY: the view ends before the alert does.
            let view = unsafe { driftcore_alert::borrowed(&alert) };
            // SAFETY: the caller's function, called as its type says.
            unsafe { function(context, &raw const view) };
        }
    }
    Ok(())
}

/// Frees a matcher and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread, while no
/// other uses it. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_matcher_free(matcher: *mut *mut driftcore_matcher) {
    handle::free!(matcher);
}
