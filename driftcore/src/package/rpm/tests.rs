use std::io::Cursor;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::sample::select;
use sha2::Digest as _;
use sha2::Sha256;

use super::*;
use crate::package::testing::Collected;

const SQLITE: &[u8] = include_bytes!("../../../testdata/packages/rpm/rpmdb.sqlite");
const WAL: &[u8] = include_bytes!("../../../testdata/packages/rpm/rpmdb.sqlite-wal");
const NDB: &[u8] = include_bytes!("../../../testdata/packages/rpm/Packages.db");
const BDB: &[u8] = include_bytes!("../../../testdata/packages/rpm/Packages");

const ALL: [&str; 3] =
    ["drift-many 3-1 noarch", "drift-old 0.9-1 x86_64", "drift-tool 2:1.4~rc1-3 noarch"];

/// A database: its kind, its bytes and those of its log.
type Database = (Kind, &'static [u8], Option<&'static [u8]>);

/// Each has all the packages.
const DATABASES: [Database; 3] =
    [(Kind::Sqlite, SQLITE, Some(WAL)), (Kind::Ndb, NDB, None), (Kind::Bdb, BDB, None)];

fn collect(kind: Kind, db: &[u8], log: Option<&[u8]>) -> Collected {
    let mut to = Collected::with_files();
    let log = log.map(|log| (b"/log".to_vec(), Cursor::new(log)));
    assert!(
        read_database(kind, b"/place", (b"/db".to_vec(), Cursor::new(db)), log, &mut to)
            .is_continue()
    );
    to
}

