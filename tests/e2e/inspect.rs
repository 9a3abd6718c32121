//! The same verdicts without a probe: files and descriptors, judged from user space.

use std::fs;
use std::fs::File;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use driftcore::container::StateRoots;
use driftcore::event::Evidence;
use driftcore::event::Verdict;
use driftcore::inspect::InspectError;
use driftcore::inspect::Inspected;
use driftcore::inspect::Inspector;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::bind;
use driftcore_e2e::poll;
use rustix::fs::Mode;
use rustix::fs::OFlags;

use crate::Case;
use crate::code::drop_at;
use crate::code::flip;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("inspect_agrees_with_the_sensor", agrees),
    ("inspect_judges_what_has_no_name", nameless),
    ("inspect_follows_links_within_the_root", links),
    ("inspect_touches_only_regular_files", special),
    ("inspect_tells_host_files", host),
    ("inspect_holds_on_while_names_are_swapped", swapped),
    ("inspect_is_not_fooled_by_a_chroot", chroot),
    ("inspect_is_not_fooled_by_a_pivot_root", pivot),
    ("inspect_knows_processes_that_came_in", entered),
    ("inspect_finds_layers_through_a_bind_mount", bound),
    ("inspect_knows_90_layers", layers),
    ("inspect_knows_containerd", containerd),
    ("inspect_is_not_fooled_by_forged_attributes", forged),
    ("inspect_says_who_is_gone", gone),
];

pub(crate) fn inspector() -> Inspector {
    Inspector::new(StateRoots::default())
}

pub(crate) fn file(pid: u32, path: &str) -> Result<Inspected> {
    inspector().file(pid, Path::new(path)).with_context(|| format!("{path} of {pid}"))
}

pub(crate) fn descriptor(path: impl AsRef<Path>) -> Result<Inspected> {
    let path = path.as_ref();
    let file = File::open(path).with_context(|| path.display().to_string())?;
    inspector().descriptor(file.as_fd()).with_context(|| path.display().to_string())
}

/// Takes hold of a file without opening it.
fn hold(path: &str) -> Result<OwnedFd> {
    Ok(rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?)
}

/// The verdict is exactly this, about this path of this container.
pub(crate) fn is(
    inspected: &Inspected,
    verdict: Verdict,
    evidence: Evidence,
    path: &str,
    container: Option<&DockerContainer>,
) -> Result<()> {
    let provenance = &inspected.classified.provenance;
    ensure!(
        (provenance.verdict, provenance.evidence) == (verdict, evidence),
        "{path}: expected {verdict} by {evidence}, got {inspected:?}"
    );
    ensure!(inspected.path.as_bytes() == path.as_bytes(), "{path}: path {:?}", inspected.path);
    ensure!(!inspected.classified.cacheable, "{path}: may be cached");
    let got = inspected.container.as_ref();
    let ids = (got.map(|got| &got.id), container.map(|container| &container.id));
    ensure!(ids.0 == ids.1, "{path}: containers {ids:?}");
    if let (Some(got), Some(container)) = (got, container) {
        ensure!(got.name.as_deref() == Some(&container.name), "{path}: name {:?}", got.name);
    }
    Ok(())
}

/// Has a container's process become `attack wait MARK` in the background, by a command that
/// ends in `wait`; its process id on the host.
pub(crate) fn start(container: &DockerContainer, command: &str, mark: &str) -> Result<u32> {
    container.sh(&format!("{command} {mark} >/dev/null 2>&1 </dev/null &"))?;
    waiting(mark)
}

/// The process `attack wait MARK`, by its process id on the host.
pub(crate) fn waiting(mark: &str) -> Result<u32> {
    let pid = poll(Duration::from_secs(10), || {
        let processes = fs::read_dir("/proc").ok()?;
        let mut pids = processes.flatten().filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let arguments = fs::read(entry.path().join("cmdline")).ok()?;
            let arguments: Vec<&[u8]> = arguments.split(|&byte| byte == 0).collect();
            (arguments.get(1..)? == [b"wait", mark.as_bytes(), b""]).then_some(pid)
        });
        pids.next()
    });
    pid.with_context(|| format!("nothing waits with {mark}"))
}

