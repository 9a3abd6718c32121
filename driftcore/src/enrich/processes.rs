//! The processes of containers, kept by events, and their ancestors up to the host's first
//! process.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use rustc_hash::FxHashSet;

use super::Identity;
use super::Program;
use super::Standing;
use super::proc;
use crate::event::Ancestor;
use crate::event::Exec;
use crate::event::Exit;
use crate::event::Fork;
use crate::event::Text;

/// Most processes that are kept, ended and host ones included.
const CAPACITY: usize = 32_768;
/// Most bytes of names, paths and arguments that are kept; beyond it, arguments are left out.
const CAPACITY_BYTES: usize = 8 << 20;
/// Most host processes that are remembered as gone, until the next [`ProcessTable::expire`].
const GONE_CAPACITY: usize = 1024;
/// How long an ended process is kept, in nanoseconds: for events that are still in flight and
/// for children that outlive it.
const KEEP_ENDED_NS: u64 = 30_000_000_000;
/// Longest chain of ancestors that is reported.
const DEPTH: usize = 16;

#[derive(Debug)]
struct Entry {
    start_ns: u64,
    /// 0: a host process.
    container: u64,
    parent: (u32, u64),
    exec_id: u64,
    program: Arc<Program>,
    ended: bool,
    /// Since when it runs drifted code, or the process that made it did.
    tainted: Option<u64>,
}

impl Entry {
    fn of_host(start_ns: u64, parent: (u32, u64), program: Arc<Program>) -> Self {
        let (container, exec_id, ended, tainted) = (0, 0, false, None);
        Self { start_ns, container, parent, exec_id, program, ended, tainted }
    }

    /// Whether it is the process that started then. /proc gives host processes' starts in ticks.
    fn is(&self, start_ns: u64) -> bool {
        self.start_ns == start_ns || self.container == 0 && proc::same_tick(self.start_ns, start_ns)
    }
}

/// Who leads a session or a process group.
#[derive(Clone, Copy)]
struct Leader {
    pid: u32,
    /// In the pid namespace of the process that is led; 0 outside.
    container_pid: u32,
    /// 0 when it has ended.
    start_ns: u64,
}

impl Leader {
    fn of_session(exec: &Exec<'_>) -> Self {
        let task = &exec.task;
        Self { pid: task.sid, container_pid: task.container_sid, start_ns: task.session_start_ns }
    }

    fn of_group(exec: &Exec<'_>) -> Self {
        let task = &exec.task;
        Self { pid: task.pgid, container_pid: task.container_pgid, start_ns: task.group_start_ns }
    }
}

/// Whether a program of a process had been seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is new.
    New,
    /// It came by another way already: by a sweep, or as a fork of a process that runs it.
    Before,
}

/// What happened to the number of processes of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// The process is new to its container.
    pub joined: bool,
    /// The program is new.
    pub seen: Seen,
}

/// Processes by pid, safe against the reuse of pids, bounded in number and bytes.
#[derive(Debug, Default)]
pub struct ProcessTable {
    entries: FxHashMap<u32, Entry>,
    ended: VecDeque<(u64, u32, u64)>,
    bytes: usize,
    path: Vec<u8>,
    /// Host processes that were looked for in vain: they have ended, and will not come back.
    gone: FxHashSet<(u32, u64)>,
}

