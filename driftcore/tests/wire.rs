//! The bytes of a ring: a whole record gives exactly what went in, and anything else an error,
//! never a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod record;

use driftcore::decode::decode;
use driftcore::event::ActorFlags;
use driftcore::event::Capabilities;
use driftcore::event::Event;
use driftcore::event::EvidenceFlags;
use driftcore::event::Exec;
use driftcore::event::Exit;
use driftcore::event::FileEvidence;
use driftcore::event::FileOperation;
use driftcore::event::Fork;
use driftcore::event::HOST_ANCESTORS;
use driftcore::event::HostAncestor;
use driftcore::event::Inode;
use driftcore::event::KernelPath;
use driftcore::event::NamespaceIds;
use driftcore::event::TaskFacts;
use driftcore::event::WriterFacts;
use driftcore::wire::RawEvent;
use driftcore::wire::RecordKind;
use driftcore::wire::VERSION;
use driftcore::wire::WireError;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::record::record;
use crate::record::usual_exec;

const HEADER: usize = 16;
const EXEC: usize = 400;
const FORK: usize = 48;
const EXIT: usize = 40;
/// Offset of `string_size` in `struct dc_exec`.
const STRING_SIZE: usize = EXEC - 16;

const FORKED: Event<'static> = Event::Fork(Fork {
    boot_ns: 1,
    container: 2,
    pid: 3,
    start_ns: 4,
    parent_pid: 5,
    parent_start_ns: 6,
});

const EXITED: Event<'static> = Event::Exit(Exit { boot_ns: 1, container: 2, pid: 3, start_ns: 4 });

/// An exec as a test makes it up: numbers in one list, strings that it can be borrowed from.
#[derive(Clone, Debug)]
struct Made {
    longs: [u64; 25],
    words: Vec<u32>,
    bits: [bool; 8],
    comm: Vec<u8>,
    strings: [Vec<u8>; 6],
}

impl Made {
    /// As many as the words say, none after the first that is missing.
    fn host_ancestors(&self) -> [Option<HostAncestor<'_>>; HOST_ANCESTORS] {
        let count = self.words[0] as usize % (HOST_ANCESTORS + 1);
        std::array::from_fn(|index| {
            (index < count).then(|| HostAncestor {
                pid: self.words[index],
                start_ns: self.longs[index],
                comm: &self.comm,
            })
        })
    }

    fn exec(&self) -> Exec<'_> {
        let mut longs = self.longs.iter().copied();
        let mut long = || longs.next().unwrap();
        let mut words = self.words.iter().copied();
        let mut word = || words.next().unwrap();
        let mut inode = |device, generation| Inode {
            device,
            number: long(),
            generation,
            size: long(),
            mtime_ns: long().cast_signed(),
            ctime_ns: long().cast_signed(),
        };
        let inodes = [(); 3].map(|()| inode(word(), word()));
        let [exe, cwd, cgroup, filename, interp, args] = &self.strings;
        let [secure, args_cut, exe_cut, cwd_cut, cgroup_cut, upper, lower, found] = self.bits;
        let path = |components, truncated| KernelPath { components, truncated };
        Exec {
            boot_ns: long(),
            found_running: found,
            task: TaskFacts {
                container: long(),
                root_device: word(),
                pid: word(),
                tid: word(),
                ppid: word(),
                container_pid: word(),
                container_tid: word(),
                container_sid: word(),
                container_pgid: word(),
                parent_container_pid: word(),
                start_ns: long(),
                parent_start_ns: long(),
                exec_id: long(),
                uid: word(),
                gid: word(),
                euid: word(),
                egid: word(),
                loginuid: word(),
                audit_session: word(),
                sid: word(),
                pgid: word(),
                session_start_ns: long(),
                group_start_ns: long(),
                pid_namespace_start_ns: long(),
                tty: word(),
                capabilities: Capabilities {
                    effective: long(),
                    permitted: long(),
                    inheritable: long(),
                },
                cgroup_id: long(),
                namespaces: NamespaceIds {
                    mnt: word(),
                    pid: word(),
                    net: word(),
                    user: word(),
                    uts: word(),
                    ipc: word(),
                    cgroup: word(),
                },
                comm: &self.comm,
                cwd: path(cwd, cwd_cut),
                cgroup: path(cgroup, cgroup_cut),
            },
            file: FileEvidence {
                inode: inodes[0],
                mode: word(),
                uid: word(),
                gid: word(),
                nlink: word(),
                fs_magic: long(),
                flags: EvidenceFlags(self.words[35] & 0x7ff),
                upper: upper.then_some(inodes[1]),
                lower: lower.then_some(inodes[2]),
            },
            exe: path(exe, exe_cut),
            filename,
            interp,
            args,
            args_truncated: args_cut,
            writer: None,
            host_ancestors: self.host_ancestors(),
            secure,
        }
    }
}

