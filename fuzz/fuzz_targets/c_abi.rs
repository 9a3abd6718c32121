//! Calls of the C ABI.
#![no_main]

#[path = "../src/c_abi/mod.rs"]
mod c_abi;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    c_abi::run(bytes);
});
