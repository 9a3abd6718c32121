//! Pods as `kubectl get pods -o json` prints them: read one at a time, so that any number of them takes the
//! memory of one. What of a pod is kept is its reader's business.

mod bounded;
mod list;
mod read;
mod role;

pub(crate) use list::List;
pub use read::Count;
pub(crate) use read::Object;
pub(crate) use read::read;
#[cfg(feature = "digest")]
pub(crate) use read::unquoted;
pub use role::Role;
