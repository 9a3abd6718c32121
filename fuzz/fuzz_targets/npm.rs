//! What is said of Node.js packages.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| driftcore_fuzz::npm(bytes));
