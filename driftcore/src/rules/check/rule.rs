//! A whole rule: its condition, its output, and what both need of the sensor.

use super::Asked;
use super::checker::check_condition;
use super::event_types::event_types;
use super::host::only_on_host;
use crate::fields::EventTypes;
use crate::fields::FieldRef;
use crate::matcher::Comparison;
use crate::matcher::Condition;
use crate::matcher::Format;
use crate::matcher::Operand;
use crate::matcher::Test;
use crate::rules::Definition;
use crate::rules::Diagnostic;
use crate::rules::MappedText;
use crate::rules::Severity;
use crate::rules::append_suggested;
use crate::rules::ast::Expr;
use crate::rules::compile_output;

/// What `skip-if-unknown-filter` forgives.
const UNKNOWN: [&str; 4] =
    ["unknown-field", "unknown-event-type", "unknown-event-argument", "unknown-output-field"];

/// A rule whose types are settled.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedRule {
    /// Its condition.
    pub condition: Condition,
    /// The events for which the condition may be true.
    pub event_types: EventTypes,
    /// What it prints.
    pub output: Format,
    /// Fields of the condition, sorted, each once.
    pub condition_fields: Vec<FieldRef>,
}

impl CheckedRule {
    /// Fields of condition and output that the running sensor cannot fill, sorted, each once.
    pub fn missing_fields(&self) -> Vec<&FieldRef> {
        let output = self.output.fields().map(|(_, field)| field);
        let mut missing: Vec<_> = self
            .condition_fields
            .iter()
            .chain(output)
            .filter(|field| !field.id.field().availability.is_available())
            .collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Those of them that the condition tests: without a value every test of one is false.
    pub fn missing_condition_fields(&self) -> impl Iterator<Item = &FieldRef> {
        let available = |field: &FieldRef| field.id.field().availability.is_available();
        self.condition_fields.iter().filter(move |field| !available(field))
    }

    /// Event types of the condition that a running engine does not give. Of a condition that may
    /// be true for events of every type: none.
    pub fn missing_event_types(&self) -> EventTypes {
        if self.event_types == EventTypes::ALL {
            return EventTypes::EMPTY;
        }
        self.event_types.intersection(EventTypes::TOLD.complement())
    }

    /// What it asks the sensor for.
    pub fn asked(&self) -> Asked {
        Asked::by(&self.condition)
    }

    /// Whether it asks for what happens on the host (`not container`), which the sensor does not
    /// see.
    pub fn only_on_host(&self) -> bool {
        only_on_host(&self.condition)
    }

    /// Whether an event of a running engine can make it fire, as far as event types say.
    pub fn can_fire(&self) -> bool {
        !self.event_types.intersection(EventTypes::TOLD).is_empty()
    }
}

/// What became of a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is sound.
    Checked(Box<CheckedRule>),
    /// It uses what is not known and asked to be left out then; a warning says so.
    Skipped,
    /// It is for another source than `syscall`.
    NotApplicable,
    /// It has errors.
    Failed,
}

/// Checks a rule. Diagnostics of condition and output are all appended. `suggested` appends the
/// suggested fields to the output.
pub fn check_rule(
    definition: &Definition,
    suggested: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Outcome {
    if definition.source != "syscall" {
        return Outcome::NotApplicable;
    }
    let before = diagnostics.len();
    let condition = check_condition(&definition.condition, diagnostics);
    let output = compile_output(&definition.output, diagnostics);
    match (condition, output) {
        (Some(condition), Some(output)) => {
            let output = if suggested { append_suggested(&output) } else { output };
            let event_types = event_types(&condition);
            let condition_fields = fields(&condition);
            let rule = CheckedRule { condition, event_types, output, condition_fields };
            Outcome::Checked(Box::new(rule))
        }
        _ if definition.skip_if_unknown_filter => skip(definition, before, diagnostics),
        _ => Outcome::Failed,
    }
}

/// What is wrong with parts of a rule that has an error elsewhere. Unknown names are no errors of a
/// `forgiving` rule.
pub(in crate::rules) fn check_parts(
    condition: Option<&Expr>,
    output: Option<&MappedText>,
    forgiving: bool,
) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    if let Some(condition) = condition {
        check_condition(condition, &mut diagnostics);
    }
    if let Some(output) = output {
        compile_output(output, &mut diagnostics);
    }
    diagnostics.retain(|diagnostic| {
        diagnostic.severity == Severity::Error && !(forgiving && UNKNOWN.contains(&diagnostic.code))
    });
    diagnostics
}

/// Turns the errors of a rule into one warning, when all of them are forgiven.
fn skip(definition: &Definition, before: usize, diagnostics: &mut Vec<Diagnostic>) -> Outcome {
    let errors: Vec<&Diagnostic> = diagnostics
        .iter()
        .skip(before)
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .collect();
    let Some(first) = errors.first() else { return Outcome::Failed };
    if errors.iter().any(|error| !UNKNOWN.contains(&error.code)) {
        return Outcome::Failed;
    }
    let warning = Diagnostic::warning(
        "skipped-rule",
        format!("rule `{}` is left out: {}", definition.name.text, first.message),
        first.primary.0,
    )
    .also(definition.name.span, "this rule has `skip-if-unknown-filter`");
    diagnostics.truncate(before);
    diagnostics.push(warning);
    Outcome::Skipped
}

/// All fields of a condition, sorted, each once.
fn fields(condition: &Condition) -> Vec<FieldRef> {
    fn of_condition(condition: &Condition, fields: &mut Vec<FieldRef>) {
        match condition {
            Condition::All(parts) | Condition::Any(parts) | Condition::One(parts) => {
                for part in parts {
                    of_condition(part, fields);
                }
            }
            Condition::Not(part) => of_condition(part, fields),
            Condition::Test(Test { left, comparison }) => {
                of_operand(left, fields);
                if let Comparison::With(_, right) = comparison {
                    of_operand(right, fields);
                }
            }
        }
    }

    fn of_operand(operand: &Operand, fields: &mut Vec<FieldRef>) {
        match operand {
            Operand::Field(field) => fields.push(field.clone()),
            Operand::Text(_) | Operand::Number(_) => {}
            Operand::List(operands) | Operand::Transformed { arguments: operands, .. } => {
                for operand in operands {
                    of_operand(operand, fields);
                }
            }
        }
    }

    let mut fields = Vec::new();
    of_condition(condition, &mut fields);
    fields.sort_unstable();
    fields.dedup();
    fields
}
