//! What each program is, and whether the machine's driftd said so.

use driftcore::event::Action;
use driftcore::event::DriftEvent;
use driftcore::event::Evidence;
use driftcore::event::Kind;
use driftcore::event::Verdict;

use super::config;
use super::console::Sections;
use super::deeds;
use super::fields;
use super::table::Cell;

/// A program of `acts.c` and the one right answer about it.
struct Case {
    name: &'static str,
    verdict: Verdict,
    evidence: Evidence,
    /// The path that the event must name; `None` where the file has none that is fixed.
    path: Option<&'static str>,
}

const fn case(
    name: &'static str,
    verdict: Verdict,
    evidence: Evidence,
    path: Option<&'static str>,
) -> Case {
    Case { name, verdict, evidence, path }
}

use Evidence::Content;
use Evidence::Kernel;

/// Run in every container, in the order of `acts.c`.
const CASES: &[Case] = &[
    case("init", Verdict::Image, Kernel, Some("/bin/acts")),
    case("image", Verdict::Image, Kernel, Some("/bin/p-image")),
    case("image-top", Verdict::Image, Kernel, Some("/bin/p-top")),
    case("added", Verdict::Added, Kernel, Some("/bin/dropped")),
    case("modified", Verdict::Modified, Content, Some("/bin/p-modified")),
    // The size alone proves it.
    case("appended", Verdict::Modified, Kernel, Some("/bin/p-appended")),
    case("chmod", Verdict::CopiedUp, Content, Some("/bin/p-chmod")),
    case("chown", Verdict::CopiedUp, Content, Some("/bin/p-chown")),
    case("chmod-hard-linked", Verdict::CopiedUp, Content, Some("/bin/p-linked")),
    case("renamed", Verdict::CopiedUp, Content, Some("/bin/p-moved")),
    case("linked", Verdict::CopiedUp, Content, Some("/bin/p-other")),
    case("replaced", Verdict::Replaced, Content, Some("/bin/p-replaced")),
    case("restored", Verdict::CopiedUp, Content, Some("/bin/p-restored")),
    case("image-uncached", Verdict::Image, Kernel, Some("/bin/p-image")),
    case("added-uncached", Verdict::Added, Kernel, Some("/bin/dropped")),
    case("modified-uncached", Verdict::Modified, Content, Some("/bin/p-modified")),
    case("chmod-uncached", Verdict::CopiedUp, Content, Some("/bin/p-chmod")),
    case("chmod-hard-linked-uncached", Verdict::CopiedUp, Content, Some("/bin/p-linked")),
    case("replaced-uncached", Verdict::Replaced, Content, Some("/bin/p-replaced")),
    case("restored-uncached", Verdict::CopiedUp, Content, Some("/bin/p-restored")),
    case("memfd", Verdict::Memfd, Kernel, None),
    case("deleted", Verdict::Deleted, Kernel, None),
    case("tmpfs", Verdict::Tmpfs, Kernel, Some("/tmp/p")),
    case("volume", Verdict::Volume, Kernel, Some("/data/p")),
    case("nested", Verdict::Volume, Kernel, Some("/tmp/n/merged/p")),
    case("nested-chroot", Verdict::Volume, Kernel, None),
    case("nested-user-namespace", Verdict::Volume, Kernel, Some("/tmp/n/merged/p")),
];

/// Runs before driftd does, in the warm order only.
const STAY: Case = case("stay", Verdict::Added, Kernel, Some("/bin/stay"));

/// Programs of the host that must not be seen.
const HOST: &[&str] = &["host", "host-private-mounts"];

/// The cells of a machine that ran without driftd: that the programs themselves work.
pub(super) fn judge_programs(sections: &Sections) -> Vec<(String, Cell)> {
    let said = sections.get("cold.acts").unwrap_or_default();
    CASES.iter().map(|case| (case.name.to_owned(), ran(said, case.name))).collect()
}

