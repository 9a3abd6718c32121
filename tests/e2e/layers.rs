//! The same verdicts with cold caches, after a restart, and with many layers.

use anyhow::Result;
use driftcore::event::Evidence;
use driftcore::event::Verdict;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Image;

use crate::Case;
use crate::code::drop_at;
use crate::code::flip;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("verdicts_hold_with_cold_caches_and_after_a_restart", cold_and_restarted),
    ("verdicts_hold_with_16_layers", |world| many(world, 16)),
    ("verdicts_hold_with_90_layers", |world| many(world, 90)),
];

/// What is done to which file, and how it is judged from then on.
type Change = (&'static str, String, bool, Verdict, Evidence);

fn changes() -> Vec<Change> {
    use Evidence::Content;
    use Evidence::Kernel;

    vec![
        ("/opt/p1", String::from("true"), false, Verdict::Image, Kernel),
        ("/opt/p2", String::from("chmod 711 /opt/p2"), false, Verdict::CopiedUp, Content),
        ("/opt/p3", String::from("touch /opt/p3"), false, Verdict::CopiedUp, Content),
        ("/opt/p4", String::from("chown 5:5 /opt/p4"), false, Verdict::CopiedUp, Content),
        ("/opt/p5", flip("/opt/p5"), true, Verdict::Modified, Content),
        ("/opt/p6", String::from("printf x >> /opt/p6"), true, Verdict::Modified, Kernel),
        (
            "/opt/p7",
            String::from("rm /opt/p7; cp /opt/p9 /opt/p7"),
            true,
            Verdict::Replaced,
            Content,
        ),
        (
            "/opt/p8",
            String::from("cp /opt/p8 /tmp/k; rm /opt/p8; cp /tmp/k /opt/p8"),
            false,
            Verdict::CopiedUp,
            Content,
        ),
        ("/opt/hard1", String::from("chmod 711 /opt/hard1"), false, Verdict::CopiedUp, Content),
        ("/tmp/x", drop_at("/tmp/x"), true, Verdict::Added, Kernel),
        ("/tmp/ln", String::from("ln /tmp/x /tmp/ln"), true, Verdict::Added, Kernel),
        (
            "/tmp/mv",
            String::from("cp /opt/p9 /tmp/c; mv /tmp/c /tmp/mv"),
            true,
            Verdict::Added,
            Kernel,
        ),
        ("/opt/layer-1", String::from("true"), false, Verdict::Image, Kernel),
        ("/opt/layer-2", String::from("touch /opt/layer-2"), false, Verdict::CopiedUp, Content),
    ]
}

/// Runs every file and asserts its verdict; `when` is for the message.
fn judge(
    world: &World,
    container: &DockerContainer,
    image: &Image,
    changes: &[Change],
    when: &str,
) -> Result<()> {
    use anyhow::Context;

    let mark = world.mark("layers");
    let runs: Vec<String> =
        changes.iter().map(|(path, ..)| format!("{path} {mark}{path}")).collect();
    container.sh(&format!("{}; true", runs.join("; ")))?;
    for &(path, _, drift, verdict, evidence) in changes {
        let told = || format!("{path} {when}");
        let seen = world.exec(&format!("{mark}{path}")).with_context(told)?;
        let seen =
            if drift { seen.drift(verdict, evidence) } else { seen.silent(verdict, evidence) };
        seen.and_then(|seen| seen.path(path)?.within(container, image)).with_context(told)?;
    }
    Ok(())
}

fn change(container: &DockerContainer, changes: &[Change]) -> Result<()> {
    let words: Vec<&str> = changes.iter().map(|(_, words, ..)| words.as_str()).collect();
    container.sh(&format!("set -e; {}", words.join("; ")))?;
    Ok(())
}

/// Drops the kernel's cached dentries and inodes.
fn drop_caches() -> Result<()> {
    rustix::fs::sync();
    Ok(std::fs::write("/proc/sys/vm/drop_caches", "2")?)
}

fn cold_and_restarted(world: &World) -> Result<()> {
    let _turn = world.alone();
    let container = world.start(&[])?;
    let changes = changes();
    change(&container, &changes)?;
    judge(world, &container, &world.image, &changes, "at once")?;
    drop_caches()?;
    judge(world, &container, &world.image, &changes, "with cold caches")?;
    container.restart()?;
    judge(world, &container, &world.image, &changes, "after a restart")?;
    drop_caches()?;
    judge(world, &container, &world.image, &changes, "after a restart with cold caches")
}

fn many(world: &World, layers: usize) -> Result<()> {
    let _turn = world.shared();
    let image = world.lab.build_image(layers)?;
    world.lab.docker().load(&image)?;
    let container = world.lab.docker().start(&image, &[])?;
    let mut changes = changes();
    let last = layers - 1;
    // The topmost layer's file, changed; the change is made under a name that lives as long.
    let top: &'static str = if layers == 16 { "/opt/layer-15" } else { "/opt/layer-89" };
    anyhow::ensure!(top.ends_with(&last.to_string()), "{top} is not of the topmost layer");
    changes.push((top, flip(top), true, Verdict::Modified, Evidence::Content));
    change(&container, &changes)?;
    judge(world, &container, &image, &changes, "with many layers")
}
