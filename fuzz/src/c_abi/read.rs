//! What must hold of an object: everything of it is read, and agrees with everything else.

use std::cell::Cell;
use std::ptr::null_mut;

use driftcore_ffi::alert::driftcore_alert;
use driftcore_ffi::alert::driftcore_alert_event;
use driftcore_ffi::alert::driftcore_alert_get;
use driftcore_ffi::alert::driftcore_alert_json;
use driftcore_ffi::alert::driftcore_alert_line;
use driftcore_ffi::alert::driftcore_alert_tag;
use driftcore_ffi::classify::driftcore_classified;
use driftcore_ffi::classify::driftcore_classified_container;
use driftcore_ffi::classify::driftcore_classified_get;
use driftcore_ffi::error::driftcore_error;
use driftcore_ffi::error::driftcore_error_column;
use driftcore_ffi::error::driftcore_error_file;
use driftcore_ffi::error::driftcore_error_line;
use driftcore_ffi::error::driftcore_error_message;
use driftcore_ffi::error::driftcore_error_status;
use driftcore_ffi::event::driftcore_container;
use driftcore_ffi::event::driftcore_event;
use driftcore_ffi::event::driftcore_event_ancestor;
use driftcore_ffi::event::driftcore_event_ancestor_argument;
use driftcore_ffi::event::driftcore_event_argument;
use driftcore_ffi::event::driftcore_event_container;
use driftcore_ffi::event::driftcore_event_file;
use driftcore_ffi::event::driftcore_event_free;
use driftcore_ffi::event::driftcore_event_get;
use driftcore_ffi::event::driftcore_event_json;
use driftcore_ffi::event::driftcore_event_label;
use driftcore_ffi::event::driftcore_event_lost;
use driftcore_ffi::event::driftcore_event_network;
use driftcore_ffi::event::driftcore_event_parse;
use driftcore_ffi::event::driftcore_event_process;
use driftcore_ffi::event::driftcore_event_writer;
use driftcore_ffi::rules::driftcore_diagnostics;
use driftcore_ffi::rules::driftcore_diagnostics_count;
use driftcore_ffi::rules::driftcore_diagnostics_get;
use driftcore_ffi::rules::driftcore_rules;
use driftcore_ffi::rules::driftcore_rules_count;
use driftcore_ffi::rules::driftcore_rules_get;
use driftcore_ffi::rules::driftcore_rules_json;
use driftcore_ffi::rules::driftcore_rules_tag;
use driftcore_ffi::status::driftcore_status;
use driftcore_ffi::text::driftcore_text;

use super::memory::Record;
use super::memory::text;
use super::memory::utf8;

const OK: driftcore_status = driftcore_status::DRIFTCORE_STATUS_OK;

/// A record of the header's size that a call fills; `None` where the call says no.
fn filled<T: Copy>(call: impl FnOnce(*mut T) -> bool) -> Option<T> {
    let record = Record::<T>::exact();
    call(record.pointer()).then(|| record.read())
}

/// Text that has one line.
fn line(of: driftcore_text) -> String {
    let text = utf8(of);
    assert!(!text.contains('\n'), "one line: {text:?}");
    text
}

/// All texts of an index below `count`, and none at `count`.
fn texts(count: usize, get: impl Fn(usize) -> driftcore_text) {
    for index in 0..count {
        assert!(text(get(index)).is_some(), "{index} of {count}");
    }
    for index in [count, count.wrapping_add(1), usize::MAX] {
        assert!(text(get(index)).is_none(), "{index} of {count}");
    }
}

/// Numbers of enumerations and truths.
fn at_most(number: u32, largest: u32) {
    assert!(number <= largest, "{number} is more than {largest}");
}

/// An error, or NULL, and the status that the call returned.
pub(super) fn error(error: *const driftcore_error, status: driftcore_status) {
    // SAFETY: NULL, or an error that is there.
    let (said, message, file, row, column) = unsafe {
        (
            driftcore_error_status(error),
            driftcore_error_message(error),
            driftcore_error_file(error),
            driftcore_error_line(error),
            driftcore_error_column(error),
        )
    };
    let file = text(file).map(|bytes| String::from_utf8(bytes).expect("a file's name is UTF-8"));
    if error.is_null() {
        assert_eq!((said, text(message), file, row, column), (OK, None, None, 0, 0));
        return;
    }
    assert_eq!(said, status);
    assert!(!line(message).is_empty(), "{status:?} says nothing");
    assert_eq!(row == 0, column == 0, "a line has a column");
    assert!(row == 0 || file.is_some(), "a line is of a file");
}

/// An error that was kept, or NULL.
pub(super) fn kept_error(kept: *const driftcore_error) {
    // SAFETY: NULL, or an error that is there.
    let status = unsafe { driftcore_error_status(kept) };
    assert_eq!(kept.is_null(), status == OK);
    error(kept, status);
}

