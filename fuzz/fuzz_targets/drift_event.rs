//! The JSON form of an event.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| driftcore_fuzz::drift_event(bytes));
