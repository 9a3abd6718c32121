//! The fewest exceptions that would have silenced what was seen.

use std::collections::BTreeMap;

use super::conduct::Conduct;
use super::exception::Exception;
use super::exception::ItemPattern;
use super::exception::PathPattern;
use super::origin::Origin;
use super::path::Component;
use super::path::Pattern;
use super::path::parent;
use super::ports::Ports;
use super::ports::Span;
use super::remotes::Remotes;
use super::selector::Selector;
use super::subject::Subject;
use crate::event::DriftEvent;

/// The most different events that are to be silenced.
const TARGETS_MAX: usize = 2000;
/// The most different other events.
const OTHERS_MAX: usize = 20_000;
/// The most other events that a suggestion names.
const NAMED_MAX: usize = 5;

/// Takes in events and suggests exceptions.
///
/// Candidates are made from each event that is to be silenced: the content that ran, its path, its
/// directory, the port or remote, the package, the item of the configuration, the program that did it, each for the
/// image of its container. Those that differ in the image alone are one for all of these images besides, and the items
/// of an image's configuration are one for all of these. Of them the one that takes most of what is left is taken, until nothing is (the greedy cover: the fewest are found
/// but for a factor that grows with the logarithm of the number of events).
#[derive(Debug, Default)]
pub struct Suggester {
    targets: BTreeMap<String, Seen>,
    others: BTreeMap<String, Seen>,
    left_out: u64,
}

/// Events that differ in nothing that an exception asks for.
#[derive(Debug)]
struct Seen {
    event: DriftEvent,
    what: String,
    count: u64,
}

/// An exception that would have silenced something. Its reason is for a human to give.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Suggestion {
    /// The exception; its reason is empty, so a document with it is refused until one is given.
    pub exception: Exception,
    /// How many of the events that were to be silenced it takes.
    pub silences: u64,
    /// How many other events it would take.
    pub others: u64,
    /// What the first different ones of those are, five at most.
    pub examples: Vec<String>,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Suggestions {
    /// In the order in which they were found: what takes most comes first.
    pub list: Vec<Suggestion>,
    /// How many events no exception can silence.
    pub not_covered: u64,
    /// How many events found no room: more different ones than are compared.
    pub left_out: u64,
}

struct Candidate {
    exception: Exception,
    /// Of two that take as many the lower one is narrower: by what it asks for, and of how many things.
    rank: (u32, usize),
    /// Which targets it takes.
    takes: Vec<usize>,
}

impl Suggester {
    /// One that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in an event: one that is to be silenced, or another.
    pub fn see(&mut self, event: &DriftEvent, to_be_silenced: bool) {
        let Some(subject) = Subject::of(event) else { return };
        let what = subject.deed.to_string();
        let mut key = format!("{}\n{what}", subject.container.id);
        subject.lineage.visit(&mut |exe| {
            key.push('\n');
            key.push_str(&String::from_utf8_lossy(exe));
            true
        });
        if let Some(path) = subject.path {
            key.push('\n');
            key.push_str(&String::from_utf8_lossy(path));
        }
        let (seen, most) = if to_be_silenced {
            (&mut self.targets, TARGETS_MAX)
        } else {
            (&mut self.others, OTHERS_MAX)
        };
        if let Some(seen) = seen.get_mut(&key) {
            seen.count += 1;
        } else if seen.len() < most {
            seen.insert(key, Seen { event: event.clone(), what, count: 1 });
        } else {
            self.left_out += 1;
        }
    }

    /// The exceptions.
    pub fn suggest(&self) -> Suggestions {
        let targets: Vec<&Seen> = self.targets.values().collect();
        let candidates = candidates(&targets);
        let mut is_left = vec![true; targets.len()];
        let mut suggestions = Suggestions { left_out: self.left_out, ..Suggestions::default() };
        loop {
            let gain = |candidate: &Candidate| {
                candidate.takes.iter().filter(|&&index| is_left.get(index) == Some(&true)).count()
            };
            let best = candidates.iter().map(|it| (gain(it), it)).max_by(
                |(gain, one), (other_gain, other)| {
                    gain.cmp(other_gain).then(other.rank.cmp(&one.rank))
                },
            );
            let Some((1.., best)) = best else { break };
            let mut silences = 0;
            for &index in &best.takes {
                if let (Some(left), Some(seen)) = (is_left.get_mut(index), targets.get(index))
                    && std::mem::replace(left, false)
                {
                    silences += seen.count;
                }
            }
            suggestions.list.push(self.suggestion(best.exception.clone(), silences));
        }
        let left = targets.iter().zip(&is_left).filter(|(_, left)| **left);
        suggestions.not_covered = left.map(|(seen, _)| seen.count).sum();
        suggestions
    }

    fn suggestion(&self, exception: Exception, silences: u64) -> Suggestion {
        let mut suggestion = Suggestion { exception, silences, others: 0, examples: Vec::new() };
        for seen in self.others.values() {
            if Subject::of(&seen.event).is_some_and(|it| suggestion.exception.takes(&it)) {
                suggestion.others += seen.count;
                if suggestion.examples.len() < NAMED_MAX
                    && !suggestion.examples.contains(&seen.what)
                {
                    suggestion.examples.push(seen.what.clone());
                }
            }
        }
        suggestion
    }
}

