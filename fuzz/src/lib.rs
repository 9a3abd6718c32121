//! What the fuzz targets do with bytes. `driftcore/tests/regressions.rs` does the same with
//! the committed inputs, in every test run and without a fuzzer.

mod baseline;
mod declared;
#[cfg(feature = "manifest")]
mod manifest;
mod package;
#[path = "../../driftcore/tests/plain/mod.rs"]
mod plain;
#[cfg(feature = "digest")]
mod pods;

pub use baseline::baseline;
pub use declared::bundle;
pub use declared::docker;
#[cfg(feature = "manifest")]
pub use manifest::layer;
#[cfg(feature = "manifest")]
pub use manifest::manifest;
pub use package::apk;
pub use package::cargo;
pub use package::dpkg;
pub use package::gem;
pub use package::go;
pub use package::npm;
pub use package::pip;
pub use package::rpm_bdb;
pub use package::rpm_ndb;
pub use package::rpm_sqlite;
#[cfg(feature = "digest")]
pub use pods::approved;
#[cfg(feature = "digest")]
pub use pods::pods;

use driftcore::decode::decode;
use driftcore::event::DriftEvent;
use driftcore::event::Event;
use driftcore::event::Exec;
use driftcore::event::KernelPath;
use driftcore::fields::Fields;
use driftcore::fields::FlatEvent;
use driftcore::matcher::Policy;
use driftcore::matcher::Program;
use driftcore::matcher::Rule;
use driftcore::matcher::Scratch;
use driftcore::provenance::NoLayerDirectories;
use driftcore::provenance::classify;
use driftcore::rules::Limits;
use driftcore::rules::MappedText;
use driftcore::rules::Renderer;
use driftcore::rules::SourceId;
use driftcore::rules::Sources;
use driftcore::rules::append_suggested;
use driftcore::rules::ast::Expr;
use driftcore::rules::check_condition;
use driftcore::rules::compile_output;
use driftcore::rules::event_types;
use driftcore::rules::load;
use driftcore::rules::parse_condition;
use driftcore::wire::RawEvent;

/// Takes bytes as one record and as several in a row, and uses all that they give.
pub fn wire(bytes: &[u8]) {
    if let Ok(raw) = RawEvent::new(bytes) {
        event(&decode(&raw));
    }
    let mut rest = bytes;
    while let Ok((raw, after)) = RawEvent::split(rest) {
        assert!(after.len() < rest.len(), "a record without bytes");
        event(&decode(&raw));
        rest = after;
    }
}

fn event(event: &Event<'_>) {
    let Event::Exec(exec) = event else { return };
    let path = written(exec.exe);
    written(exec.task.cwd);
    written(exec.task.cgroup);
    strings_lie_apart(exec);
    let mut lookup = NoLayerDirectories::default();
    let classified = classify(&exec.file, &path, &mut lookup);
    assert!(!classified.cacheable, "nothing was looked up");
    assert!(!classified.provenance.reason.is_empty());
}

fn written(path: KernelPath<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    path.write_to(&mut out);
    let start: &[u8] = if path.truncated { b"..." } else { b"/" };
    assert!(out.starts_with(start));
    assert!(!out.contains(&0));
    out
}

/// The strings follow one another: no byte belongs to two.
fn strings_lie_apart(exec: &Exec<'_>) {
    let strings = [
        exec.exe.components,
        exec.task.cwd.components,
        exec.task.cgroup.components,
        exec.filename,
        exec.interp,
        exec.args,
    ];
    for pair in strings.windows(2) {
        if !pair[0].is_empty() && !pair[1].is_empty() {
            assert_eq!(pair[0].as_ptr_range().end, pair[1].as_ptr());
        }
    }
}

/// Takes bytes as the JSON form of an event: what is written of it must be read as the same.
pub fn drift_event(bytes: &[u8]) {
    let Ok(event) = serde_json::from_slice::<DriftEvent>(bytes) else { return };
    let json = serde_json::to_string(&event).expect("every event has a JSON form");
    assert!(!json.contains('\n'), "an event is one line: {json}");
    let back: DriftEvent = serde_json::from_str(&json).expect("the JSON form is read again");
    assert_eq!(back, event, "{json}");
}

