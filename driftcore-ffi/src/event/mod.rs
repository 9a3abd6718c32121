//! The event that is reported.

mod container;
mod file;
mod info;
mod names;
mod object;
mod process;

pub use container::driftcore_container;
pub use container::driftcore_event_container;
pub use container::driftcore_event_label;
pub(crate) use container::filled as container_record;
pub(crate) use container::label as container_label;
pub use file::driftcore_event_file;
pub use file::driftcore_event_writer;
pub use file::driftcore_file;
pub use file::driftcore_origin;
pub use file::driftcore_writer;
pub use file::driftcore_written;
pub use info::driftcore_event_get;
pub use info::driftcore_event_info;
pub use info::driftcore_event_lost;
pub use names::driftcore_action;
pub use names::driftcore_evidence_kind;
pub use names::driftcore_kind;
pub use names::driftcore_verdict;
pub use names::driftcore_verdict_name;
pub use object::driftcore_event;
pub use object::driftcore_event_copy;
pub use object::driftcore_event_free;
pub use object::driftcore_event_json;
pub use object::driftcore_event_parse;
pub use process::driftcore_ancestor;
pub use process::driftcore_event_ancestor;
pub use process::driftcore_event_ancestor_argument;
pub use process::driftcore_event_argument;
pub use process::driftcore_event_process;
pub use process::driftcore_process;
