//! The arguments of calls as text, by Falco's names and in its order.

use std::io::Write as _;

use super::flags;
use super::flags::Names;
use crate::event::Call;
use crate::event::error_name;
use crate::view::AccountNames;

/// Which number of a call an argument is from: 0 to 5, or what it returned.
const RESULT: usize = 6;
/// Arguments that a call has at most.
const MOST: usize = 8;

/// How a number is written.
#[derive(Clone, Copy)]
enum Form {
    /// What the call returned: a number, or the error's name.
    Outcome,
    /// Of 32 bits, with a sign.
    Signed,
    Unsigned,
    /// Capitals without a prefix, as Falco writes sets of capabilities.
    Hexadecimal,
    /// The text that argument 0, 1 or 2 points to.
    Text,
    /// A value with a name, else the number.
    One(Names),
    /// Names of the bits, joined by `|`; `0` without one.
    Bits(Names),
    /// The user's name, where there is one.
    User,
    Group,
}

use Form::Bits;
use Form::Group;
use Form::Hexadecimal;
use Form::One;
use Form::Outcome;
use Form::Signed;
use Form::Text;
use Form::Unsigned;
use Form::User;

type Argument = (&'static str, usize, Form);

const RES: Argument = ("res", RESULT, Outcome);
const FD: Argument = ("fd", RESULT, Outcome);

/// Each call with its arguments. One that Falco knows no arguments of has only its result.
#[rustfmt::skip]
const CALLS: &[(&str, &[Argument])] = &[
    ("accept", &[FD]),
    ("accept4", &[FD, ("flags", 3, Bits(flags::ACCEPT))]),
    ("bpf", &[FD, ("cmd", 0, One(flags::BPF))]),
    ("capset", &[RES, ("cap_inheritable", 3, Hexadecimal), ("cap_permitted", 4, Hexadecimal),
        ("cap_effective", 5, Hexadecimal)]),
    ("chroot", &[RES, ("path", 0, Text)]),
    ("clone", &[RES, ("flags", 0, Bits(flags::CLONE))]),
    ("clone3", &[RES]),
    ("delete_module", &[RES, ("name", 0, Text), ("flags", 1, Bits(flags::DELETE_MODULE))]),
    ("dup", &[RES, ("oldfd", 0, Signed)]),
    ("dup2", &[RES, ("oldfd", 0, Signed), ("newfd", 1, Signed)]),
    ("dup3", &[RES, ("oldfd", 0, Signed), ("newfd", 1, Signed), ("flags", 2, Bits(flags::OPEN))]),
    ("finit_module", &[RES, ("fd", 0, Signed), ("uargs", 1, Text),
        ("flags", 2, Bits(flags::FINIT_MODULE))]),
    ("fork", &[RES]),
    ("fsconfig", &[RES, ("fd", 0, Signed), ("cmd", 1, One(flags::FSCONFIG)), ("key", 2, Text)]),
    ("fsmount", &[FD]),
    ("fsopen", &[FD, ("name", 0, Text)]),
    ("init_module", &[RES, ("length", 1, Unsigned), ("uargs", 2, Text)]),
    ("io_uring_setup", &[RES, ("entries", 0, Unsigned)]),
    ("kill", &[RES, ("pid", 0, Signed), ("sig", 1, One(flags::SIGNAL))]),
    ("memfd_create", &[FD, ("name", 0, Text), ("flags", 1, Bits(flags::MEMFD))]),
    ("mount", &[RES, ("dev", 0, Text), ("dir", 1, Text), ("type", 2, Text),
        ("flags", 3, Bits(flags::MOUNT))]),
    ("move_mount", &[RES, ("path", 1, Text)]),
    ("open_tree", &[FD, ("path", 1, Text)]),
    ("pidfd_send_signal", &[RES, ("pid_fd", 0, Signed), ("sig", 1, One(flags::SIGNAL))]),
    ("pivot_root", &[RES, ("newpath", 0, Text), ("oldpath", 1, Text)]),
    ("prctl", &[RES, ("option", 0, One(flags::PRCTL)), ("arg2_int", 1, Unsigned)]),
    ("process_vm_writev", &[RES, ("pid", 0, Signed)]),
    ("ptrace", &[RES, ("request", 0, One(flags::PTRACE)), ("pid", 1, Signed)]),
    ("setgid", &[RES, ("gid", 0, Group)]),
    ("setns", &[RES, ("fd", 0, Signed), ("nstype", 1, Bits(flags::CLONE))]),
    ("setpgid", &[RES, ("pid", 0, Signed), ("pgid", 1, Signed)]),
    ("setregid", &[RES, ("rgid", 0, Group), ("egid", 1, Group)]),
    ("setresgid", &[RES, ("rgid", 0, Group), ("egid", 1, Group), ("sgid", 2, Group)]),
    ("setresuid", &[RES, ("ruid", 0, User), ("euid", 1, User), ("suid", 2, User)]),
    ("setreuid", &[RES, ("ruid", 0, User), ("euid", 1, User)]),
    ("setsid", &[RES]),
    ("setuid", &[RES, ("uid", 0, User)]),
    ("socket", &[FD, ("domain", 0, One(flags::FAMILY)), ("type", 1, Unsigned),
        ("proto", 2, Unsigned)]),
    ("tgkill", &[RES, ("pid", 0, Signed), ("tid", 1, Signed), ("sig", 2, One(flags::SIGNAL))]),
    ("tkill", &[RES, ("tid", 0, Signed), ("sig", 1, One(flags::SIGNAL))]),
    ("umount2", &[RES, ("name", 0, Text), ("flags", 1, Bits(flags::UMOUNT))]),
    ("unshare", &[RES, ("flags", 0, Bits(flags::CLONE))]),
    ("userfaultfd", &[RES, ("flags", 0, Bits(flags::OPEN))]),
    ("vfork", &[RES]),
];

/// The arguments of one call, written into memory that is used again.
#[derive(Debug, Default)]
pub(in crate::engine) struct Arguments {
    bytes: Vec<u8>,
    /// Each one's name and where it ends.
    ends: [(&'static str, usize); MOST],
    count: usize,
}

impl Arguments {
    /// Writes those of a call; of one that is not known, none.
    pub(super) fn write(&mut self, name: &str, call: &Call<'_>, names: &dyn AccountNames) {
        self.bytes.clear();
        self.count = 0;
        let Ok(index) = CALLS.binary_search_by(|(known, _)| (*known).cmp(name)) else { return };
        let arguments = CALLS.get(index).map_or(&[][..], |(_, arguments)| arguments);
        for &(argument, from, form) in arguments {
            write(&mut self.bytes, call, from, form, names);
            if let Some(place) = self.ends.get_mut(self.count) {
                *place = (argument, self.bytes.len());
                self.count += 1;
            }
        }
    }

    /// Each with its name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        let ends = self.ends.get(..self.count).unwrap_or_default();
        let begins = std::iter::once(0).chain(ends.iter().map(|&(_, end)| end));
        begins
            .zip(ends)
            .map(|(begin, &(name, end))| (name, self.bytes.get(begin..end).unwrap_or_default()))
    }

    /// Lends them as a slice.
    pub(super) fn with<T>(&self, look: impl FnOnce(&[(&str, &[u8])]) -> T) -> T {
        let mut all = [("", &b""[..]); MOST];
        for (place, argument) in all.iter_mut().zip(self.iter()) {
            *place = argument;
        }
        look(all.get(..self.count).unwrap_or_default())
    }
}

/// Writing to memory cannot fail.
fn write(out: &mut Vec<u8>, call: &Call<'_>, from: usize, form: Form, names: &dyn AccountNames) {
    let number = call.args.get(from).copied().unwrap_or_default();
    // Ids, descriptors and flags have 32 bits; what stands above them the kernel does not look at.
    let low = u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default();
    let _ = match form {
        Outcome => match u32::try_from(-call.result).ok().and_then(error_name) {
            Some(name) if call.result < 0 => write!(out, "{name}"),
            _ => write!(out, "{}", call.result),
        },
        Signed => write!(out, "{}", low.cast_signed()),
        Unsigned => write!(out, "{number}"),
        Hexadecimal => write!(out, "{number:X}"),
        Text => {
            let text = call.texts.get(from).map_or(&b""[..], |(text, _)| text);
            out.write_all(text)
        }
        One(table) => match flags::one(table, low.into()) {
            Some(name) => write!(out, "{name}"),
            None => write!(out, "{low}"),
        },
        Bits(table) => flags::write(out, table, low.into()),
        User => match names.user(low) {
            Some(user) => out.write_all(user.name),
            None => write!(out, "{}", low.cast_signed()),
        },
        Group => match names.group(low) {
            Some(name) => out.write_all(name),
            None => write!(out, "{}", low.cast_signed()),
        },
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Actor;
    use crate::event::KernelPath;
    use crate::fields::EVENT_ARGUMENTS;
    use crate::fields::EventType;
    use crate::fields::EventTypes;
    use crate::view::User;

    #[derive(Debug)]
    struct Accounts;

    impl AccountNames for Accounts {
        fn user(&self, uid: u32) -> Option<User<'_>> {
            (uid == 33).then_some(User { name: b"www-data", home: b"/", shell: b"/bin/sh" })
        }

        fn group(&self, gid: u32) -> Option<&[u8]> {
            (gid == 0).then_some(b"root")
        }

        fn login_name(&self, _: u32) -> Option<&[u8]> {
            None
        }
    }

    fn call() -> Call<'static> {
        Call {
            boot_ns: 1,
            actor: Actor::default(),
            number: 0,
            args: [0; 6],
            result: 0,
            texts: [(b"", false); 3],
            path: KernelPath::default(),
            socket: None,
            unseen_ring: false,
        }
    }

    fn line(name: &str, call: &Call<'_>) -> String {
        let mut arguments = Arguments::default();
        arguments.write(name, call, &Accounts);
        let texts = arguments
            .iter()
            .map(|(name, text)| format!("{name}={}", String::from_utf8_lossy(text)));
        texts.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn numbers_have_falcos_names() {
        let args = |args: &[u64]| {
            let mut all = [0; 6];
            all[..args.len()].copy_from_slice(args);
            Call { args: all, ..call() }
        };
        for (name, numbers, expected) in [
            ("ptrace", &[16, 7][..], "res=0 request=PTRACE_ATTACH pid=7"),
            ("ptrace", &[0x4206, 7], "res=0 request=PTRACE_SEIZE pid=7"),
            ("ptrace", &[0x7fff, 0], "res=0 request=32767 pid=0"),
            ("unshare", &[0x1002_0000], "res=0 flags=CLONE_NEWNS|CLONE_NEWUSER"),
            ("setns", &[3, 0], "res=0 fd=3 nstype=0"),
            ("setuid", &[33], "res=0 uid=www-data"),
            ("setresuid", &[0xffff_ffff, 1000, 33], "res=0 ruid=-1 euid=1000 suid=www-data"),
            ("setgid", &[0], "res=0 gid=root"),
            ("kill", &[0xffff_ffff, 9], "res=0 pid=-1 sig=SIGKILL"),
            (
                "capset",
                &[0, 0, 0, 0, 0x1f, 0xa8],
                "res=0 cap_inheritable=0 cap_permitted=1F \
                cap_effective=A8",
            ),
            ("bpf", &[5], "fd=0 cmd=BPF_PROG_LOAD"),
            ("socket", &[17, 3, 768], "fd=0 domain=AF_PACKET type=3 proto=768"),
            ("setsid", &[], "res=0"),
            ("getpid", &[], ""),
        ] {
            assert_eq!(line(name, &args(numbers)), expected);
        }
    }

    #[test]
    fn texts_and_errors_stand_as_they_are() {
        let mount = Call {
            args: [1, 2, 3, 0x1001, 0, 0],
            result: -1,
            texts: [(b"/dev/sda1", false), (b"/mnt", false), (b"ext4", false)],
            ..call()
        };
        assert_eq!(
            line("mount", &mount),
            "res=EPERM dev=/dev/sda1 dir=/mnt type=ext4 flags=RDONLY|BIND"
        );
        let memfd = Call { texts: [(b"", false); 3], result: 5, ..call() };
        assert_eq!(line("memfd_create", &memfd), "fd=5 name= flags=0");
    }

    #[test]
    fn every_call_that_is_given_has_arguments_that_rules_know() {
        assert!(CALLS.is_sorted_by(|a, b| a.0 < b.0));
        let mut types = EventTypes::EMPTY;
        for (name, arguments) in CALLS {
            types = types.with(EventType::of(name).unwrap());
            assert!(arguments.len() <= MOST, "{name}");
            for (argument, from, _) in *arguments {
                assert!(*from <= RESULT);
                assert!(EVENT_ARGUMENTS.iter().any(|(known, _)| known == argument), "{argument}");
            }
        }
        assert_eq!(types, EventTypes::CALLS);
    }
}
