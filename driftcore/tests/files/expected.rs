//! Each deed of `deeds.c`, and what is to be seen of it.

/// With the numbers of x86-64. `OPEN` stands for the event of the open that comes before.
const DEEDS: &[(&str, &[&str])] = &[
    ("read", &[]),
    ("fail", &[]),
    ("creat", &["Create 85 /new value=0x8241 file"]),
    ("open", &["Open 2 /image value=0x8001 file"]),
    ("openat", &["Create 257 /dir/new value=0x8042 file"]),
    ("create_read", &["Create 257 /new value=0x80c0 file"]),
    ("truncating", &["Open 257 /image value=0x8201 file"]),
    ("openat2", &["Create 437 /new value=0x8241 file"]),
    ("handle", &["Open 304 /image value=0x8001 file"]),
    (
        "symlinks",
        &[
            "Symlink 88 /:one text=image",
            "Symlink 88 /:two text=/proc/self/root/one",
            "Open 257 /image value=0x8001 file",
        ],
    ),
    (
        "write",
        &[
            "Open 257 /image value=0x8002 file",
            "Write 1 /image file",
            "Open 257 /image value=0x8002 file",
            "Write 18 /image file",
        ],
    ),
    ("write_nothing", &[OPEN]),
    // By the process, by its child, and not again.
    ("write_forked", &[OPEN, "Write 1 /image file", "Write 1 /image file"]),
    ("writev", &[OPEN, "Write 20 /image file"]),
    ("pwritev", &[OPEN, "Write 296 /image file"]),
    ("pwritev2", &[OPEN, "Write 328 /image file"]),
    ("sendfile", &[OPEN, "Write 40 /image file"]),
    ("splice", &[OPEN, "Write 275 /image file"]),
    ("copy_range", &[OPEN, "Write 326 /image file"]),
    ("map", &["Open 257 /image value=0x8002 file", "Write 9 /image value=0x100000003 file"]),
    ("map_harmless", &["Open 257 /image value=0x8002 file"]),
    ("protect", &["Open 257 /image value=0x8002 file", "Write 10 /image value=0x100000003 file"]),
    (
        "protect_two",
        &[
            "Open 257 /image value=0x8002 file",
            "Open 257 /other value=0x8002 file",
            "Write 10 /image value=0x100000003 file",
            "Write 10 /other value=0x100000003 file",
        ],
    ),
    (
        "tmpfile",
        &[
            "Open 257 /#N value=0x418002 file",
            "Write 1 /#N file",
            "Create 265 /:linked value=0x418002 file",
        ],
    ),
    (
        "tmpfile_proc",
        &["Open 257 /#N value=0x418002 file", "Create 265 /:linked value=0x418002 file"],
    ),
    ("truncate", &["Truncate 76 /:image value=0x3"]),
    ("ftruncate", &[OPEN, "Truncate 77 /image value=0x12a05f200 file"]),
    ("fallocate", &[OPEN, "Allocate 285 /image value=0x1 file"]),
    ("unlink", &["Unlink 87 /:image"]),
    ("unlinkat", &["Unlink 263 /dir:inner"]),
    ("removedir", &["RemoveDirectory 263 /:empty directory"]),
    ("rmdir", &["RemoveDirectory 84 /:empty directory"]),
    ("rename", &["Rename 82 /:dir/moved <- /:image"]),
    ("renameat", &["Rename 264 /:./moved <- /dir:inner"]),
    ("exchange", &["Exchange 316 /:other <- /:image value=0x2"]),
    ("no_replace", &["Rename 316 /:new <- /:image value=0x1"]),
    ("link", &["Link 86 /:new <- /:image"]),
    ("linkat", &["Link 265 /dir:new <- /:image"]),
    ("link_empty", &["Link 265 /:new <- /image value=0x1000"]),
    ("symlink", &["Symlink 88 /:new text=/target/of it"]),
    ("symlinkat", &["Symlink 266 /dir:new text=target"]),
    ("mkdir", &["MakeDirectory 83 /:new value=0x1c0 directory"]),
    ("mkdirat", &["MakeDirectory 258 /:dir/new value=0x1c9 directory"]),
    ("mknod", &["MakeNode 133 /:new value=0x1180"]),
    ("mknodat", &["MakeNode 259 /:new value=0x10300002180"]),
    ("chmod", &["Mode 90 /:image value=0x9ed"]),
    ("fchmod", &["Mode 91 /image value=0x1ed before=0x81a4 file"]),
    ("fchmodat", &["Mode 268 /:image value=0x1ed"]),
    ("fchmodat2", &["Mode 452 /image value=0x1c0 before=0x81a4 file"]),
    ("chown", &["Owner 92 /:image value=0x500000006"]),
    ("lchown", &["Owner 94 /:image value=0x5ffffffff"]),
    ("fchown", &["Owner 93 /image value=0x500000006 before=0x0 file"]),
    ("fchownat", &["Owner 260 /:image value=0x500000006"]),
    ("setxattr", &["SetAttribute 188 /:image text=trusted.note"]),
    ("lsetxattr", &["SetAttribute 189 /:image text=trusted.note"]),
    ("fsetxattr", &["SetAttribute 190 /image text=trusted.note file"]),
    ("setxattrat", &["SetAttribute 463 /:image text=trusted.note"]),
    (
        "removexattr",
        &[
            "SetAttribute 188 /:image text=trusted.note",
            "RemoveAttribute 197 /:image text=trusted.note",
            "SetAttribute 188 /:image text=trusted.note",
            "RemoveAttribute 198 /:image text=trusted.note",
            "SetAttribute 188 /:image text=trusted.note",
            "RemoveAttribute 199 /image text=trusted.note file",
        ],
    ),
    (
        "removexattrat",
        &[
            "SetAttribute 188 /:image text=trusted.note",
            "RemoveAttribute 466 /:image text=trusted.note",
        ],
    ),
    ("capability", &["SetAttribute 188 /:image text=security.capability"]),
    ("chmod_directory", &["Mode 90 /:dir value=0x1c0"]),
    ("absolute", &["Unlink 87 /:/image"]),
    ("chroot", &["MakeDirectory 83 /:new value=0x1c0 directory", "Unlink 87 /dir:/inner"]),
    // Only the container's own filesystem.
    ("volume", &[]),
    ("cold_name", &["Unlink 87 /:image unproved"]),
    ("long_name", &["Unlink 87 /:4095 bytes"]),
    // The entry's reading, though the kernel took the other name.
    ("phantom", &["SetAttribute 188 /:image text=trusted.note unproved"]),
    (
        "compat",
        &[
            "Create 85 /new value=0x8241 file",
            "Write 1 /new file",
            "Truncate 77 /new value=0x100000005 file",
            "Mode 91 /new value=0x1ed before=0x8180 file",
            "Open 2 /image value=0x1 file",
            "Rename 82 /:dir/moved <- /:image",
            "RemoveDirectory 263 /:empty directory",
            "Unlink 87 /:other",
        ],
    ),
    ("compat_harmless", &[]),
    (
        "ring_open",
        &[
            "Open /image value=0x8001 file ring",
            "Create /dir/new value=0x8241 file ring",
            "Open /other value=0x8202 file ring",
            "Symlink 88 /:one text=image",
            "Open /:one value=0x8002 unproved ring",
        ],
    ),
    (
        "ring_names",
        &[
            "Rename /dir:moved <- /:image ring",
            "Exchange /:dir/moved <- /:other value=0x2 ring",
            "Unlink /dir:inner ring",
            "RemoveDirectory /:empty directory ring",
            "MakeDirectory /:new value=0x1c9 directory ring",
            "Symlink /:soft text=/target/of it ring",
            "Link /dir:hard <- /:other ring",
        ],
    ),
    ("ring_write", &[OPEN, "Write /image file ring", OPEN, "Write /image file ring"]),
    (
        "ring_fixed",
        &[
            "Open /image value=0x8001 file ring",
            "Write /image file ring",
            "Create /new value=0x8041 file ring",
            "Write /new file ring",
        ],
    ),
    (
        "ring_skip",
        &[
            OPEN,
            "Unlink /:other unproved ring",
            "Write /image file unproved ring",
            "Open /:dir/inner value=0x8001 unproved ring",
        ],
    ),
    ("ring_polled", &["Unlink /:image ring", "Open /other value=0x8001 file ring"]),
    (
        "ring_gone",
        &["Open /:image value=0x8001 unproved ring", "Open /other value=0x8001 file ring"],
    ),
    (
        "ring_attribute",
        &[
            "SetAttribute /:image text=trusted.note ring",
            "SetAttribute /other text=trusted.note file ring",
        ],
    ),
    ("ring_sizes", &[OPEN, "Allocate /image value=0x1 file ring"]),
    ("ring_truncate", &[OPEN, "Truncate /image value=0x5 file ring"]),
    ("ring_harmless", &[]),
    (
        "ring_chain",
        &[
            "MakeDirectory /:new value=0x1c0 directory ring",
            "Create /new/file value=0x80c1 file ring",
            "Unlink /:new/file ring",
        ],
    ),
];

