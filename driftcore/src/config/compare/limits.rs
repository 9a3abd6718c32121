//! What the control group and the first process may use at most.

use crate::config::declared::Declared;
use crate::config::declared::Resources;
use crate::config::item::Aspect;
use crate::config::item::Item;
use crate::config::live::Live;

/// No limit.
pub(super) const MAX: &str = "max";
/// Version 1 has no word for it: what is larger than any memory is none.
const NONE_FROM: u64 = 1 << 62;
/// The devices that runtimes allow whatever the bundle says (OCI runtime specification, "default
/// devices").
const DEFAULT_DEVICES: [&str; 12] = [
    "c *:* m",
    "b *:* m",
    "c 1:3 rwm",
    "c 1:5 rwm",
    "c 1:7 rwm",
    "c 1:8 rwm",
    "c 1:9 rwm",
    "c 5:0 rwm",
    "c 5:1 rwm",
    "c 5:2 rwm",
    "c 136:* rwm",
    "c 10:200 rwm",
];

pub(super) fn compare(declared: &Declared, live: &Live, items: &mut Vec<Item>) {
    group(declared, live, items);
    let resources = &declared.bundle.linux.resources;
    memory(resources, live, items);
    processors(resources, live, items);
    others(resources, live, items);
    devices(resources, live, items);
    of_process(declared, live, items);
}

fn push(items: &mut Vec<Item>, name: &str, declared: String, live: String) {
    let differs = declared != live;
    items.push(
        Item::new(Aspect::Limit, name).declared(Some(declared)).live(Some(live)).differs(differs),
    );
}

/// The control group itself: a process that left it is under none of its limits.
fn group(declared: &Declared, live: &Live, items: &mut Vec<Item>) {
    let path = declared.bundle.linux.cgroups_path.as_deref().filter(|path| !path.is_empty());
    if let Some(path) = path.filter(|_| !live.cgroup.path.is_empty()) {
        items.push(
            Item::new(Aspect::Limit, "cgroup")
                .declared(Some(path))
                .live(Some(live.cgroup.path.as_str()))
                .differs(!live.cgroup.is_own),
        );
    }
}

/// A number of bytes, or none.
fn bytes(text: &str) -> String {
    match text.parse::<u64>() {
        Ok(bytes) if bytes < NONE_FROM => bytes.to_string(),
        _ => MAX.to_owned(),
    }
}

fn memory(resources: &Resources, live: &Live, items: &mut Vec<Item>) {
    let page = i64::try_from(live.page_size.max(1)).unwrap_or(4096);
    let wanted = |bytes: Option<i64>| match bytes {
        // The kernel counts in pages.
        Some(bytes) if bytes > 0 => (bytes - bytes % page).to_string(),
        _ => MAX.to_owned(),
    };
    let file = |name: &str| live.cgroup.files.get(name);
    let memory = &resources.memory;
    let limit = file("memory.max").or_else(|| file("memory.limit_in_bytes")).map(|it| bytes(it));
    if let Some(limit) = limit.clone() {
        push(items, "memory.limit", wanted(memory.limit), limit);
    }
    let swap = match (file("memory.swap.max"), file("memory.memsw.limit_in_bytes")) {
        // Version 2 counts swap alone.
        (Some(swap), _) => match (bytes(swap).parse::<u64>(), limit.map(|it| it.parse::<u64>())) {
            (Ok(swap), Some(Ok(limit))) => Some((swap + limit).to_string()),
            _ => Some(MAX.to_owned()),
        },
        (None, both) => both.map(|it| bytes(it)),
    };
    // Without a word about swap the runtime leaves it as it finds it.
    if let Some(swap) = swap.filter(|_| memory.swap.is_some_and(|swap| swap != 0)) {
        push(items, "memory.swap", wanted(memory.swap), swap);
    }
    let reservation = match (file("memory.low"), file("memory.soft_limit_in_bytes")) {
        (Some(low), _) if low == "0" => Some(MAX.to_owned()),
        (low, soft) => low.or(soft).map(|it| bytes(it)),
    };
    if let Some(reservation) = reservation {
        push(items, "memory.reservation", wanted(memory.reservation), reservation);
    }
}

/// The weights of version 2 that stand for shares of version 1: runtimes reckon in two ways.
pub(super) fn weights(shares: u64) -> [u64; 2] {
    let shares = shares.clamp(2, 262_144);
    let straight = 1 + (shares - 2) * 9999 / 262_142;
    // The curve of runc 1.3.2 and crun 1.23 on, through (2, 1), (1024, 100) and (262144, 10000).
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let curved = {
        let log = (shares as f64).log2();
        10_f64.powf((log * log + 125.0 * log) / 612.0 - 7.0 / 34.0).ceil() as u64
    };
    [straight, curved.clamp(1, 10_000)]
}

