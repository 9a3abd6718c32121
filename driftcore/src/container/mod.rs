//! What a container is to its runtime: name, image, digests, labels, pod and root mount, read
//! from the state that Docker, containerd, CRI-O and Podman keep on disk. No runtime is asked,
//! so nothing here waits for a daemon.
//!
//! A cgroup name alone never makes a container: the caller has proved by namespaces that there
//! is one, and [`Runtimes::resolve`] finds its name. Where no runtime confirms one, the id is
//! `mnt-<inode of the mount namespace>`.

mod accounts;
mod bolt;
mod cgroup;
mod containerd;
mod declaration;
mod docker;
mod find;
mod found;
#[cfg(feature = "manifest")]
mod images;
mod mounts;
mod oci;
mod overlay;
#[cfg(feature = "sensor")]
mod place;
mod ports;
mod resolve;
mod roots;
mod state;
mod storage;

pub use accounts::Account;
pub use accounts::AccountCache;
pub use accounts::AccountRoot;
pub use accounts::Accounts;
pub(crate) use cgroup::most_telling_cgroup;
pub(crate) use declaration::Declaration;
pub(crate) use declaration::Document;
pub(crate) use declaration::Sources;
pub use find::FindError;
pub use find::Stored;
#[cfg(feature = "manifest")]
pub(crate) use images::StoredImage;
pub(crate) use mounts::Mount;
pub use mounts::RootMount;
pub(crate) use mounts::read as read_mounts;
pub use overlay::Layers;
#[cfg(feature = "sensor")]
pub(crate) use place::ContainerRoot;
#[cfg(feature = "sensor")]
pub(crate) use place::Lost;
#[cfg(feature = "sensor")]
pub(crate) use place::Place;
#[cfg(feature = "sensor")]
pub(crate) use place::PlaceMount;
#[cfg(feature = "sensor")]
pub(crate) use place::RootQuery;
#[cfg(feature = "sensor")]
pub(crate) use place::Stat;
pub use resolve::Query;
pub use resolve::Resolved;
pub use resolve::Runtimes;
pub use roots::ContainerdRoots;
pub use roots::StateRoots;
