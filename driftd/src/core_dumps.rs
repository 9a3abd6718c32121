//! No core of ours: environments, command lines and secrets pass through our memory.

use anyhow::Context;
use rustix::process::DumpableBehavior;
use rustix::process::Resource;
use rustix::process::Rlimit;

/// Turns core dumps off, for files and for programs that take them over a pipe.
pub(crate) fn off() -> anyhow::Result<()> {
    // A limit of 0 alone does not keep the kernel from a pipe (`core_pattern(5)`), and a process that is not
    // dumpable would be again after an exec.
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    rustix::process::setrlimit(Resource::Core, none)
        .and_then(|()| rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable))
        .context("cannot turn core dumps off")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_file_nor_a_pipe_gets_a_core() {
        off().unwrap();
        assert_eq!(rustix::process::getrlimit(Resource::Core).current, Some(0));
        let behavior = rustix::process::dumpable_behavior().unwrap();
        assert_eq!(behavior, DumpableBehavior::NotDumpable);
        // What is ours can be read all the same.
        for file in ["fd/0", "environ", "ns/mnt", "root", "maps"] {
            let path = format!("/proc/self/{file}");
            assert!(std::fs::symlink_metadata(&path).is_ok(), "{path}");
        }
        std::fs::read("/proc/self/environ").unwrap();
        std::fs::read_link("/proc/self/ns/mnt").unwrap();
    }
}