/// Takes bytes as a rule file: loads it, and shows all that is wrong with it.
pub fn rules(bytes: &[u8]) {
    let mut sources = Sources::default();
    sources.add_bytes("fuzz.yaml", bytes.to_vec());
    let limits = Limits { file_bytes: 1 << 16, alias_size: 1 << 16, ..Limits::default() };
    let loaded = load(&sources, &limits);
    let renderer = Renderer::new(&sources);
    for diagnostic in &loaded.diagnostics {
        let text = renderer.render(diagnostic);
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
        let record = renderer.record(diagnostic);
        assert!(record.place.line <= record.place.end_line);
        serde_json::to_string(&record).expect("every diagnostic has a JSON form");
    }
    for definition in &loaded.definitions {
        printed_is_parsed(&definition.condition);
    }
}

/// Takes bytes as a condition.
pub fn condition(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut mapped = MappedText::default();
    mapped.push(text, SourceId::default(), 0);
    match parse_condition(&mapped, &Limits::default()) {
        Ok(condition) => printed_is_parsed(&condition),
        Err(diagnostic) => {
            let (span, _) = diagnostic.primary;
            assert!(span.start <= span.end && span.end as usize <= text.len());
        }
    }
}

/// What is printed of a condition is parsed as the same, so far as printing shows.
fn printed_is_parsed(condition: &Expr) {
    let printed = condition.to_string();
    let mut mapped = MappedText::default();
    mapped.push(&printed, SourceId::default(), 0);
    let limits = Limits { condition_bytes: usize::MAX, ..Limits::default() };
    let again = parse_condition(&mapped, &limits);
    let again = again.unwrap_or_else(|fault| panic!("{printed}: {fault:?}"));
    assert_eq!(again.to_string(), printed);
}

/// Takes bytes as a flat event, a line, and an output format, the rest: prints the one by the
/// other.
pub fn output(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (event, format) = text.split_once('\n').unwrap_or(("", text));
    let event = FlatEvent::parse(event).unwrap_or_else(|_| some_event());
    let mut mapped = MappedText::default();
    mapped.push(format, SourceId::default(), 0);
    let mut diagnostics = Vec::new();
    match compile_output(&mapped, &mut diagnostics) {
        Some(compiled) => {
            let compiled = append_suggested(&compiled);
            let mut message = String::new();
            assert!(compiled.render(&event, &mut message), "a rule's output is always printed");
            let fields = compiled.output_fields(&event);
            assert!(fields.is_sorted_by(|a, b| a.0 < b.0), "each field is there once");
        }
        None => assert!(!diagnostics.is_empty(), "what is refused is explained"),
    }
}

/// Takes bytes as a flat event, a line, and a condition, the rest: checks the types of the one,
/// and matches the other.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (event, condition) = text.split_once('\n').unwrap_or(("", text));
    let event = FlatEvent::parse(event).unwrap_or_else(|_| some_event());
    let mut mapped = MappedText::default();
    mapped.push(condition, SourceId::default(), 0);
    let Ok(parsed) = parse_condition(&mapped, &Limits::default()) else { return };
    let mut diagnostics = Vec::new();
    let Some(condition) = check_condition(&parsed, &mut diagnostics) else {
        assert!(!diagnostics.is_empty(), "what is refused is explained");
        return;
    };
    let types = event_types(&condition);
    let Ok(program) = Program::compile(&[Rule::new(&condition)], &Default::default()) else {
        return;
    };
    let matched = program.matches(&event, &mut Scratch::default(), Policy::First, |_| {}) > 0;
    assert!(!matched || types.contains(event.event_type()), "{condition:?}");
}

fn some_event() -> FlatEvent {
    FlatEvent::parse(r#"{"evt.type": "execve", "proc.name": "sh", "proc.aname": ["bash", "sshd"]}"#)
        .expect("this is an event")
}

/// Takes the first half of the bytes as rules and the second as events: the compiled program finds
/// what a walk over the rules' trees finds.
pub fn matcher_against_plain(bytes: &[u8]) {
    let (rules, events) = bytes.split_at(bytes.len() / 2);
    plain::agree::agree(rules, events);
}
