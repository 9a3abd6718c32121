//! Medians, spreads, and how they are shown.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::proc::Memory;

/// Everything that was measured.
#[derive(Debug)]
pub(super) struct Report {
    execs: u32,
    host: Series,
    container: Series,
    host_cpu_ns: Vec<f64>,
    container_cpu_ns: Vec<f64>,
    peak_kib: u64,
    anonymous_kib: u64,
    latency_ns: Vec<f64>,
    calls: serde_json::Value,
}

/// Nanoseconds an exec, without and with driftd, and the slow-down of each pair in percent.
#[derive(Debug, Default)]
struct Series {
    without: Vec<f64>,
    with: Vec<f64>,
    slower: Vec<f64>,
}

impl Series {
    fn pair(&mut self, without: f64, with: f64) {
        self.without.push(without);
        self.with.push(with);
        self.slower.push((with / without - 1.0) * 100.0);
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "without_ns": median(&self.without),
            "with_ns": median(&self.with),
            "slower_percent": median(&self.slower),
            "slower_percent_spread": [quantile(&self.slower, 0.0), quantile(&self.slower, 1.0)],
            "pairs": self.slower,
        })
    }
}

impl Report {
    pub(super) fn new(execs: u32) -> Self {
        Self {
            execs,
            host: Series::default(),
            container: Series::default(),
            host_cpu_ns: Vec::new(),
            container_cpu_ns: Vec::new(),
            peak_kib: 0,
            anonymous_kib: 0,
            latency_ns: Vec::new(),
            calls: serde_json::Value::Null,
        }
    }

    /// One pair of runs: nanoseconds on the host and in the container.
    pub(super) fn pair(&mut self, without: (u64, u64), with: (u64, u64)) {
        let each = |ns: u64| ns as f64 / f64::from(self.execs);
        self.host.pair(each(without.0), each(with.0));
        self.container.pair(each(without.1), each(with.1));
    }

    /// driftd's own CPU time during the run on the host and the one in the container.
    pub(super) fn own_cpu(&mut self, host_ns: u64, container_ns: u64) {
        self.host_cpu_ns.push(host_ns as f64 / f64::from(self.execs));
        self.container_cpu_ns.push(container_ns as f64 / f64::from(self.execs));
    }

    /// What programs at system calls cost.
    pub(super) fn calls(&mut self, calls: serde_json::Value) {
        self.calls = calls;
    }

    pub(super) fn memory(&mut self, memory: &Memory) {
        self.peak_kib = self.peak_kib.max(memory.peak_kib);
        self.anonymous_kib = self.anonymous_kib.max(memory.anonymous_kib);
    }

    pub(super) fn latency(&mut self, ns: i64) {
        self.latency_ns.push(ns as f64);
    }

    pub(super) fn latency_count(&self) -> usize {
        self.latency_ns.len()
    }

    /// Writes it as JSON.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let report = json!({
            "kernel": kernel.trim(),
            "processors": std::thread::available_parallelism()?.get(),
            "execs_a_run": self.execs,
            "calls": self.calls,
            "host": self.host.json(),
            "container": self.container.json(),
            "own_cpu_ns_a_host_exec": median(&self.host_cpu_ns),
            "own_cpu_ns_a_container_exec": median(&self.container_cpu_ns),
            "peak_memory_kib": self.peak_kib,
            "anonymous_memory_kib": self.anonymous_kib,
            "latency_ns": {
                "count": self.latency_ns.len(),
                "p50": quantile(&self.latency_ns, 0.5),
                "p99": quantile(&self.latency_ns, 0.99),
                "max": quantile(&self.latency_ns, 1.0),
            },
        });
        Ok(fs::write(path, serde_json::to_vec_pretty(&report)?)?)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "fork + exec    without      with   slower (median of {} pairs, spread)",
            self.host.slower.len()
        )?;
        for (name, series) in [("host", &self.host), ("container", &self.container)] {
            writeln!(
                f,
                "{name:<10} {:>8.1} µs {:>6.1} µs {:>6.2} % ({:.2} to {:.2})",
                median(&series.without) / 1e3,
                median(&series.with) / 1e3,
                median(&series.slower),
                quantile(&series.slower, 0.0),
                quantile(&series.slower, 1.0),
            )?;
        }
        writeln!(
            f,
            "driftd's CPU   {:.2} µs a host exec, {:.2} µs a container exec",
            median(&self.host_cpu_ns) / 1e3,
            median(&self.container_cpu_ns) / 1e3
        )?;
        writeln!(
            f,
            "driftd's memory {:.1} MiB anonymous, {:.1} MiB peak with rings and program",
            self.anonymous_kib as f64 / 1024.0,
            self.peak_kib as f64 / 1024.0
        )?;
        writeln!(
            f,
            "exec to alert  p50 {:.3} ms, p99 {:.3} ms, of {} alerts",
            quantile(&self.latency_ns, 0.5) / 1e6,
            quantile(&self.latency_ns, 0.99) / 1e6,
            self.latency_ns.len()
        )
    }
}

pub(super) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value below which the share `at` of all lies (nearest rank); not a number when empty.
fn quantile(values: &[f64], at: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let rank = (at * last as f64).round() as usize;
    sorted.get(rank).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_sorted_values() {
        let values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!(quantile(&values, 0.0), 1.0);
        assert_eq!(median(&values), 3.0);
        assert_eq!(quantile(&values, 1.0), 5.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn the_slow_down_is_of_each_pair() {
        let mut report = Report::new(10);
        report.pair((100, 200), (110, 400));
        assert!((median(&report.host.slower) - 10.0).abs() < 1e-9);
        assert!((median(&report.container.slower) - 100.0).abs() < 1e-9);
    }
}
