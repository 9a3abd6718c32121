//! What a container is, as the kernel shows it.

mod census;
mod cgroup;
mod first;
mod host;
mod mounts;
mod process;
mod settings;
#[cfg(feature = "sensor")]
mod table;

use std::collections::BTreeMap;
use std::path::Path;
#[cfg(feature = "sensor")]
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

pub(super) use cgroup::Cgroup;
#[cfg(test)]
pub(super) use cgroup::Unread;
#[cfg(feature = "sensor")]
pub(super) use cgroup::controller_of;
#[cfg(feature = "sensor")]
pub(crate) use cgroup::is_limit_file;
pub(super) use first::First;
pub(crate) use host::Host;
pub(super) use mounts::Elsewhere;
pub(super) use mounts::Expected;
pub(super) use mounts::FLAGS;
pub(super) use mounts::LiveMount;
pub(super) use mounts::Mounts;
pub(super) use mounts::Origin;
use mounts::Places;
pub(super) use process::NAMESPACES;
pub(super) use process::ProcessFacts;
#[cfg(any(test, feature = "sensor"))]
pub(super) use process::Status;
pub(super) use process::Variables;
pub(super) use process::host_namespace;
pub(super) use process::namespace;
use procfs::process::LimitValue;
use procfs::process::Process;
pub(super) use settings::Settings;
pub(super) use settings::normal;
#[cfg(feature = "sensor")]
pub(crate) use table::MountTable;

use super::ConfigError;
use super::declared::Declared;
use super::declared::Environment;
use super::declared::IdMapping;
use super::declared::parse_environment;
use super::item::Aspect;
use crate::container::Mount;
use crate::container::Runtimes;
use crate::container::read_mounts;
use crate::event::Text;

/// Most mount namespaces of a container, beside that of its first process, whose mounts are looked at.
const ELSEWHERE: usize = 8;
/// Most processes of a container that are looked at.
const PROCESSES: usize = 16_384;
/// A process of the runtime that is about to become one of the container's has more rights for as long as
/// that takes, and is gone or another program after this.
const SETTLED: Duration = Duration::from_millis(250);

/// How long the start of a container is waited for.
const START: Duration = Duration::from_secs(5);
/// The variable that runc's own process in a container has, and for how many seconds it may have it.
const STARTER: &str = "_LIBCONTAINER_INITTYPE";
const STARTER_FOR: u64 = 60;
/// How long an exec may show no environment at all, neither the old one nor the new.
const EXECUTED: Duration = Duration::from_millis(5);
/// Clock ticks a second in /proc/PID/stat: USER_HZ, 100 on every architecture we know.
const TICKS: u64 = 100;

/// What a container is: what the kernel shows of its first process, its other processes and its control
/// groups. A snapshot: nothing of it is kept up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Live {
    pub(super) first: ProcessFacts,
    /// The others, by process id.
    pub(super) others: Vec<ProcessFacts>,
    /// Namespaces of the host's first process, by the order of [`NAMESPACES`].
    pub(super) host_namespaces: [Option<u64>; 8],
    /// Those that the declaration names by path, by that path.
    pub(super) named_namespaces: BTreeMap<String, u64>,
    /// As exec left it; `None` where it could not be read, or was written over.
    pub(super) environment: Option<Environment>,
    pub(super) uid_map: IdMaps,
    pub(super) gid_map: IdMaps,
    pub(super) mounts: Mounts,
    pub(super) cgroup: Cgroup,
    /// Hard limits by their names in a bundle.
    pub(super) limits: BTreeMap<&'static str, u64>,
    pub(super) oom_score_adj: Option<i32>,
    pub(super) settings: Settings,
    pub(super) page_size: u64,
    pub(super) problems: Vec<Problem>,
}

/// How ids of a user namespace stand for others.
pub(super) type IdMaps = Vec<IdMapping>;

/// Something could not be read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Problem {
    /// The parts of which something is not known then.
    pub(super) parts: &'static [Aspect],
    pub(super) text: String,
}

/// What is told of each process.
const OF_PROCESSES: &[Aspect] = &[Aspect::Environment, Aspect::Capability, Aspect::Identity];

