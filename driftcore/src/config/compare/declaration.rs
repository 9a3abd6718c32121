//! The declaration itself: what Docker and runc keep, against the bundle that the container was started with. They
//! part when somebody edits a file, and at `docker update`.

use super::docker;
use super::runc;
use crate::config::declared::Declared;
use crate::config::item::Aspect;
use crate::config::item::Item;
use crate::event::Text;

pub(super) fn compare(declared: &Declared, items: &mut Vec<Item>) {
    if let Some(edited) = declared.edited {
        let item = Item::new(Aspect::Declaration, "config.json");
        items.push(
            item.declared(Some("as it was at the start"))
                .live(Some(format!("changed at {edited}")))
                .differs(true),
        );
    }
    docker::compare(declared, items);
    runc::compare(declared, items);
    rest(declared, items);
}

/// What Docker's files say otherwise than when they were read first, beside what the bundle tells already.
fn rest(declared: &Declared, items: &mut Vec<Item>) {
    let (Some(first), Some(docker)) = (&declared.first, &declared.docker) else { return };
    // A file that cannot be read says nothing else.
    if docker.host.is_none() {
        return;
    }
    let told: Vec<Text> = items
        .iter()
        .filter(|it| it.aspect == Aspect::Declaration && it.differs)
        .map(|it| it.name.clone())
        .collect();
    for (name, was, is) in first.differences(&docker.members) {
        let is_told = told.iter().any(|told| {
            let rest = told.as_bytes().strip_prefix(name.as_bytes());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"."))
        });
        if !is_told {
            let item = Item::new(Aspect::Declaration, name);
            items.push(item.declared(was.cloned()).live(is.cloned()).differs(true));
        }
    }
}

/// Items of one file, named by it and the member: what the bundle has, and what the file says now.
pub(super) struct Sides<'a> {
    pub(super) items: &'a mut Vec<Item>,
    pub(super) file: &'static str,
    /// Whether what agrees is told of, too.
    pub(super) tells_all: bool,
}

impl Sides<'_> {
    pub(super) fn push(&mut self, member: &str, bundle: impl Into<Text>, file: impl Into<Text>) {
        let (bundle, file) = (bundle.into(), file.into());
        let differs = bundle != file;
        if !differs && !self.tells_all {
            return;
        }
        let item = Item::new(Aspect::Declaration, format!("{}:{member}", self.file));
        self.items.push(item.declared(Some(bundle)).live(Some(file)).differs(differs));
    }

    pub(super) fn number(&mut self, member: &str, bundle: Option<i64>, file: i64) {
        // No limit has several names.
        let text = |number: i64| if number > 0 { number.to_string() } else { "none".to_owned() };
        self.push(member, text(bundle.unwrap_or(0)), text(file));
    }

    pub(super) fn flag(&mut self, member: &str, bundle: bool, file: bool) {
        self.push(member, bundle.to_string(), file.to_string());
    }

    /// Of two lists without order, each element that is in one of them.
    pub(super) fn list(&mut self, member: &str, bundle: &[String], file: &[String]) {
        let text =
            |list: &[String], it: &String| if list.contains(it) { "there" } else { "absent" };
        for it in bundle.iter().chain(file.iter().filter(|it| !bundle.contains(it))) {
            self.push(&format!("{member}.{it}"), text(bundle, it), text(file, it));
        }
    }
}
