//! What was done to files and sockets, and whether driftd said so, exactly so, and nothing else.

use driftcore::event::Action;
use driftcore::event::DriftEvent;
use driftcore::event::Kind;
use driftcore_e2e::deeds::CONNECTIONS;
use driftcore_e2e::deeds::DATAGRAMS;
use driftcore_e2e::deeds::DEEDS;
use driftcore_e2e::deeds::LISTENERS;
use driftcore_e2e::deeds::Sockets;
use driftcore_e2e::deeds::UNDONE;
use driftcore_e2e::deeds::line;
use driftcore_e2e::deeds::portless_socket_line;
use driftcore_e2e::deeds::seen_by_functions;

use super::code;
use super::console::Sections;
use super::expect;
use super::table::Cell;
use super::writers;

/// What is done with sockets, by name.
const SOCKETS: [(&str, Sockets); 3] =
    [("listeners", LISTENERS), ("connections", CONNECTIONS), ("datagrams", DATAGRAMS)];

/// Ends so where the kernel does not have the call.
const NOT_HERE: &str = "77";

/// From here on the tracepoints show what is done through `io_uring`.
const SHOWS_REQUESTS: (u32, u32) = (6, 1);

/// From here on a mapping is found by its address.
pub(super) const FINDS_MAPPINGS: (u32, u32) = (5, 17);
/// Tasks preempt probes: how many the kernel leaves out depends on what else the host does.
pub(super) const PREEMPTS_PROBES: (u32, u32) = (7, 0);

/// From here on the kernel takes the value of an attribute first and then the name of the file: what an
/// attacker writes over that name in between is what it takes.
const TAKES_VALUES_FIRST: (u32, u32) = (6, 12);

/// Has its files in the container alone.
const NOT_ON_HOST: [&str; 1] = ["chroot"];

/// The hook set that sees system calls; the others see functions of the kernel.
pub(super) const TRACEPOINT: &str = "tracepoint";

/// A deed, the directory that it is done in, and what is to be seen.
struct Deed {
    name: &'static str,
    at: &'static str,
    lines: &'static [&'static str],
}

/// All deeds on files, in the order in which they are done.
fn all() -> impl Iterator<Item = Deed> {
    let done = DEEDS.iter().map(|&(name, lines)| Deed { name, at: name, lines });
    done.chain(UNDONE.iter().map(|&(name, at, lines)| Deed { name, at, lines }))
}

/// The directories in which deeds are done.
pub(super) fn directories() -> impl Iterator<Item = &'static str> {
    DEEDS.iter().map(|(name, _)| *name)
}

/// Deeds on files, for a container: a line each, name and directory.
pub(super) fn container_list() -> String {
    all().map(|deed| format!("{} {}\n", deed.name, deed.at)).collect()
}

/// And for the host.
pub(super) fn host_list() -> String {
    directories_on_host().map(|name| format!("{name} {name}\n")).collect()
}

fn directories_on_host() -> impl Iterator<Item = &'static str> {
    directories().filter(|name| !NOT_ON_HOST.contains(name))
}

/// Deeds on sockets, for the machine: a line each, name and arguments.
pub(super) fn socket_list() -> String {
    SOCKETS.iter().map(|(name, sockets)| format!("{name} {}\n", sockets.deeds)).collect()
}

/// The hook sets that are claimed for any kernel.
pub(super) const SETS: [&str; 3] = [TRACEPOINT, "fentry", "lsm"];

/// The same cells for a hook set that is not claimed for the kernel.
pub(super) fn skip(set: &str) -> Vec<(String, Cell)> {
    let files = all().map(|deed| format!("{set} file {}", deed.name));
    let sockets = SOCKETS.map(|(name, _)| format!("{set} socket {name}"));
    let rest = ["descriptor", "host", "nothing else", "nothing left out", "clean end"];
    let names = files
        .chain(sockets)
        .chain(rest.map(|name| format!("{set} {name}")))
        .chain(code::names(set))
        .chain(writers::names(set));
    let why = format!("the hook set {set} is not claimed for this kernel");
    names.map(|name| (name, Cell::Skipped(why.clone()))).collect()
}

