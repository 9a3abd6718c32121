//! The compiled probes: which of them are loaded, and where each is attached.

use std::ffi::OsStr;
use std::io;
use std::mem::offset_of;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use driftcore_bpf::OBJECT;
use driftcore_bpf::types::rodata;
use libbpf_rs::Link;
use libbpf_rs::MapCore;
use libbpf_rs::MapFlags;
use libbpf_rs::MapHandle;
use libbpf_rs::Object;
use libbpf_rs::ObjectBuilder;
use libbpf_rs::OpenObject;
use libbpf_rs::ProgramMut;
use libbpf_rs::ProgramType;
use libbpf_rs::btf::Btf;

use super::Features;
use super::HookSet;
use super::SensorError;
use super::SensorOptions;
use super::error::Tried;
use super::hooks;
use super::log::quietly;
use super::uring;
use super::uring::Uring;

/// Always attached: process life, and the iterator over what already runs.
const CORE: [&str; 3] = ["process__fork", "process__exit", "process__exec"];
/// Programs that `call__exit` hands over to, by their place in the `exits` map (`enum
/// dc_exit_program`); of each the first that is loaded.
const EXITS: [&[&str]; 7] = [
    &["call__named"],
    &["call__protect"],
    &["call__other"],
    &["call__mapped", "call__mapped_fd"],
    &["call__protect_code"],
    &["call__script"],
    &["call__unix"],
];
/// Need `bpf_find_vma`, which came in 5.17.
const FIND_VMA: [&str; 3] = ["call__protect", "call__mapped", "call__protect_code"];
/// Code that no exec names, at system calls: other sets than that of tracepoints see it elsewhere.
const CODE_AT_CALLS: [&str; 4] =
    ["call__mapped", "call__mapped_fd", "call__protect_code", "call__script"];
const SWEEP: &str = "process__sweep";

/// TCP sockets that begin to listen or to connect, and how that ends.
pub(super) const TCP: &str = "network__state";
/// At the root of the unified hierarchy: who binds a UDP socket.
pub(super) const BIND: [&str; 4] =
    ["datagram__bind4", "datagram__bind6", "datagram__bound4", "datagram__bound6"];
/// And who sends a first datagram where to.
pub(super) const REACH: [&str; 4] =
    ["datagram__connect4", "datagram__connect6", "datagram__send4", "datagram__send6"];

/// Do nothing: whether the kernel takes programs of a set is seen by them, and costs next to nothing.
const TRIALS: [&str; 2] = ["lsm__trial", "vfs__trial"];

/// The loaded probes.
#[derive(Debug)]
pub(super) struct Programs {
    object: Object,
    uring: Uring,
    /// How often a probe is attached that must miss nothing.
    copies: usize,
}

/// How the names of a probe's copies end (`DC_COPIES`).
const COPIES: [&str; 4] = ["", "_2", "_3", "_4"];

/// How often a probe is attached where those that must miss nothing are so many times.
fn copies_of(name: &str, copies: usize) -> usize {
    // Comes in interrupts too, and so within itself.
    if name == TCP { copies.max(2) } else { copies }
}

/// Whether a program is one copy too many.
fn is_spare(program: &str, copies: usize) -> bool {
    let mut ends = COPIES.iter().enumerate().skip(1);
    ends.any(|(number, end)| {
        program.strip_suffix(end).is_some_and(|name| number >= copies_of(name, copies))
    })
}

/// An attached probe: its links, and a descriptor of each copy's program.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) name: &'static str,
    copies: Vec<(Link, OwnedFd)>,
}

