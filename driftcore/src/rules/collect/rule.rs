//! Rules: defined, appended to, overridden, switched.

use std::collections::BTreeSet;

use super::collection::Collection;
use super::collection::append_text;
use crate::matcher::Priority;
use crate::rules::Diagnostic;
use crate::rules::MappedText;
use crate::rules::Span;
use crate::rules::ast::Name;
use crate::rules::items::ExceptionItem;
use crate::rules::items::ExceptionValue;
use crate::rules::items::Kind;
use crate::rules::items::OneOrMany;
use crate::rules::items::Parts;
use crate::rules::items::RuleChange;
use crate::rules::items::RuleItem;
use crate::rules::items::RuleKey;
use crate::rules::sink::Sink;

/// The source of rules that do not name one.
const SYSCALL: &str = "syscall";

/// A rule with all changes done.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: Name,
    pub(crate) span: Span,
    pub(crate) condition: MappedText,
    /// Whether the condition was put together from several items.
    pub(crate) appended: bool,
    pub(crate) output: MappedText,
    pub(crate) description: String,
    pub(crate) priority: Priority,
    pub(crate) source: String,
    /// Where the source is named, or else the rule.
    pub(crate) source_span: Span,
    pub(crate) enabled: bool,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) exceptions: Vec<Exception>,
    pub(crate) warn_event_types: bool,
    pub(crate) skip_if_unknown_filter: bool,
}

/// An exception of a rule, with all values that were appended.
#[derive(Debug)]
pub(crate) struct Exception {
    pub(crate) name: Name,
    pub(crate) fields: OneOrMany,
    pub(crate) operators: Option<OneOrMany>,
    pub(crate) values: Vec<ExceptionValue>,
}

impl Collection {
    pub(super) fn add_rule(&mut self, item: RuleItem, sink: &mut Sink) {
        let found = self.find(Kind::Rule, &item.name.text);
        if let Some(rule) = found.and_then(|at| self.rules.get(at))
            && changes_source(rule, &item, sink)
        {
            return;
        }
        let Some(at) = found else { return self.add_new_rule(item, sink) };
        if item.change == RuleChange::Define {
            let name = item.name.text.clone();
            let first = self.rules.get(at).map(|rule| rule.span);
            match (define(item, sink), self.rules.get_mut(at)) {
                (Ok(defined), Some(rule)) => {
                    *rule = Rule { span: first.unwrap_or(defined.span), ..defined };
                }
                (Ok(_), None) => self.mark_broken(Kind::Rule, &name),
                (Err(parts), _) => {
                    self.mark_broken(Kind::Rule, &name);
                    self.parts.push(*parts);
                }
            }
        } else if let Some(rule) = self.rules.get_mut(at) {
            rule.change(item, sink);
        }
    }

    fn add_new_rule(&mut self, item: RuleItem, sink: &mut Sink) {
        match item.change {
            RuleChange::Define => {
                let name = item.name.text.clone();
                match define(item, sink) {
                    Ok(rule) => {
                        self.add_name(Kind::Rule, &name, self.rules.len());
                        self.rules.push(rule);
                    }
                    Err(parts) => {
                        self.mark_broken(Kind::Rule, &name);
                        self.parts.push(*parts);
                    }
                }
            }
            RuleChange::Append => self.undefined(Kind::Rule, &item.name, "appended to", sink),
            RuleChange::Toggle => self.undefined(Kind::Rule, &item.name, "switched", sink),
            RuleChange::Override(_) => self.undefined(Kind::Rule, &item.name, "overridden", sink),
        }
    }
}

/// Says so when the item names another source than the rule has, and whether that is an error: it is
/// where the rule is defined again; other changes do not look at the source.
fn changes_source(rule: &Rule, item: &RuleItem, sink: &mut Sink) -> bool {
    let source = item.source.as_ref().map_or(SYSCALL, |source| source.text.as_str());
    let defines = item.change == RuleChange::Define;
    if rule.source == source || (!defines && item.source.is_none()) {
        return false;
    }
    let span = item.source.as_ref().map_or(item.name.span, |source| source.span);
    let diagnostic = if defines {
        let name = &item.name.text;
        let message = format!("the rule `{name}` is of source `{}`, not `{source}`", rule.source);
        Diagnostic::error("source-changed", message, span)
    } else {
        Diagnostic::warning("ignored-key", "`source` is ignored here", span)
    };
    sink.push(diagnostic.label("another source").also(rule.source_span, "defined here"));
    defines
}

/// A new rule; what is left of it when its exceptions have errors. Its keys were checked when it
/// was read.
fn define(item: RuleItem, sink: &mut Sink) -> Result<Rule, Box<Parts>> {
    let RuleItem {
        name,
        span,
        change: _,
        condition,
        output,
        description,
        priority,
        source,
        enabled,
        tags,
        exceptions,
        warn_event_types,
        skip_if_unknown_filter,
    } = item;
    let source_span = source.as_ref().map_or(name.span, |source| source.span);
    let source = source.map_or_else(|| SYSCALL.to_owned(), |source| source.text);
    let mut known: Vec<Exception> = Vec::new();
    let mut failed = false;
    for exception in exceptions {
        if let Some(first) = known.iter().find(|known| known.name.text == exception.name.text) {
            let message = format!("the exception `{}` is defined twice", exception.name.text);
            sink.push(
                Diagnostic::error("duplicate-exception", message, exception.name.span)
                    .label("here again")
                    .also(first.name.span, "first here"),
            );
            failed = true;
            continue;
        }
        match sink.ok(new_exception(exception, false)) {
            Some(exception) => known.push(exception),
            None => failed = true,
        }
    }
    let skip_if_unknown_filter = skip_if_unknown_filter.unwrap_or(false);
    let here = source == SYSCALL;
    let (Some(condition), Some(output), Some(description), Some(priority), false) =
        (condition.clone(), output.clone(), description, priority, failed)
    else {
        return Err(Box::new(Parts {
            condition: condition.filter(|_| here),
            output: output.filter(|_| here),
            forgiving: skip_if_unknown_filter,
        }));
    };
    Ok(Rule {
        condition,
        appended: false,
        output,
        description: description.text,
        priority,
        source_span,
        source,
        enabled: enabled.unwrap_or(true),
        tags: tags.into_iter().collect(),
        exceptions: known,
        warn_event_types: warn_event_types.unwrap_or(true),
        skip_if_unknown_filter,
        name,
        span,
    })
}

