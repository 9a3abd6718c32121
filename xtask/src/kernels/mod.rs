//! `cargo xtask kernels`: boots Debian's own kernels in QEMU and runs driftd in each, on real
//! overlay mounts, against programs whose provenance is known.
//!
//! ```text
//! apt ──→ kernel ──→ modules ──┐
//!  (fetch)  (unpack)  (order)  ├─→ disk, cpio ──→ qemu ──→ console ──→ expect ──→ table
//! tests/vm ──→ programs ───────┘   (what boots)  (boot)   (sections)  (verdicts)  (result)
//! ```
//!
//! Nothing needs KVM, and only mounts inside the machine are made: no root is needed but for
//! the installation of missing packages. Everything is kept in `target/kernels`; a second run
//! works offline. The machine's programs and scripts are in `tests/vm`.

mod apt;
mod code;
mod command;
mod config;
mod console;
mod cpio;
mod deeds;
mod disk;
mod expect;
mod fields;
mod kernel;
mod modules;
mod overhead;
mod qemu;
mod table;
mod tool;
mod writers;

pub(crate) use command::Arguments;
pub(crate) use command::fetch_two;
pub(crate) use command::run;
pub(crate) use command::run_two;
