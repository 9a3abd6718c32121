//! The probes, loaded and attached.

use std::mem::MaybeUninit;
use std::mem::offset_of;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use driftcore_bpf::DriftcoreSkelBuilder;
use driftcore_bpf::types::bss;
use libbpf_rs::Link;
use libbpf_rs::MapCore;
use libbpf_rs::MapFlags;
use libbpf_rs::MapHandle;
use libbpf_rs::RingBuffer;
use libbpf_rs::RingBufferBuilder;
use libbpf_rs::skel::OpenSkel;
use libbpf_rs::skel::SkelBuilder;

use super::Batch;
use super::Features;
use super::SensorError;
use super::error::Tried;
use super::sweep;
use crate::event::LossReason;

/// Sizes of the rings, in bytes; each a power of two and at least a page. A ring's pages count
/// twice in the resident set of its reader (they are mapped twice, one behind the other).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SensorOptions {
    /// For execs: 336 bytes each and its strings. Default 8 MiB: some 16,000 execs.
    pub exec_ring: u32,
    /// For forks and exits: 56 bytes each. Default 2 MiB.
    pub life_ring: u32,
}

impl Default for SensorOptions {
    fn default() -> Self {
        Self { exec_ring: 8 << 20, life_ring: 2 << 20 }
    }
}

/// What the kernel side could not hand over since the sensor was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    counts: [u64; REASONS.len()],
}

/// In the order of `enum dc_loss`; the last one is counted by the kernel itself.
const REASONS: [LossReason; 5] = [
    LossReason::ExecRing,
    LossReason::LifeRing,
    LossReason::TaskTable,
    LossReason::ContainerTable,
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
        Self { counts }
    }

    /// True when nothing was lost.
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|&count| count == 0)
    }
}

/// The attached probes. Dropping it detaches and unloads them: nothing is pinned.
#[derive(Debug)]
pub struct Sensor {
    rings: RingBuffer<'static>,
    batch: Arc<Mutex<Batch>>,
    exec_ring: MapHandle,
    life_ring: MapHandle,
    promise: MapHandle,
    losses: MapHandle,
    containers: MapHandle,
    sweep: Link,
    probes: Vec<Probe>,
}

/// An attached probe and a descriptor of its program.
#[derive(Debug)]
struct Probe {
    _link: Link,
    program: OwnedFd,
}

/// What the ring callback returns to make libbpf stop reading: the batch has enough. The record
/// at hand has been taken by then.
const ENOUGH: i32 = -105; // ENOBUFS

impl Sensor {
    /// Loads the probes and attaches them.
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

        let mut storage = MaybeUninit::uninit();
        let mut open =
            DriftcoreSkelBuilder::default().open(&mut storage).tried("read the probes")?;
        open.maps.exec_ring.set_max_entries(options.exec_ring).tried("size the exec ring")?;
        open.maps.life_ring.set_max_entries(options.life_ring).tried("size the life ring")?;
        if let Some(constants) = open.maps.rodata_data.as_deref_mut() {
            constants.overlay_layout = features.overlay_layout();
        }
        let skel = open.load().tried("load the probes")?;

        // What the host is must be known before the first probe runs.
        let sweep = skel.progs.process__sweep.attach().tried("attach the task iterator")?;
        find_host(&skel.maps.bss, &sweep)?;

        let batch = Arc::new(Mutex::new(Batch::new()));
        let handle = |map: &libbpf_rs::MapMut<'_>| {
            MapHandle::try_from(map).tried("keep a map of the probes open")
        };
        // The rings outlive the skeleton, so they are read through handles of their own. The life
        // ring comes first: a fork is read before the exec that follows it.
        let life_ring = handle(&skel.maps.life_ring)?;
        let exec_ring = handle(&skel.maps.exec_ring)?;
        let rings = open_rings(&[&life_ring, &exec_ring], &batch)?;

        let mut probes = Vec::new();
        for probe in
            [&skel.progs.process__fork, &skel.progs.process__exit, &skel.progs.process__exec]
        {
            let program = probe.as_fd().try_clone_to_owned().tried("keep a probe open")?;
            probes.push(Probe { _link: probe.attach().tried("attach a probe")?, program });
        }
        Ok(Self {
            rings,
            batch,
            exec_ring,
            life_ring,
            promise: handle(&skel.maps.promise)?,
            losses: handle(&skel.maps.losses)?,
            containers: handle(&skel.maps.containers)?,
            sweep,
            probes,
        })
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

    /// Takes what waits in the rings, up to the limit of a batch, into `into`, which is cleared.
    /// Returns true when more may be waiting.
    ///
    /// # Errors
    ///
    /// [`SensorError::Bpf`] when the rings cannot be read at all.
    pub fn read(&mut self, into: &mut Batch) -> Result<bool, SensorError> {
        into.clear();
        let status = self.rings.consume_raw();
        // Nobody else holds this lock: it carries the batch out of libbpf's callback.
        std::mem::swap(&mut *self.batch.lock().unwrap_or_else(PoisonError::into_inner), into);
        if status < 0 && status != ENOUGH {
            let source = libbpf_rs::Error::from_raw_os_error(-status);
            return Err(SensorError::Bpf { action: "read the rings", source });
        }
        Ok(status == ENOUGH)
    }

    /// Promises to read again before `until_boot_ns` (`CLOCK_BOOTTIME`), whether woken or not. Until
    /// then the execution of code from the image wakes nobody: a wake-up costs an exec more than
    /// everything else that the probe does.
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
        counts[REASONS.len() - 1] =
            self.probes.iter().map(|probe| recursion_misses(probe.program.as_fd())).sum();
        Ok(Losses { counts })
    }

    /// Forgets a container that has ended, in the kernel's table.
    pub fn forget_container(&self, container: u64) {
        // Not there any more is as good as deleted.
        let _ = self.containers.delete(&container.to_ne_bytes());
    }
}

/// Lets the iterator look for the host's mount namespace and root. The globals are set by system
/// calls, not through the skeleton's mapping: the kernel changes them while Rust must believe that
/// nobody does.
fn find_host(globals: &libbpf_rs::MapMut<'_>, sweep: &Link) -> Result<(), SensorError> {
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

/// Runs that the kernel left out because the same probe was already running on that processor
/// (counted from 5.12 on).
fn recursion_misses(program: BorrowedFd<'_>) -> u64 {
    std::fs::read_to_string(format!("/proc/self/fdinfo/{}", program.as_raw_fd()))
        .ok()
        .and_then(|info| {
            let line = info.lines().find_map(|line| line.strip_prefix("recursion_misses:"))?;
            line.trim().parse().ok()
        })
        .unwrap_or(0)
}

fn open_rings(
    maps: &[&MapHandle],
    batch: &Arc<Mutex<Batch>>,
) -> Result<RingBuffer<'static>, SensorError> {
    let mut builder = RingBufferBuilder::new();
    for &map in maps {
        let batch = Arc::clone(batch);
        let take = move |record: &[u8]| {
            let mut batch = batch.lock().unwrap_or_else(PoisonError::into_inner);
            batch.push(record);
            if batch.is_full() { ENOUGH } else { 0 }
        };
        builder.add(map, take).tried("open a ring")?;
    }
    builder.build().tried("map the rings")
}
