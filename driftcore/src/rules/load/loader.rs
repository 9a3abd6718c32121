//! All steps, one after another.

use crate::rules::Definition;
use crate::rules::Diagnostic;
use crate::rules::Limits;
use crate::rules::MappedText;
use crate::rules::Severity;
use crate::rules::SourceId;
use crate::rules::Sources;
use crate::rules::Span;
use crate::rules::ast::Expr;
use crate::rules::ast::Name;
use crate::rules::check::check_parts;
use crate::rules::collect::Collection;
use crate::rules::collect::Rule;
use crate::rules::condition::Parsed;
use crate::rules::condition::parse_condition;
use crate::rules::condition::parse_with_faults;
use crate::rules::expand::Scope;
use crate::rules::expand::with_exceptions;
use crate::rules::expand::without_names;
use crate::rules::items::Parts;
use crate::rules::items::read_items;
use crate::rules::sink::Sink;
use crate::rules::yaml;

/// The one source of events that there is.
const SYSCALL: &str = "syscall";

/// What files come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// The rules, in the order of their first definitions, those that are switched off too. With
    /// errors, those that are in order by themselves.
    pub definitions: Vec<Definition>,
    /// The rules for other sources of events.
    pub not_applicable: Vec<NotApplicable>,
    /// All that is wrong, as far as [`Limits::diagnostics`] goes.
    pub diagnostics: Vec<Diagnostic>,
}

/// A rule for another source of events than system calls: not an error, but never matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotApplicable {
    /// The rule's name.
    pub name: Name,
    /// The whole item that first defined it.
    pub span: Span,
    /// Its source, such as `k8s_audit`.
    pub source: String,
}

