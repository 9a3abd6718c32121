//! Asks tests of an event: machines run when first needed, results are kept.

use crate::fields::Fields;
use crate::fields::Multiplicity;
use crate::fields::Value;

use super::check::Check;
use super::check::Finder;
use super::check::Input;
use super::check::Quantifier;
use super::code::ACCEPT;
use super::compare;
use super::condition::Operand;
use super::glob;
use super::operand;
use super::operand::Buffers;
use super::program::Program;
use super::scratch::Element;
use super::scratch::MachineState;
use super::scratch::Scratch;
use super::scratch::Shape;
use super::values::Kind;

/// Whether the condition whose code begins here is true.
pub(super) fn condition<F: Fields + ?Sized>(
    program: &Program,
    entry: u32,
    event: &F,
    scratch: &mut Scratch,
) -> bool {
    let mut at = entry;
    // The two ends lie beyond the code.
    while let Some(op) = program.code.get(at as usize) {
        at = if check(program, op.check, event, scratch) { op.on_true } else { op.on_false };
    }
    at == ACCEPT
}

fn check<F: Fields + ?Sized>(
    program: &Program,
    index: u32,
    event: &F,
    scratch: &mut Scratch,
) -> bool {
    let Some(check) = program.checks.get(index as usize) else { return false };
    match check {
        Check::Equal { machine, id, quantifier } => {
            let found = elements(program, *machine, event, scratch);
            found.join(*quantifier, |element| Some(element.id == *id))
        }
        Check::NotEqual { machine, id, kind, quantifier } => {
            let found = elements(program, *machine, event, scratch);
            found.join(*quantifier, |element| (element.kind == *kind).then_some(element.id != *id))
        }
        Check::Among { machine, ids, quantifier } => {
            let found = elements(program, *machine, event, scratch);
            found.join(*quantifier, |element| Some(among(ids, element.id)))
        }
        Check::Found { machine, atom } => {
            run(program, *machine, event, scratch);
            scratch.atoms.get(*atom as usize) == Some(&scratch.epoch)
        }
        Check::Exists { input } => {
            let Some(input) = program.inputs.get(*input as usize) else { return false };
            with_value(input, event, &mut scratch.buffers, |value| value.exists())
        }
        Check::Regex { set, pattern } => regex(program, *set, *pattern, event, scratch),
        Check::Networks { .. } | Check::Order { .. } | Check::Glob { .. } | Check::With { .. } => {
            let kept = scratch.checks.get(index as usize).copied().unwrap_or(0);
            if kept >> 1 == scratch.epoch {
                return kept & 1 == 1;
            }
            let result = compared(program, check, event, scratch);
            if let Some(kept) = scratch.checks.get_mut(index as usize) {
                *kept = scratch.epoch << 1 | u32::from(result);
            }
            result
        }
    }
}

/// The tests whose results are kept.
fn compared<F: Fields + ?Sized>(
    program: &Program,
    check: &Check,
    event: &F,
    scratch: &mut Scratch,
) -> bool {
    let input = |index: &u32| program.inputs.get(*index as usize);
    match check {
        Check::Networks { input: of, networks, negated, quantifier } => {
            let Some(input) = input(of) else { return false };
            with_value(input, event, &mut scratch.buffers, |value| {
                quantifier.ask(value, |value| match value {
                    Value::Address(address) => Some(networks.contain(address) != *negated),
                    _ => None,
                })
            })
        }
        Check::Order { input: of, order, constant, quantifier } => {
            let Some(input) = input(of) else { return false };
            with_value(input, event, &mut scratch.buffers, |value| {
                quantifier.ask(value, |value| compare::ordered(&value, *order, constant))
            })
        }
        Check::Glob { input: of, gate, pattern, fold, quantifier } => {
            if let Some((machine, atom)) = gate {
                run(program, *machine, event, scratch);
                if scratch.atoms.get(*atom as usize) != Some(&scratch.epoch) {
                    return false;
                }
            }
            let Some(input) = input(of) else { return false };
            with_value(input, event, &mut scratch.buffers, |value| {
                quantifier.ask(value, |value| {
                    compare::bytes_of(&value).map(|text| glob::matches(pattern, text, *fold))
                })
            })
        }
        Check::With { input: of, relation, right, quantifier } => {
            let Some(input) = input(of) else { return false };
            let buffers = &mut scratch.buffers;
            buffers.clear();
            let left = operand::compute(&input.operand, event, buffers);
            let right = operand::compute(right, event, buffers);
            buffers.view(left, |left| {
                buffers.view(right, |right| compare::related(left, *relation, right, *quantifier))
            })
        }
        _ => false,
    }
}

fn among(ids: &[u32], id: u32) -> bool {
    if ids.len() <= 8 { ids.contains(&id) } else { ids.binary_search(&id).is_ok() }
}

/// The values of a machine's input as numbers.
struct Elements<'a> {
    shape: Shape,
    elements: &'a [Element],
}

