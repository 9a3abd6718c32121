//! Limits.

use crate::config::compare::declaration::Sides;
use crate::config::declared::Bundle;
use crate::config::declared::DockerHost;
use crate::config::declared::DockerThrottle;

pub(super) fn compare(bundle: &Bundle, host: &DockerHost, sides: &mut Sides<'_>) {
    let resources = &bundle.linux.resources;
    sides.number("Memory", resources.memory.limit, host.memory);
    sides.number("MemoryReservation", resources.memory.reservation, host.memory_reservation);
    if resources.memory.swap.is_some() || host.memory > 0 {
        sides.number("MemorySwap", resources.memory.swap, host.memory_swap);
    }
    sides.flag("OomKillDisable", resources.memory.disable_oom_killer, host.oom_kill_disable);
    let number = |number: Option<u64>| number.and_then(|it| i64::try_from(it).ok());
    let shares = number(Some(host.cpu_shares)).unwrap_or(0);
    sides.number("CpuShares", number(resources.cpu.shares), shares);
    // Docker makes a quota for a period of 100 ms of a number of processors.
    let (name, quota, period) = if host.nano_cpus > 0 {
        ("NanoCpus", host.nano_cpus / 10_000, 100_000)
    } else {
        ("CpuQuota", host.cpu_quota, i64::try_from(host.cpu_period).unwrap_or(0))
    };
    sides.number(name, resources.cpu.quota, quota);
    if quota > 0 && period > 0 {
        sides.number("CpuPeriod", number(resources.cpu.period), period);
    }
    let cpus = |text: &Option<String>| text.clone().unwrap_or_default();
    sides.push("CpusetCpus", cpus(&resources.cpu.cpus), host.cpuset_cpus.as_str());
    sides.push("CpusetMems", cpus(&resources.cpu.mems), host.cpuset_mems.as_str());
    sides.number("PidsLimit", resources.pids.limit, host.pids_limit);
    let adjusted = bundle.process.oom_score_adj.unwrap_or(0).to_string();
    sides.push("OomScoreAdj", adjusted, host.oom_score_adj.to_string());
    for limit in &host.ulimits {
        let name = format!("RLIMIT_{}", limit.name.to_ascii_uppercase());
        let of_bundle = bundle.process.rlimits.iter().find(|it| it.r#type == name);
        // Docker writes -1 for no limit, the bundle its unsigned form.
        #[allow(clippy::cast_possible_wrap)]
        let text = |soft: u64, hard: u64| format!("{}:{}", soft as i64, hard as i64);
        sides.push(
            &format!("Ulimits.{}", limit.name),
            of_bundle.map_or("none".to_owned(), |it| text(it.soft, it.hard)),
            format!("{}:{}", limit.soft, limit.hard),
        );
    }
    disks(bundle, host, sides);
}

/// Docker names disks by paths of the host and the bundle by their numbers: the rates are compared.
fn disks(bundle: &Bundle, host: &DockerHost, sides: &mut Sides<'_>) {
    let io = &bundle.linux.resources.block_io;
    let weight = io.weight.and_then(|it| i64::try_from(it).ok());
    sides.number("BlkioWeight", weight, host.blkio_weight);
    let bundle = rates(io.weight_device.iter().map(|it| it.weight));
    let weights = rates(host.blkio_weight_device.iter().map(|it| it.weight));
    sides.push("BlkioWeightDevice", bundle, weights);
    let of = |list: &[DockerThrottle]| rates(list.iter().map(|it| it.rate));
    for (name, bundle, file) in [
        ("BlkioDeviceReadBps", &io.throttle_read_bps_device, &host.blkio_device_read_bps),
        ("BlkioDeviceWriteBps", &io.throttle_write_bps_device, &host.blkio_device_write_bps),
        ("BlkioDeviceReadIOps", &io.throttle_read_iops_device, &host.blkio_device_read_iops),
        ("BlkioDeviceWriteIOps", &io.throttle_write_iops_device, &host.blkio_device_write_iops),
    ] {
        sides.push(name, rates(bundle.iter().map(|it| it.rate)), of(file));
    }
}

fn rates(rates: impl Iterator<Item = u64>) -> String {
    let mut rates: Vec<u64> = rates.collect();
    rates.sort_unstable();
    let texts: Vec<String> = rates.iter().map(u64::to_string).collect();
    if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
}
