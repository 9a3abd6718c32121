//! Whether a process could write the file that it runs.

use crate::event::EvidenceFlags;
use crate::event::FileEvidence;
use crate::event::TaskFacts;

const CAP_DAC_OVERRIDE: u64 = 1 << 1;
const CAP_FOWNER: u64 = 1 << 3;
/// An id that the filesystem's user namespace does not map.
const UNMAPPED: u32 = u32::MAX;
/// Inode number of the initial user namespace (`PROC_USER_INIT_INO`).
const INITIAL_USER_NAMESPACE: u32 = 0xEFFF_FFFD;
const GROUP_WRITE: u32 = 0o020;
const OTHER_WRITE: u32 = 0o002;

/// Whether the process could write the file, as Falco's `proc.is_exe_writable` decides it: an owner
/// always can (it may change the mode), then the write bit of the group or of others counts, then
/// the capabilities. Access control lists, supplementary groups and security modules are not looked
/// at.
///
/// The effective ids stand for those of file access: an exec makes them equal. `None` where only a
/// capability would allow it that holds in a user namespace of the process's own: whether that
/// reaches the file is not known.
pub fn may_write(task: &TaskFacts<'_>, file: &FileEvidence) -> Option<bool> {
    let is = |flag| file.flags.contains(flag);
    if is(EvidenceFlags::READ_ONLY) || is(EvidenceFlags::IMMUTABLE) {
        return Some(false);
    }
    if file.uid == UNMAPPED || file.gid == UNMAPPED {
        return Some(false);
    }
    let class = if file.gid == task.egid { GROUP_WRITE } else { OTHER_WRITE };
    if file.uid == task.euid || file.mode & class != 0 {
        return Some(true);
    }
    if task.capabilities.effective & (CAP_DAC_OVERRIDE | CAP_FOWNER) == 0 {
        return Some(false);
    }
    (task.namespaces.user == INITIAL_USER_NAMESPACE).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Capabilities;
    use crate::event::NamespaceIds;

    const USER: u32 = 1000;

    fn task(euid: u32, egid: u32, effective: u64) -> TaskFacts<'static> {
        TaskFacts {
            euid,
            egid,
            capabilities: Capabilities { effective, ..Capabilities::default() },
            namespaces: NamespaceIds { user: INITIAL_USER_NAMESPACE, ..NamespaceIds::default() },
            ..TaskFacts::default()
        }
    }

    fn file(mode: u32, uid: u32, gid: u32) -> FileEvidence {
        FileEvidence { mode: 0o100_000 | mode, uid, gid, ..FileEvidence::default() }
    }

    #[test]
    fn an_owner_can_whatever_the_mode() {
        assert_eq!(may_write(&task(USER, USER, 0), &file(0o555, USER, 0)), Some(true));
        assert_eq!(may_write(&task(0, 0, 0), &file(0o555, 0, 0)), Some(true));
        assert_eq!(may_write(&task(USER, USER, 0), &file(0o755, 0, 0)), Some(false));
    }

    #[test]
    fn the_group_has_its_own_bit_and_no_other() {
        assert_eq!(may_write(&task(USER, 50, 0), &file(0o775, 0, 50)), Some(true));
        assert_eq!(may_write(&task(USER, 50, 0), &file(0o757, 0, 50)), Some(false));
        assert_eq!(may_write(&task(USER, 50, 0), &file(0o775, 0, 51)), Some(false));
        assert_eq!(may_write(&task(USER, 50, 0), &file(0o757, 0, 51)), Some(true));
    }

    #[test]
    fn capabilities_override_the_mode() {
        let file = file(0o555, 0, 0);
        for capability in [CAP_DAC_OVERRIDE, CAP_FOWNER] {
            assert_eq!(may_write(&task(USER, USER, capability), &file), Some(true));
        }
        assert_eq!(may_write(&task(USER, USER, 1), &file), Some(false));
    }

    #[test]
    fn capabilities_in_a_user_namespace_are_no_answer() {
        let mut task = task(USER, USER, u64::MAX);
        task.namespaces.user = 4_026_532_000;
        assert_eq!(may_write(&task, &file(0o555, 0, 0)), None);
        assert_eq!(may_write(&task, &file(0o555, USER, USER)), Some(true));
    }

    #[test]
    fn what_nobody_may_write_root_may_not_either() {
        for flag in [EvidenceFlags::READ_ONLY, EvidenceFlags::IMMUTABLE] {
            let file = FileEvidence { flags: flag, ..file(0o777, 0, 0) };
            assert_eq!(may_write(&task(0, 0, u64::MAX), &file), Some(false));
        }
        assert_eq!(may_write(&task(0, 0, u64::MAX), &file(0o777, u32::MAX, 0)), Some(false));
    }
}
