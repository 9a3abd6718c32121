//! Is a container set up as it was declared to be?
//!
//! ```text
//! bundle's config.json, Docker's state,
//! the pod's JSON                       ─→ Declared ─┐
//!                                                   ├─→ compare ─→ Comparison of Items
//! /proc, mounts, control groups        ─→ Live ─────┘
//! ```
//! [`Declared`] is what the runtime wrote down; nobody is asked. [`Live`] is what the kernel shows of the
//! container's processes. [`compare`] looks at neither again: it says item by item what was declared, what
//! is, and whether that differs. Only what gives a container more, or other, than was declared differs: a
//! process that gives up a capability or a user id does what it should.
//!
//! Values of environment variables are digests but for a few that are no secrets and
//! tell how code was injected.
//!
//! # Example
//!
//! ```no_run
//! use driftcore::config::Declared;
//! use driftcore::config::Live;
//! use driftcore::config::compare;
//! use driftcore::container::Runtimes;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtimes = Runtimes::default();
//! let stored = runtimes.find("web")?;
//! let declared = Declared::read(&runtimes, &stored)?;
//! let live = Live::read(&runtimes, &declared)?;
//! for item in compare(&declared, &live).differences() {
//!     println!("{} {}", item.aspect, item.name);
//! }
//! # Ok(())
//! # }
//! ```

mod compare;
mod declared;
mod error;
mod examine;
mod item;
mod live;
mod secret;
mod secrets;
mod security;

#[cfg(feature = "sensor")]
pub(crate) use compare::Allowed;
#[cfg(feature = "sensor")]
pub(crate) use compare::Beginning;
#[cfg(feature = "sensor")]
pub(crate) use compare::ExecRights;
pub use compare::compare;
#[cfg(feature = "sensor")]
pub(crate) use compare::compare_since;
#[cfg(feature = "sensor")]
pub(crate) use compare::entered;
#[cfg(feature = "sensor")]
pub(crate) use compare::exceeding;
#[cfg(feature = "sensor")]
pub(crate) use compare::executed;
pub use declared::Declared;
#[cfg(feature = "sensor")]
pub(crate) use declared::take_pods;
pub use error::ConfigError;
pub use examine::examine;
pub use item::Aspect;
pub use item::Comparison;
pub use item::Holder;
pub use item::Item;
#[cfg(feature = "sensor")]
pub(crate) use live::Host;
pub use live::Live;
#[cfg(feature = "sensor")]
pub(crate) use live::MountTable;
#[cfg(feature = "sensor")]
pub(crate) use live::is_limit_file;
pub use secrets::Secrets;
pub(crate) use security::Bind;
#[cfg(test)]
pub(crate) use security::DockerSecurity;
pub(crate) use security::Security;
pub(crate) use security::Sharing;
