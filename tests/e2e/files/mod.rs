//! Operations on files: each done by a program in a container, with the exact event, and where it must
//! stay silent.

pub(crate) mod counted;
pub(crate) mod evasions;
pub(crate) mod flood;
pub(crate) mod operations;
pub(crate) mod stage;
pub(crate) mod twins;
