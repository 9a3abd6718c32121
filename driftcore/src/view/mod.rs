//! An event as rules see it: the values of Falco's fields and of our own, built only when a rule
//! asks for them.

mod accounts;
mod ancestors;
mod arguments;
mod capabilities;
mod catalogue;
mod facts;
mod file;
mod file_arguments;
mod flags;
mod getters;
mod mounts;
mod observation;
mod recorded;
mod socket;
mod values;

pub use accounts::AccountNames;
pub use accounts::User;
pub use ancestors::Ancestors;
pub use ancestors::Relative;
pub use facts::CallFacts;
pub use facts::FileFacts;
pub use facts::NetworkFacts;
pub use facts::ObservedFacts;
pub use facts::PathText;
pub use facts::ProcessFacts;
pub use facts::ProcessIds;
pub use observation::View;
pub(crate) use observation::event_type;
pub use recorded::LiveFacts;
pub use recorded::Recorded;