impl Live {
    /// Reads what the kernel shows of a container. Reads files of bounded size below /proc and the control
    /// groups, none of the container's own. Where processes seem to have more rights than the first one, it
    /// waits a quarter of a second and looks again, for the runtime's own processes on their way into the
    /// container do.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NotRunning`] when it has no first process, [`ConfigError::Starting`] when that is
    /// still the runtime's after five seconds. What else cannot be read is told in the comparison.
    pub fn read(runtimes: &Runtimes, declared: &Declared) -> Result<Self, ConfigError> {
        let deadline = Instant::now() + START;
        let mut host = Host::new(runtimes);
        let mut live = loop {
            match Self::glance(&mut host, declared) {
                Err(ConfigError::Starting { .. }) if Instant::now() < deadline => {
                    std::thread::sleep(SETTLED);
                    host.renew();
                }
                result => break result?,
            }
        };
        if live.others.iter().any(|other| exceeds(&live.first, other)) {
            std::thread::sleep(SETTLED);
            host.renew();
            let again = Self::glance(&mut host, declared)?;
            let first = &live.first;
            let stays =
                |other: &ProcessFacts| !exceeds(first, other) || again.others.contains(other);
            live.others.retain(stays);
        }
        Ok(live)
    }

    /// The same without looking twice: what it tells of other processes counts when it is still so later.
    ///
    /// # Errors
    ///
    /// As [`Live::read`].
    pub(crate) fn glance(host: &mut Host, declared: &Declared) -> Result<Self, ConfigError> {
        let proc = host.runtimes().roots().proc.clone();
        let (mut live, process, mounts) = Self::begin(host, declared)?;
        live.page_size = page_size();
        live.take_limits(&process);
        live.take_mounts(host, declared, &process, mounts);
        live.take_cgroup(host, declared, &process);
        live.take_settings(&proc, declared, &process);
        live.take_named_namespaces(host.runtimes(), declared);
        live.take_others(&proc, &declared.id, host);
        live.take_elsewhere(&proc, host, &process);
        // What was read of one process is of no other.
        if process::start_of(&process).ok() != Some(live.first.start) {
            return Err(not_running(declared, "it ended just now".to_owned()));
        }
        Ok(live)
    }

    /// Who the first process is and what it was given, and nothing else: what execs are held against.
    ///
    /// # Errors
    ///
    /// As [`Live::read`].
    #[cfg(feature = "sensor")]
    pub(crate) fn footing(host: &Host, declared: &Declared) -> Result<Self, ConfigError> {
        Self::begin(host, declared).map(|(live, _, _)| live)
    }

    /// That of one that was looked at.
    #[cfg(feature = "sensor")]
    pub(crate) fn to_footing(&self) -> Self {
        Self {
            first: self.first.clone(),
            host_namespaces: self.host_namespaces,
            environment: self.environment.clone(),
            uid_map: self.uid_map.clone(),
            gid_map: self.gid_map.clone(),
            ..Self::default()
        }
    }

    fn begin(
        host: &Host,
        declared: &Declared,
    ) -> Result<(Self, Process, Option<Vec<Mount>>), ConfigError> {
        let proc = &host.runtimes().roots().proc;
        let not_running = |reason| not_running(declared, reason);
        let pid = declared.pid.filter(|&pid| pid > 1);
        let pid = pid.ok_or_else(|| not_running("its runtime names no process".to_owned()))?;
        let process = Process::new_with_root(proc.join(pid.to_string()))
            .map_err(|_| not_running(format!("there is no process {pid}")))?;
        let mut live = Self {
            first: ProcessFacts::read(proc, &process).map_err(not_running)?,
            host_namespaces: host.namespaces,
            ..Self::default()
        };
        let mounts = live.mounts_of(&process);
        if !live.is_containers(declared, &process, mounts.as_deref().unwrap_or_default()) {
            return Err(not_running(format!("process {pid} is not one of its")));
        }
        live.take_environment(&process);
        if live.is_starting(host) {
            return Err(ConfigError::Starting { id: declared.id.clone() });
        }
        live.take_ids(&process);
        Ok((live, process, mounts))
    }

    /// The directories of its control groups whose files tell limits.
    #[cfg(feature = "sensor")]
    pub(crate) fn limit_directories(&self) -> &[PathBuf] {
        &self.cgroup.directories
    }

