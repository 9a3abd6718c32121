//! What one thread needs to match events, kept from event to event.

use super::operand::Buffers;
use super::program::Program;
use super::regexes::RegexState;
use super::values::Kind;

/// How a machine found its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Missing,
    One,
    Many,
}

/// What a machine found for this event.
#[derive(Clone, Copy, Debug)]
pub(super) struct MachineState {
    pub(super) epoch: u32,
    pub(super) shape: Shape,
    /// Range of the scratch's elements, or of its hits.
    pub(super) start: u32,
    pub(super) end: u32,
}

/// A value as a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    pub(super) id: u32,
    pub(super) kind: Kind,
}

/// Memory for matching, one for each thread.
///
/// It fits itself to the program that it is used with (the first use, and the first one after a
/// reload, allocate); then matching allocates only while an event needs more room than all before
/// it. Nothing is cleared between events: what was noted carries the number of its event.
#[derive(Debug, Default)]
pub struct Scratch {
    program: u64,
    pub(super) epoch: u32,
    pub(super) machines: Vec<MachineState>,
    pub(super) elements: Vec<Element>,
    pub(super) hits: Vec<u32>,
    /// Epoch in which each atom was found.
    pub(super) atoms: Vec<u32>,
    /// Twice the epoch in which each check was made, and its result.
    pub(super) checks: Vec<u32>,
    /// Epoch in which each rule of the bucket became a candidate.
    pub(super) rules: Vec<u32>,
    pub(super) candidates: Vec<u32>,
    pub(super) regexes: Vec<RegexState>,
    pub(super) buffers: Buffers,
    pub(super) clean: Vec<u8>,
    pub(super) open: Vec<(u32, u32)>,
}

/// Epochs are doubled in places.
const LAST_EPOCH: u32 = u32::MAX >> 1;

impl Scratch {
    /// For this program; allocates what it needs.
    pub fn new(program: &Program) -> Self {
        let mut scratch = Self::default();
        scratch.fit(program);
        scratch
    }

    /// Begins an event.
    pub(super) fn begin(&mut self, program: &Program) {
        if self.program != program.id() || self.epoch == LAST_EPOCH {
            self.fit(program);
        }
        self.epoch += 1;
        self.elements.clear();
        self.hits.clear();
        self.candidates.clear();
    }

    #[cold]
    fn fit(&mut self, program: &Program) {
        let sizes = program.sizes();
        self.program = program.id();
        self.epoch = 0;
        let none = MachineState { epoch: 0, shape: Shape::Missing, start: 0, end: 0 };
        refill(&mut self.machines, sizes.machines, none);
        refill(&mut self.atoms, sizes.atoms, 0);
        refill(&mut self.checks, sizes.checks, 0);
        refill(&mut self.rules, sizes.rules, 0);
        self.regexes = program.regex_states();
        // The usual event has one value an input.
        self.elements.reserve(sizes.machines);
        self.hits.reserve(64);
        self.candidates.reserve(64);
    }
}

fn refill<T: Clone>(all: &mut Vec<T>, length: usize, value: T) {
    all.clear();
    all.resize(length, value);
    all.shrink_to(length.saturating_mul(2));
}

/// How much room a program needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) machines: usize,
    pub(super) atoms: usize,
    pub(super) checks: usize,
    pub(super) rules: usize,
}