/// The cells of a machine that ran driftd.
pub(super) fn judge(sections: &Sections, sets: &[&str]) -> Vec<(String, Cell)> {
    let mut cells = vec![("without overlay".to_owned(), without_overlay(sections))];
    for order in ["cold", "warm"] {
        judge_order(sections, order, &mut cells);
    }
    cells.extend(config::judge(sections));
    for set in deeds::SETS {
        let is_claimed = sets.contains(&set);
        cells.extend(if is_claimed { deeds::judge(sections, set) } else { deeds::skip(set) });
    }
    cells
}

/// Where no layer can be proved, driftd must not go on as if it saw.
fn without_overlay(sections: &Sections) -> Cell {
    let log = sections.get("without.log").unwrap_or_default();
    match sections.value("without.facts", "exit") {
        Some("2") if log.iter().any(|line| line.contains("overlay")) => Cell::Right,
        Some("2") => wrong("ended 2 but does not name overlay", log),
        other => wrong(&format!("exit {other:?}, not 2"), log),
    }
}

pub(super) fn wrong(what: &str, log: &[String]) -> Cell {
    let last = log.last().map_or("nothing", String::as_str);
    Cell::Wrong(format!("{what}; it said last: {last}"))
}

fn judge_order(sections: &Sections, order: &str, cells: &mut Vec<(String, Cell)>) {
    let said = sections.get(&format!("{order}.acts")).unwrap_or_default();
    let log = sections.get(&format!("{order}.log")).unwrap_or_default();
    let mut add = |name: &str, cell: Cell| cells.push((format!("{order} {name}"), cell));

    let events = match events(sections.get(&format!("{order}.events"))) {
        Ok(events) => events,
        Err(error) => return add("events", wrong(&error, log)),
    };
    let stay = (order == "warm").then_some(&STAY);
    for case in CASES.iter().chain(stay) {
        let cell = match ran(said, case.name) {
            Cell::Right => {
                // What the program did to files besides is not the question here.
                let mut found = find(&events, &mark(order, case.name));
                found.retain(|event| (event.kind, event.action) == (Kind::Binary, Action::Exec));
                compare(case, &found, case.name == STAY.name)
            }
            other => other,
        };
        add(case.name, cell);
    }
    for name in HOST {
        let cell = match find(&events, &mark(order, name)).first() {
            None => Cell::Right,
            Some(event) => Cell::Wrong(format!("reported: {}", describe(event))),
        };
        add(name, cell);
    }
    let lines = sections.get(&format!("{order}.fields")).unwrap_or_default();
    add("fields", fields::judge(lines, order));
    add("nothing else", nothing_else(&events, order));
    add("nothing left out", nothing_left_out(sections, &events));
    let exit = match sections.value(&format!("{order}.facts"), "exit") {
        Some("0") => Cell::Right,
        other => wrong(&format!("exit {other:?}, not 0"), log),
    };
    add("clean end", exit);
}

pub(super) fn events(lines: Option<&[String]>) -> Result<Vec<DriftEvent>, String> {
    let lines = lines.ok_or("driftd wrote no events")?;
    let read = |(number, line): (usize, &String)| {
        serde_json::from_str(line).map_err(|error| format!("event {}: {error}", number + 1))
    };
    lines.iter().enumerate().map(read).collect()
}

fn mark(order: &str, name: &str) -> String {
    format!("case={order}/{name}")
}

/// Whether the program itself ran, by what `acts` printed.
fn ran(said: &[String], name: &str) -> Cell {
    for line in said {
        let Some((how, rest)) = line.split_once(' ') else {
            continue;
        };
        let (whose, why) = rest.split_once(": ").unwrap_or((rest, ""));
        match how {
            _ if whose != name => {}
            "PASS" => return Cell::Right,
            "SKIP" => return Cell::Skipped(why.to_owned()),
            _ => return Cell::Wrong(format!("the program did not run: {why}")),
        }
    }
    let last = said.last().map_or("nothing", String::as_str);
    Cell::Wrong(format!("the program was not run; said last: {last}"))
}

