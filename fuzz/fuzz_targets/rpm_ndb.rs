//! RPM's package database of its own kind.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| driftcore_fuzz::rpm_ndb(bytes));
