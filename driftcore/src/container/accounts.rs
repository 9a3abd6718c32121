//! Names of users and groups, from the account files of a container or of the host.
//!
//! A container's files are written by whoever is in it, so nothing about them is trusted: they
//! are reached without ever leaving the container's root filesystem, opened only when they are
//! regular files, and read up to a bound. What they say is the container's own view of its
//! users, worth printing and never worth a verdict.

mod cache;
mod file;
mod table;

pub use cache::AccountCache;
pub use cache::AccountRoot;
pub use table::Account;
pub use table::Accounts;
