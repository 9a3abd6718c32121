//! What `driftd scan` says of packages, against what a real dpkg did, and against databases that
//! somebody else wrote to.

use std::fs;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Action;
use driftcore::event::DriftEvent;
use driftcore::event::Kind;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::bind;
use driftcore_e2e::build_deb;
use serde_json::Value;
use serde_json::json;

use crate::Case;
use crate::scan::driftd;
use crate::scan::entry;
use crate::scan::scan;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("scan_says_what_dpkg_installed_removed_and_upgraded", dpkg),
    ("scan_tells_a_forged_database_from_a_run_that_changed_nothing", databases),
    ("packages_that_dpkg_changes_are_said_with_the_process_that_did_it", live),
    ("scan_says_what_of_an_apk_database_changed", apk),
];

// Programs are named by their paths: the shell is busybox's, which has a dpkg of its own.
const DPKG: &str = "/var/lib/dpkg";

/// A container with dpkg, packages for it in `/debs`. `None` where this machine has no dpkg.
fn container(world: &World, name: &str) -> Result<Option<DockerContainer>> {
    let Some(image) = world.lab.build_packages_image()? else {
        println!("skipped: this machine has no dpkg");
        return Ok(None);
    };
    world.lab.docker().load(&image)?;
    let debs = world.directory(name);
    fs::create_dir_all(&debs)?;
    for (name, version) in [("fresh", "0.9-1"), ("tool", "1.0+b1")] {
        build_deb(&debs, name, version)?;
    }
    Ok(Some(world.lab.docker().start(&image, &[&bind(&debs, "/debs")])?))
}

/// `action name old_version version files code altered`, in their order.
pub(crate) fn packages(report: &Value) -> Result<Vec<String>> {
    let packages = report["packages"].as_array().context("no packages")?;
    let line = |package: &Value| {
        let text = |key: &str| package[key].as_str().unwrap_or("-").to_owned();
        let words = ["action", "manager", "name", "old_version", "version"].map(text).join(" ");
        format!("{words} {} {} {}", package["files"], package["code"], package["altered"])
    };
    Ok(packages.iter().map(line).collect())
}

fn database(written: bool, changes: u64, run: bool, forged: bool) -> Value {
    json!([{ "manager": "dpkg", "place": DPKG, "written": written, "changes": changes,
        "run": run, "forged": forged }])
}

fn dpkg(world: &World) -> Result<()> {
    let _turn = world.shared();
    let Some(container) = container(world, "packages-dpkg")? else { return Ok(()) };
    let name = container.name.as_str();
    let report = scan(world, 0, &[name])?;
    ensure!(report["packages"] == json!([]) && report["databases"] == json!([]), "{report}");

    container.sh("/bin/dpkg -i /debs/fresh_0.9-1.deb /debs/tool_1.0+b1.deb && /bin/dpkg -r old")?;
    let report = scan(world, 1, &[name])?;
    let expected = [
        "install dpkg fresh - 0.9-1 2 1 0",
        "remove dpkg old 1.0 - 2 0 0",
        "upgrade dpkg tool 1.0 1.0+b1 2 1 0",
    ];
    ensure!(packages(&report)? == expected, "{:#?}", packages(&report)?);
    ensure!(report["databases"] == database(true, 3, true, false), "{}", report["databases"]);
    ensure!(report["errors"] == json!([]), "{}", report["errors"]);
    for (path, package, version) in
        [("fresh/run", "fresh", "0.9-1"), ("tool/text", "tool", "1.0+b1")]
    {
        let entry = entry(&report, &format!("/opt/{path}"))?;
        let expected = json!({ "manager": "dpkg", "name": package, "version": version,
            "architecture": "all", "place": DPKG, "as_packaged": true });
        ensure!(entry["package"] == expected, "{entry}");
    }
    let gone = entry(&report, "/opt/old/run")?;
    ensure!(gone["kind"] == "deleted" && gone["package"]["name"] == "old", "{gone}");
    let log = entry(&report, "/var/log/dpkg.log")?;
    ensure!(log.get("package").is_none(), "{log}");
    let text = String::from_utf8(driftd(world, &[name])?.stdout)?;
    for line in [
        "installed fresh 0.9-1 (dpkg, 2 files, 1 of them code)",
        "upgraded tool 1.0 -> 1.0+b1 (dpkg, 2 files, 1 of them code)",
        "removed old 1.0 (dpkg, 2 files)",
    ] {
        ensure!(text.contains(line), "{text}");
    }
    ensure!(!text.contains("/opt/fresh/run"), "not grouped: {text}");

    // The manifest of the image tells the same of packages, without the image's layers.
    let written = world.directory("packages-manifest").to_string_lossy().into_owned();
    let image = container.inspect("{{.Config.Image}}")?;
    let mut manifest = world.options.command("manifest");
    let output = manifest.args([&image, "-o", &written]).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && said.contains(" packages of "), "{said}");
    let by_manifest = scan(world, 1, &[name, "--manifest", &written])?;
    ensure!(packages(&by_manifest)? == expected, "{:#?}", packages(&by_manifest)?);
    ensure!(by_manifest["databases"] == report["databases"], "{}", by_manifest["databases"]);
    for path in ["/opt/fresh/run", "/opt/tool/text", "/opt/old/run"] {
        let (one, other) = (entry(&by_manifest, path)?, entry(&report, path)?);
        ensure!(one["package"] == other["package"], "{one}\n{other}");
    }

    // What is not as packaged is said, and listed for itself.
    container.sh(
        "echo evil >> /opt/fresh/run; /bin/dpkg -i /debs/fresh_0.9-1.deb; echo x >> /opt/tool/run",
    )?;
    let report = scan(world, 1, &[name])?;
    ensure!(entry(&report, "/opt/fresh/run")?["package"]["as_packaged"] == true);
    ensure!(entry(&report, "/opt/tool/run")?["package"]["as_packaged"] == false);
    let tool = "upgrade dpkg tool 1.0 1.0+b1 2 1 1".to_owned();
    ensure!(packages(&report)?.contains(&tool), "{:#?}", packages(&report)?);
    let text = String::from_utf8(driftd(world, &[name])?.stdout)?;
    let line = text.lines().find(|line| line.contains("/opt/tool/run")).context(text.clone())?;
    ensure!(line.contains("[of tool, other content than its database says]"), "{line}");
    Ok(())
}

