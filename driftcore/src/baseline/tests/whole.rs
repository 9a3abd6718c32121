//! Whole baselines: learned, merged, written, read, held against events.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::event::LossReason;

fn learned(options: LearnOptions, events: &[DriftEvent]) -> (Baseline, Learned) {
    let mut learner = Learner::new(options);
    for event in events {
        learner.learn(event);
    }
    learner.finish()
}

fn accepting() -> LearnOptions {
    LearnOptions { accept: true, ..LearnOptions::default() }
}

fn parse(text: &str) -> Result<Baseline, String> {
    Baseline::parse(Path::new("b.yaml"), text).map_err(|error| error.to_string())
}

#[test]
fn what_was_not_learned_departs_and_nothing_else_does() {
    let normal = [
        runs("/usr/sbin/nginx", Verdict::Image, None),
        runs("/usr/bin/touched", Verdict::CopiedUp, Some(digest(9))),
        creates("/var/cache/nginx/1"),
        changes(Action::Rename, b"/data/final/a", Some(b"/data/part/a"), &[]),
        changes(Action::Attributes, b"/run/tool/x", None, &[Changed::Mode, Changed::Executable]),
        listens("0.0.0.0:80"),
        reaches("192.0.2.7:5432"),
        socket(Action::Connect, Protocol::Unix, "", Some("/run/log.sock")),
    ];
    let (baseline, learned) = learned(LearnOptions::default(), &normal);
    assert_eq!((learned.events, learned.learned, learned.refused), (8, 8, 0));
    for event in &normal {
        assert_eq!(baseline.check(event), Standing::Expected, "{event:?}");
    }
    for event in [
        runs("/usr/bin/id", Verdict::Image, None),
        runs("/usr/sbin/nginx", Verdict::Modified, Some(digest(1))),
        runs("/usr/sbin/nginx", Verdict::Unknown, None),
        creates("/var/cache/nginx/deeper/1"),
        creates("/etc/passwd"),
        changes(Action::Rename, b"/data/final/a", Some(b"/etc/a"), &[]),
        changes(Action::Rename, b"/etc/a", Some(b"/data/part/a"), &[]),
        changes(Action::Attributes, b"/data/part/x", None, &[Changed::Mode, Changed::Executable]),
        changes(Action::Attributes, b"/run/tool/x", None, &[Changed::Mode, Changed::Setuid]),
        listens("0.0.0.0:81"),
        socket(Action::Bind, Protocol::Udp, "0.0.0.0:80", None),
        reaches("192.0.2.7:5433"),
        reaches("192.0.2.8:5432"),
        socket(Action::Connect, Protocol::Unix, "", Some("/run/docker.sock")),
        chosen(Protocol::Tcp),
    ] {
        assert_eq!(baseline.check(&event), Standing::Departs, "{event:?}");
    }
    let mut other = runs("/usr/sbin/nginx", Verdict::Image, None);
    other.container = Some(container(2));
    let mut opened = changes(Action::Modify, b"/etc/passwd", None, &[]);
    if let Some(file) = &mut opened.file {
        file.written = Some(false);
    }
    for event in [
        other,
        opened,
        chosen(Protocol::Udp),
        listens("127.0.0.1:81"),
        reaches("[::1]:81"),
        changes(Action::Read, b"/etc/passwd", None, &[]),
        changes(Action::Attributes, b"/etc/passwd", None, &[]),
        event(Kind::Syscall, Action::Call),
    ] {
        assert_eq!(baseline.check(&event), Standing::NotCovered, "{event:?}");
    }
}

