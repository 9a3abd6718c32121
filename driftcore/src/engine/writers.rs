//! Who wrote a file last, from what the kernel side remembers and the process table knows.

use super::clock::Clock;
use super::containers::Known;
use crate::enrich::Identity;
use crate::enrich::ProcessTable;
use crate::enrich::Program;
use crate::enrich::split_args;
use crate::event::ActorFlags;
use crate::event::Ancestor;
use crate::event::FileEvidence;
use crate::event::Process;
use crate::event::Text;
use crate::event::Writer;
use crate::event::WriterFacts;
use crate::event::WriterOrigin;

/// The last writer of a file. `None` for a file that is not in the upper layer. What nobody saw is
/// `unknown`: it was written before the sensor looked, straight in the upper directory, or so long
/// ago that it was forgotten.
pub(super) fn writer_of(
    processes: &mut ProcessTable,
    container: Option<&Known>,
    facts: Option<&WriterFacts<'_>>,
    evidence: &FileEvidence,
    clock: Clock,
) -> Option<Box<Writer>> {
    evidence.upper?;
    let Some(facts) = facts else { return Some(Box::default()) };
    let outside = facts.flags.contains(ActorFlags::OUTSIDE);
    let who = Identity {
        pid: facts.pid,
        start_ns: facts.start_ns,
        ppid: facts.ppid,
        parent_start_ns: facts.parent_start_ns,
    };
    if outside {
        processes.complete_host_process(who);
    }
    processes.complete_ancestry(who);
    let outside = outside || has_entered(processes, container, who);
    Some(Box::new(Writer {
        process: Some(process(processes, facts, who)),
        time: Some(clock.wall(facts.boot_ns)),
        origin: if outside { WriterOrigin::Outside } else { WriterOrigin::Inside },
    }))
}

/// Whether a process of the container comes from one that entered it on its own, as by `nsenter`: its runtime puts
/// whom it lets in into the container's control group. What a process of the container's own does about its group,
/// and its children do, counts for nothing.
pub(super) fn has_entered(
    processes: &ProcessTable,
    container: Option<&Known>,
    who: Identity,
) -> bool {
    let entrant = processes.entrant(who).and_then(Program::standing);
    entrant.zip(container).is_some_and(|(entrant, known)| known.is_other_group(&entrant.cgroup))
}

fn process(processes: &ProcessTable, facts: &WriterFacts<'_>, who: Identity) -> Process {
    let mut process = Process {
        pid: facts.pid,
        tid: facts.pid,
        ppid: facts.ppid,
        container_pid: facts.container_pid,
        name: Text::from(facts.comm),
        cmdline: split_args(facts.args),
        uid: facts.uid,
        gid: facts.gid,
        loginuid: (facts.loginuid != u32::MAX).then_some(facts.loginuid),
        ancestors: processes.ancestors(who),
        ..Process::default()
    };
    // By now the process may run something else, or have been forgotten.
    if let Some(program) = processes.program_as_of(who, facts.exec_id) {
        process.exe = Text::from(program.exe());
        process.cmdline = split_args(program.args());
        if let Some(standing) = program.standing() {
            process.cwd = Text::from(&standing.cwd[..]);
            process.cgroup = Text::from(&standing.cgroup[..]);
            process.tty = standing.tty;
        }
    }
    if process.ancestors.is_empty() && facts.ppid != 0 {
        let parent = Ancestor {
            pid: facts.ppid,
            name: Text::from(facts.parent_comm),
            ..Ancestor::default()
        };
        process.ancestors.push(parent);
    }
    process
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Exec;
    use crate::event::FileOperation;
    use crate::event::Inode;
    use crate::event::TaskFacts;

    const FACTS: WriterFacts<'static> = WriterFacts {
        boot_ns: 9,
        operation: FileOperation::Create,
        pid: 1 << 23,
        start_ns: 5,
        exec_id: 3,
        ppid: (1 << 23) + 1,
        parent_start_ns: 4,
        container_pid: 7,
        uid: 1000,
        gid: 1000,
        loginuid: u32::MAX,
        flags: ActorFlags(0),
        comm: b"curl",
        parent_comm: b"sh",
        args: b"curl\0-o\0x",
    };

    fn upper() -> FileEvidence {
        FileEvidence { upper: Some(Inode::default()), ..FileEvidence::default() }
    }

    #[test]
    fn a_forgotten_process_is_named_from_the_kernels_memory() {
        let mut processes = ProcessTable::new();
        let writer = writer_of(&mut processes, None, Some(&FACTS), &upper(), Clock::now()).unwrap();
        assert_eq!(writer.origin, WriterOrigin::Inside);
        let process = writer.process.unwrap();
        assert_eq!(process.cmdline, ["curl", "-o", "x"].map(Text::from));
        assert_eq!(process.ancestors[0].name, Text::from("sh"));
        assert_eq!(process.exe, Text::default());
    }

    #[test]
    fn a_known_process_is_whole_and_another_program_of_it_is_not_taken() {
        let mut processes = ProcessTable::new();
        let (pid, start_ns) = (FACTS.pid, FACTS.start_ns);
        let task = TaskFacts {
            container: 1,
            pid,
            start_ns,
            exec_id: 3,
            comm: b"curl",
            ..TaskFacts::default()
        };
        let args = b"curl\0-o\0x-and-more\0";
        processes.exec(&Exec { task, ..Exec::default() }, args);
        let whole = writer_of(&mut processes, None, Some(&FACTS), &upper(), Clock::now()).unwrap();
        assert_eq!(whole.process.unwrap().cmdline[2], Text::from("x-and-more"));
        let task = TaskFacts { exec_id: 4, comm: b"ls", ..task };
        processes.exec(&Exec { task, ..Exec::default() }, b"ls\0");
        let later = writer_of(&mut processes, None, Some(&FACTS), &upper(), Clock::now()).unwrap();
        assert_eq!(later.process.unwrap().cmdline[2], Text::from("x"));
    }

    #[test]
    fn only_files_of_the_upper_layer_have_writers() {
        let mut processes = ProcessTable::new();
        let image = FileEvidence::default();
        assert_eq!(writer_of(&mut processes, None, Some(&FACTS), &image, Clock::now()), None);
        let unseen = writer_of(&mut processes, None, None, &upper(), Clock::now()).unwrap();
        assert_eq!((unseen.origin, unseen.process), (WriterOrigin::Unknown, None));
    }
}
