//! Whose process it is: the host's or a container's.
//!
//! What a process was born as it stays, as for the sensor: no chroot, pivot_root or namespace of
//! its own takes it out of its container. From user space only what is there now can be seen, so
//! the ancestors are asked, and where they are gone, what is hard to leave.

use super::InspectError;
use super::node::Node;
use super::process::Process;

/// Longest line of ancestors that is followed.
const ANCESTORS: usize = 4096;
/// How often a process may get another parent while it is asked for it.
const PARENTS: usize = 64;

/// To whom a process belongs.
#[derive(Debug)]
pub(super) enum Membership {
    Host,
    /// To the container of this process: its outermost ancestor that is seen to be in one, or it
    /// itself.
    Contained(Process),
    /// It shows the host's root in a mount namespace of its own, and nothing proves that it is
    /// the host's.
    Unclear,
}

impl Node<'_> {
    /// To whom a process belongs. `Host` in the host's mount namespace without an ancestor in a
    /// container; in another namespace only if all else is the host's too.
    pub(super) fn membership(&self, process: &Process) -> Result<Membership, InspectError> {
        let namespace = process.mount_namespace()?;
        let (outermost, complete) = self.outermost(process)?;
        if let Some(outermost) = outermost {
            return Ok(Membership::Contained(outermost));
        }
        if self.is_host(namespace) {
            return Ok(if complete { Membership::Host } else { Membership::Unclear });
        }
        // Its root is the host's. Where that is not the root of its namespace, somebody mounted
        // it there: the root of the namespace tells what this is.
        let elsewhere = process.root_path()? != b"/";
        if elsewhere && let Some(outermost) = self.at_top(namespace)? {
            return Ok(Membership::Contained(outermost));
        }
        if self.runtimes.knows(&process.cgroup()?) {
            return Ok(Membership::Contained(process.again()?));
        }
        let proved = complete && !elsewhere && self.is_host_pids(process.pid_namespace()?);
        Ok(if proved { Membership::Host } else { Membership::Unclear })
    }

    /// The outermost of a process and its ancestors that is seen to be in a container, past
    /// those that are not, and whether all of them were asked.
    fn outermost(&self, process: &Process) -> Result<(Option<Process>, bool), InspectError> {
        let mut outermost = None;
        if self.is_contained(process)? {
            outermost = Some(process.again()?);
        }
        let mut current = process.again()?;
        for _ in 0..ANCESTORS {
            match self.parent(&current)? {
                Some(parent) => current = parent,
                None => return Ok((outermost, true)),
            }
            // One that has ended shows nothing, but still has a parent.
            if self.is_contained(&current).unwrap_or(false) {
                outermost = Some(current.again()?);
            }
        }
        Ok((outermost, false))
    }

    /// The parent, held. `None` for the first process.
    fn parent(&self, process: &Process) -> Result<Option<Process>, InspectError> {
        for _ in 0..PARENTS {
            let ppid = process.stat()?.ppid;
            if ppid == 0 {
                return Ok(None);
            }
            let parent = self.process(ppid);
            // Still its parent, so it was all the time, and the number is no other process's.
            if process.stat()?.ppid == ppid {
                return parent.map(Some);
            }
        }
        Err(InspectError::NoSuchProcess(process.pid))
    }

    /// The container of the process that has the root of a namespace.
    fn at_top(&self, namespace: u32) -> Result<Option<Process>, InspectError> {
        let members = self.namespaces(|other| other == namespace)?.remove(&namespace);
        let top = members.and_then(|members| self.member(members.at_top?));
        Ok(top.and_then(|top| self.outermost(&top).ok()?.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::Runtimes;
    use crate::container::StateRoots;

    #[test]
    fn a_child_belongs_to_whom_its_parent_belongs() {
        let runtimes = Runtimes::new(StateRoots::default());
        let node = Node::open(&runtimes).unwrap();
        let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let pids = [std::process::id(), child.id()];
        let [own, its] =
            pids.map(|pid| match node.membership(&node.process(pid).unwrap()).unwrap() {
                Membership::Host => Some(0),
                Membership::Contained(outermost) => Some(outermost.pid),
                Membership::Unclear => None,
            });
        let parent = node.parent(&node.process(child.id()).unwrap()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(own, its);
        assert_eq!(parent.unwrap().pid, std::process::id());
    }
}
