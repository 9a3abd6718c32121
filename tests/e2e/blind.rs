//! A sensor that cannot prove itself says so. Here the self-test finds no directory to mount its
//! scratch overlay on.

use std::fs;
use std::process::Command;
use std::process::Output;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Action;
use driftcore::event::DriftEvent;
use driftcore::event::Kind;

use crate::Case;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("blind_sensor_ends_with_status_2_and_says_for_what", refuses),
    ("blind_sensor_goes_on_when_told_to_and_reports_it", goes_on),
    ("doctor_ends_with_status_2_where_the_sensor_is_blind", doctor),
];

/// Runs `driftd` with these arguments in a root of its own that has neither /run, /tmp nor /mnt.
/// The mounts end with the namespace. What does not end by itself is ended after `seconds`.
fn run(world: &World, seconds: u32, arguments: &str) -> Result<Output> {
    let root = world.directory("blind");
    fs::create_dir_all(&root)?;
    fs::write(root.join("driftd"), "")?;
    let plain = world.options.plain("run");
    let script = format!(
        "mount --make-rprivate /; \
         for d in usr lib lib64 bin proc sys dev; do \
           if [ -d /$d ]; then mkdir $1/$d; mount --rbind /$d $1/$d; fi; \
         done; \
         mount --bind $2 $1/driftd; \
         exec timeout --signal TERM {seconds} chroot $1 /driftd {arguments}"
    );
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-ec", &script, "sh"])
        .arg(&root)
        .arg(plain.get_program())
        .output()?;
    Ok(output)
}

fn refuses(world: &World) -> Result<()> {
    let _turn = world.shared();
    let output = run(world, 120, "run")?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(2), "{}: {stderr}", output.status);
    ensure!(stderr.contains("blind") && stderr.contains("no /run, /tmp or /mnt"), "{stderr}");
    ensure!(!stderr.contains("ready"), "{stderr}");
    Ok(())
}

fn goes_on(world: &World) -> Result<()> {
    let _turn = world.shared();
    let output = run(world, 10, "run --allow-degraded --events -")?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(stderr.contains("ready"), "{stderr}");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let first = stdout.lines().next().context("no event")?;
    let event: DriftEvent = serde_json::from_str(first)?;
    ensure!((event.kind, event.action) == (Kind::Sensor, Action::Blind), "{first}");
    let reason = event.provenance.context("no reason")?.reason;
    ensure!(reason.contains("no /run, /tmp or /mnt"), "{reason}");
    Ok(())
}

fn doctor(world: &World) -> Result<()> {
    let _turn = world.shared();
    let output = run(world, 120, "doctor --format json")?;
    ensure!(output.status.code() == Some(2), "{}", output.status);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    ensure!(report["hook_set"].is_null(), "{report}");
    let sets = report["hooks"].as_array().context("no sets")?;
    ensure!(sets.len() == 3 && sets.iter().all(|set| set["proved"] == false), "{report}");
    let last = &sets[2];
    ensure!(last["set"] == "tracepoint" && last["blind"].to_string().contains("/run"), "{report}");
    Ok(())
}
