//! A baseline, and exceptions.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| driftcore_fuzz::baseline(bytes));
