//! How containers are limited below version 2 of control groups, as `config.sh` makes and changes them: whether
//! driftd tells each limit that departs from the bundle, and its end, and nothing else.

use driftcore::event::Action;
use driftcore::event::DriftEvent;
use driftcore::event::Kind;
use serde_json::Value;
use serde_json::json;

use super::console::Sections;
use super::expect;
use super::table::Cell;

/// What is set and set back: item, what the bundle says, and what it is set to. Of disks, without the disk.
const LIMITS: [(&str, &str, &str); 8] = [
    ("memory.limit", "67108864", "83886080"),
    ("memory.reservation", "max", "1048576"),
    ("cpu.quota", "50000/100000", "20000/100000"),
    ("cpu.weight", "", "50"),
    ("cpuset.cpus", "0-1", "0"),
    ("pids.limit", "50", "60"),
    ("io.write_bps", "1048576", "2097152"),
    ("unified.memory.high", "max", "83886080"),
];

/// The bundle's declaration. `@ID@`, `@MAJOR@` and `@MINOR@` stand for what is known later: the container, and a disk.
pub(super) fn bundle() -> Value {
    let mount = |to: &str, kind: &str| json!({"destination": to, "type": kind, "source": kind});
    let disk = json!({"major": "@MAJOR@", "minor": "@MINOR@", "rate": 1_048_576});
    let script = "export LD_AUDIT=/tmp/x.so; exec busybox sleep 86400";
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": 0, "gid": 0},
            "args": ["/bin/sh", "-c", script],
            "env": ["PATH=/bin"],
            "cwd": "/",
            "noNewPrivileges": true,
        },
        "root": {"path": "rootfs"},
        "mounts": [mount("/proc", "proc")],
        "linux": {
            "cgroupsPath": "/driftcore/@ID@",
            "namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}],
            "resources": {
                "memory": {"limit": 67_108_864},
                "cpu": {"shares": 512, "quota": 50_000, "period": 100_000, "cpus": "0-1"},
                "pids": {"limit": 50},
                "blockIO": {"throttleWriteBpsDevice": [disk]},
                "unified": {"memory.high": "max"},
            },
        },
    })
}

/// The names of the cells.
pub(super) fn names() -> impl Iterator<Item = String> {
    let limits = LIMITS.iter().map(|(item, ..)| *item);
    limits.chain(["nothing else"]).map(|name| format!("config {name}"))
}

/// The cells of what driftd told.
pub(super) fn judge(sections: &Sections) -> Vec<(String, Cell)> {
    let log = sections.get("config.log").unwrap_or_default();
    let events = match expect::events(sections.get("config.events")) {
        Ok(events) => events,
        Err(error) => {
            return names().map(|name| (name, expect::wrong(&error, log))).collect();
        }
    };
    let (drifts, twin) = (format!("{:064x}", 13), format!("{:064x}", 14));
    let is_of = |event: &&DriftEvent, id: &str| {
        event.kind == Kind::Config && event.container.as_ref().is_some_and(|it| it.id == id)
    };
    let mut cells: Vec<(String, Cell)> = LIMITS
        .iter()
        .map(|(item, declared, live)| {
            let own = events.iter().filter(|event| is_of(event, &drifts));
            let found: Vec<_> = own.filter(|event| name_of(event) == *item).collect();
            (format!("config {item}"), told(&found, declared, live, log))
        })
        .collect();
    let is_known = |event: &&DriftEvent| {
        let name = name_of(event);
        name == "LD_AUDIT" || is_of(event, &drifts) && LIMITS.iter().any(|(item, ..)| *item == name)
    };
    let mut rest = events.iter().filter(|event| event.kind == Kind::Config && !is_known(event));
    let twins = events.iter().filter(|event| is_of(event, &twin)).count();
    cells.push((
        "config nothing else".to_owned(),
        match rest.next() {
            Some(event) => Cell::Wrong(format!("told: {} {}", event.action, name_of(event))),
            None if twins != 1 => expect::wrong(&format!("{twins} events of the twin"), log),
            None => Cell::Right,
        },
    ));
    cells
}

