//! However much a container makes of what differs, what is told of it has an end, and the rest is counted.

use super::*;

fn of(items: &[Item], aspect: Aspect) -> Vec<&Item> {
    items.iter().filter(|it| it.aspect == aspect && it.differs).collect()
}

#[test]
fn variables_of_many_processes_are_counted() {
    let (declared, mut live) = pair();
    live.others = (0..2000).map(|index| process(200 + index)).collect();
    for (index, other) in live.others.iter_mut().enumerate() {
        let one = (Text::from("LD_PRELOAD"), Text::from(format!("/tmp/{}", index / 2).as_str()));
        other.environment = Variables::Injecting([one].into(), 0);
    }
    let comparison = compare(&declared, &live);
    let found = of(&comparison.items, Aspect::Environment);
    assert_eq!(found.len(), 513);
    assert!(found[..512].iter().all(|it| it.more == 1 && it.name == Text::from("LD_PRELOAD")));
    assert_eq!(found[512].name, Text::from("(others)"));
    assert_eq!(found[512].live, Some("976 more that differ".into()));
}

#[test]
fn variables_that_were_left_out_are_counted_as_what_they_are() {
    let (declared, mut live) = pair();
    live.others[0].environment = Variables::Injecting(Environment::new(), 7);
    let comparison = compare(&declared, &live);
    let found = of(&comparison.items, Aspect::Environment);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].live, Some("7 more that differ".into()));
    assert_eq!(found[0].mark, Some(ConfigMark::CodeInjection));
}

#[test]
fn mounts_that_nobody_declared_are_counted() {
    let (declared, mut live) = pair();
    for index in 0..30_000 {
        let point = format!("/many/{index}");
        live.mounts.live.push(mount(&point, "tmpfs", origin(99, "/"), &[]));
    }
    let comparison = compare(&declared, &live);
    let found = of(&comparison.items, Aspect::Mount);
    assert_eq!(found.len(), 513);
    assert_eq!(found[512].name, Text::from("(others)"));
    assert_eq!(found[512].live, Some("29488 more that differ".into()));
}