    /// The pid that a runtime wrote down may be another's by now: it counts where its control group names
    /// the container, or its root is the container's.
    fn is_containers(&self, declared: &Declared, process: &Process, mounts: &[Mount]) -> bool {
        let named = is_named(process, &declared.id);
        let root = declared.root.as_ref().map(|(_, device)| *device);
        let at_root = |mount: &&Mount| mount.mount_point == Path::new("/");
        let rooted = root.is_some() && mounts.iter().rfind(at_root).map(|it| it.device) == root;
        let is_host = self.first.namespaces[0] == self.host_namespaces[0];
        (named || rooted) && !is_host
    }

    /// Whether the first process is still runc's.
    fn is_starting(&self, host: &Host) -> bool {
        let is_runcs = |environment| is_starter(environment, self.first.start, host);
        self.environment.as_ref().is_some_and(is_runcs)
    }

    /// Keeps what was read, or why it was not.
    fn keep<T>(&mut self, parts: &'static [Aspect], read: Result<T, String>) -> Option<T> {
        read.map_err(|text| self.problems.push(Problem { parts, text })).ok()
    }

    fn cannot_tell(&mut self, parts: &'static [Aspect], text: String) {
        self.problems.push(Problem { parts, text });
    }

    fn mounts_of(&mut self, process: &Process) -> Option<Vec<Mount>> {
        let mounts = process
            .open_relative("mountinfo")
            .map_err(|error| error.to_string())
            .and_then(|file| read_mounts(file, |_| true).map_err(|error| error.to_string()));
        self.keep(
            &[Aspect::Mount],
            mounts.map_err(|error| format!("/proc/{}/mountinfo: {error}", process.pid())),
        )
    }

    fn take_environment(&mut self, process: &Process) {
        let read = || process::read(process, "environ");
        let Some(mut block) = self.keep(&[Aspect::Environment], read()) else { return };
        if block.is_empty() {
            // In the midst of an exec it is, too.
            std::thread::sleep(EXECUTED);
            block = read().unwrap_or_default();
        }
        match parse_environment(&block) {
            (environment, true) => self.environment = Some(environment),
            (_, false) => self.cannot_tell(
                &[Aspect::Environment],
                format!(
                    "/proc/{}/environ: the process has written over its environment",
                    process.pid()
                ),
            ),
        }
    }

    fn take_ids(&mut self, process: &Process) {
        let uids = process::read(process, "uid_map").map(|text| id_map(&text));
        let gids = process::read(process, "gid_map").map(|text| id_map(&text));
        self.uid_map = self.keep(&[Aspect::Identity], uids).unwrap_or_default();
        self.gid_map = self.keep(&[Aspect::Identity], gids).unwrap_or_default();
    }

    fn take_limits(&mut self, process: &Process) {
        let adjusted = process.oom_score_adj().map(i32::from);
        self.oom_score_adj =
            self.keep(&[Aspect::Limit], adjusted.map_err(|error| error.to_string()));
        let limits = process.limits().map_err(|error| error.to_string());
        let Some(limits) = self.keep(&[Aspect::Limit], limits) else { return };
        let all = [
            ("RLIMIT_AS", limits.max_address_space),
            ("RLIMIT_CORE", limits.max_core_file_size),
            ("RLIMIT_CPU", limits.max_cpu_time),
            ("RLIMIT_DATA", limits.max_data_size),
            ("RLIMIT_FSIZE", limits.max_file_size),
            ("RLIMIT_LOCKS", limits.max_file_locks),
            ("RLIMIT_MEMLOCK", limits.max_locked_memory),
            ("RLIMIT_MSGQUEUE", limits.max_msgqueue_size),
            ("RLIMIT_NICE", limits.max_nice_priority),
            ("RLIMIT_NOFILE", limits.max_open_files),
            ("RLIMIT_NPROC", limits.max_processes),
            ("RLIMIT_RSS", limits.max_resident_set),
            ("RLIMIT_RTPRIO", limits.max_realtime_priority),
            ("RLIMIT_RTTIME", limits.max_realtime_timeout),
            ("RLIMIT_SIGPENDING", limits.max_pending_signals),
            ("RLIMIT_STACK", limits.max_stack_size),
        ];
        self.limits = all
            .into_iter()
            .map(|(name, limit)| match limit.hard_limit {
                LimitValue::Unlimited => (name, u64::MAX),
                LimitValue::Value(value) => (name, value),
            })
            .collect();
    }

