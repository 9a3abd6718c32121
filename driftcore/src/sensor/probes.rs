//! The probes, loaded and attached.

use std::mem::offset_of;
use std::mem::size_of;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use driftcore_bpf::types::bss;
use driftcore_bpf::types::dc_budget;
use driftcore_bpf::types::dc_container;
use driftcore_bpf::types::dc_inode_key;
use libbpf_rs::Link;
use libbpf_rs::MapCore;
use libbpf_rs::MapFlags;
use libbpf_rs::MapHandle;
use libbpf_rs::RingBuffer;
use libbpf_rs::RingBufferBuilder;

use super::Batch;
use super::Features;
use super::HookSet;
use super::INTERPRETERS;
use super::SensorError;
use super::Wanted;
use super::calls;
use super::error::Tried;
use super::interpreters;
use super::programs::BIND;
use super::programs::Probe;
use super::programs::Programs;
use super::programs::REACH;
use super::programs::TCP;
use super::settings;
use super::sweep;
use super::unified;
use crate::event::FileOperation;
use crate::event::LossReason;
use crate::event::SocketOperation;

/// Sizes of the rings, in bytes; each a power of two and at least a page. A ring's pages count
/// twice in the resident set of its reader (they are mapped twice, one behind the other).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SensorOptions {
    /// For execs: 336 bytes each and its strings. Default 8 MiB: some 16,000 execs.
    pub exec_ring: u32,
    /// For forks and exits: 56 bytes each. Default 2 MiB.
    pub life_ring: u32,
    /// For files, sockets and other calls: 200 to 350 bytes each and their paths. Default 8 MiB: some
    /// 16,000 file events.
    pub bulk_ring: u32,
    /// Events beside execs that one container may cause a second before the rest is only counted; 0:
    /// any number. Default 2,000.
    pub budget_rate: u64,
    /// And at once, before the rate counts. Default 8,000.
    pub budget_burst: u64,
    /// Whether what is done through `io_uring` is followed where the kernel shows it (from 6.1 on).
    /// Where not, each ring that a container makes is reported as unseen. Default true.
    pub follow_io_uring: bool,
    /// From where operations on files are seen. Default `None`: an engine takes the best set that
    /// loads and proves itself, a sensor alone that for system calls.
    pub hooks: Option<HookSet>,
}

impl Default for SensorOptions {
    fn default() -> Self {
        Self {
            exec_ring: 8 << 20,
            life_ring: 2 << 20,
            bulk_ring: 8 << 20,
            budget_rate: 2000,
            budget_burst: 8000,
            follow_io_uring: true,
            hooks: None,
        }
    }
}

/// What the kernel side could not hand over since the sensor was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    counts: [u64; REASONS.len()],
    /// How much of what the kernel counts concerns system calls alone, not processes.
    call_recursion: u64,
}

/// In the order of `enum dc_loss`; the last one is counted by the kernel itself.
const REASONS: [LossReason; 7] = [
    LossReason::ExecRing,
    LossReason::LifeRing,
    LossReason::TaskTable,
    LossReason::ContainerTable,
    LossReason::BulkRing,
    LossReason::Scratch,
    LossReason::Recursion,
];

impl Losses {
    /// Each reason with its count.
    pub fn iter(&self) -> impl Iterator<Item = (LossReason, u64)> {
        REASONS.into_iter().zip(self.counts)
    }

    /// What came since an earlier reading.
    pub fn since(&self, earlier: &Self) -> Self {
        let mut counts = self.counts;
        for (count, before) in counts.iter_mut().zip(earlier.counts) {
            *count = count.saturating_sub(before);
        }
        let call_recursion = self.call_recursion.saturating_sub(earlier.call_recursion);
        Self { counts, call_recursion }
    }

    /// Whether an exec, a fork or an exit may be among what was lost.
    pub(crate) fn concern_processes(&self) -> bool {
        self.iter().any(|(reason, count)| match reason {
            LossReason::BulkRing | LossReason::Scratch => false,
            LossReason::Recursion => count > self.call_recursion,
            _ => count > 0,
        })
    }

    /// True when nothing was lost.
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|&count| count == 0)
    }
}

/// What the budget of a container kept back since the sensor was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// The container.
    pub container: u64,
    /// Events about files.
    pub files: u64,
    /// Events about sockets.
    pub sockets: u64,
    /// Events about other calls.
    pub calls: u64,
    /// Events about files that were mapped executable or read by interpreters.
    pub code: u64,
}

