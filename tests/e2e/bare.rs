//! Containers whose root is no overlay: judged by the manifest of their image, where one is known.

use std::fs;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Evidence;
use driftcore::event::Verdict;
use driftcore_e2e::Driftd;

use crate::Case;
use crate::code::drop_at;
use crate::code::flip;
use crate::world::Seen;
use crate::world::World;

pub(crate) const CASES: &[Case] =
    &[("verdicts_on_a_root_without_layers_come_from_the_manifest_of_its_image", native)];

fn native(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("bare");
    let manifests = directory.join("manifests");
    fs::create_dir_all(&manifests)?;
    let saved = directory.join("saved.tar");
    let save = ["save", "--output", &saved.to_string_lossy(), &world.image.reference];
    ensure!(world.lab.docker().command().args(save).status()?.success(), "docker save failed");
    let written = manifests.join("lab");
    let mut make = world.options.command("manifest");
    let output = make.arg(&saved).arg("-o").arg(&written).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "driftd manifest: {said}");
    let config = directory.join("driftd.toml");
    fs::write(&config, format!("[image]\nmanifests = [{manifests:?}]\n"))?;
    let options = world.options.clone().argument("--config").argument(&config);
    let watch = Driftd::start(&options, &directory.join("watch"))?;

    let mark = world.mark("bare");
    let id = format!("bare-{mark}");
    let manifest = Evidence::Manifest;
    let cases = [
        ("image", String::from("true"), "/opt/p1", false, Verdict::Image),
        ("dropped", drop_at("/tmp/x"), "/tmp/x", true, Verdict::Added),
        ("byte", flip("/opt/p2"), "/opt/p2", true, Verdict::Modified),
        ("longer", String::from("printf x >> /opt/p3"), "/opt/p3", true, Verdict::Modified),
        (
            "put-back",
            String::from("cp /opt/p5 /tmp/k; rm /opt/p5; cp /tmp/k /opt/p5"),
            "/opt/p5",
            false,
            Verdict::Image,
        ),
        ("chmod", String::from("chmod 711 /opt/p6"), "/opt/p6", false, Verdict::Image),
        ("again", String::from("true"), "/opt/p1", false, Verdict::Image),
        (
            "directory",
            String::from("rm -r /root; cp /opt/p4 /root"),
            "/root",
            true,
            Verdict::Replaced,
        ),
    ];
    let mut script = String::from("set -e; ");
    for (name, change, path, ..) in &cases {
        script.push_str(&format!("{change}; {path} {mark}-{name}; "));
    }
    script.push_str(&format!("/opt/attack memfd m /opt/payload x {mark}-memfd; sleep 1"));
    let containerd = world.lab.containerd();
    let mut import = containerd.command();
    import.args(["images", "import", "--snapshotter=native"]).arg(&saved);
    ensure!(import.status()?.success(), "the import failed");
    let mut run = containerd.command();
    run.args(["run", "--rm", "--snapshotter=native", &world.image.reference, &id])
        .args(["/bin/sh", "-c", &script]);
    let output = run.output()?;
    ensure!(output.status.success(), "ctr run: {}", String::from_utf8_lossy(&output.stderr));

    for (name, _, path, drift, verdict) in cases {
        let seen = Seen::by(&watch, &format!("{mark}-{name}"))?;
        let judged =
            if drift { seen.drift(verdict, manifest) } else { seen.silent(verdict, manifest) };
        judged.and_then(|seen| seen.path(path)).with_context(|| name.to_owned())?;
        // Without the manifest times are all that tells: it is never passed off as the image's.
        let seen = world.exec(&format!("{mark}-{name}"))?;
        seen.drift(Verdict::Unknown, Evidence::Time).with_context(|| format!("twin {name}"))?;
    }
    Seen::by(&watch, &format!("{mark}-memfd"))?.drift(Verdict::Memfd, Evidence::Kernel)?;
    Ok(())
}
