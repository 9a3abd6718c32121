//! Matching.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::null_mut;

use driftcore_ffi::alert::driftcore_alert;
use driftcore_ffi::engine::driftcore_alert_function;
use driftcore_ffi::flat::driftcore_flat_event;
use driftcore_ffi::matcher::driftcore_match;
use driftcore_ffi::matcher::driftcore_matcher_alerts;
use driftcore_ffi::matcher::driftcore_matcher_event_alerts;
use driftcore_ffi::matcher::driftcore_matcher_match;
use driftcore_ffi::matcher::driftcore_matcher_match_batch;
use driftcore_ffi::matcher::driftcore_matcher_new;
use driftcore_ffi::matcher::driftcore_matcher_set_rules;

use crate::c_abi::op::Slot;
use crate::c_abi::world::World;

/// What a place for a match holds before.
const UNWRITTEN: usize = 0xa5a5_a5a5;

impl World<'_> {
    pub(super) fn new_matcher(&self, slot: Slot, rules: Slot) {
        let rules = self.rules.get(rules);
        self.making(&self.matchers, slot, |place, error| {
            // SAFETY: NULL or what is there; a place or NULL.
            unsafe { driftcore_matcher_new(rules, place, error) }
        });
    }

    pub(super) fn set_rules(&self, slot: Slot, rules: Slot) {
        let (matcher, rules) = (self.matchers.get(slot), self.rules.get(rules));
        // SAFETY: NULL or what is there.
        let set = |error| unsafe { driftcore_matcher_set_rules(matcher, rules, error) };
        assert_eq!(self.fallible(set), !(matcher.is_null() || rules.is_null()));
    }

    pub(super) fn match_one(&self, matcher: Slot, event: Slot, places: Option<u8>, capacity: u8) {
        let (matcher, event) = (self.matchers.get(matcher), self.flats.get(event));
        let mut there = vec![UNWRITTEN; places.map_or(0, usize::from)].into_boxed_slice();
        let (memory, capacity) = memory(places, &mut there, capacity);
        let found = Cell::new(UNWRITTEN);
        let done = self.fallible(|error| {
            // SAFETY: NULL or what is there; memory for that many places, or NULL.
            unsafe {
                driftcore_matcher_match(matcher, event, memory, capacity, found.as_ptr(), error)
            }
        });
        assert!(done || found.get() == 0, "nothing is found after a failure");
        let written = there.iter().filter(|place| **place != UNWRITTEN).count();
        assert_eq!(written, found.get().min(capacity));
        assert!(there[..written].is_sorted_by(|a, b| a < b), "{there:?}");
        // The same event in a batch of its own finds the same.
        let batch = Cell::new(UNWRITTEN);
        let again = self.fallible(|error| {
            // SAFETY: as above.
            unsafe {
                driftcore_matcher_match_batch(
                    matcher,
                    &raw const event as *const *const driftcore_flat_event,
                    1,
                    null_mut(),
                    0,
                    batch.as_ptr(),
                    error,
                )
            }
        });
        assert!(!done || (again && batch.get() == found.get()));
    }

    pub(super) fn match_batch(
        &self,
        matcher: Slot,
        events: Option<&[Slot]>,
        places: Option<u8>,
        capacity: u8,
    ) {
        let matcher = self.matchers.get(matcher);
        let count = events.map_or(usize::from(capacity), <[Slot]>::len);
        let events: Option<Box<[*const driftcore_flat_event]>> = events
            .map(|slots| slots.iter().map(|slot| self.flats.get(*slot).cast_const()).collect());
        let pointers = events.as_deref().map_or(std::ptr::null(), <[_]>::as_ptr);
        let unwritten = driftcore_match { event: UNWRITTEN, rule: UNWRITTEN };
        let mut there = vec![unwritten; places.map_or(0, usize::from)].into_boxed_slice();
        let (memory, capacity) = memory(places, &mut there, capacity);
        let found = Cell::new(UNWRITTEN);
        let done = self.fallible(|error| {
            let found = found.as_ptr();
            // SAFETY: as above.
            unsafe {
                driftcore_matcher_match_batch(
                    matcher, pointers, count, memory, capacity, found, error,
                )
            }
        });
        assert!(done || found.get() == 0, "nothing is found after a failure");
        let written = there.iter().filter(|place| **place != unwritten).count();
        assert_eq!(written, found.get().min(capacity));
        assert!(there[..written].iter().all(|place| place.event < count));
        let order =
            |a: &driftcore_match, b: &driftcore_match| (a.event, a.rule) < (b.event, b.rule);
        assert!(there[..written].is_sorted_by(order), "{there:?}");
    }

    pub(super) fn flat_alerts(&self, matcher: Slot, event: Slot, callback: bool) {
        let (matcher, event) = (self.matchers.get(matcher), self.flats.get(event));
        let called = Called { world: self, count: Cell::new(0) };
        let (function, context) = called.function(callback);
        let done = self.fallible(|error| {
            // SAFETY: NULL or what is there; the context lives longer than the call.
            unsafe { driftcore_matcher_alerts(matcher, event, function, context, error) }
        });
        assert!(done || called.count.get() == 0);
        assert!(!done || !(matcher.is_null() || event.is_null()));
    }

    pub(super) fn event_alerts(&self, matcher: Slot, event: Slot, callback: bool) {
        let (matcher, event) = (self.matchers.get(matcher), self.events.get(event));
        let called = Called { world: self, count: Cell::new(0) };
        let (function, context) = called.function(callback);
        // The alerts show the event itself: it is not freed meanwhile.
        let done = self.events.keep(event, || {
            self.fallible(|error| {
                // SAFETY: as above.
                unsafe { driftcore_matcher_event_alerts(matcher, event, function, context, error) }
            })
        });
        assert!(done || called.count.get() == 0);
        assert!(!done || !(matcher.is_null() || event.is_null()));
    }
}

/// The memory for places and what it is said to hold. Without memory, any capacity may be said.
fn memory<T>(places: Option<u8>, there: &mut [T], capacity: u8) -> (*mut T, usize) {
    match places {
        None => (null_mut(), usize::from(capacity % 3)),
        Some(_) => (there.as_mut_ptr(), there.len().min(usize::from(capacity))),
    }
}

/// The context of a callback.
struct Called<'a, 'b> {
    world: &'a World<'b>,
    count: Cell<u32>,
}

impl Called<'_, '_> {
    fn function(&self, wanted: bool) -> (driftcore_alert_function, *mut c_void) {
        (wanted.then_some(called_back), std::ptr::from_ref(self).cast_mut().cast())
    }
}

/// The callback.
unsafe extern "C" fn called_back(context: *mut c_void, alert: *const driftcore_alert) {
    // SAFETY: the context that went with the function, which is there until the call returns.
    let called = unsafe { &*context.cast::<Called<'_, '_>>() };
    called.count.set(called.count.get() + 1);
    called.world.call_back(alert);
}
