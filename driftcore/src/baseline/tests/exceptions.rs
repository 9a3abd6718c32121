//! Exceptions: read, matched, used, suggested.

use std::path::Path;

use super::*;
use crate::event::Ancestor;
use crate::event::Process;

/// The event as done by a program with these ancestors, the parent first.
fn by(mut event: DriftEvent, exes: &[&str]) -> DriftEvent {
    let mut exes = exes.iter().map(|exe| Text::from(*exe));
    event.process = Some(Process {
        exe: exes.next().unwrap_or_default(),
        ancestors: exes.map(|exe| Ancestor { exe, ..Ancestor::default() }).collect(),
        ..Process::default()
    });
    event
}

fn parse(text: &str) -> Result<Exceptions, String> {
    Exceptions::parse(Path::new("e.yaml"), text).map_err(|error| error.to_string())
}

/// One exception with these keys.
fn one(keys: &str) -> Exceptions {
    parse(&format!("version: 1\nexceptions: [{{reason: because, {keys}}}]\n")).unwrap()
}

fn is_taken(keys: &str, event: &DriftEvent) -> bool {
    one(keys).take(event).is_some()
}

#[test]
fn an_exception_takes_what_has_all_that_it_gives() {
    let event = by(
        runs("/opt/agent/bin/x", Verdict::Added, Some(digest(7))),
        &["/bin/x", "/bin/sh", "/sbin/cron", "/init"],
    );
    for (keys, expected) in [
        (format!("image: sha256:{}", digest(1)), true),
        (format!("image: sha256:{}", digest(2)), false),
        (format!("image: [sha256:{}, sha256:{}]", digest(2), digest(1)), true),
        ("label: app=app-1".to_owned(), true),
        ("label: app=app-2".to_owned(), false),
        (format!("content: sha256:{}", digest(7)), true),
        (format!("content: sha256:{}", digest(8)), false),
        ("path: /opt/agent/bin/x".to_owned(), true),
        ("path: /opt/agent/**".to_owned(), true),
        ("path: /opt/agent".to_owned(), false),
        ("path: /opt/*/bin/x".to_owned(), true),
        ("path: [/a, /opt/agent/bin/*]".to_owned(), true),
        ("lineage: /sbin/cron".to_owned(), true),
        ("lineage: [/sbin/cron, /bin/*]".to_owned(), true),
        ("lineage: [/sbin/cron, /bin/sh, /bin/x]".to_owned(), true),
        ("lineage: [/bin/sh, /sbin/cron]".to_owned(), false),
        ("lineage: [/sbin/cron, /sbin/cron]".to_owned(), false),
        ("lineage: /sbin/other".to_owned(), false),
        ("listen: 80/tcp".to_owned(), false),
        ("path: /opt/**, label: app=app-1, lineage: /init".to_owned(), true),
        ("path: /opt/**, label: app=app-2".to_owned(), false),
        (format!("image: sha256:{}, label: app=app-1", digest(1)), true),
        (format!("image: sha256:{}, label: app=app-1", digest(2)), false),
        (format!("image: sha256:{}, label: app=app-2", digest(1)), false),
        ("configuration: 'environment:*'".to_owned(), false),
    ] {
        assert_eq!(is_taken(&keys, &event), expected, "{keys}");
    }
    assert!(is_taken("listen: 4444/tcp", &listens("0.0.0.0:4444")));
    assert!(!is_taken("listen: 4444/tcp", &listens("0.0.0.0:4445")));
    assert!(!is_taken("listen: 4444/tcp", &reaches("192.0.2.1:4444")));
    assert!(is_taken("connect: 192.0.2.0/24", &reaches("192.0.2.1:4444")));
    let curl = package(Action::Upgrade, "dpkg", "curl");
    assert!(is_taken("package: cu*", &curl) && !is_taken("package: [wget, libcurl]", &curl));
    assert!(!is_taken("package: '*'", &creates("/a")));
    let preload = configured(Action::Environment, "LD_PRELOAD", Some("/x"));
    assert!(is_taken("configuration: 'environment:LD_*'", &preload));
    assert!(is_taken("configuration: ['mount:/x', 'environment:LD_PRELOAD']", &preload));
    assert!(!is_taken("configuration: 'mount:LD_PRELOAD'", &preload));
    assert!(!is_taken("configuration: 'environment:LD'", &preload));
    assert!(!is_taken("configuration: 'environment:*', path: /**", &preload));
    let rename = changes(Action::Rename, b"/a/new", Some(b"/b/old"), &[]);
    assert!(!is_taken("path: /a/**", &rename));
    assert!(is_taken("path: [/a/**, /b/**]", &rename));
    assert!(!is_taken("path: /a", &event_of_nobody()));
}