/// The cells of what was done while driftd ran with a hook set.
pub(super) fn judge(sections: &Sections, set: &str) -> Vec<(String, Cell)> {
    let log = sections.get(&format!("{set}.log")).unwrap_or_default();
    let events = match expect::events(sections.get(&format!("{set}.events"))) {
        Ok(events) => events,
        Err(error) => return vec![(format!("{set} events"), expect::wrong(&error, log))],
    };
    let said = sections.get(&format!("{set}.acts")).unwrap_or_default();
    let mut cells = Vec::new();
    for deed in all() {
        let unseen = set == TRACEPOINT && !has(sections, SHOWS_REQUESTS);
        let cell = if is_ring(deed.name) && unseen {
            // Whatever came of its requests.
            told_as_unseen(&events, &deed)
        } else {
            ended(said, deed.name).unwrap_or_else(|| seen(sections, set, &events, &deed))
        };
        cells.push((format!("{set} file {}", deed.name), cell));
    }
    for (name, sockets) in SOCKETS {
        let cell = ended(said, name).unwrap_or_else(|| {
            let mark = format!("in-{name}");
            let by = |event: &&DriftEvent| is_by(event, Kind::Network, &["/opt/net", &mark]);
            compare(events.iter().filter(by).map(portless_socket_line), sockets.lines)
        });
        cells.push((format!("{set} socket {name}"), cell));
    }
    cells.push((format!("{set} descriptor"), descriptor(sections, set)));
    cells.push((format!("{set} host"), silent(sections, set, &events)));
    cells.push((format!("{set} nothing else"), nothing_else(&events)));
    cells.push((format!("{set} nothing left out"), expect::nothing_left_out(sections, &events)));
    let exit = match sections.value(&format!("{set}.facts"), "exit") {
        Some("0") => Cell::Right,
        other => expect::wrong(&format!("exit {other:?}, not 0"), log),
    };
    cells.push((format!("{set} clean end"), exit));
    cells.extend(code::judge(sections, set, &events));
    cells.extend(writers::judge(sections, set));
    cells
}

/// Rules are told by which call a file was opened, and that it has a descriptor.
fn descriptor(sections: &Sections, set: &str) -> Cell {
    let alerts = sections.get(&format!("{set}.descriptors")).unwrap_or_default();
    match alerts {
        [alert] if alert.contains("call=openat2 file=/deeds/openat2/new") => Cell::Right,
        _ => Cell::Wrong(format!("the alerts are {alerts:?}")),
    }
}

/// Nothing when the deed was done; else the cell that says so.
pub(super) fn ended(said: &[String], name: &str) -> Option<Cell> {
    let prefix = format!("deed {name} ");
    match said.iter().find_map(|line| line.strip_prefix(&prefix)) {
        Some("0") => None,
        Some(NOT_HERE) => Some(Cell::Skipped("this kernel does not have the call".to_owned())),
        Some(status) => Some(Cell::Wrong(format!("the program ended with {status}"))),
        None => {
            let last = said.last().map_or("nothing", String::as_str);
            Some(Cell::Wrong(format!("the program was not run; said last: {last}")))
        }
    }
}

fn is_by(event: &DriftEvent, kind: Kind, command: &[&str]) -> bool {
    event.kind == kind
        && event.process.as_ref().is_some_and(|process| {
            let arguments = process.cmdline.iter().zip(command);
            process.cmdline.len() >= command.len()
                && arguments.into_iter().all(|(argument, wanted)| argument.as_str() == Some(wanted))
        })
}

/// Whether the kernel is of this release or a later one.
pub(super) fn has(sections: &Sections, since: (u32, u32)) -> bool {
    let release = sections.value("facts", "release").unwrap_or_default();
    let mut numbers = release.split('.').map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= since
}

fn is_ring(deed: &str) -> bool {
    deed.starts_with("ring_")
}

/// Exactly what is to be seen of a deed, each in a container.
fn seen(sections: &Sections, set: &str, events: &[DriftEvent], deed: &Deed) -> Cell {
    let directory = format!("/deeds/{}", deed.at);
    let command = ["/opt/deeds", "in", &directory, deed.name];
    let by: Vec<&DriftEvent> = events
        .iter()
        .filter(|event| is_by(event, Kind::File, &command) && event.action != Action::Read)
        .collect();
    if by.iter().any(|event| event.container.is_none()) {
        return Cell::Wrong("no container".to_owned());
    }
    let expected = match deed.lines {
        _ if set != TRACEPOINT && deed.name == "phantom" && has(sections, TAKES_VALUES_FIRST) => {
            &["attributes other 0644 0:0 +xattr unknown"]
        }
        lines if set != TRACEPOINT => seen_by_functions(deed.name, lines),
        // That a mapping becomes writable is not seen there.
        lines if deed.name.starts_with("protect") && !has(sections, FINDS_MAPPINGS) => {
            lines.get(..lines.len() / 2).unwrap_or_default()
        }
        lines => lines,
    };
    compare(by.into_iter().map(|event| line(event, &directory)), expected)
}

/// Where requests are not shown, whoever makes a ring is.
fn told_as_unseen(events: &[DriftEvent], deed: &Deed) -> Cell {
    let directory = format!("/deeds/{}", deed.at);
    let command = ["/opt/deeds", "in", &directory, deed.name];
    let told = events.iter().any(|event| is_by(event, Kind::Sensor, &command));
    if told { Cell::Right } else { Cell::Wrong("the ring is not reported as unseen".to_owned()) }
}