/// A header with these entries.
fn header_of(entries: &[[u32; 4]], store: &[u8]) -> Vec<u8> {
    let lengths = [entries.len(), store.len()].map(|length| u32::try_from(length).unwrap());
    let numbers = lengths.iter().chain(entries.iter().flatten());
    let mut bytes: Vec<u8> = numbers.flat_map(|number| number.to_be_bytes()).collect();
    bytes.extend(store);
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn databases_of_all_kinds_have_the_same_packages() {
    for (kind, db, log) in DATABASES {
        let found = collect(kind, db, log);
        assert_eq!(found.faults, [""; 0], "{kind:?}");
        assert_eq!(found.names(), ALL, "{kind:?}");
        let sha = |content: &str| hex(&Sha256::digest(content));
        let tool = [
            "drift-tool 2:1.4~rc1-3 noarch".to_owned(),
            "  /etc/drift-tool.conf config sha256:".to_owned() + &sha("conf\n"),
            "  /usr/bin/drift-link sha256:".to_owned() + &sha("drift-tool"),
            "  /usr/bin/drift-tool sha256:".to_owned() + &sha("tool\n"),
            "  /var/log/drift-tool.log".to_owned(),
        ];
        assert_eq!(found.of("drift-tool"), tool, "{kind:?}");
        let old = [
            "drift-old 0.9-1 x86_64",
            // Of `old` and a line feed.
            "  /usr/lib/drift-old md5:814fa5ca98406a903e22b43d9b610105",
        ];
        assert_eq!(found.of("drift-old"), old, "{kind:?}");
        let many = found.of("drift-many");
        assert_eq!(many.len(), 61);
        let last = "  /usr/share/drift-many/file-159 sha256:".to_owned() + &sha("159\n");
        assert_eq!(many.last(), Some(&last.as_str()), "{kind:?}");
    }
}

#[test]
fn a_package_has_the_same_record_in_every_database_and_no_other_has() {
    let records = DATABASES.map(|(kind, db, log)| {
        let mut packages = collect(kind, db, log).packages;
        packages.sort_by(|one, two| one.name.cmp(&two.name));
        packages.into_iter().map(|package| package.record).collect::<Vec<_>>()
    });
    assert_eq!(records[0], records[1]);
    assert_eq!(records[0], records[2]);
    assert_ne!(records[0][0], records[0][1]);
}

#[test]
fn what_is_in_the_log_of_a_database_counts_as_far_as_its_transactions_ended() {
    let without = collect(Kind::Sqlite, SQLITE, None);
    assert_eq!(without.names(), ALL[1..]);
    assert_eq!(without.faults, [""; 0]);
    // The last frame ended the transaction.
    let cut = collect(Kind::Sqlite, SQLITE, Some(&WAL[..WAL.len() - 1]));
    assert_eq!(cut, without);
    assert_eq!(collect(Kind::Sqlite, SQLITE, Some(b"")), without);
    let mut torn = WAL.to_vec();
    torn[100] ^= 1;
    assert_eq!(collect(Kind::Sqlite, SQLITE, Some(&torn)), without);
    torn[20] ^= 1;
    let found = collect(Kind::Sqlite, SQLITE, Some(&torn));
    assert_eq!(found.lines, without.lines);
    assert_eq!(found.faults, ["/log: at byte 0: is no write-ahead log, or a damaged one"]);
}

#[test]
fn a_database_that_is_cut_off_still_gives_what_is_whole_and_names_the_place() {
    for (kind, db, log) in DATABASES {
        let whole = collect(kind, db, log);
        for length in (1..db.len()).step_by(97) {
            let found = collect(kind, &db[..length], log);
            // A database in SQLite may be whole without its end, by what is in the log.
            let complete = kind == Kind::Sqlite && found.names() == ALL;
            assert!(!found.faults.is_empty() || complete, "{kind:?} of {length} bytes");
            let same = |package| whole.packages.contains(package);
            assert!(found.packages.iter().all(same), "{kind:?} of {length} bytes");
        }
    }
    assert_eq!(
        collect(Kind::Ndb, &NDB[..100], None).faults,
        ["/db: at byte 0: the file ends before 4096 bytes of it"]
    );
    let last = memchr::memmem::rfind(NDB, b"BlbS").unwrap();
    let found = collect(Kind::Ndb, &NDB[..NDB.len() - 16], None);
    assert_eq!(found.names().len(), 2);
    let length = NDB.len() - last;
    assert_eq!(
        found.faults,
        [format!("/db: at byte {last}: the file ends before {length} bytes of it")]
    );
    for kind in [Kind::Sqlite, Kind::Ndb, Kind::Bdb] {
        assert_eq!(collect(kind, b"", None), Collected::with_files());
        assert_eq!(collect(kind, &[0; 8192], None).faults.len(), 1);
    }
}

#[test]
fn what_is_broken_is_named_by_file_and_byte_and_the_rest_is_read() {
    // A blob of ndb with another content than its checksum says.
    let mut ndb = NDB.to_vec();
    let name = memchr::memmem::find(&ndb, b"drift-tool").unwrap();
    ndb[name] = b'D';
    let found = collect(Kind::Ndb, &ndb, None);
    assert_eq!(found.names(), &ALL[..2]);
    let start = memchr::memmem::rfind(&ndb[..name], b"BlbS").unwrap();
    assert_eq!(found.faults, [format!("/db: at byte {start}: a header whose checksum is wrong")]);

    // A page of Berkeley DB that leads to itself.
    let mut bdb = BDB.to_vec();
    let page = bdb.chunks(4096).position(|page| page[25] == 7 && page[16] != 0).unwrap();
    let number = u32::try_from(page).unwrap().to_le_bytes();
    bdb[page * 4096 + 16..][..4].copy_from_slice(&number);
    let found = collect(Kind::Bdb, &bdb, None);
    assert_eq!(found.names().len(), 2);
    let reason = format!("leads to page {page}, which is none or has another use");
    assert_eq!(found.faults, [format!("/db: at byte {}: {reason}", page * 4096)]);

    // The root of a tree in SQLite that is no page of a table.
    let mut sqlite = SQLITE.to_vec();
    sqlite[512] = 99;
    let found = collect(Kind::Sqlite, &sqlite, None);
    assert_eq!(found.faults, ["/db: at byte 512: a page that is not a table's"]);
}

#[test]
fn a_database_that_is_broken_all_over_is_left_alone_after_some_faults() {
    // All slots lead to the same header.
    let mut ndb = NDB.to_vec();
    let slot = ndb[32..48].to_vec();
    for at in (32..4096).step_by(16) {
        ndb[at..at + 16].copy_from_slice(&slot);
    }
    let found = collect(Kind::Ndb, &ndb, None);
    assert_eq!(found.faults.len(), FAULTS as usize);
    let last = "the slots lead to more than the file has; the rest is not read: too much is broken";
    assert!(found.faults.last().unwrap().ends_with(last), "{:?}", found.faults.last());
}

#[test]
fn headers_that_lie_are_refused_and_name_the_place() {
    let broken = |bytes: &[u8]| {
        let header = Header::new(bytes)?;
        header.name()?;
        header.version()?;
        header.files(&mut |_| true)
    };
    let name = [1000, 6, 0, 1];
    assert_eq!(broken(&header_of(&[name], b"n\0")), Ok(()));
    for (entries, store, at, what) in [
        (&[name][..], &b"n"[..], 8, "a text without an end"),
        (&[[1000, 6, 3, 1]], b"n\0", 8, "an entry that leads out of the header"),
        (&[[1000, 6, u32::MAX, 1]], b"n\0", 8, "an entry that leads out of the header"),
        (&[[1000, 4, 0, 1]], b"n\0n\0", 8, "an entry that should be a text"),
        (&[[1001, 6, 0, 1]], b"n\0", 0, "a package without a name"),
        (&[name, [1003, 4, 0, 2]], b"n\0n\0", 24, "numbers that are cut off"),
        (&[name, [1117, 8, 0, 2]], b"n\0", 24, "files without directories"),
        (&[name, [1117, 8, 0, u32::MAX]], b"n\0", 24, "an entry that leads out of the header"),
        (
            &[name, [1117, 8, 0, 2], [1118, 8, 2, 1], [1116, 4, 4, 1]],
            b"n\0/\0\0\0\0\0",
            24,
            "a file without a directory",
        ),
        (
            &[name, [1117, 8, 0, 1], [1118, 8, 0, 1], [1116, 4, 2, 1]],
            b"n\0\0\0\0\x01",
            24,
            "a file without a directory",
        ),
        (
            &[name, [1117, 8, 0, 1], [1118, 8, 0, 1], [1116, 4, 2, 1]],
            b"n\0\0\0\0\0",
            0,
            "a file whose path does not begin at the root",
        ),
    ] {
        assert_eq!(broken(&header_of(entries, store)), Err(Broken { at, what }), "{entries:?}");
    }
    assert_eq!(broken(b"").unwrap_err().what, "too short for a header");
    assert_eq!(broken(&[0xff; 64]).unwrap_err().what, "a header without entries, or with too many");
    assert_eq!(broken(&[0, 0, 0, 1, 0, 0, 0, 9]).unwrap_err().what, "a header that is cut off");
}

#[test]
fn old_packages_have_whole_paths() {
    let bytes = header_of(&[[1000, 6, 0, 1], [1027, 8, 2, 2]], b"n\0/bin/a\0/b/c\0");
    let header = Header::new(&bytes).unwrap();
    let mut paths = Vec::new();
    let mut keep = |file: header::HeaderFile<'_>| {
        paths.push([file.directory, file.name].concat());
        true
    };
    header.files(&mut keep).unwrap();
    assert_eq!(paths, [&b"/bin/a"[..], b"/b/c"]);
}

