//! One change of each kind, and the exact list.

use std::fs;
use std::fs::Permissions;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use driftcore::image::Code;
use driftcore::image::Entry;
use driftcore::image::EntryKind;
use driftcore::image::FileType;
use driftcore::image::OverlayScan;
use driftcore::image::Problem;
use driftcore::image::Progress;
use driftcore::image::ScanError;
use driftcore::image::ScanOptions;
use driftcore::image::Visitor;
use rustix::fs::CWD;
use rustix::fs::Mode;
use rustix::fs::XattrFlags;
use sha2::Digest;
use sha2::Sha256;

use crate::report::Report;
use crate::world::Mounted;
use crate::world::World;

/// An image of two layers; `None` where nothing may be mounted.
fn image(options: &'static str) -> Option<World> {
    let mut world = World::new(options);
    world.layer(|root| {
        for path in ["bin/ls", "bin/cat", "bin/ps", "etc/a", "etc/b", "etc/c", "opt/d/x", "opt/e/x"]
        {
            write(root, path, path.as_bytes());
        }
        write(root, "gone/deep/file", b"1");
        symlink("/bin/ls", root.join("link")).unwrap();
    });
    if !world.is_allowed() {
        return None;
    }
    world.layer(|root| {
        write(root, "etc/b", b"of the second layer");
        write(root, "gone/deep/other", b"2");
        fs::remove_file(root.join("etc/c")).unwrap();
    });
    Some(world)
}

fn write(root: &Path, path: &str, content: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn chmod(container: &Mounted, path: &str, mode: u32) {
    fs::set_permissions(container.path(path), Permissions::from_mode(mode)).unwrap();
}

fn entry<'a>(report: &'a Report, path: &str) -> &'a Entry {
    report.entries.iter().find(|entry| entry.path.as_str() == Some(path)).unwrap()
}

#[test]
fn a_container_that_changed_nothing_has_no_entry() {
    let Some(world) = image("") else { return };
    let _container = world.container().unwrap();
    let report = Report::of(&world.layers());
    assert!(report.entries.is_empty() && report.problems.is_empty(), "{report:?}");
}

#[test]
fn each_change_is_told_by_its_kind() {
    let Some(world) = image("") else { return };
    let container = world.container().unwrap();
    let root = container.root();
    write(root, "tmp/new", b"#!/bin/sh\n");
    chmod(&container, "tmp/new", 0o755);
    fs::write(container.path("bin/ls"), b"BIN/LS").unwrap();
    fs::remove_file(container.path("bin/cat")).unwrap();
    fs::write(container.path("bin/cat"), b"other").unwrap();
    chmod(&container, "bin/ps", 0o4755);
    fs::File::options().append(true).open(container.path("etc/a")).unwrap();
    fs::remove_file(container.path("etc/b")).unwrap();
    fs::write(container.path("etc/c"), b"not in the image").unwrap();
    fs::remove_dir_all(container.path("opt/d")).unwrap();
    fs::write(container.path("opt/d"), b"a file").unwrap();
    fs::remove_dir_all(container.path("opt/e")).unwrap();
    fs::create_dir(container.path("opt/e")).unwrap();
    fs::remove_dir_all(container.path("gone")).unwrap();
    fs::remove_file(container.path("link")).unwrap();
    symlink("/bin/cat", container.path("link")).unwrap();
    rustix::fs::mkfifoat(CWD, container.path("tmp/pipe"), Mode::RUSR).unwrap();
    let report = Report::of(&world.layers());
    assert_eq!(
        report.lines(),
        [
            "added /etc/c",
            "added /tmp",
            "added /tmp/new",
            "added /tmp/pipe",
            "attributes /bin/ps (mode)",
            "copied_up /etc/a",
            "deleted /etc/b",
            "deleted /gone",
            "deleted /gone/deep",
            "deleted /gone/deep/file",
            "deleted /gone/deep/other",
            "deleted /opt/d/x",
            "deleted /opt/e/x",
            "modified /bin/ls (content)",
            "replaced /bin/cat (content)",
            "replaced /link (target)",
            "type /opt/d",
        ]
    );
    assert!(report.problems.is_empty(), "{:?}", report.problems);

    let changed = entry(&report, "/bin/ls");
    let (before, after) = (changed.before.as_ref().unwrap(), changed.after.as_ref().unwrap());
    assert_eq!(before.sha256, Some(Sha256::digest("bin/ls").into()));
    assert_eq!(after.sha256, Some(Sha256::digest("BIN/LS").into()));
    assert!(after.changed >= after.modified && after.modified > before.modified);
    let new = entry(&report, "/tmp/new").after.as_ref().unwrap();
    assert_eq!((new.code, new.mode, new.size), (Some(Code::Script), 0o755, 10));
    let pipe = entry(&report, "/tmp/pipe").after.as_ref().unwrap();
    assert_eq!((pipe.file_type, pipe.sha256), (FileType::Fifo, None));
    let link = entry(&report, "/link");
    let target = |state: &Option<driftcore::image::State>| {
        state.as_ref().unwrap().target.as_ref().unwrap().to_string()
    };
    assert_eq!([target(&link.before), target(&link.after)], ["/bin/ls", "/bin/cat"]);
    let gone = entry(&report, "/gone/deep/other");
    assert!(gone.after.is_none() && gone.before.as_ref().unwrap().size == 1);
    assert!(!entry(&report, "/etc/a").is_drift() && entry(&report, "/etc/b").is_drift());
}