#[test]
fn drift_is_refused_counted_and_listed_unless_it_is_accepted() {
    let mut tainted = creates("/tmp/loot");
    tainted.tainted = true;
    let mut undeclared = listens("0.0.0.0:4444");
    undeclared.drift = true;
    let drift = [
        runs("/tmp/x", Verdict::Added, Some(digest(7))),
        runs("/tmp/x", Verdict::Added, Some(digest(7))),
        runs("/tmp/y", Verdict::Added, None),
        tainted,
        undeclared,
        package(Action::Install, "dpkg", "curl"),
        configured(Action::Environment, "DEBUG", Some("1")),
    ];
    let (baseline, refusing) = learned(LearnOptions::default(), &drift);
    assert!(baseline.is_empty());
    assert_eq!((refusing.learned, refusing.refused), (0, 7));
    let list: Vec<_> =
        refusing.refusals.iter().map(|it| (it.what.as_str(), it.count, it.reason)).collect();
    assert_eq!(
        list,
        [
            ("changed files in /tmp (write)", 1, "done by a process that runs drifted code"),
            ("has environment DEBUG \"1\"", 1, "it departs from what is declared"),
            ("installed the dpkg package curl", 1, "it departs from what is declared"),
            (
                &*format!("ran /tmp/x (added, sha256:{})", digest(7)),
                2,
                "code that the image did not bring"
            ),
            ("ran /tmp/y (added, digest not known)", 1, "code that the image did not bring"),
            ("waited on port 4444/tcp", 1, "it departs from what is declared"),
        ]
    );

    let (baseline, accepting) = learned(accepting(), &drift);
    assert_eq!((accepting.learned, accepting.refused), (6, 1), "one has no digest");
    assert_eq!(baseline.check(&package(Action::Remove, "dpkg", "curl")), Standing::Expected);
    assert_eq!(baseline.check(&package(Action::Install, "apk", "curl")), Standing::Departs);
    let debug = |live| baseline.check(&configured(Action::Environment, "DEBUG", live));
    assert_eq!((debug(Some("1")), debug(Some("2"))), (Standing::Expected, Standing::Departs));
    assert_eq!(debug(None), Standing::Departs);
    let limit = configured(Action::Limit, "DEBUG", Some("1"));
    assert_eq!(baseline.check(&limit), Standing::Departs);
    let mut ended = configured(Action::Environment, "DEBUG", None);
    ended.ended = true;
    assert_eq!(baseline.check(&ended), Standing::NotCovered);
    assert!(accepting.refusals[0].reason.contains("no digest"));
    assert_eq!(baseline.check(&drift[0]), Standing::Expected);
    assert_eq!(baseline.check(&drift[2]), Standing::Departs);
    let changed = runs("/tmp/x", Verdict::Added, Some(digest(8)));
    assert_eq!(baseline.check(&changed), Standing::Departs, "other content");
}

#[test]
fn every_event_is_counted_as_something() {
    let mut lost = DriftEvent::new(Timestamp::now(), Kind::Sensor, Action::Dropped);
    lost.lost.insert(LossReason::Malformed, 7);
    let mut unknown = creates("/tmp/a");
    unknown.container = Some(Container::default());
    let mut nobody = creates("/tmp/a");
    nobody.container = None;
    let mut other = creates("/tmp/a");
    other.container = Some(container(2));
    let events = [
        lost,
        unknown,
        nobody,
        other,
        creates("/tmp/a"),
        creates("relative"),
        chosen(Protocol::Udp),
    ];
    let label = Some(("app".to_owned(), "app-1".to_owned()));
    let (baseline, learned) = learned(LearnOptions { accept: false, label }, &events);
    let selectors: Vec<_> = baseline.workloads().map(|(it, _)| it.to_string()).collect();
    assert_eq!(selectors, ["app=app-1"]);
    assert_eq!(learned.events, 7);
    assert_eq!(learned.lost, 7);
    assert_eq!((learned.learned, learned.other_containers, learned.unknown_containers), (1, 2, 1));
    assert_eq!((learned.not_covered, learned.refused, learned.left_out), (3, 0, 0));
}

