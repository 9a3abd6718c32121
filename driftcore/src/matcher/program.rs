//! Thousands of rules as one program, and its run over an event.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use rustc_hash::FxHashMap;

use crate::fields::EventType;
use crate::fields::Fields;

use super::access;
use super::bucket::Bucket;
use super::check::Check;
use super::check::Finder;
use super::check::Input;
use super::check::Machine;
use super::code::Emitter;
use super::code::Op;
use super::condition::Condition;
use super::evaluate;
use super::info::ProgramInfo;
use super::limits::CompileError;
use super::limits::Limits;
use super::limits::within;
use super::nodes;
use super::nodes::NodeId;
use super::nodes::Nodes;
use super::regexes::RegexState;
use super::regexes::Regexes;
use super::scratch::Scratch;
use super::scratch::Sizes;
use super::tables::Tables;

/// A rule to compile. Its place in the slice is its [`RuleIndex`].
#[derive(Clone, Copy, Debug)]
pub struct Rule<'a> {
    /// When it matches.
    pub condition: &'a Condition,
    /// The only event types that it is for; `None` for all that its condition leaves.
    pub event_types: Option<&'a [EventType]>,
}

impl<'a> Rule<'a> {
    /// A rule for all event types that its condition leaves.
    pub const fn new(condition: &'a Condition) -> Self {
        Self { condition, event_types: None }
    }
}

/// A rule's place among those that were compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleIndex(u32);

impl RuleIndex {
    /// The index itself.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// How many rules may match one event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// The first in the order of definition.
    #[default]
    First,
    /// All, in the order of definition.
    All,
}

/// Rules, compiled: immutable, shared between threads, each with a [`Scratch`] of its own.
///
/// ```
/// use driftcore::fields::{EventType, FieldId, FieldRef, Fields, Value};
/// use driftcore::matcher::{Comparison, Condition, Constant, Limits, Operand};
/// use driftcore::matcher::{Policy, Program, Rule, Scratch, Test};
///
/// /// An event that has a process name and nothing else.
/// struct Exec<'a>(EventType, FieldId, &'a [u8]);
///
/// impl Fields for Exec<'_> {
///     fn event_type(&self) -> EventType {
///         self.0
///     }
///     fn get(&self, field: &FieldRef) -> Value<'_> {
///         if field.id == self.1 { Value::Text(self.2) } else { Value::Missing }
///     }
/// }
///
/// let name = FieldId::of("proc.name").unwrap();
/// let shells = [b"sh".as_slice(), b"bash"].map(|shell| Constant::Text(shell.into()));
/// let is_shell = Condition::Test(Test {
///     left: Operand::Field(FieldRef::new(name)),
///     comparison: Comparison::In(shells.to_vec()),
/// });
/// let program = Program::compile(&[Rule::new(&is_shell)], &Limits::default())?;
/// let mut scratch = Scratch::new(&program);
/// let execve = EventType::of("execve").unwrap();
/// let mut matched = Vec::new();
/// for command in ["ls", "bash"] {
///     let event = Exec(execve, name, command.as_bytes());
///     program.matches(&event, &mut scratch, Policy::First, |rule| matched.push((command, rule)));
/// }
/// assert_eq!(matched.len(), 1);
/// assert_eq!(matched[0].0, "bash");
/// # Ok::<(), driftcore::matcher::CompileError>(())
/// ```
pub struct Program {
    id: u64,
    pub(super) inputs: Vec<Input>,
    pub(super) machines: Vec<Machine>,
    pub(super) regexes: Vec<Regexes>,
    pub(super) checks: Vec<Check>,
    pub(super) code: Vec<Op>,
    pub(super) buckets: Vec<Bucket>,
    /// The bucket of each event type.
    pub(super) by_type: Vec<u32>,
    /// The needle or the paths of each atom.
    pub(super) literals: Vec<Box<[u8]>>,
    info: ProgramInfo,
}

