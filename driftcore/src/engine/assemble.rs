//! An event for rules and for the outside, put together from what the stages know.

use std::sync::Arc;

use super::clock::Clock;
use crate::enrich::Identity;
use crate::enrich::ProcessTable;
use crate::enrich::Program;
use crate::enrich::may_write;
use crate::enrich::split_args;
use crate::event::Action;
use crate::event::Ancestor;
use crate::event::Container;
use crate::event::ContainerDetails;
use crate::event::DriftEvent;
use crate::event::EvidenceFlags;
use crate::event::Exec;
use crate::event::File;
use crate::event::FileEvidence;
use crate::event::KernelPath;
use crate::event::Kind;
use crate::event::Owner;
use crate::event::Process;
use crate::event::Provenance;
use crate::event::Text;
use crate::event::Timestamp;
use crate::event::Writer;
use crate::fields::EventType;
use crate::view::AccountNames;
use crate::view::Ancestors;
use crate::view::FileFacts;
use crate::view::LiveFacts;
use crate::view::ObservedFacts;
use crate::view::PathText;
use crate::view::ProcessFacts;
use crate::view::ProcessIds;

/// How an event came to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// From the ring, as it happened.
    Live,
    /// Found running when the sensor started.
    BeforeStart,
    /// Found running after events were lost.
    Recovered,
}

/// An event that waits for its verdict, with what rules may ask of it besides.
#[derive(Debug)]
pub(super) struct Observed {
    /// The container's identity in the kernel.
    pub(super) container: u64,
    pub(super) event: DriftEvent,
    pub(super) live: LiveFacts,
    /// Who did it, and when. Of an event whose file runs, whom it taints if that is drift.
    pub(super) by: (Identity, u64),
}

/// What is known of an exec while its record is at hand.
pub(super) struct Sighting<'a> {
    pub(super) exec: &'a Exec<'a>,
    /// The path of the executable.
    pub(super) path: &'a [u8],
    pub(super) evidence: &'a FileEvidence,
    pub(super) origin: Origin,
    pub(super) clock: Clock,
    pub(super) container: Option<&'a Container>,
    pub(super) details: Option<&'a ContainerDetails>,
    pub(super) accounts: &'a dyn AccountNames,
    pub(super) processes: &'a ProcessTable,
    pub(super) ancestors: &'a Ancestors<'a>,
    pub(super) writer: Option<&'a Writer>,
    pub(super) tainted: bool,
}