pub(super) fn find<'a>(events: &'a [DriftEvent], mark: &str) -> Vec<&'a DriftEvent> {
    events.iter().filter(|event| is_marked(event, mark)).collect()
}

fn is_marked(event: &DriftEvent, mark: &str) -> bool {
    event.process.as_ref().is_some_and(|process| {
        process.cmdline.iter().any(|argument| argument.as_str() == Some(mark))
    })
}

fn compare(case: &Case, found: &[&DriftEvent], before_start: bool) -> Cell {
    let [event] = found else {
        let seen: Vec<String> = found.iter().map(|event| describe(event)).collect();
        return Cell::Wrong(format!("{} events instead of one: {}", seen.len(), seen.join("; ")));
    };
    let path = event.file.as_ref().map(|file| file.path.to_json_str());
    let right = event.kind == Kind::Binary
        && event.action == Action::Exec
        && event.provenance.as_ref().is_some_and(|provenance| {
            provenance.verdict == case.verdict && provenance.evidence == case.evidence
        })
        && event.drift == case.verdict.is_drift_for_code()
        && event.before_start == before_start
        && event.container.is_some()
        && (case.path.is_none() || path.as_deref() == case.path);
    if right {
        return Cell::Right;
    }
    Cell::Wrong(format!(
        "expected {} by {} at {}, drift {}; got {}",
        case.verdict,
        case.evidence,
        case.path.unwrap_or("any path"),
        case.verdict.is_drift_for_code(),
        describe(event)
    ))
}

fn describe(event: &DriftEvent) -> String {
    let provenance = event.provenance.as_ref().map_or_else(
        || "no provenance".to_owned(),
        |found| format!("{} by {} ({})", found.verdict, found.evidence, found.reason),
    );
    let path =
        event.file.as_ref().map_or_else(|| "no file".to_owned(), |file| file.path.to_string());
    let mut text =
        format!("{}/{} {provenance} at {path}, drift {}", event.kind, event.action, event.drift);
    if event.before_start {
        text.push_str(", before start");
    }
    if event.container.is_none() {
        text.push_str(", no container");
    }
    if !event.lost.is_empty() {
        text.push_str(&format!(", lost {:?}", event.lost));
    }
    text
}

/// No loss, no blindness, and no drift but that of the order's own programs.
fn nothing_else(events: &[DriftEvent], order: &str) -> Cell {
    let ours = |event: &DriftEvent| {
        let mut names = CASES.iter().chain([&STAY]).map(|case| case.name);
        names.any(|name| is_marked(event, &mark(order, name)))
            // The container with the dropped program is seen with the name it had then.
            || is_marked(event, &mark("warm", "stay-init"))
    };
    let more: Vec<String> = events
        .iter()
        .filter(|event| left_out(event).is_none())
        .filter(|event| event.kind == Kind::Sensor || event.drift && !ours(event))
        .map(describe)
        .collect();
    if more.is_empty() { Cell::Right } else { Cell::Wrong(more.join("; ")) }
}

/// The probes that the kernel left out, if the event says that.
pub(super) fn left_out(event: &DriftEvent) -> Option<&str> {
    let reason = event.provenance.as_ref().map(|it| &*it.reason)?;
    let names = reason.strip_prefix("left out by the kernel, since they were attached: ")?;
    (event.kind == Kind::Sensor && event.action == Action::Dropped).then_some(names)
}

/// That the kernel left out no probe. Where tasks preempt probes, a busy host may have it leave out some: as many, at
/// most, as are counted; what was lost by that is missing elsewhere.
pub(super) fn nothing_left_out(sections: &Sections, events: &[DriftEvent]) -> Cell {
    let names: Vec<&str> = events.iter().filter_map(left_out).collect();
    let names = names.join(", ");
    if names.is_empty() {
        Cell::Right
    } else if deeds::has(sections, deeds::PREEMPTS_PROBES) && !names.contains("process__") {
        Cell::Skipped(format!("the kernel left out, at most: {names}"))
    } else {
        Cell::Wrong(format!("the kernel left out: {names}"))
    }
}

