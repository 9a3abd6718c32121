//! `driftd doctor`.

mod hooks;

use std::io::Write;
use std::process::ExitCode;

use driftcore::sensor::Features;
use driftcore::sensor::HookSet;
use serde_json::Value;
use serde_json::json;

use self::hooks::Asked;
use crate::FAILED;
use crate::cli::DoctorArguments;
use crate::cli::Format;
use crate::config::Config;

pub(crate) fn doctor(arguments: &DoctorArguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.common)?;
    let roots = config.state_roots();
    let sensor = config.sensor();
    let forced = arguments.hooks.or(sensor.hooks);
    let sets = forced.map_or_else(|| HookSet::ALL.to_vec(), |set| vec![set]);
    let asked: Vec<Asked> = sets.into_iter().map(|set| Asked::ask(set, sensor)).collect();
    // After the self-test: its scratch mount brings the overlay module in.
    let features = Features::detect();
    let best = asked.iter().find(|asked| asked.proved());
    let exists =
        |path: &std::path::Path| roots.host.join(path.strip_prefix("/").unwrap_or(path)).exists();
    let containerd = roots.containerd.iter().map(|roots| &roots.state);
    let runtimes: Vec<(&str, &std::path::Path, bool)> = roots
        .docker
        .iter()
        .map(|path| ("docker", path))
        .chain(containerd.map(|path| ("containerd", path)))
        .chain(roots.storage.iter().map(|path| ("containers/storage", path)))
        .map(|(name, path)| (name, path.as_path(), exists(path)))
        .collect();

    let mut out = std::io::stdout().lock();
    match arguments.format {
        Format::Json => {
            let report = json!({
                "version": 1,
                "kernel": {
                    "release": features.release,
                    "btf": features.btf,
                    "overlay": features.overlay,
                    "overlay_btf": features.overlay_btf,
                    "unified_cgroups": features.unified_cgroups,
                    "bpf_lsm": features.bpf_lsm,
                    "uring_requests": features.uring_requests,
                    "io_threads": features.io_threads,
                    "find_vma": features.find_vma,
                    "missing_capabilities": features.missing_capabilities,
                },
                "hooks": asked.iter().map(|it| it.to_json(&features)).collect::<Vec<Value>>(),
                "hook_set": best.map(|asked| asked.set.name()),
                "runtimes": runtimes
                    .iter()
                    .map(|(name, path, found)| json!({"runtime": name, "path": path, "found": found}))
                    .collect::<Vec<_>>(),
            });
            writeln!(out, "{report}")?;
        }
        Format::Text => {
            let yes = |is: bool| if is { "yes" } else { "no" };
            writeln!(out, "kernel {}", features.release)?;
            writeln!(out, "  BTF                        {}", yes(features.btf))?;
            writeln!(out, "  OverlayFS                  {}", yes(features.overlay))?;
            writeln!(out, "  OverlayFS described by BTF {}", yes(features.overlay_btf))?;
            writeln!(out, "  cgroup2 mounted whole      {}", yes(features.unified_cgroups))?;
            writeln!(out, "  BPF LSM active             {}", yes(features.bpf_lsm))?;
            let missing = match features.missing_capabilities.as_slice() {
                [] => "none".to_owned(),
                some => some.join(", "),
            };
            writeln!(out, "  missing capabilities       {missing}")?;
            for asked in &asked {
                let (set, proved) = (asked.set, asked.proved());
                writeln!(out, "hook set {set}: {}", if proved { "proved" } else { "not usable" })?;
                for what in &asked.blind {
                    writeln!(out, "  {what}")?;
                }
                if proved {
                    writeln!(out, "  costs, while files are asked for: {}", hooks::costs(set))?;
                    for what in hooks::cannot_see(set, &features) {
                        writeln!(out, "  cannot tell: {what}")?;
                    }
                }
            }
            if let Some(best) = best {
                writeln!(out, "driftd run takes {}", best.set)?;
                writeln!(
                    out,
                    "  sees every program that a container executes, and proves where it came from"
                )?;
                let datagrams = if features.unified_cgroups {
                    "and over UDP, who binds and the first datagram to each remote"
                } else {
                    "not UDP, which is seen from the root of cgroup2"
                };
                writeln!(
                    out,
                    "  sees who listens and who connects over TCP, {datagrams}, where rules or \
                     events ask for it; not connections that fail before a packet is sent"
                )?;
                writeln!(out, "  sees what is done to files, where rules or events ask for it")?;
                writeln!(
                    out,
                    "  sees what else is mapped executable and which scripts interpreters read, where \
                     rules or events ask for it; not code that comes through a pipe"
                )?;
            }
            writeln!(out, "runtimes")?;
            for (name, path, found) in runtimes {
                let found = if found { "found" } else { "not here" };
                writeln!(out, "  {name:18} {:40} {found}", path.display())?;
            }
        }
    }
    Ok(if best.is_some() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}