/// All candidates, each once, with what they take.
fn candidates(targets: &[&Seen]) -> Vec<Candidate> {
    let mut candidates: BTreeMap<String, Candidate> = BTreeMap::new();
    for seen in targets {
        let Some(subject) = Subject::of(&seen.event) else { continue };
        for (rank, exception) in (0..).zip(of(&subject)) {
            let Some(exception) = exception else { continue };
            let candidate = Candidate { exception, rank: (rank, 1), takes: Vec::new() };
            candidates.entry(candidate.exception.to_string()).or_insert(candidate);
        }
    }
    add_merged(&mut candidates, |it| &mut it.configuration);
    add_merged(&mut candidates, |it| &mut it.selectors);
    let subjects: Vec<_> = targets.iter().map(|seen| Subject::of(&seen.event)).collect();
    let mut candidates: Vec<_> = candidates.into_values().collect();
    for candidate in &mut candidates {
        let takes = |subject: &Option<Subject<'_>>| {
            subject.as_ref().is_some_and(|it| candidate.exception.takes(it))
        };
        let taken = subjects.iter().enumerate().filter(|(_, subject)| takes(subject));
        candidate.takes = taken.map(|(index, _)| index).collect();
    }
    candidates
}

/// Adds one for each group of candidates that differ in that list alone, which takes what any of them does.
fn add_merged<T: Clone + Ord>(
    candidates: &mut BTreeMap<String, Candidate>,
    list: impl Fn(&mut Exception) -> &mut Vec<T>,
) {
    let mut groups: BTreeMap<String, Candidate> = BTreeMap::new();
    for candidate in candidates.values() {
        let mut exception = candidate.exception.clone();
        let own = std::mem::take(list(&mut exception));
        if own.is_empty() {
            continue;
        }
        let rank = (candidate.rank.0, 0);
        let group = groups.entry(exception.to_string()).or_insert_with(|| Candidate {
            exception,
            rank,
            takes: Vec::new(),
        });
        let all = list(&mut group.exception);
        all.extend(own);
        all.sort();
        all.dedup();
        group.rank.1 += candidate.rank.1;
    }
    for candidate in groups.into_values() {
        candidates.entry(candidate.exception.to_string()).or_insert(candidate);
    }
}

/// The exceptions that would take this, the narrowest first.
fn of(subject: &Subject<'_>) -> [Option<Exception>; 4] {
    let mut base = Exception::default();
    base.selectors.extend(Selector::image_of(subject.container));
    let exact = match subject.deed {
        Conduct::Runs { origin: Some(Origin::Content(content)), .. } => {
            Some(Exception { contents: vec![content], ..base.clone() })
        }
        Conduct::Waits { transport, port, chosen } => {
            let mut ports = Ports::default();
            if chosen {
                ports.insert_chosen(transport);
            } else {
                ports.insert(transport, Span::one(port));
            }
            Some(Exception { listens: Some(ports), ..base.clone() })
        }
        Conduct::Reaches { transport, remote } => {
            let mut remotes = Remotes::default();
            remotes.insert(transport, remote);
            Some(Exception { connects: Some(remotes), ..base.clone() })
        }
        Conduct::Package { name, .. } => {
            let name =
                std::str::from_utf8(name).ok().filter(|it| !it.contains(['*', '?', '[', '\\']));
            name.map(|name| Exception { packages: vec![name.to_owned()], ..base.clone() })
        }
        Conduct::Configuration { part, item, .. } => {
            let item = std::str::from_utf8(item).ok();
            let item = item.filter(|it| !it.is_empty() && !it.contains(['*', '?', '[', '\\']));
            let pattern = |item: &str| ItemPattern { part: part.to_owned(), item: item.to_owned() };
            item.map(|item| Exception { configuration: vec![pattern(item)], ..base.clone() })
        }
        _ => None,
    };
    let with_paths = |pattern: fn(&[u8]) -> Option<PathPattern>| {
        let mut paths = vec![pattern(subject.path.filter(|_| !subject.is_nameless())?)?];
        if let Some(old_path) = subject.old_path {
            paths.push(pattern(old_path)?);
        }
        paths.dedup();
        Some(Exception { paths, ..base.clone() })
    };
    // The program that did it; of code that runs, the one that ran it.
    let mut programs = Vec::new();
    subject.lineage.visit(&mut |exe| {
        programs.push(exe.to_vec());
        programs.len() < 2
    });
    let is_run = matches!(subject.deed, Conduct::Runs { .. });
    let program = programs.get(usize::from(is_run)).and_then(|exe| Pattern::generalised(exe));
    let by_program =
        program.map(|program| Exception { lineage: vec![program.into()], ..base.clone() });
    [exact, with_paths(whole), with_paths(around), by_program]
}

fn whole(path: &[u8]) -> Option<PathPattern> {
    Pattern::generalised(path).map(Into::into)
}

/// All that is in the directory; below it too, unless it is one of the root's.
fn around(path: &[u8]) -> Option<PathPattern> {
    let mut pattern = Pattern::generalised(parent(path)?)?;
    match pattern.components.len() {
        0 => return None,
        1 => pattern.components.push(Component::any()),
        _ => pattern.below = true,
    }
    Some(pattern.into())
}
