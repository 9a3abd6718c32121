//! A verdict about a file that a running container can name.

use std::ffi::c_char;
use std::ffi::c_int;
use std::os::fd::BorrowedFd;

use driftcore::inspect::InspectError;
use driftcore::inspect::Inspected;
use driftcore::inspect::Inspector;

use super::result::driftcore_classified;
use crate::error::Failure;
use crate::error::driftcore_error;
use crate::error::status_of_io;
use crate::guard::guard;
use crate::handle;
use crate::options::driftcore_options;
use crate::status::driftcore_status;
use crate::text;

/// Judges files of running containers, from user space. Any number of threads may use it at the
/// same time. Since 0.1.0.
#[derive(Debug)]
pub struct driftcore_inspector {
    inspector: Inspector,
}

impl driftcore_classified {
    fn inspected(inspected: Inspected) -> Self {
        let path = inspected.path.as_bytes().to_vec();
        Self::new(inspected.classified, path, inspected.container)
    }
}

impl From<InspectError> for Failure {
    fn from(error: InspectError) -> Self {
        let status = match &error {
            InspectError::NoSuchProcess(_) | InspectError::NoSuchFile { .. } => {
                driftcore_status::DRIFTCORE_STATUS_NOT_FOUND
            }
            InspectError::NotRegular(_) => driftcore_status::DRIFTCORE_STATUS_UNSUPPORTED,
            InspectError::Changed(_) => driftcore_status::DRIFTCORE_STATUS_CHANGED,
            InspectError::Io { source, .. } => status_of_io(source),
            _ => driftcore_status::DRIFTCORE_STATUS_IO,
        };
        Self::new(status, error.to_string())
    }
}

/// Makes an inspector; the options `runtimes.*` and `proof.*` count, NULL: the defaults. `inspector`
/// gets it, for `driftcore_inspector_free`, and must not be NULL. Any thread, while no other changes
/// `options`. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_inspector_new(
    options: *const driftcore_options,
    inspector: *mut *mut driftcore_inspector,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(inspector)?;
        let options = handle::lend!(options).cloned().unwrap_or_default();
        let mut made = Inspector::new(options.roots);
        made.bounds(options.bounds);
        handle::put!(inspector, handle::give(driftcore_inspector { inspector: made }));
        Ok(())
    })
}

/// Judges the file that process `pid` (on the host) would find at `path`, which may be relative to
/// its working directory. Symbolic links are followed inside the process's root, never out of it.
/// `classified` gets the verdict, for `driftcore_classified_free`. NULL anywhere but in `error`:
/// refused. `DRIFTCORE_STATUS_NOT_FOUND`, `_UNSUPPORTED` (no regular file), `_CHANGED` (under our
/// eyes), `_PERMISSION`, `_IO`. Reads files: blocks as long as the bounds allow. Any thread. Since
/// 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_inspector_file(
    inspector: *const driftcore_inspector,
    pid: u32,
    path: *const c_char,
    classified: *mut *mut driftcore_classified,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(classified)?;
        let inspector = &handle::borrow!(inspector)?.inspector;
        let inspected = inspector.file(pid, text::path("path", path)?)?;
        handle::put!(classified, handle::give(driftcore_classified::inspected(inspected)));
        Ok(())
    })
}

/// Judges the file behind an open descriptor, whoever opened it, which stays as it is. The rest is
/// as for `driftcore_inspector_file`. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_inspector_descriptor(
    inspector: *const driftcore_inspector,
    descriptor: c_int,
    classified: *mut *mut driftcore_classified,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(classified)?;
        let inspector = &handle::borrow!(inspector)?.inspector;
        if descriptor < 0 {
            return Err(Failure::argument(format!("{descriptor} is no descriptor")));
        }
        // SAFETY: not -1, and used within the call only; a number that is no open descriptor gives
        // an error of the kernel's.
        let inspected = inspector.descriptor(unsafe { BorrowedFd::borrow_raw(descriptor) })?;
        handle::put!(classified, handle::give(driftcore_classified::inspected(inspected)));
        Ok(())
    })
}

/// Frees an inspector and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread, while no
/// other uses it. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_inspector_free(inspector: *mut *mut driftcore_inspector) {
    handle::free!(inspector);
}
