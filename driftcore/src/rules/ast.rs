//! A condition as it was written: the tree that the parser makes, each part with its place.

use std::sync::Arc;

use super::Span;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `a and b and c`; two at least.
    And(Vec<Expr>),
    /// `a or b or c`; two at least.
    Or(Vec<Expr>),
    /// `not a`
    Not(Box<Expr>),
    /// A bare name where a check stands: a macro.
    Macro(Name),
    /// A comparison.
    Check(Box<Check>),
}

/// A name and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What is compared.
    pub left: Term,
    /// How.
    pub operator: Operator,
    /// Where the operator stands.
    pub operator_span: Span,
    /// `oneof`, `anyof` or `allof` behind the operator.
    pub modifier: Option<Modifier>,
    /// With what.
    pub right: Right,
}

/// A field or a transformer.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Which.
    pub kind: TermKind,
    /// What stands in brackets behind it.
    pub argument: Option<Literal>,
    /// Where it stands, brackets included.
    pub span: Span,
}

/// The forms of a term.
#[derive(Clone, Debug, PartialEq)]
pub enum TermKind {
    /// `proc.name`
    Field(Name),
    /// `tolower(proc.name)`, also `val(proc.name)` on the right.
    Transformer {
        /// Its name, not yet known to exist.
        name: Name,
        /// What it is given.
        arguments: Vec<TermArgument>,
    },
}

/// What a transformer is given.
#[derive(Clone, Debug, PartialEq)]
pub enum TermArgument {
    /// A field or another transformer.
    Term(Term),
    /// A number or a quoted string.
    Literal(Literal),
    /// `(a, b, c)`
    List(Vec<TermArgument>, Span),
}

/// The right-hand side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Right {
    /// Nothing (`exists`).
    Nothing,
    /// One value. A bare one may name a list of one item.
    Value(Literal),
    /// A value of the same event: `val(field)` or a transformer.
    Term(Term),
    /// Values in parentheses. A bare one may name a list. The span has the parentheses.
    List(Vec<Literal>, Span),
    /// A bare name where a list stands.
    Named(Name),
}

/// A value as written, unescaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// The value. Quoted ones may hold any bytes by `\xHH`. Shared by its copies: what stands in
    /// one list may stand in a thousand conditions.
    pub text: Arc<[u8]>,
    /// The quote it stands in.
    pub quote: Option<Quote>,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// A kind of quotation mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    /// `"`
    Double,
    /// `'`
    Single,
}

/// How two things are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is what rules call it")]
pub enum Operator {
    Exists,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    IContains,
    BContains,
    StartsWith,
    BStartsWith,
    EndsWith,
    Glob,
    IGlob,
    Regex,
    In,
    Intersects,
    PMatch,
}

impl Operator {
    /// As rules write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exists => "exists",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Contains => "contains",
            Self::IContains => "icontains",
            Self::BContains => "bcontains",
            Self::StartsWith => "startswith",
            Self::BStartsWith => "bstartswith",
            Self::EndsWith => "endswith",
            Self::Glob => "glob",
            Self::IGlob => "iglob",
            Self::Regex => "regex",
            Self::In => "in",
            Self::Intersects => "intersects",
            Self::PMatch => "pmatch",
        }
    }
}

/// How many of a list's values must satisfy the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is what rules call it")]
pub enum Modifier {
    OneOf,
    AnyOf,
    AllOf,
}

impl Modifier {
    /// As rules write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneOf => "oneof",
            Self::AnyOf => "anyof",
            Self::AllOf => "allof",
        }
    }
}

/// Makes trees that differ only in their places equal.
#[cfg(test)]
pub(super) fn clear_spans(expr: &mut Expr) {
    expr.span = Span::default();
    match &mut expr.kind {
        ExprKind::And(operands) | ExprKind::Or(operands) => {
            operands.iter_mut().for_each(clear_spans);
        }
        ExprKind::Not(inner) => clear_spans(inner),
        ExprKind::Macro(name) => name.span = Span::default(),
        ExprKind::Check(check) => {
            let Check { left, operator_span, right, .. } = &mut **check;
            clear_term(left);
            *operator_span = Span::default();
            match right {
                Right::Nothing => {}
                Right::Value(value) => value.span = Span::default(),
                Right::Term(term) => clear_term(term),
                Right::Named(name) => name.span = Span::default(),
                Right::List(values, span) => {
                    *span = Span::default();
                    values.iter_mut().for_each(|value| value.span = Span::default());
                }
            }
        }
    }
}

#[cfg(test)]
fn clear_term(term: &mut Term) {
    let Term { kind, argument, span } = term;
    *span = Span::default();
    if let Some(argument) = argument {
        argument.span = Span::default();
    }
    match kind {
        TermKind::Field(name) => name.span = Span::default(),
        TermKind::Transformer { name, arguments } => {
            name.span = Span::default();
            arguments.iter_mut().for_each(clear_argument);
        }
    }
}

#[cfg(test)]
fn clear_argument(argument: &mut TermArgument) {
    match argument {
        TermArgument::Term(term) => clear_term(term),
        TermArgument::Literal(literal) => literal.span = Span::default(),
        TermArgument::List(list, span) => {
            *span = Span::default();
            list.iter_mut().for_each(clear_argument);
        }
    }
}