fn processors(resources: &Resources, live: &Live, items: &mut Vec<Item>) {
    let file = |name: &str| live.cgroup.files.get(name).map(String::as_str);
    let cpu = &resources.cpu;
    let shares = cpu.shares.filter(|&shares| shares > 0);
    if let Some(is) = file("cpu.shares") {
        let wanted = shares.unwrap_or(1024).max(2);
        push(items, "cpu.shares", wanted.to_string(), is.to_owned());
    } else if let Some(is) = file("cpu.weight") {
        let fits = shares.map_or([100, 100], weights);
        let same = is.parse().is_ok_and(|weight| fits.contains(&weight));
        let wanted = if same { is.to_owned() } else { fits[0].to_string() };
        push(items, "cpu.weight", wanted, is.to_owned());
    }
    let quota = |quota: &str, period: &str| match quota.parse::<i64>() {
        Ok(quota) if quota > 0 => format!("{quota}/{period}"),
        _ => MAX.to_owned(),
    };
    let is = match (file("cpu.max"), file("cpu.cfs_quota_us"), file("cpu.cfs_period_us")) {
        (Some(both), ..) => both.split_once(' ').map(|(amount, period)| quota(amount, period)),
        (None, Some(amount), Some(period)) => Some(quota(amount, period)),
        _ => None,
    };
    if let Some(is) = is {
        let period = cpu.period.filter(|&period| period > 0).unwrap_or(100_000);
        let wanted = quota(&cpu.quota.unwrap_or(0).to_string(), &period.to_string());
        push(items, "cpu.quota", wanted, is);
    }
    for (name, wanted) in [("cpuset.cpus", &cpu.cpus), ("cpuset.mems", &cpu.mems)] {
        // Without a word the group has its parent's.
        let wanted = wanted.as_deref().filter(|it| !it.is_empty());
        if let (Some(wanted), Some(is)) = (wanted, file(name)) {
            push(items, name, listed(wanted), listed(is));
        }
    }
}

/// `0,1,2,5` -> `0-2,5`, as the kernel writes a set of numbers.
fn listed(text: &str) -> String {
    let mut numbers = Vec::new();
    for part in text.trim().split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        match (first.trim().parse::<u32>(), last.trim().parse::<u32>()) {
            (Ok(first), Ok(last)) if last >= first && last - first < 65_536 => {
                numbers.extend(first..=last);
            }
            _ => return text.trim().to_owned(),
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    let runs = numbers.chunk_by(|one, next| one + 1 == *next);
    let runs = runs.filter_map(|run| match (run.first()?, run.last()?) {
        (first, last) if first == last => Some(first.to_string()),
        (first, last) => Some(format!("{first}-{last}")),
    });
    runs.collect::<Vec<_>>().join(",")
}

fn others(resources: &Resources, live: &Live, items: &mut Vec<Item>) {
    if let Some(is) = live.cgroup.files.get("pids.max") {
        let wanted = resources.pids.limit.filter(|&limit| limit > 0);
        let wanted = wanted.map_or_else(|| MAX.to_owned(), |limit| limit.to_string());
        push(items, "pids.limit", wanted, is.clone());
    }
    let io = &resources.block_io;
    for (name, v1, v2, wanted) in [
        ("io.read_bps", "blkio.throttle.read_bps_device", "rbps", &io.throttle_read_bps_device),
        ("io.write_bps", "blkio.throttle.write_bps_device", "wbps", &io.throttle_write_bps_device),
        ("io.read_iops", "blkio.throttle.read_iops_device", "riops", &io.throttle_read_iops_device),
        (
            "io.write_iops",
            "blkio.throttle.write_iops_device",
            "wiops",
            &io.throttle_write_iops_device,
        ),
    ] {
        let is = match (live.cgroup.files.get(v1), live.cgroup.files.get("io.max")) {
            (Some(text), _) => text.lines().map(str::to_owned).collect(),
            (None, Some(text)) => io_max(text, v2),
            (None, None) => continue,
        };
        let wanted = wanted.iter().map(|it| format!("{}:{} {}", it.major, it.minor, it.rate));
        let text = |mut list: Vec<String>| {
            list.sort();
            if list.is_empty() { MAX.to_owned() } else { list.join(", ") }
        };
        push(items, name, text(wanted.collect()), text(is));
    }
    for (name, wanted) in &resources.unified {
        if let Some(is) = live.cgroup.files.get(name) {
            push(items, &format!("unified.{name}"), wanted.trim().to_owned(), is.clone());
        }
    }
}

/// `8:0 rbps=max wbps=5 riops=max wiops=max` -> `8:0 5` of `wbps`.
fn io_max(text: &str, key: &str) -> Vec<String> {
    let lines = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let device = words.next()?;
        let value = words.find_map(|word| word.strip_prefix(key)?.strip_prefix('='))?;
        (value != MAX).then(|| format!("{device} {value}"))
    });
    lines.collect()
}