/// What has no container is nobody's to except.
fn event_of_nobody() -> DriftEvent {
    let mut event = creates("/a");
    event.container = None;
    event
}

#[test]
fn a_path_says_nothing_of_what_runs_from_memory_or_has_no_name() {
    for verdict in [Verdict::Memfd, Verdict::Deleted] {
        assert!(!is_taken("path: /tmp/x", &runs("/tmp/x", verdict, None)), "{verdict}");
        let known = runs("/tmp/x", verdict, Some(digest(7)));
        let keys = format!("path: /tmp/x, content: sha256:{}", digest(7));
        assert!(is_taken(&keys, &known), "{verdict}");
    }
    assert!(is_taken("path: /tmp/x", &runs("/tmp/x", Verdict::Unknown, None)));
}

#[test]
fn an_exception_ends_when_it_expires_and_its_uses_are_counted() {
    let at = |time: &str| {
        let mut event = runs("/tmp/x", Verdict::Added, None);
        event.time = Timestamp::parse(time).unwrap();
        event
    };
    for (expires, last, first) in [
        ("2027-01-31", "2027-01-31T23:59:59.999Z", "2027-02-01T00:00:00Z"),
        ("2027-01-31T12:00:00+02:00", "2027-01-31T09:59:59Z", "2027-01-31T10:00:00Z"),
    ] {
        let exceptions = one(&format!("path: /tmp/x, expires: {expires}"));
        assert!(exceptions.take(&at(last)).is_some());
        assert!(exceptions.take(&at(last)).is_some());
        assert!(exceptions.take(&at(first)).is_none());
        assert!(exceptions.take(&runs("/tmp/y", Verdict::Added, None)).is_none());
        let uses: Vec<_> = exceptions.uses().map(|(_, taken, expired)| (taken, expired)).collect();
        assert_eq!(uses, [(2, 1)]);
    }
    let two = parse(
        "version: 1\nexceptions:\n  - {reason: a, path: /tmp/**, expires: 2020-01-01}\n  \
         - {reason: b, author: me, path: /tmp/x}\n",
    )
    .unwrap();
    let taken = two.take(&at("2027-01-01T00:00:00Z")).unwrap();
    assert_eq!((taken.reason(), taken.author()), ("b", Some("me")));
}

#[test]
fn to_check_and_to_except_allocates_nothing() {
    let events = [
        by(runs("/opt/agent/x", Verdict::Added, Some(digest(7))), &["/opt/agent/x", "/bin/sh"]),
        by(changes(Action::Rename, b"/a/b1234/c", Some(b"/d/e"), &[]), &["/bin/sh", "/init"]),
        by(reaches("192.0.2.1:443"), &["/bin/sh"]),
        by(listens("0.0.0.0:81"), &["/bin/sh"]),
    ];
    let mut learner = Learner::new(LearnOptions { accept: true, ..LearnOptions::default() });
    for event in &events {
        learner.learn(event);
    }
    let (baseline, _) = learner.finish();
    let exceptions = one("lineage: [/init, /bin/sh], path: [/a/**, /d/*]");
    let allocations = allocation_counter::measure(|| {
        for event in &events {
            assert_eq!(baseline.check(event), Standing::Expected);
            std::hint::black_box(exceptions.take(event));
        }
    });
    assert_eq!(allocations.count_total, 0);
    assert_eq!(exceptions.uses().map(|(_, taken, _)| taken).sum::<u64>(), 1);
}

