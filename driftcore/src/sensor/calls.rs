//! Which system call has which number, and what it is to the probes.

use super::Wanted;
use crate::event::FileOperation;

/// `enum dc_class`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Class {
    Open1 = 1,
    Open2 = 2,
    Openat2 = 3,
    Write0 = 4,
    Write2 = 5,
    Clone = 6,
    Map = 7,
    Protect = 8,
    Creat = 9,
    /// From here on a call is read at its entry too.
    Unlink = 64,
    Unlinkat = 65,
    Rmdir = 66,
    Rename = 67,
    Renameat = 68,
    Renameat2 = 69,
    Link = 70,
    Linkat = 71,
    Symlink = 72,
    Symlinkat = 73,
    Mkdir = 74,
    Mkdirat = 75,
    Mknod = 76,
    Mknodat = 77,
    Truncate = 78,
    Truncate64 = 79,
    Ftruncate = 80,
    Ftruncate64 = 81,
    Fallocate = 82,
    Chmod = 83,
    Fchmod = 84,
    Fchmodat = 85,
    Fchmodat2 = 86,
    Chown = 87,
    Fchown = 88,
    Fchownat = 89,
    Setxattr = 90,
    Fsetxattr = 91,
    Setxattrat = 92,
    Removexattr = 93,
    Fremovexattr = 94,
    Removexattrat = 95,
}

/// A system call by its numbers, its class, and the operations that it may be.
struct Call {
    x86_64: Option<u16>,
    /// Of 32 bits, which any program on x86-64 may call.
    i386: Option<u16>,
    arm64: Option<u16>,
    /// Only of 32 bits: the other number is that of the call with the same meaning.
    only_compat: bool,
    class: Class,
    operations: &'static [FileOperation],
}

/// What the probes know of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) number: u16,
    pub(super) class: u8,
    /// The number of the call on this architecture.
    pub(super) native: u16,
    /// `number` is one of 32 bits.
    pub(super) compat: bool,
}

const NONE: Option<u16> = None;

const OPENS: &[FileOperation] =
    &[FileOperation::Read, FileOperation::Open, FileOperation::Create, FileOperation::Script];
const WRITES: &[FileOperation] = &[FileOperation::Write];
const MAPS: &[FileOperation] = &[FileOperation::Write, FileOperation::Map];
/// A link to an unnamed file makes it.
const LINKS: &[FileOperation] = &[FileOperation::Link, FileOperation::Create];
const UNLINK: &[FileOperation] = &[FileOperation::Unlink];
const UNLINKS: &[FileOperation] = &[FileOperation::Unlink, FileOperation::RemoveDirectory];
const RMDIR: &[FileOperation] = &[FileOperation::RemoveDirectory];
const RENAME: &[FileOperation] = &[FileOperation::Rename];
const RENAMES: &[FileOperation] = &[FileOperation::Rename, FileOperation::Exchange];
const SYMLINK: &[FileOperation] = &[FileOperation::Symlink];
const MKDIR: &[FileOperation] = &[FileOperation::MakeDirectory];
const MKNOD: &[FileOperation] = &[FileOperation::MakeNode];
const TRUNCATE: &[FileOperation] = &[FileOperation::Truncate];
const ALLOCATE: &[FileOperation] = &[FileOperation::Allocate];
const MODE: &[FileOperation] = &[FileOperation::Mode];
const OWNER: &[FileOperation] = &[FileOperation::Owner];
const SET_XATTR: &[FileOperation] = &[FileOperation::SetAttribute];
const REMOVE_XATTR: &[FileOperation] = &[FileOperation::RemoveAttribute];

/// Numbers on x86-64, i386 and arm64.
const fn call(
    numbers: [Option<u16>; 3],
    class: Class,
    operations: &'static [FileOperation],
) -> Call {
    let [x86_64, i386, arm64] = numbers;
    Call { x86_64, i386, arm64, only_compat: false, class, operations }
}

/// The same of a call that only 32 bits have.
const fn only_compat(
    numbers: [Option<u16>; 3],
    class: Class,
    operations: &'static [FileOperation],
) -> Call {
    Call { only_compat: true, ..call(numbers, class, operations) }
}

