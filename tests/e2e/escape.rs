//! Judged from user space: what a container does to look like the host, or to hold a call up.

use std::ffi::CString;
use std::fs;
use std::fs::File;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use driftcore::event::Evidence;
use driftcore::event::Verdict;
use driftcore::inspect::InspectError;
use driftcore::inspect::Inspected;
use driftcore::provenance::Bounds;
use driftcore_e2e::DockerContainer;
use rustix::mount::MountFlags;
use rustix::mount::UnmountFlags;

use crate::Case;
use crate::code::drop_at;
use crate::inspect::MAY_MOUNT;
use crate::inspect::descriptor;
use crate::inspect::file;
use crate::inspect::inspector;
use crate::inspect::is;
use crate::inspect::start;
use crate::inspect::waiting;
use crate::own_overlay::Overlay;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("inspect_knows_a_container_on_the_hosts_root", hosts_root),
    ("inspect_knows_a_container_that_pivoted_to_the_host", hosts_pivot),
    ("inspect_knows_a_chroot_in_a_copy_of_the_host", copy_of_host),
    ("inspect_tells_host_files_of_a_private_namespace", private_namespace),
    ("inspect_is_not_held_up_by_changes", changes),
    ("inspect_waits_for_no_mount_over_a_name", served),
];

/// The host's root in the container.
const HOST: &str = "--volume=/:/host";

/// A file of the host's that the container wrote, and the host's name of it.
fn evil(world: &World, container: &DockerContainer) -> Result<String> {
    let directory = world.directory("escape");
    fs::create_dir(&directory)?;
    let path = directory.canonicalize()?.join("evil");
    let path = path.to_str().context("a path that is no text")?.to_owned();
    container.sh(&drop_at(&format!("/host{path}")))?;
    Ok(path)
}

fn host_attack(world: &World) -> Result<String> {
    let path = world.lab.host_attack().canonicalize()?;
    Ok(path.to_str().context("a path that is no text")?.to_owned())
}

/// A process of the container with a chroot to the host's root, by its name there and by
/// descriptor; its ancestors are the container's.
fn hosts_root(world: &World) -> Result<()> {
    let _turn = world.shared();
    let attack = host_attack(world)?;
    for options in [&[HOST][..], &[HOST, "--pid=host"]] {
        let container = world.start(options)?;
        let evil = evil(world, &container)?;
        let chroot = format!("/bin/busybox chroot /host {attack} wait");
        let judge = |pid: u32| {
            let seen = format!("/host{evil}");
            let by_path = file(pid, &evil)?;
            is(&by_path, Verdict::Volume, Evidence::Kernel, &seen, Some(&container))?;
            let by_file = descriptor(format!("/proc/{pid}/root{evil}"))?;
            ensure!(by_file == by_path, "{by_file:?}, by path {by_path:?}");
            Ok(())
        };
        // One whose parents have ended.
        let mark = world.mark("chroot-host");
        judge(start(&container, &chroot, &mark)?).context("an orphan")?;
        // One whose parent runs in the container.
        let mark = world.mark("chroot-host");
        container.sh(&format!("({chroot} {mark}; true) >/dev/null 2>&1 </dev/null &"))?;
        judge(waiting(&mark)?).context("a child")?;
        // One that the runtime started.
        let mark = world.mark("chroot-host");
        let mut command = container.exec_command();
        command.args(["/bin/busybox", "chroot", "/host", &attack, "wait", &mark]);
        let mut process = command.stdout(Stdio::null()).spawn()?;
        let judged = waiting(&mark).and_then(|pid| {
            let judged = judge(pid).context("started by the runtime");
            kill(pid)?;
            judged
        });
        process.kill()?;
        process.wait()?;
        judged?;
    }
    Ok(())
}

fn kill(pid: u32) -> Result<()> {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    let pid = pid.context("no process id")?;
    Ok(rustix::process::kill_process(pid, rustix::process::Signal::KILL)?)
}

