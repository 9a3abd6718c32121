//! Each operation on files by each call that does it.

/// To open a file of the image for writing changes nothing yet.
const OPENED: &str = "modify image 0644 0:0 7 bytes unwritten unknown harmless";
/// Something of the same size was written over its content: whether it differs, nobody has looked yet.
const WRITTEN: &str = "modify image 0644 0:0 7 bytes written unknown";
const OTHER_OPENED: &str = "modify other 0644 0:0 7 bytes unwritten unknown harmless";
const OTHER_WRITTEN: &str = "modify other 0644 0:0 7 bytes written unknown";
const CREATED: &str = "create new 0600 0:0 added";

/// Deeds on files of the image, each done in a directory of its own, and what is to be seen of it.
pub const DEEDS: &[(&str, &[&str])] = &[
    ("read", &[]),
    ("fail", &[]),
    ("creat", &[CREATED]),
    ("open", &[OPENED]),
    ("openat", &["create dir/new 0600 0:0 added"]),
    ("create_read", &[CREATED]),
    ("truncating", &["modify image 0644 0:0 0 bytes +size written modified"]),
    ("openat2", &[CREATED]),
    ("write", &[OPENED, WRITTEN, OPENED, WRITTEN]),
    ("write_nothing", &[OPENED]),
    ("write_forked", &[OPENED, WRITTEN, WRITTEN]),
    ("writev", &[OPENED, WRITTEN]),
    ("pwritev", &[OPENED, WRITTEN]),
    ("pwritev2", &[OPENED, WRITTEN]),
    ("sendfile", &[OPENED, WRITTEN]),
    ("splice", &[OPENED, WRITTEN]),
    ("copy_range", &[OPENED, WRITTEN]),
    ("map", &[OPENED, WRITTEN]),
    ("map_harmless", &[OPENED]),
    ("protect", &[OPENED, WRITTEN]),
    ("protect_two", &[OPENED, OTHER_OPENED, WRITTEN, OTHER_WRITTEN]),
    (
        "tmpfile",
        &[
            "modify #N 0644 0:0 0 bytes unwritten deleted harmless",
            "modify #N 0644 0:0 1 bytes written deleted",
            "create linked 0644 0:0 added",
        ],
    ),
    (
        "tmpfile_proc",
        &["modify #N 0644 0:0 0 bytes unwritten deleted harmless", "create linked 0644 0:0 added"],
    ),
    ("truncate", &["modify image 0644 0:0 3 bytes +size written"]),
    ("ftruncate", &[OPENED, "modify image 0644 0:0 5000000000 bytes +size written modified"]),
    ("fallocate", &[OPENED, WRITTEN]),
    ("unlink", &["delete image image"]),
    ("unlinkat", &["delete dir/inner image"]),
    ("removedir", &["delete empty image"]),
    ("rmdir", &["delete empty image"]),
    ("rename", &["rename dir/moved <- image 0644 0:0"]),
    ("renameat", &["rename moved <- dir/inner 0644 0:0"]),
    ("exchange", &["rename other <- image 0644 0:0"]),
    ("no_replace", &["rename new <- image 0644 0:0"]),
    ("link", &["link new <- image 0644 0:0"]),
    ("linkat", &["link dir/new <- image 0644 0:0"]),
    ("link_empty", &["link new <- image 0644 0:0"]),
    ("symlink", &["link new <- /target/of it 0777 0:0"]),
    ("symlinkat", &["link dir/new <- target 0777 0:0"]),
    ("mkdir", &["create new 0700 0:0"]),
    ("mkdirat", &["create dir/new 0711 0:0"]),
    ("mknod", &["create new 0600 0:0"]),
    ("mknodat", &["create new 0600 0:0"]),
    ("ring_write", &[OPENED, WRITTEN, OPENED, WRITTEN]),
    (
        "ring_open",
        &[
            OPENED,
            "create dir/new 0600 0:0 added",
            "modify other 0644 0:0 0 bytes +size written modified",
            "link one <- image 0777 0:0",
            "modify image 0 bytes unwritten harmless unproved",
        ],
    ),
    (
        "ring_names",
        &[
            "rename dir/moved <- image 0644 0:0",
            "rename dir/moved <- other 0644 0:0",
            "delete dir/inner image",
            "delete empty image",
            "create new 0711 0:0",
            "link soft <- /target/of it 0777 0:0",
            "link dir/hard <- other 0644 0:0",
        ],
    ),
    ("chmod", &["attributes image 4755 0:0 +mode +executable +setuid"]),
    ("chmod_directory", &["attributes dir 0700 0:0 +mode"]),
    ("fchmod", &["attributes image 0755 0:0 +mode +executable unknown"]),
    ("fchmodat", &["attributes image 0755 0:0 +mode +executable"]),
    ("fchmodat2", &["attributes image 0700 0:0 +mode +executable unknown"]),
    ("chown", &["attributes image 0644 5:6 +owner"]),
    ("lchown", &["attributes image 0644 5:0 +owner"]),
    ("fchown", &["attributes image 0644 5:6 +owner unknown"]),
    ("fchownat", &["attributes image 0644 5:6 +owner"]),
    ("setxattr", &["attributes image 0644 0:0 +xattr"]),
    ("lsetxattr", &["attributes image 0644 0:0 +xattr"]),
    ("fsetxattr", &["attributes image 0644 0:0 +xattr unknown"]),
    ("setxattrat", &["attributes image 0644 0:0 +xattr"]),
    ("capability", &["attributes image 0644 0:0 +capability"]),
    ("chroot", &["create new 0700 0:0", "delete dir/inner image"]),
    (
        "cold_name",
        &[
            "create volume/name 0644 0:0 added",
            "modify volume/name 0644 0:0 6 bytes written added",
            "delete image unproved",
        ],
    ),
    ("long_name", &["delete image image"]),
    ("phantom", &["attributes image +xattr unproved"]),
    #[cfg(target_arch = "x86_64")]
    (
        "compat",
        &[
            CREATED,
            "modify new 0600 0:0 1 bytes written added",
            "modify new 0600 0:0 4294967301 bytes +size written added",
            "attributes new 0755 0:0 +mode +executable added",
            OPENED,
            "rename dir/moved <- image 0644 0:0",
            "delete empty image",
            "delete other image",
        ],
    ),
    #[cfg(target_arch = "x86_64")]
    ("compat_harmless", &[]),
];

