//! Code that no exec names, as `code.sh` runs it in a container, and what drifted code starts: whether
//! driftd said so, exactly so, and nothing else.

use driftcore::event::Action;
use driftcore::event::DriftEvent;
use driftcore::event::Kind;

use super::console::Sections;
use super::deeds::FINDS_MAPPINGS;
use super::deeds::TRACEPOINT;
use super::deeds::ended;
use super::deeds::has;
use super::expect;
use super::table::Cell;

/// A deed and what is to be seen of it: action, path, verdict, and how an interpreter came to it.
const DEEDS: [(&str, &[&str]); 9] = [
    ("map_code", &["library /deeds/map_code/new added"]),
    ("protect_code", &["library /deeds/protect_code/new added"]),
    (
        "protect_two_code",
        &[
            "library /deeds/protect_two_code/new added",
            "library /deeds/protect_two_code/new2 added",
        ],
    ),
    // Files of the image, and code that is made at run time.
    ("map_code_harmless", &[]),
    ("argument", &["script /code/argument/x added argument"]),
    ("shebang", &["script /code/shebang/x added argument"]),
    ("stdin", &["script /code/stdin/x added standard_input"]),
    ("sourced", &["script /code/sourced/x added sourced"]),
    // What is read is not run.
    ("read", &[]),
];

/// Started by a dropped program, and by one of the image.
const STARTED: [(&str, bool); 2] = [("tainted", true), ("untainted", false)];

/// The directories of the image that the deeds need.
pub(super) const DIRECTORIES: [&str; 4] =
    ["map_code", "protect_code", "protect_two_code", "map_code_harmless"];

/// The names of the cells.
pub(super) fn names(set: &str) -> impl Iterator<Item = String> {
    let names = DEEDS.iter().map(|(name, _)| *name).chain(STARTED.map(|(name, _)| name));
    names.chain(["nothing else"]).map(move |name| format!("{set} code {name}"))
}

/// The cells of what was run while driftd ran with a hook set.
pub(super) fn judge(sections: &Sections, set: &str, events: &[DriftEvent]) -> Vec<(String, Cell)> {
    let said = sections.get(&format!("{set}.code")).unwrap_or_default();
    let mut cells = Vec::new();
    let mut rest: Vec<String> = events.iter().filter_map(line).collect();
    for (name, lines) in DEEDS {
        let lines: &[&str] = match lines {
            _ if name.starts_with("protect_")
                && set == TRACEPOINT
                && !has(sections, FINDS_MAPPINGS) =>
            {
                &[]
            }
            lines => lines,
        };
        let directories = [format!(" /deeds/{name}/"), format!(" /code/{name}/")];
        let (seen, others) =
            rest.into_iter().partition(|line| directories.iter().any(|it| line.contains(it)));
        rest = others;
        let cell = ended(said, name).unwrap_or_else(|| compare(seen, lines));
        cells.push((format!("{set} code {name}"), cell));
    }
    for (name, tainted) in STARTED {
        let cell = ended(said, name).unwrap_or_else(|| started(set, events, name, tainted));
        cells.push((format!("{set} code {name}"), cell));
    }
    cells.push((format!("{set} code nothing else"), compare(rest, &[])));
    cells
}

/// Mapped code and scripts, in one line.
fn line(event: &DriftEvent) -> Option<String> {
    if event.kind != Kind::Binary || !matches!(event.action, Action::Library | Action::Script) {
        return None;
    }
    let path = event.file.as_ref().map_or_else(String::new, |file| file.path.to_string());
    let verdict = event.provenance.as_ref().map(|it| it.verdict.to_string()).unwrap_or_default();
    let source = event.script.map(|it| format!(" {}", it.as_str())).unwrap_or_default();
    Some(format!("{} {path} {verdict}{source}", event.action.as_str()))
}

fn compare(seen: Vec<String>, expected: &[&str]) -> Cell {
    if seen == expected {
        return Cell::Right;
    }
    Cell::Wrong(format!("expected {expected:?}, seen {seen:?}"))
}