#[test]
fn a_renamed_directory_is_one_entry_and_what_differs_below_it_is_told() {
    let Some(world) = image(",redirect_dir=on") else { return };
    let container = world.container().unwrap();
    fs::rename(container.path("gone"), container.path("opt/came")).unwrap();
    fs::write(container.path("opt/came/deep/file"), b"longer").unwrap();
    fs::remove_file(container.path("opt/came/deep/other")).unwrap();
    write(container.root(), "gone/new", b"");
    // There and back is no change.
    fs::rename(container.path("opt/e"), container.path("opt/f")).unwrap();
    fs::rename(container.path("opt/f"), container.path("opt/e")).unwrap();
    assert_eq!(
        Report::of(&world.layers()).lines(),
        [
            "added /gone",
            "added /gone/new",
            "deleted /gone/deep/other",
            "modified /opt/came/deep/file from /gone/deep/file (content)",
            "renamed /opt/came from /gone",
        ]
    );
}

/// The names that the image has below the one directory and the other are gone with the one, and
/// moved with the other.
#[test]
fn a_directory_renamed_onto_the_place_of_another_tells_the_names_of_both() {
    let Some(mut world) = image(",redirect_dir=on") else { return };
    world.layer(|root| {
        for path in ["one/same/x", "other/same/x", "one/y", "other/y", "one/z", "other/only"] {
            write(root, path, path.as_bytes());
        }
    });
    let container = world.container().unwrap();
    fs::remove_dir_all(container.path("one")).unwrap();
    fs::rename(container.path("other"), container.path("one")).unwrap();
    fs::write(container.path("one/y"), b"changed").unwrap();
    assert_eq!(
        Report::of(&world.layers()).lines(),
        [
            "deleted /one/same",
            "deleted /one/same/x",
            "deleted /one/y",
            "deleted /one/z",
            "modified /one/y from /other/y (content)",
            "renamed /one from /other",
        ]
    );
}

#[test]
fn a_metacopy_is_told_by_its_attributes_and_by_its_rename() {
    let Some(world) = image(",redirect_dir=on,metacopy=on") else { return };
    let container = world.container().unwrap();
    chmod(&container, "bin/ls", 0o600);
    chmod(&container, "bin/cat", 0o600);
    fs::rename(container.path("bin/cat"), container.path("bin/dog")).unwrap();
    fs::hard_link(container.path("bin/ls"), container.path("bin/also")).unwrap();
    let report = Report::of(&world.layers());
    assert_eq!(
        report.lines(),
        ["added /bin/also", "attributes /bin/ls (mode)", "renamed /bin/dog from /bin/cat (mode)",]
    );
    let also = entry(&report, "/bin/also").after.as_ref().unwrap();
    assert_eq!((also.sha256, also.links), (Some(Sha256::digest("bin/ls").into()), 2));
}

