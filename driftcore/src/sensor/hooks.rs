//! From where operations on files are seen: the hook sets.

use std::fmt;
use std::str::FromStr;

use libbpf_rs::btf::Btf;
use libbpf_rs::btf::BtfKind;
use libbpf_rs::btf::ReferencesType;
use libbpf_rs::btf::types::Func;
use libbpf_rs::btf::types::FuncProto;

use super::Features;
use super::Wanted;
use crate::event::FileOperation;

/// From where operations on files are seen. Execs, process life and TCP are seen the same way with all
/// of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HookSet {
    /// Hooks of the kernel's security modules, and the ends of the functions that they guard. Needs
    /// `bpf` in the list of active security modules.
    Lsm,
    /// The functions that ask the security modules, and the ends of those that are asked about.
    Fentry,
    /// Entries and exits of system calls.
    Tracepoint,
}

impl HookSet {
    /// All sets.
    pub const ALL: [Self; 3] = [Self::Lsm, Self::Fentry, Self::Tracepoint];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lsm => "lsm",
            Self::Fentry => "fentry",
            Self::Tracepoint => "tracepoint",
        }
    }

    /// Why this kernel cannot have it, as far as that can be told without loading it.
    pub(super) fn obstacle(self, features: &Features, btf: &Btf<'_>) -> Option<String> {
        if self == Self::Tracepoint {
            return None;
        }
        if self == Self::Lsm && !features.bpf_lsm {
            return Some("bpf is not in the list of active security modules (lsm=)".to_owned());
        }
        let lacks = FUNCTIONS
            .iter()
            .filter(|function| self == Self::Lsm || function.name != LSM_CHANGE)
            .find(|function| function.signature(btf).is_none());
        lacks.map(|function| format!("the kernel's BTF has no function {}", function.name))
    }

    /// The programs to attach for what is wanted.
    pub(super) fn probes(self, wanted: &Wanted) -> Vec<&'static str> {
        let Some(index) = self.index() else { return Vec::new() };
        let asked = |hook: &&Hook| hook.operations.iter().any(|&it| wanted.has_file(it));
        let mut names: Vec<&str> = HOOKS
            .iter()
            .filter(asked)
            .flat_map(|hook| hook.begins[index].into_iter().chain(hook.end))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether a program belongs to this set, or to none.
    pub(super) fn has(self, program: &str) -> bool {
        let mut hooks = HOOKS.iter();
        let of = |hook: &Hook, index: usize| hook.begins[index] == Some(program);
        let is_hook = |hook: &Hook| of(hook, 0) || of(hook, 1) || hook.end == Some(program);
        match self.index() {
            None => !hooks.any(is_hook),
            Some(index) => {
                let other = 1 - index;
                !HOOKS.iter().any(|hook| of(hook, other))
                    || HOOKS.iter().any(|hook| of(hook, index))
            }
        }
    }

    /// Whether the exit of system calls has to show any of it.
    pub(super) fn needs_call_exit(self, wanted: &Wanted) -> bool {
        self.rest(wanted).has_files() || wanted.has_calls() || wanted.has_unix_sockets()
    }

    /// What is left for the system calls to show.
    pub(super) fn rest(self, wanted: &Wanted) -> Wanted {
        match self {
            Self::Tracepoint => *wanted,
            _ => HOOKS
                .iter()
                .flat_map(|hook| hook.operations)
                .fold(*wanted, |wanted, &it| wanted.without(Wanted::NOTHING.with_file(it))),
        }
    }

    const fn index(self) -> Option<usize> {
        match self {
            Self::Lsm => Some(0),
            Self::Fentry => Some(1),
            Self::Tracepoint => None,
        }
    }
}

impl fmt::Display for HookSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for HookSet {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|set| set.name() == name);
        found.ok_or_else(|| format!("no hook set {name:?}: there are lsm, fentry and tracepoint"))
    }
}

