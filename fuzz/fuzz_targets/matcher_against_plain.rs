//! The compiled matcher against the plain one.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| driftcore_fuzz::matcher_against_plain(bytes));
