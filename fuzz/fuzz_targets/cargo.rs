//! Lists of what cargo installed.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| driftcore_fuzz::cargo(bytes));
