//! The process that acted, and its ancestors.

use driftcore::event::Process;

use crate::event::driftcore_event;
use crate::guard::quiet;
use crate::handle;
use crate::sized;
use crate::sized::sized;
use crate::text::driftcore_text;

/// A process. Texts are borrowed from the event and may be any bytes. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_process {
    /// `sizeof(driftcore_process)`, set by the caller.
    pub size: usize,
    /// `comm`.
    pub name: driftcore_text,
    /// Its executable as the container sees it.
    pub exe: driftcore_text,
    /// Its working directory as the container sees it.
    pub cwd: driftcore_text,
    /// Its cgroup.
    pub cgroup: driftcore_text,
    /// How many arguments it has (`driftcore_event_argument`).
    pub argument_count: usize,
    /// How many ancestors are known (`driftcore_event_ancestor`).
    pub ancestor_count: usize,
    /// Process id on the host.
    pub pid: u32,
    /// Thread id on the host.
    pub tid: u32,
    /// Its parent's process id on the host.
    pub ppid: u32,
    /// Process id in the container.
    pub container_pid: u32,
    /// Real user id on the host.
    pub uid: u32,
    /// Real group id on the host.
    pub gid: u32,
    /// Audit login uid; UINT32_MAX when unset.
    pub loginuid: u32,
    /// Controlling terminal as the kernel encodes a device; 0 without one.
    pub tty: u32,
}

sized!(driftcore_process {
    name: driftcore_text,
    exe: driftcore_text,
    cwd: driftcore_text,
    cgroup: driftcore_text,
    argument_count: usize,
    ancestor_count: usize,
    pid: u32,
    tid: u32,
    ppid: u32,
    container_pid: u32,
    uid: u32,
    gid: u32,
    loginuid: u32,
    tty: u32,
} first: 120);

/// An ancestor of the process. Texts are borrowed from the event. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_ancestor {
    /// `sizeof(driftcore_ancestor)`, set by the caller.
    pub size: usize,
    /// `comm`.
    pub name: driftcore_text,
    /// Its executable.
    pub exe: driftcore_text,
    /// How many arguments it has (`driftcore_event_ancestor_argument`).
    pub argument_count: usize,
    /// Process id on the host.
    pub pid: u32,
    /// Zero.
    pub reserved: u32,
}

sized!(driftcore_ancestor {
    name: driftcore_text,
    exe: driftcore_text,
    argument_count: usize,
    pid: u32,
    reserved: u32,
} first: 56);

fn process_of<'a>(event: *const driftcore_event) -> Option<&'a Process> {
    handle::lend!(event)?.get().process.as_ref()
}

/// Fills a record, whose size is set, with the event's process, and returns 1; 0 when the event has
/// none, or for NULL or a wrong size; then the record
/// is all zero behind its size. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_event_process(
    event: *const driftcore_event,
    process: *mut driftcore_process,
) -> u32 {
    quiet(0, || {
        let filled = process_of(event).map(|of_event| driftcore_process {
            size: 0,
            name: (&of_event.name).into(),
            exe: (&of_event.exe).into(),
            cwd: (&of_event.cwd).into(),
            cgroup: (&of_event.cgroup).into(),
            argument_count: of_event.cmdline.len(),
            ancestor_count: of_event.ancestors.len(),
            pid: of_event.pid,
            tid: of_event.tid,
            ppid: of_event.ppid,
            container_pid: of_event.container_pid,
            uid: of_event.uid,
            gid: of_event.gid,
            loginuid: of_event.loginuid.unwrap_or(u32::MAX),
            tty: of_event.tty,
        });
        Some(sized::fill(process, filled))
    })
}

/// An argument of the event's process, the program's name at index 0. NULL, or no such index:
/// absent. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_event_argument(
    event: *const driftcore_event,
    index: usize,
) -> driftcore_text {
    quiet(driftcore_text::ABSENT, || Some(process_of(event)?.cmdline.get(index)?.into()))
}

/// Fills a record, whose size is set, with an ancestor, the parent at index 0, and returns 1; 0 when
/// there is no such one, or for NULL or a wrong size; then the record
/// is all zero behind its size. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_event_ancestor(
    event: *const driftcore_event,
    index: usize,
    ancestor: *mut driftcore_ancestor,
) -> u32 {
    quiet(0, || {
        let of_event = process_of(event).and_then(|process| process.ancestors.get(index));
        let filled = of_event.map(|of_event| driftcore_ancestor {
            size: 0,
            name: (&of_event.name).into(),
            exe: (&of_event.exe).into(),
            argument_count: of_event.cmdline.len(),
            pid: of_event.pid,
            reserved: 0,
        });
        Some(sized::fill(ancestor, filled))
    })
}

/// An argument of an ancestor. NULL, or no such ancestor or argument: absent. Any thread. Since
/// 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_event_ancestor_argument(
    event: *const driftcore_event,
    ancestor: usize,
    index: usize,
) -> driftcore_text {
    quiet(driftcore_text::ABSENT, || {
        Some(process_of(event)?.ancestors.get(ancestor)?.cmdline.get(index)?.into())
    })
}
