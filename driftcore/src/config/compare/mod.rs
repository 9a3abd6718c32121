//! What was declared, against what is: no file is looked at here.

mod capabilities;
mod declaration;
mod docker;
mod environment;
mod identity;
mod image;
mod limits;
mod mounts;
mod pod;
#[cfg(feature = "sensor")]
mod rights;
mod runc;
#[cfg(feature = "sensor")]
mod since;
mod sysctls;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

#[cfg(feature = "sensor")]
use procfs::process::Process;
#[cfg(feature = "sensor")]
pub(crate) use rights::Allowed;
#[cfg(feature = "sensor")]
pub(crate) use rights::ExecRights;
#[cfg(feature = "sensor")]
pub(crate) use rights::exceeding;
use rustc_hash::FxHashMap;
#[cfg(feature = "sensor")]
pub(crate) use since::Beginning;
#[cfg(feature = "sensor")]
pub(crate) use since::compare_since;

use super::declared::Declared;
use super::item::Aspect;
use super::item::Comparison;
use super::item::Holder;
use super::item::Item;
#[cfg(feature = "sensor")]
use super::live::Host;
use super::live::Live;
use super::live::ProcessFacts;
use crate::event::Text;

/// Compares what a container was declared to be with what it is. Pure; allocates what it returns.
///
/// Only more, or other, than was declared differs. What a declaration leaves open does not, nor do rights
/// that a process gave up.
pub fn compare(declared: &Declared, live: &Live) -> Comparison {
    let mut items = Vec::new();
    environment::compare(declared, live, &mut items);
    mounts::compare(declared, live, &mut items);
    capabilities::compare(declared, live, &mut items);
    identity::compare(declared, live, &mut items);
    limits::compare(declared, live, &mut items);
    sysctls::compare(declared, live, &mut items);
    declaration::compare(declared, &mut items);
    pod::compare(declared, live, &mut items);
    image::compare(declared, &mut items);
    let (mut problems, mut unsure) = (declared.problems.clone(), BTreeSet::new());
    // The image is read once: what it says is there from the start, or never.
    problems.extend(declared.image_problem.clone());
    for problem in &live.problems {
        problems.push(problem.text.clone());
        unsure.extend(problem.parts);
    }
    let parts =
        [(Aspect::Declaration, &declared.problems), (Aspect::Sysctl, &live.settings.problems)];
    unsure.extend(parts.iter().filter(|(_, problems)| !problems.is_empty()).map(|(part, _)| *part));
    let mut unsure_controllers = BTreeSet::new();
    for unread in &live.cgroup.problems {
        problems.push(unread.text.clone());
        unsure_controllers.extend(unread.controllers.iter().cloned());
        if unread.controllers.is_empty() {
            unsure.insert(Aspect::Limit);
        }
    }
    problems.extend(live.settings.problems.iter().cloned());
    Comparison { items, problems, unsure, unsure_controllers }
}

/// What differs in the environment of a process that somebody outside started in the container. `None` when it
/// is gone.
#[cfg(feature = "sensor")]
pub(crate) fn entered(declared: &Declared, host: &Host, process: &Process) -> Option<Vec<Item>> {
    let (name, variables) = super::live::entered(host, process)?;
    held(environment::of_process(declared, None, &variables), process, &name)
}

/// What the environment of a process that the container's own processes made brings that injects code. `first` tells
/// of the first process. `None` when it is gone.
#[cfg(feature = "sensor")]
pub(crate) fn executed(declared: &Declared, first: &Live, process: &Process) -> Option<Vec<Item>> {
    let (name, variables) = super::live::executed(process)?;
    let of_first = first.environment.as_ref();
    held(environment::of_process(declared, of_first, &variables), process, &name)
}

#[cfg(feature = "sensor")]
fn held(mut items: Vec<Item>, process: &Process, name: &Text) -> Option<Vec<Item>> {
    let pid = u32::try_from(process.pid()).ok()?;
    for item in &mut items {
        item.process = Some(Holder { pid, name: name.clone() });
    }
    Some(items)
}

/// Most differences of processes other than the first one that are told one by one, of each part, and most
/// mounts that nobody declared.
const TOLD: usize = 512;
/// What the rest of them is called.
const REST: &str = "(others)";

/// So many more that differ.
fn rest_of(aspect: Aspect, count: usize) -> Item {
    let live = format!("{count} more that differ");
    Item::new(aspect, REST).live(Some(live)).differs(true)
}

/// Gathers what differs in several processes: one item for all that have the same.
struct Alike<'a> {
    items: &'a mut Vec<Item>,
    known: FxHashMap<(Text, Option<Text>), usize>,
    left_out: usize,
}

impl<'a> Alike<'a> {
    fn new(items: &'a mut Vec<Item>) -> Self {
        Self { items, known: FxHashMap::default(), left_out: 0 }
    }

    fn add(&mut self, item: Item, process: &ProcessFacts) {
        self.add_of(item, process.pid, &process.status.name);
    }

    fn add_of(&mut self, mut item: Item, pid: u32, name: &Text) {
        let key = (item.name.clone(), item.live.clone());
        if let Some(known) = self.known.get(&key).and_then(|&index| self.items.get_mut(index)) {
            known.more += 1;
        } else if self.known.len() >= TOLD {
            self.left_out += 1;
        } else {
            self.known.insert(key, self.items.len());
            item.process = Some(Holder { pid, name: name.clone() });
            self.items.push(item);
        }
    }

    /// Tells how many were left out.
    fn finish(self, aspect: Aspect) {
        if self.left_out > 0 {
            self.items.push(rest_of(aspect, self.left_out));
        }
    }
}

/// Looks at every process. Of the first one all items are taken; of the others those that differ, and of
/// several that differ alike one, with how many more there are.
fn of_processes(
    live: &Live,
    items: &mut Vec<Item>,
    aspect: Aspect,
    compare: &dyn Fn(&ProcessFacts) -> Vec<Item>,
) {
    items.append(&mut compare(&live.first));
    let mut alike = Alike::new(items);
    for process in &live.others {
        for item in compare(process).into_iter().filter(|item| item.differs) {
            alike.add(item, process);
        }
    }
    alike.finish(aspect);
}
