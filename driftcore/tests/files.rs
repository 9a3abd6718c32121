//! What the sensor says of operations on files: each done in a throwaway container and, as its twin,
//! on the host, where it must say nothing.
//!
//! Needs root, BPF and gcc; without them it says so and tests nothing.
#![cfg(feature = "sensor")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "files/calls.rs"]
mod calls;
#[path = "files/expected.rs"]
mod expected;
#[path = "files/program.rs"]
mod program;
#[path = "files/seen.rs"]
mod seen;

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use driftcore::decode::decode;
use driftcore::event::ActorFlags;
use driftcore::event::Event;
use driftcore::event::FileOperation;
use driftcore::sensor::Batch;
use driftcore::sensor::Sensor;
use driftcore::sensor::SensorOptions;
use driftcore::sensor::Wanted;
use driftcore::wire::RawEvent;
use seen::Seen;
use tempfile::TempDir;

/// What the program ends with where the kernel does not have a call.
const NOT_HERE: i32 = 77;

struct Lab {
    directory: TempDir,
    program: PathBuf,
    sensor: Sensor,
}

impl Lab {
    fn new(wanted: &Wanted) -> Option<Self> {
        Self::with(wanted, SensorOptions::default())
    }

    /// `None`, with a line that says why, where nothing can be tested.
    fn with(wanted: &Wanted, options: SensorOptions) -> Option<Self> {
        let (directory, program) = program::build()?;
        let mut sensor = Sensor::load(options).unwrap();
        sensor.ask(wanted).unwrap();
        Some(Self { directory, program, sensor })
    }

    fn scratch(&self, name: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// Everything that was done so far by a process that `is_ours` says yes to (pid and parent's pid).
    /// What a process has done is in the ring before it ends.
    fn take(&mut self, is_ours: impl Fn(u32, u32) -> bool) -> Vec<Seen> {
        let mut batch = Batch::new();
        let mut all = Vec::new();
        loop {
            let more = self.sensor.read(&mut batch).unwrap();
            for record in batch.records() {
                let raw = RawEvent::new(record).unwrap();
                if let Event::File(event) = decode(&raw)
                    && is_ours(event.actor.pid, event.actor.ppid)
                {
                    all.push(Seen::of(&event));
                }
            }
            if !more && batch.is_empty() {
                return all;
            }
        }
    }

    /// Does it and says what was seen; `None` where this kernel does not have the call.
    fn run(&mut self, place: &str, deed: &str) -> Option<Vec<Seen>> {
        let directory = self.scratch(&format!("{place}-{deed}"));
        let mut child =
            Command::new(&self.program).arg(place).arg(&directory).arg(deed).spawn().unwrap();
        let pid = child.id();
        let status = child.wait().unwrap();
        let seen = self.take(|actor, parent| actor == pid || parent == pid);
        if status.code() == Some(NOT_HERE) {
            println!("skipped: {deed}: this kernel does not have the call");
            return None;
        }
        assert!(status.success(), "{place} {deed}: {status}");
        Some(seen)
    }
}

/// A container whose process waits.
struct Waiting(Child);

impl Waiting {
    fn start(lab: &Lab, name: &str) -> Self {
        let mut child = Command::new(&lab.program)
            .arg("box")
            .arg(lab.scratch(name))
            .arg("wait")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut up = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut up).unwrap();
        assert_eq!(up, "up\n");
        Self(child)
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Its root, as the host sees it.
    fn root(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.pid()))
    }

    fn end(mut self) {
        self.0.stdin.take().unwrap().write_all(b"\n").unwrap();
        assert!(self.0.wait().unwrap().success());
    }
}

fn lines(seen: &[Seen]) -> Vec<String> {
    seen.iter().map(ToString::to_string).collect()
}