#[test]
fn more_than_a_baseline_holds_is_counted() {
    let mut learner = Learner::new(accepting());
    let mut events = 0;
    while learner.counts().left_out == 0 {
        learner.learn(&runs(&format!("/bin/{events:x}-"), Verdict::Image, None));
        events += 1;
        assert!(events < 70_000);
    }
    assert!(events > 65_536);
    learner.learn(&runs("/bin/1-", Verdict::Image, None));
    let (baseline, learned) = learner.finish();
    assert_eq!(learned.left_out, 1);
    assert_eq!(learned.events, learned.learned + 1);
    assert_eq!(parse(&baseline.to_string()), Ok(baseline), "it can be read back");
}

#[test]
fn documents_are_readable_and_come_back() {
    let mut long = creates(&format!("/{}/x", "d".repeat(1500)));
    long.time = Timestamp::from_nanos(2_000_000_000);
    let events = [
        runs("/usr/sbin/nginx", Verdict::Image, None),
        runs("/tmp/a b: #\u{7f}", Verdict::Added, Some(digest(7))),
        creates("/var/cache/nginx/1"),
        changes(Action::Create, b"/srv/\xff*/x", None, &[]),
        listens("0.0.0.0:80"),
        reaches("[fd00::1]:443"),
        socket(Action::Connect, Protocol::Unix, "", Some("/run/log.sock")),
        package(Action::Install, "npm", "@a/b"),
        package(Action::Remove, "npm", "c"),
        configured(Action::Environment, "DEBUG", Some("")),
        configured(Action::Environment, "DEBUG", None),
        configured(Action::Mount, &format!("/{}", "m".repeat(1500)), Some("tmpfs rw *")),
        long,
    ];
    let (baseline, _) = learned(accepting(), &events);
    let text = baseline.to_string();
    let expected = format!(
        "version: 1
workloads:
  - image: sha256:{}
    names:
      - registry.example/app:1
    first: 1970-01-01T00:00:01.000000000Z
    last: 1970-01-01T00:00:02.000000000Z
    executables:
      \"/tmp/a b: #\\U0000007f\": [sha256:{}]
      /usr/sbin/nginx: [image]
    directories:
      ? /{}
      : [write]
      \"/srv/\\\\xff\\\\*\": [write]
      /var/cache/nginx: [write]
    listen:
      - 80/tcp
    connect:
      - \"[fd00::1]:443/tcp\"
    unix:
      - /run/log.sock
    packages:
      \"npm\": [\"@a/b\", \"c\"]
    configuration:
      \"environment\":
        \"DEBUG\": [absent, \"=\"]
      \"mount\":
        ? /{}
        : [\"=tmpfs rw \\\\*\"]
",
        digest(1),
        digest(7),
        "d".repeat(1500),
        "m".repeat(1500)
    );
    let (head, body) = text.split_at(text.find("version:").unwrap());
    assert_eq!(body, expected);
    assert!(head.lines().all(|line| line.starts_with('#')), "{head}");
    assert_eq!(parse(&text), Ok(baseline));
    assert_eq!(parse(&Baseline::new().to_string()), Ok(Baseline::new()));
}

#[test]
fn what_is_wrong_with_a_document_has_its_place() {
    let image = format!("version: 1\nworkloads:\n  - image: sha256:{}\n", digest(1));
    for (text, place, part) in [
        ("", "1:1", "empty"),
        ("version: 2\n", "1:10", "version 2 is not known"),
        ("workloads: []\n", "1:1", "`version: 1` is missing"),
        (
            "version: 1\nworkload: []\n",
            "2:1",
            "`workload` is not known; known are version, workloads",
        ),
        ("version: 1\nworkloads: 3\n", "2:12", "a list is expected here, not a text"),
        ("version: 1\nworkloads:\n  - names: []\n", "3:5", "`image` or `label` is missing"),
        ("version: 1\nworkloads:\n  - label: sha256:x\n", "3:12", "no label like"),
        ("version: 1\nworkloads:\n  - image: nginx\n", "3:12", "no digest"),
        (&format!("{image}    label: a=b\n"), "4:5", "not both"),
        (&format!("{image}    listen: [80/tcp, http]\n"), "4:22", "`http` is no port"),
        (&format!("{image}    connect: [10.0.0.0/40]\n"), "4:15", "is no remote"),
        (&format!("{image}    unix: [run/x]\n"), "4:12", "begins with `/`"),
        (&format!("{image}    executables: {{/a: [none]}}\n"), "4:24", "`none` is neither"),
        (&format!("{image}    executables: {{/a*: [image]}}\n"), "4:19", "no pattern"),
        (&format!("{image}    directories: {{/a/*x*: [write]}}\n"), "4:19", "more than one `*`"),
        (&format!("{image}    directories: {{/a: [read]}}\n"), "4:24", "`read` is not known"),
        (&format!("{image}    directories: {{/a: write}}\n"), "4:23", "not a text"),
        (
            &format!("{image}    configuration: {{mount: {{/a: [tmpfs]}}}}\n"),
            "4:34",
            "`tmpfs` is neither `=VALUE` nor `absent`",
        ),
        (&format!("{image}    first: yesterday\n"), "4:12", "is no time"),
        (&format!("{image}    first: 2026-01-01T00:00:00Z\n"), "3:5", "go together"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.starts_with(&format!("b.yaml:{place}: ")), "{text}\n{error}");
        assert!(error.contains(part), "{text}\n{error}");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), b"version: 1\nab\xff\n").unwrap();
    let error = Baseline::read(file.path()).unwrap_err().to_string();
    assert!(error.ends_with(":2:3: this is no UTF-8"), "{error}");
    let error = Baseline::read(Path::new("/nonexistent/b")).unwrap_err().to_string();
    assert!(error.starts_with("cannot read /nonexistent/b: "), "{error}");
}

