//! An engine that is not there: it would load the sensor.

use std::cell::Cell;
use std::ptr::null;
use std::ptr::null_mut;

use driftcore_ffi::engine::driftcore_callbacks;
use driftcore_ffi::engine::driftcore_counters;
use driftcore_ffi::engine::driftcore_engine_counters;
use driftcore_ffi::engine::driftcore_engine_destroy;
use driftcore_ffi::engine::driftcore_engine_fd;
use driftcore_ffi::engine::driftcore_engine_finish;
use driftcore_ffi::engine::driftcore_engine_new;
use driftcore_ffi::engine::driftcore_engine_poll;
use driftcore_ffi::engine::driftcore_engine_run;
use driftcore_ffi::engine::driftcore_engine_set_rules;
use driftcore_ffi::engine::driftcore_engine_stop;

use crate::c_abi::memory::Record;
use crate::c_abi::op::Size;
use crate::c_abi::op::Slot;
use crate::c_abi::world::World;

impl World<'_> {
    pub(super) fn engine(&self, which: u8, slot: Slot, size: Size) {
        let (options, rules) = (self.options.get(slot), self.rules.get(slot));
        let made = Cell::new(std::ptr::dangling_mut());
        let counters = Record::<driftcore_counters>::new(size);
        let callbacks = Record::<driftcore_callbacks>::new(size);
        // SAFETY: in all of these, NULL or what is there; records of the size that they say. No
        // engine is made: there is no place for it, or there are no callbacks.
        let refused = unsafe {
            match which % 9 {
                0 => self.fallible(|error| {
                    let callbacks = callbacks.pointer();
                    driftcore_engine_new(options, rules, callbacks, null_mut(), error)
                }),
                1 => {
                    let done = self.fallible(|error| {
                        driftcore_engine_new(options, rules, null(), made.as_ptr(), error)
                    });
                    assert!(made.get().is_null());
                    done
                }
                2 => self.fallible(|error| driftcore_engine_poll(null_mut(), -1, error)),
                3 => self.fallible(|error| driftcore_engine_run(null_mut(), error)),
                4 => self.fallible(|error| driftcore_engine_finish(null_mut(), error)),
                5 => self.fallible(|error| driftcore_engine_set_rules(null_mut(), rules, error)),
                6 => self
                    .fallible(|error| driftcore_engine_counters(null(), counters.pointer(), error)),
                7 => driftcore_engine_fd(null()) != -1,
                _ => {
                    driftcore_engine_stop(null());
                    driftcore_engine_destroy(null_mut());
                    made.set(null_mut());
                    driftcore_engine_destroy(made.as_ptr());
                    !made.get().is_null()
                }
            }
        };
        assert!(!refused, "a call without an engine");
    }
}
