//! From what a rule writes to a field with its argument.

use super::Argument;
use super::ArgumentKind;
use super::EVENT_ARGUMENTS;
use super::EventType;
use super::Field;
use super::FieldId;
use super::FieldRef;
use super::event_argument::raw_type;

/// Why a text is no field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldError {
    /// No field has this name.
    Unknown,
    /// The field needs an argument in brackets.
    ArgumentMissing(&'static Field),
    /// The field takes none.
    ArgumentNotAllowed(&'static Field),
    /// The argument must be a number that is not too large.
    ArgumentNotNumber(&'static Field),
    /// No call has an argument of this name.
    UnknownEventArgument(Box<str>),
    /// Behind `evt.type.is` stands no event type.
    UnknownEventType(Box<str>),
    /// Behind `evt.abspath` stands neither `src` nor `dst`.
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
            (ArgumentKind::OptionalKey | ArgumentKind::Key, Some(text)) => Some(key(field, text)?),
        };
        Ok(Self { id, argument })
    }
}

/// A key; or a number, of fields whose values have an order.
fn key(field: &'static Field, text: &str) -> Result<Argument, FieldError> {
    if text.is_empty() {
        return Err(FieldError::ArgumentMissing(field));
    }
    let key = || Argument::Key(text.into());
    match field.name {
        "evt.arg" => match number(text) {
            Some(index) => Ok(Argument::Index(index)),
            None if raw_type(text).is_some() => Ok(key()),
            None => Err(FieldError::UnknownEventArgument(text.into())),
        },
        "evt.rawarg" if raw_type(text).is_none() => {
            Err(FieldError::UnknownEventArgument(text.into()))
        }
        "evt.type.is" if EventType::of(text).is_none() => {
            Err(FieldError::UnknownEventType(text.into()))
        }
        "evt.abspath" if text != "src" && text != "dst" => {
            Err(FieldError::UnknownPath(text.into()))
        }
        "evt.around" if text.parse::<u64>().is_err() => Err(FieldError::ArgumentNotNumber(field)),
        "proc.env" | "proc.aenv" => Ok(number(text).map_or_else(key, Argument::Index)),
        name if name.starts_with("container.mount") => {
            Ok(number(text).map_or_else(key, Argument::Index))
        }
        _ => Ok(key()),
    }
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
    fn type_and_number_of_values_follow_the_argument() {
        let field = |text| FieldRef::parse(text).unwrap();
        assert_eq!(field("evt.rawarg.flags").kind(), FieldType::Unsigned(64));
        assert_eq!(field("evt.rawarg.fd").kind(), FieldType::Signed(64));
        assert_eq!(field("proc.aname").multiplicity(), Multiplicity::Ancestors);
        assert_eq!(field("proc.aname[2]").multiplicity(), Multiplicity::One);
    }
}