/// Every process of the container has the host's root, and its namespace has it too.
fn hosts_pivot(world: &World) -> Result<()> {
    let _turn = world.shared();
    let attack = host_attack(world)?;
    for more in [&[][..], &["--pid=host"]] {
        let container = world.start(&[MAY_MOUNT, &[HOST], more].concat())?;
        let first = container.pid()?;
        let merged = container.inspect("{{.GraphDriver.Data.MergedDir}}")?;
        let evil = evil(world, &container)?;
        container.sh(&drop_at("/opt/new"))?;
        let mark = world.mark("pivot-host");
        let script =
            format!("cd /host && /bin/busybox pivot_root . . && exec {attack} wait \"$0\"");
        let pid = start(&container, &format!("/bin/sh -c '{script}'"), &mark)?;
        for pid in [pid, first] {
            let by_path = file(pid, &evil)?;
            is(&by_path, Verdict::Volume, Evidence::Kernel, &evil, Some(&container))?;
            let by_file = descriptor(format!("/proc/{pid}/root{evil}"))?;
            ensure!(by_file == by_path, "{by_file:?}, by path {by_path:?}");
        }
        // By the mount that the runtime has on the host.
        let new = descriptor(format!("{merged}/opt/new"))?;
        is(&new, Verdict::Added, Evidence::Kernel, "/opt/new", Some(&container))?;
    }
    Ok(())
}

/// A container whose root is one in a copy of the host's mount namespace, where the process that
/// made it stays.
fn copy_of_host(world: &World) -> Result<()> {
    let _turn = world.shared();
    let overlay = Overlay::new(&world.directory("copy"))?;
    fs::copy(world.lab.host_attack(), overlay.lower().join("attack"))?;
    let mark = world.mark("copy");
    let script = "/bin/busybox mount -t overlay -o \"$0\" none \"$1\" && \
                  /bin/busybox chroot \"$1\" /attack wait \"$2\"; true";
    let mut process = Command::new("/bin/busybox")
        .args(["unshare", "-m", "/bin/busybox", "sh", "-c", script, &overlay.options("")])
        .arg(overlay.merged())
        .arg(&mark)
        .stdout(Stdio::null())
        .spawn()?;
    let supervisor = process.id();
    let judged = waiting(&mark).and_then(|pid| {
        let judged = judge_copy(pid, supervisor, world);
        kill(pid)?;
        judged
    });
    process.kill()?;
    process.wait()?;
    judged
}

fn judge_copy(pid: u32, supervisor: u32, world: &World) -> Result<()> {
    let root = format!("/proc/{pid}/root");
    fs::copy(world.lab.host_payload(), format!("{root}/new"))?;
    for (path, verdict) in [("/attack", Verdict::Image), ("/new", Verdict::Added)] {
        let by_path = file(pid, path)?;
        let by_file = descriptor(format!("{root}{path}"))?;
        ensure!(by_file == by_path, "{by_file:?}, by path {by_path:?}");
        ensure!(by_path.classified.provenance.verdict == verdict, "{path}: {by_path:?}");
        ensure!(by_path.path.as_bytes() == path.as_bytes(), "{path}: {by_path:?}");
        let container = by_path.container.context("no container")?;
        ensure!(container.id.starts_with("mnt-"), "{container:?}");
    }
    // As for the sensor, the one that made it is the host's.
    let host = host_attack(world)?;
    is(&file(supervisor, &host)?, Verdict::Host, Evidence::Kernel, &host, None)?;
    // But a file outside of the chroot is anybody's who can get at the namespace.
    let outside = descriptor(format!("/proc/{supervisor}/root{host}"))?;
    is(&outside, Verdict::Unknown, Evidence::None, &host, None)?;
    ensure!(outside.classified.provenance.reason.contains("namespace"), "{outside:?}");
    Ok(())
}