impl Elements<'_> {
    #[inline]
    fn join(&self, quantifier: Quantifier, mut ask: impl FnMut(&Element) -> Option<bool>) -> bool {
        match self.shape {
            Shape::Missing => false,
            Shape::One => self.elements.first().and_then(ask) == Some(true),
            Shape::Many => quantifier.join(self.elements.iter().map(&mut ask)),
        }
    }
}

fn elements<'a, F: Fields + ?Sized>(
    program: &Program,
    machine: u32,
    event: &F,
    scratch: &'a mut Scratch,
) -> Elements<'a> {
    let state = run(program, machine, event, scratch);
    let elements = scratch.elements.get(state.start as usize..state.end as usize);
    Elements { shape: state.shape, elements: elements.unwrap_or_default() }
}

/// Runs the machine unless it ran for this event, and says where its findings are.
pub(super) fn run<F: Fields + ?Sized>(
    program: &Program,
    index: u32,
    event: &F,
    scratch: &mut Scratch,
) -> MachineState {
    if let Some(state) = scratch.machines.get(index as usize)
        && state.epoch == scratch.epoch
    {
        return *state;
    }
    let epoch = scratch.epoch;
    let none = MachineState { epoch, shape: Shape::Missing, start: 0, end: 0 };
    let Some(machine) = program.machines.get(index as usize) else { return none };
    let Some(input) = program.inputs.get(machine.input as usize) else { return none };
    let state = match &machine.finder {
        Finder::Values(ids) => {
            let elements = &mut scratch.elements;
            let start = elements.len();
            let mut push = |value: &Value<'_>| {
                elements.push(Element { id: ids.find(value), kind: Kind::of(value) });
            };
            let shape = with_value(input, event, &mut scratch.buffers, |value| match value {
                Value::Missing => Shape::Missing,
                Value::List(values) => {
                    (0..values.len()).for_each(|index| push(&values.get(index)));
                    Shape::Many
                }
                value => {
                    push(&value);
                    Shape::One
                }
            });
            MachineState { epoch, shape, start: start as u32, end: scratch.elements.len() as u32 }
        }
        finder => {
            let start = scratch.hits.len();
            let Scratch { atoms, hits, open, buffers, .. } = scratch;
            let mut found = |atom: u32| {
                if let Some(noted) = atoms.get_mut(atom as usize)
                    && *noted != epoch
                {
                    *noted = epoch;
                    hits.push(atom);
                }
            };
            let mut search = |text: &[u8]| match finder {
                Finder::Prefixes(tree) => tree.walk(text, &mut found),
                Finder::Suffixes(tree) => tree.walk(text, &mut found),
                Finder::Substrings(substrings) => substrings.search(text, &mut found),
                Finder::Paths(paths) => paths.walk(text, open, &mut found),
                Finder::Values(_) => {}
            };
            with_value(input, event, buffers, |value| {
                each_text(&value, input.multiplicity, &mut search);
            });
            let end = scratch.hits.len() as u32;
            MachineState { epoch, shape: Shape::One, start: start as u32, end }
        }
    };
    if let Some(slot) = scratch.machines.get_mut(index as usize) {
        *slot = state;
    }
    state
}

/// Each text that a test of text is true for when it is true for one.
fn each_text(value: &Value<'_>, multiplicity: Multiplicity, mut search: impl FnMut(&[u8])) {
    match value {
        Value::List(values) => {
            if matches!(multiplicity, Multiplicity::Ancestors | Multiplicity::Ends) {
                for index in 0..values.len() {
                    if let Some(text) = compare::bytes_of(&values.get(index)) {
                        search(text);
                    }
                }
            }
        }
        value => {
            if let Some(text) = compare::bytes_of(value) {
                search(text);
            }
        }
    }
}

fn regex<F: Fields + ?Sized>(
    program: &Program,
    set: u32,
    pattern: u32,
    event: &F,
    scratch: &mut Scratch,
) -> bool {
    let Scratch { regexes, buffers, clean, epoch, .. } = scratch;
    let Some(state) = regexes.get_mut(set as usize) else { return false };
    if state.epoch != *epoch {
        state.begin(*epoch);
        let Some(regexes) = program.regexes.get(set as usize) else { return false };
        let Some(input) = program.inputs.get(regexes.input as usize) else { return false };
        with_value(input, event, buffers, |value| {
            each_text(&value, input.multiplicity, |text| regexes.search(text, state, clean));
        });
    }
    state.matched(pattern)
}

#[inline]
fn with_value<F: Fields + ?Sized, R>(
    input: &Input,
    event: &F,
    buffers: &mut Buffers,
    use_value: impl FnOnce(Value<'_>) -> R,
) -> R {
    if let Operand::Field(field) = &input.operand {
        return use_value(event.get(field));
    }
    buffers.clear();
    let computed = operand::compute(&input.operand, event, buffers);
    buffers.view(computed, use_value)
}