/// Operations, and the programs that see them.
struct Hook {
    operations: &'static [FileOperation],
    /// At the beginning: of the LSM set and of the fentry set.
    begins: [Option<&'static str>; 2],
    /// At the end.
    end: Option<&'static str>,
}

const fn hook(
    operations: &'static [FileOperation],
    lsm: &'static str,
    fentry: &'static str,
    end: &'static str,
) -> Hook {
    Hook { operations, begins: [Some(lsm), Some(fentry)], end: Some(end) }
}

/// Without an end: what counts from its beginning.
const fn beginning(
    operations: &'static [FileOperation],
    lsm: &'static str,
    fentry: &'static str,
) -> Hook {
    Hook { operations, begins: [Some(lsm), Some(fentry)], end: None }
}

/// What counts from its end.
const fn end(operations: &'static [FileOperation], end: &'static str) -> Hook {
    Hook { operations, begins: [None, None], end: Some(end) }
}

use FileOperation as Op;

const HOOKS: &[Hook] = &[
    // What was said of an open file is forgotten when another is opened in its place.
    hook(&[Op::Read, Op::Open, Op::Create, Op::Write], "lsm__open", "vfs__open", "vfs__open_end"),
    end(&[Op::Read, Op::Open, Op::Create, Op::Write], "vfs__opened"),
    hook(&[Op::Unlink], "lsm__unlink", "vfs__unlink", "vfs__unlink_end"),
    hook(&[Op::RemoveDirectory], "lsm__rmdir", "vfs__rmdir", "vfs__rmdir_end"),
    hook(&[Op::Rename, Op::Exchange], "lsm__rename", "vfs__rename", "vfs__rename_end"),
    // A link to an unnamed file makes it.
    hook(&[Op::Link, Op::Create], "lsm__link", "vfs__link", "vfs__link_end"),
    hook(&[Op::Symlink], "lsm__symlink", "vfs__symlink", "vfs__symlink_end"),
    hook(&[Op::MakeDirectory], "lsm__mkdir", "vfs__mkdir", "vfs__mkdir_end"),
    hook(&[Op::MakeNode], "lsm__mknod", "vfs__mknod", "vfs__mknod_end"),
    hook(&[Op::MakeNode], "lsm__create", "vfs__create", "vfs__create_end"),
    // An open that cuts a file's content ends with that change.
    hook(
        &[Op::Truncate, Op::Mode, Op::Owner, Op::Open],
        "lsm__change",
        "vfs__change",
        "vfs__change_end",
    ),
    hook(&[Op::SetAttribute], "vfs__set_xattr", "vfs__set_xattr", "vfs__set_xattr_end"),
    hook(&[Op::RemoveAttribute], "vfs__remove_xattr", "vfs__remove_xattr", "vfs__remove_xattr_end"),
    beginning(&[Op::Write], "lsm__write", "vfs__write"),
    beginning(&[Op::Write], "lsm__map", "vfs__map"),
    beginning(&[Op::Write], "lsm__protect", "vfs__protect"),
    end(&[Op::Allocate], "vfs__allocate_end"),
    end(&[Op::Script], "vfs__script"),
    end(&[Op::Map], "vfs__mapped"),
    beginning(&[Op::Map], "lsm__protect_code", "vfs__protect_code"),
];

/// A function whose arguments differ between kernels, and which of them is looked at.
struct Function {
    name: &'static str,
    /// Any of these.
    objects: &'static [&'static str],
}