#[test]
fn the_time_of_an_installation_is_not_part_of_the_record() {
    let header = |time: u32, summary: &[u8]| {
        let store = [b"n\0\0\0", &time.to_be_bytes()[..], summary].concat();
        let bytes = header_of(&[[1000, 6, 0, 1], [1008, 4, 4, 1], [1004, 6, 8, 1]], &store);
        Header::new(&bytes).unwrap().record()
    };
    assert_eq!(header(1, b"a\0"), header(2, b"a\0"));
    assert_ne!(header(1, b"a\0"), header(1, b"b\0"));
}

#[test]
fn reading_ends_when_the_sink_has_enough() {
    for (kind, db, log) in DATABASES {
        for most in 1..8 {
            let mut to = Collected { most: Some(most), ..Collected::with_files() };
            let log = log.map(|log| (b"/log".to_vec(), Cursor::new(log)));
            let db = (b"/db".to_vec(), Cursor::new(db));
            assert!(read_database(kind, b"/place", db, log, &mut to).is_break());
            assert_eq!(to.lines.len(), most);
        }
    }
}

#[test]
fn a_tree_is_asked_for_the_newest_kind_and_for_what_is_beside_it() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("var/lib/rpm");
    let tree = Tree::root(root.path()).unwrap();
    let place = b"/var/lib/rpm";
    let found = || {
        let mut to = Collected::default();
        assert!(read(&tree, place, &mut to).is_continue());
        (to.names(), to.faults)
    };
    assert_eq!(found(), (vec![], vec![]));
    std::fs::create_dir_all(&directory).unwrap();
    assert_eq!(found(), (vec![], vec![]));
    std::fs::write(directory.join("Packages"), BDB).unwrap();
    assert_eq!(found(), (ALL.map(str::to_owned).to_vec(), vec![]));
    std::fs::write(directory.join("rpmdb.sqlite"), SQLITE).unwrap();
    let (names, faults) = found();
    assert_eq!(names, &ALL[1..]);
    let beside = "/var/lib/rpm/Packages: is not read: beside it is a database of a newer kind";
    assert_eq!(faults, [beside]);
    std::fs::remove_file(directory.join("Packages")).unwrap();
    std::fs::write(directory.join("rpmdb.sqlite-wal"), WAL).unwrap();
    assert_eq!(found(), (ALL.map(str::to_owned).to_vec(), vec![]));
    std::fs::write(directory.join("rpmdb.sqlite-journal"), [0; 512]).unwrap();
    assert_eq!(found().1, [""; 0]);
    std::fs::write(directory.join("rpmdb.sqlite-journal"), [0xd9; 512]).unwrap();
    let (names, faults) = found();
    assert_eq!(names, ALL);
    let journal = "/var/lib/rpm/rpmdb.sqlite-journal: a transaction was not ended: the database may \
                   be half written";
    assert_eq!(faults, [journal]);
}

