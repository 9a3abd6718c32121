//! Flat events out of random numbers, and what follows from their values, written for clarity.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod given;
pub mod model;
