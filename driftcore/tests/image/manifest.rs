//! Manifests of random images, held against what an overlay of their layers shows, and scans of
//! roots against them, held against a full comparison.

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use driftcore::container::Runtimes;
use driftcore::container::StateRoots;
use driftcore::image::Change;
use driftcore::image::EntryKind;
use driftcore::image::RootScan;
use driftcore::image::ScanOptions;
use driftcore::image::manifest::Image;
use driftcore::image::manifest::ManifestFile;
use driftcore::image::manifest::Node;
use driftcore::image::manifest::NodeKind;
use driftcore::image::manifest::Nodes;
use driftcore::image::manifest::Options;
use driftcore::image::manifest::write_file;
use driftcore::provenance::ImageFile;
use driftcore::provenance::ImageFiles;
use proptest::prelude::*;

use crate::layout::Compression;
use crate::layout::Layout;
use crate::layout::digest;
use crate::layout::pack;
use crate::operation::Operation;
use crate::operation::operations;
use crate::report::Report;
use crate::tree;
use crate::tree::Tree;
use crate::world::World;

fn scan(root: &Path, nodes: &mut dyn Nodes) -> Report {
    scan_with(root, nodes, |_| {})
}

fn scan_with(root: &Path, nodes: &mut dyn Nodes, set: impl FnOnce(&mut ScanOptions)) -> Report {
    let mut options = ScanOptions::default();
    set(&mut options);
    let mut report = Report::default();
    RootScan::new(root).options(options).run(nodes, &mut report).unwrap();
    report
}

/// Holds a report against both trees: each difference is told as what it is, and nothing else.
fn check(report: &Report, before: &Tree, after: &Tree) {
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    let [mut told, mut gone] = report.by_path();
    for (path, node) in after {
        let entry = told.remove(path);
        let Some(old) = before.get(path) else {
            assert_eq!(entry.unwrap().kind, EntryKind::Added, "{entry:?}");
            continue;
        };
        if node.kind != old.kind {
            assert_eq!(entry.unwrap().kind, EntryKind::Type, "{entry:?}");
            continue;
        }
        let changes = node.changes(old);
        if changes.is_empty() {
            assert!(entry.is_none(), "told and not so: {entry:?}");
            continue;
        }
        let entry = entry.unwrap_or_else(|| panic!("{} not told", path.escape_ascii()));
        let kind = if changes.contains(Change::Content) {
            EntryKind::Modified
        } else if changes.in_substance() {
            EntryKind::Replaced
        } else {
            EntryKind::Attributes
        };
        assert_eq!((entry.kind, entry.changed), (kind, changes), "{entry:?}");
        if kind == EntryKind::Modified {
            let sha256 = |state: &Option<driftcore::image::State>| {
                let digest = state.as_ref().unwrap().sha256.unwrap();
                digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
            };
            let expected =
                [&old.content, &node.content].map(|content| digest(content)[7..].to_owned());
            assert_eq!([sha256(&entry.before), sha256(&entry.after)], expected);
        }
    }
    for path in before.keys().filter(|path| !after.contains_key(*path)) {
        assert!(gone.remove(path).is_some(), "{} not told", path.escape_ascii());
    }
    assert!(told.is_empty() && gone.is_empty(), "told and not so: {told:#?} {gone:#?}");
}

fn all(nodes: &mut dyn Nodes) -> Vec<Node> {
    let mut all = Vec::new();
    while nodes.advance().unwrap() {
        all.push(nodes.node().clone());
    }
    all
}

/// Archives hold no sockets.
fn remove_sockets(root: &Path) {
    for entry in fs::read_dir(root).unwrap().flatten() {
        let metadata = fs::symlink_metadata(entry.path()).unwrap();
        if metadata.file_type().is_socket() {
            fs::remove_file(entry.path()).unwrap();
        } else if metadata.is_dir() {
            remove_sockets(&entry.path());
        }
    }
}