/// As Docker mounts: nothing is left of a rename but the origin of the file.
#[test]
fn a_renamed_file_is_one_entry_by_its_origin() {
    let Some(world) = image(",redirect_dir=off,metacopy=off") else { return };
    let container = world.container().unwrap();
    let rename = |from: &str, to: &str| {
        fs::rename(container.path(from), container.path(to)).unwrap();
    };
    rename("bin/ls", "bin/dir");
    chmod(&container, "bin/cat", 0o700);
    rename("bin/cat", "opt/d/dog");
    rename("gone/deep/file", "opt/file");
    fs::remove_dir_all(container.path("gone")).unwrap();
    rename("etc/b", "etc/z");
    fs::write(container.path("etc/z"), b"something else").unwrap();
    fs::hard_link(container.path("opt/d/x"), container.path("opt/d/y")).unwrap();
    fs::remove_file(container.path("opt/d/x")).unwrap();
    // A copy is none, and what takes the place of another file of the image is that.
    fs::copy(container.path("bin/ps"), container.path("bin/copy")).unwrap();
    fs::remove_file(container.path("bin/ps")).unwrap();
    rename("etc/a", "opt/e/x");
    let report = Report::of(&world.layers());
    assert_eq!(
        report.lines(),
        [
            "added /bin/copy",
            "deleted /bin/ps",
            "deleted /etc/a",
            "deleted /gone",
            "deleted /gone/deep",
            "deleted /gone/deep/other",
            "renamed /bin/dir from /bin/ls",
            "renamed /etc/z from /etc/b (content)",
            "renamed /opt/d/dog from /bin/cat (mode)",
            "renamed /opt/d/y from /opt/d/x",
            "renamed /opt/file from /gone/deep/file",
            "replaced /opt/e/x (content)",
        ]
    );
    let hash = |state: &Option<driftcore::image::State>| state.as_ref().unwrap().sha256;
    let changed = entry(&report, "/etc/z");
    assert_eq!(hash(&changed.before), Some(Sha256::digest("of the second layer").into()));
    assert_eq!(hash(&changed.after), Some(Sha256::digest("something else").into()));
    assert_eq!(hash(&entry(&report, "/bin/dir").after), None);
}

#[test]
fn of_several_names_of_a_renamed_file_the_first_is_told() {
    let Some(world) = image("") else { return };
    let container = world.container().unwrap();
    fs::rename(container.path("bin/ls"), container.path("bin/one")).unwrap();
    fs::hard_link(container.path("bin/one"), container.path("bin/two")).unwrap();
    // Nothing was deleted here: it is another name of what is still there.
    fs::hard_link(container.path("bin/cat"), container.path("bin/cat2")).unwrap();
    assert_eq!(
        Report::of(&world.layers()).lines(),
        [
            "added /bin/cat2",
            "added /bin/two",
            "copied_up /bin/cat",
            "renamed /bin/one from /bin/ls",
        ]
    );
}

#[test]
fn names_that_change_together_are_said_to() {
    let mut world = World::new(",index=on");
    world.layer(|root| {
        write(root, "a", b"1");
        symlink("x", root.join("link")).unwrap();
        rustix::fs::mkfifoat(CWD, root.join("pipe"), Mode::RUSR).unwrap();
        for name in ["a", "link", "pipe"] {
            fs::hard_link(root.join(name), root.join(format!("{name}2"))).unwrap();
        }
    });
    let Some(container) = world.container() else { return };
    for name in ["a", "link", "pipe"] {
        std::os::unix::fs::lchown(container.path(name), Some(7), None).unwrap();
    }
    let report = Report::of(&world.layers());
    let told = ["attributes /a (owner)", "attributes /link (owner)", "attributes /pipe (owner)"];
    assert_eq!(report.lines(), told);
    let mut problems = report.problems.iter();
    assert!(problems.all(|it| it.reason.contains("2 names for the file")), "{report:?}");
    assert_eq!(report.problems.len(), 3, "{:?}", report.problems);
}

/// The redirect of its rename stays on a file whose content is copied up later.
#[test]
fn a_metacopy_that_was_renamed_and_then_written_to_is_renamed_and_modified() {
    let Some(world) = image(",redirect_dir=on,metacopy=on") else { return };
    let container = world.container().unwrap();
    fs::rename(container.path("bin/cat"), container.path("bin/dog")).unwrap();
    fs::write(container.path("bin/dog"), b"written").unwrap();
    assert_eq!(Report::of(&world.layers()).lines(), ["renamed /bin/dog from /bin/cat (content)"]);
}

