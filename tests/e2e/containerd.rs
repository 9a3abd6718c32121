//! The core cases in containers of containerd, without Docker.

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Evidence;
use driftcore::event::Verdict;

use crate::Case;
use crate::code::drop_at;
use crate::code::flip;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[("verdicts_hold_in_containerd", core)];

fn core(world: &World) -> Result<()> {
    let _turn = world.shared();
    world.import_into_containerd()?;
    let mark = world.mark("ctr");
    let id = format!("lab-{mark}");
    let cases = [
        ("image", String::from("true"), "/opt/p1", false, Verdict::Image, Evidence::Kernel),
        ("dropped", drop_at("/tmp/x"), "/tmp/x", true, Verdict::Added, Evidence::Kernel),
        ("byte", flip("/opt/p2"), "/opt/p2", true, Verdict::Modified, Evidence::Content),
        (
            "replaced",
            String::from("rm /opt/p3; cp /opt/p4 /opt/p3"),
            "/opt/p3",
            true,
            Verdict::Replaced,
            Evidence::Content,
        ),
        (
            "put-back",
            String::from("cp /opt/p5 /tmp/k; rm /opt/p5; cp /tmp/k /opt/p5"),
            "/opt/p5",
            false,
            Verdict::CopiedUp,
            Evidence::Content,
        ),
        (
            "chmod",
            String::from("chmod 711 /opt/p6"),
            "/opt/p6",
            false,
            Verdict::CopiedUp,
            Evidence::Content,
        ),
        (
            "hard-links",
            String::from("chmod 711 /opt/hard2"),
            "/opt/hard2",
            false,
            Verdict::CopiedUp,
            Evidence::Content,
        ),
    ];
    let mut script = String::from("set -e; ");
    for (name, change, path, ..) in &cases {
        script.push_str(&format!("{change}; {path} {mark}-{name}; "));
    }
    script.push_str(&format!(
        "/opt/attack memfd m /opt/payload x {mark}-memfd; \
         /opt/attack unlinked /opt/payload /tmp/gone x {mark}-unlinked; \
         sleep 1"
    ));
    world.lab.containerd().run(&world.image, &id, &script)?;
    for (name, _, path, drift, verdict, evidence) in cases {
        let seen = world.exec(&format!("{mark}-{name}"))?;
        let judged =
            if drift { seen.drift(verdict, evidence) } else { seen.silent(verdict, evidence) };
        let seen = judged.and_then(|seen| seen.path(path)).with_context(|| name.to_owned())?;
        let container = seen.event.container.as_ref().context("no container")?;
        ensure!(container.id == id, "container {}, expected {id}", container.id);
        ensure!(container.runtime == "containerd", "runtime {}", container.runtime);
        // From containerd's own database; the bundle tells nothing of the image.
        let image = container.image.as_deref();
        ensure!(image == Some(world.image.reference.as_str()), "image {image:?}");
        let is_digest = |digest: &Option<String>| {
            digest.as_deref().is_some_and(|digest| digest.starts_with("sha256:"))
        };
        ensure!(is_digest(&container.image_digest), "{:?}", container.image_digest);
        ensure!(
            container.image_id.as_deref() == Some(world.image.id.as_str()),
            "image_id {:?}, expected {}",
            container.image_id,
            world.image.id
        );
    }
    world.exec(&format!("{mark}-memfd"))?.drift(Verdict::Memfd, Evidence::Kernel)?;
    world.exec(&format!("{mark}-unlinked"))?.drift(Verdict::Deleted, Evidence::Kernel)?;
    Ok(())
}