/// The attached probes. Dropping it detaches and unloads them: nothing is pinned.
#[derive(Debug)]
pub struct Sensor {
    options: SensorOptions,
    hooks: HookSet,
    rings: Rings,
    bulk_rings: Rings,
    /// What came from the bulk ring, and how much of it has been handed on.
    bulk: (Batch, usize),
    exec_ring: MapHandle,
    life_ring: MapHandle,
    bulk_ring: MapHandle,
    promise: MapHandle,
    losses: MapHandle,
    containers: MapHandle,
    budgets: MapHandle,
    roots: MapHandle,
    settings: MapHandle,
    connecting: MapHandle,
    /// Why some of what is asked for is not seen.
    unseen: Option<String>,
    interpreters: MapHandle,
    sweep: Link,
    core: Vec<Probe>,
    asked: Vec<Probe>,
    programs: Programs,
}

/// What the ring callback returns to make libbpf stop reading: the batch has enough. The record
/// at hand has been taken by then.
const ENOUGH: i32 = -105; // ENOBUFS

/// The tracepoint set's probes at the entry and the exit of system calls.
const CALL_ENTER: &str = "call__enter";
const CALL_EXIT: &str = "call__exit";
/// The standard input of interpreters, at their exec.
const STANDARD_INPUT: &str = "process__stdin";
/// Marks the budget that a container's code has apart (`DC_CODE_BUDGET`).
const CODE_BUDGET: u64 = 1 << 63;

impl Sensor {
    /// Loads the probes and attaches those that see execs and process life.
    ///
    /// # Errors
    ///
    /// [`SensorError`] says which capability or kernel feature is missing, or what the kernel
    /// refused.
    pub fn load(options: SensorOptions) -> Result<Self, SensorError> {
        let features = Features::detect();
        if !features.missing_capabilities.is_empty() {
            return Err(SensorError::MissingCapabilities(features.missing_capabilities));
        }
        if !features.btf {
            return Err(SensorError::NoBtf);
        }
        let hooks = options.hooks.unwrap_or(HookSet::Tracepoint);
        let programs = Programs::load(options, &features, hooks)?;

        // A process is known to run an interpreter from its exec on.
        interpreters::tell_endings(&programs.map("script_endings")?)?;
        interpreters::tell(&programs.map("interpreters")?, INTERPRETERS.iter().copied())?;

        // What the host is must be known before the first probe runs.
        let sweep = programs.attach_sweep()?;
        find_host(&programs.globals()?, &sweep)?;

        // The life ring comes first: a fork is read before the exec that follows it.
        let life_ring = programs.map("life_ring")?;
        let exec_ring = programs.map("exec_ring")?;
        let bulk_ring = programs.map("bulk_ring")?;
        let mut sensor = Self {
            options,
            hooks,
            rings: Rings::open(&[&life_ring, &exec_ring])?,
            bulk_rings: Rings::open(&[&bulk_ring])?,
            bulk: (Batch::new(), 0),
            exec_ring,
            life_ring,
            bulk_ring,
            promise: programs.map("promise")?,
            losses: programs.map("losses")?,
            containers: programs.map("containers")?,
            budgets: programs.map("budgets")?,
            roots: programs.map("roots")?,
            settings: programs.map("settings")?,
            connecting: programs.map("connecting")?,
            unseen: None,
            interpreters: programs.map("interpreters")?,
            sweep,
            core: programs.attach_core()?,
            asked: Vec::new(),
            programs,
        };
        sensor.ask(&Wanted::NOTHING)?;
        Ok(sensor)
    }