/// Its redirect may be of another directory by then, so it counts as one without: its origin tells a
/// rename where the old name is gone.
#[test]
fn a_renamed_metacopy_that_was_written_to_is_added_where_its_old_name_is_taken() {
    let Some(world) = image(",redirect_dir=on,metacopy=on") else { return };
    let container = world.container().unwrap();
    fs::rename(container.path("bin/cat"), container.path("bin/dog")).unwrap();
    fs::write(container.path("bin/dog"), b"written").unwrap();
    fs::write(container.path("bin/cat"), b"another").unwrap();
    assert_eq!(
        Report::of(&world.layers()).lines(),
        ["added /bin/dog", "replaced /bin/cat (content)"]
    );
}

/// A name that was read goes before it is looked at: what the image had is not lost with it.
#[test]
fn a_renamed_file_that_goes_while_it_is_scanned_leaves_its_old_path_as_deleted() {
    let Some(world) = image("") else { return };
    let container = world.container().unwrap();
    fs::rename(container.path("bin/ls"), container.path("moved")).unwrap();
    write(container.root(), "aaa", b"the first that is told");
    struct Remover(Report, std::path::PathBuf);
    impl Visitor for Remover {
        fn entry(&mut self, entry: Entry) -> ControlFlow<()> {
            let _ = fs::remove_file(&self.1);
            self.0.entry(entry)
        }
        fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
            self.0.problem(problem)
        }
    }
    let mut remover = Remover(Report::default(), container.path("moved"));
    OverlayScan::new(&world.layers()).run(&mut remover).unwrap();
    assert_eq!(remover.0.lines(), ["added /aaa", "deleted /bin/ls"]);
    assert!(remover.0.problems.iter().all(|problem| problem.vanished));
}

#[test]
fn a_file_capability_and_other_attributes_are_told_apart() {
    let Some(world) = image("") else { return };
    let container = world.container().unwrap();
    let set = |path: &str, name: &str, value: &[u8]| {
        rustix::fs::setxattr(container.path(path), name, value, XattrFlags::empty()).unwrap();
    };
    let mut capability = [0; 20];
    capability[3] = 2;
    capability[4] = 1;
    set("bin/ls", "security.capability", &capability);
    set("bin/cat", "user.x", &[7; 4000]);
    set("bin/ps", "trusted.t", b"");
    std::os::unix::fs::chown(container.path("etc/a"), Some(5), Some(6)).unwrap();
    assert_eq!(
        Report::of(&world.layers()).lines(),
        [
            "attributes /bin/cat (xattr)",
            "attributes /bin/ls (capability)",
            "attributes /bin/ps (xattr)",
            "attributes /etc/a (owner)",
        ]
    );
}

#[test]
fn times_count_only_where_they_are_asked_for() {
    let Some(world) = image("") else { return };
    let container = world.container().unwrap();
    let file = fs::File::options().write(true).open(container.path("bin/ls")).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(Report::of(&world.layers()).lines(), ["copied_up /bin/ls"]);
    let report = Report::with(&world.layers(), |it| it.times = true);
    assert_eq!(report.lines(), ["attributes /bin/ls (times)"]);
}

#[test]
fn what_the_runtime_makes_is_marked_and_not_hidden() {
    let Some(world) = image("") else { return };
    let container = world.container().unwrap();
    for path in [".dockerenv", "etc/hosts", "data/volume/file"] {
        write(container.root(), path, b"");
    }
    write(container.root(), "etc/resolv.conf", b"nameserver 6.6.6.6");
    let report = Report::with(&world.layers(), |it| it.mount_points = vec!["/data/volume".into()]);
    assert_eq!(
        report.lines(),
        [
            "added /.dockerenv noise",
            "added /data noise",
            "added /data/volume noise",
            "added /data/volume/file",
            "added /etc/hosts noise",
            "added /etc/resolv.conf",
        ]
    );
    assert!(!entry(&report, "/data").is_drift() && entry(&report, "/etc/resolv.conf").is_drift());
}

#[test]
fn marks_of_the_other_namespace_are_the_containers_own_attributes() {
    let Some(world) = image("") else { return };
    let container = world.container().unwrap();
    for path in ["opt/d", "bin/ls"] {
        for name in ["opaque", "redirect", "metacopy", "whiteout", "origin"] {
            let name = format!("user.overlay.{name}");
            let at = container.path(path);
            rustix::fs::setxattr(at, name, b"/bin", XattrFlags::empty()).unwrap();
        }
    }
    fs::write(container.path("bin/ls"), b"").unwrap();
    assert_eq!(
        Report::of(&world.layers()).lines(),
        ["attributes /opt/d (xattr)", "modified /bin/ls (content, xattr)"]
    );
}