/// A data root of Docker that has the image as its layer store keeps it.
fn docker_store(root: &Path, layers: &[(&Path, String)]) -> String {
    let write = |path: String, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let ids: Vec<&String> = layers.iter().map(|(_, id)| id).collect();
    let config = serde_json::json!({"os": "linux", "architecture": "amd64",
                                    "rootfs": {"type": "layers", "diff_ids": ids}});
    let config = config.to_string();
    let id = digest(config.as_bytes());
    write(format!("image/overlay2/imagedb/content/sha256/{}", &id[7..]), &config);
    let repositories =
        serde_json::json!({"Repositories": {"lab": {"lab:1": id, "lab@sha256:ab": id}}});
    write("image/overlay2/repositories.json".to_owned(), &repositories.to_string());
    let mut chain = String::new();
    for (index, (layer, id)) in layers.iter().enumerate() {
        chain = match index {
            0 => id.clone(),
            _ => digest(format!("{chain} {id}").as_bytes()),
        };
        let record = format!("image/overlay2/layerdb/sha256/{}", &chain[7..]);
        write(format!("{record}/diff"), id);
        write(format!("{record}/cache-id"), &format!("cache{index}"));
        fs::create_dir_all(root.join(format!("overlay2/cache{index}"))).unwrap();
        let diff = root.join(format!("overlay2/cache{index}/diff"));
        std::os::unix::fs::symlink(layer, diff).unwrap();
    }
    id
}

fn run(layers: &[Vec<Operation>], changes: &[Operation], order: u64) {
    let mut world = World::new(",redirect_dir=off,metacopy=off");
    world.layer(|_| {});
    if !world.is_allowed() {
        return;
    }
    for layer in layers {
        world.layer(|root| {
            layer.iter().for_each(|operation| operation.apply(root));
            remove_sockets(root);
        });
    }
    let lowers: Vec<_> = world.layers().lowers.into_iter().rev().collect();
    let archives: Vec<_> = lowers
        .iter()
        .zip(Compression::ALL.into_iter().cycle())
        .map(|(layer, compression)| (pack(layer, order), compression))
        .collect();
    let mut layout = Layout::new(&world.path("layout"));
    layout.list(layout.image("linux/amd64", &archives), None);
    let image = Image::open(layout.path.to_str().unwrap(), &Options::default()).unwrap();

    // What overlay shows of the layers is what the manifest says of the archives.
    let before = tree::read(world.image().root());
    let shown = world.image();
    let report = scan(shown.root(), &mut *image.nodes());
    check(&report, &before, &before);
    drop(shown);

    // A file of it says the same, and so do the layers in Docker's store. How many names a file has
    // it counts before names are hidden.
    let nodes = all(&mut *image.nodes());
    let path = world.path("manifest");
    assert_eq!(
        write_file(&path, image.head(), &mut *image.nodes(), &[]).unwrap(),
        nodes.len() as u64
    );
    let file = ManifestFile::open(&path).unwrap();
    assert_eq!((file.head(), file.count()), (image.head(), nodes.len() as u64));
    let renumbered = |nodes: &[Node]| {
        let mut groups = Vec::new();
        let mut nodes = nodes.to_vec();
        for node in &mut nodes {
            if let Some(group) = node.group {
                let found = groups.iter().position(|&known| known == group);
                let index = found.unwrap_or(groups.len());
                if found.is_none() {
                    groups.push(group);
                }
                node.group = Some(index as u64);
            }
        }
        nodes
    };
    assert_eq!(all(&mut file.nodes().unwrap()), renumbered(&nodes));
    let index = file.index().unwrap();
    for node in &nodes {
        let expected = match node.kind {
            NodeKind::File { size, sha256 } => ImageFile::File { size, sha256 },
            _ => ImageFile::Other,
        };
        let path = node.absolute();
        assert_eq!(index.at(path.as_bytes()), expected, "{path}");
        for other in [[path.as_bytes(), b"\x01"].concat(), [path.as_bytes(), b"/none"].concat()] {
            assert_eq!(index.at(&other), ImageFile::Nothing, "{path}");
        }
    }
    let ids = archives.iter().map(|(content, _)| digest(content));
    let layers: Vec<_> = lowers.iter().map(std::path::PathBuf::as_path).zip(ids).collect();
    let id = docker_store(&world.path("docker"), &layers);
    let roots = StateRoots {
        docker: vec![world.path("docker")],
        containerd: Vec::new(),
        ..StateRoots::default()
    };
    let runtimes = Runtimes::new(roots);
    for name in ["lab:1", "docker.io/library/lab:1", &id, &id[7..30]] {
        let stored = Image::stored(&runtimes, name, &Options::default()).unwrap();
        assert_eq!((&stored.head().image_id, stored.head().verified), (&id, false));
        let plain = |nodes: Vec<Node>| {
            let mut nodes = nodes;
            for node in &mut nodes {
                (node.links, node.group) = (1, None);
                // Archives have whole seconds.
                let nanos = node.modified.as_nanos() / 1_000_000_000 * 1_000_000_000;
                node.modified = driftcore::event::Timestamp::from_nanos(nanos);
            }
            nodes
        };
        assert_eq!(plain(all(&mut *stored.nodes())), plain(nodes.clone()), "{name}");
    }

    let container = world.container().unwrap();
    changes.iter().for_each(|operation| operation.apply(container.root()));
    let after = tree::read(container.root());
    check(&scan(container.root(), &mut file.nodes().unwrap()), &before, &after);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn a_manifest_is_what_overlay_shows_and_a_scan_against_it_a_full_comparison(
        layers in proptest::collection::vec(operations(25), 1..4),
        changes in operations(25),
        order: u64,
    ) {
        run(&layers, &changes, order);
    }
}

