//! Who wrote what runs, as `writers.sh` runs it in a container: whether the alerts of the shipped rules, with
//! nothing else asked for, name the process that opened the file to write.

use serde_json::Value;

use super::console::Sections;
use super::deeds::ended;
use super::table::Cell;

/// A file that is run, the last writer's command line, of which `SET` is the hook set, and from where it wrote.
const DEEDS: [(&str, &[&str], &str); 5] = [
    ("copied", &["busybox", "cp", "/bin/p-image", "copied"], "inside"),
    ("moved", &["busybox", "cp", "/bin/p-image", "part"], "inside"),
    ("changed", &["/bin/sh", "/opt/writers.sh", "SET"], "inside"),
    ("unnamed", &["/opt/deeds", "in", "/deeds/tmpfile", "tmpfile"], "inside"),
    ("outside", &["busybox", "cp", "/bin/p", "/containers/SET-writers/merged/given"], "outside"),
];

/// The names of the cells.
pub(super) fn names(set: &str) -> impl Iterator<Item = String> {
    DEEDS.map(|(name, ..)| format!("{set} writer {name}")).into_iter()
}

/// The cells of what was run while driftd ran with a hook set and its own rules.
pub(super) fn judge(sections: &Sections, set: &str) -> Vec<(String, Cell)> {
    let said = sections.get(&format!("{set}.writers")).unwrap_or_default();
    let alerts = sections.get(&format!("{set}.writers.alerts")).unwrap_or_default();
    let alerts: Vec<Value> =
        alerts.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let judge = |(name, cmdline, origin)| {
        let cell = ended(said, name)
            .unwrap_or_else(|| named(&alerts, &format!("case={set}/{name}"), set, cmdline, origin));
        (format!("{set} writer {name}"), cell)
    };
    DEEDS.into_iter().map(judge).collect()
}

/// All alerts about the process with this mark name the writer, and there is one.
fn named(alerts: &[Value], mark: &str, set: &str, cmdline: &[&str], origin: &str) -> Cell {
    let is_marked = |alert: &&Value| {
        let arguments = alert["drift"]["process"]["cmdline"].as_array();
        arguments.is_some_and(|them| them.iter().any(|it| it == mark))
    };
    let words = cmdline.iter().map(|word| word.replace("SET", set));
    let expected: Value = words.collect::<Vec<_>>().into();
    let mut found = alerts.iter().filter(is_marked).map(|it| &it["drift"]["file"]).peekable();
    if found.peek().is_none() {
        return Cell::Wrong(format!("no alert with {mark}"));
    }
    let is_right =
        |file: &&Value| file["writer"]["cmdline"] == expected && file["writer"]["origin"] == origin;
    match found.find(|file| !is_right(file)) {
        None => Cell::Right,
        Some(file) => Cell::Wrong(format!("expected {expected} {origin}, got {}", file["writer"])),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrong(writer: &Value) -> Vec<String> {
        let alert = json!({"drift": {
            "process": {"cmdline": ["./copied", "case=lsm/copied"]},
            "file": {"path": "/written/copied", "writer": writer},
        }});
        let text = format!(
            "@@begin lsm.writers\ndeed copied 0\n@@end lsm.writers\n@@begin lsm.writers.alerts\n\
             {alert}\n@@end lsm.writers.alerts\n@@done\n"
        );
        let mut cells = judge(&Sections::parse(&text).unwrap(), "lsm");
        assert_eq!(cells.len(), names("lsm").count());
        cells.retain(|(_, cell)| matches!(cell, Cell::Wrong(why) if !why.contains("was not run")));
        cells.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn the_writer_is_named_in_full() {
        let cmdline = ["busybox", "cp", "/bin/p-image", "copied"];
        assert!(wrong(&json!({"cmdline": cmdline, "origin": "inside"})).is_empty());
        for other in [
            json!({"cmdline": cmdline, "origin": "outside"}),
            json!({"cmdline": ["cat", "copied"], "origin": "inside"}),
            json!({"origin": "unknown"}),
            Value::Null,
        ] {
            assert_eq!(wrong(&other), ["lsm writer copied"], "{other}");
        }
    }

    #[test]
    fn an_alert_that_is_missing_is_wrong() {
        let text = "@@begin lsm.writers\ndeed moved 0\n@@end lsm.writers\n@@done\n";
        let cells = judge(&Sections::parse(text).unwrap(), "lsm");
        let moved = cells.iter().find(|(name, _)| name == "lsm writer moved");
        assert!(matches!(moved, Some((_, Cell::Wrong(why))) if why.starts_with("no alert")));
    }
}
