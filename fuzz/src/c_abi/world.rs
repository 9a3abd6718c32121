//! All that a C program holds, and the calls that it makes.

use std::cell::Cell;
use std::cell::RefCell;
use std::ptr::dangling_mut;
use std::ptr::null_mut;

use arbitrary::Arbitrary;
use arbitrary::Unstructured;
use driftcore_ffi::alert::driftcore_alert;
use driftcore_ffi::alert::driftcore_alert_free;
use driftcore_ffi::classify::driftcore_classified;
use driftcore_ffi::classify::driftcore_classified_free;
use driftcore_ffi::classify::driftcore_inspector;
use driftcore_ffi::classify::driftcore_inspector_free;
use driftcore_ffi::classify::driftcore_layers;
use driftcore_ffi::classify::driftcore_layers_free;
use driftcore_ffi::error::driftcore_error;
use driftcore_ffi::error::driftcore_error_free;
use driftcore_ffi::event::driftcore_event;
use driftcore_ffi::event::driftcore_event_free;
use driftcore_ffi::flat::driftcore_field;
use driftcore_ffi::flat::driftcore_field_free;
use driftcore_ffi::flat::driftcore_flat_event;
use driftcore_ffi::flat::driftcore_flat_event_free;
use driftcore_ffi::matcher::driftcore_matcher;
use driftcore_ffi::matcher::driftcore_matcher_free;
use driftcore_ffi::options::driftcore_options;
use driftcore_ffi::options::driftcore_options_free;
use driftcore_ffi::rules::driftcore_diagnostics;
use driftcore_ffi::rules::driftcore_diagnostics_free;
use driftcore_ffi::rules::driftcore_rules;
use driftcore_ffi::rules::driftcore_rules_free;
use driftcore_ffi::rules::driftcore_sources;
use driftcore_ffi::rules::driftcore_sources_free;
use driftcore_ffi::status::driftcore_status;

use super::op::Op;
use super::op::Slot;
use super::pool::Pool;
use super::read;

/// Calls within callbacks of callbacks end here.
const DEPTH: u32 = 3;
/// Calls that one callback makes at most.
const CALLS_BACK: u32 = 4;
/// How often the shipped rules are loaded for one input: that is slow.
const SHIPPED: u32 = 1;

/// How far the bytes got.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reached {
    /// Calls that succeeded.
    pub done: u32,
    /// Callbacks that came.
    pub callbacks: u32,
    /// Callbacks within callbacks.
    pub nested: u32,
}

pub(super) struct World<'a> {
    reached: Cell<Reached>,
    bytes: RefCell<Unstructured<'a>>,
    depth: Cell<u32>,
    shipped: Cell<u32>,
    pub(super) options: Pool<driftcore_options>,
    pub(super) sources: Pool<driftcore_sources>,
    pub(super) rules: Pool<driftcore_rules>,
    pub(super) diagnostics: Pool<driftcore_diagnostics>,
    pub(super) errors: Pool<driftcore_error>,
    pub(super) fields: Pool<driftcore_field>,
    pub(super) flats: Pool<driftcore_flat_event>,
    pub(super) events: Pool<driftcore_event>,
    pub(super) matchers: Pool<driftcore_matcher>,
    pub(super) alerts: Pool<driftcore_alert>,
    pub(super) layers: Pool<driftcore_layers>,
    pub(super) classified: Pool<driftcore_classified>,
    pub(super) inspectors: Pool<driftcore_inspector>,
}

/// Makes the calls that the bytes stand for, and checks what comes back.
pub fn run(bytes: &[u8]) -> Reached {
    let world = World {
        reached: Cell::default(),
        bytes: RefCell::new(Unstructured::new(bytes)),
        depth: Cell::new(0),
        shipped: Cell::new(0),
        options: Pool::new(driftcore_options_free),
        sources: Pool::new(driftcore_sources_free),
        rules: Pool::new(driftcore_rules_free),
        diagnostics: Pool::new(driftcore_diagnostics_free),
        errors: Pool::new(driftcore_error_free),
        fields: Pool::new(driftcore_field_free),
        flats: Pool::new(driftcore_flat_event_free),
        events: Pool::new(driftcore_event_free),
        matchers: Pool::new(driftcore_matcher_free),
        alerts: Pool::new(driftcore_alert_free),
        layers: Pool::new(driftcore_layers_free),
        classified: Pool::new(driftcore_classified_free),
        inspectors: Pool::new(driftcore_inspector_free),
    };
    while let Some(op) = world.next::<Op>() {
        world.call(op);
    }
    world.reached.get()
}

