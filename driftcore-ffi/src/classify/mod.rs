//! Where a file came from.

mod evidence;
mod inspect;
mod result;

pub use evidence::DRIFTCORE_EVIDENCE_FLAG_ANONYMOUS;
pub use evidence::DRIFTCORE_EVIDENCE_FLAG_HOST;
pub use evidence::DRIFTCORE_EVIDENCE_FLAG_IMMUTABLE;
pub use evidence::DRIFTCORE_EVIDENCE_FLAG_LAYERS_KNOWN;
pub use evidence::DRIFTCORE_EVIDENCE_FLAG_ON_ROOT_MOUNT;
pub use evidence::DRIFTCORE_EVIDENCE_FLAG_ON_ROOT_SUPERBLOCK;
pub use evidence::DRIFTCORE_EVIDENCE_FLAG_OVERLAY;
pub use evidence::DRIFTCORE_EVIDENCE_FLAG_READ_ONLY;
pub use evidence::DRIFTCORE_EVIDENCE_FLAG_UNHASHED;
pub use evidence::DRIFTCORE_EVIDENCE_FLAG_UPPER_DATA;
pub use evidence::DRIFTCORE_EVIDENCE_FLAG_WRITERS;
pub use evidence::driftcore_classify;
pub use evidence::driftcore_evidence;
pub use evidence::driftcore_inode;
pub use evidence::driftcore_layers;
pub use evidence::driftcore_layers_free;
pub use evidence::driftcore_layers_new;
pub use inspect::driftcore_inspector;
pub use inspect::driftcore_inspector_descriptor;
pub use inspect::driftcore_inspector_file;
pub use inspect::driftcore_inspector_free;
pub use inspect::driftcore_inspector_new;
pub use result::driftcore_classified;
pub use result::driftcore_classified_container;
pub use result::driftcore_classified_free;
pub use result::driftcore_classified_get;
pub use result::driftcore_classified_info;
pub use result::driftcore_classified_label;
