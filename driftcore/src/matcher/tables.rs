//! Tests of all rules gathered: each one once, its constants in the machine of its input.

use std::hash::BuildHasher;
use std::hash::Hash;
use std::hash::Hasher;

use rustc_hash::FxBuildHasher;
use rustc_hash::FxHashMap;

use crate::fields::EventType;
use crate::fields::FieldId;
use crate::fields::FieldRef;
use crate::fields::Multiplicity;

use super::check::Check;
use super::check::Finder;
use super::check::Input;
use super::check::Machine;
use super::check::Quantifier;
use super::check::Way;
use super::compare;
use super::condition::Comparison;
use super::condition::Constant;
use super::condition::Operand;
use super::condition::Relation;
use super::condition::Test;
use super::condition::TextTest;
use super::limits::CompileError;
use super::limits::Limits;
use super::limits::within;
use super::literal;
use super::literal::Literal;
use super::networks::Networks;
use super::paths;
use super::paths::Paths;
use super::radix::Radix;
use super::regexes::Regexes;
use super::substrings::Substrings;
use super::values::Kind;
use super::values::ValueIds;

/// What a test became.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Leaf {
    /// Decided by the event's type: index of the set of types for which it is true.
    Type(u32),
    /// Asked of each event.
    Check(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum MachineKind {
    Values,
    Prefixes,
    Suffixes,
    Substrings,
    SubstringsFolded,
    Paths,
}

/// A test with its hash: some have many constants, which would be hashed at each growth of a map.
#[derive(PartialEq, Eq)]
struct Hashed<'a> {
    hash: u64,
    test: &'a Test,
}

impl<'a> Hashed<'a> {
    fn new(test: &'a Test) -> Self {
        Self { hash: FxBuildHasher.hash_one(test), test }
    }
}

impl Hash for Hashed<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// A machine while it gathers.
pub(super) struct Growing {
    pub(super) input: u32,
    pub(super) kind: MachineKind,
    values: ValueIds,
    needles: Vec<(Box<[u8]>, u32)>,
    known: FxHashMap<Box<[u8]>, u32>,
    /// Length of each atom's shortest literal.
    lengths: FxHashMap<u32, usize>,
}

/// All tests of a program that is being compiled.
pub(super) struct Tables<'a> {
    limits: Limits,
    evt_type: Option<FieldId>,
    leaves: FxHashMap<Hashed<'a>, Leaf>,
    pub(super) inputs: Vec<Input>,
    input_ids: FxHashMap<&'a Operand, u32>,
    pub(super) machines: Vec<Growing>,
    machine_ids: FxHashMap<(u32, MachineKind), u32>,
    pub(super) checks: Vec<Check>,
    regexes: Vec<(u32, Vec<Box<[u8]>>)>,
    /// For each test of the event's type, for which types it is true.
    pub(super) type_sets: Vec<Box<[bool]>>,
    /// Numbers of constants, and of everything else that a machine finds.
    pub(super) value_ids: u32,
    pub(super) atoms: u32,
    constants: usize,
    needles: usize,
    components: usize,
}