fn paths() -> impl Strategy<Value = String> {
    // Few names, so that patterns meet literals.
    proptest::collection::vec("(a|b|[0-9]{1,2}|tmp\\.[a-z]{6}|x[0-9]{3,4}|\\*|é\\\\)", 1..5)
        .prop_map(|parts| format!("/{}", parts.join("/")))
}

fn wide_paths() -> impl Strategy<Value = String> {
    (0_u32..3, 0_u32..90, 0_u32..3).prop_map(|(a, b, c)| format!("/{a}a/w/{b}w/{c}a/f"))
}

fn events() -> impl Strategy<Value = DriftEvent> {
    let verdict = prop_oneof![
        Just(Verdict::Image),
        Just(Verdict::CopiedUp),
        Just(Verdict::Added),
        Just(Verdict::Memfd)
    ];
    let run = (paths(), verdict, proptest::option::of(0_u8..4))
        .prop_map(|(path, verdict, sha)| runs(&path, verdict, sha.map(digest)));
    let changed = prop_oneof![
        Just(vec![]),
        Just(vec![Changed::Mode, Changed::Executable]),
        Just(vec![Changed::Mode, Changed::Setuid])
    ];
    let action = prop_oneof![
        Just(Action::Create),
        Just(Action::Rename),
        Just(Action::Attributes),
        Just(Action::Modify)
    ];
    let path = || prop_oneof![paths(), wide_paths()];
    let change = (action, path(), path(), changed).prop_map(|(action, path, old_path, changed)| {
        changes(action, path.as_bytes(), Some(old_path.as_bytes()), &changed)
    });
    let protocol = || prop_oneof![Just(Protocol::Tcp), Just(Protocol::Udp)];
    let wait = (protocol(), any::<bool>(), prop_oneof![1_u16..1100, 2000_u16..2090]).prop_map(
        |(protocol, auto_port, port)| {
            let mut event = socket(Action::Bind, protocol, &format!("0.0.0.0:{port}"), None);
            if let Some(network) = &mut event.network {
                network.auto_port = auto_port;
            }
            event
        },
    );
    let port = prop_oneof![Just(443_u16), Just(53), 3000_u16..3090];
    let reach =
        (protocol(), 0_u8..90, 0_u8..16, port).prop_map(|(protocol, network, host, port)| {
            socket(
                Action::Connect,
                protocol,
                "10.0.0.9:4",
                Some(&format!("10.1.{network}.{host}:{port}")),
            )
        });
    let installed = ("[a-c]", "(dpkg|npm)")
        .prop_map(|(name, manager)| package(Action::Install, &manager, &name));
    let set = ("[A-C]", proptest::option::of("[xé\\\\*= ]{0,3}"))
        .prop_map(|(item, live)| configured(Action::Environment, &item, live.as_deref()));
    let unix = paths().prop_map(|path| socket(Action::Connect, Protocol::Unix, "", Some(&path)));
    let deeds = prop_oneof![
        1 => run, 3 => change, 1 => wait, 3 => reach, 1 => unix, 1 => installed, 1 => set
    ];
    (deeds, 1_u8..4, any::<u8>(), any::<bool>()).prop_map(|(mut event, image, time, tainted)| {
        event.container = Some(container(image));
        event.time = Timestamp::from_nanos(i64::from(time) * 1_000_000_000);
        event.tainted = tainted && image == 3;
        event
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_was_learned_is_expected(
        events in proptest::collection::vec(events(), 0..400),
        accept in any::<bool>(),
        by_label in any::<bool>(),
    ) {
        let label = by_label.then(|| ("app".to_owned(), "app-1".to_owned()));
        let mut learner = Learner::new(LearnOptions { accept, label });
        let mut taken = Vec::new();
        for event in &events {
            let before = learner.counts().learned;
            learner.learn(event);
            if learner.counts().learned > before {
                taken.push(event);
            }
        }
        let (baseline, learned) = learner.finish();
        prop_assert_eq!(taken.len() as u64, learned.learned);
        let counted = learned.learned + learned.refused + learned.not_covered
            + learned.other_containers + learned.unknown_containers + learned.left_out;
        prop_assert_eq!(counted, learned.events);
        for event in taken {
            prop_assert_eq!(baseline.check(event), Standing::Expected, "{:?}", event);
        }
    }

    #[test]
    fn to_merge_is_commutative_associative_and_idempotent(
        a in proptest::collection::vec(events(), 0..250),
        b in proptest::collection::vec(events(), 0..250),
        c in proptest::collection::vec(events(), 0..250),
    ) {
        let of = |events: &[DriftEvent]| learned(accepting(), events).0;
        let merged = |mut one: Baseline, other: &Baseline| { one.merge(other.clone()); one };
        let all = [a.clone(), b.clone(), c.clone()].concat();
        let (a, b, c) = (of(&a), of(&b), of(&c));
        let ab = merged(a.clone(), &b);
        prop_assert_eq!(&ab, &merged(b.clone(), &a));
        prop_assert_eq!(&merged(a.clone(), &a), &a);
        let left = merged(ab, &c);
        let right = merged(a, &merged(b, &c));
        prop_assert_eq!(&left, &right);
        prop_assert_eq!(&left, &of(&all));
    }

    #[test]
    fn what_is_written_is_read_as_it_was(events in proptest::collection::vec(events(), 0..200)) {
        let (baseline, _) = learned(accepting(), &events);
        let text = baseline.to_string();
        let again = parse(&text);
        prop_assert_eq!(again.as_ref(), Ok(&baseline));
        prop_assert_eq!(baseline.to_string(), text);
    }

    #[test]
    fn any_text_is_a_baseline_or_none(text in "[-a: \\[\\]{}&*\n]{0,60}") {
        let _ = parse(&format!("version: 1\nworkloads:\n  - image: {text}"));
    }
}