    /// Asks for events beside execs and process life, instead of those asked for before. Probes that
    /// nothing needs any more are detached.
    ///
    /// # Errors
    ///
    /// [`SensorError::Bpf`] when a probe cannot be attached.
    pub fn ask(&mut self, wanted: &Wanted) -> Result<(), SensorError> {
        let mut names = Vec::new();
        let hooks = self.hooks;
        let by_call = hooks.rest(wanted);
        names.extend(hooks.probes(wanted));
        if hooks.needs_call_exit(wanted) {
            names.push(CALL_EXIT);
        }
        // Nothing is mapped through io_uring, and no interpreter that is known reads scripts by it.
        let code = Wanted::NOTHING.with_libraries().with_scripts();
        if wanted.without(code).has_files() {
            names.extend(self.programs.uring_probes());
        }
        if calls::need_entry(&by_call) {
            names.push(CALL_ENTER);
        }
        if wanted.has_file(FileOperation::Script) {
            names.push(STANDARD_INPUT);
        }
        if [SocketOperation::Listen, SocketOperation::Connect]
            .into_iter()
            .any(|operation| wanted.has_socket(operation))
        {
            names.push(TCP);
        }
        let mut datagrams = Vec::new();
        if wanted.has_socket(SocketOperation::Bind) {
            datagrams.extend(BIND);
        }
        if wanted.has_socket(SocketOperation::Connect) {
            datagrams.extend(REACH);
        }
        self.asked.retain(|it| names.contains(&it.name) || datagrams.contains(&it.name));
        let key = 0_u32.to_ne_bytes();
        let value = settings::bytes(wanted, self.options, hooks);
        self.settings.update(&key, &value, MapFlags::ANY).tried("tell the probes what to see")?;
        for name in names {
            if !self.has_asked(name) {
                if name == TCP {
                    self.forget_connections();
                }
                self.asked.push(self.programs.attach(name)?);
            }
        }
        self.ask_cgroups(datagrams);
        Ok(())
    }

    /// Whether a program stands at the exit of every system call for this: what costs all of them, and costs no
    /// more with further calls.
    pub(crate) fn needs_call_exit(&self, wanted: &Wanted) -> bool {
        self.hooks.needs_call_exit(wanted)
    }

    /// From where operations on files are seen.
    pub fn hooks(&self) -> HookSet {
        self.hooks
    }

    fn has_asked(&self, name: &str) -> bool {
        self.asked.iter().any(|probe| probe.name == name)
    }

    /// Attaches programs at the root of the unified hierarchy. Where that is refused, the rest goes
    /// on, and what is not seen is told.
    fn ask_cgroups(&mut self, mut names: Vec<&'static str>) {
        self.unseen = None;
        names.retain(|name| !self.has_asked(name));
        if names.is_empty() {
            return;
        }
        let tried = unified::open_root().tried("open the root of the control groups");
        let tried = tried.and_then(|root| {
            for name in names {
                self.asked.push(self.programs.attach_to_cgroup(name, root.as_fd())?);
            }
            Ok(())
        });
        if let Err(error) = tried {
            self.asked.retain(|probe| !BIND.contains(&probe.name) && !REACH.contains(&probe.name));
            self.unseen = Some(format!("UDP sockets are not seen: {error}"));
        }
    }

    /// What of that which is asked for this kernel or this node does not show, if that is so.
    pub fn unseen(&self) -> Option<&str> {
        self.unseen.as_deref()
    }

    /// Connections that were begun while the probe was there, and ended while it was not: the address
    /// of such a socket may be another one's by now.
    fn forget_connections(&self) {
        for key in self.connecting.keys() {
            let _ = self.connecting.delete(&key);
        }
    }

    /// Says which programs are interpreters, instead of [`INTERPRETERS`]; a version at the end of a
    /// name counts for nothing. Of processes that are known already, it counts from their next exec on.
    ///
    /// # Errors
    ///
    /// [`SensorError::Bpf`] when the probes cannot be told.
    pub fn set_interpreters(&self, names: &[String]) -> Result<(), SensorError> {
        interpreters::tell(&self.interpreters, names.iter().map(String::as_str))
    }

    /// What the budgets of containers kept back, of those that exceeded them.
    pub fn suppressed(&self) -> Vec<Suppressed> {
        let mut all: Vec<Suppressed> = Vec::new();
        for key in self.budgets.keys() {
            let Some(id) = key.first_chunk().map(|it| u64::from_ne_bytes(*it)) else { continue };
            let Ok(Some(value)) = self.budgets.lookup(&key, MapFlags::ANY) else { continue };
            let of = |kind: usize| {
                let at = offset_of!(dc_budget, suppressed) + kind * size_of::<u64>();
                value
                    .get(at..)
                    .and_then(<[u8]>::first_chunk)
                    .map_or(0, |it| u64::from_ne_bytes(*it))
            };
            let (files, code) = if id & CODE_BUDGET == 0 { (of(5), 0) } else { (0, of(5)) };
            let (sockets, calls) = (of(6), of(7));
            if files + sockets + calls + code == 0 {
                continue;
            }
            let container = id & !CODE_BUDGET;
            match all.iter_mut().find(|it| it.container == container) {
                Some(found) => {
                    found.files += files;
                    found.sockets += sockets;
                    found.calls += calls;
                    found.code += code;
                }
                None => all.push(Suppressed { container, files, sockets, calls, code }),
            }
        }
        all
    }

