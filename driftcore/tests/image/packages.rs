//! The packages of images, wherever they are read, and scans of root directories against them.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use driftcore::image::Entry;
use driftcore::image::Problem;
use driftcore::image::RootScan;
use driftcore::image::Tree;
use driftcore::image::Visitor;
use driftcore::image::manifest::Image;
use driftcore::image::manifest::ManifestFile;
use driftcore::image::manifest::Options;
use driftcore::image::manifest::Section;
use driftcore::image::manifest::write_file;
use driftcore::package::Owner;
use driftcore::package::PackageReport;
use driftcore::package::PackageScan;
use driftcore::package::Packages;
use md5::Digest;
use tempfile::TempDir;

use crate::layout::Compression;
use crate::layout::Layout;
use crate::layout::pack;

const STATUS: &str = "var/lib/dpkg/status";

fn write(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn entry(name: &str, version: &str) -> String {
    format!("Package: {name}\nStatus: install ok installed\nVersion: {version}\n\n")
}

fn md5(content: &str) -> String {
    md5::Md5::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A program as Go's linker leaves it, as far as its modules are concerned.
fn go(module: &str, version: &str) -> Vec<u8> {
    let text = |text: &[u8]| [&[u8::try_from(text.len()).unwrap()][..], text].concat();
    let modules =
        format!("path\tlab/app\nmod\tlab/app\t(devel)\t\ndep\t{module}\t{version}\th1:x\n");
    let framed = [&[b'<'; 16][..], modules.as_bytes(), &[b'>'; 16]].concat();
    let mut info = b"\xff Go buildinf:\x08\x02".to_vec();
    info.resize(32, 0);
    info.extend(text(b"go1.22.1"));
    info.extend(text(&framed));
    // An ELF header, and one segment that is written to and has the rest of the file.
    let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
    elf.resize(16, 0);
    let half = |elf: &mut Vec<u8>, value: u16| elf.extend(value.to_le_bytes());
    let word = |elf: &mut Vec<u8>, value: u32| elf.extend(value.to_le_bytes());
    let long = |elf: &mut Vec<u8>, value: u64| elf.extend(value.to_le_bytes());
    half(&mut elf, 2);
    half(&mut elf, 62);
    word(&mut elf, 1);
    for value in [0x400_000, 64, 0] {
        long(&mut elf, value);
    }
    word(&mut elf, 0);
    for value in [64, 56, 1, 64, 0, 0] {
        half(&mut elf, value);
    }
    word(&mut elf, 1);
    word(&mut elf, 6);
    let size = info.len() as u64;
    for value in [128, 0x400_080, 0x400_080, size, size, 16] {
        long(&mut elf, value);
    }
    elf.resize(128, 0);
    elf.extend(info);
    elf
}

/// An image with dpkg, a Python distribution and a program of Go's, in two layers.
struct World {
    scratch: TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self { scratch: tempfile::tempdir().unwrap() };
        let lower = world.path("layer1");
        // What the second layer has in its place is the image's.
        write(&lower, STATUS, entry("early", "9"));
        write(&lower, "usr/bin/tool", "tool");
        write(&lower, "usr/bin/old", "old");
        symlink("usr/bin", lower.join("bin")).unwrap();
        write(&lower, "var/lib/dpkg/info/early.list", "/usr/bin/early\n");
        write(&lower, "opt/site/gone-1.dist-info/METADATA", "Name: gone\nVersion: 1\n");
        let upper = world.path("layer2");
        write(&upper, STATUS, [entry("tool", "1"), entry("old", "1")].concat());
        write(&upper, "var/lib/dpkg/info/tool.list", "/bin/tool\n/etc\n");
        write(&upper, "var/lib/dpkg/info/tool.md5sums", format!("{}  bin/tool\n", md5("tool")));
        write(&upper, "var/lib/dpkg/info/old.list", "/usr/bin/old\n/usr/share/doc/old\n");
        write(&upper, "opt/site/kept-1.dist-info/METADATA", "Name: kept\nVersion: 1\n");
        write(&upper, "opt/site/.wh.gone-1.dist-info", "");
        write(&upper, "opt/app", go("lab/module", "v1.0.0"));
        write(&upper, "opt/other", b"\x7fELF, and no program of Go's");
        for program in ["opt/app", "opt/other"] {
            fs::set_permissions(upper.join(program), fs::Permissions::from_mode(0o755)).unwrap();
        }
        world
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.scratch.path().join(name)
    }

    fn image(&self, options: &Options) -> Image {
        let layers =
            ["layer1", "layer2"].map(|name| (pack(&self.path(name), 1), Compression::Gzip));
        let mut layout = Layout::new(&self.path("layout"));
        layout.list(layout.image("linux/amd64", &layers), None);
        Image::open(layout.path.to_str().unwrap(), options).unwrap()
    }

    /// The image unpacked.
    fn root(&self) -> std::path::PathBuf {
        let root = self.path("root");
        for layer in ["layer1", "layer2"] {
            copy(&self.path(layer), &root);
        }
        fs::remove_file(root.join("opt/site/.wh.gone-1.dist-info")).unwrap();
        fs::remove_dir_all(root.join("opt/site/gone-1.dist-info")).unwrap();
        root
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_symlink() {
            symlink(fs::read_link(&from).unwrap(), &to).unwrap();
        } else if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

fn keeping() -> Options {
    let mut options = Options::default();
    options.keep = Some(Packages::KEEP);
    options
}

fn names(packages: &Packages) -> Vec<String> {
    let line = |package: &driftcore::package::Package| {
        format!("{} {} {}", package.manager, package.name, package.version)
    };
    packages.list().map(line).collect()
}

const ALL: [&str; 6] = [
    "dpkg tool 1",
    "dpkg old 1",
    "pip kept 1",
    "go lab/app (devel)",
    "go std go1.22.1",
    "go lab/module v1.0.0",
];

#[test]
fn packages_of_an_image_are_the_same_in_archives_and_unpacked() {
    let world = World::new();
    let image = world.image(&keeping());
    let packed = Packages::of(&image.tree());
    assert_eq!(names(&packed), ALL);
    assert_eq!(packed.faults().count(), 0, "{:?}", packed.faults().collect::<Vec<_>>());
    let unpacked = Packages::of(&Tree::root(&world.root()).unwrap());
    assert_eq!(unpacked.section(), packed.section());
}

#[test]
fn contents_that_were_not_kept_are_a_fault_and_no_empty_database() {
    let world = World::new();
    let mut few = keeping();
    few.limits.kept = 400;
    for (options, reason) in
        [(Options::default(), "nobody asked for it"), (few, "all that is kept may have 400 bytes")]
    {
        let packages = Packages::of(&world.image(&options).tree());
        let faults: Vec<_> = packages.faults().map(ToString::to_string).collect();
        assert!(faults.iter().any(|fault| fault.contains(reason)), "{faults:?}");
    }
    // What was asked for is there, with its own bytes, and nothing else is.
    let tree = world.image(&keeping()).tree();
    let read = |path: &str| tree.read(path.as_bytes(), 1 << 20);
    let expected = fs::read(world.path("layer2").join(STATUS)).unwrap();
    assert_eq!(read("/var/lib/dpkg/../dpkg/status").unwrap().unwrap(), expected);
    assert_eq!(read("/opt/site/gone-1.dist-info/METADATA").unwrap(), None);
    assert!(read("/bin/tool").unwrap_err().to_string().contains("was not kept"));
    assert!(read("/opt/other").unwrap_err().to_string().contains("was not kept"));
    assert!(read("/opt").is_err());
    assert_eq!(tree.real_path(b"/bin/tool").unwrap().unwrap(), b"/usr/bin/tool");
}

struct Seen {
    scan: PackageScan,
    owners: BTreeMap<String, Option<Owner>>,
}

impl Visitor for Seen {
    fn entry(&mut self, entry: Entry) -> ControlFlow<()> {
        let owner = self.scan.owner(&entry);
        self.owners.insert(entry.path.to_string(), owner);
        ControlFlow::Continue(())
    }

    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        panic!("{problem}");
    }
}

fn scan(manifest: &ManifestFile, root: &Path) -> (BTreeMap<String, Option<Owner>>, PackageReport) {
    let packages = Packages::of_manifest(manifest).unwrap().unwrap();
    let scan = PackageScan::of_root(root, packages).unwrap();
    let mut seen = Seen { scan, owners: BTreeMap::new() };
    RootScan::new(root).run(&mut manifest.nodes().unwrap(), &mut seen).unwrap();
    (seen.owners, seen.scan.finish())
}

#[test]
fn a_root_is_compared_with_the_packages_that_a_manifest_keeps() {
    let world = World::new();
    let image = world.image(&keeping());
    let path = world.path("manifest");
    let section = Packages::of(&image.tree()).section();
    let other = Section::new("of a version to come", vec![7; 100_000]);
    write_file(&path, image.head(), &mut *image.nodes(), &[other, section]).unwrap();
    let manifest = ManifestFile::open(&path).unwrap();
    assert_eq!(manifest.section("of a version to come").unwrap().len(), 100_000);
    assert_eq!(names(&Packages::of_manifest(&manifest).unwrap().unwrap()), ALL);
    let root = world.root();

    // As it came from the image.
    let (owners, report) = scan(&manifest, &root);
    assert!(owners.is_empty(), "{owners:?}");
    assert!(report.changes.is_empty() && report.databases.is_empty(), "{report:?}");
    assert!(report.faults.is_empty(), "{:?}", report.faults);

    // `new` installed, `tool` upgraded, `old` removed, a distribution added, the program built anew.
    write(&root, STATUS, [entry("tool", "2"), entry("new", "3")].concat());
    write(&root, "var/lib/dpkg/info/tool.md5sums", format!("{}  bin/tool\n", md5("two")));
    write(&root, "var/lib/dpkg/info/new.list", "/usr/bin/new\n");
    write(&root, "var/lib/dpkg/info/new.md5sums", format!("{}  usr/bin/new\n", md5("new")));
    write(&root, "usr/bin/tool", "two");
    write(&root, "usr/bin/new", "altered");
    fs::remove_file(root.join("usr/bin/old")).unwrap();
    write(&root, "opt/site/more-2.dist-info/METADATA", "Name: more\nVersion: 2\n");
    write(&root, "opt/app", go("lab/module", "v1.1.0"));
    let (owners, report) = scan(&manifest, &root);
    let changes: Vec<_> = report
        .changes
        .iter()
        .map(|it| {
            let change = &it.change;
            let (name, files) = (&change.package.name, it.files);
            format!("{} {name} {files} {}", change.change.as_str(), it.altered)
        })
        .collect();
    let expected = [
        "install new 1 1",
        "remove old 1 0",
        "upgrade tool 1 0",
        // What it brought is not said without a record.
        "install more 0 0",
        // Of other modules, it is another build.
        "change lab/app 0 0",
        "upgrade lab/module 0 0",
    ];
    assert_eq!(changes, expected);
    let owner = |path: &str| {
        let owner = owners[path].as_ref().map(|it| (it.package.name.to_string(), it.as_packaged));
        owner.unwrap_or_default()
    };
    assert_eq!(owner("/usr/bin/tool"), ("tool".to_owned(), Some(true)));
    assert_eq!(owner("/usr/bin/new"), ("new".to_owned(), Some(false)));
    assert_eq!(owner("/usr/bin/old"), ("old".to_owned(), None));
    let databases: Vec<_> = report
        .databases
        .iter()
        .map(|it| (it.place.path.to_string(), it.written, it.changes, it.run))
        .collect();
    let place = |path: &str, changes| (path.to_owned(), true, changes, None);
    assert_eq!(databases, [place("/var/lib/dpkg", 3), place("/opt/site", 1), place("/opt/app", 2)]);

    // What its manager leaves is told, and that it left nothing is not.
    write(&root, "var/log/dpkg.log", "installed");
    assert_eq!(scan(&manifest, &root).1.databases[0].run, Some(true));
}

#[test]
fn a_manifest_without_packages_says_so_and_a_broken_list_where() {
    let world = World::new();
    let image = world.image(&keeping());
    let path = world.path("manifest");
    write_file(&path, image.head(), &mut *image.nodes(), &[]).unwrap();
    assert!(Packages::of_manifest(&ManifestFile::open(&path).unwrap()).unwrap().is_none());
    let section = Section::new("packages", vec![1, 1, 3, b'n', b'i', b'x']);
    write_file(&path, image.head(), &mut *image.nodes(), &[section]).unwrap();
    let error = Packages::of_manifest(&ManifestFile::open(&path).unwrap()).unwrap_err().to_string();
    assert!(error.contains("manifest: its list of packages: at byte 6: "), "{error}");
    let large = Section::new("large", vec![0; 65 << 20]);
    assert!(write_file(&path, image.head(), &mut *image.nodes(), &[large]).is_err());
    assert!(ManifestFile::open(&path).is_ok(), "what was there is gone");
}
