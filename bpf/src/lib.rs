//! The CO-RE probes of Driftcore, compiled, with the skeleton that loads them.
//!
//! No logic: what the probes do is in `progs`, what their records look like in `include/wire.h`, and
//! how they are used in `driftcore::sensor`.
//!
//! It has no features. A build needs clang, libelf and zlib headers. Where docs.rs has no clang, this
//! crate is documented without its probes: its types are then empty ones that only bear the names,
//! and no program that uses them compiles.
#![deny(missing_docs)]

/// The generated skeleton.
#[cfg(not(without_probes))]
#[allow(missing_docs, unsafe_code, unreachable_pub, rust_2018_idioms)]
#[allow(clippy::all, clippy::undocumented_unsafe_blocks, clippy::unwrap_used, clippy::expect_used)]
#[allow(clippy::panic)]
#[allow(clippy::uninlined_format_args, clippy::semicolon_if_nothing_returned)]
#[rustfmt::skip]
mod skeleton {
    include!(concat!(env!("OUT_DIR"), "/driftcore.skel.rs"));
}

/// The names that `driftcore` imports, for its documentation alone.
#[cfg(without_probes)]
mod skeleton {
    /// Opens the probes (absent from this build).
    #[derive(Debug)]
    pub struct DriftcoreSkelBuilder(());

    /// The types of the probes' global data.
    #[allow(non_camel_case_types)]
    pub mod types {
        /// Global variables (absent from this build).
        #[derive(Debug)]
        pub struct bss(());
        /// Global constants (absent from this build).
        #[derive(Debug)]
        pub struct rodata(());
        /// What a container may write to the rings (absent from this build).
        #[derive(Debug)]
        pub struct dc_budget(());
        /// A container (absent from this build).
        #[derive(Debug)]
        pub struct dc_container(());
        /// What a file is known by (absent from this build).
        #[derive(Debug)]
        pub struct dc_inode_key(());
        /// Settings (absent from this build).
        #[derive(Debug)]
        pub struct dc_settings(());
    }
}

pub use skeleton::*;

/// The compiled object: ELF with BTF.
#[cfg(not(without_probes))]
pub const OBJECT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/driftcore.bpf.o"));
/// The compiled object (absent from this build).
#[cfg(without_probes)]
pub const OBJECT: &[u8] = &[];