/// Path, what is done to it, and how it is judged then.
type Row = (&'static str, String, Verdict, Evidence);

fn rows() -> Vec<Row> {
    use Evidence::Content;
    use Evidence::Kernel;

    let row = |path, change: &str, verdict, evidence| (path, change.to_owned(), verdict, evidence);
    vec![
        row("/opt/payload", "true", Verdict::Image, Kernel),
        row("/opt/layer-2", "true", Verdict::Image, Kernel),
        row("/opt/p1", "chmod 700 /opt/p1", Verdict::CopiedUp, Content),
        row("/opt/p2", &flip("/opt/p2"), Verdict::Modified, Content),
        row("/opt/p3", "printf x >> /opt/p3", Verdict::Modified, Kernel),
        row("/opt/p4", "rm /opt/p4; cp /opt/p9 /opt/p4", Verdict::Replaced, Content),
        row("/opt/p5", "rm /opt/p5; cp /opt/attack /opt/p5", Verdict::Replaced, Kernel),
        row(
            "/opt/p6",
            "cp /opt/p6 /tmp/k; rm /opt/p6; cp /tmp/k /opt/p6",
            Verdict::CopiedUp,
            Content,
        ),
        row("/tmp/renamed", "mv /opt/p7 /tmp/renamed", Verdict::CopiedUp, Content),
        row(
            "/opt/p8",
            &format!("{}; mv /opt/p9 /opt/p8", flip("/opt/p9")),
            Verdict::Modified,
            Content,
        ),
        row("/tmp/hard", "ln /opt/layer-1 /tmp/hard", Verdict::CopiedUp, Content),
        row("/opt/hard2", "chmod 711 /opt/hard2", Verdict::CopiedUp, Content),
        row("/opt/hard3", "true", Verdict::Image, Kernel),
        row("/tmp/added", &drop_at("/tmp/added"), Verdict::Added, Kernel),
        row("/tmp/x (deleted)", &drop_at("/tmp/x (deleted)"), Verdict::Added, Kernel),
        row("/t/x", "cp /opt/payload /t/x", Verdict::Tmpfs, Kernel),
        row("/data/x", "true", Verdict::Volume, Kernel),
    ]
}

fn agrees(world: &World) -> Result<()> {
    let _turn = world.alone();
    let directory = world.directory("inspect");
    fs::create_dir(&directory)?;
    fs::copy(world.lab.host_payload(), directory.join("x"))?;
    let container = world.start(&["--tmpfs=/t:exec", &bind(&directory, "/data")])?;
    let rows = rows();
    let changes: Vec<&str> = rows.iter().map(|(_, change, ..)| change.as_str()).collect();
    container.sh(&format!("set -e; {}", changes.join("; ")))?;
    compare(world, &container, &rows, "at once")?;
    rustix::fs::sync();
    fs::write("/proc/sys/vm/drop_caches", "2")?;
    compare(world, &container, &rows, "with cold caches")?;
    container.restart()?;
    container.sh("cp /opt/payload /t/x")?;
    compare(world, &container, &rows, "after a restart")
}

/// Every row as it is expected, by path, by descriptor and by the sensor.
fn compare(world: &World, container: &DockerContainer, rows: &[Row], when: &str) -> Result<()> {
    let pid = container.pid()?;
    let merged = container.inspect("{{.GraphDriver.Data.MergedDir}}")?;
    let mark = world.mark("inspect");
    let runs: Vec<String> =
        rows.iter().map(|(path, ..)| format!("'{path}' '{mark}{path}'")).collect();
    container.sh(&format!("{}; true", runs.join("; ")))?;
    for &(path, _, verdict, evidence) in rows {
        let told = || format!("{path} {when}");
        let by_path = file(pid, path).with_context(told)?;
        is(&by_path, verdict, evidence, path, Some(container)).with_context(told)?;
        let by_file = descriptor(format!("/proc/{pid}/root{path}")).with_context(told)?;
        ensure!(by_file == by_path, "{path} {when}: {by_file:?}, by path {by_path:?}");
        let held = hold(&format!("/proc/{pid}/root{path}"))?;
        let by_hold = inspector().descriptor(held.as_fd()).with_context(told)?;
        ensure!(by_hold == by_path, "{path} {when}: {by_hold:?}, by path {by_path:?}");
        if !matches!(verdict, Verdict::Tmpfs | Verdict::Volume) {
            let by_host = descriptor(format!("{merged}{path}")).with_context(told)?;
            ensure!(by_host == by_path, "{path} {when}: {by_host:?}, by path {by_path:?}");
        }
        let seen = world.exec(&format!("{mark}{path}")).with_context(told)?;
        let sensor = seen.event.provenance.as_ref().context("no provenance")?;
        // Of an image file with several hard links the kernel's own answer depends on its caches.
        ensure!(
            *sensor == by_path.classified.provenance || path == "/opt/hard2",
            "{path} {when}: the sensor {sensor:?}, inspected {by_path:?}"
        );
        ensure!(sensor.verdict == verdict, "{path} {when}: the sensor {sensor:?}");
        let seen = seen.path(path)?;
        let sensor = seen.event.file.context("no file")?;
        ensure!(sensor.size == by_path.evidence.inode.size, "{path} {when}: size {}", sensor.size);
        let digest = by_path
            .classified
            .sha256
            .map(|digest| digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        ensure!(sensor.sha256 == digest, "{path} {when}: sha256 {:?}, {digest:?}", sensor.sha256);
    }
    Ok(())
}

fn nameless(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("memfd");
    let pid = start(&container, "/opt/attack memfd secret /opt/attack ghost wait", &mark)?;
    let memfd = descriptor(format!("/proc/{pid}/exe"))?;
    is(&memfd, Verdict::Memfd, Evidence::Kernel, "/memfd:secret", None)?;
    container.sh(&drop_at("/memfd:secret"))?;
    let named = descriptor(format!("/proc/{pid}/root/memfd:secret"))?;
    is(&named, Verdict::Added, Evidence::Kernel, "/memfd:secret", Some(&container))?;

    let root = format!("/proc/{}/root", container.pid()?);
    let files = ["/tmp/new", "/opt/p1", "/opt/p2", "/tmp/linked"];
    container.sh(&format!(
        "set -e; {}; chmod 700 /opt/p2; {}; ln /tmp/linked /tmp/other",
        drop_at("/tmp/new"),
        drop_at("/tmp/linked")
    ))?;
    let held: Vec<File> =
        files.iter().map(|path| Ok(File::open(format!("{root}{path}"))?)).collect::<Result<_>>()?;
    container.sh(&format!("rm {}", files.join(" ")))?;
    container.sh(&format!("{}; {}", drop_at("/opt/p1"), drop_at("/tmp/new (deleted)")))?;
    for (path, file) in files.iter().zip(&held) {
        let inspected = inspector().descriptor(file.as_fd())?;
        let expected = match *path {
            // One of its names is left; which one cannot be told.
            "/tmp/linked" => (Verdict::Unknown, Evidence::None),
            _ => (Verdict::Deleted, Evidence::Kernel),
        };
        is(&inspected, expected.0, expected.1, path, Some(&container))?;
    }
    let image = inspector().descriptor(held[1].as_fd())?;
    ensure!(image.classified.provenance.reason.contains("image file"), "{image:?}");
    Ok(())
}

fn links(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&["--workdir=/opt"])?;
    let pid = container.pid()?;
    container.sh(
        "set -e; ln -s /opt/p1 /tmp/a; ln -s a /tmp/b; ln -s ../../../../tmp/b /etc/c; \
         ln -s /proc/1/root/etc/passwd /tmp/magic; ln -s /proc/self/root/etc/passwd /tmp/self; \
         ln -s loop /tmp/loop; ln -s /etc/hostname-of-nobody /tmp/dangling",
    )?;
    for path in ["/tmp/a", "/tmp/b", "/etc/c", "/../../opt/p1", "p1", "./p1", "../opt/p1"] {
        let inspected = file(pid, path)?;
        is(&inspected, Verdict::Image, Evidence::Kernel, "/opt/p1", Some(&container))?;
    }
    for path in ["/proc/1/root/etc/passwd", "/tmp/magic", "/proc/1/exe", "/tmp/loop"] {
        match inspector().file(pid, Path::new(path)) {
            Err(InspectError::Io { source, .. })
                if source.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {}
            other => bail!("{path}: {other:?}"),
        }
    }
    // In the container's proc there is no entry for us.
    for path in ["/tmp/self", "/tmp/dangling", "/opt/absent", "/opt/p1/x", "absent", "/opt/p1/"] {
        match inspector().file(pid, Path::new(path)) {
            Err(InspectError::NoSuchFile { pid: whose, path: what }) => {
                ensure!((whose, what.as_path()) == (pid, Path::new(path)), "{whose} {what:?}");
            }
            other => bail!("{path}: {other:?}"),
        }
    }
    Ok(())
}

fn special(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let pid = container.pid()?;
    container
        .sh("/bin/busybox mkfifo /tmp/fifo; ln -s fifo /tmp/link; ln -s /dev/zero /tmp/zero")?;
    let began = Instant::now();
    for path in ["/tmp/fifo", "/tmp/link", "/dev/null", "/tmp/zero", "/opt", "/"] {
        match inspector().file(pid, Path::new(path)) {
            Err(InspectError::NotRegular(what)) => ensure!(what == Path::new(path), "{what:?}"),
            other => bail!("{path}: {other:?}"),
        }
        let held = hold(&format!("/proc/{pid}/root{path}"))?;
        match inspector().descriptor(held.as_fd()) {
            Err(InspectError::NotRegular(_)) => {}
            other => bail!("descriptor of {path}: {other:?}"),
        }
    }
    ensure!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());
    Ok(())
}

