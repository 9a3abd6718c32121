//! The sensor is asked for what the rules speak of, and for nothing else: the probes that are attached
//! say so, and so do the alerts.
//!
//! Needs root, BPF and gcc; without them it says so and tests nothing.
#![cfg(feature = "sensor")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "files/program.rs"]
mod program;

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use driftcore::engine::Engine;
use driftcore::engine::EngineBuilder;
use driftcore::event::DriftEvent;
use driftcore::matcher::Alert;
use driftcore::rules::Limits;
use driftcore::rules::RuleSet;
use driftcore::rules::SetOptions;
use driftcore::rules::Sources;
use driftcore::rules::load;
use driftcore::sink::Sink;
use tempfile::TempDir;

const EXECS: &str = "evt.type in (execve, execveat) and proc.name = nobody";
const RENAMES: &str = "evt.type in (rename, renameat, renameat2) and proc.name = deeds";
const UNLINKS: &str = "evt.type = unlink and proc.name = deeds";

/// As Falco's own rules ask for files that are written and that programs look at.
const WRITES: &str = "evt.type in (open,openat,openat2) and evt.is_open_write=true and fd.typechar='f' \
     and fd.num>=0 and fd.name = /dir/new and fd.directory = /dir and fd.filename = new and \
     evt.is_open_create = true and evt.arg.flags contains O_CREAT and evt.res = SUCCESS and \
     proc.name = deeds and container";
const MOVES: &str = "evt.type = rename and fs.path.source = /image and fs.path.target = /dir/moved and \
     evt.arg.oldpath = /image and evt.arg.newpath = /dir/moved and not fd.name exists and \
     file.old_path = /image and drift.action = rename and container";

/// Keeps the names of the rules that fired.
#[derive(Clone, Default)]
struct Fired(Arc<Mutex<Vec<String>>>);

impl Sink for Fired {
    fn event(&mut self, _: &DriftEvent) {}

    fn alert(&mut self, alert: &Alert<'_>) {
        self.0.lock().unwrap().push(alert.rule.to_owned());
    }
}

impl Fired {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Rules that are named after their conditions.
fn rules(conditions: &[&str]) -> RuleSet {
    let mut text = "- macro: container\n  condition: (container.id != host)\n".to_owned();
    for condition in conditions {
        text.push_str(&format!(
            "- rule: \"{condition}\"\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO\n"
        ));
    }
    let mut sources = Sources::default();
    sources.add("rules.yaml", text);
    let (set, diagnostics) =
        RuleSet::new(load(&sources, &Limits::default()), &SetOptions::default());
    set.unwrap_or_else(|| panic!("{diagnostics:?}"))
}

/// How many probes this process holds attached.
fn attached() -> usize {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap();
    let links = descriptors.filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok());
    links.filter(|link| link.to_string_lossy().contains("bpf_link")).count()
}

/// Attached probes are counted for the whole process: one laboratory at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Lab {
    directory: TempDir,
    program: PathBuf,
    engine: Engine,
    fired: Fired,
}

impl Lab {
    fn new(conditions: &[&str]) -> Option<Self> {
        let (directory, program) = program::build()?;
        let fired = Fired::default();
        let engine = EngineBuilder::new().rules(rules(conditions)).build(fired.clone()).unwrap();
        Some(Self { directory, program, engine, fired })
    }

    /// Does it in a container of its own; the rules that fired while its process still ran.
    fn fired_by(&mut self, deed: &str) -> Vec<String> {
        let scratch = tempfile::tempdir_in(self.directory.path()).unwrap();
        let mut child = Command::new(&self.program)
            .arg("box")
            .arg(scratch.path())
            .arg(deed)
            .env("STAY", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut up = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut up).unwrap();
        assert_eq!(up, "up\n", "{deed}");
        self.engine.poll(Some(Duration::ZERO)).unwrap();
        self.engine.finish().unwrap();
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        assert!(child.wait().unwrap().success(), "{deed}");
        self.fired.take()
    }
}

#[test]
fn probes_are_attached_for_what_the_rules_speak_of() {
    let _alone = alone();
    let Some(mut lab) = Lab::new(&[EXECS, "drift.verdict = added and proc.name = nobody"]) else {
        return;
    };
    let execs_alone = attached();
    assert!(execs_alone > 0);
    assert_eq!(lab.fired_by("rename"), Vec::<String>::new());

    // What is done once the new rules are there, they see, without the engine having had a turn.
    lab.engine.rules().replace(rules(&[EXECS, RENAMES]));
    assert!(attached() > execs_alone);
    assert_eq!(lab.fired_by("rename"), [RENAMES]);
    assert_eq!(lab.fired_by("unlink"), Vec::<String>::new());

    lab.engine.rules().replace(rules(&[RENAMES, UNLINKS]));
    assert_eq!(lab.fired_by("rename"), [RENAMES]);
    assert_eq!(lab.fired_by("unlink"), [UNLINKS]);

    let handle = lab.engine.rules();
    handle.replace(rules(&[EXECS]));
    assert_eq!(attached(), execs_alone);
    assert_eq!(lab.fired_by("rename"), Vec::<String>::new());

    // A handle that is left keeps nothing attached.
    drop(lab);
    assert_eq!(attached(), 0);
    handle.replace(rules(&[RENAMES]));
    assert_eq!(attached(), 0);
}

#[test]
fn falcos_fields_tell_of_files() {
    let _alone = alone();
    let Some(mut lab) = Lab::new(&[WRITES, MOVES]) else { return };
    assert_eq!(lab.fired_by("openat"), [WRITES]);
    assert_eq!(lab.fired_by("rename"), [MOVES]);
    assert_eq!(lab.fired_by("open"), Vec::<String>::new());
}