/// What is undone after the attributes were seen to be set: the deed, where it is done, what is seen.
pub const UNDONE: &[(&str, &str, &[&str])] = &[
    ("remove", "setxattr", &["attributes image 0644 0:0 +xattr"]),
    ("lremove", "lsetxattr", &["attributes image 0644 0:0 +xattr"]),
    ("fremove", "fsetxattr", &["attributes image 0644 0:0 +xattr unknown"]),
    ("removeat", "setxattrat", &["attributes image 0644 0:0 +xattr"]),
    ("no_capability", "capability", &["attributes image 0644 0:0 +capability"]),
];

/// What the functions of the kernel show otherwise than its system calls: with the object at hand nothing
/// is unproved and each file has its provenance, and a write is seen before it is done.
const SEEN_BY_FUNCTIONS: &[(&str, &[&str])] = &[
    (
        "tmpfile",
        &[
            "modify #N 0644 0:0 0 bytes unwritten deleted harmless",
            "modify #N 0644 0:0 0 bytes written deleted",
            "create linked 0644 0:0 added",
        ],
    ),
    ("truncate", &["modify image 0644 0:0 3 bytes +size written modified"]),
    ("unlink", &["delete image 0644 0:0 image"]),
    ("unlinkat", &["delete dir/inner 0644 0:0 image"]),
    ("removedir", &["delete empty 0755 0:0 image"]),
    ("rmdir", &["delete empty 0755 0:0 image"]),
    ("rename", &["rename dir/moved <- image 0644 0:0 unknown"]),
    ("renameat", &["rename moved <- dir/inner 0644 0:0 unknown"]),
    ("exchange", &["rename other <- image 0644 0:0 unknown"]),
    ("no_replace", &["rename new <- image 0644 0:0 unknown"]),
    ("link", &["link new <- image 0644 0:0 unknown"]),
    ("linkat", &["link dir/new <- image 0644 0:0 unknown"]),
    ("link_empty", &["link new <- image 0644 0:0 unknown"]),
    ("symlink", &["link new <- /target/of it 0777 0:0 added"]),
    ("symlinkat", &["link dir/new <- target 0777 0:0 added"]),
    ("mkdir", &["create new 0700 0:0 added"]),
    ("mkdirat", &["create dir/new 0711 0:0 added"]),
    ("mknod", &["create new 0600 0:0 added"]),
    ("mknodat", &["create new 0600 0:0 added"]),
    (
        "ring_open",
        &[
            OPENED,
            "create dir/new 0600 0:0 added",
            "modify other 0644 0:0 0 bytes +size written modified",
            "link one <- image 0777 0:0 added",
            OPENED,
        ],
    ),
    (
        "ring_names",
        &[
            "rename dir/moved <- image 0644 0:0 unknown",
            "rename dir/moved <- other 0644 0:0 unknown",
            "delete dir/inner 0644 0:0 image",
            "delete empty 0755 0:0 image",
            "create new 0711 0:0 added",
            "link soft <- /target/of it 0777 0:0 added",
            "link dir/hard <- other 0644 0:0 unknown",
        ],
    ),
    ("chmod", &["attributes image 4755 0:0 +mode +executable +setuid unknown"]),
    ("chmod_directory", &["attributes dir 0700 0:0 +mode copied_up"]),
    ("fchmodat", &["attributes image 0755 0:0 +mode +executable unknown"]),
    ("chown", &["attributes image 0644 5:6 +owner unknown"]),
    ("lchown", &["attributes image 0644 5:0 +owner unknown"]),
    ("fchownat", &["attributes image 0644 5:6 +owner unknown"]),
    ("setxattr", &["attributes image 0644 0:0 +xattr unknown"]),
    ("lsetxattr", &["attributes image 0644 0:0 +xattr unknown"]),
    ("setxattrat", &["attributes image 0644 0:0 +xattr unknown"]),
    ("capability", &["attributes image 0644 0:0 +capability unknown"]),
    ("chroot", &["create new 0700 0:0 added", "delete dir/inner 0644 0:0 image"]),
    (
        "cold_name",
        &[
            "create volume/name 0644 0:0 added",
            "modify volume/name 0644 0:0 0 bytes written added",
            "delete image 0644 0:0 image",
        ],
    ),
    ("long_name", &["delete image 0644 0:0 image"]),
    ("phantom", &["attributes image 0644 0:0 +xattr unknown"]),
    #[cfg(target_arch = "x86_64")]
    (
        "compat",
        &[
            CREATED,
            "modify new 0600 0:0 0 bytes written added",
            "modify new 0600 0:0 4294967301 bytes +size written added",
            "attributes new 0755 0:0 +mode +executable added",
            OPENED,
            "rename dir/moved <- image 0644 0:0 unknown",
            "delete empty 0755 0:0 image",
            "delete other 0644 0:0 image",
        ],
    ),
    ("remove", &["attributes image 0644 0:0 +xattr unknown"]),
    ("lremove", &["attributes image 0644 0:0 +xattr unknown"]),
    ("removeat", &["attributes image 0644 0:0 +xattr unknown"]),
    ("no_capability", &["attributes image 0644 0:0 +capability unknown"]),
];

/// What the hook sets other than `tracepoint` are to show of a deed, of which that one shows `lines`.
pub fn seen_by_functions(deed: &str, lines: &'static [&'static str]) -> &'static [&'static str] {
    SEEN_BY_FUNCTIONS.iter().find(|(name, _)| *name == deed).map_or(lines, |(_, lines)| lines)
}

/// What a directory in which a deed is done has in it: names that end in `/` are directories, the others
/// files with seven bytes.
pub fn content() -> [&'static str; 6] {
    ["image", "other", "dir/", "dir/inner", "empty/", "volume/"]
}
