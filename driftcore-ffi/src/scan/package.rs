//! Packages of a container against those of its image.

use std::ffi::CStr;
use std::ffi::c_char;
use std::ffi::c_void;

use driftcore::package::ChangeKind;
use driftcore::package::Changed;
use driftcore::package::Database;
use driftcore::package::Owner;
use driftcore::package::Package;

use super::driftcore_entry;
use crate::guard::quiet;
use crate::handle;
use crate::sized;
use crate::sized::sized;
use crate::text::driftcore_text;

/// The answer to a question. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_answer {
    /// It cannot be told.
    DRIFTCORE_ANSWER_UNKNOWN = 0,
    /// No.
    DRIFTCORE_ANSWER_NO = 1,
    /// Yes.
    DRIFTCORE_ANSWER_YES = 2,
}

impl From<Option<bool>> for driftcore_answer {
    fn from(answer: Option<bool>) -> Self {
        match answer {
            None => Self::DRIFTCORE_ANSWER_UNKNOWN,
            Some(false) => Self::DRIFTCORE_ANSWER_NO,
            Some(true) => Self::DRIFTCORE_ANSWER_YES,
        }
    }
}

/// What became of a package since the image. New values may be added. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_package_change {
    /// What this header does not name.
    DRIFTCORE_PACKAGE_OTHER = 0,
    /// It was not there.
    DRIFTCORE_PACKAGE_INSTALL = 1,
    /// It is there no more.
    DRIFTCORE_PACKAGE_REMOVE = 2,
    /// It has a later version.
    DRIFTCORE_PACKAGE_UPGRADE = 3,
    /// It has an earlier version.
    DRIFTCORE_PACKAGE_DOWNGRADE = 4,
    /// The same version, of which the database says other things: another build, another state, or an edited
    /// record.
    DRIFTCORE_PACKAGE_CHANGE = 5,
}

const fn change(kind: ChangeKind) -> driftcore_package_change {
    match kind {
        ChangeKind::Installed => driftcore_package_change::DRIFTCORE_PACKAGE_INSTALL,
        ChangeKind::Removed => driftcore_package_change::DRIFTCORE_PACKAGE_REMOVE,
        ChangeKind::Upgraded => driftcore_package_change::DRIFTCORE_PACKAGE_UPGRADE,
        ChangeKind::Downgraded => driftcore_package_change::DRIFTCORE_PACKAGE_DOWNGRADE,
        ChangeKind::Changed => driftcore_package_change::DRIFTCORE_PACKAGE_CHANGE,
        _ => driftcore_package_change::DRIFTCORE_PACKAGE_OTHER,
    }
}

/// The name of a `driftcore_package_change` in reports, a C string that is always there; of other numbers
/// `other`. Any thread, signal handlers too. Since 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn driftcore_package_change_name(kind: u32) -> *const c_char {
    let name: &'static CStr = match kind {
        1 => c"install",
        2 => c"remove",
        3 => c"upgrade",
        4 => c"downgrade",
        5 => c"change",
        _ => c"other",
    };
    name.as_ptr()
}

/// A package that is not as in the image. The library's, for as long as the callback that gets it.
/// Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_changed_package {
    /// Its size as the library has it: what lies beyond is not there.
    pub size: usize,
    /// In whose database it is: `dpkg`, `apk`, `rpm`, `pip`, `npm`, `gem`, `cargo`, `go`.
    pub manager: driftcore_text,
    /// Its name: any bytes.
    pub name: driftcore_text,
    /// Its version, as the manager writes it; absent when it was removed.
    pub version: driftcore_text,
    /// The version in the image; absent when it was not there.
    pub old_version: driftcore_text,
    /// The machine that it is for; absent where the database does not say.
    pub architecture: driftcore_text,
    /// The path of the database.
    pub place: driftcore_text,
    /// How many entries of the scan are its files.
    pub files: u64,
    /// Of them programs, libraries and scripts.
    pub code: u64,
    /// Of them those whose content is not what the database says.
    pub altered: u64,
    /// A `driftcore_package_change`.
    pub change: u32,
    /// Zero.
    pub reserved: u32,
}

sized!(driftcore_changed_package {
    manager: driftcore_text,
    name: driftcore_text,
    version: driftcore_text,
    old_version: driftcore_text,
    architecture: driftcore_text,
    place: driftcore_text,
    files: u64,
    code: u64,
    altered: u64,
    change: u32,
    reserved: u32,
} first: 136);

impl From<&Changed> for driftcore_changed_package {
    fn from(changed: &Changed) -> Self {
        let package = &changed.change.package;
        let Package { manager, name, version, architecture, place, .. } = package;
        let is_there = changed.change.change != ChangeKind::Removed;
        Self {
            size: size_of::<Self>(),
            manager: manager.as_str().into(),
            name: name.into(),
            version: is_there.then_some(version).into(),
            old_version: changed.change.old_version.as_ref().into(),
            architecture: architecture.as_ref().into(),
            place: place.into(),
            files: changed.files,
            code: changed.code,
            altered: changed.altered,
            change: change(changed.change.change) as u32,
            reserved: 0,
        }
    }
}