/// A process of the host's in a mount namespace of its own, as a service with a private /tmp:
/// nothing of it is a container's. With a pid namespace too it may be anything.
fn private_namespace(world: &World) -> Result<()> {
    let _turn = world.shared();
    let attack = host_attack(world)?;
    for (how, verdict, evidence) in
        [("-m", Verdict::Host, Evidence::Kernel), ("-mpf", Verdict::Unknown, Evidence::None)]
    {
        let mark = world.mark("private");
        let mut process = Command::new("/bin/busybox")
            .args(["unshare", how, &attack, "wait", &mark])
            .stdout(Stdio::null())
            .spawn()?;
        let judged = waiting(&mark).and_then(|pid| {
            let judged = file(pid, &attack).and_then(|by_path| {
                is(&by_path, verdict, evidence, &attack, None)?;
                let by_file = descriptor(format!("/proc/{pid}/exe"))?;
                is(&by_file, verdict, evidence, &attack, None)
            });
            kill(pid)?;
            judged
        });
        process.kill()?;
        process.wait()?;
        judged.with_context(|| how.to_owned())?;
    }
    Ok(())
}

/// A large file that somebody touches in a loop: all attempts share the time of one.
fn changes(world: &World) -> Result<()> {
    let _turn = world.shared();
    let overlay = Overlay::new(&world.directory("changes"))?;
    fs::copy(world.lab.host_attack(), overlay.lower().join("attack"))?;
    File::create(overlay.lower().join("large"))?.set_len(255 << 20)?;
    overlay.as_root(world, "", |pid, merged| {
        let large = merged.join("large");
        let touch = |mode| fs::set_permissions(&large, fs::Permissions::from_mode(mode));
        touch(0o700)?;
        let stop = AtomicBool::new(false);
        let mut inspector = inspector();
        inspector.bounds(Bounds { time: Duration::from_millis(300), ..Bounds::default() });
        let (judged, took) = std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut mode = 0o700;
                while !stop.load(Ordering::Relaxed) && touch(mode).is_ok() {
                    mode ^= 0o001;
                    std::thread::sleep(Duration::from_millis(5));
                }
            });
            let began = Instant::now();
            let judged = inspector.file(pid, Path::new("/large"));
            let took = began.elapsed();
            stop.store(true, Ordering::Relaxed);
            (judged, took)
        });
        ensure!(took < Duration::from_secs(2), "it took {took:?}: {judged:?}");
        match judged {
            Err(InspectError::Changed(_)) => Ok(()),
            Ok(inspected) if inspected.classified.provenance.verdict == Verdict::Unknown => Ok(()),
            other => bail!("{other:?}"),
        }
    })
}

/// The names of held files are gone, and a filesystem that never answers is mounted over their
/// directory.
fn served(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("served");
    fs::create_dir(&directory)?;
    let directory = directory.canonicalize()?;
    let (gone, linked) = (directory.join("gone"), directory.join("linked"));
    let mut held = Vec::new();
    for path in [&gone, &linked] {
        fs::write(path, "content")?;
        held.push(File::open(path)?);
    }
    fs::hard_link(&linked, directory.with_extension("other"))?;
    for path in [&gone, &linked] {
        fs::remove_file(path)?;
    }
    let server = File::options().read(true).write(true).open("/dev/fuse")?;
    let number = server.as_raw_fd();
    let options = format!("fd={number},rootmode=40000,user_id=0,group_id=0");
    let options = CString::new(options)?;
    rustix::mount::mount("none", &directory, "fuse", MountFlags::empty(), options.as_c_str())?;
    let (send, judged) = mpsc::channel::<(usize, Result<Inspected, InspectError>)>();
    let asking = std::thread::spawn(move || {
        for (number, file) in held.iter().enumerate() {
            // Nobody listens any more after a failure.
            let _ = send.send((number, inspector().descriptor(file.as_fd())));
        }
    });
    let both: Vec<_> = (0..2).map(|_| judged.recv_timeout(Duration::from_secs(5))).collect();
    // Whoever waits for an answer gets an error now.
    rustix::mount::unmount(&directory, UnmountFlags::DETACH)?;
    drop(server);
    asking.join().map_err(|_| anyhow::anyhow!("the thread panicked"))?;
    for (answer, path) in both.into_iter().zip([&gone, &linked]) {
        let (_, inspected) = answer.context("no answer: it waits for the filesystem")?;
        let path = path.to_str().context("a path that is no text")?;
        is(&inspected?, Verdict::Host, Evidence::Kernel, path, None)?;
    }
    Ok(())
}
