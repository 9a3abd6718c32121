//! What is known about a program before it runs.

use std::collections::BTreeSet;

use crate::fields::EventType;
use crate::fields::FieldRef;

use super::check::Check;
use super::condition::Operand;
use super::program::Program;

/// What a program reads and how large it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProgramInfo {
    /// Rules that were compiled.
    pub rules: usize,
    /// Fields that a test may ask for, sorted.
    pub fields_read: Vec<FieldRef>,
    /// Event types that at least one rule may match.
    pub event_types: Vec<EventType>,
    /// Whether a regular expression may be run.
    pub has_regex: bool,
    /// Different tests, those of the event's type apart.
    pub tests: usize,
    /// Different constants, needles and paths.
    pub atoms: usize,
    /// Steps of code.
    pub steps: usize,
    /// Groups of event types for which different rules are left.
    pub buckets: usize,
    /// Rules that some events have to look at whatever their values: the largest number of them
    /// in one bucket.
    pub always_asked: usize,
}

impl ProgramInfo {
    pub(super) fn of(program: &Program, rules: usize, atoms: usize) -> Self {
        let mut fields = BTreeSet::new();
        for input in &program.inputs {
            read(&input.operand, &mut fields);
        }
        for check in &program.checks {
            if let Check::With { right, .. } = check {
                read(right, &mut fields);
            }
        }
        Self {
            rules,
            fields_read: fields.into_iter().collect(),
            event_types: EventType::all().filter(|of| program.may_match(*of)).collect(),
            has_regex: !program.regexes.is_empty(),
            tests: program.checks.len(),
            atoms,
            steps: program.code.len(),
            buckets: program.buckets.len(),
            always_asked: program.buckets.iter().map(|b| b.always.len()).max().unwrap_or(0),
        }
    }
}

fn read(operand: &Operand, fields: &mut BTreeSet<FieldRef>) {
    match operand {
        Operand::Field(field) => {
            fields.insert(field.clone());
        }
        Operand::List(inner) | Operand::Transformed { arguments: inner, .. } => {
            inner.iter().for_each(|inner| read(inner, fields));
        }
        Operand::Text(_) | Operand::Number(_) => {}
    }
}
