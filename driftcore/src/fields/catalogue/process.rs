//! `proc.*` and `thread.*`.

use crate::fields::ArgumentKind::Key;
use crate::fields::ArgumentKind::OptionalIndex;
use crate::fields::ArgumentKind::OptionalKey;
use crate::fields::Field;
use crate::fields::FieldType::Bool;
use crate::fields::FieldType::Duration;
use crate::fields::FieldType::Signed;
use crate::fields::FieldType::Text;
use crate::fields::FieldType::Time;
use crate::fields::FieldType::Unsigned;

const ENVIRONMENT: &str = "environment of processes";
const CGROUPS: &str = "cgroups by subsystem";
const PROBES: &str = "Falco gave it up too";
const SWITCHES: &str = "it is measured at context switches, which are not observed";
const SAMPLES: &str = "it is sampled at intervals, not at an event";

#[rustfmt::skip]
pub(super) const PROCESS: &[Field] = &[
    Field::new("proc.acmdline", Text, "The command line of an ancestor, by number (1 is the parent), or of any.").ancestors(),
    Field::new("proc.aenv", Text, "The environment of an ancestor, by number, of any, or the nearest value of a variable.").ancestors().argument(OptionalKey).needs(ENVIRONMENT),
    Field::new("proc.aexe", Text, "The first argument (argv[0]) of an ancestor, by number (1 is the parent), or of any.").ancestors(),
    Field::new("proc.aexepath", Text, "The path of an ancestor's executable, by number (1 is the parent), or of any.").ancestors(),
    Field::new("proc.aname", Text, "The name of an ancestor, by number (1 is the parent), or of any.").ancestors(),
    Field::new("proc.apid", Signed(64), "The process id of an ancestor, by number (1 is the parent), or of any.").ancestors(),
    Field::new("proc.args", Text, "The arguments without the first, joined by blanks, or one of them by number.").argument(OptionalIndex),
    Field::new("proc.cmdlenargs", Unsigned(64), "Number of bytes of the arguments without the first, blanks between them left out."),
    Field::new("proc.cmdline", Text, "The process name and the arguments without the first, joined by blanks."),
    Field::new("proc.cmdnargs", Unsigned(64), "Number of arguments without the first."),
    Field::new("proc.cwd", Text, "The working directory, as the container sees it."),
    Field::new("proc.duration", Duration, "Nanoseconds since the process started."),
    Field::new("proc.env", Text, "The environment as `NAME=value`, joined by blanks, or the value of one variable.").argument(OptionalKey).needs(ENVIRONMENT),
    Field::new("proc.exe", Text, "The first argument (argv[0]), usually the name of the executable."),
    Field::new("proc.exe_ino", Signed(64), "The inode number of the executable."),
    Field::new("proc.exe_ino.ctime", Time, "When the executable's inode was last changed, in nanoseconds since the epoch."),
    Field::new("proc.exe_ino.ctime_duration_pidns_start", Time, "Nanoseconds from the start of the pid namespace to the last change of the executable's inode."),
    Field::new("proc.exe_ino.ctime_duration_proc_start", Time, "Nanoseconds from the last change of the executable's inode to the start of the process."),
    Field::new("proc.exe_ino.mtime", Time, "When the executable's content was last changed, in nanoseconds since the epoch."),
    Field::new("proc.exeline", Text, "All arguments, the first one included, joined by blanks."),
    Field::new("proc.exepath", Text, "The path of the executable, as the container sees it, symlinks resolved."),
    Field::new("proc.fdlimit", Signed(64), "The most file descriptors that the process may have.").never(SAMPLES),
    Field::new("proc.fdopencount", Unsigned(64), "Number of file descriptors that the process has.").never(SAMPLES),
    Field::new("proc.fdusage", Unsigned(64), "Share of its file descriptors that the process has in use.").never(SAMPLES),
    Field::new("proc.is_container_healthcheck", Bool, "Whether the process is part of the container's health check.").never(PROBES),
    Field::new("proc.is_container_liveness_probe", Bool, "Whether the process is part of the container's liveness probe.").never(PROBES),
    Field::new("proc.is_container_readiness_probe", Bool, "Whether the process is part of the container's readiness probe.").never(PROBES),
    Field::new("proc.is_exe_from_memfd", Bool, "Whether the executable is an anonymous memory file."),
    Field::new("proc.is_exe_lower_layer", Bool, "Whether the executable lies in a lower layer of an overlay."),
    Field::new("proc.is_exe_upper_layer", Bool, "Whether the executable lies in the upper layer and is not an unchanged copy of an image file."),
    Field::new("proc.is_exe_writable", Bool, "Whether the user of the process may write the executable."),
    Field::new("proc.is_pgid_leader", Bool, "Whether the process leads its process group, as the host sees it."),
    Field::new("proc.is_sid_leader", Bool, "Whether the process leads its session."),
    Field::new("proc.is_vpgid_leader", Bool, "Whether the process leads its process group."),
    Field::new("proc.loginshellid", Signed(64), "The process id of the oldest shell among the ancestors."),
    Field::new("proc.name", Text, "The process name, at most 15 bytes."),
    Field::new("proc.nchilds", Unsigned(64), "Number of threads of the process, the main one left out.").never(SAMPLES),
    Field::new("proc.nthreads", Unsigned(64), "Number of threads of the process.").never(SAMPLES),
    Field::new("proc.pcmdline", Text, "The parent's command line."),
    Field::new("proc.pexe", Text, "The parent's first argument (argv[0])."),
    Field::new("proc.pexepath", Text, "The path of the parent's executable."),
    Field::new("proc.pgid", Signed(64), "The process group id, as the host sees it."),
    Field::new("proc.pgid.exe", Text, "The first argument of the process group's leader."),
    Field::new("proc.pgid.exepath", Text, "The path of the executable of the process group's leader."),
    Field::new("proc.pgid.name", Text, "The name of the process group's leader."),
    Field::new("proc.pid", Signed(64), "The process id, as the host sees it."),
    Field::new("proc.pid.ts", Time, "When the process started, in nanoseconds since the epoch."),
    Field::new("proc.pidns_init_start_ts", Unsigned(64), "When the pid namespace was started, in nanoseconds since the epoch."),
    Field::new("proc.pname", Text, "The parent's name."),
    Field::new("proc.ppid", Signed(64), "The parent's process id, as the host sees it."),
    Field::new("proc.ppid.duration", Duration, "Nanoseconds since the parent started."),
    Field::new("proc.ppid.ts", Time, "When the parent started, in nanoseconds since the epoch."),
    Field::new("proc.pvpid", Signed(64), "The parent's process id in its own pid namespace."),
    Field::new("proc.sid", Signed(64), "The session id, as the container sees it."),
    Field::new("proc.sid.exe", Text, "The first argument of the session's leader."),
    Field::new("proc.sid.exepath", Text, "The path of the executable of the session's leader."),
    Field::new("proc.sname", Text, "The name of the session's leader."),
    Field::new("proc.stderr.name", Text, "The name of the file on standard error.").needs("file events"),
    Field::new("proc.stderr.type", Text, "The kind of file on standard error.").needs("file events"),
    Field::new("proc.stdin.name", Text, "The name of the file on standard input.").needs("file events"),
    Field::new("proc.stdin.type", Text, "The kind of file on standard input.").needs("file events"),
    Field::new("proc.stdout.name", Text, "The name of the file on standard output.").needs("file events"),
    Field::new("proc.stdout.type", Text, "The kind of file on standard output.").needs("file events"),
    Field::new("proc.tty", Unsigned(32), "The controlling terminal as a device number, 0 without one."),
    Field::new("proc.vmrss", Unsigned(64), "Resident memory in kilobytes.").never(SAMPLES),
    Field::new("proc.vmsize", Unsigned(64), "Virtual memory in kilobytes.").never(SAMPLES),
    Field::new("proc.vmswap", Unsigned(64), "Swapped memory in kilobytes.").never(SAMPLES),
    Field::new("proc.vpgid", Signed(64), "The process group id in the process's own pid namespace."),
    Field::new("proc.vpgid.exe", Text, "The first argument of the process group's leader."),
    Field::new("proc.vpgid.exepath", Text, "The path of the executable of the process group's leader."),
    Field::new("proc.vpgid.name", Text, "The name of the process group's leader."),
    Field::new("proc.vpid", Signed(64), "The process id in the process's own pid namespace."),
];