    /// Readable when an exec waits in its ring, except for code from the image while a
    /// [promise](Sensor::promise) lasts.
    pub fn exec_fd(&self) -> BorrowedFd<'_> {
        self.exec_ring.as_fd()
    }

    /// Wakes an edge-triggered poll when the ring of forks and exits is half full. Forks and exits
    /// alone wake nobody before.
    pub fn life_fd(&self) -> BorrowedFd<'_> {
        self.life_ring.as_fd()
    }

    /// Readable when an event of another kind waits, outside a [promise](Sensor::promise).
    pub fn bulk_fd(&self) -> BorrowedFd<'_> {
        self.bulk_ring.as_fd()
    }

    /// Takes what waits in the rings, up to the limit of a batch, into `into`, which is cleared.
    /// Returns true when more may be waiting. The records come in the order of their times, so that
    /// what a program does follows its exec.
    ///
    /// # Errors
    ///
    /// [`SensorError::Bpf`] when the rings cannot be read at all.
    pub fn read(&mut self, into: &mut Batch) -> Result<bool, SensorError> {
        let (bulk, taken) = &mut self.bulk;
        let mut more_bulk = false;
        // First: whatever program did what is read here, its exec is in the other ring by now.
        if *taken == bulk.len() {
            more_bulk = self.bulk_rings.read(bulk)?;
            *taken = 0;
        }
        let more_execs = self.rings.read(into)?;
        let last_ns = into.last_ns();
        let until_ns = if more_execs { last_ns } else { u64::MAX };
        *taken = into.take(bulk, *taken, until_ns);
        // What was done before these execs and came while they were read must not follow them: it may be
        // what taints them. Of what came later, the exec may still be in its ring.
        if !into.is_empty() && *taken == bulk.len() {
            more_bulk |= self.bulk_rings.read(bulk)?;
            *taken = into.take(bulk, 0, last_ns);
        }
        into.sort();
        Ok(more_execs || more_bulk || *taken < bulk.len())
    }

    /// Promises to read again before `until_boot_ns` (`CLOCK_BOOTTIME`), whether woken or not. Until
    /// then the execution of code from the image wakes nobody: a wake-up costs an exec more than
    /// everything else that the probe does. `u64::MAX` is for as long as it is reading: another promise
    /// has to follow before it waits for the rings.
    ///
    /// # Errors
    ///
    /// [`SensorError::Bpf`] when the promise cannot be handed to the kernel.
    pub fn promise(&self, until_boot_ns: u64) -> Result<(), SensorError> {
        let key = 0_u32.to_ne_bytes();
        self.promise
            .update(&key, &until_boot_ns.to_ne_bytes(), MapFlags::ANY)
            .tried("promise to read the rings")
    }

    /// Calls `take` with a record for each process of a container that runs now.
    ///
    /// # Errors
    ///
    /// [`SensorError::Io`] when the iterator cannot be read.
    pub fn sweep(&self, take: &mut dyn FnMut(&[u8])) -> Result<(), SensorError> {
        sweep::run(&self.sweep, take)
    }

    /// What was lost so far.
    ///
    /// # Errors
    ///
    /// [`SensorError::Bpf`] when the counters cannot be read.
    pub fn losses(&self) -> Result<Losses, SensorError> {
        let mut counts = [0; REASONS.len()];
        for (reason, count) in (0_u32..).zip(counts.iter_mut().take(REASONS.len() - 1)) {
            let per_cpu = self
                .losses
                .lookup_percpu(&reason.to_ne_bytes(), MapFlags::ANY)
                .tried("read the loss counters")?;
            *count = per_cpu
                .unwrap_or_default()
                .iter()
                .filter_map(|bytes| bytes.first_chunk::<8>())
                .map(|bytes| u64::from_ne_bytes(*bytes))
                .sum();
        }
        // A call that was not read at its entry says so itself.
        let asked = self.asked.iter().filter(|probe| probe.name != CALL_ENTER);
        let call_recursion = asked.map(Probe::recursion_misses).sum();
        counts[REASONS.len() - 1] =
            self.core.iter().map(Probe::recursion_misses).sum::<u64>() + call_recursion;
        Ok(Losses { counts, call_recursion })
    }

    /// The probes behind [`LossReason::Recursion`], as far as they are attached now: which the kernel did not
    /// run, and how often since each was attached.
    pub(crate) fn missed(&self) -> Vec<(&'static str, u64)> {
        let all = self.core.iter().chain(&self.asked).filter(|probe| probe.name != CALL_ENTER);
        let counted = all.map(|probe| (probe.name, probe.recursion_misses()));
        counted.filter(|&(_, count)| count > 0).collect()
    }

    /// Forgets a container that has ended, in the kernel's table.
    pub fn forget_container(&self, container: u64) {
        // Not there any more is as good as deleted.
        self.forget_root(container);
        let _ = self.containers.delete(&container.to_ne_bytes());
        let _ = self.budgets.delete(&container.to_ne_bytes());
        let _ = self.budgets.delete(&(container | CODE_BUDGET).to_ne_bytes());
    }

    /// And that its root filesystem was this container's, if it still is.
    fn forget_root(&self, container: u64) {
        let id = container.to_ne_bytes();
        let value = self.containers.lookup(&id, MapFlags::ANY).ok().flatten().unwrap_or_default();
        let upper = value.get(offset_of!(dc_container, root_upper)..);
        let Some(upper) = upper.and_then(<[u8]>::first_chunk::<{ size_of::<dc_inode_key>() }>)
        else {
            return;
        };
        if self.roots.lookup(upper, MapFlags::ANY).ok().flatten().is_some_and(|it| it == id) {
            let _ = self.roots.delete(upper);
        }
    }
}

