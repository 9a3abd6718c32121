//! Which system call has which number, and what it is to the probes.

use super::Wanted;
use super::other_calls;
use crate::event::FileOperation;
use crate::event::call_number;

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
    Connect = 10,
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

/// A system call, its class, and the operations that it may be.
struct Call {
    name: &'static str,
    /// Its number in 32 bits, which any program on x86-64 may call.
    i386: Option<u16>,
    /// Only of 32 bits: the name is that of the call with the same meaning.
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

/// Asked for by itself ([`Wanted::with_unix_sockets`]).
const CONNECT: &[FileOperation] = &[];
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

const fn call(
    name: &'static str,
    i386: Option<u16>,
    class: Class,
    operations: &'static [FileOperation],
) -> Call {
    Call { name, i386, only_compat: false, class, operations }
}

/// The same of a call that only 32 bits have.
const fn only_compat(
    name: &'static str,
    i386: Option<u16>,
    class: Class,
    operations: &'static [FileOperation],
) -> Call {
    Call { only_compat: true, ..call(name, i386, class, operations) }
}

#[rustfmt::skip]
const CALLS: &[Call] = &[
    call("open", Some(5), Class::Open1, OPENS),
    call("creat", Some(8), Class::Creat, OPENS),
    call("openat", Some(295), Class::Open2, OPENS),
    call("open_by_handle_at", Some(342), Class::Open2, OPENS),
    call("openat2", Some(437), Class::Openat2, OPENS),
    call("write", Some(4), Class::Write0, WRITES),
    call("pwrite", Some(181), Class::Write0, WRITES), // pwrite64
    call("writev", Some(146), Class::Write0, WRITES),
    call("pwritev", Some(334), Class::Write0, WRITES),
    call("pwritev2", Some(379), Class::Write0, WRITES),
    call("sendfile", Some(187), Class::Write0, WRITES),
    only_compat("sendfile", Some(239), Class::Write0, WRITES), // sendfile64
    call("splice", Some(313), Class::Write2, WRITES),
    call("copy_file_range", Some(377), Class::Write2, WRITES),
    call("ioctl", Some(54), Class::Clone, WRITES),
    call("mmap", Some(90), Class::Map, MAPS),
    only_compat("mmap", Some(192), Class::Map, MAPS), // mmap2
    call("connect", Some(362), Class::Connect, CONNECT),
    call("mprotect", Some(125), Class::Protect, MAPS),
    call("unlink", Some(10), Class::Unlink, UNLINK),
    call("unlinkat", Some(301), Class::Unlinkat, UNLINKS),
    call("rmdir", Some(40), Class::Rmdir, RMDIR),
    call("rename", Some(38), Class::Rename, RENAME),
    call("renameat", Some(302), Class::Renameat, RENAME),
    call("renameat2", Some(353), Class::Renameat2, RENAMES),
    call("link", Some(9), Class::Link, LINKS),
    call("linkat", Some(303), Class::Linkat, LINKS),
    call("symlink", Some(83), Class::Symlink, SYMLINK),
    call("symlinkat", Some(304), Class::Symlinkat, SYMLINK),
    call("mkdir", Some(39), Class::Mkdir, MKDIR),
    call("mkdirat", Some(296), Class::Mkdirat, MKDIR),
    call("mknod", Some(14), Class::Mknod, MKNOD),
    call("mknodat", Some(297), Class::Mknodat, MKNOD),
    call("truncate", Some(92), Class::Truncate, TRUNCATE),
    only_compat("truncate", Some(193), Class::Truncate64, TRUNCATE), // truncate64
    call("ftruncate", Some(93), Class::Ftruncate, TRUNCATE),
    only_compat("ftruncate", Some(194), Class::Ftruncate64, TRUNCATE), // ftruncate64
    call("fallocate", Some(324), Class::Fallocate, ALLOCATE),
    call("chmod", Some(15), Class::Chmod, MODE),
    call("fchmod", Some(94), Class::Fchmod, MODE),
    call("fchmodat", Some(306), Class::Fchmodat, MODE),
    call("fchmodat2", Some(452), Class::Fchmodat2, MODE),
    call("chown", Some(212), Class::Chown, OWNER),
    call("lchown", Some(198), Class::Chown, OWNER),
    call("fchown", Some(207), Class::Fchown, OWNER),
    call("fchownat", Some(298), Class::Fchownat, OWNER),
    only_compat("chown", Some(182), Class::Chown, OWNER), // chown16
    only_compat("lchown", Some(16), Class::Chown, OWNER), // lchown16
    only_compat("fchown", Some(95), Class::Fchown, OWNER), // fchown16
    call("setxattr", Some(226), Class::Setxattr, SET_XATTR),
    call("lsetxattr", Some(227), Class::Setxattr, SET_XATTR),
    call("fsetxattr", Some(228), Class::Fsetxattr, SET_XATTR),
    call("setxattrat", Some(463), Class::Setxattrat, SET_XATTR),
    call("removexattr", Some(235), Class::Removexattr, REMOVE_XATTR),
    call("lremovexattr", Some(236), Class::Removexattr, REMOVE_XATTR),
    call("fremovexattr", Some(237), Class::Fremovexattr, REMOVE_XATTR),
    call("removexattrat", Some(466), Class::Removexattrat, REMOVE_XATTR),
];

/// The numbers of the calls that say something of what is asked for. A call that has a class as one on
/// files keeps it: what comes later is not put over it.
pub(super) fn known(wanted: &Wanted) -> impl Iterator<Item = Known> + use<'_> {
    let asked = |call: &&Call| {
        (call.class == Class::Connect && wanted.has_unix_sockets())
            || call.operations.iter().any(|&it| wanted.has_file(it))
    };
    CALLS.iter().filter(asked).flat_map(Call::known).chain(other_calls::known(wanted))
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

    fn native(&self) -> Option<u16> {
        call_number(self.name)
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
        let unix = Wanted::NOTHING.with_unix_sockets();
        assert!(known(&unix).all(|known| known.class == Class::Connect as u8));
        assert!(known(&unix).count() > 0 && !need_entry(&unix));
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