/// The upper layer as tools that may not make devices leave it: whiteouts as attributes, in a
/// directory that says so.
#[test]
fn whiteouts_by_attribute_are_whiteouts_where_the_directory_allows_them() {
    let Some(world) = image(",userxattr") else { return };
    let upper = world.path("upper");
    let whiteout = |path: &str| {
        write(&upper, path, b"");
        let name = "user.overlay.whiteout";
        rustix::fs::setxattr(upper.join(path), name, b"y", XattrFlags::empty()).unwrap();
    };
    whiteout("bin/ls");
    whiteout("etc/a");
    let bin = upper.join("bin");
    rustix::fs::setxattr(bin, "user.overlay.opaque", b"x", XattrFlags::empty()).unwrap();
    assert_eq!(
        Report::of(&world.layers()).lines(),
        ["deleted /bin/ls", "replaced /etc/a (content)"]
    );
}

/// As aufs and fuse-overlayfs leave them, in the layers of the image too.
#[test]
fn whiteouts_by_name_count_where_that_is_asked_for_and_are_files_elsewhere() {
    let Some(mut world) = image("") else { return };
    world.layer(|root| write(root, "opt/new", b""));
    let (upper, top) = (world.path("upper"), world.layers().lowers[0].clone());
    write(&upper, "bin/.wh.ls", b"");
    write(&upper, "bin/.wh.cat", b"");
    write(&upper, "bin/cat", b"bin/cat");
    write(&upper, "gone/.wh.deep", b"");
    write(&upper, "opt/d/.wh..wh..opq", b"");
    write(&upper, "opt/d/y", b"");
    write(&upper, ".wh..wh.plnk", b"");
    // The image has no /bin/ps, and of /opt/e only what its topmost layer has.
    write(&top, "bin/.wh.ps", b"");
    write(&top, "opt/e/.wh..wh..opq", b"");
    write(&top, "opt/e/z", b"");
    write(&upper, "bin/ps", b"");
    write(&upper, ".wh.opt2", b"");
    let report = Report::of_scan(OverlayScan::new(&world.layers()).whiteout_files(true));
    assert_eq!(
        report.lines(),
        [
            "added /bin/ps",
            "added /opt/d/y",
            "copied_up /bin/cat",
            "deleted /bin/ls",
            "deleted /gone/deep",
            "deleted /gone/deep/file",
            "deleted /gone/deep/other",
            "deleted /opt/d/x",
        ]
    );
    fs::create_dir(upper.join("opt/e")).unwrap();
    write(&upper, "opt/e/.wh.z", b"");
    let report = Report::of_scan(OverlayScan::new(&world.layers()).whiteout_files(true));
    let below: Vec<_> = report.lines().into_iter().filter(|it| it.contains("/opt/e")).collect();
    assert_eq!(below, ["deleted /opt/e/z"]);
    let plain = Report::of(&world.layers()).lines();
    for line in ["added /bin/.wh.ls", "replaced /bin/ps (content)", "added /opt/d/.wh..wh..opq"] {
        assert!(plain.contains(&line.to_owned()), "{plain:#?}");
    }
    assert!(!plain.iter().any(|line| line.starts_with("deleted")), "{plain:#?}");
}

/// Large files among small ones, equal, changed, added and unreadable to compare.
#[test]
fn threads_change_nothing_of_what_is_told() {
    let mut world = World::new("");
    let content = |seed: usize| (0..300_000).map(|at| (at * seed % 251) as u8).collect::<Vec<_>>();
    world.layer(|root| {
        for at in 0..60 {
            write(root, &format!("d{}/{at}", at % 7), &content(at + 2));
        }
    });
    if !world.is_allowed() {
        return;
    }
    let container = world.container().unwrap();
    for at in 0..60 {
        let path = format!("d{}/{at}", at % 7);
        match at % 4 {
            0 => write(container.root(), &path, &content(at + 3)),
            1 => chmod(&container, &path, 0o600),
            2 => {
                fs::rename(container.path(&path), container.path(&format!("{path}.old"))).unwrap();
            }
            _ => write(container.root(), &format!("{path}.new"), b"small"),
        }
        write(container.root(), &format!("{path}.large"), &content(at + 5));
    }
    let told = |threads| {
        let report =
            Report::with(&world.layers(), |it| (it.threads, it.largest) = (threads, 400_000));
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        report.entries
    };
    let alone = told(0);
    assert!(alone.iter().filter(|entry| entry.kind == EntryKind::Renamed).count() == 15);
    for threads in [1, 2, 3, 16] {
        assert_eq!(told(threads), alone, "{threads}");
    }
    // Problems keep their place and their number too.
    let refused =
        |threads| Report::with(&world.layers(), |it| (it.threads, it.largest) = (threads, 299_999));
    let (alone, many) = (refused(0), refused(4));
    assert!(alone.problems.len() >= 15, "{:?}", alone.problems);
    assert_eq!((many.problems, many.entries), (alone.problems, alone.entries));
}

