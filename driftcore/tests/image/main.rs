//! What a scan says about real overlays, held against a full comparison of what they show.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "manifest")]
mod archives;
mod exact;
#[cfg(feature = "manifest")]
mod layout;
#[cfg(feature = "manifest")]
mod manifest;
mod operation;
mod oracle;
#[cfg(feature = "manifest")]
mod packages;
mod property;
mod report;
mod tree;
mod world;
