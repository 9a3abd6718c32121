//! What every scan may be told.

use super::Users;
use crate::event::Text;

/// Largest file that is read by default, in bytes.
const LARGEST: u64 = 4 << 30;

/// How a scan compares, and what it is told of the container.
///
/// ```
/// use driftcore::image::ScanOptions;
///
/// let mut options = ScanOptions::default();
/// options.times = true;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScanOptions {
    /// Whether a file whose time of modification alone differs counts as changed. No, by default.
    pub times: bool,
    /// Largest file whose content is read, in bytes: 4 GiB by default. A larger one whose size
    /// differs from the image's is `modified` without SHA-256, one of equal size is a
    /// [`Problem`](super::Problem).
    pub largest: u64,
    /// How many threads read files of more than 256 KiB, several at a time: as many as the machine has
    /// processors, by default. With 0 or 1 no thread is started. What the visitor is told, in which
    /// order and on which thread, is the same.
    pub threads: usize,
    /// The paths in the container at which something is mounted, absolute: what the runtime makes
    /// there is [noise](super::Entry::noise). None, by default.
    pub mount_points: Vec<Text>,
    /// The processes that use files of the container: entries [tell](super::Entry::processes) of
    /// them. None, by default.
    pub users: Users,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            times: false,
            largest: LARGEST,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            mount_points: Vec::new(),
            users: Users::default(),
        }
    }
}
