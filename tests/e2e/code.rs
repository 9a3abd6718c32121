//! Files that a container made or changed, and runs.

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Evidence;
use driftcore::event::Verdict;

use crate::Case;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("dropped_file_is_added_with_every_field", dropped),
    ("dropped_copy_of_an_image_file_is_added", dropped_copy),
    ("image_file_is_silent", image),
    ("image_file_with_one_byte_changed_is_modified", one_byte),
    ("image_file_with_a_byte_appended_is_modified", appended),
    ("image_file_replaced_by_another_of_its_size_is_replaced", replaced_same_size),
    ("image_file_replaced_by_a_longer_one_is_replaced", replaced_longer),
    ("image_file_replaced_by_a_move_is_replaced", replaced_by_move),
    ("image_file_put_back_equal_is_silent", put_back),
    ("chmod_of_an_image_file_is_silent", chmod),
    ("chown_of_an_image_file_is_silent", chown),
    ("touch_of_an_image_file_is_silent", touch),
    ("renamed_image_file_is_silent", renamed),
    ("links_to_a_dropped_file_are_added", links_to_dropped),
    ("links_to_an_image_file_are_silent", links_to_image),
    ("chmod_of_a_file_with_several_hard_links_is_silent", hard_links),
    ("change_of_a_file_with_several_hard_links_is_drift", hard_links_changed),
    ("memfd_is_memfd", memfd),
    ("file_that_unlinks_itself_while_it_runs_is_added", unlinks_itself),
    ("file_unlinked_before_it_runs_is_deleted", unlinked),
    ("image_file_unlinked_before_it_runs_is_deleted", unlinked_image),
    ("setuid_image_file_is_seen_and_silent", setuid_image),
    ("setuid_dropped_file_is_added", setuid_dropped),
    ("dropped_file_named_runc_is_added", named_runc),
    ("memfd_that_poses_as_runc_is_memfd", memfd_as_runc),
    ("two_containers_of_one_image_are_told_apart", two_containers),
];

/// A dropped file that is no copy of an image file: shell words that make it.
pub(crate) fn drop_at(path: &str) -> String {
    format!("cp /opt/payload '{path}'; printf dropped >> '{path}'")
}

/// Changes one byte of padding in the ELF header, without changing the size.
pub(crate) fn flip(path: &str) -> String {
    format!("printf X | dd of={path} bs=1 seek=15 conv=notrunc 2>/dev/null")
}

fn dropped(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&["--label=team=drift"])?;
    let mark = world.mark("dropped");
    container.sh(&format!("{}; cd /etc; /tmp/x {mark} 'two words'; true", drop_at("/tmp/x")))?;
    let seen = world
        .exec(&mark)?
        .drift(Verdict::Added, Evidence::Kernel)?
        .path("/tmp/x")?
        .mode("0755")?
        .within(&container, &world.image)?
        .by_shell()?;
    let event = &seen.event;
    let started = event.container.as_ref().and_then(|container| container.started_at);
    ensure!(started.is_some(), "no start time of the container");
    let process = event.process.as_ref().context("no process")?;
    let arguments: Vec<_> = process.cmdline.iter().map(ToString::to_string).collect();
    ensure!(arguments == ["/tmp/x", &mark, "two words"], "cmdline {arguments:?}");
    ensure!(process.name.as_bytes() == b"x", "name {:?}", process.name);
    ensure!(process.exe.as_bytes() == b"/tmp/x", "exe {:?}", process.exe);
    ensure!(process.cwd.as_bytes() == b"/etc", "cwd {:?}", process.cwd);
    ensure!((process.uid, process.gid) == (0, 0), "uid {} gid {}", process.uid, process.gid);
    ensure!(process.pid == process.tid, "pid {} tid {}", process.pid, process.tid);
    ensure!(
        process.container_pid > 1 && process.container_pid < process.pid,
        "container_pid {} of pid {}",
        process.container_pid,
        process.pid
    );
    let cgroup = process.cgroup.to_string();
    ensure!(cgroup.contains(&container.id), "cgroup {cgroup}");
    let file = event.file.as_ref().context("no file")?;
    let size = std::fs::metadata(world.lab.host_payload())?.len() + 7;
    ensure!(file.size == size, "size {}, expected {size}", file.size);
    ensure!((file.owner.uid, file.owner.gid) == (0, 0), "owner {:?}", file.owner);
    ensure!(!event.before_start && !event.recovered, "marked as found later");

    let (alert, _) =
        world.watch.alert(|alert| alert["drift"]["process"]["cmdline"][1] == mark.as_str())?;
    ensure!(alert["drift"]["provenance"]["verdict"] == "added", "alert {alert}");
    for key in ["hostname", "output", "priority", "rule", "source", "time", "uuid"] {
        ensure!(alert[key].is_string(), "the alert has no text {key}: {alert}");
    }
    ensure!(alert["output_fields"].is_object(), "the alert has no output_fields: {alert}");
    ensure!(alert["tags"].is_array(), "the alert has no tags: {alert}");
    Ok(())
}

