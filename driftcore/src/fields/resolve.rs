//! From what a rule writes to a field with its argument.

use thiserror::Error;

use super::Argument;
use super::ArgumentKind;
use super::EVENT_ARGUMENTS;
use super::EventType;
use super::Field;
use super::FieldId;
use super::FieldRef;
use super::event_argument::raw_type;

/// Why a text is no field.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FieldError {
    /// No field has this name.
    #[error("there is no such field")]
    Unknown,
    /// The field needs an argument in brackets.
    #[error("the field needs an argument")]
    ArgumentMissing(&'static Field),
    /// The field takes none.
    #[error("the field takes no argument")]
    ArgumentNotAllowed(&'static Field),
    /// The argument must be a number that is not too large.
    #[error("the argument must be a number")]
    ArgumentNotNumber(&'static Field),
    /// No call has an argument of this name.
    #[error("no event has an argument {0:?}")]
    UnknownEventArgument(Box<str>),
    /// Behind `evt.type.is` stands no event type.
    #[error("there is no event type {0:?}")]
    UnknownEventType(Box<str>),
    /// Behind `evt.abspath` stands neither `src` nor `dst`.
    #[error("the argument is `src` or `dst`")]
    UnknownPath(Box<str>),
}

impl FieldRef {
    /// The field that a rule names, with the argument that stands in brackets behind it. The
    /// argument of some fields may follow a dot instead (`evt.arg.flags`).
    pub fn resolve(name: &str, bracketed: Option<&str>) -> Result<Self, FieldError> {
        if let Some(id) = FieldId::of(name) {
            return Self::with_argument(id, bracketed);
        }
        let mut end = name.len();
        while let Some(dot) = name.get(..end).and_then(|name| name.rfind('.')) {
            let (before, after) = name.split_at(dot);
            let after = after.get(1..).unwrap_or_default();
            if let Some(id) = FieldId::of(before).filter(|id| id.field().dotted)
                && !after.is_empty()
            {
                if bracketed.is_some() {
                    return Err(FieldError::ArgumentNotAllowed(id.field()));
                }
                return Self::with_argument(id, Some(after));
            }
            end = dot;
        }
        Err(FieldError::Unknown)
    }

    /// What is written, as `name`, `name.argument` or `name[argument]`; nothing may follow.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        match text.split_once('[') {
            None => Self::resolve(text, None),
            Some((name, rest)) => {
                let argument = rest.strip_suffix(']').ok_or(FieldError::Unknown)?;
                Self::resolve(name, Some(argument))
            }
        }
    }

    fn with_argument(id: FieldId, argument: Option<&str>) -> Result<Self, FieldError> {
        let field = id.field();
        let argument = match (field.argument, argument) {
            (ArgumentKind::None, None)
            | (ArgumentKind::OptionalIndex | ArgumentKind::OptionalKey, None) => None,
            (ArgumentKind::None, Some(_)) => return Err(FieldError::ArgumentNotAllowed(field)),
            (ArgumentKind::Index | ArgumentKind::Key, None) => {
                return Err(FieldError::ArgumentMissing(field));
            }
            (ArgumentKind::OptionalIndex | ArgumentKind::Index, Some(text)) => {
                let index = number(text).ok_or(FieldError::ArgumentNotNumber(field))?;
                Some(Argument::Index(index))
            }
            (ArgumentKind::OptionalKey | ArgumentKind::Key, Some(text)) => {
                let index = checked(field, text)?;
                Some(index.map_or_else(|| Argument::Key(text.into()), Argument::Index))
            }
        };
        Ok(Self { id, argument })
    }

    /// Whether a rule could name this field: callers may have put it together by hand. Allocates
    /// only to say what is wrong.
    pub(super) fn validate(&self) -> Result<(), FieldError> {
        let field = self.id.field();
        match (field.argument, &self.argument) {
            (
                ArgumentKind::None | ArgumentKind::OptionalIndex | ArgumentKind::OptionalKey,
                None,
            )
            | (ArgumentKind::OptionalIndex | ArgumentKind::Index, Some(Argument::Index(_))) => {
                Ok(())
            }
            (ArgumentKind::Index | ArgumentKind::Key, None) => {
                Err(FieldError::ArgumentMissing(field))
            }
            (ArgumentKind::None, Some(_)) => Err(FieldError::ArgumentNotAllowed(field)),
            (ArgumentKind::OptionalIndex | ArgumentKind::Index, Some(Argument::Key(_))) => {
                Err(FieldError::ArgumentNotNumber(field))
            }
            (ArgumentKind::OptionalKey | ArgumentKind::Key, Some(Argument::Key(text))) => {
                match checked(field, text)? {
                    None => Ok(()),
                    Some(_) => Err(FieldError::Unknown),
                }
            }
            (ArgumentKind::OptionalKey | ArgumentKind::Key, Some(Argument::Index(_))) => {
                if is_ordered(field) {
                    Ok(())
                } else {
                    Err(FieldError::Unknown)
                }
            }
        }
    }
}

/// The number that an argument is, in fields whose values have an order; `None` when it is a key.
fn checked(field: &'static Field, text: &str) -> Result<Option<u32>, FieldError> {
    if text.is_empty() {
        return Err(FieldError::ArgumentMissing(field));
    }
    if let Some(index) = number(text).filter(|_| is_ordered(field)) {
        return Ok(Some(index));
    }
    match field.name {
        "evt.arg" | "evt.rawarg" if raw_type(text).is_none() => {
            Err(FieldError::UnknownEventArgument(text.into()))
        }
        "evt.type.is" if EventType::of(text).is_none() => {
            Err(FieldError::UnknownEventType(text.into()))
        }
        "evt.abspath" if text != "src" && text != "dst" => {
            Err(FieldError::UnknownPath(text.into()))
        }
        "evt.around" if text.parse::<u64>().is_err() => Err(FieldError::ArgumentNotNumber(field)),
        _ => Ok(None),
    }
}

