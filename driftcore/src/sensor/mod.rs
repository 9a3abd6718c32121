//! The live sensor: loads the probes, attaches them, reads their rings.
//!
//! The only place that knows libbpf. What comes out are the bytes of records, for
//! [`wire`](crate::wire) to check; what goes in is nothing.
//!
//! Needs the capabilities `CAP_BPF`, `CAP_PERFMON` and `CAP_SYS_ADMIN` (the last for BTF object
//! ids and, in the self-test, for mounts), a kernel with BTF from 5.10 on, and the host's pid
//! namespace.

mod batch;
mod calls;
mod canary;
mod canary_program;
mod error;
mod features;
mod hooks;
mod interpreters;
mod log;
mod other_calls;
mod plan;
mod probes;
mod programs;
mod settings;
mod sweep;
mod unified;
mod uring;
mod wanted;

pub use batch::Batch;
pub use canary::Canary;
pub use canary::CanaryCase;
pub use error::SensorError;
pub use features::Features;
pub use hooks::HookSet;
pub(crate) use interpreters::ENDINGS;
pub use interpreters::INTERPRETERS;
pub use log::log_libbpf;
pub use probes::Losses;
pub use probes::Sensor;
pub use probes::SensorOptions;
pub use probes::Suppressed;
pub use wanted::Wanted;
