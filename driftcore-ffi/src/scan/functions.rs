//! The functions of a scan.

use std::ffi::c_char;
use std::path::PathBuf;

use driftcore::container::FindError;
use driftcore::container::Layers;
use driftcore::container::Runtimes;
use driftcore::image::OverlayScan;
use driftcore::image::ScanError;
use driftcore::image::ScanOptions;
use driftcore::image::Users;
use driftcore::package::PackageScan;

use super::report::Report;
use super::report::driftcore_scan_callbacks;
use super::report::driftcore_scan_summary;
use crate::error::Failure;
use crate::error::driftcore_error;
use crate::error::status_of_io;
use crate::guard::guard;
use crate::handle;
use crate::options::Scanning;
use crate::options::driftcore_options;
use crate::sized;
use crate::status::driftcore_status;
use crate::text;

/// A comparison of a container with its image, that can be run, again and again. Never changes; any
/// thread, several at the same time. Since 0.1.0.
#[derive(Debug)]
pub struct driftcore_scan {
    layers: Layers,
    options: ScanOptions,
    whiteout_files: bool,
    packages: bool,
    /// The device of the container's root and the proc filesystem, where that is mounted.
    mounted: Option<((u32, u32), PathBuf)>,
}

impl driftcore_scan {
    fn new(layers: Layers, options: &driftcore_options) -> Self {
        let Scanning { options, user_xattrs: _, whiteout_files, packages } = options.scan.clone();
        Self { layers, options, whiteout_files, packages, mounted: None }
    }

    /// The scan, with who uses the container's files now.
    fn prepare(&self) -> OverlayScan {
        let mut options = self.options.clone();
        if let Some((device, proc)) = &self.mounted {
            options.users = Users::of(proc, *device);
        }
        let mut scan = OverlayScan::new(&self.layers);
        scan.options(options).whiteout_files(self.whiteout_files);
        scan
    }
}

impl From<FindError> for Failure {
    fn from(error: FindError) -> Self {
        let status = match &error {
            FindError::NotFound { .. } => driftcore_status::DRIFTCORE_STATUS_NOT_FOUND,
            _ => driftcore_status::DRIFTCORE_STATUS_INVALID_ARGUMENT,
        };
        Self::new(status, error.to_string())
    }
}

impl From<ScanError> for Failure {
    fn from(error: ScanError) -> Self {
        let status = match &error {
            ScanError::Layer { reason, .. } => status_of_io(reason),
            _ => driftcore_status::DRIFTCORE_STATUS_IO,
        };
        Self::new(status, error.to_string())
    }
}

/// A scan of a container, running or stopped, by its id, its name or a prefix of its id: what the
/// runtimes keep on disk says where its layers are, the options `runtimes.*` where that is.
///
/// `options` may be NULL: the defaults; they are copied. `scan` gets it, for `driftcore_scan_free`.
/// NULL anywhere else but in `error`: refused. `DRIFTCORE_STATUS_NOT_FOUND`: there is no such container;
/// `_INVALID_ARGUMENT`: it means several; `_UNSUPPORTED`: its root is no overlay whose layers are
/// known. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_scan_container(
    container: *const c_char,
    options: *const driftcore_options,
    scan: *mut *mut driftcore_scan,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(scan)?;
        let name = text::name("container", container)?;
        let options = handle::lend!(options).cloned().unwrap_or_default();
        let proc = options.roots.proc.clone();
        let stored = Runtimes::new(options.roots.clone()).find(name)?;
        let Some(layers) = stored.layers else {
            let message = format!(
                "the layers of container {} are not known; {}",
                stored.container.id,
                stored.problems.join("; ")
            );
            return Err(Failure::new(driftcore_status::DRIFTCORE_STATUS_UNSUPPORTED, message));
        };
        let mut made = driftcore_scan::new(layers, &options);
        let mounts = stored.details.mounts.unwrap_or_default();
        made.options.mount_points =
            mounts.iter().map(|mount| mount.destination.as_str().into()).collect();
        made.mounted = stored.root.map(|root| (root.device, proc));
        handle::put!(scan, handle::give(made));
        Ok(())
    })
}

/// A scan of the directories of an overlay, mounted or not: the upper one, and `count` lower ones, the
/// topmost first. Strings are copied, nothing is opened.
///
/// `options` may be NULL: the defaults; they are copied. `scan` gets it, for `driftcore_scan_free`.
/// NULL anywhere else but in `error`: refused, but for `lowers` when `count` is 0. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_scan_directories(
    upper: *const c_char,
    lowers: *const *const c_char,
    count: usize,
    options: *const driftcore_options,
    scan: *mut *mut driftcore_scan,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(scan)?;
        let upper = text::path("upper", upper)?.to_owned();
        let lowers: Result<Vec<PathBuf>, Failure> = text::bytes("lowers", lowers, count)?
            .iter()
            .map(|&lower| Ok(text::path("lowers", lower)?.to_owned()))
            .collect();
        let options = handle::lend!(options).cloned().unwrap_or_default();
        let layers = Layers { upper, lowers: lowers?, user_xattrs: options.scan.user_xattrs };
        handle::put!(scan, handle::give(driftcore_scan::new(layers, &options)));
        Ok(())
    })
}

/// Scans, and calls back for each path at which the container differs and for each that could not be
/// read. A directory comes before what is in it. Then it calls back for each package that is not as in
/// the image, and for each package database that was written to. `callbacks` is copied. `summary`, whose size is set, is filled,
/// also when a callback ends the scan, which is no failure.
///
/// NULL for `scan` or `callbacks`: refused; for `summary`: it is not wanted. `DRIFTCORE_STATUS_NOT_FOUND`, `_PERMISSION` and `_IO`:
/// a layer cannot be opened, there is no answer. Needs the rights to read the layers and their extended
/// attributes in `trusted.*`. Any thread, callbacks too; several at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_scan_run(
    scan: *const driftcore_scan,
    callbacks: *const driftcore_scan_callbacks,
    summary: *mut driftcore_scan_summary,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let scan = handle::borrow!(scan)?;
        let callbacks = sized::read("callbacks", callbacks)?;
        if !summary.is_null() {
            // A size that cannot be is said before the work.
            sized::write("summary", summary, &driftcore_scan_summary::default())?;
        }
        let packages = scan.packages.then(|| PackageScan::new(&scan.layers)).transpose()?;
        // SAFETY: the header asks for it: they may be called until this returns.
        let mut report = unsafe { Report::new(callbacks, packages) };
        match scan.prepare().run(&mut report) {
            Ok(progress) => {
                report.took(progress);
                report.summary.stopped = report.finish().is_break().into();
            }
            Err(ScanError::Stopped) => report.summary.stopped = 1,
            Err(error) => return Err(error.into()),
        }
        if summary.is_null() {
            return Ok(());
        }
        sized::write("summary", summary, &report.summary)
    })
}

/// Frees a scan and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread,
/// while it does not run. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_scan_free(scan: *mut *mut driftcore_scan) {
    handle::free!(scan);
}