/// Whether the field's values may be named by number as well as by key.
fn is_ordered(field: &Field) -> bool {
    matches!(field.name, "evt.arg" | "proc.env" | "proc.aenv")
        || field.name.starts_with("container.mount")
}

fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// Names of all arguments that calls have, for a hint.
pub(crate) fn event_argument_names() -> impl Iterator<Item = &'static str> {
    EVENT_ARGUMENTS.iter().map(|&(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::FieldType;
    use crate::fields::Multiplicity;

    fn parse(text: &str) -> Result<String, FieldError> {
        FieldRef::parse(text).map(|field| field.to_string())
    }

    #[test]
    fn both_forms_of_an_argument_are_one() {
        assert_eq!(parse("evt.arg.flags"), parse("evt.arg[flags]"));
        assert_eq!(parse("evt.arg[0]").unwrap(), "evt.arg[0]");
        assert_eq!(parse("evt.type.is.open").unwrap(), "evt.type.is[open]");
        assert_eq!(parse("container.label.a.b").unwrap(), "container.label[a.b]");
        assert_eq!(parse("evt.abspath").unwrap(), "evt.abspath");
        assert_eq!(parse("evt.abspath.src").unwrap(), "evt.abspath[src]");
        assert_eq!(parse("proc.env[3]").unwrap(), "proc.env[3]");
        assert_eq!(parse("container.mount.dest[/lib/*]").unwrap(), "container.mount.dest[/lib/*]");
        assert_eq!(parse("proc.exe_ino.ctime").unwrap(), "proc.exe_ino.ctime");
    }

    #[test]
    fn what_is_no_field_is_told_apart() {
        assert_eq!(parse("proc.nam"), Err(FieldError::Unknown));
        assert_eq!(parse("proc.name.x"), Err(FieldError::Unknown));
        assert_eq!(parse(""), Err(FieldError::Unknown));
        assert_eq!(parse("."), Err(FieldError::Unknown));
        assert!(matches!(parse("proc.name[1]"), Err(FieldError::ArgumentNotAllowed(_))));
        assert!(matches!(parse("evt.arg.fd[1]"), Err(FieldError::ArgumentNotAllowed(_))));
        assert!(matches!(parse("evt.arg"), Err(FieldError::ArgumentMissing(_))));
        assert!(matches!(parse("proc.env[]"), Err(FieldError::ArgumentMissing(_))));
        assert!(matches!(parse("proc.aname[x]"), Err(FieldError::ArgumentNotNumber(_))));
        assert!(matches!(parse("proc.aname[99999999999]"), Err(FieldError::ArgumentNotNumber(_))));
        assert_eq!(parse("evt.arg.flagz"), Err(FieldError::UnknownEventArgument("flagz".into())));
        assert_eq!(parse("evt.rawarg[0]"), Err(FieldError::UnknownEventArgument("0".into())));
        assert_eq!(parse("evt.type.is.opn"), Err(FieldError::UnknownEventType("opn".into())));
    }

    #[test]
    fn what_is_resolved_is_valid_and_what_is_put_together_may_not_be() {
        for text in [
            "proc.name",
            "proc.aname",
            "proc.aname[2]",
            "evt.arg.fd",
            "evt.arg[0]",
            "evt.rawarg.fd",
            "proc.env[3]",
            "proc.env[A]",
            "container.mount[0]",
            "container.label.a",
            "evt.around[5]",
        ] {
            assert_eq!(FieldRef::parse(text).unwrap().validate(), Ok(()), "{text}");
        }
        let validate = |name: &str, argument: Option<Argument>| {
            FieldRef { id: FieldId::of(name).unwrap(), argument }.validate()
        };
        let key = |text: &str| Some(Argument::Key(text.into()));
        let index = Some(Argument::Index(3));
        assert!(matches!(validate("proc.name", key("a")), Err(FieldError::ArgumentNotAllowed(_))));
        assert!(matches!(validate("evt.arg", None), Err(FieldError::ArgumentMissing(_))));
        assert!(matches!(validate("evt.arg", key("")), Err(FieldError::ArgumentMissing(_))));
        assert!(matches!(validate("proc.args", key("a")), Err(FieldError::ArgumentNotNumber(_))));
        let unknown = FieldError::UnknownEventArgument("flagz".into());
        assert_eq!(validate("evt.rawarg", key("flagz")), Err(unknown));
        // Rules mean something else by `proc.env[3]` and `container.label[3]`.
        assert_eq!(validate("proc.env", key("3")), Err(FieldError::Unknown));
        assert_eq!(validate("container.label", index.clone()), Err(FieldError::Unknown));
        assert_eq!(validate("proc.env", index), Ok(()));
    }

    #[test]
    fn type_and_number_of_values_follow_the_argument() {
        let field = |text| FieldRef::parse(text).unwrap();
        assert_eq!(field("evt.rawarg.flags").kind(), FieldType::Unsigned(64));
        assert_eq!(field("evt.rawarg.fd").kind(), FieldType::Signed(64));
        assert_eq!(field("proc.aname").multiplicity(), Multiplicity::Ancestors);
        assert_eq!(field("proc.aname[2]").multiplicity(), Multiplicity::One);
    }
}