    fn take_mounts(
        &mut self,
        host: &mut Host,
        declared: &Declared,
        process: &Process,
        mounts: Option<Vec<Mount>>,
    ) {
        let Some(mounts) = mounts else { return };
        let Some(runtime) = self.runtime_places(host, process) else { return };
        let root = host.runtimes().roots().host.clone();
        let mut is_guarded = |path: &str| host.has_guarded(path);
        self.mounts = Mounts::new(declared, mounts, &runtime, &root, &mut is_guarded);
    }

    /// The mounts of the runtime's process that looks after the container, which sees the sources as the runtime
    /// did; where that is gone, those of the host.
    fn runtime_places(&mut self, host: &mut Host, process: &Process) -> Option<Arc<Places>> {
        let parent = process.stat().map_or(1, |stat| stat.ppid);
        let parent = u32::try_from(parent).unwrap_or(1).max(1);
        let outside = process::namespace(&host.runtimes().roots().proc, parent, "mnt")
            .filter(|number| Some(*number) != self.first.namespaces[0]);
        let (parent, namespace) = match (outside, self.host_namespaces[0]) {
            (Some(number), _) => (parent, number),
            (None, Some(number)) => (1, number),
            (None, None) => return None,
        };
        self.keep(&[Aspect::Mount], host.places(namespace, parent))
    }

    fn take_cgroup(&mut self, host: &Host, declared: &Declared, process: &Process) {
        let Some(text) = self.keep(&[Aspect::Limit], process::read(process, "cgroup")) else {
            return;
        };
        let linux = &declared.bundle.linux;
        let path = linux.cgroups_path.as_deref().unwrap_or_default();
        let name = path.rsplit(['/', ':']).next().unwrap_or_default();
        let mounts = self.keep(&[Aspect::Limit], host.cgroups());
        let unified = linux.resources.unified.keys().cloned();
        self.cgroup = Cgroup::read(mounts.as_deref().unwrap_or_default(), &text, name, unified);
    }

    fn take_settings(&mut self, proc: &Path, declared: &Declared, process: &Process) {
        let bundle = &declared.bundle;
        let mut names: Vec<String> = bundle.linux.sysctl.keys().cloned().collect();
        // Those of a pod stand in the bundle of its sandbox.
        let of_pod = declared.pod.iter().flat_map(|pod| pod.sysctls.iter());
        names.extend(of_pod.map(|(name, _)| name.clone()));
        names.push("kernel.hostname".to_owned());
        if bundle.domainname.is_some() {
            names.push("kernel.domainname".to_owned());
        }
        let is_own = |kind: usize| self.first.namespaces[kind] != self.host_namespaces[kind];
        let undeclared = settings::looked_at(is_own, &names);
        self.settings = Settings::read(proc, process, names, undeclared);
    }

    fn take_named_namespaces(&mut self, runtimes: &Runtimes, declared: &Declared) {
        use std::os::unix::fs::MetadataExt;

        for namespace in &declared.bundle.linux.namespaces {
            let Some(path) = namespace.path.as_deref().filter(|path| !path.is_empty()) else {
                continue;
            };
            let roots = runtimes.roots();
            let seen = match path.strip_prefix("/proc/") {
                Some(rest) => roots.proc.join(rest),
                None => roots.host.join(path.trim_start_matches('/')),
            };
            // The process that it was named by may be gone: then nothing is known of it.
            if let Ok(stat) = std::fs::metadata(seen) {
                self.named_namespaces.insert(path.to_owned(), stat.ino());
            }
        }
    }

