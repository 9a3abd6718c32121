//! What Docker's files no longer say.

use super::*;

fn told(declared: &Declared, live: &Live) -> Vec<(String, String, String)> {
    let text = |text: &Option<Text>| text.as_ref().map(ToString::to_string).unwrap_or_default();
    let comparison = compare(declared, live);
    let items = comparison.items.iter().filter(|it| it.differs);
    items.map(|it| (it.name.to_string(), text(&it.declared), text(&it.live))).collect()
}

fn item(name: &str, bundle: &str, file: &str) -> (String, String, String) {
    (format!("hostconfig.json:{name}"), bundle.into(), file.into())
}

#[test]
fn capabilities_that_the_file_gives_no_longer_or_again_differ() {
    let (mut declared, live) = pair();
    // The container has these two alone.
    host(&mut declared).cap_drop = vec!["NET_RAW".into()];
    let found = told(&declared, &live);
    assert_eq!(found.len(), 11, "{found:?}");
    assert!(found.contains(&item("CapDrop.SETUID", "dropped", "not dropped")), "{found:?}");
    assert!(!found.iter().any(|(name, ..)| name.ends_with("NET_RAW")), "{found:?}");

    let (mut declared, live) = pair();
    let sets = declared.bundle.process.capabilities.as_mut().unwrap();
    sets.bounding.push("CAP_SYS_ADMIN".into());
    host(&mut declared).cap_add.push("CAP_SYS_ADMIN".into());
    assert_eq!(told(&declared, &live), []);
    host(&mut declared).cap_add.pop();
    assert_eq!(
        told(&declared, &live),
        [
            item("CapDrop.ALL", "not dropped", "dropped"),
            item("CapAdd.SYS_ADMIN", "added", "not added"),
        ]
    );
    // Of a privileged one all are given, whatever else is said.
    host(&mut declared).cap_drop.clear();
    host(&mut declared).privileged = true;
    assert_eq!(told(&declared, &live), []);
}