#[cfg(test)]
mod tests {
    use driftcore::event::Container;
    use driftcore::event::File;
    use driftcore::event::Process;
    use driftcore::event::Provenance;
    use driftcore::event::Text;
    use driftcore::event::Timestamp;

    use super::*;

    fn event(name: &str, verdict: Verdict, evidence: Evidence, path: &str) -> DriftEvent {
        let mut event = DriftEvent::new(Timestamp::from_nanos(1), Kind::Binary, Action::Exec);
        event.drift = verdict.is_drift_for_code();
        event.provenance = Some(Provenance::new(verdict, evidence, "why"));
        event.container = Some(Container::default());
        event.file = Some(File { path: Text::from(path), ..File::default() });
        event.process = Some(Process {
            cmdline: vec![Text::from(path), Text::from(mark("cold", name))],
            ..Process::default()
        });
        event
    }

    fn sections(events: &[DriftEvent]) -> Sections {
        let mut text = String::from("@@begin cold.events\n");
        for event in events {
            text.push_str(&serde_json::to_string(event).unwrap());
            text.push('\n');
        }
        text.push_str("@@end cold.events\n@@begin cold.facts\nexit=0\n@@end cold.facts\n");
        text.push_str("@@begin cold.fields\n");
        for line in fields::tests::right_lines("cold") {
            text.push_str(&line);
            text.push('\n');
        }
        text.push_str("@@end cold.fields\n@@begin cold.acts\n");
        for case in CASES {
            text.push_str(&format!("PASS {}\n", case.name));
        }
        text.push_str("@@end cold.acts\n@@done\n");
        Sections::parse(&text).unwrap()
    }

    fn right_events() -> Vec<DriftEvent> {
        CASES
            .iter()
            .map(|case| event(case.name, case.verdict, case.evidence, case.path.unwrap_or("/x")))
            .collect()
    }

    fn wrong_cells(events: &[DriftEvent]) -> Vec<String> {
        let mut cells = Vec::new();
        judge_order(&sections(events), "cold", &mut cells);
        cells.retain(|(_, cell)| *cell != Cell::Right);
        cells.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn the_right_answers_are_right() {
        assert!(wrong_cells(&right_events()).is_empty());
    }

    #[test]
    fn each_departure_is_found_in_its_own_cell() {
        let index = |name| CASES.iter().position(|case| case.name == name).unwrap();
        let mut events = right_events();
        events[index("chmod")].provenance =
            Some(Provenance::new(Verdict::Modified, Evidence::Content, ""));
        events[index("added")].drift = false;
        events[index("tmpfs")].container = None;
        events[index("image")].before_start = true;
        events[index("modified")].file = None;
        events.remove(index("memfd"));
        events.push(event("volume", Verdict::Volume, Kernel, "/data/p"));
        events.push(event("host", Verdict::Host, Kernel, "/bin/p"));
        events.push(event("stranger", Verdict::Added, Kernel, "/bin/x"));
        let mut wrong = wrong_cells(&events);
        wrong.sort();
        let names = [
            "added",
            "chmod",
            "host",
            "image",
            "memfd",
            "modified",
            "nothing else",
            "tmpfs",
            "volume",
        ];
        assert_eq!(wrong, names.map(|name| format!("cold {name}")));
    }

    #[test]
    fn loss_is_never_right() {
        let mut events = right_events();
        events.push(DriftEvent::new(Timestamp::from_nanos(1), Kind::Sensor, Action::Dropped));
        assert_eq!(wrong_cells(&events), ["cold nothing else"]);
    }

    #[test]
    fn a_program_that_did_not_run_proves_nothing() {
        let said = ["FAIL nested: mount: no".to_owned(), "SKIP u: why".to_owned()];
        assert!(matches!(ran(&said, "nested"), Cell::Wrong(why) if why.contains("mount")));
        assert_eq!(ran(&said, "u"), Cell::Skipped("why".to_owned()));
        assert!(matches!(ran(&said, "other"), Cell::Wrong(_)));
    }
}