impl Programs {
    pub(super) fn load(
        options: SensorOptions,
        features: &Features,
        hooks: HookSet,
    ) -> Result<Self, SensorError> {
        let btf = Btf::from_vmlinux().tried("read the kernel's types")?;
        if let Some(reason) = hooks.obstacle(features, &btf) {
            return Err(SensorError::NoHookSet { set: hooks, reason });
        }
        try_hooks(hooks)?;
        let mut open = ObjectBuilder::default().open_memory(OBJECT).tried("read the probes")?;
        let copies = if features.preempts_probes() { COPIES.len() } else { 1 };
        // Programs of the fentry and LSM sets are preempted on any kernel.
        let levels = if hooks == HookSet::Tracepoint { copies } else { COPIES.len() };
        size_maps(&mut open, options, levels)?;
        for mut map in open.maps_mut() {
            if map.name().as_encoded_bytes().ends_with(b".rodata")
                && let Some(constants) = map.initial_value_mut()
            {
                let mut set = |at: usize, value: u32| {
                    if let Some(place) = constants.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
                        *place = value.to_ne_bytes();
                    }
                };
                set(offset_of!(rodata, overlay_layout), features.overlay_layout());
                set(offset_of!(rodata, has_copies), u32::from(copies > 1));
                set(offset_of!(rodata, has_hooks), u32::from(hooks != HookSet::Tracepoint));
                let signatures = hooks::signatures(&btf);
                let at = offset_of!(rodata, signatures);
                if let Some(place) = constants.get_mut(at..at + signatures.len()) {
                    place.copy_from_slice(&signatures);
                }
            }
        }
        let uring = match (hooks, options.follow_io_uring) {
            (HookSet::Tracepoint, true) => Uring::detect(),
            (HookSet::Tracepoint, false) => Uring::Rings,
            _ => Uring::beside_hooks(),
        };
        for mut program in open.progs_mut() {
            let name = program.name().to_string_lossy().into_owned();
            let left_out = !hooks.has(&name)
                || TRIALS.contains(&&*name)
                || (CODE_AT_CALLS.contains(&&*name) && hooks != HookSet::Tracepoint)
                || (FIND_VMA.contains(&&*name) && !features.find_vma)
                || (uring::PROBES.contains(&&*name) && !uring.probes().contains(&&*name))
                || is_spare(&name, copies);
            if left_out {
                program.set_autoload(false);
            }
        }
        let has_cgroup_programs = has_cgroup_programs();
        if !has_cgroup_programs {
            for mut program in open.progs_mut() {
                let of_cgroups = BIND.iter().chain(&REACH).any(|name| program.name() == *name);
                if of_cgroups {
                    program.set_autoload(false);
                }
            }
        }
        for mut map in open.maps_mut() {
            let needed = match map.name().as_encoded_bytes() {
                b"pending" => hooks != HookSet::Tracepoint,
                b"protecting" => features.find_vma,
                b"requests" => matches!(uring, Uring::Requests(_)),
                b"reached" => has_cgroup_programs,
                _ => continue,
            };
            map.set_autocreate(needed).tried("leave a map out")?;
        }
        let programs = Self { object: open.load().tried("load the probes")?, uring, copies };
        programs.fill_exits()?;
        Ok(programs)
    }

    /// What is not loaded is not called.
    fn fill_exits(&self) -> Result<(), SensorError> {
        let exits = self.map("exits")?;
        for (index, names) in (0_u32..).zip(EXITS) {
            for name in names {
                let descriptor = self.program(name)?.as_fd().as_raw_fd();
                if descriptor >= 0 {
                    exits
                        .update(&index.to_ne_bytes(), &descriptor.to_ne_bytes(), MapFlags::ANY)
                        .tried("tell the probes of each other")?;
                    break;
                }
            }
        }
        Ok(())
    }

    /// The map of this name, held open by itself.
    pub(super) fn map(&self, name: &str) -> Result<MapHandle, SensorError> {
        self.map_where(name, |found| found == name)
    }

    /// The map of the probes' global variables; before its name stands the object's.
    pub(super) fn globals(&self) -> Result<MapHandle, SensorError> {
        self.map_where(".bss", |found| found.as_encoded_bytes().ends_with(b".bss"))
    }

    fn map_where(
        &self,
        name: &str,
        is_it: impl Fn(&OsStr) -> bool,
    ) -> Result<MapHandle, SensorError> {
        let found = self.object.maps().find(|map| is_it(map.name()));
        let map = found.ok_or_else(|| missing(name)).tried("find a map of the probes")?;
        MapHandle::try_from(&map).tried("keep a map of the probes open")
    }

    fn program(&self, name: &str) -> Result<ProgramMut<'_>, SensorError> {
        let found = self.object.progs_mut().find(|program| program.name() == name);
        found.ok_or_else(|| missing(name)).tried("find a probe")
    }

    /// The probes that see what is done through `io_uring`.
    pub(super) fn uring_probes(&self) -> &'static [&'static str] {
        self.uring.probes()
    }

    /// Attaches what is always attached.
    pub(super) fn attach_core(&self) -> Result<Vec<Probe>, SensorError> {
        CORE.into_iter().map(|name| self.attach(name)).collect()
    }

    pub(super) fn attach(&self, name: &'static str) -> Result<Probe, SensorError> {
        let copies = copies_of(name, self.copies);
        let names = COPIES.iter().take(copies).map(|end| format!("{name}{end}"));
        // Not every probe has copies.
        let names = names.filter(|copy| *copy == name || self.program(copy).is_ok());
        let copies = names.map(|copy| {
            let program = self.program(&copy)?;
            let descriptor = program.as_fd().try_clone_to_owned().tried("keep a probe open")?;
            Ok((program.attach().tried("attach a probe")?, descriptor))
        });
        Ok(Probe { name, copies: copies.collect::<Result<_, SensorError>>()? })
    }

    /// Attaches a program to a control group. Others that are attached there stay.
    pub(super) fn attach_to_cgroup(
        &self,
        name: &'static str,
        cgroup: BorrowedFd<'_>,
    ) -> Result<Probe, SensorError> {
        let program = self.program(name)?;
        if program.as_fd().as_raw_fd() < 0 {
            let none = io::Error::new(io::ErrorKind::Unsupported, "it was not loaded");
            return Err(none).tried("attach a probe to a control group");
        }
        let descriptor = program.as_fd().try_clone_to_owned().tried("keep a probe open")?;
        let link =
            program.attach_cgroup(cgroup.as_raw_fd()).tried("attach a probe to a control group")?;
        Ok(Probe { name, copies: vec![(link, descriptor)] })
    }

    /// Attaches the iterator over what already runs.
    pub(super) fn attach_sweep(&self) -> Result<Link, SensorError> {
        self.program(SWEEP)?.attach().tried("attach the task iterator")
    }
}

