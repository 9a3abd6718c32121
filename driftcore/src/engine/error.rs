//! Why the engine cannot work.

use std::io;

use thiserror::Error;

use crate::config::ConfigError;
use crate::sensor::SensorError;

/// Why the engine could not be built or could not go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The sensor could not be started or read.
    #[error(transparent)]
    Sensor(#[from] SensorError),
    /// The sensor loads but does not see what it must see.
    #[error("the sensor is blind: {0}")]
    Blind(String),
    /// What pods declare cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A system call failed.
    #[error("cannot {action}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// What the kernel says.
        source: io::Error,
    },
}

impl EngineError {
    pub(super) fn io(action: &'static str) -> impl FnOnce(rustix::io::Errno) -> Self {
        move |errno| Self::Io { action, source: errno.into() }
    }

    pub(super) fn io_std(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, source }
    }
}
