//! What of the probes is loaded, how often, and with which constants and maps.

use std::mem::offset_of;
use std::os::fd::AsFd;

use driftcore_bpf::OBJECT;
use driftcore_bpf::types::rodata;
use libbpf_rs::Map;
use libbpf_rs::MapCore;
use libbpf_rs::Object;
use libbpf_rs::ObjectBuilder;
use libbpf_rs::OpenMapMut;
use libbpf_rs::OpenObject;
use libbpf_rs::ProgramType;
use libbpf_rs::btf::Btf;

use super::Features;
use super::HookSet;
use super::SensorError;
use super::SensorOptions;
use super::error::Tried;
use super::hooks;
use super::programs::BIND;
use super::programs::EXITS;
use super::programs::REACH;
use super::programs::SWEEP;
use super::programs::TCP;
use super::programs::TRIALS;
use super::uring;
use super::uring::Uring;

/// How often a probe is attached that a task may be preempted within (`DC_COPIES`).
const COPIES: usize = 4;
/// And one that interrupts come to: within itself, then.
const INTERRUPTED: usize = 2;

/// Need `bpf_find_vma`, which came in 5.17.
const FIND_VMA: [&str; 3] = ["call__protect", "call__mapped", "call__protect_code"];
/// Code that no exec names, at system calls: other sets than that of tracepoints see it elsewhere.
const CODE_AT_CALLS: [&str; 4] =
    ["call__mapped", "call__mapped_fd", "call__protect_code", "call__script"];

/// What is loaded on this kernel.
pub(super) struct Plan {
    pub(super) uring: Uring,
    options: SensorOptions,
    hooks: HookSet,
    /// How often a probe is attached that must miss nothing.
    copies: usize,
    overlay_layout: u32,
    signatures: Vec<u8>,
    find_vma: bool,
    cgroup_programs: bool,
}

impl Plan {
    pub(super) fn new(
        options: SensorOptions,
        features: &Features,
        hooks: HookSet,
        btf: &Btf<'_>,
    ) -> Self {
        Self {
            uring: match (hooks, options.follow_io_uring) {
                (HookSet::Tracepoint, true) => Uring::detect(),
                (HookSet::Tracepoint, false) => Uring::Rings,
                _ => Uring::beside_hooks(),
            },
            options,
            hooks,
            copies: if features.preempts_probes() { COPIES } else { 1 },
            overlay_layout: features.overlay_layout(),
            signatures: hooks::signatures(btf),
            find_vma: features.find_vma,
            cgroup_programs: ProgramType::CgroupSockAddr.is_supported().unwrap_or(false),
        }
    }

    /// How often the probes are loaded, as far as they have copies.
    pub(super) fn objects(&self) -> usize {
        self.copies.max(INTERRUPTED)
    }

    /// Loads a copy of the probes. Those after the first have its maps.
    pub(super) fn load(&self, copy: usize, first: Option<&Object>) -> Result<Object, SensorError> {
        let mut open = ObjectBuilder::default().open_memory(OBJECT).tried("read the probes")?;
        for mut program in open.progs_mut() {
            let name = program.name().to_string_lossy().into_owned();
            program.set_autoload(copy < self.copies_of(&name));
        }
        self.prepare_maps(&mut open, copy, first)?;
        open.load().tried("load the probes")
    }

    /// How often a program is loaded.
    fn copies_of(&self, name: &str) -> usize {
        let left_out = !self.hooks.has(name)
            || TRIALS.contains(&name)
            || (CODE_AT_CALLS.contains(&name) && self.hooks != HookSet::Tracepoint)
            || (FIND_VMA.contains(&name) && !self.find_vma)
            || (uring::PROBES.contains(&name) && !self.uring.probes().contains(&name))
            || (is_of_cgroups(name) && !self.cgroup_programs);
        if left_out {
            0
        } else if is_never_left_out(name) {
            1
        } else if name == TCP {
            self.copies.max(INTERRUPTED)
        } else {
            self.copies
        }
    }