fn host(world: &World) -> Result<()> {
    let _turn = world.shared();
    let payload = world.lab.host_payload();
    let path = payload.canonicalize()?;
    let path = path.to_str().context("a path that is no text")?;
    let mine = std::process::id();
    is(&file(mine, path)?, Verdict::Host, Evidence::Kernel, path, None)?;
    is(&descriptor(path)?, Verdict::Host, Evidence::Kernel, path, None)?;
    // A file that shows in a container too, opened by the host's name.
    let directory = world.directory("inspect-host");
    fs::create_dir(&directory)?;
    let shared = directory.join("x");
    fs::copy(payload, &shared)?;
    let container = world.start(&[&bind(&directory, "/data")])?;
    let shared = shared.canonicalize()?;
    let name = shared.to_str().context("a path that is no text")?;
    is(&descriptor(&shared)?, Verdict::Host, Evidence::Kernel, name, None)?;
    let inside = file(container.pid()?, "/data/x")?;
    is(&inside, Verdict::Volume, Evidence::Kernel, "/data/x", Some(&container))
}

fn swapped(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let pid = container.pid()?;
    // An image file that was touched, and a new one of its size.
    container.sh("set -e; cp /opt/p2 /opt/new; touch /opt/p1")?;
    let mark = world.mark("swap");
    let swap = "while true; do mv /opt/p1 /opt/t; mv /opt/new /opt/p1; mv /opt/t /opt/new; done";
    container.sh(&format!("/bin/sh -c '{swap}' {mark} >/dev/null 2>&1 </dev/null &"))?;
    let image_size = fs::metadata(format!("/proc/{pid}/root/opt/p3"))?.len();
    let (mut judged, mut copied_up, mut new) = (0, 0, 0);
    let began = Instant::now();
    // Between two moves the path has no file, however often it is looked at meanwhile.
    while copied_up.min(new) < 50 && began.elapsed() < Duration::from_secs(30) {
        let inspected = match inspector().file(pid, Path::new("/opt/p1")) {
            Ok(inspected) => inspected,
            Err(InspectError::Changed(_) | InspectError::NoSuchFile { .. }) => continue,
            Err(error) => bail!("{error}"),
        };
        ensure!(inspected.evidence.inode.size == image_size, "{inspected:?}");
        judged += 1;
        match inspected.classified.provenance.verdict {
            // The image file, under whichever name it has by now.
            Verdict::CopiedUp => {
                ensure!(inspected.evidence.lower.is_some(), "{inspected:?}");
                copied_up += 1;
            }
            // The new file, over the image's path or beside it.
            Verdict::Replaced | Verdict::Added => {
                ensure!(inspected.evidence.lower.is_none(), "{inspected:?}");
                new += 1;
            }
            // It never held still: nothing is said of it, and nothing was taken for its evidence.
            Verdict::Unknown => {
                let evidence = &inspected.evidence;
                ensure!(evidence.upper.or(evidence.lower).is_none(), "a mix: {inspected:?}");
            }
            _ => bail!("a mix: {inspected:?}"),
        }
    }
    ensure!(copied_up.min(new) >= 50, "{judged} judged: {copied_up} copied up, {new} new");
    Ok(())
}