/// `c 1:3 rwm`.
#[derive(Clone, Copy)]
struct Rule<'a> {
    kind: &'a str,
    major: &'a str,
    minor: &'a str,
    access: &'a str,
}

impl<'a> Rule<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let kind = words.next()?;
        let (major, minor) = words.next()?.split_once(':')?;
        Some(Self { kind, major, minor, access: words.next()? })
    }

    fn covers(&self, other: &Self) -> bool {
        let fits = |own: &str, other: &str| own == "*" || own == other;
        (self.kind == "a" || self.kind == other.kind)
            && fits(self.major, other.major)
            && fits(self.minor, other.minor)
            && other.access.chars().all(|way| self.access.contains(way))
    }
}

/// Devices that may be used, of version 1 alone.
fn devices(resources: &Resources, live: &Live, items: &mut Vec<Item>) {
    let (Some(wanted), Some(is)) = (&resources.devices, live.cgroup.files.get("devices.list"))
    else {
        return;
    };
    let number = |number: Option<i64>| match number {
        Some(number) if number >= 0 => number.to_string(),
        _ => "*".to_owned(),
    };
    let wanted: Vec<String> = wanted
        .iter()
        .filter(|rule| rule.allow)
        .map(|rule| {
            let kind = rule.r#type.as_deref().filter(|it| !it.is_empty()).unwrap_or("a");
            let access = rule.access.as_deref().unwrap_or("rwm");
            format!("{kind} {}:{} {access}", number(rule.major), number(rule.minor))
        })
        .collect();
    let known = wanted.iter().map(String::as_str).chain(DEFAULT_DEVICES);
    let known: Vec<Rule<'_>> = known.filter_map(Rule::parse).collect();
    for line in is.lines() {
        let Some(rule) = Rule::parse(line) else { continue };
        let declared = known.iter().any(|it| it.covers(&rule));
        let name = format!("device {} {}:{}", rule.kind, rule.major, rule.minor);
        items.push(
            Item::new(Aspect::Limit, name)
                .declared(declared.then_some(rule.access))
                .live(Some(rule.access))
                .differs(!declared),
        );
    }
}

/// Of the first process. It may use its limits up to the hard ones as it likes.
fn of_process(declared: &Declared, live: &Live, items: &mut Vec<Item>) {
    let process = &declared.bundle.process;
    let text = |limit: u64| if limit == u64::MAX { MAX.to_owned() } else { limit.to_string() };
    for limit in &process.rlimits {
        if let Some((name, is)) = live.limits.get_key_value(limit.r#type.as_str()) {
            push(items, name, text(limit.hard), text(*is));
        }
    }
    if let (Some(wanted), Some(is)) = (process.oom_score_adj, live.oom_score_adj) {
        push(items, "oom_score_adj", wanted.to_string(), is.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_kernel_does() {
        assert_eq!(listed("0,1,2,5"), "0-2,5");
        assert_eq!(listed("3-4,1"), "1,3-4");
        assert_eq!(listed(""), "");
        assert_eq!(listed("0-99999999"), "0-99999999");
        assert_eq!(bytes("9223372036854771712"), MAX);
        assert_eq!(bytes("max"), MAX);
        assert_eq!(bytes("4096"), "4096");
        assert_eq!(io_max("8:0 rbps=max wbps=5\n8:1 rbps=7", "rbps"), ["8:1 7"]);
    }

    #[test]
    fn shares_are_the_weights_that_runtimes_make_of_them() {
        assert_eq!(weights(2), [1, 1]);
        assert_eq!(weights(1024), [39, 100]);
        assert_eq!(weights(262_144), [10_000, 10_000]);
        assert_eq!(weights(0)[0], 1);
    }

    #[test]
    fn a_rule_covers_what_it_allows() {
        let covers = |one, other| Rule::parse(one).unwrap().covers(&Rule::parse(other).unwrap());
        assert!(covers("a *:* rwm", "c 1:3 rwm"));
        assert!(covers("c 136:* rw", "c 136:7 r"));
        assert!(!covers("c 136:* rw", "c 136:7 m"));
        assert!(!covers("c 1:3 rwm", "b 1:3 rwm"));
        assert!(!covers("c 1:3 rwm", "c 1:* rwm"));
        assert!(Rule::parse("c 1 rwm").is_none());
    }
}