#[test]
fn files_of_the_database_are_told_by_their_paths() {
    let place = |path: &str| {
        place_of(path.as_bytes(), None).map(|place| String::from_utf8(place.to_vec()).unwrap())
    };
    for path in ["Packages", "Packages.db", "rpmdb.sqlite", "rpmdb.sqlite-wal"] {
        let system = format!("/var/lib/rpm/{path}");
        assert_eq!(place(&system).as_deref(), Some("/var/lib/rpm"));
        let image = format!("/usr/lib/sysimage/rpm/{path}");
        assert_eq!(place(&image).as_deref(), Some("/usr/lib/sysimage/rpm"));
    }
    for path in ["/var/lib/rpm", "/var/lib/rpm/", "/var/lib/rpm/Name", "/srv/var/lib/rpm/Packages"]
    {
        assert_eq!(place(path), None, "{path}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, ..ProptestConfig::default() })]

    /// Neither a panic nor an endless loop, nor more than a bounded number of faults.
    #[test]
    fn damaged_databases_are_read_as_far_as_they_go(
        which in 0..DATABASES.len(),
        changes in prop::collection::vec((any::<Index>(), any::<u8>(), 0..3), 0..24),
        end in prop::option::of(any::<Index>()),
    ) {
        let (kind, db, log) = DATABASES[which];
        let (mut db, mut log) = (db.to_vec(), log.map(<[u8]>::to_vec));
        for (at, byte, place) in changes {
            let anywhere = at.index(db.len());
            match (place, &mut log) {
                (0, Some(log)) => log[at.index(WAL.len())] = byte,
                (0 | 1, _) => db[anywhere] = byte,
                // What leads to other places is mostly at the start of a page.
                _ => db[anywhere / 512 * 512 + anywhere % 64] = byte,
            }
        }
        if let Some(end) = end {
            db.truncate(end.index(db.len()));
        }
        let found = collect(kind, &db, log.as_deref());
        prop_assert!(found.faults.len() <= FAULTS as usize + 1);
        prop_assert!(found.packages.len() <= 256, "{}", found.packages.len());
    }

    #[test]
    fn any_header_gets_an_answer(
        entries in prop::collection::vec((select(&TAGS), 0..10_u32, 0..64_u32, 0..16_u32), 1..12),
        store in prop::collection::vec(prop_oneof![Just(0), Just(b'/'), any::<u8>()], 0..64),
    ) {
        let entries = entries.into_iter();
        let entries: Vec<[u32; 4]> = entries.map(|(a, b, c, d)| [a, b, c, d]).collect();
        let bytes = header_of(&entries, &store);
        let header = Header::new(&bytes).unwrap();
        let _ = (header.name(), header.version(), header.architecture(), header.record());
        let mut files = 0;
        let _ = header.files(&mut |_| {
            files += 1;
            true
        });
        prop_assert!(files <= store.len());
    }
}

const TAGS: [u32; 16] = [
    1000, 1001, 1003, 1008, 1022, 1027, 1029, 1030, 1035, 1036, 1037, 1045, 1116, 1117, 1118, 5011,
];
