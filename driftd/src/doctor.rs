//! `driftd doctor`.

use std::io::Write;
use std::process::ExitCode;

use driftcore::engine::self_test;
use driftcore::sensor::Features;
use driftcore::sensor::HookSet;
use driftcore::sensor::SensorOptions;
use serde_json::json;

use crate::FAILED;
use crate::cli::DoctorArguments;
use crate::cli::Format;
use crate::config::Config;

/// Kinds of events, each with what happened, that the hook set sees.
fn covered(features: &Features) -> Vec<&'static str> {
    let mut covers = vec!["binary/exec", "network/listen", "network/connect"];
    if features.unified_cgroups {
        covers.push("network/bind");
    }
    covers
}

/// From where a hook set sees what is done to files, and what it cannot tell.
fn files(set: HookSet) -> &'static str {
    match set {
        HookSet::Lsm | HookSet::Fentry => {
            "in the kernel's own functions, where rules or events ask for it; not whether a write that \
             was begun has succeeded"
        }
        _ => {
            "at system calls, where rules or events ask for it; what is given by its name alone may \
             be said to be unproved"
        }
    }
}

pub(crate) fn doctor(arguments: &DoctorArguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.common)?;
    let roots = config.state_roots();
    let sensor = config.sensor();
    let set = arguments.hooks.unwrap_or(sensor.hooks);
    let test = self_test(SensorOptions { hooks: set, ..sensor });
    // After the self-test: its scratch mount brings the overlay module in.
    let features = Features::detect();
    let blind = match &test {
        Ok(test) => test.blind.clone(),
        Err(error) => vec![error.to_string()],
    };
    let sees = blind.is_empty();
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
                    "missing_capabilities": features.missing_capabilities,
                },
                "hooks": [{
                    "set": set.name(),
                    "proved": sees,
                    "blind": blind,
                    "covers": covered(&features),
                }],
                "hook_set": sees.then_some(set.name()),
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
            writeln!(out, "hook set {set}: {}", if sees { "proved" } else { "blind" })?;
            for what in &blind {
                writeln!(out, "  {what}")?;
            }
            if sees {
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
                writeln!(out, "  sees what is done to files {}", files(set))?;
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
    Ok(if sees { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}