#[rustfmt::skip]
const CALLS: &[Call] = &[
    call([Some(2), Some(5), NONE], Class::Open1, OPENS), // open
    call([Some(85), Some(8), NONE], Class::Creat, OPENS), // creat
    call([Some(257), Some(295), Some(56)], Class::Open2, OPENS), // openat
    call([Some(304), Some(342), Some(265)], Class::Open2, OPENS), // open_by_handle_at
    call([Some(437), Some(437), Some(437)], Class::Openat2, OPENS), // openat2
    call([Some(1), Some(4), Some(64)], Class::Write0, WRITES), // write
    call([Some(18), Some(181), Some(68)], Class::Write0, WRITES), // pwrite64
    call([Some(20), Some(146), Some(66)], Class::Write0, WRITES), // writev
    call([Some(296), Some(334), Some(70)], Class::Write0, WRITES), // pwritev
    call([Some(328), Some(379), Some(287)], Class::Write0, WRITES), // pwritev2
    call([Some(40), Some(187), Some(71)], Class::Write0, WRITES), // sendfile
    only_compat([Some(40), Some(239), Some(71)], Class::Write0, WRITES), // sendfile64
    call([Some(275), Some(313), Some(76)], Class::Write2, WRITES), // splice
    call([Some(326), Some(377), Some(285)], Class::Write2, WRITES), // copy_file_range
    call([Some(16), Some(54), Some(29)], Class::Clone, WRITES), // ioctl
    call([Some(9), Some(90), Some(222)], Class::Map, MAPS), // mmap
    only_compat([Some(9), Some(192), Some(222)], Class::Map, MAPS), // mmap2
    call([Some(10), Some(125), Some(226)], Class::Protect, MAPS), // mprotect
    call([Some(87), Some(10), NONE], Class::Unlink, UNLINK), // unlink
    call([Some(263), Some(301), Some(35)], Class::Unlinkat, UNLINKS), // unlinkat
    call([Some(84), Some(40), NONE], Class::Rmdir, RMDIR), // rmdir
    call([Some(82), Some(38), NONE], Class::Rename, RENAME), // rename
    call([Some(264), Some(302), Some(38)], Class::Renameat, RENAME), // renameat
    call([Some(316), Some(353), Some(276)], Class::Renameat2, RENAMES), // renameat2
    call([Some(86), Some(9), NONE], Class::Link, LINKS), // link
    call([Some(265), Some(303), Some(37)], Class::Linkat, LINKS), // linkat
    call([Some(88), Some(83), NONE], Class::Symlink, SYMLINK), // symlink
    call([Some(266), Some(304), Some(36)], Class::Symlinkat, SYMLINK), // symlinkat
    call([Some(83), Some(39), NONE], Class::Mkdir, MKDIR), // mkdir
    call([Some(258), Some(296), Some(34)], Class::Mkdirat, MKDIR), // mkdirat
    call([Some(133), Some(14), NONE], Class::Mknod, MKNOD), // mknod
    call([Some(259), Some(297), Some(33)], Class::Mknodat, MKNOD), // mknodat
    call([Some(76), Some(92), Some(45)], Class::Truncate, TRUNCATE), // truncate
    only_compat([Some(76), Some(193), Some(45)], Class::Truncate64, TRUNCATE), // truncate64
    call([Some(77), Some(93), Some(46)], Class::Ftruncate, TRUNCATE), // ftruncate
    only_compat([Some(77), Some(194), Some(46)], Class::Ftruncate64, TRUNCATE), // ftruncate64
    call([Some(285), Some(324), Some(47)], Class::Fallocate, ALLOCATE), // fallocate
    call([Some(90), Some(15), NONE], Class::Chmod, MODE), // chmod
    call([Some(91), Some(94), Some(52)], Class::Fchmod, MODE), // fchmod
    call([Some(268), Some(306), Some(53)], Class::Fchmodat, MODE), // fchmodat
    call([Some(452), Some(452), Some(452)], Class::Fchmodat2, MODE), // fchmodat2
    call([Some(92), Some(212), NONE], Class::Chown, OWNER), // chown
    call([Some(94), Some(198), NONE], Class::Chown, OWNER), // lchown
    call([Some(93), Some(207), Some(55)], Class::Fchown, OWNER), // fchown
    call([Some(260), Some(298), Some(54)], Class::Fchownat, OWNER), // fchownat
    only_compat([Some(92), Some(182), NONE], Class::Chown, OWNER), // chown16
    only_compat([Some(94), Some(16), NONE], Class::Chown, OWNER), // lchown16
    only_compat([Some(93), Some(95), Some(55)], Class::Fchown, OWNER), // fchown16
    call([Some(188), Some(226), Some(5)], Class::Setxattr, SET_XATTR), // setxattr
    call([Some(189), Some(227), Some(6)], Class::Setxattr, SET_XATTR), // lsetxattr
    call([Some(190), Some(228), Some(7)], Class::Fsetxattr, SET_XATTR), // fsetxattr
    call([Some(463), Some(463), Some(463)], Class::Setxattrat, SET_XATTR), // setxattrat
    call([Some(197), Some(235), Some(14)], Class::Removexattr, REMOVE_XATTR), // removexattr
    call([Some(198), Some(236), Some(15)], Class::Removexattr, REMOVE_XATTR), // lremovexattr
    call([Some(199), Some(237), Some(16)], Class::Fremovexattr, REMOVE_XATTR), // fremovexattr
    call([Some(466), Some(466), Some(466)], Class::Removexattrat, REMOVE_XATTR), // removexattrat
];

