//! Fields as they are written.

use super::shown::shown;
use crate::fields::ArgumentKind;
use crate::fields::CATALOGUE;
use crate::fields::EVENT_TYPES;
use crate::fields::FieldError;
use crate::fields::event_argument_names;
use crate::rules::Diagnostic;
use crate::rules::Span;
use crate::rules::nearest::nearest;

/// The diagnostic for a text that is no field.
pub(crate) fn field_error(error: &FieldError, name: &str, span: Span) -> Diagnostic {
    match error {
        FieldError::Unknown => {
            let diagnostic = Diagnostic::error(
                "unknown-field",
                format!("there is no field `{}`", shown(name)),
                span,
            )
            .label("not a field");
            let family = name.split('.').next().unwrap_or_default();
            match nearest(name, CATALOGUE.iter().map(|field| field.name)) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None if CATALOGUE
                    .iter()
                    .any(|field| field.name.split('.').next() == Some(family)) =>
                {
                    diagnostic.help("`driftd rules fields` prints all fields")
                }
                None => diagnostic.help(format!(
                    "no field begins with `{}.`; `driftd rules fields` prints all fields",
                    shown(family)
                )),
            }
        }
        FieldError::ArgumentMissing(field) => {
            Diagnostic::error("field-argument", format!("`{}` needs an argument", field.name), span)
                .label(if field.dotted {
                    "expected `.name` behind it"
                } else {
                    "expected `[...]` behind it"
                })
        }
        FieldError::ArgumentNotAllowed(field) => {
            let diagnostic = Diagnostic::error(
                "field-argument",
                format!("`{}` takes no argument in brackets", field.name),
                span,
            );
            if field.argument == ArgumentKind::None {
                diagnostic
            } else {
                diagnostic.help("write the argument behind a dot or in brackets, not both")
            }
        }
        FieldError::ArgumentNotNumber(field) => Diagnostic::error(
            "field-argument",
            format!("the argument of `{}` must be a number", field.name),
            span,
        )
        .label("expected decimal digits"),
        FieldError::UnknownEventArgument(argument) => {
            let diagnostic = Diagnostic::error(
                "unknown-event-argument",
                format!("no event has an argument `{}`", shown(argument)),
                span,
            )
            .label("not an argument of any event");
            match nearest(argument, event_argument_names()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic,
            }
        }
        FieldError::UnknownEventType(kind) => unknown_event_type(kind, span),
        FieldError::UnknownPath(path) => Diagnostic::error(
            "field-argument",
            format!("the argument of `evt.abspath` is `src` or `dst`, not `{}`", shown(path)),
            span,
        ),
    }
}

/// The diagnostic for a value of `evt.type` that no event has.
pub(super) fn unknown_event_type(name: &str, span: Span) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        "unknown-event-type",
        format!("there is no event type `{}`", shown(name)),
        span,
    )
    .label("not an event type");
    match nearest(name, EVENT_TYPES.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}
