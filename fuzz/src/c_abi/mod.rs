//! Random calls of the C ABI, as a C program could make them: objects in pools, NULL where there is
//! none, records and texts in memory of exactly their size. `fuzz_targets/c_abi.rs` gives it bytes
//! of a fuzzer, `driftcore-ffi/tests/fuzz.rs` the committed ones.
//!
//! ```text
//! bytes ─→ op ─→ calls (what is called with what) ─→ pool, memory (what C would hold)
//!                  └─→ read (what must hold of an object)
//! ```

mod calls;
mod memory;
mod op;
mod pool;
mod read;
mod tables;
mod world;

pub use world::run;