#[test]
fn a_scan_that_is_stopped_waits_for_no_large_file() {
    let mut world = World::new("");
    world.layer(|_| {});
    if !world.is_allowed() {
        return;
    }
    let container = world.container().unwrap();
    for name in ["a", "b", "c", "d"] {
        fs::File::create(container.path(name)).unwrap().set_len(1 << 40).unwrap();
    }
    for number in 0..1500 {
        write(container.root(), &format!("e{number}"), b"small");
    }
    // Names are counted twice: once where renames are looked for. The second word comes while the
    // large files are read, which would take hours.
    struct Stop(u32);
    impl Visitor for Stop {
        fn entry(&mut self, entry: Entry) -> ControlFlow<()> {
            panic!("told before what is in front of it: {entry:?}");
        }
        fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
            panic!("{problem}");
        }
        fn progress(&mut self, _: Progress) -> ControlFlow<()> {
            self.0 += 1;
            if self.0 == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    let mut scan = OverlayScan::new(&world.layers());
    let mut options = ScanOptions::default();
    (options.threads, options.largest) = (2, u64::MAX);
    let error = scan.options(options).run(&mut Stop(0)).unwrap_err();
    assert!(matches!(error, ScanError::Stopped), "{error}");
}

#[test]
fn links_and_devices_of_the_upper_layer_lead_nowhere() {
    let Some(world) = image("") else { return };
    let upper = world.path("upper");
    fs::create_dir(&upper).unwrap();
    // A link where the image has a directory, and one that leads out of the root.
    symlink("/etc", upper.join("opt")).unwrap();
    symlink("/", upper.join("out")).unwrap();
    let null = rustix::fs::makedev(1, 3);
    let kind = rustix::fs::FileType::CharacterDevice;
    rustix::fs::mknodat(CWD, upper.join("null"), kind, Mode::RUSR, null).unwrap();
    let report = Report::of(&world.layers());
    assert_eq!(
        report.lines(),
        [
            "added /null",
            "added /out",
            "deleted /opt/d",
            "deleted /opt/d/x",
            "deleted /opt/e",
            "deleted /opt/e/x",
            "type /opt",
        ]
    );
    assert_eq!(entry(&report, "/null").after.as_ref().unwrap().device, Some((1, 3)));
    assert_eq!(report.of_kind(EntryKind::Type).count(), 1);
}

#[test]
fn a_file_too_large_to_read_is_told_by_its_size_alone() {
    let Some(world) = image("") else { return };
    let container = world.container().unwrap();
    fs::File::create(container.path("sparse")).unwrap().set_len(1 << 42).unwrap();
    fs::File::create(container.path("bin/ls")).unwrap().set_len(1 << 42).unwrap();
    fs::write(container.path("bin/cat"), b"BIN/CAT").unwrap();
    let report = Report::with(&world.layers(), |it| it.largest = 6);
    assert_eq!(report.lines(), ["added /sparse", "modified /bin/ls (content)"]);
    let problem = &report.problems[0];
    assert_eq!(problem.path.as_str(), Some("/bin/cat"));
    assert!(problem.reason.contains("7 bytes are more than 6"), "{problem}");
    assert_eq!(entry(&report, "/sparse").after.as_ref().unwrap().sha256, None);
}

#[test]
fn a_layer_that_is_not_there_is_an_error_that_names_it() {
    let Some(world) = image("") else { return };
    let mut layers = world.layers();
    let error = OverlayScan::new(&layers).run(&mut Report::default()).unwrap_err();
    assert!(error.to_string().contains("/upper: No such file"), "{error}");
    drop(world.container());
    layers.lowers[0] = "/no/such/layer".into();
    let error = OverlayScan::new(&layers).run(&mut Report::default()).unwrap_err();
    assert!(matches!(error, ScanError::Layer { .. }), "{error}");
}
