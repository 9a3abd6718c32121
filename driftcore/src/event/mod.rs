//! The vocabulary: what the sensor sees ([`Exec`], [`FileEvidence`]) and what Driftcore
//! reports ([`DriftEvent`]). Data only, with its JSON form; no logic, and nothing imported
//! from the rest of the crate.

mod container;
mod details;
mod drift;
mod file;
mod observed;
mod process;
mod provenance;
mod sensor;
mod text;
mod time;

pub use container::Container;
pub use details::ContainerDetails;
pub use details::MountPoint;
pub use drift::Action;
pub use drift::DriftEvent;
pub use drift::Kind;
pub use drift::VERSION;
pub use file::File;
pub use file::Owner;
pub use observed::Capabilities;
pub use observed::Event;
pub use observed::EvidenceFlags;
pub use observed::Exec;
pub use observed::Exit;
pub use observed::FileEvidence;
pub use observed::Fork;
pub use observed::Inode;
pub use observed::KernelPath;
pub use observed::NamespaceIds;
pub use observed::TaskFacts;
pub use process::Ancestor;
pub use process::Process;
pub use provenance::Evidence;
pub use provenance::Provenance;
pub use provenance::Verdict;
pub use sensor::LossReason;
pub use text::Text;
pub use time::Timestamp;