pub(super) fn rules(rules: *const driftcore_rules) {
    // SAFETY: NULL, or rules that are there.
    let (count, json) = unsafe { (driftcore_rules_count(rules), driftcore_rules_json(rules)) };
    if rules.is_null() {
        assert_eq!((count, text(json)), (0, None));
        return;
    }
    let list: serde_json::Value = serde_json::from_str(&utf8(json)).expect("the rules' JSON");
    assert_eq!(list.as_array().map(Vec::len), Some(count));
    for index in 0..count {
        // SAFETY: rules that are there, and a record.
        let get = |record| unsafe { driftcore_rules_get(rules, index, record, null_mut()) } == OK;
        let rule = filled(get).expect("a rule below the count");
        assert_eq!(list[index]["name"], utf8(rule.name));
        for text in [rule.source, rule.description] {
            utf8(text);
        }
        at_most(rule.status, 6);
        assert!(rule.priority <= 7 || rule.priority == 255);
        // SAFETY: rules that are there.
        texts(rule.tag_count, |tag| unsafe { driftcore_rules_tag(rules, index, tag) });
    }
    // SAFETY: as above.
    texts(0, |index| unsafe { driftcore_rules_tag(rules, count.saturating_add(index), 0) });
    // SAFETY: as above.
    let get = |record| unsafe { driftcore_rules_get(rules, count, record, null_mut()) } == OK;
    assert!(filled(get).is_none(), "a rule beyond the count");
}

/// Diagnostics; returns how many of them are errors.
pub(super) fn diagnostics(diagnostics: *const driftcore_diagnostics) -> usize {
    // SAFETY: NULL, or diagnostics that are there.
    let count = unsafe { driftcore_diagnostics_count(diagnostics) };
    let mut errors = 0;
    for index in 0..count {
        let get = |record| {
            // SAFETY: diagnostics that are there, and a record.
            unsafe { driftcore_diagnostics_get(diagnostics, index, record, null_mut()) == OK }
        };
        let one = filled(get).expect("a diagnostic below the count");
        for text in [one.code, one.message, one.file, one.label, one.rendered] {
            utf8(text);
        }
        text(one.help);
        assert!(!utf8(one.message).is_empty());
        assert!(utf8(one.rendered).contains(&utf8(one.code)));
        at_most(one.severity, 1);
        assert!((one.line, one.column) <= (one.end_line, one.end_column));
        assert_eq!(one.reserved, 0);
        errors += one.severity as usize;
    }
    let get = |record| {
        // SAFETY: as above.
        unsafe { driftcore_diagnostics_get(diagnostics, count, record, null_mut()) == OK }
    };
    assert!(filled(get).is_none(), "a diagnostic beyond the count");
    errors
}

pub(super) fn event(event: *const driftcore_event) {
    // SAFETY: NULL, or an event that is there, and a record.
    let get = |record| unsafe { driftcore_event_get(event, record, null_mut()) } == OK;
    let info = filled(get);
    assert_eq!(info.is_none(), event.is_null());
    if let Some(info) = info {
        text(info.reason);
        at_most(info.kind, 2);
        at_most(info.action, 3);
        at_most(info.verdict, 12);
        at_most(info.evidence, 5);
        for truth in [info.drift, info.before_start, info.recovered, info.truncated] {
            at_most(truth, 1);
        }
    }
    texts(info.map_or(0, |info| info.lost_count), |index| {
        let mut reason = driftcore_text { data: std::ptr::null(), length: 0 };
        // SAFETY: NULL, or an event that is there, and a place for the reason.
        let lost = unsafe { driftcore_event_lost(event, index, &raw mut reason) };
        assert!(lost == 0 || text(reason).is_some());
        reason
    });
    // SAFETY: NULL, or an event that is there, and a record.
    let of_event = filled(|record| unsafe { driftcore_event_container(event, record) } == 1);
    let labels = of_event.map_or(0, |record| {
        container(&record);
        record.label_count
    });
    texts(labels, |index| {
        let mut key = driftcore_text { data: std::ptr::null(), length: 0 };
        // SAFETY: as above, and a place for the key.
        let value = unsafe { driftcore_event_label(event, index, &raw mut key) };
        assert_eq!(text(key).is_some(), text(value).is_some());
        value
    });
    // SAFETY: as above.
    if let Some(file) = filled(|record| unsafe { driftcore_event_file(event, record) } == 1) {
        assert!(text(file.path).is_some());
        utf8(file.device);
        utf8(file.mode);
        text(file.sha256);
        text(file.old_path);
    }
    // SAFETY: as above.
    if let Some(writer) = filled(|record| unsafe { driftcore_event_writer(event, record) } == 1) {
        assert_eq!(text(writer.name).is_some(), text(writer.exe).is_some());
    }
    // SAFETY: as above.
    if let Some(socket) = filled(|record| unsafe { driftcore_event_network(event, record) } == 1) {
        assert!(text(socket.local).is_some() && text(socket.local_address).is_some());
        assert_eq!(text(socket.remote).is_some(), text(socket.remote_address).is_some());
        utf8(socket.result);
    }
    process(event);
    json(event);
}

