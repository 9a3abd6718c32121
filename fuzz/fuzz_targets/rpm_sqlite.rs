//! RPM's package database in SQLite.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| driftcore_fuzz::rpm_sqlite(bytes));