fn compare(seen: impl Iterator<Item = String>, expected: &[&str]) -> Cell {
    let seen: Vec<String> = seen.collect();
    if seen == expected {
        return Cell::Right;
    }
    Cell::Wrong(format!("expected {expected:?}, seen {seen:?}"))
}

/// The host did the same, and nothing was said of it.
fn silent(sections: &Sections, set: &str, events: &[DriftEvent]) -> Cell {
    let said = sections.get(&format!("{set}.twins")).unwrap_or_default();
    for name in directories_on_host().chain(SOCKETS.map(|(name, _)| name)) {
        if is_ring(name) && !has(sections, SHOWS_REQUESTS) {
            continue;
        }
        if let Some(Cell::Wrong(why)) = ended(said, name) {
            return Cell::Wrong(format!("{name}: {why}"));
        }
    }
    let by_host = |event: &&DriftEvent| {
        let second = event.process.as_ref().and_then(|process| process.cmdline.get(1));
        second.and_then(|text| text.as_str()).is_some_and(|text| text.starts_with("host"))
    };
    match events.iter().find(by_host) {
        None => Cell::Right,
        Some(event) => Cell::Wrong(format!("reported: {event:?}")),
    }
}

/// No loss and no blindness, but of a ring.
fn nothing_else(events: &[DriftEvent]) -> Cell {
    let of_ring = |event: &DriftEvent| {
        let deed = event.process.as_ref().and_then(|process| process.cmdline.get(3));
        deed.and_then(|text| text.as_str()).is_some_and(is_ring)
    };
    let is_other = |event: &&DriftEvent| {
        event.kind == Kind::Sensor && !of_ring(event) && expect::left_out(event).is_none()
    };
    let more = events.iter().find(is_other);
    more.map_or(Cell::Right, |event| Cell::Wrong(format!("{event:?}")))
}

#[cfg(test)]
mod tests {
    use driftcore::event::Container;
    use driftcore::event::Evidence;
    use driftcore::event::File;
    use driftcore::event::Process;
    use driftcore::event::Provenance;
    use driftcore::event::Text;
    use driftcore::event::Timestamp;
    use driftcore::event::Verdict;

    use super::*;

    fn event(kind: Kind, action: Action, command: &[&str]) -> DriftEvent {
        let mut event = DriftEvent::new(Timestamp::from_nanos(1), kind, action);
        let cmdline = command.iter().map(|&word| Text::from(word)).collect();
        event.process = Some(Process { cmdline, ..Process::default() });
        event.container = Some(Container::default());
        event
    }

    fn wrong(release: &str, said: &str, events: &[DriftEvent]) -> Vec<String> {
        wrong_of(TRACEPOINT, release, said, events)
    }

    /// The wrong cells of a machine that did `rmdir` alone, and of which these events are.
    fn wrong_of(set: &str, release: &str, said: &str, events: &[DriftEvent]) -> Vec<String> {
        let mut text = format!("@@begin facts\nrelease={release}\n@@end facts\n");
        text.push_str(&format!(
            "@@begin {set}.facts\nexit=0\n@@end {set}.facts\n@@begin {set}.events\n"
        ));
        for event in events {
            text.push_str(&serde_json::to_string(event).unwrap());
            text.push('\n');
        }
        text.push_str(&format!("@@end {set}.events\n@@begin {set}.acts\n{said}@@end {set}.acts\n"));
        text.push_str(&format!(
            "@@begin {set}.descriptors\ncall=openat2 file=/deeds/openat2/new\n\
             @@end {set}.descriptors\n"
        ));
        text.push_str(&format!("@@begin {set}.twins\n"));
        for name in directories_on_host().chain(SOCKETS.map(|(name, _)| name)) {
            text.push_str(&format!("deed {name} 0\n"));
        }
        text.push_str(&format!("@@end {set}.twins\n@@done\n"));
        let mut cells = judge(&Sections::parse(&text).unwrap(), set);
        // What was not done is not the question.
        cells.retain(|(_, cell)| matches!(cell, Cell::Wrong(why) if !why.contains("was not run")));
        cells.into_iter().map(|(name, _)| name).collect()
    }

    fn removed() -> DriftEvent {
        let mut event =
            event(Kind::File, Action::Delete, &["/opt/deeds", "in", "/deeds/rmdir", "rmdir"]);
        event.drift = true;
        event.file = Some(File { path: Text::from("/deeds/rmdir/empty"), ..File::default() });
        event.provenance = Some(driftcore::event::Provenance::new(
            driftcore::event::Verdict::Image,
            driftcore::event::Evidence::Kernel,
            "",
        ));
        event
    }

