//! Live detection.

mod callbacks;
mod counters;
mod drive;
mod functions;
mod signals;

pub use callbacks::CallbackSink;
pub use callbacks::driftcore_alert_function;
pub use callbacks::driftcore_callbacks;
pub use callbacks::driftcore_event_function;
pub use counters::driftcore_counters;
pub use drive::driftcore_engine;
pub use functions::driftcore_engine_counters;
pub use functions::driftcore_engine_destroy;
pub use functions::driftcore_engine_exceptions;
pub use functions::driftcore_engine_fd;
pub use functions::driftcore_engine_finish;
pub use functions::driftcore_engine_new;
pub use functions::driftcore_engine_poll;
pub use functions::driftcore_engine_run;
pub use functions::driftcore_engine_set_approved;
pub use functions::driftcore_engine_set_normality;
pub use functions::driftcore_engine_set_rules;
pub use functions::driftcore_engine_stop;