/// What is left of the tables in a program.
pub(super) struct Finished {
    pub(super) inputs: Vec<Input>,
    pub(super) machines: Vec<Machine>,
    pub(super) checks: Vec<Check>,
    pub(super) regexes: Vec<Regexes>,
    /// The needle of each atom, or its paths.
    pub(super) literals: Vec<Box<[u8]>>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            evt_type: FieldId::of("evt.type"),
            leaves: FxHashMap::default(),
            inputs: Vec::new(),
            input_ids: FxHashMap::default(),
            machines: Vec::new(),
            machine_ids: FxHashMap::default(),
            checks: Vec::new(),
            regexes: Vec::new(),
            type_sets: Vec::new(),
            value_ids: 0,
            atoms: 0,
            constants: 0,
            needles: 0,
            components: 0,
        }
    }

    /// The compiled form of a test.
    pub(super) fn leaf(&mut self, test: &'a Test) -> Result<Leaf, CompileError> {
        // Before it is hashed, which is a recursion too.
        within("nesting", depth(&test.left), self.limits.depth)?;
        if let Comparison::With(_, right) = &test.comparison {
            within("nesting", depth(right), self.limits.depth)?;
        }
        let hashed = Hashed::new(test);
        if let Some(leaf) = self.leaves.get(&hashed) {
            return Ok(*leaf);
        }
        let leaf = match self.types(test) {
            Some(set) => {
                self.type_sets.push(set);
                Leaf::Type(self.type_sets.len() as u32 - 1)
            }
            None => {
                let check = self.check(test)?;
                self.checks.push(check);
                Leaf::Check(self.checks.len() as u32 - 1)
            }
        };
        self.leaves.insert(hashed, leaf);
        Ok(leaf)
    }

    fn types(&self, test: &Test) -> Option<Box<[bool]>> {
        let Operand::Field(FieldRef { id, argument: None }) = &test.left else { return None };
        if self.evt_type != Some(*id) {
            return None;
        }
        EventType::all()
            .map(|event_type| {
                compare::of_known_text(event_type.name().as_bytes(), &test.comparison)
            })
            .collect()
    }

    fn check(&mut self, test: &'a Test) -> Result<Check, CompileError> {
        self.count_constants(test)?;
        let input = self.input(&test.left)?;
        let multiplicity = self.multiplicity(input);
        let quantifier = Quantifier::of(multiplicity, Way::Other);
        Ok(match &test.comparison {
            Comparison::Exists => Check::Exists { input },
            Comparison::Equal(Constant::Network(network)) => {
                let networks = Networks::new([&Constant::Network(*network)]);
                Check::Networks { input, networks, negated: false, quantifier }
            }
            Comparison::NotEqual(Constant::Network(network)) => {
                let networks = Networks::new([&Constant::Network(*network)]);
                let quantifier = Quantifier::of(multiplicity, Way::NotEqual);
                Check::Networks { input, networks, negated: true, quantifier }
            }
            Comparison::Equal(constant) => {
                let (machine, id) = self.value(input, constant);
                Check::Equal { machine, id, quantifier }
            }
            Comparison::NotEqual(constant) => {
                let (machine, id) = self.value(input, constant);
                let quantifier = Quantifier::of(multiplicity, Way::NotEqual);
                Check::NotEqual { machine, id, kind: Kind::of_constant(constant), quantifier }
            }
            Comparison::Order(order, constant) => {
                Check::Order { input, order: *order, constant: constant.clone(), quantifier }
            }
            Comparison::In(constants) => {
                self.among(input, constants, Quantifier::of(multiplicity, Way::In))
            }
            Comparison::Intersects(constants) => {
                self.among(input, constants, Quantifier::of(multiplicity, Way::Intersects))
            }
            Comparison::Text(text, needle) => self.text(input, *text, needle)?,
            Comparison::PathMatch(paths) => {
                self.components +=
                    paths.iter().map(|path| paths::components(path).count()).sum::<usize>();
                within("components of paths", self.components, self.limits.needles / 8)?;
                let machine = self.machine(input, MachineKind::Paths);
                let atom = self.atoms;
                self.atoms += 1;
                let growing = &mut self.machines[machine as usize];
                growing.needles.extend(paths.iter().map(|path| (path.clone(), atom)));
                let shortest = paths.iter().map(|path| path.len()).min();
                growing.lengths.insert(atom, shortest.unwrap_or(usize::MAX));
                Check::Found { machine, atom }
            }
            Comparison::With(relation, right) => {
                self.count_operand(right)?;
                let way = match relation {
                    Relation::NotEqual => Way::NotEqual,
                    Relation::In => Way::In,
                    Relation::Intersects => Way::Intersects,
                    _ => Way::Other,
                };
                let quantifier = Quantifier::of(multiplicity, way);
                Check::With { input, relation: *relation, right: right.clone(), quantifier }
            }
        })
    }

    fn multiplicity(&self, input: u32) -> Multiplicity {
        self.inputs.get(input as usize).map_or(Multiplicity::One, |input| input.multiplicity)
    }

    fn among(&mut self, input: u32, constants: &[Constant], quantifier: Quantifier) -> Check {
        if constants.iter().any(|constant| matches!(constant, Constant::Network(_))) {
            let networks = Networks::new(constants);
            return Check::Networks { input, networks, negated: false, quantifier };
        }
        let machine = self.machine(input, MachineKind::Values);
        let values = &mut self.machines[machine as usize].values;
        let next = &mut self.value_ids;
        let mut ids: Vec<u32> =
            constants.iter().filter_map(|constant| values.intern(constant, next)).collect();
        ids.sort_unstable();
        ids.dedup();
        Check::Among { machine, ids: ids.into(), quantifier }
    }

    fn text(&mut self, input: u32, text: TextTest, needle: &[u8]) -> Result<Check, CompileError> {
        let quantifier = Quantifier::of(self.multiplicity(input), Way::Other);
        let kind = match text {
            TextTest::Contains => MachineKind::Substrings,
            TextTest::ContainsIgnoringCase => MachineKind::SubstringsFolded,
            TextTest::StartsWith => MachineKind::Prefixes,
            TextTest::EndsWith => MachineKind::Suffixes,
            TextTest::Glob | TextTest::GlobIgnoringCase => {
                within("bytes of a glob", needle.len(), self.limits.pattern)?;
                let fold = text == TextTest::GlobIgnoringCase;
                let (kind, literal, whole) = match literal::of(needle, fold) {
                    Literal::Prefix { text, whole } => (MachineKind::Prefixes, text, whole),
                    Literal::Suffix { text, whole } => (MachineKind::Suffixes, text, whole),
                    Literal::Inner { text, whole } if fold => {
                        (MachineKind::SubstringsFolded, text, whole)
                    }
                    Literal::Inner { text, whole } => (MachineKind::Substrings, text, whole),
                    Literal::None => {
                        let pattern = needle.into();
                        return Ok(Check::Glob { input, gate: None, pattern, fold, quantifier });
                    }
                };
                let (machine, atom) = self.needle(input, kind, &literal)?;
                if whole {
                    return Ok(Check::Found { machine, atom });
                }
                let gate = Some((machine, atom));
                return Ok(Check::Glob { input, gate, pattern: needle.into(), fold, quantifier });
            }
            TextTest::Regex => return self.regex(input, needle),
        };
        let (machine, atom) = self.needle(input, kind, needle)?;
        Ok(Check::Found { machine, atom })
    }

    fn needle(
        &mut self,
        input: u32,
        kind: MachineKind,
        needle: &[u8],
    ) -> Result<(u32, u32), CompileError> {
        if matches!(kind, MachineKind::Substrings | MachineKind::SubstringsFolded) {
            self.needles += needle.len();
            within("bytes of needles", self.needles, self.limits.needles)?;
        }
        // The automaton that ignores case tells needles apart only by their letters' form.
        let needle: Box<[u8]> = match kind {
            MachineKind::SubstringsFolded => needle.to_ascii_lowercase().into(),
            _ => needle.into(),
        };
        let machine = self.machine(input, kind);
        let growing = &mut self.machines[machine as usize];
        if let Some(&atom) = growing.known.get(&needle) {
            return Ok((machine, atom));
        }
        let atom = self.atoms;
        self.atoms += 1;
        growing.known.insert(needle.clone(), atom);
        growing.lengths.insert(atom, needle.len());
        growing.needles.push((needle, atom));
        Ok((machine, atom))
    }

    fn regex(&mut self, input: u32, pattern: &[u8]) -> Result<Check, CompileError> {
        within("bytes of a regular expression", pattern.len(), self.limits.pattern)?;
        let set = match self.regexes.iter().position(|(of, _)| *of == input) {
            Some(set) => set,
            None => {
                self.regexes.push((input, Vec::new()));
                self.regexes.len() - 1
            }
        };
        let patterns = &mut self.regexes[set].1;
        patterns.push(pattern.into());
        Ok(Check::Regex { set: set as u32, pattern: patterns.len() as u32 - 1 })
    }

    fn value(&mut self, input: u32, constant: &Constant) -> (u32, u32) {
        let machine = self.machine(input, MachineKind::Values);
        let values = &mut self.machines[machine as usize].values;
        // Networks were taken out before.
        let id = values.intern(constant, &mut self.value_ids).unwrap_or_default();
        (machine, id)
    }

    fn input(&mut self, operand: &'a Operand) -> Result<u32, CompileError> {
        if let Some(&input) = self.input_ids.get(operand) {
            return Ok(input);
        }
        self.count_operand(operand)?;
        let input = self.inputs.len() as u32;
        self.inputs.push(Input::new(operand));
        self.input_ids.insert(operand, input);
        Ok(input)
    }

    fn machine(&mut self, input: u32, kind: MachineKind) -> u32 {
        let machines = &mut self.machines;
        *self.machine_ids.entry((input, kind)).or_insert_with(|| {
            machines.push(Growing {
                input,
                kind,
                values: ValueIds::default(),
                needles: Vec::new(),
                known: FxHashMap::default(),
                lengths: FxHashMap::default(),
            });
            machines.len() as u32 - 1
        })
    }

    fn count_operand(&mut self, operand: &Operand) -> Result<(), CompileError> {
        let mut open = vec![operand];
        while let Some(operand) = open.pop() {
            self.constants += 8;
            match operand {
                Operand::List(inner) | Operand::Transformed { arguments: inner, .. } => {
                    open.extend(inner);
                }
                Operand::Text(text) => self.constants += text.len(),
                Operand::Field(_) | Operand::Number(_) => {}
            }
        }
        within("bytes of constants", self.constants, self.limits.constants)
    }

    fn count_constants(&mut self, test: &Test) -> Result<(), CompileError> {
        let size = |constant: &Constant| match constant {
            Constant::Text(text) => text.len() + 8,
            Constant::Bytes(bytes) => bytes.len() + 8,
            _ => 8,
        };
        self.constants += match &test.comparison {
            Comparison::Exists | Comparison::With(..) => 8,
            Comparison::Equal(constant)
            | Comparison::NotEqual(constant)
            | Comparison::Order(_, constant) => size(constant),
            Comparison::Text(_, needle) => needle.len() + 8,
            Comparison::In(constants) | Comparison::Intersects(constants) => {
                constants.iter().map(size).sum()
            }
            Comparison::PathMatch(paths) => paths.iter().map(|path| path.len() + 8).sum(),
        };
        within("bytes of constants", self.constants, self.limits.constants)
    }

    /// How often a value has this number, at a guess.
    pub(super) fn commonness(&self, machine: u32, id: u32) -> f32 {
        let Some(growing) = self.machines.get(machine as usize) else { return 1.0 };
        growing.values.commonness(id)
    }

    /// How often an atom is found, at a guess: short literals are found often.
    pub(super) fn atom_commonness(&self, machine: u32, atom: u32) -> f32 {
        let Some(growing) = self.machines.get(machine as usize) else { return 1.0 };
        let length = growing.lengths.get(&atom).copied().unwrap_or_default();
        match length {
            0 => 1.0,
            1 => 0.8,
            2 | 3 => 0.1,
            _ => 0.005,
        }
    }

    /// Builds the machines.
    pub(super) fn finish(self) -> Result<Finished, CompileError> {
        let mut literals: Vec<Vec<u8>> = vec![Vec::new(); self.atoms as usize];
        for (needle, atom) in self.machines.iter().flat_map(|machine| &machine.needles) {
            let Some(literal) = literals.get_mut(*atom as usize) else { continue };
            if !literal.is_empty() {
                literal.extend_from_slice(b", ");
            }
            literal.extend_from_slice(needle);
        }
        let literals = literals.into_iter().map(Vec::into_boxed_slice).collect();
        let machines = self.machines.into_iter().map(Growing::finish);
        let regexes = self
            .regexes
            .iter()
            .map(|(input, patterns)| Regexes::new(*input, patterns, &self.limits));
        Ok(Finished {
            inputs: self.inputs,
            machines: machines.collect::<Result<_, _>>()?,
            checks: self.checks,
            regexes: regexes.collect::<Result<_, _>>()?,
            literals,
        })
    }
}

/// How deep the operand nests.
fn depth(operand: &Operand) -> usize {
    let mut open = vec![(operand, 1)];
    let mut deepest = 0;
    while let Some((operand, depth)) = open.pop() {
        deepest = deepest.max(depth);
        if let Operand::List(inner) | Operand::Transformed { arguments: inner, .. } = operand {
            open.extend(inner.iter().map(|inner| (inner, depth + 1)));
        }
    }
    deepest
}

impl Growing {
    fn finish(self) -> Result<Machine, CompileError> {
        let finder = match self.kind {
            MachineKind::Values => Finder::Values(self.values),
            MachineKind::Prefixes => Finder::Prefixes(Radix::new(&self.needles)),
            MachineKind::Suffixes => Finder::Suffixes(Radix::new(&self.needles)),
            MachineKind::Substrings => Finder::Substrings(Substrings::new(&self.needles, false)?),
            MachineKind::SubstringsFolded => {
                Finder::Substrings(Substrings::new(&self.needles, true)?)
            }
            MachineKind::Paths => Finder::Paths(Paths::new(&self.needles)),
        };
        Ok(Machine { input: self.input, finder })
    }
}