fn name_of(event: &DriftEvent) -> String {
    event.config.as_ref().map(|it| it.item.to_string()).unwrap_or_default()
}

/// A limit that was changed once and set back.
fn told(found: &[&DriftEvent], declared: &str, live: &str, log: &[String]) -> Cell {
    let [begin, end] = found else {
        return expect::wrong(&format!("{} events, not 2", found.len()), log);
    };
    let texts = begin.config.as_ref().map(|it| {
        let text = |it: &Option<driftcore::event::Text>| it.as_ref().map(ToString::to_string);
        (text(&it.declared).unwrap_or_default(), text(&it.live).unwrap_or_default())
    });
    // A disk's number is the kernel's choice.
    let is = |found: &str, expected: &str| found.split(' ').next_back() == Some(expected);
    let fits = texts
        .as_ref()
        .is_some_and(|(was, now)| (declared.is_empty() || is(was, declared)) && is(now, live));
    if begin.action == Action::Limit && !begin.ended && end.ended && fits {
        Cell::Right
    } else {
        Cell::Wrong(format!("{texts:?}, ended {} {}", begin.ended, end.ended))
    }
}

#[cfg(test)]
mod tests {
    use driftcore::event::ConfigItem;
    use driftcore::event::Container;
    use driftcore::event::Timestamp;

    use super::*;

    fn event(id: u64, item: &str, declared: &str, live: &str, ended: bool) -> String {
        let mut event = DriftEvent::new(Timestamp::from_nanos(1), Kind::Config, Action::Limit);
        event.drift = true;
        event.ended = ended;
        event.container = Some(Container { id: format!("{id:064x}"), ..Container::default() });
        event.config = Some(ConfigItem {
            item: item.into(),
            declared: Some(declared.into()),
            live: Some(live.into()),
            mark: None,
            origin: None,
        });
        serde_json::to_string(&event).unwrap()
    }

    fn wrong(events: &[String]) -> Vec<String> {
        let text =
            format!("@@begin config.events\n{}\n@@end config.events\n@@done\n", events.join("\n"));
        let mut cells = judge(&Sections::parse(&text).unwrap());
        assert!(cells.iter().map(|(name, _)| name.clone()).eq(names()));
        cells.retain(|(_, cell)| *cell != Cell::Right);
        cells.into_iter().map(|(name, _)| name).collect()
    }

    fn all() -> Vec<String> {
        let of = |&(item, declared, live): &(&str, &str, &str)| {
            let disk = if item.starts_with("io.") { "254:0 " } else { "" };
            let (declared, live) = (format!("{disk}{declared}"), format!("{disk}{live}"));
            [false, true].map(|ended| event(13, item, &declared, &live, ended))
        };
        let mut events: Vec<String> = LIMITS.iter().flat_map(of).collect();
        events.extend([13, 14].map(|id| event(id, "LD_AUDIT", "", "/tmp/x.so", false)));
        events
    }

    #[test]
    fn each_limit_is_told_with_its_end() {
        assert_eq!(wrong(&all()), [""; 0]);
        let mut events = all();
        events.remove(1);
        assert_eq!(wrong(&events), ["config memory.limit"]);
        let mut events = all();
        events[2] = event(13, "memory.reservation", "max", "1", false);
        assert_eq!(wrong(&events), ["config memory.reservation"]);
    }

    #[test]
    fn what_nobody_changed_is_wrong() {
        let mut events = all();
        events.push(event(14, "pids.limit", "50", "60", false));
        assert_eq!(wrong(&events), ["config nothing else"]);
        let mut events = all();
        events.push(event(13, "uid", "0", "1", false));
        assert_eq!(wrong(&events), ["config nothing else"]);
        let mut events = all();
        events.pop();
        assert_eq!(wrong(&events), ["config nothing else"]);
    }
}
