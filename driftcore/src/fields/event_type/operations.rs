//! What the calls of an event's type do to files and sockets.

use super::EventType;
use super::EventTypes;
use crate::event::FileOperation;
use crate::event::FileOperations;
use crate::event::SocketOperation;

impl EventType {
    /// The operations on files that a call of this type may be; none where it is none on files.
    pub fn file_operations(self) -> FileOperations {
        use FileOperation::*;
        let operations: &[FileOperation] = match self.name() {
            "open" | "openat" | "openat2" | "creat" | "open_by_handle_at" => {
                &[Read, Open, Create, Script]
            }
            "mmap" | "mprotect" => &[Map],
            "write" | "writev" | "pwrite" | "pwritev" | "pwritev2" | "sendfile" | "splice"
            | "copy_file_range" => &[Write],
            "truncate" | "ftruncate" => &[Truncate],
            "fallocate" => &[Allocate],
            "unlink" => &[Unlink],
            "unlinkat" => &[Unlink, RemoveDirectory],
            "rmdir" => &[RemoveDirectory],
            "rename" | "renameat" => &[Rename],
            "renameat2" => &[Rename, Exchange],
            // A link to an unnamed file makes it.
            "link" | "linkat" => &[Link, Create],
            "symlink" | "symlinkat" => &[Symlink],
            "mkdir" | "mkdirat" => &[MakeDirectory],
            "mknod" | "mknodat" => &[MakeNode],
            "chmod" | "fchmod" | "fchmodat" | "fchmodat2" => &[Mode],
            "chown" | "fchown" | "fchownat" | "lchown" => &[Owner],
            "setxattr" | "fsetxattr" | "lsetxattr" | "setxattrat" => &[SetAttribute],
            "removexattr" | "fremovexattr" | "lremovexattr" | "removexattrat" => &[RemoveAttribute],
            _ => &[],
        };
        FileOperations::of(operations)
    }
}

impl EventType {
    /// The operation on sockets that an event of this type is; `None` where it is none that is seen.
    pub fn socket_operation(self) -> Option<SocketOperation> {
        match self.name() {
            "listen" => Some(SocketOperation::Listen),
            "bind" => Some(SocketOperation::Bind),
            // Of UDP, the first datagram to a remote.
            "connect" | "sendto" => Some(SocketOperation::Connect),
            _ => None,
        }
    }
}

impl EventTypes {
    /// The operations on files that calls of these types may be.
    pub fn file_operations(&self) -> FileOperations {
        self.iter().fold(FileOperations::EMPTY, |all, kind| all.union(kind.file_operations()))
    }

    /// The types of which a call may be one of these operations.
    pub fn of_file_operations(operations: FileOperations) -> Self {
        EventType::all()
            .filter(|kind| !kind.file_operations().intersection(operations).is_empty())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_made_by_some_call() {
        for operation in FileOperations::CHANGES.with(FileOperation::Read).iter() {
            let types = EventTypes::of_file_operations(FileOperations::of(&[operation]));
            assert!(!types.is_empty(), "{operation:?}");
        }
        let map = FileOperations::of(&[FileOperation::Map]);
        assert!(EventTypes::of_file_operations(map).contains(EventType::MMAP));
        assert!(EventType::EXECVE.file_operations().is_empty());
    }
}
