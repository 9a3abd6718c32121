//! What a container has become, against its image.

mod entry;
mod functions;
mod names;
mod report;

pub use entry::DRIFTCORE_CHANGED_CONTENT;
pub use entry::DRIFTCORE_CHANGED_DEVICE;
pub use entry::DRIFTCORE_CHANGED_TARGET;
pub use entry::DRIFTCORE_CHANGED_TIMES;
pub use entry::driftcore_entry;
pub use entry::driftcore_entry_copy;
pub use entry::driftcore_entry_free;
pub use entry::driftcore_entry_get;
pub use entry::driftcore_entry_info;
pub use entry::driftcore_entry_json;
pub use entry::driftcore_entry_state;
pub use entry::driftcore_entry_user;
pub use entry::driftcore_file_state;
pub use entry::driftcore_file_user;
pub use functions::driftcore_scan;
pub use functions::driftcore_scan_container;
pub use functions::driftcore_scan_directories;
pub use functions::driftcore_scan_free;
pub use functions::driftcore_scan_run;
pub use names::driftcore_code;
pub use names::driftcore_entry_kind;
pub use names::driftcore_entry_kind_name;
pub use names::driftcore_file_type;
pub use names::driftcore_side;
pub use names::driftcore_use;
pub use report::driftcore_entry_function;
pub use report::driftcore_problem;
pub use report::driftcore_problem_function;
pub use report::driftcore_progress_function;
pub use report::driftcore_scan_callbacks;
pub use report::driftcore_scan_summary;
