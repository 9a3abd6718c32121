use proptest::prelude::*;

use super::super::gathered::Gathered;
use super::*;

const TWO: &str = "C:Q1abc\nP:musl\nV:1.2.5-r0\nA:x86_64\nS:1\nF:lib\nM:0:0:755\n\
    R:ld-musl-x86_64.so.1\na:0:0:755\nZ:Q1y1NeaJw5Tzp8t7EcFs5tVOvUo9Y=\nR:libc.so\n\
    Z:Q2LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=\nF:\nR:top\n\n\
    P:curl\nV:8.9-r1\nF:usr/bin\nR:curl\nZ:00ff00ff00ff00ff00ff00ff00ff00ff\n\n";

fn parsed(content: &[u8]) -> Gathered {
    let mut gathered = Gathered::default();
    let _ = parse(content, b"/lib/apk/db/installed", b"/lib/apk/db", &mut gathered);
    gathered
}

#[test]
fn packages_and_their_files_are_read() {
    let gathered = parsed(TWO.as_bytes());
    assert_eq!(gathered.faults, []);
    assert_eq!(gathered.names(), ["musl 1.2.5-r0", "curl 8.9-r1"]);
    assert_eq!(gathered.packages[0].architecture, Some(Text::from("x86_64")));
    let files: Vec<_> = gathered
        .files
        .iter()
        .map(|(package, path, digest, _)| {
            let algorithm = digest.as_deref().and_then(|digest| digest.split(':').next());
            (package.as_str(), path.as_str(), algorithm)
        })
        .collect();
    let expected = [
        ("musl", "/lib/ld-musl-x86_64.so.1", Some("sha1")),
        ("musl", "/lib/libc.so", Some("sha256")),
        ("musl", "/top", None),
        ("curl", "/usr/bin/curl", Some("md5")),
    ];
    assert_eq!(files, expected);
}

#[test]
fn what_is_broken_is_told_with_its_place_and_the_rest_is_read() {
    for (broken, at, packages) in [
        (TWO.replace("P:musl\n", ""), 0, 1),
        (TWO.replace("V:1.2.5-r0\n", ""), 0, 1),
        (TWO.replace("S:1", "S"), 35, 2),
        (TWO.replace("Z:Q1y1N", "Z:Q1\x01"), 87, 2),
        (TWO.replace("F:lib\n", ""), 49, 2),
        (format!("X:{}\n\n{TWO}", "x".repeat(LINE)), 0, 2),
    ] {
        let gathered = parsed(broken.as_bytes());
        assert!(gathered.places().contains(&At::Byte(at)), "{at}: {:?}", gathered.faults);
        assert_eq!(gathered.packages.len(), packages, "{:?}", gathered.faults);
    }
}

#[test]
fn a_database_that_is_cut_off_anywhere_but_between_entries_is_told_so() {
    let between = TWO.find("\n\n").unwrap() + 2;
    for length in 1..TWO.len() {
        let gathered = parsed(&TWO.as_bytes()[..length]);
        assert_eq!(gathered.faults.is_empty(), length == between, "{length}");
        if length > between {
            assert_eq!(gathered.names()[0], "musl 1.2.5-r0");
        }
    }
}

#[test]
fn an_entry_without_end_is_bounded() {
    let many = format!("P:a\n{}\n{TWO}", "D:so:x\n".repeat(ENTRY / 7 + 1));
    let gathered = parsed(many.as_bytes());
    assert_eq!((gathered.packages.len(), gathered.faults.len()), (2, 1));
}

#[test]
fn places_are_told_by_their_path() {
    assert_eq!(place_of(b"/lib/apk/db/installed", None), Some(&b"/lib/apk/db"[..]));
    assert_eq!(place_of(b"/usr/lib/apk/db/installed", None), Some(&b"/usr/lib/apk/db"[..]));
    assert_eq!(place_of(b"/srv/lib/apk/db/installed", None), None);
    assert_eq!(place_of(b"/lib/apk/db/lock", None), None);
}

proptest! {
    #[test]
    fn any_bytes_are_packages_or_faults(
        content in proptest::collection::vec(
            prop_oneof![
                Just(b"P:a\n".to_vec()),
                Just(b"V:1\n".to_vec()),
                Just(b"F:a\n".to_vec()),
                Just(b"R:b\n".to_vec()),
                Just(b"Z:Q1y1NeaJw5Tzp8t7EcFs5tVOvUo9Y=\n".to_vec()),
                Just(b"\n".to_vec()),
                any::<Vec<u8>>(),
            ],
            0..12,
        )
    ) {
        let content = content.concat();
        for place in parsed(&content).places() {
            let At::Byte(at) = place else { panic!("{place:?}") };
            prop_assert!(at <= content.len() as u64);
        }
    }
}