/// Tells programs apart, for the scratches that were fitted to them.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

impl Program {
    /// Compiles the rules. Errs when a limit would be passed, or a regular expression is wrong.
    ///
    /// Tests of `evt.type` are decided here: an event's [`event_type`](Fields::event_type) and its
    /// field `evt.type` must agree.
    pub fn compile(rules: &[Rule<'_>], limits: &Limits) -> Result<Self, CompileError> {
        within("rules", rules.len(), limits.rules)?;
        let mut tables = Tables::new(*limits);
        let mut nodes = Nodes::new(*limits);
        let mut roots = Vec::with_capacity(rules.len());
        for rule in rules {
            roots.push(nodes.add(rule.condition, &mut tables, 1)?);
        }
        let kinds = decide_kinds(rules, &roots, &mut nodes, &tables, limits)?;

        let mut emitter = Emitter::new(&nodes, &tables.checks, limits);
        let mut finder = access::Finder::new(&nodes, &tables);
        let mut buckets = Vec::with_capacity(kinds.rules.len());
        let mut room = limits.index;
        for rules in &kinds.rules {
            buckets.push(Bucket::new(rules, &mut emitter, &mut finder, &mut room)?);
        }
        let code = emitter.code;
        drop(finder);
        let values = tables.value_ids as usize;
        let finished = tables.finish()?;
        let mut program = Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            inputs: finished.inputs,
            machines: finished.machines,
            regexes: finished.regexes,
            checks: finished.checks,
            code,
            buckets,
            by_type: kinds.by_type,
            literals: finished.literals,
            info: ProgramInfo::default(),
        };
        program.info = ProgramInfo::of(&program, rules.len(), values + program.literals.len());
        Ok(program)
    }

    /// Calls `on_match` for the rules that match the event, in the order of their definition, and
    /// says how many that were. Allocates nothing once the scratch has grown to what events need.
    pub fn matches<F: Fields + ?Sized>(
        &self,
        event: &F,
        scratch: &mut Scratch,
        policy: Policy,
        mut on_match: impl FnMut(RuleIndex),
    ) -> usize {
        let Some(bucket) = self.bucket(event.event_type()) else { return 0 };
        if bucket.rules.is_empty() {
            return 0;
        }
        scratch.begin(self);
        self.collect(bucket, event, scratch);
        let candidates = std::mem::take(&mut scratch.candidates);
        let mut found = candidates.iter().copied().peekable();
        let mut always = bucket.always.iter().copied().peekable();
        let mut count = 0;
        loop {
            // Both are in order, and no rule is in both.
            let next = match (found.peek(), always.peek()) {
                (Some(a), Some(b)) if a < b => found.next(),
                (_, Some(_)) => always.next(),
                _ => found.next(),
            };
            let Some(next) = next else { break };
            let Some(entry) = bucket.rules.get(next as usize) else { continue };
            if evaluate::condition(self, entry.code, event, scratch) {
                count += 1;
                on_match(RuleIndex(entry.rule));
                if policy == Policy::First {
                    break;
                }
            }
        }
        scratch.candidates = candidates;
        count
    }

    /// The rules that wait for what is in this event, sorted.
    fn collect<F: Fields + ?Sized>(&self, bucket: &Bucket, event: &F, scratch: &mut Scratch) {
        for &machine in &bucket.machines {
            let state = evaluate::run(self, machine, event, scratch);
            let range = state.start as usize..state.end as usize;
            let values = self.machines.get(machine as usize);
            let Scratch { elements, hits, candidates, rules, epoch, .. } = scratch;
            let mut add = |key: u64| {
                for &rule in bucket.waiting(key) {
                    if let Some(noted) = rules.get_mut(rule as usize)
                        && *noted != *epoch
                    {
                        *noted = *epoch;
                        candidates.push(rule);
                    }
                }
            };
            if values.is_some_and(|machine| matches!(machine.finder, Finder::Values(_))) {
                for element in elements.get(range).unwrap_or_default() {
                    if element.id != super::values::UNKNOWN {
                        add(access::value_key(element.id));
                    }
                }
            } else {
                for atom in hits.get(range).unwrap_or_default() {
                    add(access::atom_key(*atom));
                }
            }
        }
        if scratch.candidates.len() > 1 {
            scratch.candidates.sort_unstable();
        }
    }