#[rustfmt::skip]
pub(super) const THREAD: &[Field] = &[
    Field::new("thread.cap_effective", Text, "The effective capabilities, joined by blanks."),
    Field::new("thread.cap_inheritable", Text, "The inheritable capabilities, joined by blanks."),
    Field::new("thread.cap_permitted", Text, "The permitted capabilities, joined by blanks."),
    Field::new("thread.cgroup", Text, "The cgroup of one subsystem.").argument(Key).dotted().needs(CGROUPS),
    Field::new("thread.cgroups", Text, "The cgroups as `subsystem=path`, joined by blanks.").needs(CGROUPS),
    Field::new("thread.cpu", Unsigned(64), "Share of a processor that the thread used.").never(SAMPLES),
    Field::new("thread.cpu.system", Unsigned(64), "Share of a processor that the thread used in the kernel.").never(SAMPLES),
    Field::new("thread.cpu.user", Unsigned(64), "Share of a processor that the thread used in its own code.").never(SAMPLES),
    Field::new("thread.exectime", Duration, "Processor time of the last thread that was scheduled.").never(SWITCHES),
    Field::new("thread.ismain", Bool, "Whether the thread is the main one of its process."),
    Field::new("thread.nametid", Text, "The process name and the thread id, put together."),
    Field::new("thread.pfmajor", Unsigned(64), "Number of major page faults.").never(SAMPLES),
    Field::new("thread.pfminor", Unsigned(64), "Number of minor page faults.").never(SAMPLES),
    Field::new("thread.tid", Signed(64), "The thread id, as the host sees it."),
    Field::new("thread.totexectime", Duration, "Processor time of the thread.").never(SWITCHES),
    Field::new("thread.vmrss", Unsigned(64), "Resident memory in kilobytes.").never(SAMPLES),
    Field::new("thread.vmsize", Unsigned(64), "Virtual memory in kilobytes.").never(SAMPLES),
    Field::new("thread.vtid", Signed(64), "The thread id in the process's own pid namespace."),
];