/// The numbers of the calls that say something of what is asked for.
pub(super) fn known(wanted: &Wanted) -> impl Iterator<Item = Known> + use<'_> {
    let asked = |call: &&Call| call.operations.iter().any(|&it| wanted.has_file(it));
    CALLS.iter().filter(asked).flat_map(Call::known)
}

/// Whether a call that is asked for has to be read at its entry.
pub(super) fn need_entry(wanted: &Wanted) -> bool {
    known(wanted).any(|known| known.class >= Class::Unlink as u8)
}

impl Call {
    fn known(&self) -> impl Iterator<Item = Known> + use<> {
        let class = self.class as u8;
        let native = self.native().filter(|_| !self.only_compat);
        let native = native.map(|number| Known { number, class, native: number, compat: false });
        let no_call = u16::MAX;
        let compat = self.compat().map(|number| Known {
            number,
            class,
            native: self.native().unwrap_or(no_call),
            compat: true,
        });
        native.into_iter().chain(compat)
    }

    const fn native(&self) -> Option<u16> {
        if cfg!(target_arch = "aarch64") { self.arm64 } else { self.x86_64 }
    }

    /// Of 32 bits on this architecture; those of arm are not known.
    const fn compat(&self) -> Option<u16> {
        if cfg!(target_arch = "aarch64") { None } else { self.i386 }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::io::Write as _;

    use libbpf_rs::btf::Btf;
    use libbpf_rs::btf::types::Enum;

    use super::*;

    const CHANGES: fn() -> Wanted = || Wanted::NOTHING.with_file_changes();

    #[test]
    fn classes_are_the_probes() {
        let mut object = tempfile::NamedTempFile::new().unwrap();
        object.write_all(driftcore_bpf::OBJECT).unwrap();
        let btf = Btf::from_path(object.path()).unwrap();
        let found: Enum<'_> = btf.type_by_name("dc_class").expect("it is in the object");
        let values: HashMap<String, i64> = found
            .iter()
            .map(|value| {
                let name = value.name.expect("it has a name").to_string_lossy();
                let name = name.trim_start_matches("DC_CLASS_").replace('_', "").to_lowercase();
                (name, value.value)
            })
            .collect();
        for call in CALLS {
            let name = format!("{:?}", call.class).to_lowercase();
            assert_eq!(values.get(&name), Some(&i64::from(call.class as u8)), "{name}");
        }
    }

    #[test]
    fn no_number_has_two_classes() {
        let mut seen = HashMap::new();
        for known in known(&CHANGES()) {
            let before = seen.insert((known.compat, known.number), known.class);
            assert!(before.is_none_or(|class| class == known.class), "{known:?}");
            assert!(known.number < 512, "{known:?}");
        }
    }

    #[test]
    fn what_nobody_asks_for_has_no_class() {
        assert_eq!(known(&Wanted::NOTHING).count(), 0);
        assert!(!need_entry(&Wanted::NOTHING));
        let opens = Wanted::NOTHING.with_file(FileOperation::Open);
        assert!(known(&opens).count() > 0);
        assert!(!need_entry(&opens), "an open is resolved from the kernel's object");
        assert!(need_entry(&CHANGES()));
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn calls_of_32_bits_have_the_number_of_64() {
        let wanted = CHANGES();
        let native_of =
            |number| known(&wanted).find(|it| it.compat && it.number == number).map(|it| it.native);
        assert_eq!(native_of(10), Some(87), "unlink");
        assert_eq!(native_of(194), Some(77), "ftruncate64");
        assert_eq!(known(&wanted).find(|it| !it.compat && it.number == 77).map(|it| it.class), {
            Some(Class::Ftruncate as u8)
        });
    }
}