/// A package database that was written to, or whose manager ran. The library's, for as long as the callback
/// that gets it. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_package_database {
    /// Its size as the library has it: what lies beyond is not there.
    pub size: usize,
    /// Whose it is, as of a package.
    pub manager: driftcore_text,
    /// Its path.
    pub place: driftcore_text,
    /// How many packages are not as in the image.
    pub changes: u64,
    /// A `driftcore_answer`: whether the manager left what each of its runs leaves (a lock, a log).
    pub run: u32,
    /// 1 when the upper layer has something of it.
    pub is_written: u32,
    /// 1 when packages changed and the manager left no trace: something else wrote to it.
    pub is_forged: u32,
    /// Zero.
    pub reserved: u32,
}

sized!(driftcore_package_database {
    manager: driftcore_text,
    place: driftcore_text,
    changes: u64,
    run: u32,
    is_written: u32,
    is_forged: u32,
    reserved: u32,
} first: 64);

impl From<&Database> for driftcore_package_database {
    fn from(database: &Database) -> Self {
        let Database { place, written, changes, run, .. } = database;
        Self {
            size: size_of::<Self>(),
            manager: place.manager.as_str().into(),
            place: (&place.path).into(),
            changes: *changes,
            run: driftcore_answer::from(*run) as u32,
            is_written: (*written).into(),
            is_forged: database.is_forged().into(),
            reserved: 0,
        }
    }
}

/// The package that claims the file of an entry. Texts are borrowed from the entry. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_owner {
    /// `sizeof(driftcore_owner)`, set by the caller.
    pub size: usize,
    /// In whose database it is, as of a package.
    pub manager: driftcore_text,
    /// Its name: any bytes.
    pub name: driftcore_text,
    /// Its version, as the manager writes it.
    pub version: driftcore_text,
    /// The machine that it is for; absent where the database does not say.
    pub architecture: driftcore_text,
    /// The path of the database.
    pub place: driftcore_text,
    /// A `driftcore_answer`: whether the file's content is what the database says.
    pub as_packaged: u32,
    /// 1 for a configuration file, which is made to be changed.
    pub is_config: u32,
    /// 1 when the package itself changed at run time: the file came, or went, with it.
    pub came_with_package: u32,
    /// Zero.
    pub reserved: u32,
}

sized!(driftcore_owner {
    manager: driftcore_text,
    name: driftcore_text,
    version: driftcore_text,
    architecture: driftcore_text,
    place: driftcore_text,
    as_packaged: u32,
    is_config: u32,
    came_with_package: u32,
    reserved: u32,
} first: 104);

impl From<&Owner> for driftcore_owner {
    fn from(owner: &Owner) -> Self {
        let Package { manager, name, version, architecture, place, .. } = &owner.package;
        Self {
            size: 0,
            manager: manager.as_str().into(),
            name: name.into(),
            version: version.into(),
            architecture: architecture.as_ref().into(),
            place: place.into(),
            as_packaged: driftcore_answer::from(owner.as_packaged) as u32,
            is_config: owner.config.into(),
            came_with_package: owner.came_with_package.into(),
            reserved: 0,
        }
    }
}

/// Receives a package that is not as in the image, after the last entry; the rest is as for entries.
/// Since 0.1.0.
pub type driftcore_changed_package_function = Option<
    unsafe extern "C" fn(context: *mut c_void, package: *const driftcore_changed_package) -> u32,
>;

/// Receives a package database, after the last package; the rest is as for entries. Since 0.1.0.
pub type driftcore_package_database_function = Option<
    unsafe extern "C" fn(context: *mut c_void, database: *const driftcore_package_database) -> u32,
>;

/// Fills a record, whose size is set, with the package that claims the file of an entry, and returns 1; 0 when
/// none does, or for NULL or a wrong size; then the record is all zero behind its size. The thread of the
/// callback. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_entry_owner(
    entry: *const driftcore_entry,
    owner: *mut driftcore_owner,
) -> u32 {
    quiet(0, || {
        let found = handle::lend!(entry).and_then(|entry| entry.owner.as_ref());
        Some(sized::fill(owner, found.map(Into::into)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_have_the_names_that_they_have_in_reports() {
        for kind in [
            ChangeKind::Installed,
            ChangeKind::Removed,
            ChangeKind::Upgraded,
            ChangeKind::Downgraded,
            ChangeKind::Changed,
        ] {
            let name = driftcore_package_change_name(change(kind) as u32);
            // SAFETY: one of the names above.
            assert_eq!(unsafe { CStr::from_ptr(name) }.to_str().unwrap(), kind.as_str());
        }
        for other in [0, 6, u32::MAX] {
            // SAFETY: as above.
            let name = unsafe { CStr::from_ptr(driftcore_package_change_name(other)) };
            assert_eq!(name, c"other");
        }
    }
}