    fn prepare_maps(
        &self,
        open: &mut OpenObject,
        copy: usize,
        first: Option<&Object>,
    ) -> Result<(), SensorError> {
        for mut map in open.maps_mut() {
            let name = map.name().to_os_string();
            if name.as_encoded_bytes().ends_with(b".rodata") {
                self.set_constants(&mut map, copy);
                continue;
            }
            let needed = match name.as_encoded_bytes() {
                b"pending" => self.hooks != HookSet::Tracepoint,
                b"protecting" => self.find_vma,
                b"requests" => matches!(self.uring, Uring::Requests(_)),
                b"reached" => self.cgroup_programs,
                _ => true,
            };
            let of_first = first.and_then(|it| it.maps().find(|map| map.name() == name));
            match (needed, of_first) {
                (false, _) => map.set_autocreate(false).tried("leave a map out")?,
                (true, None) => self.size(&mut map)?,
                (true, Some(shared)) => share(&mut map, &shared)?,
            }
        }
        Ok(())
    }

    fn set_constants(&self, map: &mut OpenMapMut<'_>, copy: usize) {
        let Some(constants) = map.initial_value_mut() else { return };
        let mut set = |at: usize, value: u32| {
            if let Some(place) = constants.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
                *place = value.to_ne_bytes();
            }
        };
        set(offset_of!(rodata, overlay_layout), self.overlay_layout);
        set(offset_of!(rodata, copies), self.copies as u32);
        set(offset_of!(rodata, this_copy), copy as u32);
        set(offset_of!(rodata, asks_once), u32::from(self.hooks == HookSet::Lsm));
        set(offset_of!(rodata, has_hooks), u32::from(self.hooks != HookSet::Tracepoint));
        let at = offset_of!(rodata, signatures);
        if let Some(place) = constants.get_mut(at..at + self.signatures.len()) {
            place.copy_from_slice(&self.signatures);
        }
    }

    /// Gives a map its size, where that is not always the same.
    fn size(&self, map: &mut OpenMapMut<'_>) -> Result<(), SensorError> {
        // Programs of the fentry and LSM sets are preempted on any kernel.
        let levels = if self.hooks == HookSet::Tracepoint { self.copies } else { COPIES };
        let size = match map.name().as_encoded_bytes() {
            b"scratch" => map.max_entries() / COPIES as u32 * levels as u32,
            b"exec_ring" => self.options.exec_ring,
            b"life_ring" => self.options.life_ring,
            b"bulk_ring" => self.options.bulk_ring,
            _ => return Ok(()),
        };
        map.set_max_entries(size).tried("size a map")
    }
}

fn share(map: &mut OpenMapMut<'_>, shared: &Map<'_>) -> Result<(), SensorError> {
    map.reuse_fd(shared.as_fd()).tried("share a map of the probes")
}

/// Whether a program is attached to a control group.
fn is_of_cgroups(name: &str) -> bool {
    BIND.iter().chain(&REACH).any(|it| *it == name)
}

/// Whether the kernel runs a program whatever else is at work on its processor: it looks for that at the
/// start of tracing programs alone, not of hooks of the LSM, of programs of control groups, nor of such as
/// others hand over to.
fn is_never_left_out(name: &str) -> bool {
    name.starts_with("lsm__")
        || name == SWEEP
        || is_of_cgroups(name)
        || EXITS.iter().any(|names| names.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(copies: usize, hooks: HookSet) -> Plan {
        Plan {
            uring: Uring::Rings,
            options: SensorOptions::default(),
            hooks,
            copies,
            overlay_layout: 3,
            signatures: Vec::new(),
            find_vma: true,
            cgroup_programs: true,
        }
    }

    #[test]
    fn what_is_left_out_while_it_is_at_work_has_copies() {
        let plan = plan(4, HookSet::Lsm);
        for name in ["process__exec", "process__exit", "call__exit", "vfs__open_end", TCP] {
            assert_eq!(plan.copies_of(name), 4, "{name}");
        }
        for name in ["lsm__open", "call__named", "process__sweep", "datagram__bind4"] {
            assert_eq!(plan.copies_of(name), 1, "{name}");
        }
        assert_eq!(plan.objects(), 4);
    }

    #[test]
    fn where_nothing_preempts_probes_interrupts_alone_do() {
        let plan = plan(1, HookSet::Fentry);
        assert_eq!(plan.copies_of("process__exec"), 1);
        assert_eq!(plan.copies_of("vfs__open"), 1);
        assert_eq!(plan.copies_of(TCP), 2);
        assert_eq!(plan.objects(), 2);
    }

    #[test]
    fn what_another_set_has_is_not_loaded() {
        let plan = plan(4, HookSet::Tracepoint);
        for name in ["lsm__open", "vfs__open", "vfs__open_end", "vfs__trial", "uring__submit"] {
            assert_eq!(plan.copies_of(name), 0, "{name}");
        }
        assert_eq!(plan.copies_of("uring__create"), 4);
    }
}