fn made() -> impl Strategy<Value = Made> {
    // Mostly short, now and then as long as a record can say.
    let string = || {
        prop_oneof![
            20 => vec(any::<u8>(), 0..40),
            1 => vec(any::<u8>(), 4000..4097),
            1 => any::<u8>().prop_map(|byte| vec![byte; usize::from(u16::MAX)]),
        ]
    };
    let strings = [string(), string(), string(), string(), string(), string()];
    (
        any::<[u64; 25]>(),
        vec(any::<u32>(), 36),
        any::<[bool; 8]>(),
        vec(1..=u8::MAX, 0..=16),
        strings,
    )
        .prop_map(|(longs, words, bits, comm, strings)| Made {
            longs,
            words,
            bits,
            comm,
            strings,
        })
}

/// What the fuzzer starts from: records of each kind, and files that are judged in different ways.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let on_overlay = EvidenceFlags::ON_ROOT_SUPERBLOCK
        .union(EvidenceFlags::ON_ROOT_MOUNT)
        .union(EvidenceFlags::OVERLAY)
        .union(EvidenceFlags::LAYERS_KNOWN);
    let inode = |number| Some(Inode { device: 39, number, size: 14, ..Inode::default() });
    let file = FileEvidence {
        inode: inode(3).unwrap(),
        mode: 0o100_755,
        nlink: 1,
        flags: on_overlay,
        ..FileEvidence::default()
    };
    let exec = |file| record(&Event::Exec(usual_exec(file)));
    let image = exec(FileEvidence { lower: inode(4), ..file });
    let mut entered = usual_exec(FileEvidence { upper: inode(5), ..file });
    let ancestor = HostAncestor { pid: 9, start_ns: 8, comm: b"runc" };
    entered.host_ancestors = [Some(ancestor), Some(ancestor), None];
    let mut task = usual_exec(FileEvidence { lower: inode(4), ..file });
    (task.found_running, task.args) = (true, b"");
    let mut cut = usual_exec(file);
    (cut.exe.truncated, cut.task.cwd.truncated, cut.args_truncated) = (true, true, true);
    let memfd = FileEvidence { flags: EvidenceFlags::ANONYMOUS, nlink: 0, ..file };
    vec![
        ("several", [record(&FORKED), image.clone(), record(&EXITED)].concat()),
        ("exec_image", image),
        ("exec_added", exec(FileEvidence { upper: inode(5), ..file })),
        ("exec_copied_up", exec(FileEvidence { upper: inode(5), lower: inode(4), ..file })),
        ("exec_memfd", exec(memfd)),
        ("exec_entered", record(&Event::Exec(entered))),
        ("exec_cut_strings", record(&Event::Exec(cut))),
        ("task", record(&Event::Exec(task))),
        ("fork", record(&FORKED)),
        ("exit", record(&EXITED)),
    ]
}

/// A seed of another version is refused at its header, and the fuzzer learns nothing from it.
/// `UPDATE_SEEDS=1` writes them anew.
#[test]
fn the_fuzzers_seeds_are_records_of_this_version() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/wire");
    if !std::path::Path::new(directory).is_dir() {
        println!("{directory} is not here: the package comes without the fuzzers");
        return;
    }
    for (name, record) in seeds() {
        let path = format!("{directory}/{name}");
        if std::env::var_os("UPDATE_SEEDS").is_some() {
            std::fs::write(&path, &record).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == record, "{path} is not what is written now");
        assert!(RawEvent::split(&record).is_ok(), "{name}");
    }
}

fn whole() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => made().prop_map(|made| record(&Event::Exec(made.exec()))),
        1 => Just(record(&FORKED)),
        1 => Just(record(&EXITED)),
    ]
}