    /// The container's other processes: those in its mount namespace, and those in its pid namespace with a
    /// mount namespace of their own, for others may share that one: a pod's containers do.
    fn take_others(&mut self, proc: &Path, id: &str, host: &Host) {
        if let Some(problem) = host.census.problem.clone() {
            self.cannot_tell(OF_PROCESSES, problem);
        }
        let mut pids = host.census.of(self.first.namespaces[0], self.first.namespaces[1]);
        let all = pids.clone();
        pids.retain(|&pid| pid != self.first.pid);
        if pids.len() > PROCESSES {
            let problem = format!("more than {PROCESSES} processes: the rest is not told of");
            self.cannot_tell(OF_PROCESSES, problem);
            pids.truncate(PROCESSES);
        }
        let (mounts, own_pids) = (self.first.namespaces[0], self.first.namespaces[1]);
        // Where the pid namespace is the host's, orphans become the children of somebody outside.
        let tells = own_pids != self.host_namespaces[1];
        // One that ended meanwhile tells nothing, nor does another one with its number.
        let facts = pids.into_iter().filter_map(|pid| {
            let process = Process::new_with_root(proc.join(pid.to_string())).ok()?;
            let mut facts = ProcessFacts::read(proc, &process).ok()?;
            let shares = facts.namespaces[1] == own_pids && is_named(&process, id);
            if facts.namespaces[0] != mounts && !shares {
                return None;
            }
            let entered = tells && all.binary_search(&facts.status.parent).is_err();
            facts.environment = Variables::read(&process, entered);
            // A runtime's own process on its way has more rights for as long as that takes.
            if let Variables::All(environment) = &facts.environment
                && is_starter(environment, facts.start, host)
            {
                return None;
            }
            Some(facts)
        });
        self.others = facts.collect();
    }
}

impl Live {
    /// The mounts of processes that have a mount namespace of their own, neither the first one's nor the host's: of one
    /// process each.
    fn take_elsewhere(&mut self, proc: &Path, host: &mut Host, first: &Process) {
        let known = [self.first.namespaces[0], self.host_namespaces[0], None];
        let mut seen = BTreeMap::new();
        for other in self.others.iter().filter(|it| !known.contains(&it.namespaces[0])) {
            seen.entry(other.namespaces[0]).or_insert((other.pid, other.start));
        }
        if seen.is_empty() {
            return;
        }
        let Some(runtime) = self.runtime_places(host, first) else { return };
        self.mounts.more_elsewhere = seen.len().saturating_sub(ELSEWHERE);
        for (pid, start) in seen.into_values().take(ELSEWHERE) {
            let Ok(process) = Process::new_with_root(proc.join(pid.to_string())) else { continue };
            // Of one that ended meanwhile, nobody wants to know.
            let file = process.open_relative("mountinfo").ok();
            let all = file.and_then(|file| read_mounts(file, |_| true).ok());
            let is_same = process::start_of(&process).ok() == Some(start);
            let Some(all) = all.filter(|_| is_same) else { continue };
            let found = self.others.iter().find(|it| it.pid == pid);
            let name = found.map(|it| it.status.name.clone()).unwrap_or_default();
            let live = mounts::live_mounts(all, &runtime);
            self.mounts.elsewhere.push(Elsewhere { pid, name, live });
        }
    }
}

/// Whether a process is runc's on its way into the container, by the variables that it leaves to itself.
/// One that runs for a while is not: nobody hides behind such a name for long.
fn is_starter(environment: &Environment, start: u64, host: &Host) -> bool {
    let age = host.uptime.unwrap_or(u64::MAX).saturating_sub(start / TICKS);
    age < STARTER_FOR && environment.contains_key(&Text::from(STARTER))
}

/// The name and the environment of a process of a container if somebody outside started it, in the
/// container's pid namespace; of another one the environment is not known. `None` when it is gone.
#[cfg(feature = "sensor")]
pub(super) fn entered(host: &Host, process: &Process) -> Option<(Text, Variables)> {
    let proc = &host.runtimes().roots().proc;
    let facts = ProcessFacts::read(proc, process).ok()?;
    let name = facts.status.name.clone();
    let own_pids = facts.namespaces[1];
    let parents = process::namespace(proc, facts.status.parent, "pid");
    if own_pids == parents || own_pids == host.namespaces[1] {
        return Some((name, Variables::Unknown));
    }
    let variables = Variables::read(process, true);
    // The environment of one that ended is empty.
    let is_there =
        process::start_of(process).is_ok() && variables != Variables::All(Environment::new());
    let is_runcs = |environment: &Environment| environment.contains_key(&Text::from(STARTER));
    let variables = match variables {
        Variables::All(environment) if is_runcs(&environment) => Variables::Unknown,
        other => other,
    };
    is_there.then_some((name, variables))
}