#[test]
fn what_is_wrong_with_exceptions_has_its_place() {
    let item = |keys: &str| format!("version: 1\nexceptions:\n  - reason: x\n{keys}");
    for (text, place, part) in [
        ("version: 1\nexceptions:\n  - path: /a\n", "3:5", "`reason` is missing"),
        ("version: 1\nexceptions:\n  - reason: \" \"\n    path: /a\n", "3:13", "say why"),
        (&item(""), "3:5", "it takes everything"),
        (&item("    path: []\n"), "4:5", "the list is empty"),
        (&item("    path: a\n"), "4:11", "begins with `/`"),
        (&item("    image: nginx\n"), "4:12", "no digest of an image"),
        (&item("    label: app\n"), "4:12", "no label"),
        (&item("    content: abc\n"), "4:14", "no digest"),
        (&item("    expires: soon\n"), "4:14", "neither a day"),
        (
            &item("    expires: 2262-04-12\n    path: /a\n"),
            "4:14",
            "is not from 1677 to April 2262",
        ),
        (&item("    expires: 9999-01-01T00:00:00Z\n    path: /a\n"), "4:14", "does not end"),
        (&item("    expires: 2027-02-31\n    path: /a\n"), "4:14", "neither a day"),
        (&item("    listen: [http]\n"), "4:14", "no port"),
        (&item("    connect: [x]\n"), "4:15", "no remote"),
        (&item("    packages: curl\n"), "4:5", "`packages` is not known"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.starts_with(&format!("e.yaml:{place}: ")), "{text}\n{error}");
        assert!(error.contains(part), "{text}\n{error}");
    }
}