impl ProcessTable {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of processes, ended and host ones included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when no process is known.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes in an exec, or a running process that a sweep found.
    pub fn exec(&mut self, exec: &Exec<'_>, args: &[u8]) -> Lineage {
        let task = &exec.task;
        let known = self.entries.get(&task.pid).filter(|entry| entry.start_ns == task.start_ns);
        let joined = known.is_none();
        let seen = match known {
            Some(entry) if entry.exec_id >= task.exec_id => Seen::Before,
            Some(_) => Seen::New,
            // A child whose fork was lost runs its parent's program.
            None if exec.found_running
                && self.runs(task.ppid, task.parent_start_ns, task.exec_id) =>
            {
                Seen::Before
            }
            None => Seen::New,
        };
        if seen == Seen::Before && !joined {
            return Lineage { joined, seen };
        }
        let mut path = std::mem::take(&mut self.path);
        exec.exe.write_to(&mut path);
        let args = if self.bytes < CAPACITY_BYTES { args.to_vec() } else { Vec::new() };
        let program =
            Program::new(task.comm.to_vec(), path.clone(), args).with_standing(Standing::of(exec));
        self.path = path;
        // Keep the parent that forked it: a later one is only who inherited the orphan.
        let parent = self.parent_of(task.into());
        let tainted = self.tainted_since(task.into());
        self.insert(
            task.pid,
            Entry {
                start_ns: task.start_ns,
                container: task.container,
                parent,
                exec_id: task.exec_id,
                program: Arc::new(program),
                ended: false,
                tainted,
            },
        );
        Lineage { joined, seen }
    }

    /// Whether a process is known to be of a container.
    #[cfg(feature = "sensor")]
    pub(crate) fn is_of(&self, pid: u32, start_ns: u64, container: u64) -> bool {
        let is_it = |entry: &Entry| entry.start_ns == start_ns && entry.container == container;
        self.entries.get(&pid).is_some_and(is_it)
    }

    fn runs(&self, pid: u32, start_ns: u64, exec_id: u64) -> bool {
        self.entries
            .get(&pid)
            .is_some_and(|entry| entry.start_ns == start_ns && entry.exec_id == exec_id)
    }

    /// Takes in a fork; true when the process is new to its container.
    pub fn fork(&mut self, fork: &Fork) -> bool {
        if self.entries.get(&fork.pid).is_some_and(|entry| entry.start_ns == fork.start_ns) {
            return false;
        }
        let parent = self
            .entries
            .get(&fork.parent_pid)
            .filter(|entry| entry.start_ns == fork.parent_start_ns);
        let (exec_id, program, tainted) = parent.map_or_else(Default::default, |entry| {
            (entry.exec_id, Arc::clone(&entry.program), entry.tainted)
        });
        self.insert(
            fork.pid,
            Entry {
                start_ns: fork.start_ns,
                container: fork.container,
                parent: (fork.parent_pid, fork.parent_start_ns),
                exec_id,
                program,
                ended: false,
                tainted,
            },
        );
        true
    }

    /// Takes in an exit; true when the process was known and running.
    pub fn exit(&mut self, exit: &Exit) -> bool {
        let Some(entry) =
            self.entries.get_mut(&exit.pid).filter(|entry| entry.start_ns == exit.start_ns)
        else {
            return false;
        };
        let was_running = !std::mem::replace(&mut entry.ended, true);
        if was_running {
            self.ended.push_back((exit.boot_ns, exit.pid, exit.start_ns));
        }
        was_running
    }

    /// Forgets processes that ended long enough ago.
    pub fn expire(&mut self, now_boot_ns: u64) {
        self.gone.clear();
        while let Some(&(at, pid, start_ns)) = self.ended.front() {
            if now_boot_ns.saturating_sub(at) < KEEP_ENDED_NS && self.entries.len() < CAPACITY {
                return;
            }
            self.ended.pop_front();
            if self.entries.get(&pid).is_some_and(|entry| entry.start_ns == start_ns) {
                self.remove(pid);
            }
        }
    }

    /// Marks processes of containers as ended that `alive` does not know; calls `left` with the
    /// container of each. For use after exits were lost.
    pub fn retain_running(
        &mut self,
        now_boot_ns: u64,
        alive: impl Fn(u32, u64) -> bool,
        mut left: impl FnMut(u64),
    ) {
        for (&pid, entry) in &mut self.entries {
            if entry.container != 0 && !entry.ended && !alive(pid, entry.start_ns) {
                entry.ended = true;
                self.ended.push_back((now_boot_ns, pid, entry.start_ns));
                left(entry.container);
            }
        }
    }

    /// Looks up the ancestors of a process that are host processes and not yet known, so that
    /// [`ancestry`](Self::ancestry) is whole up to the host's first process.
    pub fn complete_ancestry(&mut self, who: impl Into<Identity>) {
        let mut next = self.parent_of(who.into());
        for _ in 0..DEPTH {
            if next.0 == 0 {
                return;
            }
            let Some(entry) = self.find(next.0, next.1) else { return };
            if entry.parent == next {
                return;
            }
            next = entry.parent;
        }
    }