#[test]
fn what_is_mounted_in_a_root_is_not_the_containers() {
    let mut world = World::new("");
    world.layer(|root| {
        fs::create_dir(root.join("volume")).unwrap();
        fs::write(root.join("volume/of-image"), "1").unwrap();
        fs::write(root.join("z"), "1").unwrap();
    });
    if !world.is_allowed() {
        return;
    }
    let mut layout = Layout::new(&world.path("layout"));
    let layer = (pack(&world.layers().lowers[0], 1), Compression::Gzip);
    layout.list(layout.image("linux/amd64", &[layer]), None);
    let image = Image::open(layout.path.to_str().unwrap(), &Options::default()).unwrap();
    let container = world.container().unwrap();
    let volume = container.path("volume");
    let flags = rustix::mount::MountFlags::empty();
    rustix::mount::mount("tmpfs", &volume, "tmpfs", flags, None).unwrap();
    fs::write(volume.join("of-volume"), "1").unwrap();
    fs::write(container.path("added"), "1").unwrap();
    let report = scan(container.root(), &mut *image.nodes());
    let _ = rustix::mount::unmount(&volume, rustix::mount::UnmountFlags::DETACH);
    assert_eq!(report.lines(), ["added /added"]);
    assert!(report.problems.is_empty(), "{:?}", report.problems);
}

#[test]
fn a_link_that_leads_out_of_a_root_is_a_link() {
    let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(outside.path().join("secret"), "1").unwrap();
    std::os::unix::fs::symlink(outside.path(), root.path().join("d")).unwrap();
    let layer = tempfile::tempdir().unwrap();
    fs::create_dir(layer.path().join("d")).unwrap();
    fs::write(layer.path().join("d/secret"), "1").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(directory.path());
    layout.list(layout.image("linux/amd64", &[(pack(layer.path(), 1), Compression::Zstd)]), None);
    let image = Image::open(layout.path.to_str().unwrap(), &Options::default()).unwrap();
    let report = scan(root.path(), &mut *image.nodes());
    assert_eq!(report.lines(), ["deleted /d/secret", "type /d"]);
}

#[test]
fn threads_change_nothing_of_what_is_told_of_a_root() {
    let (layer, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let large = |byte: usize| vec![u8::try_from(byte % 251).unwrap(); 300_000 + byte];
    for at in 0..40 {
        let name = format!("f{at:02}");
        fs::write(layer.path().join(&name), large(at)).unwrap();
        // Equal, of other content at the same size, of another size, another mode, gone.
        let path = root.path().join(&name);
        match at % 5 {
            0 => fs::write(&path, large(at)).unwrap(),
            1 => fs::write(&path, vec![0xff; 300_000 + at]).unwrap(),
            2 => fs::write(&path, large(at + 1)).unwrap(),
            3 => {
                fs::write(&path, large(at)).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o4755)).unwrap();
            }
            _ => fs::write(path.with_extension("new"), large(at)).unwrap(),
        }
        fs::write(root.path().join(format!("f{at:02}.small")), "#!/bin/sh").unwrap();
    }
    let directory = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(directory.path());
    layout.list(layout.image("linux/amd64", &[(pack(layer.path(), 1), Compression::Plain)]), None);
    let image = Image::open(layout.path.to_str().unwrap(), &Options::default()).unwrap();
    let told = |threads, largest| {
        let set = |it: &mut ScanOptions| (it.threads, it.largest) = (threads, largest);
        let report = scan_with(root.path(), &mut *image.nodes(), set);
        (report.entries, report.problems)
    };
    let alone = told(0, u64::MAX);
    assert_eq!((alone.0.len(), alone.1.len()), (4 * 8 + 8 + 40, 0), "{alone:#?}");
    let refused = told(0, 300_020);
    // Of those that are too large, what has the image's size is not compared.
    assert_eq!(refused.1.len(), 11, "{:?}", refused.1);
    for threads in [1, 2, 3, 16] {
        assert_eq!(told(threads, u64::MAX), alone, "{threads}");
        assert_eq!(told(threads, 300_020), refused, "{threads}");
    }
}
