//! Bits by name, in the order in which Falco writes them, joined by `|`.

use rustix::fs::OFlags;

/// Falco's own numbers of the flags of an open, with the kernel's bits.
const OPEN: [(&str, u32, OFlags); 10] = [
    ("O_LARGEFILE", 1 << 11, OFlags::LARGEFILE),
    ("O_DIRECTORY", 1 << 10, OFlags::DIRECTORY),
    ("O_DIRECT", 1 << 9, OFlags::DIRECT),
    ("O_TRUNC", 1 << 8, OFlags::TRUNC),
    ("O_SYNC", 1 << 7, SYNC),
    ("O_NONBLOCK", 1 << 6, OFlags::NONBLOCK),
    ("O_EXCL", 1 << 5, OFlags::EXCL),
    ("O_DSYNC", 1 << 4, DSYNC),
    ("O_APPEND", 1 << 3, OFlags::APPEND),
    ("O_CREAT", 1 << 2, OFlags::CREATE),
];
/// As the kernel has them; C libraries have one number for both.
const SYNC: OFlags = OFlags::from_bits_retain(0o4_010_000);
const DSYNC: OFlags = OFlags::from_bits_retain(0o10_000);
const RDONLY: u32 = 1 << 0;
const WRONLY: u32 = 1 << 1;
const CLOEXEC: u32 = 1 << 12;
const TMPFILE: u32 = 1 << 13;
const CREATED: u32 = 1 << 14;

/// The permission bits of a mode, from the lowest on, as Falco writes them.
const MODE: [(&str, u32); 12] = [
    ("S_IXOTH", 0o1),
    ("S_IWOTH", 0o2),
    ("S_IROTH", 0o4),
    ("S_IXGRP", 0o10),
    ("S_IWGRP", 0o20),
    ("S_IRGRP", 0o40),
    ("S_IXUSR", 0o100),
    ("S_IWUSR", 0o200),
    ("S_IRUSR", 0o400),
    ("S_ISVTX", 0o1000),
    ("S_ISGID", 0o2000),
    ("S_ISUID", 0o4000),
];
/// And the types of a node.
const NODE: [(&str, u32); 5] = [
    ("S_IFREG", 0o100_000),
    ("S_IFCHR", 0o020_000),
    ("S_IFBLK", 0o060_000),
    ("S_IFIFO", 0o010_000),
    ("S_IFSOCK", 0o140_000),
];

pub(super) const RENAME: &[(&str, u64)] =
    &[("RENAME_NOREPLACE", 1), ("RENAME_EXCHANGE", 2), ("RENAME_WHITEOUT", 4)];
pub(super) const LINK: &[(&str, u64)] = &[("AT_SYMLINK_FOLLOW", 0x400), ("AT_EMPTY_PATH", 0x1000)];

/// The flags of an open: Falco's number, and the names.
pub(super) fn open(flags: OFlags, made: bool) -> (u64, String) {
    let mut number = 0;
    let mut names = Vec::new();
    let mut add = |name, bits: u32| {
        number |= u64::from(bits);
        names.push(name);
    };
    // The bits of an unnamed file contain that of a directory.
    let is_unnamed = flags.contains(OFlags::TMPFILE);
    for (name, bits, flag) in OPEN {
        let contained =
            is_unnamed && flag == OFlags::DIRECTORY || flags.contains(SYNC) && flag == DSYNC;
        if !flag.is_empty() && flags.contains(flag) && !contained {
            add(name, bits);
        }
    }
    if !flags.contains(OFlags::PATH) {
        match flags.intersection(OFlags::ACCMODE) {
            OFlags::RDWR => add("O_RDWR", RDONLY | WRONLY),
            OFlags::WRONLY => add("O_WRONLY", WRONLY),
            _ => add("O_RDONLY", RDONLY),
        }
    }
    for (name, bits, is_set) in [
        ("O_CLOEXEC", CLOEXEC, flags.contains(OFlags::CLOEXEC)),
        ("O_TMPFILE", TMPFILE, is_unnamed),
        ("O_F_CREATED", CREATED, made),
    ] {
        if is_set {
            add(name, bits);
        }
    }
    (number, names.join("|"))
}

/// The bits of a mode by name; of a node with its type.
pub(super) fn mode(mode: u32, of_node: bool) -> String {
    let node = NODE.iter().filter(|(_, bits)| of_node && mode & 0o170_000 == *bits);
    let bits = MODE.iter().filter(|(_, bit)| mode & bit != 0);
    bits.chain(node).map(|(name, _)| *name).collect::<Vec<_>>().join("|")
}

/// The names of what is set.
pub(super) fn names(bits: u64, table: &[(&str, u64)]) -> String {
    let set = table.iter().filter(|(_, bit)| bits & bit != 0);
    set.map(|(name, _)| *name).collect::<Vec<_>>().join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_named_and_numbered_as_falco_does() {
        let of = |flags, made| open(flags, made);
        assert_eq!(
            of(OFlags::RDONLY | OFlags::CLOEXEC, false),
            (4097, "O_RDONLY|O_CLOEXEC".into())
        );
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC;
        assert_eq!(of(flags, false).1, "O_TRUNC|O_CREAT|O_WRONLY");
        assert_eq!(of(flags, true).1, "O_TRUNC|O_CREAT|O_WRONLY|O_F_CREATED");
        assert_eq!(of(OFlags::RDWR | OFlags::TMPFILE, true).1, "O_RDWR|O_TMPFILE|O_F_CREATED");
        assert_eq!(of(OFlags::WRONLY | SYNC, false).1, "O_SYNC|O_WRONLY");
    }

    #[test]
    fn modes_are_named_as_falco_does() {
        assert_eq!(
            mode(0o4755, false),
            "S_IXOTH|S_IROTH|S_IXGRP|S_IRGRP|S_IXUSR|S_IWUSR|S_IRUSR|S_ISUID"
        );
        assert_eq!(mode(0o020_600, true), "S_IWUSR|S_IRUSR|S_IFCHR");
        assert_eq!(mode(0, false), "");
        assert_eq!(names(3, RENAME), "RENAME_NOREPLACE|RENAME_EXCHANGE");
    }
}