/// The name and the environment, as far as it injects code, of a process that the container's own made. `None` when
/// it is gone.
#[cfg(feature = "sensor")]
pub(super) fn executed(process: &Process) -> Option<(Text, Variables)> {
    let variables = Variables::read(process, false);
    // What was read of one that ended is empty; `comm` can be read of nobody then.
    let name = process::read(process, "comm").ok()?;
    Some((Text::from(name.strip_suffix(b"\n").unwrap_or(&name)), variables))
}

fn not_running(declared: &Declared, reason: String) -> ConfigError {
    ConfigError::NotRunning { id: declared.id.clone(), reason }
}

/// Whether a process's control groups name the container.
fn is_named(process: &Process, id: &str) -> bool {
    let id = id.as_bytes();
    process::read(process, "cgroup")
        .is_ok_and(|text| !id.is_empty() && text.windows(id.len()).any(|part| part == id))
}

/// Whether a process has anything that the first one has not.
fn exceeds(first: &ProcessFacts, other: &ProcessFacts) -> bool {
    let (first, one) = ((&first.status, &first.namespaces, &first.label), &other.status);
    let (status, namespaces, label) = first;
    let sets = [
        (status.inheritable, one.inheritable),
        (status.permitted, one.permitted),
        (status.effective, one.effective),
        (status.bounding, one.bounding),
        (status.ambient, one.ambient),
    ];
    sets.iter().any(|(of_first, of_other)| of_other & !of_first != 0)
        || namespaces != &other.namespaces
        || label != &other.label
        || status.uids != one.uids
        || status.gids != one.gids
        || status.no_new_privileges && !one.no_new_privileges
        || status.seccomp > one.seccomp
        || status.filters > one.filters
}

/// `inside outside size`, a line each.
fn id_map(text: &[u8]) -> Vec<IdMapping> {
    let text = String::from_utf8_lossy(text);
    let lines = text.lines().filter_map(|line| {
        let mut numbers = line.split_whitespace().map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(IdMapping { inside: next()?, outside: next()?, size: next()? })
    });
    lines.collect()
}

fn page_size() -> u64 {
    u64::try_from(rustix::param::page_size()).unwrap_or(4096)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::StateRoots;

    #[test]
    fn a_map_of_ids_is_read() {
        let map = id_map(b"         0     100000      65536\n  65536 7 1\nx\n");
        assert_eq!(map[0], IdMapping { inside: 0, outside: 100_000, size: 65_536 });
        assert_eq!(map.len(), 2);
    }

    #[test]
    fn a_process_of_the_host_is_no_containers() {
        let declared =
            Declared { pid: Some(std::process::id()), id: "x".into(), ..Declared::default() };
        let error = Live::read(&Runtimes::default(), &declared).unwrap_err();
        assert!(error.to_string().contains("is not one of its"), "{error}");
        let none = Declared { id: "x".into(), ..Declared::default() };
        let error = Live::read(&Runtimes::default(), &none).unwrap_err();
        assert_eq!(error.to_string(), "x does not run: its runtime names no process");
    }

    #[test]
    fn a_process_of_the_runtime_is_known_while_it_is_young() {
        let proc = tempfile::tempdir().unwrap();
        std::fs::write(proc.path().join("uptime"), "1000.25 7.00\n").unwrap();
        let roots = StateRoots { proc: proc.path().to_owned(), ..StateRoots::default() };
        let host = Host::new(&Runtimes::new(roots));
        let mut live = Live::default();
        live.first.start = 99_000;
        assert!(!live.is_starting(&host));
        live.environment = Some(parse_environment(b"_LIBCONTAINER_INITTYPE=standard\0").0);
        assert!(live.is_starting(&host));
        live.first.start = 93_900;
        assert!(!live.is_starting(&host));
    }

    #[test]
    fn more_rights_than_the_first_process_are_seen() {
        let first = ProcessFacts::default();
        assert!(!exceeds(&first, &first));
        let mut other = first.clone();
        other.status.bounding = 1;
        assert!(exceeds(&first, &other) && !exceeds(&other, &first));
        let mut confined = first.clone();
        confined.status.seccomp = Some(2);
        assert!(exceeds(&confined, &first) && !exceeds(&first, &confined));
    }
}