/// Lets the iterator look for the host's mount namespace and root. The globals are set by system
/// calls, not through the skeleton's mapping: the kernel changes them while Rust must believe that
/// nobody does.
fn find_host(globals: &MapHandle, sweep: &Link) -> Result<(), SensorError> {
    let key = 0_u32.to_ne_bytes();
    let read = || {
        let value = globals.lookup(&key, MapFlags::ANY).tried("read the probes' globals")?;
        Ok::<_, SensorError>(value.unwrap_or_default())
    };
    let write =
        |value: &[u8]| globals.update(&key, value, MapFlags::ANY).tried("set the probes' globals");
    let set = |value: &mut [u8], find: u32| {
        if let Some(place) =
            value.get_mut(offset_of!(bss, find_host)..).and_then(<[u8]>::first_chunk_mut)
        {
            *place = find.to_ne_bytes();
        }
    };

    let mut value = read()?;
    set(&mut value, 1);
    write(&value)?;
    sweep::run(sweep, &mut |_| ())?;
    let mut value = read()?;
    set(&mut value, 0);
    write(&value)?;
    let known = value.get(offset_of!(bss, host.known)..).and_then(<[u8]>::first_chunk);
    match known {
        Some(known) if u64::from_ne_bytes(*known) != 0 => Ok(()),
        _ => Err(SensorError::NotInHostPidNamespace),
    }
}

/// Rings that are read one after the other.
#[derive(Debug)]
struct Rings {
    buffer: RingBuffer<'static>,
    /// Carries the records out of libbpf's callback. Nobody else holds the lock.
    batch: Arc<Mutex<Batch>>,
}

impl Rings {
    fn open(maps: &[&MapHandle]) -> Result<Self, SensorError> {
        let batch = Arc::new(Mutex::new(Batch::new()));
        let mut builder = RingBufferBuilder::new();
        for &map in maps {
            let batch = Arc::clone(&batch);
            let take = move |record: &[u8]| {
                let mut batch = batch.lock().unwrap_or_else(PoisonError::into_inner);
                batch.push(record);
                if batch.is_full() { ENOUGH } else { 0 }
            };
            builder.add(map, take).tried("open a ring")?;
        }
        Ok(Self { buffer: builder.build().tried("map the rings")?, batch })
    }

    /// Takes what waits, up to the limit of a batch, into `into`, which is cleared. True when more may
    /// be waiting.
    fn read(&mut self, into: &mut Batch) -> Result<bool, SensorError> {
        into.clear();
        let status = self.buffer.consume_raw();
        std::mem::swap(&mut *self.batch.lock().unwrap_or_else(PoisonError::into_inner), into);
        if status < 0 && status != ENOUGH {
            let source = libbpf_rs::Error::from_raw_os_error(-status);
            return Err(SensorError::Bpf { action: "read the rings", source });
        }
        Ok(status == ENOUGH)
    }
}
