//! Whether the kernel's structures were read rightly: what a rule prints of processes whose place
//! among others is known.

use serde_json::Value;
use serde_json::json;

use super::table::Cell;

/// How far two readings of one start may be apart: the clock is set in between.
const DRIFT_NS: u64 = 1_000_000_000;

/// Judges the alerts of the rule that `machine.sh` writes.
pub(super) fn judge(lines: &[String], order: &str) -> Cell {
    match departure(lines, order) {
        None => Cell::Right,
        Some(departure) => Cell::Wrong(departure),
    }
}

fn departure(lines: &[String], order: &str) -> Option<String> {
    let find = |arguments: &str| {
        let alerts = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut fields = alerts.map(|alert| alert["output_fields"].clone());
        fields.find(|fields| fields["proc.args"] == arguments)
    };
    let Some(first) = find(&format!("case={order}/init run")) else {
        return Some("no alert for the first process".to_owned());
    };
    let Some(child) = find(&format!("case={order}/image")) else {
        return Some("no alert for its child".to_owned());
    };
    let start = &first["proc.pid.ts"];
    differs(&first, "the first process", &first_process(start))
        .or_else(|| differs(&child, "its child", &child_process(&child["proc.vpid"])))
        .or_else(|| capabilities(&child))
        .or_else(|| late(start, &child["proc.pidns_init_start_ts"]))
}

/// The container's first process leads its session and its pid namespace.
fn first_process(start: &Value) -> Vec<(&'static str, Value)> {
    vec![
        ("proc.vpid", json!(1)),
        ("proc.is_sid_leader", json!(true)),
        ("proc.is_vpgid_leader", json!(true)),
        ("proc.is_pgid_leader", json!(true)),
        ("proc.pidns_init_start_ts", start.clone()),
    ]
}

/// What it ran is in that session, with all capabilities.
fn child_process(vpid: &Value) -> Vec<(&'static str, Value)> {
    vec![
        ("thread.vtid", vpid.clone()),
        ("proc.pvpid", json!(1)),
        ("proc.sid", json!(1)),
        ("proc.vpgid", json!(1)),
        ("proc.is_sid_leader", json!(false)),
        ("proc.is_vpgid_leader", json!(false)),
        ("proc.is_pgid_leader", json!(false)),
        ("proc.sname", json!("acts")),
        ("proc.sid.exepath", json!("/bin/acts")),
        ("proc.vpgid.name", json!("acts")),
        ("thread.cap_inheritable", json!("")),
        ("proc.is_exe_writable", json!(true)),
    ]
}

fn differs(fields: &Value, whose: &str, expected: &[(&str, Value)]) -> Option<String> {
    let (field, value) = expected.iter().find(|(field, value)| fields[field] != *value)?;
    Some(format!("{field} of {whose} is {}, not {value}", fields[field]))
}

/// From the first bit to beyond the first word.
fn capabilities(fields: &Value) -> Option<String> {
    ["thread.cap_effective", "thread.cap_permitted"].into_iter().find_map(|field| {
        let set = fields[field].as_str().unwrap_or_default();
        let whole = set.starts_with("CAP_CHOWN ") && set.ends_with(" CAP_CHECKPOINT_RESTORE");
        (!whole).then(|| format!("{field} is {set:?}"))
    })
}

fn late(start: &Value, seen: &Value) -> Option<String> {
    let apart = start.as_u64().zip(seen.as_u64()).map(|(start, seen)| start.abs_diff(seen));
    apart
        .is_none_or(|apart| apart > DRIFT_NS)
        .then(|| format!("the pid namespace started at {seen}, its first process at {start}"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What a machine that reads all of it rightly says.
    pub(in super::super) fn right_lines(order: &str) -> Vec<String> {
        let start = json!(1_700_000_000_000_000_000_u64);
        let mut first = first_process(&start);
        first.push(("proc.pid.ts", start.clone()));
        first.push(("proc.args", json!(format!("case={order}/init run"))));
        let mut child = child_process(&json!(5));
        child.push(("proc.vpid", json!(5)));
        child.push(("proc.args", json!(format!("case={order}/image"))));
        child.push(("proc.pidns_init_start_ts", start));
        for field in ["thread.cap_effective", "thread.cap_permitted"] {
            child.push((field, json!("CAP_CHOWN CAP_CHECKPOINT_RESTORE")));
        }
        let line = |fields: Vec<(&str, Value)>| {
            let fields: serde_json::Map<_, _> =
                fields.into_iter().map(|(field, value)| (field.to_owned(), value)).collect();
            json!({"rule": "fields", "output_fields": fields}).to_string()
        };
        vec![line(first), line(child)]
    }

    #[test]
    fn the_right_fields_are_right() {
        assert_eq!(judge(&right_lines("cold"), "cold"), Cell::Right);
    }

    #[test]
    fn each_departure_is_named() {
        let cases = [
            (r#""proc.pvpid":1"#, r#""proc.pvpid":77"#, "proc.pvpid"),
            (r#""acts""#, r#""sh""#, "proc.sname"),
            (" CAP_CHECKPOINT_RESTORE", " CAP_KILL", "thread.cap_effective"),
            ("1700000000000000000", "1600000000000000000", "first process at"),
            ("case=cold/image", "case=cold/other", "no alert"),
        ];
        for (right, wrong, named) in cases {
            let mut lines = right_lines("cold");
            lines[1] = lines[1].replacen(right, wrong, 9);
            let cell = judge(&lines, "cold");
            assert!(matches!(&cell, Cell::Wrong(why) if why.contains(named)), "{cell:?}");
        }
    }
}