impl Probe {
    /// Runs that the kernel left out because the same probe was already running on that processor
    /// (counted from 5.12 on). Of a probe with copies the most that all of them can have missed.
    pub(super) fn recursion_misses(&self) -> u64 {
        self.copies.iter().map(|(_, program)| misses(program)).min().unwrap_or(0)
    }
}

fn misses(program: &OwnedFd) -> u64 {
    std::fs::read_to_string(format!("/proc/self/fdinfo/{}", program.as_raw_fd()))
        .ok()
        .and_then(|info| {
            let line = info.lines().find_map(|line| line.strip_prefix("recursion_misses:"))?;
            line.trim().parse().ok()
        })
        .unwrap_or(0)
}

/// Whether the kernel lets a program of this set in, asked of one that does nothing.
fn try_hooks(set: HookSet) -> Result<(), SensorError> {
    let trial = match set {
        HookSet::Lsm => "lsm__trial",
        HookSet::Fentry => "vfs__trial",
        HookSet::Tracepoint => return Ok(()),
    };
    let tried = || {
        let mut open = ObjectBuilder::default().open_memory(OBJECT)?;
        for mut map in open.maps_mut() {
            map.set_autocreate(false)?;
        }
        for mut program in open.progs_mut() {
            let is_it = program.name() == trial;
            program.set_autoload(is_it);
        }
        let object = open.load()?;
        let program = object.progs_mut().find(|program| program.name() == trial);
        program.map(|program| program.attach()).transpose()
    };
    quietly(tried).map(drop).map_err(|error: libbpf_rs::Error| {
        let reason = format!("the kernel does not take its programs: {error}");
        SensorError::NoHookSet { set, reason }
    })
}

/// Gives the maps their sizes, as far as those are not always the same.
fn size_maps(
    open: &mut OpenObject,
    options: SensorOptions,
    levels: usize,
) -> Result<(), SensorError> {
    for mut map in open.maps_mut() {
        let size = match map.name().as_encoded_bytes() {
            b"scratch" => map.max_entries() / COPIES.len() as u32 * levels as u32,
            b"exec_ring" => options.exec_ring,
            b"life_ring" => options.life_ring,
            b"bulk_ring" => options.bulk_ring,
            _ => continue,
        };
        map.set_max_entries(size).tried("size a map")?;
    }
    Ok(())
}

/// Whether control groups may have programs.
fn has_cgroup_programs() -> bool {
    ProgramType::CgroupSockAddr.is_supported().unwrap_or(false)
}

fn missing(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("the probes have no {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_left_out_where_none_is_needed() {
        assert!(!is_spare("process__exec", 1) && is_spare("process__exec_2", 1));
        assert!(!is_spare("process__exec_4", 4));
        assert!(!is_spare("network__state_2", 1) && is_spare("network__state_3", 1));
        assert!(!is_spare("network__state_4", 4));
    }
}
