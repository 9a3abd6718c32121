//! The provenance classifier against real files: plain layer directories, and overlay mounts
//! where this process may mount.
#![allow(clippy::unwrap_used, clippy::panic)]

mod fixture;
mod hostile;
mod layers;
mod overlay;
mod pool;