#[test]
fn each_operation_is_seen_as_it_is() {
    let Some(mut lab) = Lab::new(&Wanted::NOTHING.with_file_changes()) else { return };
    let mut wrong = Vec::new();
    for (deed, expected) in expected::deeds() {
        let Some(seen) = lab.run("box", deed) else { continue };
        let seen = lines(&seen);
        if seen != expected {
            wrong.push(format!("{deed}\n  expected {expected:#?}\n  seen {seen:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(lab.sensor.losses().unwrap().is_empty());
}

#[test]
fn a_process_of_the_host_is_not_seen() {
    let Some(mut lab) = Lab::new(&Wanted::NOTHING.with_file_changes()) else { return };
    for (deed, _) in expected::deeds().filter(|(deed, _)| expected::works_on_host(deed)) {
        let Some(seen) = lab.run("host", deed) else { continue };
        assert_eq!(lines(&seen), Vec::<String>::new(), "{deed}");
    }
}

#[test]
fn what_is_not_asked_for_is_not_said() {
    let wanted = Wanted::NOTHING.with_file(FileOperation::Unlink);
    let Some(mut lab) = Lab::new(&wanted) else { return };
    for deed in ["write", "mkdir", "removedir", "chmod"] {
        assert_eq!(lines(&lab.run("box", deed).unwrap()), Vec::<String>::new(), "{deed}");
    }
    assert_eq!(lab.run("box", "unlink").unwrap().len(), 1);
    // And from now on nothing at all.
    lab.sensor.ask(&Wanted::NOTHING).unwrap();
    assert_eq!(lines(&lab.run("box", "unlink").unwrap()), Vec::<String>::new());
}

#[test]
fn reading_is_seen_where_it_is_asked_for() {
    let Some(mut lab) = Lab::new(&Wanted::NOTHING.with_file(FileOperation::Read)) else { return };
    let seen = lines(&lab.run("box", "read").unwrap());
    assert_eq!(seen, ["Read 257 /image value=0x8000 file"]);
}

#[test]
fn mapped_code_is_seen_once_unless_it_is_the_images() {
    let Some(mut lab) = Lab::new(&Wanted::NOTHING.with_libraries()) else { return };
    let expected: &[(&str, &[&str])] = &[
        ("map_code", &["Map 9 /new value=0x200000005 file"]),
        ("map_code_volume", &["Map 9 /volume/new value=0x200000005 file"]),
        ("map_code_memory", &["Map 9 /memfd:code value=0x100000007 file"]),
        ("protect_code", &["Map 10 /new value=0x5 file"]),
        ("protect_two_code", &["Map 10 /new value=0x5 file", "Map 10 /new2 value=0x5 file"]),
        ("map_code_harmless", &[]),
        ("map", &[]),
    ];
    for (deed, expected) in expected {
        assert_eq!(lines(&lab.run("box", deed).unwrap()), *expected, "{deed}");
        if !deed.contains("volume") {
            assert_eq!(lines(&lab.run("host", deed).unwrap()), Vec::<String>::new(), "{deed}");
        }
    }
    assert!(lab.sensor.losses().unwrap().is_empty());
}

#[test]
fn what_interpreters_read_is_seen_unless_it_is_the_images() {
    let Some(mut lab) = Lab::new(&Wanted::NOTHING.with_scripts()) else { return };
    assert_eq!(lines(&lab.run("box", "script").unwrap()), Vec::<String>::new());
    lab.sensor.set_interpreters(&["deeds3.1".to_owned()]).unwrap();
    let seen = lines(&lab.run("box", "script").unwrap());
    let expected =
        ["Script 257 /new value=0x8000 file", "Script 257 /volume/new value=0x8000 file"];
    assert_eq!(seen, expected);
    let seen = lines(&lab.run("box", "script_names").unwrap());
    assert_eq!(seen.len(), 65, "{seen:#?}");
    assert_eq!(seen.last().map(String::as_str), Some("Script 257 /new.py value=0x8000 file"));
    assert_eq!(lines(&lab.run("host", "script_names").unwrap()), Vec::<String>::new());
}

#[test]
fn a_file_of_a_container_that_the_host_writes_is_seen() {
    let Some(mut lab) = Lab::new(&Wanted::NOTHING.with_file_changes()) else { return };
    let waiting = Waiting::start(&lab, "outside");
    let pid = waiting.pid();
    let own = std::process::id();
    let root = waiting.root();
    fs::read(root.join("image")).unwrap();
    fs::write(root.join("copied"), "from outside").unwrap();
    fs::write(root.join("volume/copied"), "from outside").unwrap();
    fs::write(lab.scratch("elsewhere").join("copied"), "no container's").unwrap();

    let seen = lab.take(|actor, _| actor == own || actor == pid);
    let [first, copied] = seen.as_slice() else { panic!("{:#?}", lines(&seen)) };
    assert_eq!(first.to_string(), "Create 85 /first value=0x8241 file");
    assert_eq!(copied.to_string(), "Create 257 /copied value=0x88241 file outside");
    assert_eq!(copied.container, first.container);
    assert!(copied.actor.contains(ActorFlags::OUTSIDE));
    waiting.end();
}

#[test]
fn an_ended_containers_root_is_forgotten() {
    let Some(mut lab) = Lab::new(&Wanted::NOTHING.with_file_changes()) else { return };
    let waiting = Waiting::start(&lab, "forgotten");
    let pid = waiting.pid();
    let own = std::process::id();
    let container = lab.take(|actor, _| actor == pid).first().expect("it made a file").container;
    lab.sensor.forget_container(container);
    fs::write(waiting.root().join("copied"), "from outside").unwrap();
    assert_eq!(lines(&lab.take(|actor, _| actor == own)), Vec::<String>::new());
    waiting.end();
}

#[test]
fn a_flood_is_counted_and_kept_back() {
    // Tokens come back at one a second: the flood below is over sooner than they matter much.
    let options = SensorOptions { budget_rate: 1, budget_burst: 5, ..SensorOptions::default() };
    let Some(mut lab) = Lab::with(&Wanted::NOTHING.with_file_changes(), options) else { return };
    let seen = lab.run("box", "deep").unwrap();
    let container = seen.first().expect("the first ones pass").container;
    let kept_back = lab.sensor.suppressed();
    let kept_back = kept_back.iter().find(|it| it.container == container).expect("it is counted");
    assert_eq!(seen.len() as u64 + kept_back.files, 26, "25 directories and a file");
    assert!(kept_back.files > 0);
    assert_eq!((kept_back.sockets, kept_back.calls), (0, 0));
}

#[test]
fn a_ring_that_is_not_followed_is_said() {
    let options = SensorOptions { follow_io_uring: false, ..SensorOptions::default() };
    let Some(mut lab) = Lab::with(&Wanted::NOTHING.with_file_changes(), options) else { return };
    for (place, expected) in [("box", 1), ("host", 0)] {
        let directory = lab.scratch(&format!("unseen-{place}"));
        let deed =
            Command::new(&lab.program).arg(place).arg(&directory).arg("ring_harmless").spawn();
        let mut child = deed.unwrap();
        if child.wait().unwrap().code() == Some(NOT_HERE) {
            println!("skipped: this kernel has no io_uring");
            return;
        }
        let pid = child.id();
        let mut rings = 0;
        let mut batch = Batch::new();
        while lab.sensor.read(&mut batch).unwrap() || !batch.is_empty() {
            for record in batch.records() {
                if let Event::Call(call) = decode(&RawEvent::new(record).unwrap())
                    && call.actor.pid == pid
                {
                    assert!(call.unseen_ring && call.number == 425 && call.result > 2, "{call:?}");
                    rings += 1;
                }
            }
        }
        assert_eq!(rings, expected, "{place}");
    }
}

/// A flood that rests now and then gets what the rate gives, not the whole burst again.
#[test]
fn a_pause_brings_back_no_more_than_the_rate() {
    let options = SensorOptions { budget_rate: 1, budget_burst: 20, ..SensorOptions::default() };
    let Some(mut lab) = Lab::with(&Wanted::NOTHING.with_file_changes(), options) else { return };
    let started = Instant::now();
    let waiting = Waiting::start(&lab, "pauses");
    let own = std::process::id();
    for round in 0..2 {
        for file in 0..40 {
            fs::write(waiting.root().join(format!("{round}-{file}")), "").unwrap();
        }
        std::thread::sleep(Duration::from_millis(1200));
    }
    waiting.end();
    let seen = lab.take(|actor, _| actor == own).len() as u64;
    assert!(seen > 0);
    assert!(seen <= 20 + started.elapsed().as_secs() + 1, "{seen} events");
}