impl World<'_> {
    /// The next thing that the bytes stand for; `None` at their end.
    fn next<T: for<'b> Arbitrary<'b>>(&self) -> Option<T> {
        let mut bytes = self.bytes.borrow_mut();
        if bytes.is_empty() { None } else { bytes.arbitrary().ok() }
    }

    /// Makes a call that returns a status: with an error that is wanted or not, which is then what
    /// the header says. True when it succeeded.
    pub(super) fn fallible(
        &self,
        call: impl FnOnce(*mut *mut driftcore_error) -> driftcore_status,
    ) -> bool {
        self.status(call) == driftcore_status::DRIFTCORE_STATUS_OK
    }

    pub(super) fn status(
        &self,
        call: impl FnOnce(*mut *mut driftcore_error) -> driftcore_status,
    ) -> driftcore_status {
        let (wanted, slot) = self.next::<(bool, Slot)>().map_or((true, None), |(wanted, slot)| {
            // Most calls want it.
            (wanted || slot.index(2) != Some(0), Some(slot))
        });
        let error = Cell::new(dangling_mut());
        let status = call(if wanted { error.as_ptr() } else { null_mut() });
        assert!(
            !matches!(
                status,
                driftcore_status::DRIFTCORE_STATUS_PANIC
                    | driftcore_status::DRIFTCORE_STATUS_FAILED
                    | driftcore_status::DRIFTCORE_STATUS_BUSY
            ),
            "{status:?}"
        );
        let done = u32::from(status == driftcore_status::DRIFTCORE_STATUS_OK);
        self.count(|reached| reached.done += done);
        if wanted {
            let failed = status != driftcore_status::DRIFTCORE_STATUS_OK;
            assert_eq!(!error.get().is_null(), failed, "{status:?} and its error");
            read::error(error.get(), status);
            match slot {
                Some(slot) => self.errors.put(slot, error.get()),
                // SAFETY: the error is this function's, and is not used again.
                None => unsafe { driftcore_error_free(error.as_ptr()) },
            }
        }
        status
    }

    /// Makes a call that gives an object, which goes to a place of its pool.
    pub(super) fn making<T>(
        &self,
        pool: &Pool<T>,
        slot: Slot,
        call: impl FnOnce(*mut *mut T, *mut *mut driftcore_error) -> driftcore_status,
    ) -> bool {
        let made = Cell::new(dangling_mut());
        // Without a place in the pool there is none for the result.
        let place = if slot.index(1).is_some() { made.as_ptr() } else { null_mut() };
        let done = self.fallible(|error| call(place, error));
        if place.is_null() {
            assert!(!done, "an object without a place");
        } else {
            assert_eq!(!made.get().is_null(), done, "an object where there is success");
            pool.put(slot, made.get());
        }
        done
    }

    /// Makes some of the calls from within a callback.
    pub(super) fn call_back(&self, alert: *const driftcore_alert) {
        let nested = u32::from(self.depth.get() > 0);
        self.count(|reached| {
            reached.callbacks += 1;
            reached.nested += nested;
        });
        read::alert(alert);
        if let Some(slot) = self.next::<Slot>() {
            self.copy_alert(alert, slot);
        }
        if self.depth.get() >= DEPTH {
            return;
        }
        self.depth.set(self.depth.get() + 1);
        let calls = self.next::<u8>().map_or(0, |calls| u32::from(calls) % (CALLS_BACK + 1));
        for _ in 0..calls {
            if let Some(op) = self.next::<Op>() {
                self.call(op);
            }
        }
        self.depth.set(self.depth.get() - 1);
        // Nothing that was done meanwhile took it away.
        read::alert(alert);
    }

    fn count(&self, change: impl FnOnce(&mut Reached)) {
        let mut reached = self.reached.get();
        change(&mut reached);
        self.reached.set(reached);
    }

    /// Whether the shipped rules may be added once more.
    pub(super) fn may_add_shipped(&self) -> bool {
        self.shipped.replace(self.shipped.get() + 1) < SHIPPED
    }
}
