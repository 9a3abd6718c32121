//! Package databases: the files of one, on disk, as a reader opens them.

use std::fs;
use std::ops::ControlFlow;

use driftcore::image::Tree;
use driftcore::package::At;
use driftcore::package::Fault;
use driftcore::package::Manager;
use driftcore::package::Package;
use driftcore::package::PackageFile;
use driftcore::package::Place;
use driftcore::package::Sink;
use driftcore::package::read;

/// Takes bytes as the status file, and behind zeros the other files of the packages `a` and
/// `b`.
pub fn dpkg(bytes: &[u8]) {
    let place = "/var/lib/dpkg";
    let names =
        ["status", "info/a.list", "info/a.md5sums", "info/b:c.list", "diversions", "status.d/x"];
    let files: Vec<_> = names.into_iter().zip(bytes.split(|&byte| byte == 0)).collect();
    database(Manager::Dpkg, place, &files);
}

/// Takes bytes as the file `installed`.
pub fn apk(bytes: &[u8]) {
    database(Manager::Apk, "/lib/apk/db", &[("installed", bytes)]);
}

/// Takes bytes as RPM's database in SQLite with its log; the last four say how long that is.
pub fn rpm_sqlite(bytes: &[u8]) {
    let Some((files, length)) = bytes.split_last_chunk() else { return };
    let length = u32::from_le_bytes(*length) as usize;
    let (db, log) = files.split_at(files.len().saturating_sub(length));
    rpm(&[("rpmdb.sqlite", db), ("rpmdb.sqlite-wal", log)]);
}

/// Takes bytes as RPM's database of its own kind.
pub fn rpm_ndb(bytes: &[u8]) {
    rpm(&[("Packages.db", bytes)]);
}

/// Takes bytes as RPM's database in Berkeley DB.
pub fn rpm_bdb(bytes: &[u8]) {
    rpm(&[("Packages", bytes)]);
}

fn rpm(files: &[(&str, &[u8])]) {
    database(Manager::Rpm, "/var/lib/rpm", files);
}

/// Takes bytes as what is said of some Python distributions, with zeros between the files.
pub fn pip(bytes: &[u8]) {
    let names = [
        "a.dist-info/METADATA",
        "a.dist-info/RECORD",
        "b.egg-info/PKG-INFO",
        "b.egg-info/installed-files.txt",
        "c.egg-info",
    ];
    let files: Vec<_> = names.into_iter().zip(bytes.split(|&byte| byte == 0)).collect();
    database(Manager::Pip, "/lib/site-packages", &files);
}

/// Takes bytes as what is said of some Node.js packages, with zeros between them.
pub fn npm(bytes: &[u8]) {
    let names = ["a/package.json", "@b/c/package.json"];
    let files: Vec<_> = names.into_iter().zip(bytes.split(|&byte| byte == 0)).collect();
    database(Manager::Npm, "/usr/lib/node_modules", &files);
}

/// Takes bytes as the specification of a gem.
pub fn gem(bytes: &[u8]) {
    database(Manager::Gem, "/var/lib/gems/3.1.0", &[("specifications/a-1.gemspec", bytes)]);
}

/// Takes bytes as either list of what cargo installed.
pub fn cargo(bytes: &[u8]) {
    database(Manager::Cargo, "/root/.cargo", &[(".crates2.json", bytes)]);
    database(Manager::Cargo, "/root/.cargo", &[(".crates.toml", bytes)]);
}

/// Takes bytes as a program.
pub fn go(bytes: &[u8]) {
    let root = tempfile::tempdir().expect("a temporary directory");
    fs::write(root.path().join("program"), bytes).expect("the program");
    let tree = Tree::root(root.path()).expect("the root was just made");
    let (manager, place, size) = (Manager::Go, "/program", bytes.len() as u64);
    let mut checked = Checked { manager, place, size, packages: 0 };
    let _ = read(&tree, &Place::new(manager, place.as_bytes()), &mut checked);
}

/// Reads a database of these files, each with its path below the place, and holds what the reader
/// hands on against what it has to.
pub fn database(manager: Manager, place: &str, files: &[(&str, &[u8])]) {
    let root = tempfile::tempdir().expect("a temporary directory");
    let place_below = root.path().join(place.trim_start_matches('/'));
    fs::create_dir_all(&place_below).expect("a directory for the database");
    for (name, content) in files {
        let path = place_below.join(name);
        fs::create_dir_all(path.parent().expect("the database's")).expect("its directories");
        fs::write(path, content).expect("a file of the database");
    }
    let tree = Tree::root(root.path()).expect("the root was just made");
    let size = files.iter().map(|(_, content)| content.len() as u64).max().unwrap_or_default();
    let mut checked = Checked { manager, place, size, packages: 0 };
    let _ = read(&tree, &Place::new(manager, place.as_bytes()), &mut checked);
}

struct Checked<'a> {
    manager: Manager,
    place: &'a str,
    /// Of the largest file.
    size: u64,
    packages: usize,
}

impl Sink for Checked<'_> {
    fn package(&mut self, package: Package) -> ControlFlow<()> {
        assert_eq!((package.manager, package.place.as_str()), (self.manager, Some(self.place)));
        assert!(!package.name.is_empty(), "a package without a name");
        self.packages += 1;
        ControlFlow::Continue(())
    }

    fn file(&mut self, file: PackageFile<'_>) -> ControlFlow<()> {
        assert!(self.packages > 0, "a file of no package");
        assert!(file.path.starts_with(b"/"), "{:?}", file.path);
        ControlFlow::Continue(())
    }

    fn fault(&mut self, fault: Fault) -> ControlFlow<()> {
        assert!(fault.path.as_bytes().starts_with(self.place.as_bytes()), "{fault}");
        match fault.at {
            At::Byte(byte) => assert!(byte <= self.size, "{fault}"),
            At::Line(line) => assert!(line > 0 && line <= self.size + 1, "{fault}"),
            At::File => {}
        }
        ControlFlow::Continue(())
    }

    fn wants_files(&self) -> bool {
        true
    }
}