/// What a container needs to mount.
pub(crate) const MAY_MOUNT: &[&str] = &[
    "--cap-add=SYS_ADMIN",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
];

fn chroot(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(MAY_MOUNT)?;
    let mark = world.mark("chroot");
    container.sh(&drop_at("/opt/new"))?;
    let pid = start(&container, "/bin/busybox chroot /opt /attack wait", &mark)?;
    // Paths begin at the process's root; what is told is the path in the container.
    let image = file(pid, "/p1")?;
    is(&image, Verdict::Image, Evidence::Kernel, "/opt/p1", Some(&container))?;
    let new = file(pid, "/new")?;
    is(&new, Verdict::Added, Evidence::Kernel, "/opt/new", Some(&container))?;
    ensure!(
        matches!(inspector().file(pid, Path::new("/opt/p1")), Err(InspectError::NoSuchFile { .. })),
        "out of the chroot"
    );
    // An overlay that the container mounted and made its root: served by a lower layer, but no
    // image's. Also where the process has a mount namespace of its own.
    for how in ["", "/bin/busybox unshare -m "] {
        let mark = world.mark("chroot");
        let base = format!("/t-{mark}");
        container.sh(&format!(
            "mkdir {base}; mkdir {base}/t; /bin/busybox mount -t tmpfs none {base}/t"
        ))?;
        let inner = format!("{how}/opt/attack inner chroot /opt/attack {base}/t/i x wait");
        let pid = start(&container, &inner, &mark)?;
        let path = format!("{base}/t/i/m/inner-payload");
        let volume = file(pid, "/inner-payload")?;
        is(&volume, Verdict::Volume, Evidence::Kernel, &path, Some(&container))?;
        let volume = descriptor(format!("/proc/{pid}/exe"))?;
        is(&volume, Verdict::Volume, Evidence::Kernel, &path, Some(&container))?;
    }
    Ok(())
}