/// Takes bytes as a record and as a buffer of records, and looks at all that comes of it.
fn take(bytes: &[u8]) -> Result<(), WireError> {
    let mut rest = bytes;
    while let Ok((raw, after)) = RawEvent::split(rest) {
        assert!(after.len() < rest.len(), "a record without bytes");
        look(&decode(&raw));
        rest = after;
    }
    look(&decode(&RawEvent::new(bytes)?));
    Ok(())
}

fn look(event: &Event<'_>) {
    let Event::Exec(exec) = event else { return };
    let mut out = Vec::new();
    for path in [exec.exe, exec.task.cwd, exec.task.cgroup] {
        path.write_to(&mut out);
        assert!(out.starts_with(b"/") || path.truncated && out.starts_with(b"..."), "{out:?}");
    }
    assert!(exec.task.comm.len() <= 16);
}

fn patched(event: &Event<'_>, at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut record = record(event);
    record[at..at + bytes.len()].copy_from_slice(bytes);
    record
}

fn empty_exec() -> Made {
    Made {
        longs: [0; 25],
        words: vec![0; 36],
        bits: [false; 8],
        comm: Vec::new(),
        strings: [const { Vec::new() }; 6],
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn an_exec_comes_out_as_it_went_in(made in made()) {
        let bytes = record(&Event::Exec(made.exec()));
        let raw = RawEvent::new(&bytes).unwrap();
        let kind = if made.bits[7] { RecordKind::Task } else { RecordKind::Exec };
        prop_assert_eq!(raw.kind(), kind);
        prop_assert_eq!(decode(&raw), Event::Exec(made.exec()));
    }

    #[test]
    fn forks_and_exits_come_out_as_they_went_in(longs in any::<[u64; 4]>(), words in any::<[u32; 2]>()) {
        let [boot_ns, container, start_ns, parent_start_ns] = longs;
        let [pid, parent_pid] = words;
        let fork =
            Event::Fork(Fork { boot_ns, container, pid, start_ns, parent_pid, parent_start_ns });
        let exit = Event::Exit(Exit { boot_ns, container, pid, start_ns });
        for event in [fork, exit] {
            let bytes = record(&event);
            prop_assert_eq!(decode(&RawEvent::new(&bytes).unwrap()), event);
        }
    }

    #[test]
    fn records_in_a_row_are_split_where_they_end(records in vec(whole(), 0..5), cut in any::<Index>()) {
        let mut buffer = records.concat();
        let mut rest = buffer.as_slice();
        for record in &records {
            let (raw, after) = RawEvent::split(rest).unwrap();
            prop_assert_eq!(decode(&raw), decode(&RawEvent::new(record).unwrap()));
            rest = after;
        }
        prop_assert!(rest.is_empty());
        if let Some(last) = records.last() {
            buffer.truncate(buffer.len() - last.len() + cut.index(last.len()));
            let mut rest = buffer.as_slice();
            for _ in 1..records.len() {
                rest = RawEvent::split(rest).unwrap().1;
            }
            let cut_off = matches!(RawEvent::split(rest), Err(WireError::Truncated { .. }));
            prop_assert!(cut_off);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..800)) {
        let _ = take(&bytes);
    }

    #[test]
    fn arbitrary_bodies_behind_a_right_header_never_panic(
        mut bytes in vec(any::<u8>(), HEADER..800),
        kind in 1..=4_u16,
    ) {
        let size = u32::try_from(bytes.len()).unwrap();
        bytes[0..4].copy_from_slice(&size.to_ne_bytes());
        bytes[4..6].copy_from_slice(&VERSION.to_ne_bytes());
        bytes[6..8].copy_from_slice(&kind.to_ne_bytes());
        let _ = take(&bytes);
    }

    #[test]
    fn changed_bytes_never_panic(
        mut bytes in whole(),
        changes in vec((any::<Index>(), any::<u8>()), 1..8),
        within_body in any::<bool>(),
    ) {
        // Changes of the frame are found out, most others give another event.
        let end = if within_body { bytes.len().min(EXEC) } else { bytes.len() };
        for (at, byte) in changes {
            bytes[at.index(end)] = byte;
        }
        let _ = take(&bytes);
    }

    #[test]
    fn a_record_cut_anywhere_is_an_error(bytes in whole(), cut in any::<Index>()) {
        let cut = cut.index(bytes.len());
        let new = take(&bytes[..cut]).unwrap_err();
        let split = RawEvent::split(&bytes[..cut]).unwrap_err();
        let wanted = if cut < HEADER { HEADER } else { bytes.len() };
        prop_assert_eq!(split, WireError::Truncated { wanted, got: cut });
        if cut >= HEADER {
            prop_assert_eq!(new, WireError::SizeMismatch { stated: bytes.len(), got: cut });
        }
    }

    #[test]
    fn a_record_with_bytes_behind_it_is_an_error(mut bytes in whole(), more in vec(any::<u8>(), 1..64)) {
        let stated = bytes.len();
        bytes.extend_from_slice(&more);
        let got = bytes.len();
        prop_assert_eq!(take(&bytes), Err(WireError::SizeMismatch { stated, got }));
        // Also when the header counts them: no string has them.
        bytes[0..4].copy_from_slice(&u32::try_from(got).unwrap().to_ne_bytes());
        let is_strings = matches!(take(&bytes), Err(WireError::Strings { .. }));
        prop_assert!(is_strings);
    }

    #[test]
    fn any_path_can_be_written(components in vec(any::<u8>(), 0..600), truncated in any::<bool>()) {
        let mut out = b"left over".to_vec();
        KernelPath { components: &components, truncated }.write_to(&mut out);
        let start: &[u8] = if truncated { b"..." } else { b"/" };
        prop_assert!(out.starts_with(start));
        prop_assert!(!out.contains(&0));
        prop_assert!(out.len() <= components.len() + 4);
    }

    #[test]
    fn a_path_is_its_components_the_other_way_round(
        names in vec(vec(1..=u8::MAX, 1..20), 0..20),
        truncated in any::<bool>(),
    ) {
        let mut components = Vec::new();
        let mut expected = if truncated { b"...".to_vec() } else { Vec::new() };
        for name in &names {
            expected.push(b'/');
            expected.extend_from_slice(name);
        }
        for name in names.iter().rev() {
            components.extend_from_slice(name);
            components.push(0);
        }
        if expected.is_empty() {
            expected.push(b'/');
        }
        let mut out = Vec::new();
        KernelPath { components: &components, truncated }.write_to(&mut out);
        prop_assert_eq!(out, expected);
    }
}

#[test]
fn a_header_that_is_cut_is_truncated() {
    for got in 0..HEADER {
        let bytes = &record(&FORKED)[..got];
        let error = WireError::Truncated { wanted: HEADER, got };
        assert_eq!(RawEvent::new(bytes).unwrap_err(), error);
        assert_eq!(RawEvent::split(bytes).unwrap_err(), error);
    }
}

#[test]
fn a_body_that_is_cut_with_its_size_is_truncated() {
    for (event, wanted) in
        [(FORKED, FORK), (EXITED, EXIT), (Event::Exec(empty_exec().exec()), EXEC)]
    {
        let mut bytes = record(&event);
        assert_eq!(bytes.len(), wanted);
        let got = wanted - 1;
        bytes.truncate(got);
        bytes[0..4].copy_from_slice(&u32::try_from(got).unwrap().to_ne_bytes());
        assert_eq!(take(&bytes), Err(WireError::Truncated { wanted, got }));
    }
}

#[test]
fn a_size_below_the_header_never_loops() {
    let bytes = patched(&FORKED, 0, &0_u32.to_ne_bytes());
    assert_eq!(take(&bytes), Err(WireError::SizeMismatch { stated: 0, got: FORK }));
    let split = RawEvent::split(&bytes).unwrap_err();
    assert_eq!(split, WireError::SizeMismatch { stated: 0, got: HEADER });
}

#[test]
fn the_largest_size_is_not_believed() {
    let bytes = patched(&FORKED, 0, &u32::MAX.to_ne_bytes());
    let stated = u32::MAX as usize;
    assert_eq!(take(&bytes), Err(WireError::SizeMismatch { stated, got: FORK }));
    let split = RawEvent::split(&bytes).unwrap_err();
    assert_eq!(split, WireError::Truncated { wanted: stated, got: FORK });
}

#[test]
fn another_version_is_refused_whatever_else_is_right() {
    for version in [0, VERSION + 1, u16::MAX] {
        let bytes = patched(&FORKED, 4, &version.to_ne_bytes());
        assert_eq!(take(&bytes), Err(WireError::Version(version)));
    }
}

#[test]
fn an_unknown_kind_is_refused() {
    for kind in [0, 8, u16::MAX] {
        let bytes = patched(&FORKED, 6, &kind.to_ne_bytes());
        assert_eq!(take(&bytes), Err(WireError::Kind(kind)));
    }
}

#[test]
fn a_body_of_another_kind_is_refused() {
    let bytes = patched(&EXITED, 6, &2_u16.to_ne_bytes());
    assert_eq!(take(&bytes), Err(WireError::Truncated { wanted: FORK, got: EXIT }));
    let bytes = patched(&FORKED, 6, &3_u16.to_ne_bytes());
    assert_eq!(take(&bytes), Err(WireError::Strings { stated: 0, got: FORK - EXIT }));
}

#[test]
fn strings_that_do_not_fill_the_tail_are_refused() {
    let made = Made { strings: [(); 6].map(|()| b"ab".to_vec()), ..empty_exec() };
    let event = Event::Exec(made.exec());
    for string in 0..6 {
        for (size, stated) in [(0_u16, 10), (1, 11), (3, 13), (u16::MAX, 10 + 65535)] {
            let bytes = patched(&event, STRING_SIZE + 2 * string, &size.to_ne_bytes());
            assert_eq!(take(&bytes), Err(WireError::Strings { stated, got: 12 }));
        }
    }
}

#[test]
fn sizes_that_move_bytes_from_one_string_to_the_next_are_another_event() {
    let made = Made { strings: [(); 6].map(|()| b"ab".to_vec()), ..empty_exec() };
    let mut bytes = patched(&Event::Exec(made.exec()), STRING_SIZE, &0_u16.to_ne_bytes());
    bytes[STRING_SIZE + 2..STRING_SIZE + 4].copy_from_slice(&4_u16.to_ne_bytes());
    let Event::Exec(exec) = decode(&RawEvent::new(&bytes).unwrap()) else { panic!("no exec") };
    assert_eq!(exec.exe.components, b"");
    assert_eq!(exec.task.cwd.components, b"abab");
}

#[test]
fn unknown_flags_are_not_passed_on() {
    // `dc_file.flags` and its padding, then `dc_exec.flags` and its own, then the sizes.
    let at = STRING_SIZE - 8 - 8;
    let bytes = patched(&Event::Exec(empty_exec().exec()), at, &u32::MAX.to_ne_bytes());
    let Event::Exec(exec) = decode(&RawEvent::new(&bytes).unwrap()) else { panic!("no exec") };
    assert_eq!(exec.file.flags, EvidenceFlags(0x7ff));
    assert!(exec.file.upper.is_some() && exec.file.lower.is_some());
}

#[test]
fn a_comm_ends_at_its_first_nul() {
    let made = Made { comm: b"sh\0left over".to_vec(), ..empty_exec() };
    let bytes = record(&Event::Exec(made.exec()));
    let Event::Exec(exec) = decode(&RawEvent::new(&bytes).unwrap()) else { panic!("no exec") };
    assert_eq!(exec.task.comm, b"sh");
}

#[test]
fn a_writer_comes_out_as_it_went_in() {
    let writer = WriterFacts {
        boot_ns: 1,
        operation: FileOperation::Rename,
        pid: 2,
        start_ns: 3,
        exec_id: 4,
        ppid: 5,
        parent_start_ns: 6,
        container_pid: 7,
        uid: 8,
        gid: 9,
        loginuid: u32::MAX,
        flags: ActorFlags::OUTSIDE,
        comm: b"curl",
        parent_comm: b"sh",
        args: b"curl\0-o\0/tmp/x\0",
    };
    let made = empty_exec();
    let exec = Exec { writer: Some(writer), ..made.exec() };
    let bytes = record(&Event::Exec(exec));
    assert_eq!(decode(&RawEvent::new(&bytes).unwrap()), Event::Exec(exec));
    // More arguments than there is room for, an operation that there is not: no writer.
    let record_of = |at: usize, value: u16| {
        let mut bytes = bytes.clone();
        bytes[EXEC + at..][..2].copy_from_slice(&value.to_ne_bytes());
        match decode(&RawEvent::new(&bytes).unwrap()) {
            Event::Exec(exec) => exec.writer.map(|writer| writer.args.len()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(record_of(62, 177), Some(0));
    assert_eq!(record_of(60, 99), None);
}