fn databases(world: &World) -> Result<()> {
    let _turn = world.shared();
    let Some(forged) = container(world, "packages-forged")? else { return Ok(()) };
    forged.sh("printf 'Package: ghost\\nStatus: install ok installed\\nVersion: 6\\n\\n' \
         >> /var/lib/dpkg/status")?;
    let report = scan(world, 1, &[&forged.name])?;
    ensure!(packages(&report)? == ["install dpkg ghost - 6 0 0 0"], "{:?}", packages(&report)?);
    ensure!(report["databases"] == database(true, 1, false, true), "{}", report["databases"]);
    let text = String::from_utf8(driftd(world, &[&forged.name])?.stdout)?;
    ensure!(text.contains("dpkg left no trace of a run"), "{text}");
    // A database that is cut off is an error with its place, and the rest is told.
    forged.sh("printf 'Package: cut' >> /var/lib/dpkg/status")?;
    let report = scan(world, 1, &[&forged.name])?;
    let errors = report["errors"].as_array().context("no errors")?;
    let cut_off = |error: &Value| {
        let reason = error["reason"].as_str().unwrap_or_default();
        error["path"] == "/var/lib/dpkg/status" && reason.contains("at byte ")
    };
    ensure!(!errors.is_empty() && errors.iter().all(cut_off), "{}", report["errors"]);
    ensure!(packages(&report)? == ["install dpkg ghost - 6 0 0 0"], "{:?}", packages(&report)?);

    let Some(ran) = container(world, "packages-ran")? else { return Ok(()) };
    ran.sh("/bin/dpkg --configure -a")?;
    let report = scan(world, 1, &[&ran.name])?;
    ensure!(report["packages"] == json!([]), "{}", report["packages"]);
    let database = &report["databases"][0];
    ensure!(database["run"] == true && database["changes"] == 0, "{}", report["databases"]);
    let text = String::from_utf8(driftd(world, &[&ran.name])?.stdout)?;
    ensure!(text.contains("dpkg ran, and the packages are as they were"), "{text}");
    Ok(())
}

