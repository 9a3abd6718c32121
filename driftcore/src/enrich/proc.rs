//! Reading /proc/PID, which races with exit and exec: what was read counts only when the process
//! is still the one that was meant.

use std::io::Read;

use procfs::process::Process;

use super::Program;

/// Clock ticks a second in /proc/PID/stat: USER_HZ, 100 on every architecture we know.
const NS_PER_TICK: u64 = 1_000_000_000 / 100;

/// Whether two start times are one for /proc.
pub(super) fn same_tick(one: u64, other: u64) -> bool {
    one / NS_PER_TICK == other / NS_PER_TICK
}

/// Longest command line that is read, as in the kernel's probe.
const ARGS_MAX: u64 = 4096;

/// A process on the host's side of the ancestry, which the sensor does not watch.
pub(super) struct HostProcess {
    pub(super) ppid: u32,
    pub(super) program: Program,
}

/// Opens /proc/PID if the process there started at `start_ns` (`CLOCK_BOOTTIME`). The directory
/// stays that process's: after its end, reads fail.
pub(crate) fn open(pid: u32, start_ns: u64) -> Option<Process> {
    let process = Process::new(pid.try_into().ok()?).ok()?;
    (process.stat().ok()?.starttime == start_ns / NS_PER_TICK).then_some(process)
}

/// The arguments of a running process, each ended by NUL, and whether there are more.
/// `None` when it is gone.
pub fn command_line(pid: u32, start_ns: u64) -> Option<(Vec<u8>, bool)> {
    let process = open(pid, start_ns)?;
    read_command_line(&process)
}

fn read_command_line(process: &Process) -> Option<(Vec<u8>, bool)> {
    let mut args = Vec::new();
    let file = process.open_relative("cmdline").ok()?;
    file.take(ARGS_MAX + 1).read_to_end(&mut args).ok()?;
    let more = args.len() as u64 > ARGS_MAX;
    args.truncate(usize::try_from(ARGS_MAX).unwrap_or(usize::MAX));
    Some((args, more))
}

/// A process that is no container's.
pub(super) fn host_process(pid: u32, start_ns: u64) -> Option<HostProcess> {
    use std::os::unix::ffi::OsStringExt;

    let process = open(pid, start_ns)?;
    let stat = process.stat().ok()?;
    // Another user's or the kernel's executable may not be readable: the name will do.
    let exe = process.exe().map(|path| path.into_os_string().into_vec()).unwrap_or_default();
    let args = read_command_line(&process).map(|(args, _)| args).unwrap_or_default();
    Some(HostProcess {
        ppid: u32::try_from(stat.ppid).unwrap_or(0),
        program: Program::new(stat.comm.into_bytes(), exe, args),
    })
}

/// When a process that runs now started, to the tick.
pub(super) fn start_of(pid: u32) -> Option<u64> {
    let stat = Process::new(pid.try_into().ok()?).ok()?.stat().ok()?;
    Some(stat.starttime.saturating_mul(NS_PER_TICK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_only_under_its_own_start_time() {
        let pid = std::process::id();
        let start = start_of(pid).unwrap();
        let (args, _) = command_line(pid, start).unwrap();
        assert!(!args.is_empty());
        assert!(command_line(pid, start + 5 * NS_PER_TICK).is_none());
        let me = host_process(pid, start).unwrap();
        assert_eq!(me.ppid, std::os::unix::process::parent_id());
        assert!(!me.program.exe().is_empty());
    }

    #[test]
    fn a_pid_that_is_none_reads_as_nothing() {
        assert!(command_line(u32::MAX, 1).is_none());
        assert!(host_process(0, 0).is_none());
    }
}
