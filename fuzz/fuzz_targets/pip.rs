//! What is said of Python distributions.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| driftcore_fuzz::pip(bytes));
