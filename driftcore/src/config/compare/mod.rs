//! What was declared, against what is: no file is looked at here.

mod capabilities;
mod declaration;
mod environment;
mod identity;
mod image;
mod limits;
mod mounts;
mod pod;
mod sysctls;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

#[cfg(feature = "sensor")]
use procfs::process::Process;

use super::declared::Declared;
use super::item::Aspect;
use super::item::Comparison;
use super::item::Holder;
use super::item::Item;
#[cfg(feature = "sensor")]
use super::live::Host;
use super::live::Live;
use super::live::ProcessFacts;

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
    let parts = [
        (Aspect::Declaration, &declared.problems),
        (Aspect::Limit, &live.cgroup.problems),
        (Aspect::Sysctl, &live.settings.problems),
    ];
    unsure.extend(parts.iter().filter(|(_, problems)| !problems.is_empty()).map(|(part, _)| *part));
    problems.extend(live.cgroup.problems.iter().chain(&live.settings.problems).cloned());
    Comparison { items, problems, unsure }
}

/// What differs in the environment of a process that somebody outside started in the container. `None` when it
/// is gone.
#[cfg(feature = "sensor")]
pub(crate) fn entered(declared: &Declared, host: &Host, process: &Process) -> Option<Vec<Item>> {
    let (name, variables) = super::live::entered(host, process)?;
    let pid = u32::try_from(process.pid()).ok()?;
    let mut items = environment::of_process(declared, None, &variables);
    for item in &mut items {
        item.process = Some(Holder { pid, name: name.clone() });
    }
    Some(items)
}

/// Looks at every process. Of the first one all items are taken; of the others those that differ, and of
/// several that differ alike one, with how many more there are.
fn of_processes(live: &Live, items: &mut Vec<Item>, compare: &dyn Fn(&ProcessFacts) -> Vec<Item>) {
    items.append(&mut compare(&live.first));
    let start = items.len();
    for process in &live.others {
        for mut item in compare(process).into_iter().filter(|item| item.differs) {
            let alike = |other: &&mut Item| other.name == item.name && other.live == item.live;
            if let Some(known) = items[start..].iter_mut().find(alike) {
                known.more += 1;
                continue;
            }
            let name = process.status.name.clone();
            item.process = Some(Holder { pid: process.pid, name });
            items.push(item);
        }
    }
}
