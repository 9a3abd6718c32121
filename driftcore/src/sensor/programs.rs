//! The compiled probes: which of them are loaded, and where each is attached.

use std::ffi::OsStr;
use std::io;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use driftcore_bpf::OBJECT;
use libbpf_rs::Link;
use libbpf_rs::MapCore;
use libbpf_rs::MapFlags;
use libbpf_rs::MapHandle;
use libbpf_rs::Object;
use libbpf_rs::ObjectBuilder;
use libbpf_rs::ProgramMut;
use libbpf_rs::btf::Btf;

use super::Features;
use super::HookSet;
use super::SensorError;
use super::SensorOptions;
use super::error::Tried;
use super::log::quietly;
use super::plan::Plan;
use super::uring::Uring;

/// Always attached: process life, and the iterator over what already runs.
const CORE: [&str; 3] = ["process__fork", "process__exit", "process__exec"];
/// Programs that `call__exit` hands over to, by their place in the `exits` map (`enum
/// dc_exit_program`); of each the first that is loaded.
pub(super) const EXITS: [&[&str]; 7] = [
    &["call__named"],
    &["call__protect"],
    &["call__other"],
    &["call__mapped", "call__mapped_fd"],
    &["call__protect_code"],
    &["call__script"],
    &["call__unix"],
];
/// The iterator over what already runs.
pub(super) const SWEEP: &str = "process__sweep";

/// TCP sockets that begin to listen or to connect, and how that ends.
pub(super) const TCP: &str = "network__state";
/// At the root of the unified hierarchy: who binds a UDP socket.
pub(super) const BIND: [&str; 4] =
    ["datagram__bind4", "datagram__bind6", "datagram__bound4", "datagram__bound6"];
/// And who sends a first datagram where to.
pub(super) const REACH: [&str; 4] =
    ["datagram__connect4", "datagram__connect6", "datagram__send4", "datagram__send6"];

/// Do nothing: whether the kernel takes programs of a set is seen by them, and costs next to nothing.
pub(super) const TRIALS: [&str; 2] = ["lsm__trial", "vfs__trial"];

/// The loaded probes.
#[derive(Debug)]
pub(super) struct Programs {
    object: Object,
    /// The same again, as far as it is attached several times over: with the same maps.
    copies: Vec<Object>,
    uring: Uring,
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
        let plan = Plan::new(options, features, hooks, &btf);
        let object = plan.load(0, None)?;
        let copies = (1..plan.objects()).map(|copy| plan.load(copy, Some(&object)));
        let copies = copies.collect::<Result<_, _>>()?;
        let programs = Self { object, copies, uring: plan.uring };
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
        let copies = self.copies.iter().filter_map(|object| loaded(object, name));
        let programs = std::iter::once(self.program(name)?).chain(copies);
        let attach = |program: ProgramMut<'_>| {
            let descriptor = program.as_fd().try_clone_to_owned().tried("keep a probe open")?;
            Ok((program.attach().tried("attach a probe")?, descriptor))
        };
        Ok(Probe { name, copies: programs.map(attach).collect::<Result<_, SensorError>>()? })
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

/// The program of this name, if it is loaded.
fn loaded<'a>(object: &'a Object, name: &str) -> Option<ProgramMut<'a>> {
    let found = object.progs_mut().find(|program| program.name() == name);
    found.filter(|program| program.as_fd().as_raw_fd() >= 0)
}

fn missing(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("the probes have no {name}"))
}
