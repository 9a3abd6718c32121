//! RPM's package database in Berkeley DB.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| driftcore_fuzz::rpm_bdb(bytes));