fn container(record: &driftcore_container) {
    utf8(record.id);
    utf8(record.runtime);
    for absent in [record.name, record.image, record.image_digest, record.image_id] {
        text(absent);
    }
    text(record.pod);
    text(record.pod_namespace);
}

fn process(event: *const driftcore_event) {
    // SAFETY: NULL, or an event that is there, and a record.
    let process = filled(|record| unsafe { driftcore_event_process(event, record) } == 1);
    if let Some(process) = process {
        for there in [process.name, process.exe, process.cwd, process.cgroup] {
            assert!(text(there).is_some());
        }
    }
    // SAFETY: as above.
    texts(process.map_or(0, |it| it.argument_count), |index| unsafe {
        driftcore_event_argument(event, index)
    });
    let ancestors = process.map_or(0, |it| it.ancestor_count);
    for index in 0..=ancestors {
        let get = |record| {
            // SAFETY: as above.
            unsafe { driftcore_event_ancestor(event, index, record) == 1 }
        };
        let ancestor = filled(get);
        assert_eq!(ancestor.is_some(), index < ancestors);
        if let Some(ancestor) = ancestor {
            assert!(text(ancestor.name).is_some() && text(ancestor.exe).is_some());
        }
        texts(ancestor.map_or(0, |it| it.argument_count), |argument| {
            // SAFETY: as above.
            unsafe { driftcore_event_ancestor_argument(event, index, argument) }
        });
    }
}

/// The JSON of an event is that of the event that it is parsed as.
fn json(event: *const driftcore_event) {
    // SAFETY: NULL, or an event that is there.
    let json = unsafe { driftcore_event_json(event) };
    if event.is_null() {
        assert!(text(json).is_none());
        return;
    }
    let written = line(json);
    let copy = Cell::new(null_mut());
    // SAFETY: the text of the event, and a place for another one.
    let status =
        unsafe { driftcore_event_parse(json.data, json.length, copy.as_ptr(), null_mut()) };
    assert_eq!(status, OK, "{written}");
    // SAFETY: an event that was just made, and is freed after this.
    let again = unsafe { driftcore_event_json(copy.get()) };
    assert_eq!(line(again), written);
    // SAFETY: made above, not used again.
    unsafe { driftcore_event_free(copy.as_ptr()) };
}

pub(super) fn alert(alert: *const driftcore_alert) {
    // SAFETY: NULL, or an alert that is there, and a record.
    let get = |record| unsafe { driftcore_alert_get(alert, record, null_mut()) } == OK;
    let info = filled(get);
    assert_eq!(info.is_none(), alert.is_null());
    // SAFETY: as above.
    let (json, said) = unsafe { (driftcore_alert_json(alert), driftcore_alert_line(alert)) };
    // SAFETY: as above.
    texts(info.map_or(0, |it| it.tag_count), |index| unsafe { driftcore_alert_tag(alert, index) });
    // SAFETY: as above.
    let of_event = unsafe { driftcore_alert_event(alert) };
    event(of_event);
    let Some(info) = info else {
        assert!(text(json).is_none() && text(said).is_none() && of_event.is_null());
        return;
    };
    at_most(info.priority, 7);
    utf8(info.source);
    let said = line(said);
    assert!(!said.chars().any(char::is_control), "{said:?}");
    let json: serde_json::Value = serde_json::from_str(&line(json)).expect("the alert's JSON");
    assert_eq!(json["rule"], utf8(info.rule));
    assert_eq!(json["uuid"], utf8(info.uuid));
    assert_eq!(json["hostname"], utf8(info.hostname));
    assert_eq!(json["tags"].as_array().map(Vec::len), Some(info.tag_count));
    assert!(json["output"].as_str().is_some_and(|output| output.ends_with(&utf8(info.message))));
    assert_eq!(json["drift"].is_object(), !of_event.is_null());
}

pub(super) fn classified(classified: *const driftcore_classified) {
    // SAFETY: NULL, or a verdict that is there, and a record.
    let get = |record| unsafe { driftcore_classified_get(classified, record, null_mut()) } == OK;
    let info = filled(get);
    assert_eq!(info.is_none(), classified.is_null());
    if let Some(info) = info {
        assert!(text(info.path).is_some());
        assert!(!utf8(info.reason).is_empty());
        let digest = text(info.sha256);
        assert!(digest.is_none_or(|digits| digits.len() == 64));
        at_most(info.verdict, 12);
        at_most(info.evidence, 5);
        at_most(info.drift, 1);
        at_most(info.cacheable, 1);
    }
    let get = |record| {
        // SAFETY: as above.
        unsafe { driftcore_classified_container(classified, record) == 1 }
    };
    if let Some(record) = filled(get) {
        container(&record);
    }
}
