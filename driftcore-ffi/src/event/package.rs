//! The package that an event is about.

use driftcore::event::Package;

use crate::event::driftcore_event;
use crate::guard::quiet;
use crate::handle;
use crate::sized;
use crate::sized::sized;
use crate::text::driftcore_text;

/// A package that was installed, removed, or given another version. Texts are borrowed from the event.
/// Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_package {
    /// `sizeof(driftcore_package)`, set by the caller.
    pub size: usize,
    /// In whose database it is: `dpkg`, `apk`, `rpm`, ...
    pub manager: driftcore_text,
    /// Its name: any bytes.
    pub name: driftcore_text,
    /// Its version; of a removed package, the one that it had.
    pub version: driftcore_text,
    /// The version that it had before; absent when it was not there.
    pub old_version: driftcore_text,
}

sized!(driftcore_package {
    manager: driftcore_text,
    name: driftcore_text,
    version: driftcore_text,
    old_version: driftcore_text,
} first: 72);

impl From<&Package> for driftcore_package {
    fn from(package: &Package) -> Self {
        let Package { manager, name, version, old_version } = package;
        Self {
            size: 0,
            manager: manager.as_str().into(),
            name: name.into(),
            version: version.into(),
            old_version: old_version.as_ref().into(),
        }
    }
}

/// Fills a record, whose size is set, with the event's package, and returns 1; 0 when the event has none, or for
/// NULL or a wrong size; then the record is all zero behind its size. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_event_package(
    event: *const driftcore_event,
    package: *mut driftcore_package,
) -> u32 {
    quiet(0, || {
        let event = handle::lend!(event).map(driftcore_event::get);
        let found = event.and_then(|event| event.package.as_ref());
        Some(sized::fill(package, found.map(Into::into)))
    })
}
