//! System calls on other things than files, which rules ask for by name.

use super::Wanted;
use super::calls::Known;
use crate::event::call_number;

/// `DC_CLASS_CALL`: from here on a class is what is read of a call beside its arguments.
const CALL: u8 = 32;
/// `enum dc_call_reads`
const FIRST: u8 = 1 << 0;
const SECOND: u8 = 1 << 1;
const THIRD: u8 = 1 << 2;
const SOCKET: u8 = 1 << 3;
const CAPABILITIES: u8 = 1 << 4;

/// Names as Falco has them, numbers in 32 bits, and what is read of each.
#[rustfmt::skip]
const CALLS: &[(&str, &[u16], u8)] = &[
    ("accept", &[], SOCKET),
    ("accept4", &[364], SOCKET),
    ("bpf", &[357], 0),
    ("capset", &[185], CAPABILITIES),
    ("chroot", &[61], FIRST),
    ("clone", &[120], 0),
    ("clone3", &[435], 0),
    ("delete_module", &[129], FIRST),
    ("dup", &[41], SOCKET),
    ("dup2", &[63], SOCKET),
    ("dup3", &[330], SOCKET),
    ("finit_module", &[350], SECOND),
    ("fork", &[2], 0),
    ("fsconfig", &[431], THIRD),
    ("fsmount", &[432], 0),
    ("fsopen", &[430], FIRST),
    ("init_module", &[128], THIRD),
    ("io_uring_setup", &[425], 0),
    ("kill", &[37], 0),
    ("memfd_create", &[356], FIRST),
    ("mount", &[21], FIRST | SECOND | THIRD),
    ("move_mount", &[429], SECOND),
    ("open_tree", &[428], SECOND),
    ("pidfd_send_signal", &[424], 0),
    ("pivot_root", &[217], FIRST | SECOND),
    ("prctl", &[172], 0),
    ("process_vm_writev", &[348], 0),
    ("ptrace", &[26], 0),
    ("setgid", &[214, 46], 0),
    ("setns", &[346], 0),
    ("setpgid", &[57], 0),
    ("setregid", &[204, 71], 0),
    ("setresgid", &[210, 170], 0),
    ("setresuid", &[208, 164], 0),
    ("setreuid", &[203, 70], 0),
    ("setsid", &[66], 0),
    ("setuid", &[213, 23], 0),
    ("socket", &[359], 0),
    ("tgkill", &[270], 0),
    ("tkill", &[238], 0),
    ("umount2", &[52, 22], FIRST),
    ("unshare", &[310], 0),
    ("userfaultfd", &[374], 0),
    ("vfork", &[190], 0),
];

/// The numbers of those that are asked for.
pub(super) fn known(wanted: &Wanted) -> impl Iterator<Item = Known> + use<'_> {
    CALLS.iter().flat_map(move |&(name, compat, reads)| {
        let native = call_number(name).filter(|&number| wanted.has_call(number));
        // Those of arm in 32 bits are not known.
        let compat = if cfg!(target_arch = "aarch64") { &[] } else { compat };
        let class = CALL | reads;
        native.into_iter().flat_map(move |native| {
            let compat = compat.iter();
            let compat = compat.map(move |&number| Known { number, class, native, compat: true });
            std::iter::once(Known { number: native, class, native, compat: false }).chain(compat)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_has_a_class_that_says_what_to_read() {
        let mount = call_number("mount").unwrap();
        let wanted = Wanted::NOTHING.with_call(mount);
        let found: Vec<_> = known(&wanted).collect();
        assert!(found.contains(&Known {
            number: mount,
            class: CALL | FIRST | SECOND | THIRD,
            native: mount,
            compat: false,
        }));
        assert!(found.iter().all(|it| it.native == mount));
        assert_eq!(known(&Wanted::NOTHING).count(), 0);
    }

    #[test]
    fn every_call_has_a_number_somewhere() {
        assert!(CALLS.is_sorted_by(|a, b| a.0 < b.0));
        for (name, compat, reads) in CALLS {
            let is_known = call_number(name).is_some() || cfg!(target_arch = "aarch64");
            assert!(is_known, "{name}");
            assert!(compat.iter().all(|&number| number < 512), "{name}");
            assert!(*reads < CALL, "{name}");
        }
    }
}
