//! Programs that Go may have built.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| driftcore_fuzz::go(bytes));
