//! A process's use of processor and memory, from /proc.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

/// Memory of a process in KiB.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Memory {
    /// Highest resident set so far.
    pub(super) peak_kib: u64,
    /// Anonymous part of the resident set now: without ring buffers and the program's file.
    pub(super) anonymous_kib: u64,
}

/// Nanoseconds on a processor of all threads that still run (`/proc/PID/task/*/schedstat`).
pub(super) fn cpu_ns(pid: u32) -> Result<u64> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        sum += on_cpu(&task?.path())?;
    }
    Ok(sum)
}

/// Time on a processor of a process, what its threads took that have ended included, also when it has ended
/// itself and nobody has waited for it (`/proc/PID/stat`, in hundredths of a second).
pub(super) fn busy(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    ticks(&stat).map(|ticks| Duration::from_millis(ticks * 10)).context("a broken /proc/PID/stat")
}

/// User and system time, the 14th and 15th field; a name may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// Nanoseconds on a processor of the thread of that name.
pub(super) fn thread_cpu_ns(pid: u32, name: &str) -> Result<u64> {
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let task = task?.path();
        if fs::read_to_string(task.join("comm"))?.trim_end() == name {
            return on_cpu(&task);
        }
    }
    bail!("process {pid} has no thread {name}")
}

/// Of a directory of /proc.
fn on_cpu(task: &Path) -> Result<u64> {
    let schedstat = fs::read_to_string(task.join("schedstat"))?;
    Ok(schedstat.split(' ').next().context("an empty schedstat")?.parse()?)
}

pub(super) fn memory(pid: u32) -> Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    Ok(Memory { peak_kib: field(&status, "VmHWM:")?, anonymous_kib: field(&status, "RssAnon:")? })
}

fn field(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let line = line.with_context(|| format!("no {name} in /proc/PID/status"))?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_kib() {
        let status = "Name:\tx\nVmHWM:\t    5120 kB\nRssAnon:\t     12 kB\n";
        assert_eq!(field(status, "VmHWM:").unwrap(), 5120);
        assert_eq!(field(status, "RssAnon:").unwrap(), 12);
        assert!(field(status, "VmSwap:").is_err());
    }

    #[test]
    fn times_stand_behind_the_name() {
        assert_eq!(ticks("7 (a) b) S 1 1 1 0 -1 0 0 0 0 0 12 30 0 0"), Some(42));
        assert_eq!(ticks("7 (a"), None);
        assert_eq!(ticks("7 (a) S 1"), None);
    }

    #[test]
    fn this_process_has_used_a_processor_and_memory() {
        assert!(cpu_ns(std::process::id()).unwrap() > 0);
        assert!(memory(std::process::id()).unwrap().peak_kib > 0);
    }
}