fn new_exception(item: ExceptionItem, appended: bool) -> Result<Exception, Box<Diagnostic>> {
    let ExceptionItem { name, fields, operators, values } = item;
    let Some(fields) = fields else {
        let message = format!("the exception `{}` has no `fields`", name.text);
        let mut fault = Diagnostic::error("missing-key", message, name.span);
        if appended {
            fault = fault.label("no exception of this name is defined before");
        }
        return Err(Box::new(fault));
    };
    if appended && values.as_ref().is_none_or(Vec::is_empty) {
        let message = format!("the exception `{}` has no `values`", name.text);
        let fault = Diagnostic::error("missing-key", message, name.span)
            .label("a new exception that is appended needs `fields` and `values`");
        return Err(Box::new(fault));
    }
    Ok(Exception { name, fields, operators, values: values.unwrap_or_default() })
}

impl Rule {
    fn change(&mut self, item: RuleItem, sink: &mut Sink) {
        let overrides = match &item.change {
            RuleChange::Define => return,
            RuleChange::Toggle => vec![(RuleKey::Enabled, false)],
            RuleChange::Override(overrides) => overrides.clone(),
            // As Falco's loader: `append: true` is older than appending to other keys.
            RuleChange::Append => {
                [RuleKey::Condition, RuleKey::Exceptions].map(|key| (key, true)).to_vec()
            }
        };
        let RuleItem {
            name: _,
            span: _,
            change: _,
            condition,
            output,
            description,
            priority,
            source: _,
            enabled,
            tags,
            exceptions,
            warn_event_types,
            skip_if_unknown_filter,
        } = item;
        let mut exceptions = Some(exceptions);
        for (key, append) in overrides {
            match key {
                RuleKey::Condition => {
                    self.appended = append && (self.appended || condition.is_some());
                    change_text(&mut self.condition, condition.as_ref(), append);
                }
                RuleKey::Output => change_text(&mut self.output, output.as_ref(), append),
                RuleKey::Description => {
                    let text = description.as_ref().map_or("", |text| text.text.as_str());
                    match append {
                        true if description.is_some() => {
                            self.description.push(' ');
                            self.description.push_str(text);
                        }
                        true => {}
                        false => text.clone_into(&mut self.description),
                    }
                }
                RuleKey::Tags => {
                    if !append {
                        self.tags.clear();
                    }
                    self.tags.extend(tags.iter().cloned());
                }
                RuleKey::Exceptions => {
                    if !append {
                        self.exceptions.clear();
                    }
                    for exception in exceptions.take().unwrap_or_default() {
                        let added = self.add_exception(exception, append, sink);
                        sink.ok(added);
                    }
                }
                RuleKey::Priority => self.priority = priority.unwrap_or(self.priority),
                RuleKey::Enabled => self.enabled = enabled.unwrap_or(self.enabled),
                RuleKey::WarnEventTypes => {
                    self.warn_event_types = warn_event_types.unwrap_or(self.warn_event_types);
                }
                RuleKey::SkipIfUnknownFilter => {
                    self.skip_if_unknown_filter =
                        skip_if_unknown_filter.unwrap_or(self.skip_if_unknown_filter);
                }
                RuleKey::Capture | RuleKey::CaptureDuration => {}
            }
        }
    }

    fn add_exception(
        &mut self,
        item: ExceptionItem,
        append: bool,
        sink: &mut Sink,
    ) -> Result<(), Box<Diagnostic>> {
        let name = &item.name;
        let known = self.exceptions.iter_mut().find(|known| known.name.text == name.text);
        let Some(known) = known else {
            self.exceptions.push(new_exception(item, append)?);
            return Ok(());
        };
        if item.fields.is_some() || item.operators.is_some() {
            let message = format!(
                "the exception `{}` is defined before: only `values` can be appended",
                name.text
            );
            return Err(Box::new(
                Diagnostic::error("bad-exception", message, name.span)
                    .label("has `fields` or `comps`")
                    .also(known.name.span, "defined here"),
            ));
        }
        if item.values.is_none() {
            let message = format!("nothing is appended to the exception `{}`", name.text);
            sink.push(
                Diagnostic::warning("missing-key", message, name.span).label("has no `values`"),
            );
        }
        known.values.extend(item.values.unwrap_or_default());
        Ok(())
    }
}

fn change_text(text: &mut MappedText, change: Option<&MappedText>, append: bool) {
    match (change, append) {
        (None, _) => {}
        (Some(change), true) => append_text(text, change),
        (Some(change), false) => *text = change.clone(),
    }
}
