//! What a scan says about real overlays, held against a full comparison of what they show.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod exact;
mod operation;
mod oracle;
mod property;
mod report;
mod tree;
mod world;
