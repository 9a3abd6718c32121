//! An event for the outside, put together from what the stages know.

use super::clock::Clock;
use crate::enrich::split_args;
use crate::event::Action;
use crate::event::Ancestor;
use crate::event::Container;
use crate::event::DriftEvent;
use crate::event::Exec;
use crate::event::File;
use crate::event::KernelPath;
use crate::event::Kind;
use crate::event::Owner;
use crate::event::Process;
use crate::event::Text;

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

/// Everything but the verdict.
pub(super) fn exec_event(
    exec: &Exec<'_>,
    args: (&[u8], bool),
    origin: Origin,
    clock: Clock,
    container: Option<Container>,
    ancestors: Vec<Ancestor>,
) -> DriftEvent {
    let task = &exec.task;
    let (args, args_truncated) = args;
    let mut event = DriftEvent::new(clock.wall(exec.boot_ns), Kind::Binary, Action::Exec);
    event.container = container;
    event.before_start = origin == Origin::BeforeStart;
    event.recovered = origin == Origin::Recovered;

    let exe = text(exec.exe);
    let (major, minor) = exec.file.inode.major_minor();
    event.file = Some(File {
        path: exe.clone(),
        inode: exec.file.inode.number,
        device: format!("{major}:{minor}"),
        mode: format!("{:04o}", exec.file.mode & 0o7777),
        owner: Owner { uid: exec.file.uid, gid: exec.file.gid },
        size: exec.file.inode.size,
        sha256: None,
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

fn text(path: KernelPath<'_>) -> Text {
    let mut bytes = Vec::new();
    path.write_to(&mut bytes);
    Text::from(bytes)
}