fn live(world: &World) -> Result<()> {
    let _turn = world.shared();
    let Some(container) = container(world, "packages-live")? else { return Ok(()) };
    let is_here = |event: &DriftEvent| {
        event.kind == Kind::Package
            && event.container.as_ref().is_some_and(|it| it.id == container.id)
    };
    let said = |action: Action, name: &str| {
        world.watch.event(|event| {
            let package = event.package.as_ref();
            is_here(event)
                && event.action == action
                && package.is_some_and(|it| it.name.as_bytes() == name.as_bytes())
        })
    };
    // The database itself, written to by something else.
    container.sh("printf 'Package: ghost\\nStatus: install ok installed\\nVersion: 6\\n\\n' \
         >> /var/lib/dpkg/status")?;
    let event = said(Action::Install, "ghost")?;
    let process = event.process.as_ref().context("no process")?;
    ensure!(process.exe.as_bytes() == b"/bin/busybox", "{process:?}");
    // A run that only asks changes nothing, and nothing is said.
    container.sh("/bin/dpkg -l > /dev/null; true")?;
    container.sh("/bin/dpkg -i /debs/fresh_0.9-1.deb /debs/tool_1.0+b1.deb")?;
    let event = said(Action::Install, "fresh")?;
    let package = event.package.as_ref().context("no package")?;
    ensure!(package.manager == "dpkg" && package.version.as_bytes() == b"0.9-1", "{package:?}");
    ensure!(package.old_version.is_none() && event.drift, "{event:?}");
    let process = event.process.as_ref().context("no process")?;
    ensure!(process.exe.as_bytes() == b"/bin/dpkg" && process.pid > 0, "{process:?}");
    ensure!(process.cmdline.get(1).is_some_and(|it| it.as_bytes() == b"-i"), "{process:?}");
    ensure!(!process.ancestors.is_empty(), "no ancestors: {process:?}");
    let event = said(Action::Upgrade, "tool")?;
    let package = event.package.as_ref().context("no package")?;
    ensure!(package.version.as_bytes() == b"1.0+b1", "{package:?}");
    let old = package.old_version.as_ref().context("no old version")?;
    ensure!(old.as_bytes() == b"1.0", "{package:?}");
    // Twins: a run that changes nothing though it writes, and one on the host.
    container.sh("/bin/dpkg -i /debs/fresh_0.9-1.deb")?;
    let status = Command::new("dpkg").arg("-l").stdout(Stdio::null()).status()?;
    ensure!(status.success(), "dpkg on the host: {status}");
    container.sh("/bin/dpkg -r old")?;
    let event = said(Action::Remove, "old")?;
    let process = event.process.as_ref().context("no process")?;
    ensure!(process.cmdline.get(1).is_some_and(|it| it.as_bytes() == b"-r"), "{process:?}");
    // It came last: what the others would have said is there.
    let events = world.watch.events()?;
    let here: Vec<&DriftEvent> = events.iter().filter(|event| is_here(event)).collect();
    ensure!(here.len() == 4, "{here:#?}");
    let is_host = |event: &&DriftEvent| event.kind == Kind::Package && event.container.is_none();
    ensure!(
        events.iter().find(is_host).is_none(),
        "of the host: {:?}",
        events.iter().find(is_host)
    );
    Ok(())
}

/// The database as Alpine's has it, in an upper layer over one.
fn apk(world: &World) -> Result<()> {
    let root = world.directory("packages-apk");
    let (lower, upper) = (root.join("lower"), root.join("upper"));
    let entry_of = |name: &str, version: &str, file: &str| {
        format!(
            "C:Q1y1NeaJw5Tzp8t7EcFs5tVOvUo9Y=\nP:{name}\nV:{version}\nA:x86_64\nS:1\nI:2\n\
             T:of the lab\nU:https://lab\nL:MIT\no:{name}\nt:1577836800\nF:usr\nF:usr/bin\n\
             R:{file}\na:0:0:755\nZ:Q1{}\n\n",
            // Of \"abc\".
            "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="
        )
    };
    let write = |layer: &std::path::Path, path: &str, content: &str| -> Result<()> {
        let path = layer.join(path);
        fs::create_dir_all(path.parent().context("no directory")?)?;
        Ok(fs::write(path, content)?)
    };
    let busybox = entry_of("busybox", "1.36.1-r15", "busybox");
    write(
        &lower,
        "lib/apk/db/installed",
        &[&*busybox, &entry_of("ssl", "3.1_rc1-r0", "ssl")].concat(),
    )?;
    let installed =
        [busybox, entry_of("ssl", "3.1-r0", "ssl"), entry_of("curl", "8.9.1-r2", "curl")];
    write(&upper, "lib/apk/db/installed", &installed.concat())?;
    write(&upper, "lib/apk/db/triggers", "")?;
    write(&upper, "usr/bin/curl", "abc")?;
    write(&upper, "usr/bin/ssl", "abd")?;
    let directories = ["--upper", &upper.to_string_lossy(), "--lower", &lower.to_string_lossy()]
        .map(str::to_owned);
    let report = scan(world, 1, &directories.each_ref().map(String::as_str))?;
    let expected = ["install apk curl - 8.9.1-r2 1 0 0", "upgrade apk ssl 3.1_rc1-r0 3.1-r0 1 0 1"];
    ensure!(packages(&report)? == expected, "{:#?}", packages(&report)?);
    ensure!(entry(&report, "/usr/bin/curl")?["package"]["as_packaged"] == true);
    ensure!(report["databases"][0]["forged"] == false, "{}", report["databases"]);
    Ok(())
}