/// An overlay of the container's own becomes the root, in a mount namespace of its own, and for
/// all processes of the container, the first one too.
fn pivot(world: &World) -> Result<()> {
    let _turn = world.shared();
    for how in ["/bin/busybox unshare -m ", ""] {
        let container = world.start(MAY_MOUNT)?;
        let first = container.pid()?;
        container.sh("set -e; mkdir /i; /bin/busybox mount -t tmpfs none /i; \
             mkdir /i/a /i/b /i/m; cp /opt/attack /i/b/inner; \
             /bin/busybox mount -t overlay -o lowerdir=/i/a:/i/b none /i/m")?;
        let mark = world.mark("pivot");
        let script = "cd /i/m && /bin/busybox pivot_root . . && exec /inner wait \"$0\"";
        let pid = start(&container, &format!("{how}/bin/sh -c '{script}'"), &mark)?;
        let volume = file(pid, "/inner")?;
        is(&volume, Verdict::Volume, Evidence::Kernel, "/inner", Some(&container))?;
        let volume = descriptor(format!("/proc/{pid}/exe"))?;
        is(&volume, Verdict::Volume, Evidence::Kernel, "/inner", Some(&container))?;
        // What it ran before it still runs.
        let image = descriptor(format!("/proc/{first}/exe"))?;
        is(&image, Verdict::Image, Evidence::Kernel, "/opt/attack", Some(&container))?;
    }
    Ok(())
}

/// A process of the host's that entered the container's mount namespace, in the host's cgroup.
fn entered(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    container.sh(&drop_at("/tmp/x"))?;
    let mark = world.mark("entered");
    let mut process = std::process::Command::new("nsenter")
        .args(["--mount", "--target", &container.pid()?.to_string(), "/opt/attack", "wait", &mark])
        .stdout(std::process::Stdio::null())
        .spawn()?;
    let judged = waiting(&mark).and_then(|pid| {
        let image = file(pid, "/opt/p1")?;
        is(&image, Verdict::Image, Evidence::Kernel, "/opt/p1", Some(&container))?;
        let added = file(pid, "/tmp/x")?;
        is(&added, Verdict::Added, Evidence::Kernel, "/tmp/x", Some(&container))
    });
    process.kill()?;
    process.wait()?;
    judged
}

fn bound(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(MAY_MOUNT)?;
    container.sh(&format!(
        "set -e; mkdir /b; /bin/busybox mount -o bind /opt /b; chmod 700 /b/p1; {}; {}; \
         rm /b/p3; cp /b/p4 /b/p3; {}",
        flip("/b/p2"),
        drop_at("/b/new"),
        flip("/b/hard1")
    ))?;
    for (path, verdict, evidence) in [
        ("/b/payload", Verdict::Image, Evidence::Kernel),
        ("/b/p1", Verdict::CopiedUp, Evidence::Content),
        ("/b/p2", Verdict::Modified, Evidence::Content),
        ("/b/p3", Verdict::Replaced, Evidence::Content),
        ("/b/new", Verdict::Added, Evidence::Kernel),
        // The kernel keeps no origin of a file with several names.
        ("/b/hard1", Verdict::Replaced, Evidence::Content),
    ] {
        let inspected = file(container.pid()?, path)?;
        is(&inspected, verdict, evidence, path, Some(&container))?;
    }
    Ok(())
}

