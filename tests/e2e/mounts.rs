//! Files on other mounts than the container's root.

use std::fs;

use anyhow::Result;
use driftcore::event::Evidence;
use driftcore::event::Verdict;
use driftcore_e2e::bind;

use crate::Case;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("file_on_a_tmpfs_is_tmpfs", tmpfs),
    ("file_on_a_bind_mount_is_volume", volume),
    ("inner_overlay_of_a_privileged_container_is_volume", |world| inner(world, "plain")),
    ("inner_overlay_in_a_user_namespace_is_volume", |world| inner(world, "userns")),
    ("inner_overlay_as_the_root_after_chroot_is_volume", |world| inner(world, "chroot")),
];

fn tmpfs(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&["--tmpfs=/t:exec"])?;
    let mark = world.mark("tmpfs");
    container.sh(&format!("cp /opt/payload /t/x; /t/x {mark}; true"))?;
    world
        .exec(&mark)?
        .drift(Verdict::Tmpfs, Evidence::Kernel)?
        .path("/t/x")?
        .within(&container, &world.image)?;
    Ok(())
}

fn volume(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("volume");
    fs::create_dir(&directory)?;
    fs::copy(world.lab.host_payload(), directory.join("x"))?;
    let container = world.start(&[&bind(&directory, "/data")])?;
    let mark = world.mark("volume");
    container.sh(&format!("/data/x {mark}; true"))?;
    world
        .exec(&mark)?
        .drift(Verdict::Volume, Evidence::Kernel)?
        .path("/data/x")?
        .within(&container, &world.image)?;
    Ok(())
}

/// A payload in the lower layer of an overlay that the container mounts itself: to layer
/// evidence alone it looks like an image file.
fn inner(world: &World, how: &str) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[
        "--cap-add=SYS_ADMIN",
        "--security-opt=seccomp=unconfined",
        "--security-opt=apparmor=unconfined",
    ])?;
    let mark = world.mark("inner");
    container.sh(&format!("/opt/attack inner {how} /opt/payload /tmp/i x {mark}; true"))?;
    world
        .exec(&mark)?
        .drift(Verdict::Volume, Evidence::Kernel)?
        .path("/tmp/i/m/inner-payload")?
        .within(&container, &world.image)?;
    Ok(())
}
