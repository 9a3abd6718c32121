//! The configuration of a bundle.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| driftcore_fuzz::bundle(bytes));