fn layers(world: &World) -> Result<()> {
    let _turn = world.shared();
    let image = world.lab.build_image(90)?;
    world.lab.docker().load(&image)?;
    let container = world.lab.docker().start(&image, &[])?;
    container.sh(&format!(
        "set -e; touch /opt/layer-2; mv /opt/layer-3 /tmp/moved; {}; {}",
        flip("/opt/layer-89"),
        drop_at("/tmp/new")
    ))?;
    for (path, verdict, evidence) in [
        ("/opt/layer-1", Verdict::Image, Evidence::Kernel),
        ("/opt/layer-2", Verdict::CopiedUp, Evidence::Content),
        ("/tmp/moved", Verdict::CopiedUp, Evidence::Content),
        ("/opt/layer-89", Verdict::Modified, Evidence::Content),
        ("/tmp/new", Verdict::Added, Evidence::Kernel),
    ] {
        let inspected = file(container.pid()?, path)?;
        is(&inspected, verdict, evidence, path, Some(&container))?;
    }
    Ok(())
}

fn containerd(world: &World) -> Result<()> {
    let _turn = world.shared();
    world.import_into_containerd()?;
    let (id, mark) = (world.mark("inspect-ctr"), world.mark("ctr"));
    let script =
        format!("set -e; chmod 700 /opt/p1; {}; exec /opt/attack wait {mark}", drop_at("/tmp/x"));
    std::thread::scope(|scope| {
        let run = scope.spawn(|| world.lab.containerd().run(&world.image, &id, &script));
        let judged = waiting(&mark).and_then(|pid| {
            let judged = ["/opt/payload", "/opt/p1", "/tmp/x"].map(|path| file(pid, path));
            let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
            let pid = pid.context("no process id")?;
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
            Ok(judged)
        })?;
        let ended = run.join().map_err(|_| anyhow::anyhow!("the thread panicked"))?;
        ended.context("the container")?;
        let expected = [Verdict::Image, Verdict::CopiedUp, Verdict::Added];
        for (inspected, verdict) in judged.into_iter().zip(expected) {
            let inspected = inspected?;
            ensure!(inspected.classified.provenance.verdict == verdict, "{inspected:?}");
            let container = inspected.container.context("no container")?;
            ensure!(
                (container.id.as_str(), container.runtime.as_str()) == (&id, "containerd"),
                "{container:?}"
            );
        }
        Ok(())
    })
}

fn forged(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let pid = container.pid()?;
    container.sh(&drop_at("/tmp/x"))?;
    // What any owner of a file may write on it.
    let path = format!("/proc/{pid}/root/tmp/x");
    for name in [c"user.overlay.metacopy", c"user.overlay.origin", c"user.overlay.redirect"] {
        let flags = rustix::fs::XattrFlags::empty();
        rustix::fs::setxattr(path.as_str(), name, b"/opt/p1", flags)?;
    }
    let inspected = file(pid, "/tmp/x")?;
    is(&inspected, Verdict::Added, Evidence::Kernel, "/tmp/x", Some(&container))
}

fn gone(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let pid = container.pid()?;
    let held = File::open(format!("/proc/{pid}/root/opt/p1"))?;
    is(&file(pid, "/opt/p1")?, Verdict::Image, Evidence::Kernel, "/opt/p1", Some(&container))?;
    container.kill();
    let ended = poll(Duration::from_secs(10), || {
        (!fs::exists(format!("/proc/{pid}")).unwrap_or(true)).then_some(())
    });
    ended.context("the container does not end")?;
    match inspector().file(pid, Path::new("/opt/p1")) {
        Err(InspectError::NoSuchProcess(whose)) => ensure!(whose == pid, "{whose}"),
        other => bail!("{other:?}"),
    }
    // Nobody has the mount any more. Never passed off as anything.
    let inspected = inspector().descriptor(held.as_fd())?;
    is(&inspected, Verdict::Unknown, Evidence::None, "/opt/p1", None)
}
