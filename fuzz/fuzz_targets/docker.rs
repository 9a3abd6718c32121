//! What Docker and runc keep of a container.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| driftcore_fuzz::docker(bytes));
