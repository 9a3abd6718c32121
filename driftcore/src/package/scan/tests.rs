use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use super::*;
use crate::event::Text;
use crate::image::OverlayScan;
use crate::image::Problem;
use crate::image::Visitor;

const PLACE: &str = "var/lib/dpkg";

fn write(layer: &Path, path: &str, content: &str) {
    let path = layer.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn entry(name: &str, version: &str) -> String {
    format!("Package: {name}\nStatus: install ok installed\nVersion: {version}\n\n")
}

fn md5(content: &str) -> String {
    let digest = digest_of(Algorithm::Md5, &mut content.as_bytes()).unwrap().unwrap();
    digest.to_string().trim_start_matches("md5:").to_owned()
}

struct Seen {
    scan: PackageScan,
    owners: BTreeMap<String, Option<Owner>>,
}

impl Visitor for Seen {
    fn upcoming(&mut self, path: &[u8]) {
        self.scan.upcoming(path);
    }

    fn entry(&mut self, entry: Entry) -> ControlFlow<()> {
        let owner = self.scan.owner(&entry);
        self.owners.insert(entry.path.to_string(), owner);
        ControlFlow::Continue(())
    }

    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        panic!("{problem}");
    }
}

struct World {
    scratch: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self { scratch: tempfile::tempdir().unwrap() };
        let lower = world.lower();
        fs::create_dir_all(world.upper()).unwrap();
        fs::create_dir_all(lower.join("usr/bin")).unwrap();
        std::os::unix::fs::symlink("usr/bin", lower.join("bin")).unwrap();
        write(&lower, "usr/bin/tool", "tool");
        write(&lower, "usr/bin/old", "old");
        write(&lower, "etc/tool.conf", "conf");
        let conf = format!("Conffiles:\n /etc/tool.conf {}\n\n", md5("conf"));
        let tool = entry("tool", "1").replace("\n\n", &format!("\n{conf}"));
        write(&lower, &format!("{PLACE}/status"), &[tool, entry("old", "1")].concat());
        write(&lower, &format!("{PLACE}/info/tool.list"), "/bin/tool\n/etc\n/etc/tool.conf\n");
        write(
            &lower,
            &format!("{PLACE}/info/tool.md5sums"),
            &format!("{}  bin/tool\n", md5("tool")),
        );
        write(&lower, &format!("{PLACE}/info/old.list"), "/usr/bin/old\n");
        world
    }

    fn lower(&self) -> std::path::PathBuf {
        self.scratch.path().join("lower")
    }

    fn upper(&self) -> std::path::PathBuf {
        self.scratch.path().join("upper")
    }

    fn scan(&self) -> (BTreeMap<String, Option<Owner>>, PackageReport) {
        let layers = Layers { upper: self.upper(), lowers: vec![self.lower()], user_xattrs: false };
        let scan = PackageScan::new(&layers).unwrap();
        let mut seen = Seen { scan, owners: BTreeMap::new() };
        OverlayScan::new(&layers).run(&mut seen).unwrap();
        (seen.owners, seen.scan.finish())
    }
}

fn shown(owner: Option<&Owner>) -> String {
    match owner {
        None => String::new(),
        Some(owner) => {
            let altered = match owner.as_packaged {
                Some(true) => " as packaged",
                Some(false) => " altered",
                None => "",
            };
            let config = if owner.config { " config" } else { "" };
            let came = if owner.came_with_package { " came with it" } else { "" };
            format!("{} {}{altered}{config}{came}", owner.package.name, owner.package.version)
        }
    }
}

#[test]
fn files_of_packages_that_did_not_change_are_told_and_no_database_is_compared() {
    let world = World::new();
    write(&world.upper(), "usr/bin/tool", "other");
    write(&world.upper(), "etc/tool.conf", "mine");
    write(&world.upper(), "usr/bin/own", "own");
    let (owners, report) = world.scan();
    let owner = |path: &str| shown(owners[path].as_ref());
    assert_eq!(owner("/usr/bin/tool"), "tool 1 altered");
    assert_eq!(owner("/etc/tool.conf"), "tool 1 altered config");
    assert_eq!(owner("/usr/bin/own"), "");
    assert!(report.changes.is_empty() && report.databases.is_empty() && report.faults.is_empty());
}

#[test]
fn an_unchanged_container_reads_no_database() {
    let world = World::new();
    // It would be a fault.
    fs::remove_file(world.lower().join(PLACE).join("status")).unwrap();
    fs::create_dir(world.lower().join(PLACE).join("status")).unwrap();
    write(&world.upper(), "tmp/x", "x");
    let (owners, report) = world.scan();
    assert_eq!(owners["/tmp/x"], None);
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    write(&world.upper(), "usr/bin/tool", "other");
    assert_eq!(world.scan().1.faults.len(), 1);
}