    /// The same of a process that was just executed. Of a host process that has ended by now, its name
    /// and where it comes from is what the kernel saw at the exec.
    pub fn complete_exec_ancestry(&mut self, exec: &Exec<'_>) {
        let mut seen = exec.host_ancestors.iter().flatten().peekable();
        while let Some(ancestor) = seen.next() {
            if self.find(ancestor.pid, ancestor.start_ns).is_none() {
                let parent = seen.peek().map_or((0, 0), |parent| (parent.pid, parent.start_ns));
                let program = Program::new(ancestor.comm.to_vec(), Vec::new(), Vec::new());
                let program = Arc::new(program);
                self.insert(ancestor.pid, Entry::of_host(ancestor.start_ns, parent, program));
            }
        }
        self.complete_ancestry(&exec.task);
    }

    /// The ancestors of a process as far as they are known, its parent first: pid and program.
    pub fn ancestry<'t>(
        &'t self,
        who: Identity,
    ) -> impl Iterator<Item = (u32, &'t Program)> + use<'t> {
        let mut next = Some(self.parent_of(who));
        std::iter::from_fn(move || {
            let (pid, start_ns) = next.filter(|next| next.0 != 0)?;
            let entry = self.entries.get(&pid).filter(|entry| entry.is(start_ns))?;
            next = Some(entry.parent).filter(|&parent| parent != (pid, start_ns));
            Some((pid, &*entry.program))
        })
        .take(DEPTH)
    }

    /// The same in the form of events.
    pub fn ancestors(&self, who: impl Into<Identity>) -> Vec<Ancestor> {
        let ancestors = self.ancestry(who.into()).map(|(pid, program)| Ancestor {
            pid,
            name: Text::from(program.name()),
            exe: Text::from(program.exe()),
            cmdline: split_args(program.args()),
        });
        ancestors.collect()
    }

    /// What a process runs, once its exec was taken in.
    pub fn program(&self, who: Identity) -> Option<&Arc<Program>> {
        let entry = self.entries.get(&who.pid).filter(|entry| entry.is(who.start_ns))?;
        Some(&entry.program)
    }

    /// The process that has, or had last, a process id, and whose it is: 0 is the host.
    #[cfg(feature = "sensor")]
    pub(crate) fn latest(&self, pid: u32) -> Option<(Identity, u64)> {
        let Entry { start_ns, container, parent: (ppid, parent_start_ns), .. } =
            *self.entries.get(&pid)?;
        Some((Identity { pid, start_ns, ppid, parent_start_ns }, container))
    }

    /// What the process ran by which a process came into its container: the furthest back of its ancestors that
    /// is of it. `None` unless that one was made by a process of the host, and what it ran is known.
    #[cfg(feature = "sensor")]
    pub(crate) fn entrant(&self, who: Identity) -> Option<&Program> {
        let find = |pid, start_ns| self.entries.get(&pid).filter(|entry| entry.is(start_ns));
        let mut entry = find(who.pid, who.start_ns)?;
        let container = entry.container;
        let mut entrant = None;
        for _ in 0..CAPACITY {
            // What nobody saw executed, as a process that came by `setns`, is known by what it made.
            entrant = Some(&*entry.program).filter(|it| it.standing().is_some()).or(entrant);
            let parent = find(entry.parent.0, entry.parent.1)?;
            if parent.container != container {
                return entrant.filter(|_| parent.container == 0);
            }
            entry = parent;
        }
        None
    }

    /// What a process ran when it had this exec id.
    pub fn program_as_of(&self, who: Identity, exec_id: u64) -> Option<&Arc<Program>> {
        let entry = self.entries.get(&who.pid).filter(|entry| entry.is(who.start_ns))?;
        (entry.container == 0 || entry.exec_id == exec_id).then_some(&entry.program)
    }

    /// Whether a process ran drifted code, or was made by one that had. Of one that is not known, what
    /// its parent is.
    pub fn is_tainted(&self, who: Identity) -> bool {
        self.tainted_since(who).is_some()
    }

    /// Whether it was tainted already when it did something at that time: the code that taints it is
    /// itself not of a tainted process.
    pub fn was_tainted(&self, who: Identity, boot_ns: u64) -> bool {
        self.tainted_since(who).is_some_and(|since| since < boot_ns)
    }

    fn tainted_since(&self, who: Identity) -> Option<u64> {
        let find = |pid, start_ns| self.entries.get(&pid).filter(|entry| entry.is(start_ns));
        find(who.pid, who.start_ns).or_else(|| find(who.ppid, who.parent_start_ns))?.tainted
    }

    /// A process ran drifted code at that time: it is tainted, and so are those that it has made since,
    /// which is what came while its code was still being judged.
    pub fn taint(&mut self, who: Identity, since_boot_ns: u64) {
        let mut more = vec![(who.pid, who.start_ns)];
        while let Some((pid, start_ns)) = more.pop() {
            let Some(entry) = self.entries.get_mut(&pid).filter(|entry| entry.is(start_ns)) else {
                continue;
            };
            if entry.tainted.is_some() {
                continue;
            }
            entry.tainted = Some(since_boot_ns);
            let made = self.entries.iter().filter(|(_, entry)| {
                entry.parent == (pid, start_ns)
                    && entry.start_ns >= since_boot_ns
                    && entry.tainted.is_none()
            });
            more.extend(made.map(|(&pid, entry)| (pid, entry.start_ns)));
        }
    }

    /// Looks up a process of the host that is not yet known.
    pub fn complete_host_process(&mut self, who: Identity) {
        let _ = self.find(who.pid, who.start_ns);
    }

    /// What the leader of the process's session runs, where that is known.
    pub fn session_leader(&self, exec: &Exec<'_>) -> Option<&Arc<Program>> {
        self.leader(Leader::of_session(exec), exec.boot_ns)
    }

    /// What the leader of the process's group runs, where that is known.
    pub fn group_leader(&self, exec: &Exec<'_>) -> Option<&Arc<Program>> {
        self.leader(Leader::of_group(exec), exec.boot_ns)
    }

    /// No other process gets the leader's number while its session or group lasts. So where the
    /// leader has ended, it is the one that is known by this number and began before the event.
    fn leader(&self, leader: Leader, boot_ns: u64) -> Option<&Arc<Program>> {
        let entry = self.entries.get(&leader.pid)?;
        let is_it = match leader.start_ns {
            0 => entry.start_ns <= boot_ns,
            start_ns => entry.is(start_ns),
        };
        is_it.then_some(&entry.program)
    }

    /// Looks up leaders that are host processes and not yet known.
    pub fn complete_leaders(&mut self, exec: &Exec<'_>) {
        for leader in [Leader::of_session(exec), Leader::of_group(exec)] {
            // One of the container's own is known, or was lost: it must not become a host's.
            let may_be_host = leader.container_pid == 0 || exec.task.container_pid == exec.task.pid;
            if may_be_host && leader.start_ns != 0 {
                let _ = self.find(leader.pid, leader.start_ns);
            }
        }
    }

    /// Who forked the process, which an orphan's parent is not any more.
    fn parent_of(&self, who: Identity) -> (u32, u64) {
        self.entries
            .get(&who.pid)
            .filter(|entry| entry.start_ns == who.start_ns)
            .map_or((who.ppid, who.parent_start_ns), |entry| entry.parent)
    }

    /// A process by pid and start; a host process is looked up when it is first asked for.
    fn find(&mut self, pid: u32, start_ns: u64) -> Option<&Entry> {
        if !self.entries.get(&pid).is_some_and(|entry| entry.is(start_ns)) {
            if self.gone.contains(&(pid, start_ns)) {
                return None;
            }
            let Some(found) = proc::host_process(pid, start_ns) else {
                if self.gone.len() < GONE_CAPACITY {
                    self.gone.insert((pid, start_ns));
                }
                return None;
            };
            let parent_start = proc::start_of(found.ppid).unwrap_or(0);
            let parent = (found.ppid, parent_start);
            self.insert(pid, Entry::of_host(start_ns, parent, Arc::new(found.program)));
        }
        self.entries.get(&pid)
    }

    fn insert(&mut self, pid: u32, entry: Entry) {
        if self.entries.len() >= CAPACITY {
            self.make_room();
        }
        self.bytes += entry.program.bytes();
        if let Some(old) = self.entries.insert(pid, entry) {
            self.bytes = self.bytes.saturating_sub(old.program.bytes());
        }
    }

    fn remove(&mut self, pid: u32) {
        if let Some(old) = self.entries.remove(&pid) {
            self.bytes = self.bytes.saturating_sub(old.program.bytes());
        }
    }

    /// Fills the table; the running process that would have to go next.
    #[cfg(all(test, feature = "sensor"))]
    pub(crate) fn fill(&mut self, container: u64) -> Option<u32> {
        for pid in (1 << 23)..(1 << 23) + u32::try_from(CAPACITY).ok()? {
            let (parent_pid, parent_start_ns) = (0, 0);
            self.fork(&Fork {
                boot_ns: 0,
                container,
                pid,
                start_ns: 1,
                parent_pid,
                parent_start_ns,
            });
        }
        self.entries.keys().next().copied()
    }

    /// Full: host processes can be read again, ended ones are only history, and of running ones
    /// any must go.
    fn make_room(&mut self) {
        if let Some((_, pid, start_ns)) = self.ended.pop_front()
            && self.entries.get(&pid).is_some_and(|entry| entry.start_ns == start_ns)
        {
            self.remove(pid);
            return;
        }
        let host = self.entries.iter().find(|(_, entry)| entry.container == 0);
        if let Some(pid) = host.or_else(|| self.entries.iter().next()).map(|(&pid, _)| pid) {
            self.remove(pid);
        }
    }
}