fn dropped_copy(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("copy");
    container.sh(&format!("cp /opt/payload /tmp/copy; /tmp/copy {mark}; true"))?;
    world.exec(&mark)?.drift(Verdict::Added, Evidence::Kernel)?.path("/tmp/copy")?;
    Ok(())
}

fn image(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("image");
    container.sh(&format!("/opt/payload {mark}; true"))?;
    world
        .exec(&mark)?
        .silent(Verdict::Image, Evidence::Kernel)?
        .path("/opt/payload")?
        .within(&container, &world.image)?
        .by_shell()?;
    Ok(())
}

/// Runs `change` and then `path` in a container of its own.
fn after(
    world: &World,
    what: &str,
    change: &str,
    path: &str,
    judge: impl Fn(crate::world::Seen) -> Result<crate::world::Seen>,
) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark(what);
    container.sh(&format!("set -e; {change}; {path} {mark}; true"))?;
    let seen = judge(world.exec(&mark)?)?;
    seen.path(path)?.within(&container, &world.image)?.by_shell()?;
    Ok(())
}

fn one_byte(world: &World) -> Result<()> {
    after(world, "one-byte", &flip("/opt/p1"), "/opt/p1", |seen| {
        seen.drift(Verdict::Modified, Evidence::Content)
    })
}

fn appended(world: &World) -> Result<()> {
    after(world, "appended", "printf x >> /opt/p1", "/opt/p1", |seen| {
        seen.drift(Verdict::Modified, Evidence::Kernel)
    })
}

fn replaced_same_size(world: &World) -> Result<()> {
    // p1 and p2 have the same size and differ in their last bytes.
    after(world, "replaced", "rm /opt/p1; cp /opt/p2 /opt/p1", "/opt/p1", |seen| {
        seen.drift(Verdict::Replaced, Evidence::Content)
    })
}

fn replaced_longer(world: &World) -> Result<()> {
    let change = format!("rm /opt/p1; {}", drop_at("/opt/p1"));
    after(
        world,
        "replaced-longer",
        &format!("{change}; printf longer >> /opt/p1"),
        "/opt/p1",
        |seen| seen.drift(Verdict::Replaced, Evidence::Kernel),
    )
}

fn replaced_by_move(world: &World) -> Result<()> {
    let change = "cp /opt/p2 /tmp/new; mv /tmp/new /opt/p1";
    after(world, "replaced-by-move", change, "/opt/p1", |seen| {
        seen.drift(Verdict::Replaced, Evidence::Content)
    })
}

fn put_back(world: &World) -> Result<()> {
    let change = "cp /opt/p1 /tmp/kept; rm /opt/p1; cp /tmp/kept /opt/p1";
    after(world, "put-back", change, "/opt/p1", |seen| {
        seen.silent(Verdict::CopiedUp, Evidence::Content)
    })
}

fn chmod(world: &World) -> Result<()> {
    after(world, "chmod", "chmod 700 /opt/p1", "/opt/p1", |seen| {
        seen.silent(Verdict::CopiedUp, Evidence::Content)?.mode("0700")
    })
}

fn chown(world: &World) -> Result<()> {
    after(world, "chown", "chown 7:8 /opt/p1", "/opt/p1", |seen| {
        let seen = seen.silent(Verdict::CopiedUp, Evidence::Content)?;
        let owner = seen.event.file.as_ref().map(|file| (file.owner.uid, file.owner.gid));
        ensure!(owner == Some((7, 8)), "owner {owner:?}");
        Ok(seen)
    })
}

fn touch(world: &World) -> Result<()> {
    after(world, "touch", "touch /opt/p1", "/opt/p1", |seen| {
        seen.silent(Verdict::CopiedUp, Evidence::Content)
    })
}

fn renamed(world: &World) -> Result<()> {
    after(world, "renamed", "mv /opt/p1 /tmp/other-name", "/tmp/other-name", |seen| {
        seen.silent(Verdict::CopiedUp, Evidence::Content)
    })
}

fn links_to_dropped(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let (hard, soft) = (world.mark("hard"), world.mark("soft"));
    container.sh(&format!(
        "set -e; {}; ln /tmp/x /tmp/hard; ln -s /tmp/x /tmp/soft; /tmp/hard {hard}; /tmp/soft {soft}; true",
        drop_at("/tmp/x")
    ))?;
    world.exec(&hard)?.drift(Verdict::Added, Evidence::Kernel)?.path("/tmp/hard")?;
    // The file that runs is the target; the link's name is in the arguments.
    world.exec(&soft)?.drift(Verdict::Added, Evidence::Kernel)?.path("/tmp/x")?;
    Ok(())
}

