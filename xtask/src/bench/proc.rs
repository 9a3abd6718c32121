//! A process's use of processor and memory, from /proc.

use std::fs;
use std::path::Path;

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
    fn this_process_has_used_a_processor_and_memory() {
        assert!(cpu_ns(std::process::id()).unwrap() > 0);
        assert!(memory(std::process::id()).unwrap().peak_kib > 0);
    }
}