/// What installing `new`, upgrading `tool` and removing `old` leaves.
fn install(world: &World) {
    let upper = world.upper();
    let status = [entry("tool", "2"), entry("new", "0.1")].concat();
    write(&upper, &format!("{PLACE}/status"), &status);
    write(&upper, &format!("{PLACE}/info/tool.md5sums"), &format!("{}  bin/tool\n", md5("two")));
    write(&upper, &format!("{PLACE}/info/new.list"), "/usr/bin/new\n/usr/lib/new\n");
    let digests = format!("{}  usr/bin/new\n{}  usr/lib/new\n", md5("#!/new"), md5("lib"));
    write(&upper, &format!("{PLACE}/info/new.md5sums"), &digests);
    write(&upper, "usr/bin/tool", "two");
    write(&upper, "usr/bin/new", "#!/new");
    write(&upper, "usr/lib/new", "altered");
}

#[test]
fn packages_that_changed_are_told_with_the_files_that_came_with_them() {
    let world = World::new();
    install(&world);
    write(&world.upper(), "var/log/dpkg.log", "installed");
    let (owners, report) = world.scan();
    let owner = |path: &str| shown(owners[path].as_ref());
    assert_eq!(owner("/usr/bin/tool"), "tool 2 as packaged came with it");
    assert_eq!(owner("/usr/bin/new"), "new 0.1 as packaged came with it");
    assert_eq!(owner("/usr/lib/new"), "new 0.1 altered came with it");
    let changes: Vec<_> = report
        .changes
        .iter()
        .map(|it| {
            let kind = it.change.change.as_str();
            (kind, it.change.package.name.to_string(), it.files, it.code, it.altered)
        })
        .collect();
    let expected = [
        ("install", "new".to_owned(), 2, 1, 1),
        ("remove", "old".to_owned(), 0, 0, 0),
        ("upgrade", "tool".to_owned(), 1, 0, 0),
    ];
    assert_eq!(changes, expected);
    let [database] = &report.databases[..] else { panic!("{:?}", report.databases) };
    assert_eq!((database.written, database.changes, database.run), (true, 3, Some(true)));
    assert!(!database.is_forged());
}

#[test]
fn a_database_that_changed_without_its_manager_is_told() {
    let world = World::new();
    install(&world);
    let (_, report) = world.scan();
    assert!(report.databases[0].is_forged(), "{:?}", report.databases);
}

#[test]
fn a_manager_that_ran_and_changed_nothing_is_told() {
    let world = World::new();
    write(&world.upper(), "var/lib/dpkg/lock", "");
    let (_, report) = world.scan();
    let [database] = &report.databases[..] else { panic!("{:?}", report.databases) };
    assert_eq!((database.written, database.changes, database.run), (false, 0, Some(true)));
    let status = fs::read_to_string(world.lower().join(PLACE).join("status")).unwrap();
    write(&world.upper(), &format!("{PLACE}/status"), &status);
    let (_, report) = world.scan();
    let [database] = &report.databases[..] else { panic!("{:?}", report.databases) };
    assert_eq!((database.written, database.changes, database.run), (true, 0, Some(true)));
}

#[test]
fn a_database_that_is_cut_off_leaves_the_rest_of_the_report() {
    let world = World::new();
    install(&world);
    let path = world.upper().join(PLACE).join("status");
    let status = fs::read_to_string(&path).unwrap();
    fs::write(&path, &status[..status.len() - 8]).unwrap();
    let (owners, report) = world.scan();
    assert_eq!(shown(owners["/usr/bin/tool"].as_ref()), "tool 2 as packaged came with it");
    assert!(!report.faults.is_empty());
    assert!(report.faults.iter().all(|fault| fault.path == Text::from("/var/lib/dpkg/status")));
}

#[test]
fn a_program_that_holds_no_packages_is_no_database() {
    let world = World::new();
    fs::create_dir_all(world.upper().join("usr/bin")).unwrap();
    // A copy of a real program, wherever there is one.
    fs::copy("/bin/true", world.upper().join("usr/bin/own")).unwrap();
    let (owners, report) = world.scan();
    assert_eq!(owners["/usr/bin/own"], None);
    assert!(report.databases.is_empty(), "{:?}", report.databases);
    assert!(report.faults.is_empty(), "{:?}", report.faults);
}