/// Arguments, each ended by a NUL byte, as a list. The last one may have lost its NUL to a cut.
pub fn split_args(args: &[u8]) -> Vec<Text> {
    let args = args.strip_suffix(b"\0").unwrap_or(args);
    if args.is_empty() {
        return Vec::new();
    }
    args.split(|&byte| byte == 0).map(Text::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::HostAncestor;
    use crate::event::KernelPath;
    use crate::event::TaskFacts;

    const CONTAINER: u64 = 9;

    fn exec(pid: u32, start_ns: u64, exec_id: u64, parent: (u32, u64)) -> Exec<'static> {
        Exec {
            task: TaskFacts {
                container: CONTAINER,
                pid,
                ppid: parent.0,
                start_ns,
                parent_start_ns: parent.1,
                exec_id,
                comm: b"name",
                ..TaskFacts::default()
            },
            exe: KernelPath { components: b"name\0bin\0", truncated: false },
            ..Exec::default()
        }
    }

    fn fork(pid: u32, start_ns: u64, parent: (u32, u64)) -> Fork {
        Fork {
            boot_ns: 0,
            container: CONTAINER,
            pid,
            start_ns,
            parent_pid: parent.0,
            parent_start_ns: parent.1,
        }
    }

    fn exit(pid: u32, start_ns: u64, boot_ns: u64) -> Exit {
        Exit { boot_ns, container: CONTAINER, pid, start_ns }
    }

    // Pids beyond pid_max, so that /proc never knows them.
    const SHELL: (u32, u64) = (1 << 23, 10);
    const TOOL: (u32, u64) = ((1 << 23) + 1, 20);
    const GRANDCHILD: (u32, u64) = ((1 << 23) + 2, 30);

    #[test]
    fn ancestors_are_those_that_forked_even_when_orphaned() {
        let mut table = ProcessTable::new();
        table.exec(&exec(SHELL.0, SHELL.1, 1, (0, 0)), b"sh\0-c\0");
        assert!(table.fork(&fork(TOOL.0, TOOL.1, SHELL)));
        assert!(table.fork(&fork(GRANDCHILD.0, GRANDCHILD.1, TOOL)));
        assert!(table.exit(&exit(TOOL.0, TOOL.1, 40)));

        // The kernel names the reaper as parent by now.
        let orphan = exec(GRANDCHILD.0, GRANDCHILD.1, 2, (0, 0));
        table.exec(&orphan, b"x\0");
        let pids: Vec<u32> = table.ancestors(&orphan.task).iter().map(|a| a.pid).collect();
        assert_eq!(pids, [TOOL.0, SHELL.0]);
        let shell = table.ancestors(&orphan.task).pop().unwrap();
        assert_eq!(shell.cmdline, [Text::from("sh"), Text::from("-c")]);
        assert_eq!(shell.exe, Text::from("/bin/name"));
    }

    fn who(process: (u32, u64), parent: (u32, u64)) -> Identity {
        Identity { pid: process.0, start_ns: process.1, ppid: parent.0, parent_start_ns: parent.1 }
    }

    #[test]
    fn what_ran_drifted_code_taints_those_that_it_makes_from_then_on() {
        const BROTHER: (u32, u64) = ((1 << 23) + 3, 15);
        let mut table = ProcessTable::new();
        table.exec(&exec(SHELL.0, SHELL.1, 1, (0, 0)), b"sh\0");
        table.fork(&fork(BROTHER.0, BROTHER.1, SHELL));
        table.fork(&fork(TOOL.0, TOOL.1, SHELL));
        table.fork(&fork(GRANDCHILD.0, GRANDCHILD.1, TOOL));
        // While its code was being judged it made one that made another.
        table.taint(who(SHELL, (0, 0)), 18);
        assert!(table.is_tainted(who(SHELL, (0, 0))));
        assert!(table.is_tainted(who(TOOL, SHELL)));
        assert!(table.is_tainted(who(GRANDCHILD, TOOL)));
        assert!(!table.is_tainted(who(BROTHER, SHELL)), "it was made before");
        let was = |time| table.was_tainted(who(SHELL, (0, 0)), time);
        assert!(!was(17) && !was(18) && was(19), "what it did before");

        // Later ones, and what they run.
        let later = ((1 << 23) + 4, 50);
        table.fork(&fork(later.0, later.1, TOOL));
        table.exec(&exec(later.0, later.1, 7, TOOL), b"ls\0");
        assert!(table.is_tainted(who(later, TOOL)));
        let lost = ((1 << 23) + 5, 60);
        assert!(table.is_tainted(who(lost, TOOL)), "its fork was lost");
        table.exec(&exec(lost.0, lost.1, 7, TOOL), b"ls\0");
        assert!(table.is_tainted(who(lost, (1, 1))), "an orphan by now");
        // Another process of the same number.
        assert!(!table.is_tainted(who((TOOL.0, 99), (0, 0))));
        table.taint(who((TOOL.0, 99), (0, 0)), 0);
        table.exec(&exec(TOOL.0, 99, 1, (0, 0)), b"ls\0");
        assert!(!table.is_tainted(who((TOOL.0, 99), (0, 0))));
    }

    #[cfg(feature = "sensor")]
    #[test]
    fn a_process_comes_by_the_one_that_the_host_made() {
        const HOST: (u32, u64) = ((1 << 23) + 3, 5);
        let mut table = ProcessTable::new();
        let group = |components| KernelPath { components, truncated: false };
        let mut shell = exec(SHELL.0, SHELL.1, 1, HOST);
        shell.task.cgroup = group(b"own\0");
        table.exec(&shell, b"sh\0");
        table.fork(&fork(TOOL.0, TOOL.1, SHELL));
        let mut tool = exec(TOOL.0, TOOL.1, 2, SHELL);
        tool.task.cgroup = group(b"moved\0");
        table.exec(&tool, b"tool\0");
        table.fork(&fork(GRANDCHILD.0, GRANDCHILD.1, TOOL));
        let entrant = |table: &ProcessTable, of: (u32, u64)| {
            let standing = table.entrant(who(of, (0, 0)))?.standing()?;
            Some(String::from_utf8(standing.cgroup.clone()).unwrap())
        };
        assert_eq!(entrant(&table, GRANDCHILD), None, "nobody knows who made the shell");
        let none = || Arc::new(Program::default());
        table.insert(HOST.0, Entry::of_host(HOST.1, (0, 0), none()));
        for process in [GRANDCHILD, TOOL, SHELL] {
            assert_eq!(entrant(&table, process).as_deref(), Some("/own"));
        }
        assert_eq!(entrant(&table, (TOOL.0, 99)), None, "another process of the number");
        // One that came by `setns` and executed nothing: what it made tells.
        let mut table = ProcessTable::new();
        table.insert(HOST.0, Entry::of_host(HOST.1, (0, 0), none()));
        table.fork(&fork(SHELL.0, SHELL.1, HOST));
        table.fork(&fork(TOOL.0, TOOL.1, SHELL));
        assert_eq!(entrant(&table, TOOL), None);
        table.exec(&tool, b"tool\0");
        assert_eq!(entrant(&table, TOOL).as_deref(), Some("/moved"));
    }

    #[test]
    fn a_reused_pid_is_another_process() {
        let mut table = ProcessTable::new();
        table.exec(&exec(SHELL.0, 10, 1, (0, 0)), b"");
        assert!(!table.exit(&exit(SHELL.0, 11, 40)));
        let second = table.exec(&exec(SHELL.0, 50, 1, (0, 0)), b"");
        assert_eq!(second, Lineage { joined: true, seen: Seen::New });
    }

    #[test]
    fn one_program_is_new_once_by_whichever_way_it_comes() {
        let mut table = ProcessTable::new();
        let found = Exec { found_running: true, ..exec(SHELL.0, 10, 3, (0, 0)) };
        assert_eq!(table.exec(&found, b""), Lineage { joined: true, seen: Seen::New });
        let live = exec(SHELL.0, 10, 3, (0, 0));
        assert_eq!(table.exec(&live, b""), Lineage { joined: false, seen: Seen::Before });
        let next = exec(SHELL.0, 10, 4, (0, 0));
        assert_eq!(table.exec(&next, b""), Lineage { joined: false, seen: Seen::New });
    }

    #[test]
    fn a_running_child_whose_fork_was_lost_is_no_new_exec() {
        let mut table = ProcessTable::new();
        table.exec(&exec(SHELL.0, SHELL.1, 3, (0, 0)), b"");
        let child = Exec { found_running: true, ..exec(TOOL.0, TOOL.1, 3, SHELL) };
        assert_eq!(table.exec(&child, b""), Lineage { joined: true, seen: Seen::Before });
    }

    #[test]
    fn ended_processes_are_kept_for_a_while() {
        let mut table = ProcessTable::new();
        table.exec(&exec(SHELL.0, SHELL.1, 1, (0, 0)), b"");
        table.exit(&exit(SHELL.0, SHELL.1, 1_000));
        table.expire(1_000 + KEEP_ENDED_NS - 1);
        assert_eq!(table.len(), 1);
        table.expire(1_000 + KEEP_ENDED_NS);
        assert!(table.is_empty());
        assert_eq!(table.bytes, 0);
    }

    #[test]
    fn the_table_is_bounded() {
        let mut table = ProcessTable::new();
        for pid in 0..u32::try_from(CAPACITY).unwrap() + 500 {
            table.fork(&fork((1 << 23) + pid, 1, (0, 0)));
        }
        assert_eq!(table.len(), CAPACITY);
    }

    #[test]
    fn lost_exits_are_made_up_for() {
        let mut table = ProcessTable::new();
        table.exec(&exec(SHELL.0, SHELL.1, 1, (0, 0)), b"");
        table.exec(&exec(TOOL.0, TOOL.1, 1, (0, 0)), b"");
        let mut left = Vec::new();
        table.retain_running(0, |pid, _| pid == SHELL.0, |container| left.push(container));
        assert_eq!(left, [CONTAINER]);
        assert!(!table.exit(&exit(TOOL.0, TOOL.1, 1)));
    }

    /// `TOOL`, in the session and group of this process.
    fn led_by(leader: (u32, u64)) -> Exec<'static> {
        let mut led = exec(TOOL.0, TOOL.1, 2, SHELL);
        led.boot_ns = 100;
        (led.task.sid, led.task.session_start_ns) = leader;
        (led.task.pgid, led.task.group_start_ns) = leader;
        (led.task.container_sid, led.task.container_pgid) = (1, 1);
        led
    }

    #[test]
    fn leaders_are_told_by_pid_and_start() {
        let mut table = ProcessTable::new();
        table.exec(&exec(SHELL.0, SHELL.1, 1, (0, 0)), b"sh\0");
        let led = led_by(SHELL);
        assert_eq!(table.session_leader(&led).unwrap().argument(0), Some(&b"sh"[..]));
        assert_eq!(table.group_leader(&led).unwrap().argument(0), Some(&b"sh"[..]));
        assert_eq!(table.session_leader(&led_by((SHELL.0, SHELL.1 + 1))), None);
        assert_eq!(table.session_leader(&led_by(GRANDCHILD)), None);
    }

    #[test]
    fn a_leader_that_has_ended_is_the_one_from_before_the_event() {
        let mut table = ProcessTable::new();
        table.exec(&exec(SHELL.0, SHELL.1, 1, (0, 0)), b"sh\0");
        table.exit(&exit(SHELL.0, SHELL.1, 15));
        let led = led_by((SHELL.0, 0));
        assert!(table.session_leader(&led).is_some());
        table.exec(&exec(SHELL.0, led.boot_ns + 1, 1, (0, 0)), b"other\0");
        assert_eq!(table.session_leader(&led), None);
    }

    #[test]
    fn leaders_on_the_host_are_looked_up_and_a_containers_never() {
        let me = (std::process::id(), proc::start_of(std::process::id()).unwrap());
        let mut table = ProcessTable::new();
        let mut led = led_by(me);
        table.complete_leaders(&led);
        assert_eq!(table.group_leader(&led), None);
        (led.task.container_sid, led.task.container_pgid) = (0, 0);
        table.complete_leaders(&led);
        assert!(!table.group_leader(&led).unwrap().args().is_empty());
    }

    #[test]
    fn a_host_process_that_is_gone_is_looked_for_once() {
        let mut table = ProcessTable::new();
        let child = exec(SHELL.0, SHELL.1, 1, (TOOL.0, TOOL.1));
        table.exec(&child, b"");
        table.complete_ancestry(&child.task);
        assert_eq!(table.gone.len(), 1);
        assert!(table.ancestors(&child.task).is_empty());
        table.expire(0);
        assert!(table.gone.is_empty());
    }

    #[test]
    fn who_let_it_in_and_has_ended_is_named_by_what_the_kernel_saw() {
        let me = std::process::id();
        let (runc, start) = ((1 << 23) + 9, proc::start_of(me).unwrap());
        let mut table = ProcessTable::new();
        let mut child = exec(SHELL.0, SHELL.1, 1, (runc, 7));
        child.host_ancestors[0] = Some(HostAncestor { pid: runc, start_ns: 7, comm: b"runc" });
        child.host_ancestors[1] = Some(HostAncestor { pid: me, start_ns: start, comm: b"old" });
        table.exec(&child, b"");
        table.complete_exec_ancestry(&child);
        let ancestors = table.ancestors(&child.task);
        assert_eq!((ancestors[0].pid, &ancestors[0].name), (runc, &Text::from("runc")));
        assert_eq!(ancestors[1].pid, me);
        assert!(!ancestors[1].cmdline.is_empty(), "of one that runs, /proc knows more");
    }

    #[test]
    fn the_chain_reaches_this_test_on_the_host() {
        let me = std::process::id();
        let start = proc::start_of(me).unwrap();
        let mut table = ProcessTable::new();
        let child = exec(SHELL.0, SHELL.1, 1, (me, start));
        table.exec(&child, b"");
        table.complete_ancestry(&child.task);
        let ancestors = table.ancestors(&child.task);
        assert_eq!(ancestors[0].pid, me);
        assert!(!ancestors[0].cmdline.is_empty());
    }
}
