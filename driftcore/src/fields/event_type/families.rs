//! Families of calls on files.

use super::EventType;
use super::EventTypes;
use super::availability::set;

const OPENS: EventTypes = set(&["creat", "open", "open_by_handle_at", "openat", "openat2"]);

/// Calls that are given a descriptor of the file.
const TAKE_DESCRIPTOR: EventTypes = set(&[
    "copy_file_range",
    "fallocate",
    "fchmod",
    "fchown",
    "fremovexattr",
    "fsetxattr",
    "ftruncate",
    "mmap",
    "pwrite",
    "pwritev",
    "pwritev2",
    "sendfile",
    "splice",
    "write",
    "writev",
]);

impl EventType {
    /// Whether it is a call that opens a file.
    pub fn opens_file(self) -> bool {
        OPENS.contains(self)
    }

    /// Whether it is a call on files that returns a descriptor or is given one.
    pub fn has_descriptor(self) -> bool {
        OPENS.contains(self) || TAKE_DESCRIPTOR.contains(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_by_name_has_no_descriptor() {
        for name in ["open", "openat", "creat", "write", "fchmod"] {
            assert!(EventType::of(name).unwrap().has_descriptor(), "{name}");
        }
        for name in ["unlink", "rename", "mkdir", "chmod", "execve"] {
            assert!(!EventType::of(name).unwrap().has_descriptor(), "{name}");
        }
        assert!(!EventType::of("write").unwrap().opens_file());
    }
}
