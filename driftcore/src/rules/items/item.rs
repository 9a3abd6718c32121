//! The forms of items.

use crate::matcher::Priority;
use crate::rules::MappedText;
use crate::rules::Span;
use crate::rules::ast::Literal;
use crate::rules::ast::Name;

/// One item of a file.
#[derive(Debug)]
pub(crate) enum Item {
    List(ListItem),
    Macro(MacroItem),
    Rule(Box<RuleItem>),
    /// An item with an error in it: its name is known, so that its uses are no further errors.
    Broken(Kind, String, Box<Parts>),
}

/// What can be checked of a rule that has an error elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) condition: Option<MappedText>,
    pub(crate) output: Option<MappedText>,
    /// Unknown names in them are no errors.
    pub(crate) forgiving: bool,
}

/// What has a name of its own. Each has its own name space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    List,
    Macro,
    Rule,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Macro => "macro",
            Self::Rule => "rule",
        }
    }
}

/// What an item does to one of the same name before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Define,
    Append,
    Replace,
}

#[derive(Debug)]
pub(crate) struct ListItem {
    pub(crate) name: Name,
    pub(crate) items: Vec<Literal>,
    pub(crate) change: Change,
}

#[derive(Debug)]
pub(crate) struct MacroItem {
    pub(crate) name: Name,
    pub(crate) condition: MappedText,
    pub(crate) change: Change,
}

/// A rule's item; what is not written in it is `None`.
#[derive(Debug)]
pub(crate) struct RuleItem {
    pub(crate) name: Name,
    pub(crate) span: Span,
    pub(crate) change: RuleChange,
    pub(crate) condition: Option<MappedText>,
    pub(crate) output: Option<MappedText>,
    pub(crate) description: Option<MappedText>,
    pub(crate) priority: Option<Priority>,
    pub(crate) source: Option<Name>,
    pub(crate) enabled: Option<bool>,
    pub(crate) tags: Vec<String>,
    pub(crate) exceptions: Vec<ExceptionItem>,
    pub(crate) warn_event_types: Option<bool>,
    pub(crate) skip_if_unknown_filter: Option<bool>,
}

/// What a rule's item does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RuleChange {
    Define,
    /// `append: true`
    Append,
    /// Only `enabled`.
    Toggle,
    /// `override`: each key with whether it is appended (or else replaced).
    Override(Vec<(RuleKey, bool)>),
}

/// The keys of a rule that `override` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RuleKey {
    Condition,
    Output,
    Description,
    Tags,
    Exceptions,
    Priority,
    Enabled,
    WarnEventTypes,
    SkipIfUnknownFilter,
    Capture,
    CaptureDuration,
}

/// An exception, not yet checked: an appended one needs less than a new one.
#[derive(Clone, Debug)]
pub(crate) struct ExceptionItem {
    pub(crate) name: Name,
    pub(crate) fields: Option<OneOrMany>,
    pub(crate) operators: Option<OneOrMany>,
    pub(crate) values: Option<Vec<ExceptionValue>>,
}

/// A scalar, or a sequence of them.
#[derive(Clone, Debug)]
pub(crate) enum OneOrMany {
    One(MappedText, Span),
    Many(Vec<(MappedText, Span)>, Span),
}

/// One of the values of an exception.
#[derive(Clone, Debug)]
pub(crate) enum ExceptionValue {
    One(MappedText, Span),
    Many(Vec<ExceptionValue>, Span),
}
