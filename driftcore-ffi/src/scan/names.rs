//! Enumerations of a scan.

use std::ffi::CStr;
use std::ffi::c_char;

use driftcore::image::Code;
use driftcore::image::EntryKind;
use driftcore::image::FileType;
use driftcore::image::Use;

/// How a path differs from the image. New values may be added. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_entry_kind {
    /// One that this header does not name.
    DRIFTCORE_ENTRY_OTHER = 0,
    /// The image has nothing there.
    DRIFTCORE_ENTRY_ADDED = 1,
    /// The image's file, with other content.
    DRIFTCORE_ENTRY_MODIFIED = 2,
    /// A new file in the place of the image's, and different.
    DRIFTCORE_ENTRY_REPLACED = 3,
    /// A file of another type than the image's.
    DRIFTCORE_ENTRY_TYPE = 4,
    /// The image's directory or file under another name.
    DRIFTCORE_ENTRY_RENAMED = 5,
    /// The image's file or an equal one, with other attributes.
    DRIFTCORE_ENTRY_ATTRIBUTES = 6,
    /// The image has it and the container has not.
    DRIFTCORE_ENTRY_DELETED = 7,
    /// In the upper layer, and proved to be as in the image: no drift.
    DRIFTCORE_ENTRY_COPIED_UP = 8,
}

/// The type of a file. New values may be added. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_file_type {
    /// It is not known.
    DRIFTCORE_FILE_TYPE_UNKNOWN = 0,
    /// A regular file.
    DRIFTCORE_FILE_TYPE_FILE = 1,
    /// A directory.
    DRIFTCORE_FILE_TYPE_DIRECTORY = 2,
    /// A symbolic link.
    DRIFTCORE_FILE_TYPE_SYMLINK = 3,
    /// A character device.
    DRIFTCORE_FILE_TYPE_CHAR_DEVICE = 4,
    /// A block device.
    DRIFTCORE_FILE_TYPE_BLOCK_DEVICE = 5,
    /// A named pipe.
    DRIFTCORE_FILE_TYPE_FIFO = 6,
    /// A socket.
    DRIFTCORE_FILE_TYPE_SOCKET = 7,
}

/// What kind of code a file is by its content. New values may be added. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_code {
    /// None, or it was not looked at.
    DRIFTCORE_CODE_NONE = 0,
    /// An ELF program.
    DRIFTCORE_CODE_EXECUTABLE = 1,
    /// An ELF shared library.
    DRIFTCORE_CODE_LIBRARY = 2,
    /// Any other ELF file.
    DRIFTCORE_CODE_OBJECT = 3,
    /// A file that begins with `#!`.
    DRIFTCORE_CODE_SCRIPT = 4,
}

/// In what way a process uses a file. New values may be added. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_use {
    /// In one that this header does not name.
    DRIFTCORE_USE_OTHER = 0,
    /// It runs it.
    DRIFTCORE_USE_RUNS = 1,
    /// It has mapped it into its memory.
    DRIFTCORE_USE_MAPS = 2,
    /// It has it open.
    DRIFTCORE_USE_OPENS = 3,
}

/// The sides of a comparison. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_side {
    /// The image.
    DRIFTCORE_SIDE_BEFORE = 0,
    /// The container.
    DRIFTCORE_SIDE_AFTER = 1,
}

pub(super) const fn kind(kind: EntryKind) -> driftcore_entry_kind {
    match kind {
        EntryKind::Added => driftcore_entry_kind::DRIFTCORE_ENTRY_ADDED,
        EntryKind::Modified => driftcore_entry_kind::DRIFTCORE_ENTRY_MODIFIED,
        EntryKind::Replaced => driftcore_entry_kind::DRIFTCORE_ENTRY_REPLACED,
        EntryKind::Type => driftcore_entry_kind::DRIFTCORE_ENTRY_TYPE,
        EntryKind::Renamed => driftcore_entry_kind::DRIFTCORE_ENTRY_RENAMED,
        EntryKind::Attributes => driftcore_entry_kind::DRIFTCORE_ENTRY_ATTRIBUTES,
        EntryKind::Deleted => driftcore_entry_kind::DRIFTCORE_ENTRY_DELETED,
        EntryKind::CopiedUp => driftcore_entry_kind::DRIFTCORE_ENTRY_COPIED_UP,
        _ => driftcore_entry_kind::DRIFTCORE_ENTRY_OTHER,
    }
}

pub(super) const fn file_type(file_type: FileType) -> driftcore_file_type {
    match file_type {
        FileType::File => driftcore_file_type::DRIFTCORE_FILE_TYPE_FILE,
        FileType::Directory => driftcore_file_type::DRIFTCORE_FILE_TYPE_DIRECTORY,
        FileType::Symlink => driftcore_file_type::DRIFTCORE_FILE_TYPE_SYMLINK,
        FileType::CharDevice => driftcore_file_type::DRIFTCORE_FILE_TYPE_CHAR_DEVICE,
        FileType::BlockDevice => driftcore_file_type::DRIFTCORE_FILE_TYPE_BLOCK_DEVICE,
        FileType::Fifo => driftcore_file_type::DRIFTCORE_FILE_TYPE_FIFO,
        FileType::Socket => driftcore_file_type::DRIFTCORE_FILE_TYPE_SOCKET,
        _ => driftcore_file_type::DRIFTCORE_FILE_TYPE_UNKNOWN,
    }
}

pub(super) const fn code(code: Option<Code>) -> driftcore_code {
    match code {
        Some(Code::Executable) => driftcore_code::DRIFTCORE_CODE_EXECUTABLE,
        Some(Code::Library) => driftcore_code::DRIFTCORE_CODE_LIBRARY,
        Some(Code::Object) => driftcore_code::DRIFTCORE_CODE_OBJECT,
        Some(Code::Script) => driftcore_code::DRIFTCORE_CODE_SCRIPT,
        _ => driftcore_code::DRIFTCORE_CODE_NONE,
    }
}

pub(super) const fn used(how: Use) -> driftcore_use {
    match how {
        Use::Runs => driftcore_use::DRIFTCORE_USE_RUNS,
        Use::Maps => driftcore_use::DRIFTCORE_USE_MAPS,
        Use::Opens => driftcore_use::DRIFTCORE_USE_OPENS,
        _ => driftcore_use::DRIFTCORE_USE_OTHER,
    }
}

/// The name of a `driftcore_entry_kind` in reports, a C string that is always there; of other
/// numbers `other`. Any thread, signal handlers too. Since 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn driftcore_entry_kind_name(kind: u32) -> *const c_char {
    let name: &'static CStr = match kind {
        1 => c"added",
        2 => c"modified",
        3 => c"replaced",
        4 => c"type",
        5 => c"renamed",
        6 => c"attributes",
        7 => c"deleted",
        8 => c"copied_up",
        _ => c"other",
    };
    name.as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_the_names_that_they_have_in_reports() {
        for each in EntryKind::ALL {
            let name = driftcore_entry_kind_name(kind(each) as u32);
            // SAFETY: one of the names above.
            assert_eq!(unsafe { CStr::from_ptr(name) }.to_str().unwrap(), each.as_str());
        }
        for other in [0, 9, u32::MAX] {
            // SAFETY: as above.
            let name = unsafe { CStr::from_ptr(driftcore_entry_kind_name(other)) };
            assert_eq!(name, c"other");
        }
    }
}