    fn bucket(&self, event_type: EventType) -> Option<&Bucket> {
        self.buckets.get(*self.by_type.get(event_type.index())? as usize)
    }

    /// What the program reads and how large it is.
    pub const fn info(&self) -> &ProgramInfo {
        &self.info
    }

    /// Whether an event of this type could match at all.
    pub fn may_match(&self, event_type: EventType) -> bool {
        self.bucket(event_type).is_some_and(|bucket| !bucket.rules.is_empty())
    }

    pub(super) const fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn sizes(&self) -> Sizes {
        Sizes {
            machines: self.machines.len(),
            atoms: self.literals.len(),
            checks: self.checks.len(),
            rules: self.buckets.iter().map(|bucket| bucket.rules.len()).max().unwrap_or(0),
        }
    }

    pub(super) fn regex_states(&self) -> Vec<RegexState> {
        self.regexes.iter().map(Regexes::state).collect()
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("info", &self.info).finish_non_exhaustive()
    }
}

/// Event types for which the same rules are left.
struct Kinds {
    /// The rules of each kind, with what is left of their conditions.
    rules: Vec<Vec<(u32, NodeId)>>,
    by_type: Vec<u32>,
}

fn decide_kinds(
    rules: &[Rule<'_>],
    roots: &[NodeId],
    nodes: &mut Nodes,
    tables: &Tables<'_>,
    limits: &Limits,
) -> Result<Kinds, CompileError> {
    let mut restrictions: Vec<&[EventType]> = Vec::new();
    let mut restriction_ids: FxHashMap<&[EventType], usize> = FxHashMap::default();
    let restricted: Vec<Option<usize>> = rules
        .iter()
        .map(|rule| {
            let types = rule.event_types?;
            Some(*restriction_ids.entry(types).or_insert_with(|| {
                restrictions.push(types);
                restrictions.len() - 1
            }))
        })
        .collect();

    let mut kinds = Kinds { rules: Vec::new(), by_type: Vec::new() };
    // Types that no test tells apart, then types for which the same is left.
    let mut by_answers: FxHashMap<Vec<bool>, u32> = FxHashMap::default();
    let mut entries = 0;
    let mut by_rules: FxHashMap<Vec<(u32, NodeId)>, u32> = FxHashMap::default();
    for event_type in EventType::all() {
        let is = |set: &[bool]| set.get(event_type.index()).copied().unwrap_or(false);
        let mut answers: Vec<bool> = tables.type_sets.iter().map(|set| is(set)).collect();
        let sets = answers.len();
        answers.extend(restrictions.iter().map(|types| types.contains(&event_type)));
        if let Some(kind) = by_answers.get(&answers) {
            kinds.by_type.push(*kind);
            continue;
        }
        let mut known = FxHashMap::default();
        let mut left = Vec::new();
        for ((root, restriction), rule) in roots.iter().zip(&restricted).zip(0_u32..) {
            let applies = restriction.is_none_or(|at| answers.get(sets + at) == Some(&true));
            if applies {
                let node = nodes.decide(*root, &answers, &mut known);
                if node != nodes::FALSE {
                    left.push((rule, node));
                }
            }
        }
        nodes.check()?;
        entries += left.len();
        within("rules of all event types", entries, limits.index)?;
        let kind = *by_rules.entry(left).or_insert_with_key(|left| {
            kinds.rules.push(left.clone());
            kinds.rules.len() as u32 - 1
        });
        by_answers.insert(answers, kind);
        kinds.by_type.push(kind);
    }
    Ok(kinds)
}
