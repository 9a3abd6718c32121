//! What the benches share: records as the probes write them, a container on disk, and a sink that
//! counts. Each bench asserts what came out, so that none measures a path that was not taken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod container;
mod falco;
#[path = "../../driftcore/tests/record/mod.rs"]
mod record;
mod rules;
mod sample;
mod sink;
mod text;

pub use container::Container;
pub use container::ID;
pub use falco::Expected;
pub use falco::drift_events;
pub use falco::falco_events;
pub use rules::FlatEvent;
pub use rules::events;
pub use rules::synthetic;
pub use sample::Sample;
pub use sample::exit;
pub use sample::fork;
pub use sink::Counting;
pub use sink::Counts;
pub use sink::Form;
pub use text::synthetic_text;
