use std::fs;
use std::path::Path;

use super::super::gathered::Gathered;
use super::*;

fn write(root: &Path, path: &str, content: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn gathered(root: &Path) -> Gathered {
    let mut gathered = Gathered::default();
    let tree = Tree::root(root).unwrap();
    let _ = read(&tree, b"/var/lib/dpkg", &mut gathered);
    gathered
}

fn entry(name: &str, more: &str) -> String {
    format!("Package: {name}\nStatus: install ok installed\nVersion: 1\n{more}\n")
}

const MD5: &str = "00ff00ff00ff00ff00ff00ff00ff00ff";

#[test]
fn packages_have_the_files_of_their_lists_with_digests() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let conffiles = format!("Conffiles:\n /etc/a.conf {MD5}\n");
    let both = "Architecture: amd64\nMulti-Arch: same\n";
    let status = [entry("a", &conffiles), entry("lib", both), entry("bare", "")].concat();
    write(root, "var/lib/dpkg/status", &status);
    write(root, "var/lib/dpkg/info/a.list", "/.\n/usr\n/usr/bin/a\n/usr/bin/sh\n/etc/a.conf\n");
    write(root, "var/lib/dpkg/info/a.md5sums", &format!("{MD5}  usr/bin/a\nbroken\n"));
    write(root, "var/lib/dpkg/info/lib:amd64.list", "/usr/lib/lib.so\n/cut");
    write(root, "var/lib/dpkg/info/lib.list", "/wrong\n");
    write(root, "var/lib/dpkg/diversions", "/usr/bin/sh\n/usr/bin/sh.distrib\ndash\n");
    let gathered = gathered(root);
    assert_eq!(gathered.names(), ["a 1", "lib 1", "bare 1"]);
    let digest = Some(format!("md5:{MD5}"));
    let file = |package: &str, path: &str, digest: &Option<String>, config| {
        (package.to_owned(), path.to_owned(), digest.clone(), config)
    };
    let expected = [
        file("a", "/usr", &None, false),
        file("a", "/usr/bin/a", &digest, false),
        file("a", "/usr/bin/sh.distrib", &None, false),
        file("a", "/etc/a.conf", &digest, true),
        file("lib", "/usr/lib/lib.so", &None, false),
        file("lib", "/cut", &None, false),
    ];
    assert_eq!(gathered.files, expected);
    let faults: Vec<_> = gathered.faults.iter().map(ToString::to_string).collect();
    let [digests, list] = &faults[..] else { panic!("{faults:?}") };
    assert!(digests.starts_with("/var/lib/dpkg/info/a.md5sums: at byte 44: "), "{digests}");
    assert!(list.starts_with("/var/lib/dpkg/info/lib:amd64.list: at byte 20: "), "{list}");
}

#[test]
fn a_distroless_image_has_an_entry_a_file() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    write(root, "var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12.4\n");
    write(root, "var/lib/dpkg/status.d/base.md5sums", &format!("{MD5}  etc/passwd\n"));
    write(root, "var/lib/dpkg/status.d/libc6", "no entry");
    let gathered = gathered(root);
    assert_eq!(gathered.names(), ["base-files 12.4"]);
    let file = ("base-files", "/etc/passwd", Some(format!("md5:{MD5}")), false);
    assert_eq!(gathered.files, [(file.0.to_owned(), file.1.to_owned(), file.2, file.3)]);
    assert_eq!(gathered.places(), [At::Byte(0)]);
}

#[test]
fn what_cannot_be_opened_is_a_fault_and_what_is_not_there_is_none() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    assert_eq!(gathered(root), Gathered::default());
    fs::create_dir_all(root.join("var/lib/dpkg/status")).unwrap();
    write(root, "var/lib/dpkg/status.d/a", "Package: a\nVersion: 1\n");
    let gathered = gathered(root);
    assert_eq!(gathered.names(), ["a 1"]);
    assert_eq!(gathered.places(), [At::File]);
}

#[test]
fn a_sink_that_breaks_ends_the_reading() {
    struct First(u32);

    impl Sink for First {
        fn package(&mut self, _: Package) -> ControlFlow<()> {
            self.0 += 1;
            ControlFlow::Break(())
        }

        fn fault(&mut self, _: Fault) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
    }

    let root = tempfile::tempdir().unwrap();
    write(root.path(), "var/lib/dpkg/status", &[entry("a", ""), entry("b", "")].concat());
    let mut first = First(0);
    let tree = Tree::root(root.path()).unwrap();
    assert!(read(&tree, b"/var/lib/dpkg", &mut first).is_break());
    assert_eq!(first.0, 1);
}

#[test]
fn places_are_told_by_their_path() {
    let place = Some(&b"/var/lib/dpkg"[..]);
    assert_eq!(place_of(b"/var/lib/dpkg/status", None), place);
    assert_eq!(place_of(b"/var/lib/dpkg/status.d/libc6", None), place);
    assert_eq!(place_of(b"/var/lib/dpkg/info/curl.list", None), place);
    assert_eq!(place_of(b"/var/lib/dpkg/lock", None), None);
    assert_eq!(place_of(b"/var/lib/dpkg/status-old", None), None);
    assert_eq!(place_of(b"/var/lib/dpkg", None), None);
    assert_eq!(place_of(b"/var/lib/dpkgs/status", None), None);
}

/// On a Debian host: what dpkg itself says of its packages and files.
#[test]
fn dpkg_itself_says_the_same_of_this_host() {
    let query = |arguments: &[&str]| {
        let output = std::process::Command::new("dpkg-query").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let format = "-f=${db:Status-Status} ${Package} ${Version}\n";
    let Some(listed) = query(&["-W", format]) else {
        println!("skipped: dpkg_itself_says_the_same_of_this_host: there is no dpkg");
        return;
    };
    let mut expected: Vec<&str> = listed
        .lines()
        .filter(|line| !line.starts_with("config-files") && !line.starts_with("not-installed"))
        .filter_map(|line| line.split_once(' '))
        .map(|(_, package)| package)
        .collect();
    expected.sort_unstable();
    let gathered = gathered(Path::new("/"));
    let mut names = gathered.names();
    names.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!(gathered.faults, []);
    let files = query(&["-L", "dpkg"]).unwrap();
    let mut expected: Vec<&str> = files.lines().filter(|path| *path != "/.").collect();
    let of_dpkg = gathered.files.iter().filter(|(package, ..)| package == "dpkg");
    let mut found: Vec<&str> = of_dpkg.map(|(_, path, ..)| path.as_str()).collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
}