fn links_to_image(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let (hard, soft) = (world.mark("hard"), world.mark("soft"));
    container.sh(&format!(
        "set -e; ln -s /opt/p2 /tmp/soft; /tmp/soft {soft}; ln /opt/p1 /tmp/hard; /tmp/hard {hard}; true"
    ))?;
    world.exec(&soft)?.silent(Verdict::Image, Evidence::Kernel)?.path("/opt/p2")?;
    // A hard link copies the file up first.
    world.exec(&hard)?.silent(Verdict::CopiedUp, Evidence::Content)?.path("/tmp/hard")?;
    Ok(())
}

fn hard_links(world: &World) -> Result<()> {
    after(world, "hard-links", "chmod 700 /opt/hard2", "/opt/hard2", |seen| {
        seen.silent(Verdict::CopiedUp, Evidence::Content)
    })
}

fn hard_links_changed(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("hard-links-changed");
    container.sh(&format!("set -e; {}; /opt/hard2 {mark}; true", flip("/opt/hard2")))?;
    let seen = world.exec(&mark)?;
    // The kernel keeps no origin of such a file: whether it was changed in place or replaced
    // can not always be told, that its content differs can.
    let verdict = seen.event.provenance.as_ref().map(|provenance| provenance.verdict);
    let verdict = verdict.filter(|verdict| *verdict == Verdict::Replaced);
    seen.drift(verdict.unwrap_or(Verdict::Modified), Evidence::Content)?;
    Ok(())
}

fn memfd(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("memfd");
    container.sh(&format!("/opt/attack memfd secret /opt/payload ghost {mark}; true"))?;
    let seen = world
        .exec(&mark)?
        .drift(Verdict::Memfd, Evidence::Kernel)?
        .within(&container, &world.image)?
        .by_shell()?;
    let path = seen.event.file.as_ref().map(|file| file.path.to_string()).unwrap_or_default();
    ensure!(path.contains("memfd:secret"), "path {path:?}");
    Ok(())
}

fn unlinks_itself(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("unlinks-itself");
    container.sh(&format!(
        "set -e; cp /opt/attack /tmp/x; printf x >> /tmp/x; /tmp/x unlink-self {mark}; [ ! -e /tmp/x ]"
    ))?;
    world.exec(&mark)?.drift(Verdict::Added, Evidence::Kernel)?.path("/tmp/x")?;
    Ok(())
}

fn unlinked(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("unlinked");
    container.sh(&format!("/opt/attack unlinked /opt/payload /tmp/gone x {mark}; true"))?;
    world
        .exec(&mark)?
        .drift(Verdict::Deleted, Evidence::Kernel)?
        .within(&container, &world.image)?;
    Ok(())
}

fn unlinked_image(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("unlinked-image");
    container.sh(&format!("set -e; exec 9< /opt/p1; rm /opt/p1; /proc/self/fd/9 {mark}; true"))?;
    world.exec(&mark)?.drift(Verdict::Deleted, Evidence::Kernel)?;
    Ok(())
}

fn setuid_image(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("setuid");
    container.sh(&format!("/opt/setuid {mark}; true"))?;
    world
        .exec(&mark)?
        .silent(Verdict::Image, Evidence::Kernel)?
        .path("/opt/setuid")?
        .mode("4755")?;
    Ok(())
}

fn setuid_dropped(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("setuid");
    container.sh(&format!("{}; chmod 4755 /tmp/s; /tmp/s {mark}; true", drop_at("/tmp/s")))?;
    world.exec(&mark)?.drift(Verdict::Added, Evidence::Kernel)?.path("/tmp/s")?.mode("4755")?;
    Ok(())
}

fn named_runc(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("runc");
    container.sh(&format!("{}; /tmp/runc init {mark}; true", drop_at("/tmp/runc")))?;
    world.exec(&mark)?.drift(Verdict::Added, Evidence::Kernel)?.path("/tmp/runc")?;
    Ok(())
}

fn memfd_as_runc(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("memfd-runc");
    // The name and the arguments of runc's own sealed copy of itself.
    container.sh(&format!(
        "/opt/attack memfd runc_cloned:/proc/self/exe /opt/payload runc init {mark}; true"
    ))?;
    world.exec(&mark)?.drift(Verdict::Memfd, Evidence::Kernel)?;
    Ok(())
}

fn two_containers(world: &World) -> Result<()> {
    let _turn = world.shared();
    let (drifted, clean) = (world.start(&[])?, world.start(&[])?);
    let (bad, good) = (world.mark("two-bad"), world.mark("two-good"));
    drifted.sh(&format!("{}; /opt/p1 {bad}; true", flip("/opt/p1")))?;
    clean.sh(&format!("/opt/p1 {good}; true"))?;
    world
        .exec(&bad)?
        .drift(Verdict::Modified, Evidence::Content)?
        .within(&drifted, &world.image)?;
    world.exec(&good)?.silent(Verdict::Image, Evidence::Kernel)?.within(&clean, &world.image)?;
    Ok(())
}