impl<'a> Sighting<'a> {
    /// As rules see it: the process runs `program`.
    pub(super) fn facts(
        &self,
        program: &'a Program,
        provenance: &'a Provenance,
        sha256: Option<&'a str>,
        number: u64,
        hostname: &'a str,
    ) -> ObservedFacts<'a> {
        let exec = self.exec;
        let task = &exec.task;
        let live = self.live(false);
        ObservedFacts {
            time: self.clock.wall(exec.boot_ns),
            number,
            kind: Kind::Binary,
            action: Action::Exec,
            event_type: EventType::EXECVE,
            result: 0,
            drift: provenance.verdict.is_drift_for_code(),
            before_start: self.origin == Origin::BeforeStart,
            recovered: self.origin == Origin::Recovered,
            container: self.container,
            details: self.details,
            accounts: Some(self.accounts),
            process: Some(ProcessFacts {
                program,
                ancestors: self.ancestors,
                pid: task.pid,
                tid: task.tid,
                ppid: task.ppid,
                container_pid: task.container_pid,
                uid: task.uid,
                gid: task.gid,
                loginuid: (task.loginuid != u32::MAX).then_some(task.loginuid),
                tty: task.tty,
                cwd: PathText::Kernel(task.cwd),
                filename: (!exec.found_running).then_some(exec.filename),
                started: live.started,
                parent_started: live.parent_started,
                pid_namespace_started: live.pid_namespace_started,
                ids: live.ids,
                session_leader: self.processes.session_leader(exec).map(|it| &**it),
                group_leader: self.processes.group_leader(exec).map(|it| &**it),
                capabilities: live.capabilities,
            }),
            file: Some(FileFacts {
                path: self.path,
                old_path: None,
                raw_name: None,
                raw_old_name: None,
                value: 0,
                attribute: None,
                descriptor: None,
                is_directory: false,
                changed_attributes: &[],
                written: None,
                writer: self.writer,
                inode: exec.file.inode.number,
                device: exec.file.inode.major_minor(),
                mode: exec.file.mode & 0o7777,
                uid: exec.file.uid,
                gid: exec.file.gid,
                size: exec.file.inode.size,
                sha256,
                upper_layer: live.upper_layer,
                writable: live.writable,
                changed: live.file_changed,
                modified: live.file_modified,
            }),
            network: None,
            config: None,
            package: None,
            digest: None,
            call: None,
            tainted: self.tainted,
            unproved: false,
            provenance: Some(provenance),
            hostname,
        }
    }

    /// What the event for the outside does not hold. What has to be copied (the file name and the
    /// leaders' programs) only with `owned`.
    pub(super) fn live(&self, owned: bool) -> LiveFacts {
        let exec = self.exec;
        let task = &exec.task;
        let flags = self.evidence.flags;
        let known = EvidenceFlags::ON_ROOT_SUPERBLOCK
            .union(EvidenceFlags::OVERLAY)
            .union(EvidenceFlags::LAYERS_KNOWN);
        // 0 where it could not be read; nothing starts at the very boot.
        let pid_namespace = Some(task.pid_namespace_start_ns).filter(|&start| start != 0);
        let copied = |leader: Option<&Arc<Program>>| leader.filter(|_| owned).cloned();
        LiveFacts {
            filename: (owned && !exec.found_running).then(|| exec.filename.to_vec()),
            started: Some(self.clock.wall(task.start_ns)),
            parent_started: Some(self.clock.wall(task.parent_start_ns)),
            pid_namespace_started: pid_namespace.map(|start| self.clock.wall(start)),
            ids: Some(ProcessIds {
                container_tid: task.container_tid,
                parent_container_pid: task.parent_container_pid,
                container_sid: task.container_sid,
                container_pgid: task.container_pgid,
                pgid: task.pgid,
            }),
            session_leader: copied(self.processes.session_leader(exec)),
            group_leader: copied(self.processes.group_leader(exec)),
            capabilities: Some(task.capabilities),
            file_changed: Some(Timestamp::from_nanos(exec.file.inode.ctime_ns)),
            file_modified: Some(Timestamp::from_nanos(exec.file.inode.mtime_ns)),
            upper_layer: flags.contains(known).then(|| self.evidence.upper.is_some()),
            writable: may_write(task, self.evidence),
            ..LiveFacts::default()
        }
    }
}

/// Everything but the verdict.
pub(super) fn exec_event(
    exec: &Exec<'_>,
    args: (&[u8], bool),
    origin: Origin,
    clock: Clock,
    container: Option<Container>,
    ancestors: Vec<Ancestor>,
    writer: Option<Box<Writer>>,
) -> DriftEvent {
    let task = &exec.task;
    let (args, args_truncated) = args;
    let mut event = DriftEvent::new(clock.wall(exec.boot_ns), Kind::Binary, Action::Exec);
    event.container = container;
    event.before_start = origin == Origin::BeforeStart;
    event.recovered = origin == Origin::Recovered;
    event.unresolved = is_script(exec);

    let exe = text(exec.exe);
    let (major, minor) = exec.file.inode.major_minor();
    event.file = Some(File {
        path: exe.clone(),
        inode: exec.file.inode.number,
        device: format!("{major}:{minor}"),
        mode: format!("{:04o}", exec.file.mode & 0o7777),
        owner: Owner { uid: exec.file.uid, gid: exec.file.gid },
        size: exec.file.inode.size,
        writer,
        ..File::default()
    });
    event.process = Some(Process {
        pid: task.pid,
        tid: task.tid,
        ppid: task.ppid,
        container_pid: task.container_pid,
        name: Text::from(task.comm),
        exe,
        cmdline: split_args(args),
        cwd: text(task.cwd),
        uid: task.uid,
        gid: task.gid,
        loginuid: (task.loginuid != u32::MAX).then_some(task.loginuid),
        tty: task.tty,
        cgroup: text(task.cgroup),
        ancestors,
    });
    for (truncated, field) in [
        (exec.exe.truncated, "file.path"),
        (exec.exe.truncated, "process.exe"),
        (args_truncated, "process.cmdline"),
        (task.cwd.truncated, "process.cwd"),
        (task.cgroup.truncated, "process.cgroup"),
    ] {
        if truncated {
            event.truncated.push(field.to_owned());
        }
    }
    event
}

/// Whether the kernel was given a script and ran its interpreter.
fn is_script(exec: &Exec<'_>) -> bool {
    !exec.interp.is_empty() && exec.interp != exec.filename
}

pub(super) fn text(path: KernelPath<'_>) -> Text {
    let mut bytes = Vec::new();
    path.write_to(&mut bytes);
    Text::from(bytes)
}
