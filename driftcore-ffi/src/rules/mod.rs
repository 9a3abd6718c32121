//! Rules: their sources, what is wrong with them, what they are.

mod diagnostics;
mod listing;
mod load;
mod sources;

pub use diagnostics::driftcore_diagnostic;
pub use diagnostics::driftcore_diagnostics;
pub use diagnostics::driftcore_diagnostics_count;
pub use diagnostics::driftcore_diagnostics_free;
pub use diagnostics::driftcore_diagnostics_get;
pub use diagnostics::driftcore_severity;
pub use listing::driftcore_priority;
pub use listing::driftcore_rule;
pub use listing::driftcore_rule_status;
pub use listing::driftcore_rules_count;
pub use listing::driftcore_rules_get;
pub use listing::driftcore_rules_json;
pub use listing::driftcore_rules_tag;
pub use load::driftcore_rules;
pub use load::driftcore_rules_free;
pub use load::driftcore_rules_load;
pub use sources::driftcore_sources;
pub use sources::driftcore_sources_add_path;
pub use sources::driftcore_sources_add_shipped;
pub use sources::driftcore_sources_add_text;
pub use sources::driftcore_sources_free;
pub use sources::driftcore_sources_new;