const fn function(name: &'static str, objects: &'static [&'static str]) -> Function {
    Function { name, objects }
}

/// Is there where programs can be attached to the LSM, and called nowhere else.
const LSM_CHANGE: &str = "bpf_lsm_inode_setattr";

/// In the order of `enum dc_function`.
const FUNCTIONS: [Function; 15] = [
    function("do_dentry_open", &["f"]),
    function("vfs_unlink", &["dentry"]),
    // The directory entry itself before 5.12.
    function("vfs_rename", &["rd", "old_dentry"]),
    function("vfs_link", &["new_dentry"]),
    function("vfs_symlink", &["dentry"]),
    function("vfs_mkdir", &["dentry"]),
    function("vfs_mknod", &["dentry"]),
    function("vfs_create", &["dentry"]),
    function("notify_change", &["dentry"]),
    function("vfs_setxattr", &["dentry"]),
    function("vfs_removexattr", &["dentry"]),
    function("security_inode_setattr", &["dentry"]),
    function("security_inode_setxattr", &["dentry"]),
    function("security_inode_removexattr", &["dentry"]),
    function(LSM_CHANGE, &["dentry"]),
];

impl Function {
    /// `struct dc_signature`; `None` when the kernel's BTF does not tell.
    fn signature(&self, btf: &Btf<'_>) -> Option<[u32; 3]> {
        let found: Func<'_> = btf.type_by_name(self.name)?;
        let prototype = FuncProto::try_from(found.referenced_type()).ok()?;
        let at = prototype
            .iter()
            .position(|it| it.name.is_some_and(|name| self.objects.iter().any(|it| name == *it)))?;
        let returned = prototype.referenced_type().skip_mods_and_typedefs();
        let is_pointer = returned.kind() == BtfKind::Ptr;
        let count = prototype.iter().count();
        Some([u32::try_from(at).ok()?, u32::try_from(count).ok()?, u32::from(is_pointer)])
    }
}

/// The `signatures` of the probes, as far as the kernel's BTF tells.
pub(super) fn signatures(btf: &Btf<'_>) -> Vec<u8> {
    let words = FUNCTIONS.iter().flat_map(|it| it.signature(btf).unwrap_or_default());
    words.flat_map(u32::to_ne_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_as_sets() {
        for set in HookSet::ALL {
            assert_eq!(set.name().parse(), Ok(set));
        }
        assert!("kprobe".parse::<HookSet>().is_err_and(|error| error.contains("fentry")));
    }

    #[test]
    fn each_set_has_its_own_programs_and_those_that_belong_to_none() {
        assert!(HookSet::Lsm.has("lsm__open") && !HookSet::Lsm.has("vfs__open"));
        assert!(HookSet::Fentry.has("vfs__open") && !HookSet::Fentry.has("lsm__open"));
        for set in [HookSet::Lsm, HookSet::Fentry] {
            assert!(set.has("vfs__set_xattr") && set.has("vfs__open_end"));
            assert!(set.has("process__exec"));
        }
        assert!(!HookSet::Tracepoint.has("vfs__open_end") && !HookSet::Tracepoint.has("lsm__map"));
        assert!(HookSet::Tracepoint.has("call__exit"));
    }

    #[test]
    fn every_change_of_a_file_is_seen_without_system_calls() {
        let changes = Wanted::NOTHING.with_file_changes();
        assert_eq!(HookSet::Fentry.rest(&changes), Wanted::NOTHING);
        assert_eq!(HookSet::Tracepoint.rest(&changes), changes);
        let unlink = Wanted::NOTHING.with_file(FileOperation::Unlink);
        assert_eq!(HookSet::Fentry.probes(&unlink), ["vfs__unlink", "vfs__unlink_end"]);
        assert_eq!(HookSet::Lsm.probes(&unlink), ["lsm__unlink", "vfs__unlink_end"]);
        assert!(HookSet::Tracepoint.probes(&changes).is_empty());
        let code = Wanted::NOTHING.with_libraries().with_scripts();
        assert_eq!(HookSet::Lsm.rest(&code), Wanted::NOTHING);
        assert_eq!(HookSet::Lsm.probes(&code), ["lsm__protect_code", "vfs__mapped", "vfs__script"]);
    }

    #[test]
    fn this_kernel_tells_where_the_arguments_are() {
        let btf = Btf::from_vmlinux().unwrap();
        for function in FUNCTIONS.iter().filter(|function| function.name != LSM_CHANGE) {
            let [object, arguments, _] = function.signature(&btf).expect(function.name);
            assert!(object < arguments && arguments <= 7, "{}", function.name);
        }
    }
}