const OPEN: &str = "Open 257 /image value=0x8001 file";

/// What a path that is too long for a record looks like.
const DEEP_DIRECTORIES: usize = 25;

/// Each deed with the events that it must cause, and no other.
pub(crate) fn deeds() -> impl Iterator<Item = (&'static str, Vec<String>)> {
    let plain = DEEDS.iter().map(|(deed, lines)| {
        (*deed, lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>())
    });
    plain.chain([("deep", deep())])
}

/// Directories in each other with names of 200 bytes, then a file in the last one.
fn deep() -> Vec<String> {
    let name = "d".repeat(200);
    let base = |depth: usize| match depth * 201 {
        0 => "/".to_owned(),
        size if size > 4096 => "long(cut)".to_owned(),
        size if size > 300 => "long".to_owned(),
        _ => format!("/{name}").repeat(depth),
    };
    let made = |depth| format!("MakeDirectory 83 {}:{name} value=0x1ed directory", base(depth));
    let mut lines: Vec<String> = (0..DEEP_DIRECTORIES).map(made).collect();
    lines.push("Create 85 long(cut) value=0x8241 file".to_owned());
    lines
}

/// Whether it does on the host what it does in its box: there is no other root, no volume.
pub(crate) fn works_on_host(deed: &str) -> bool {
    !["absolute", "symlinks"].contains(&deed)
}
