//! The CO-RE probes of Driftcore, compiled, with the skeleton that loads them.
//!
//! No logic: what the probes do is in `bpf/progs`, what their records look like in
//! `bpf/include/wire.h`, and how they are used in `driftcore::sensor`.

/// The generated skeleton.
#[allow(missing_docs, unsafe_code, unreachable_pub, rust_2018_idioms)]
#[allow(clippy::all, clippy::undocumented_unsafe_blocks, clippy::unwrap_used, clippy::expect_used)]
#[allow(clippy::panic)]
#[allow(clippy::uninlined_format_args, clippy::semicolon_if_nothing_returned)]
#[rustfmt::skip]
mod skeleton {
    include!(concat!(env!("OUT_DIR"), "/driftcore.skel.rs"));
}

pub use skeleton::*;

/// The compiled object: ELF with BTF.
pub const OBJECT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/driftcore.bpf.o"));