#[test]
fn exceptions_are_written_as_they_are_read() {
    let text = format!(
        "version: 1
exceptions:
  - reason: \"the agent updates itself\"
    author: me@example.org
    expires: 2027-01-31T12:00:00.000000000Z
    image: [sha256:{}]
    label: [app=web]
    content: [sha256:{}]
    path: [/opt/agent/**, /x*]
    lineage: [/sbin/cron, /bin/sh]
    listen: [80/tcp]
    connect: [10.0.0.0/8:443/tcp]
    package: [\"lib*\"]
    configuration: [\"environment:LD_*\", \"declaration:pod:env.X\"]
",
        digest(1),
        digest(7)
    );
    assert_eq!(parse(&text).unwrap().to_string(), text);
    assert_eq!(Exceptions::default().to_string(), "version: 1\nexceptions: []\n");
}

fn suggested(targets: &[DriftEvent], others: &[DriftEvent]) -> Suggestions {
    let mut suggester = Suggester::new();
    for event in targets {
        suggester.see(event, true);
    }
    for event in others {
        suggester.see(event, false);
    }
    suggester.suggest()
}

fn keys(suggestion: &Suggestion) -> String {
    let text = suggestion.exception.to_string();
    let keys = text.lines().skip(2).map(str::trim);
    keys.collect::<Vec<_>>().join("; ")
}

#[test]
fn as_few_exceptions_as_possible_are_suggested_and_the_narrowest_of_equals() {
    let targets = [
        by(runs("/opt/agent/a", Verdict::Added, Some(digest(7))), &["/opt/agent/a", "/bin/sh"]),
        by(runs("/opt/agent/b", Verdict::Added, Some(digest(8))), &["/opt/agent/b", "/bin/bash"]),
        by(runs("/opt/agent/b", Verdict::Added, Some(digest(8))), &["/opt/agent/b", "/bin/bash"]),
        by(runs("/tmp/one", Verdict::Added, Some(digest(9))), &["/tmp/one", "/bin/ash"]),
    ];
    let others = [creates("/opt/agent/log/1"), creates("/opt/agent/log/2"), creates("/opt/other")];
    let suggestions = suggested(&targets, &others);
    let list: Vec<_> =
        suggestions.list.iter().map(|it| (keys(it), it.silences, it.others)).collect();
    assert_eq!(
        list,
        [
            ("path: [/opt/agent/**]".to_owned(), 3, 2),
            (format!("content: [sha256:{}]", digest(9)), 1, 0),
        ]
    );
    assert_eq!(suggestions.list[0].examples, ["changed files in /opt/agent/log (write)"]);
    assert_eq!((suggestions.not_covered, suggestions.left_out), (0, 0));
    assert!(suggestions.list.iter().all(|it| {
        it.exception.to_string().contains(&format!("image: [sha256:{}]", digest(1)))
    }));
    // What is suggested does silence it, once somebody says why.
    let text: String = suggestions.list.iter().map(|it| it.exception.to_string()).collect();
    assert!(parse(&format!("version: 1\nexceptions:\n{text}")).unwrap_err().contains("say why"));
    let text = text.replace("reason: \"\"", "reason: ours");
    let exceptions = parse(&format!("version: 1\nexceptions:\n{text}")).unwrap();
    assert!(targets.iter().all(|event| exceptions.take(event).is_some()));
    assert!(exceptions.take(&others[2]).is_none());
}

#[test]
fn a_package_is_named() {
    let suggestions = suggested(&[package(Action::Install, "dpkg", "curl")], &[]);
    assert_eq!(keys(&suggestions.list[0]), "package: [\"curl\"]");
}

#[test]
fn items_of_a_configuration_are_one_exception() {
    let configured = |item: &str| configured(Action::Environment, item, Some("1"));
    let mount = configured_mount();
    let suggestions = suggested(&[configured("A"), configured("B"), mount], &[configured("C")]);
    let expected = r#"configuration: ["environment:A", "environment:B", mount:/x]"#;
    assert_eq!(suggestions.list.iter().map(keys).collect::<Vec<_>>(), [expected]);
    assert_eq!((suggestions.list[0].silences, suggestions.list[0].others), (3, 0));
    // What would be a pattern is not suggested as one.
    let suggestions = suggested(&[configured("BASH_FUNC_[*")], &[]);
    assert!(suggestions.list.is_empty() && suggestions.not_covered == 1, "{suggestions:?}");
}

fn configured_mount() -> DriftEvent {
    configured(Action::Mount, "/x", None)
}

#[test]
fn what_several_images_do_alike_is_one_exception() {
    let of_image = |mut event: DriftEvent, image: u8| {
        let id = image.to_string();
        event.container = Some(Container { id, ..container(image) });
        event
    };
    let runs = |image, path: &str| {
        of_image(
            by(runs(path, Verdict::Added, None), &[path, &format!("/bin/sh{image}{path}")]),
            image,
        )
    };
    let item = |image| of_image(configured(Action::Environment, "A", Some("1")), image);
    let targets = [
        runs(1, "/opt/agent/a"),
        runs(2, "/opt/agent/b"),
        runs(3, "/opt/agent/a"),
        runs(3, "/srv/alone"),
        item(1),
        item(2),
    ];
    // The other image is not among them.
    let suggestions = suggested(&targets, &[runs(4, "/opt/agent/a")]);
    let list: Vec<_> = suggestions
        .list
        .iter()
        .map(|it| (it.exception.selectors.len(), keys(it), it.silences, it.others))
        .collect();
    assert_eq!(
        list,
        [
            (3, "path: [/opt/agent/**]".to_owned(), 3, 0),
            (2, "configuration: [\"environment:A\"]".to_owned(), 2, 0),
            (1, "path: [/srv/alone]".to_owned(), 1, 0),
        ]
    );
}

#[test]
fn one_program_that_does_many_things_is_one_exception() {
    let mut targets: Vec<_> = (0..20)
        .map(|it| by(creates(&format!("/srv/d{it}x/f")), &["/usr/bin/installer", "/bin/sh"]))
        .collect();
    targets.push(by(reaches("192.0.2.1:443"), &["/usr/bin/installer", "/bin/sh"]));
    let suggestions = suggested(&targets, &[]);
    assert_eq!(suggestions.list.len(), 1);
    assert_eq!(keys(&suggestions.list[0]), "lineage: [/usr/bin/installer]");
    assert_eq!(suggestions.list[0].silences, 21);
}

#[test]
fn what_nothing_can_silence_is_counted() {
    let memory = by(runs("memfd:x", Verdict::Memfd, None), &["memfd:x"]);
    let suggestions = suggested(&[memory.clone(), memory], &[]);
    assert!(suggestions.list.is_empty());
    assert_eq!(suggestions.not_covered, 2);
    let many: Vec<_> =
        (0..2001).map(|it| runs(&format!("/a/{it:x}y"), Verdict::Added, None)).collect();
    assert_eq!(suggested(&many, &[]).left_out, 1);
}
