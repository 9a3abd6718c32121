//! The environments of the first process, and of others.

use super::Alike;
use super::rest_of;
use crate::config::declared::Declared;
use crate::config::declared::Environment;
use crate::config::item::Aspect;
use crate::config::item::Item;
use crate::config::live::Live;
use crate::config::live::Variables;
use crate::config::secret;
use crate::event::ConfigMark;
use crate::event::Text;

/// Variables that nobody declares: shells keep them for themselves, and runtimes set the home directory.
const OWN: [&[u8]; 5] = [b"HOME", b"OLDPWD", b"PWD", b"SHLVL", b"_"];
/// What runtimes add for whoever enters with a terminal.
const TERMINAL: &[u8] = b"TERM";
/// Search paths and options that ordinary programs set for their children: `git`, `npm`, `bundle`, logins.
/// They count where they lead to a place in which anybody may leave a file.
const ORDINARY: [&[u8]; 7] =
    [b"CLASSPATH", b"GIT_EXEC_PATH", b"LOCPATH", b"NODE_PATH", b"PATH", b"RUBYLIB", b"RUBYOPT"];
/// Such places.
const OPEN: [&[u8]; 5] = [b"/dev/shm", b"/proc/", b"/run", b"/tmp", b"/var/tmp"];
/// Most variables of one process that are told one by one, of those that inject code by how their names
/// begin, and of those that inject none.
const TOLD: usize = 32;

pub(super) fn compare(declared: &Declared, live: &Live, items: &mut Vec<Item>) {
    of_first(declared, live, items);
    let mut alike = Alike::new(items);
    for process in &live.others {
        for item in of_process(declared, live.environment.as_ref(), &process.environment) {
            alike.add(item, process);
        }
    }
    alike.finish(Aspect::Environment);
}

fn of_first(declared: &Declared, live: &Live, items: &mut Vec<Item>) {
    let Some(environment) = &live.environment else { return };
    let wanted = &declared.bundle.process.env;
    let undeclared = environment.keys().filter(|name| !wanted.contains_key(*name));
    for name in wanted.keys().chain(undeclared) {
        let (was, is) = (wanted.get(name), environment.get(name));
        let differs = was != is && !OWN.contains(&name.as_bytes());
        let item = item(name, was, is);
        items.push(if differs { item } else { Item { differs, mark: None, ..item } });
    }
}

/// One that differs.
fn item(name: &Text, was: Option<&Text>, is: Option<&Text>) -> Item {
    let mut item = Item::new(Aspect::Environment, name.clone())
        .declared(was.cloned())
        .live(is.cloned())
        .differs(true);
    if is.is_some() && secret::is_injecting(name.as_bytes()) {
        item.mark = Some(ConfigMark::CodeInjection);
    }
    item
}

/// What differs in another process than the first one. Of one that the container's own processes made, what
/// injects code alone counts: scripts give their children all kinds of variables.
pub(super) fn of_process(
    declared: &Declared,
    first: Option<&Environment>,
    variables: &Variables,
) -> Vec<Item> {
    let wanted = &declared.bundle.process.env;
    let (environment, entered, left_out) = match variables {
        Variables::Unknown => return Vec::new(),
        Variables::Injecting(environment, left_out) => (environment, false, *left_out),
        Variables::All(environment) => (environment, true, 0),
    };
    let mut items = Vec::new();
    let (mut unnamed, mut others) = (Vec::new(), Vec::new());
    for (name, is) in environment {
        let was = wanted.get(name);
        // What the first one has its children have from it.
        let inherited = || !entered && first.and_then(|first| first.get(name)) == Some(is);
        if was == Some(is) || inherited() {
            continue;
        }
        let bytes = name.as_bytes();
        if secret::is_injecting(bytes) && !secret::is_injecting_by_name(bytes) {
            unnamed.push(item(name, was, Some(is)));
        } else if secret::is_injecting(bytes) {
            if entered || !ORDINARY.contains(&bytes) || leads_to_open(is) {
                items.push(item(name, was, Some(is)));
            }
        } else if entered && !OWN.contains(&bytes) && (bytes != TERMINAL || was.is_some()) {
            others.push(item(name, was, Some(is)));
        }
    }
    if entered {
        let gone = wanted.iter().filter(|(name, _)| !environment.contains_key(*name));
        let gone = gone.filter(|(name, _)| !OWN.contains(&name.as_bytes()));
        others.extend(gone.map(|(name, was)| item(name, Some(was), None)));
    }
    let injecting = left_out + unnamed.len().saturating_sub(TOLD);
    let rest = injecting + others.len().saturating_sub(TOLD);
    unnamed.truncate(TOLD);
    others.truncate(TOLD);
    items.append(&mut unnamed);
    items.append(&mut others);
    if rest > 0 {
        let mark = (injecting > 0).then_some(ConfigMark::CodeInjection);
        items.push(Item { mark, ..rest_of(Aspect::Environment, rest) });
    }
    items
}

/// Whether a search path, or an option, leads to where anybody may leave a file, or to wherever the process
/// happens to work. What is too long to be shown is taken to.
fn leads_to_open(value: &Text) -> bool {
    let bytes = value.as_bytes();
    let holds = |place: &[u8]| bytes.windows(place.len()).any(|part| part == place);
    let is_relative = |part: &[u8]| part.is_empty() || part.starts_with(b".");
    bytes.starts_with(b"sha256:")
        || OPEN.iter().any(|place| holds(place))
        || bytes.split(|&byte| byte == b':').any(is_relative)
}