    #[test]
    fn exactly_the_events_of_a_deed_are_right() {
        assert!(wrong("6.1.0", "deed rmdir 0\n", &[removed()]).is_empty());
        assert_eq!(wrong("6.1.0", "deed rmdir 0\n", &[]), ["tracepoint file rmdir"]);
        assert_eq!(
            wrong("6.1.0", "deed rmdir 0\n", &[removed(), removed()]),
            ["tracepoint file rmdir"]
        );
        let mut stranger = removed();
        stranger.container = None;
        assert_eq!(wrong("6.1.0", "deed rmdir 0\n", &[stranger]), ["tracepoint file rmdir"]);
        assert_eq!(wrong("6.1.0", "deed rmdir 70\n", &[removed()]), ["tracepoint file rmdir"]);
        assert!(wrong("6.1.0", "deed rmdir 77\n", &[]).is_empty());
    }

    #[test]
    fn a_set_that_is_not_claimed_has_the_same_cells() {
        let text = "@@begin lsm.events\n@@end lsm.events\n@@done\n";
        let cells = judge(&Sections::parse(text).unwrap(), "lsm");
        let names = |cells: Vec<(String, Cell)>| -> Vec<String> {
            cells.into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names(cells), names(skip("lsm")));
    }

    #[test]
    fn functions_show_the_object_of_a_deed() {
        let mut full = removed();
        full.file = full.file.map(|file| File { mode: "0755".to_owned(), ..file });
        assert!(wrong_of("fentry", "6.1.0", "deed rmdir 0\n", &[full.clone()]).is_empty());
        assert_eq!(
            wrong_of("fentry", "6.1.0", "deed rmdir 0\n", &[removed()]),
            ["fentry file rmdir"]
        );
        assert_eq!(wrong("6.1.0", "deed rmdir 0\n", &[full]), ["tracepoint file rmdir"]);
    }

    #[test]
    fn functions_show_the_name_that_the_kernel_took() {
        let mut event = event(
            Kind::File,
            Action::Attributes,
            &["/opt/deeds", "in", "/deeds/phantom", "phantom"],
        );
        event.drift = true;
        event.provenance = Some(driftcore::event::Provenance::new(
            driftcore::event::Verdict::Unknown,
            driftcore::event::Evidence::None,
            "",
        ));
        let mut of = |name: &str| {
            event.file = Some(File {
                path: Text::from(format!("/deeds/phantom/{name}")),
                mode: "0644".to_owned(),
                changed: vec![driftcore::event::Changed::Xattr],
                ..File::default()
            });
            event.clone()
        };
        let (image, other) = (of("image"), of("other"));
        let said = "deed phantom 0\n";
        assert!(wrong_of("lsm", "6.1.0", said, std::slice::from_ref(&image)).is_empty());
        assert!(wrong_of("lsm", "6.12.0", said, std::slice::from_ref(&other)).is_empty());
        assert_eq!(wrong_of("lsm", "6.12.0", said, &[image]), ["lsm file phantom"]);
        assert_eq!(wrong_of("lsm", "6.1.0", said, &[other]), ["lsm file phantom"]);
    }

    #[test]
    fn what_the_host_did_is_not_to_be_seen() {
        let by_host =
            event(Kind::File, Action::Delete, &["/opt/deeds", "host", "/twin/rmdir", "rmdir"]);
        assert_eq!(wrong("6.1.0", "", &[by_host]), ["tracepoint host"]);
    }

    #[test]
    fn a_ring_is_told_where_it_is_not_shown() {
        let ring = ["/opt/deeds", "in", "/deeds/ring_open", "ring_open"];
        let rings = ["ring_write", "ring_open", "ring_names"];
        let told = event(Kind::Sensor, Action::Blind, &ring);
        let missing = |events: &[DriftEvent]| wrong("5.10.0", "", events);
        assert_eq!(missing(&[told]), ["tracepoint file ring_write", "tracepoint file ring_names"]);
        assert_eq!(missing(&[]), rings.map(|name| format!("tracepoint file {name}")));
        // A loss is never right, but where the kernel leaves probes out that have nothing to do with processes.
        let loss = |reason: &'static str| {
            let mut loss = event(Kind::Sensor, Action::Dropped, &[]);
            loss.provenance = Some(Provenance::new(Verdict::Unknown, Evidence::None, reason));
            [loss]
        };
        let else_ = "tracepoint nothing else".to_owned();
        let left_out = "tracepoint nothing left out".to_owned();
        let what = "left out by the kernel, since they were attached: call__exit 7";
        assert!(wrong("7.2.0", "", &loss("the ring was full")).contains(&else_));
        assert!(wrong("6.1.0", "", &loss(what)).contains(&left_out));
        let found = wrong("7.2.0", "", &loss(what));
        assert!(!found.contains(&left_out) && !found.contains(&else_), "{found:?}");
        let what = "left out by the kernel, since they were attached: process__exec 1";
        assert!(wrong("7.2.0", "", &loss(what)).contains(&left_out));
    }
}
