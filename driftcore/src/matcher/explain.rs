//! A program as text, for people and for comparing two of them.

use std::fmt;
use std::fmt::Write;
use std::hash::Hasher;

use rustc_hash::FxHashMap;
use rustc_hash::FxHasher;

use crate::fields::EventType;

use super::check::Check;
use super::check::Finder;
use super::code::ACCEPT;
use super::code::REJECT;
use super::condition::Operand;
use super::program::Program;

impl Program {
    /// The whole program as text: its buckets, how their rules are found, their code and tests.
    /// Long for many rules.
    pub fn explain(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = self.write(&mut text);
        text
    }

    /// A number that is the same for programs that are the same, also in another process of this
    /// version. As costly as [`explain`](Self::explain).
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = FxHasher::default();
        hasher.write(self.explain().as_bytes());
        hasher.finish()
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let names = self.constants();
        for (bucket, index) in self.buckets.iter().zip(0_u32..) {
            let types = EventType::all()
                .filter(|of| self.by_type.get(of.index()) == Some(&index))
                .map(EventType::name);
            writeln!(out, "bucket {index}: {}", types.collect::<Vec<_>>().join(" "))?;
            for machine in &bucket.machines {
                writeln!(out, "  index: {}", self.machine_name(*machine))?;
            }
            let (always, keys) = (bucket.always.len(), bucket.keys());
            writeln!(out, "  {always} rule(s) always asked, others wait for {keys} atom(s)")?;
            for entry in &bucket.rules {
                writeln!(out, "  rule {} at {}", entry.rule, target(entry.code))?;
            }
        }
        for (op, at) in self.code.iter().zip(0..) {
            let (yes, no) = (target(op.on_true), target(op.on_false));
            writeln!(out, "{at}: test {} ? {yes} : {no}", op.check)?;
        }
        for (check, at) in self.checks.iter().zip(0..) {
            writeln!(out, "test {at}: {}", self.describe(check, &names))?;
        }
        Ok(())
    }

    /// The constants of all value machines by their numbers.
    fn constants(&self) -> FxHashMap<u32, String> {
        let values = self.machines.iter().filter_map(|machine| match &machine.finder {
            Finder::Values(ids) => Some(ids.describe()),
            _ => None,
        });
        values.flatten().collect()
    }

    fn input_name(&self, input: u32) -> String {
        self.inputs.get(input as usize).map_or_else(String::new, |input| name(&input.operand))
    }

    fn literal(&self, atom: u32) -> String {
        let literal = self.literals.get(atom as usize).map_or(&[][..], |literal| literal);
        format!("\"{}\"", literal.escape_ascii())
    }

    fn machine_name(&self, machine: u32) -> String {
        let Some(machine) = self.machines.get(machine as usize) else { return String::new() };
        let kind = match &machine.finder {
            Finder::Values(_) => "values",
            Finder::Prefixes(_) => "prefixes",
            Finder::Suffixes(_) => "suffixes",
            Finder::Substrings(_) => "substrings",
            Finder::Paths(_) => "paths",
        };
        format!("{kind} of {}", self.input_name(machine.input))
    }

    fn describe(&self, check: &Check, constants: &FxHashMap<u32, String>) -> String {
        let constant = |id: &u32| constants.get(id).map_or("?", String::as_str);
        match check {
            Check::Exists { input } => format!("{} exists", self.input_name(*input)),
            Check::Equal { machine, id, quantifier } => {
                format!("{} = {} ({quantifier:?})", self.machine_name(*machine), constant(id))
            }
            Check::NotEqual { machine, id, quantifier, .. } => {
                format!("{} != {} ({quantifier:?})", self.machine_name(*machine), constant(id))
            }
            Check::Among { machine, ids, quantifier } => {
                let mut values: Vec<&str> = ids.iter().map(constant).collect();
                values.sort_unstable();
                let values = values.join(", ");
                format!("{} in ({values}) ({quantifier:?})", self.machine_name(*machine))
            }
            Check::Networks { input, networks, negated, quantifier } => {
                let not = if *negated { "not " } else { "" };
                let networks = networks.describe();
                format!("{} {not}in ({networks}) ({quantifier:?})", self.input_name(*input))
            }
            Check::Order { input, order, constant, quantifier } => {
                format!("{} {order:?} {constant:?} ({quantifier:?})", self.input_name(*input))
            }
            Check::Found { machine, atom } => {
                format!("{} found {}", self.machine_name(*machine), self.literal(*atom))
            }
            Check::Glob { input, gate, pattern, fold, quantifier } => {
                let mut text = self.input_name(*input);
                let _ = write!(text, " glob \"{}\"", pattern.escape_ascii());
                let _ = write!(text, " (ignoring case: {fold}, {quantifier:?})");
                if let Some((machine, atom)) = gate {
                    let (machine, literal) = (self.machine_name(*machine), self.literal(*atom));
                    let _ = write!(text, " if {machine} found {literal}");
                }
                text
            }
            Check::Regex { set, pattern } => {
                let Some(set) = self.regexes.get(*set as usize) else { return String::new() };
                let pattern = set.patterns.get(*pattern as usize).map_or("", |text| text);
                format!("{} regex {pattern:?}", self.input_name(set.input))
            }
            Check::With { input, relation, right, quantifier } => {
                let (left, right) = (self.input_name(*input), name(right));
                format!("{left} {relation:?} {right} ({quantifier:?})")
            }
        }
    }
}

fn target(at: u32) -> String {
    match at {
        ACCEPT => "match".to_owned(),
        REJECT => "no match".to_owned(),
        at => at.to_string(),
    }
}

fn name(operand: &Operand) -> String {
    match operand {
        Operand::Field(field) => field.to_string(),
        Operand::Text(text) => format!("\"{}\"", text.escape_ascii()),
        Operand::Number(number) => number.to_string(),
        Operand::List(items) => {
            format!("({})", items.iter().map(name).collect::<Vec<_>>().join(", "))
        }
        Operand::Transformed { transformer, arguments, key } => {
            let arguments = arguments.iter().map(name).collect::<Vec<_>>().join(", ");
            let key = key.as_ref().map_or_else(String::new, |key| format!("[{key}]"));
            format!("{transformer:?}({arguments}){key}")
        }
    }
}