impl Loaded {
    /// Whether there is an error: one of them rejects the whole load.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// Loads all of the files, in order. Whatever is in them, time and memory are bounded by their size
/// and the limits.
pub fn load(sources: &Sources, limits: &Limits) -> Loaded {
    load_more(sources, limits, Sink::new(limits.diagnostics))
}

/// Loads the files behind what was found wrong before.
pub(super) fn load_more(sources: &Sources, limits: &Limits, mut sink: Sink) -> Loaded {
    let mut collection = Collection::default();
    // Where something could not be read, names that are not known say nothing.
    let mut complete = !sink.failed();
    for (id, source) in sources.iter() {
        let tree = match sources.invalid(id) {
            Some(span) => {
                sink.push(
                    Diagnostic::error("invalid-utf8", "not UTF-8", span)
                        .label("this byte cannot stand here"),
                );
                complete = false;
                continue;
            }
            None if source.text.len() > limits.file_bytes => {
                sink.push(too_large(id, limits));
                complete = false;
                continue;
            }
            None => yaml::read(id, &source.text, limits),
        };
        let items = read_items(&tree, limits, &mut sink);
        let cut = tree.cut;
        tree.diagnostics.into_iter().for_each(|diagnostic| sink.push(diagnostic));
        collection.set_complete(complete);
        for item in items {
            collection.add(item, &mut sink);
        }
        complete &= !cut;
    }
    let mut loaded = finish(&collection, complete, limits, &mut sink);
    loaded.diagnostics = sink.into_vec();
    loaded
}

pub(super) fn too_large(id: SourceId, limits: &Limits) -> Diagnostic {
    let message = format!("the file is larger than {} bytes", limits.file_bytes);
    Diagnostic::error("file-size", message, Span { source: id, start: 0, end: 0 })
}

fn finish(collection: &Collection, complete: bool, limits: &Limits, sink: &mut Sink) -> Loaded {
    let macros = collection
        .macros
        .iter()
        .map(|known| {
            parse(&known.condition, known.appended, limits, sink)
                .map_err(|sound| check_rest(collection, Some(&sound), None, complete, sink))
                .ok()
        })
        .collect();
    for Parts { condition, output, forgiving } in &collection.parts {
        let sound = condition.as_ref().map(|condition| parse(condition, false, limits, sink));
        let sound = sound.map(|parsed| parsed.unwrap_or_else(|sound| sound));
        let rest = (output.as_ref(), *forgiving);
        check_rest(collection, sound.as_ref(), Some(rest), complete, sink);
    }
    let mut loaded = Loaded::default();
    let mut conditions = Vec::with_capacity(collection.rules.len());
    for rule in &collection.rules {
        if rule.source != SYSCALL {
            conditions.push(not_applicable(rule, limits, &mut loaded, sink));
            continue;
        }
        let parsed = parse(&rule.condition, rule.appended, limits, sink);
        let excepted = parsed.and_then(|condition| {
            if rule.exceptions.is_empty() {
                return Ok(condition);
            }
            let excepted = with_exceptions(condition.clone(), &rule.exceptions);
            sink.ok(excepted).ok_or(condition)
        });
        let condition = excepted.map_err(|sound| {
            let rest = (Some(&rule.output), rule.skip_if_unknown_filter);
            check_rest(collection, Some(&sound), Some(rest), complete, sink);
        });
        conditions.push(condition.ok());
    }
    if !complete {
        return loaded;
    }
    let mut scope = Scope::new(collection, macros, limits, sink);
    for (rule, condition) in collection.rules.iter().zip(conditions) {
        let Some(condition) = condition else { continue };
        scope.mark_used(&condition);
        if rule.source != SYSCALL {
            continue;
        }
        match scope.expand(&rule.name, condition, sink) {
            Ok(condition) => loaded.definitions.push(definition(rule, condition)),
            Err(condition) => {
                let rest = (Some(&rule.output), rule.skip_if_unknown_filter);
                check_rest(collection, Some(&condition), Some(rest), complete, sink);
            }
        }
    }
    if !sink.failed() {
        scope.warn_unused(sink);
    }
    loaded
}

/// Parses a condition. With faults in it, which are then said, what else there is of it is the error.
fn parse(
    text: &MappedText,
    appended: bool,
    limits: &Limits,
    sink: &mut Sink,
) -> Result<Expr, Expr> {
    let Parsed { expr, faults } = parse_with_faults(text, limits);
    if faults.is_empty() {
        return Ok(expr);
    }
    for mut fault in faults {
        if appended && fault.code == "unexpected-text" && fault.help.is_none() {
            let help = "text that is appended to a condition begins with `and` or `or`";
            fault.help = Some(help.to_owned());
        }
        sink.push(*fault);
    }
    Err(expr)
}

/// Says what is wrong with the rest of a rule (or of a macro, which has no output) of which
/// something else is: it will be no definition, and nobody checks it later.
fn check_rest(
    collection: &Collection,
    condition: Option<&Expr>,
    rest: Option<(Option<&MappedText>, bool)>,
    complete: bool,
    sink: &mut Sink,
) {
    let (output, forgiving) = rest.unwrap_or_default();
    // A list that could not be read looks like a wrong value.
    let condition = condition.filter(|_| complete);
    let condition = condition.and_then(|condition| without_names(collection, condition));
    let output = output.map(MappedText::trim);
    for diagnostic in check_parts(condition.as_ref(), output.as_ref(), forgiving) {
        sink.push(diagnostic);
    }
}

/// Lists the rule. Its condition is taken only for the names in it, and may be in error: its fields
/// and operators are another source's.
fn not_applicable(
    rule: &Rule,
    limits: &Limits,
    loaded: &mut Loaded,
    sink: &mut Sink,
) -> Option<Expr> {
    let message = format!(
        "the rule `{}` is for the source `{}`, which there is not; it is left out",
        rule.name.text, rule.source
    );
    sink.push(Diagnostic::warning("unknown-source", message, rule.source_span));
    loaded.not_applicable.push(NotApplicable {
        name: rule.name.clone(),
        span: rule.span,
        source: rule.source.clone(),
    });
    parse_condition(&rule.condition, limits).ok()
}

fn definition(rule: &Rule, condition: Expr) -> Definition {
    Definition {
        name: rule.name.clone(),
        span: rule.span,
        condition,
        output: rule.output.trim(),
        description: rule.description.clone(),
        priority: rule.priority,
        source: rule.source.clone(),
        enabled: rule.enabled,
        tags: rule.tags.iter().cloned().collect(),
        skip_if_unknown_filter: rule.skip_if_unknown_filter,
        warn_event_types: rule.warn_event_types,
    }
}