/// Whether the process that was started is said to be tainted.
fn started(set: &str, events: &[DriftEvent], name: &str, tainted: bool) -> Cell {
    let mark = format!("{set}/{name}");
    let found = expect::find(events, &format!("case={mark}"));
    match found[..] {
        [event] if event.action == Action::Exec && event.tainted == tainted => Cell::Right,
        _ => Cell::Wrong(format!("the events are {found:?}")),
    }
}

#[cfg(test)]
mod tests {
    use driftcore::event::File;
    use driftcore::event::Process;
    use driftcore::event::Text;
    use driftcore::event::Timestamp;

    use super::*;

    fn library(path: &str) -> DriftEvent {
        let mut event = DriftEvent::new(Timestamp::from_nanos(1), Kind::Binary, Action::Library);
        event.file = Some(File { path: Text::from(path), ..File::default() });
        event.provenance = Some(driftcore::event::Provenance::new(
            driftcore::event::Verdict::Added,
            driftcore::event::Evidence::Kernel,
            "",
        ));
        event
    }

    fn started(name: &str, tainted: bool) -> DriftEvent {
        let mut event = DriftEvent::new(Timestamp::from_nanos(1), Kind::Binary, Action::Exec);
        event.tainted = tainted;
        let cmdline = vec![Text::from("/bin/p-image"), Text::from(format!("case=lsm/{name}"))];
        event.process = Some(Process { cmdline, ..Process::default() });
        event
    }

    /// The wrong cells of a machine in which these deeds were done.
    fn wrong(release: &str, done: &[&str], events: &[DriftEvent]) -> Vec<String> {
        wrong_with("lsm", release, done, events)
    }

    fn wrong_with(set: &str, release: &str, done: &[&str], events: &[DriftEvent]) -> Vec<String> {
        let done: String = done.iter().map(|name| format!("deed {name} 0\n")).collect();
        let text = format!(
            "@@begin facts\nrelease={release}\n@@end facts\n@@begin {set}.code\n{done}\
             @@end {set}.code\n@@done\n"
        );
        let mut cells = judge(&Sections::parse(&text).unwrap(), set, events);
        cells.retain(|(_, cell)| matches!(cell, Cell::Wrong(why) if !why.contains("was not run")));
        cells.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn exactly_the_events_of_a_deed_are_right() {
        let new = library("/deeds/map_code/new");
        assert!(wrong("6.1.0", &["map_code"], std::slice::from_ref(&new)).is_empty());
        assert_eq!(wrong("6.1.0", &["map_code"], &[]), ["lsm code map_code"]);
        assert_eq!(wrong("6.1.0", &["map_code"], &[new.clone(), new]), ["lsm code map_code"]);
        let stranger = library("/lib/x");
        assert_eq!(wrong("6.1.0", &[], &[stranger]), ["lsm code nothing else"]);
    }

    #[test]
    fn what_becomes_executable_is_seen_at_calls_where_mappings_are_found() {
        let new = library("/deeds/protect_code/new");
        let seen = std::slice::from_ref(&new);
        let wrong_at_calls = |release, events: &[DriftEvent]| {
            wrong_with(TRACEPOINT, release, &["protect_code"], events)
        };
        assert!(wrong_at_calls("6.1.0", seen).is_empty());
        assert!(wrong_at_calls("5.10.0", &[]).is_empty());
        assert_eq!(wrong_at_calls("5.10.0", seen), ["tracepoint code protect_code"]);
        assert!(wrong("5.10.0", &["protect_code"], seen).is_empty());
        assert_eq!(wrong("5.10.0", &["protect_code"], &[]), ["lsm code protect_code"]);
    }

    #[test]
    fn taint_is_of_what_drifted_code_starts_alone() {
        let done = ["tainted", "untainted"];
        let right = [started("tainted", true), started("untainted", false)];
        assert!(wrong("6.1.0", &done, &right).is_empty());
        let wrong_way = [started("tainted", false), started("untainted", true)];
        assert_eq!(wrong("6.1.0", &done, &wrong_way), ["lsm code tainted", "lsm code untainted"]);
    }

    #[test]
    fn each_cell_has_its_name() {
        let sections = Sections::parse("@@done\n").unwrap();
        let cells: Vec<String> =
            judge(&sections, "lsm", &[]).into_iter().map(|(name, _)| name).collect();
        assert_eq!(cells, names("lsm").collect::<Vec<_>>());
    }
}
