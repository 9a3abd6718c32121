//! What the fuzz targets do with bytes. `driftcore/tests/regressions.rs` does the same with
//! the committed inputs, in every test run and without a fuzzer.

#[path = "../../driftcore/tests/plain/mod.rs"]
mod plain;

use driftcore::decode::decode;
use driftcore::event::DriftEvent;
use driftcore::event::Event;
use driftcore::event::Exec;
use driftcore::event::KernelPath;
use driftcore::provenance::NoLayerDirectories;
use driftcore::provenance::classify;
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

/// Takes the first half of the bytes as rules and the second as events: the compiled program finds
/// what a walk over the rules' trees finds.
pub fn matcher_against_plain(bytes: &[u8]) {
    let (rules, events) = bytes.split_at(bytes.len() / 2);
    plain::agree::agree(rules, events);
}
