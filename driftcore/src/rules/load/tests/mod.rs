//! Whole files.

mod changes;
mod exceptions;
mod expansion;
mod falco;
mod files;
mod hostile;

use super::Loaded;
use super::load;
use crate::rules::Definition;
use crate::rules::Limits;
use crate::rules::Sources;

fn sources(files: &[&str]) -> Sources {
    let mut sources = Sources::default();
    for (number, text) in files.iter().enumerate() {
        sources.add(format!("{number}.yaml"), *text);
    }
    sources
}

fn loaded(text: &str) -> Loaded {
    load(&sources(&[text]), &Limits::default())
}

/// The codes of the errors, in order.
fn errors(text: &str) -> Vec<&'static str> {
    let loaded = loaded(text);
    let errors = loaded.diagnostics.iter();
    errors
        .filter(|diagnostic| diagnostic.severity == crate::rules::Severity::Error)
        .map(|diagnostic| diagnostic.code)
        .collect()
}

#[track_caller]
fn definitions(text: &str) -> Vec<Definition> {
    let loaded = loaded(text);
    assert!(!loaded.has_errors(), "{:#?}", loaded.diagnostics);
    loaded.definitions
}

/// The condition of the only rule.
#[track_caller]
fn condition(text: &str) -> String {
    let definitions = definitions(text);
    assert_eq!(definitions.len(), 1);
    definitions[0].condition.to_string()
}

fn rule(name: &str, condition: &str) -> String {
    format!("- rule: {name}\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO\n")
}
