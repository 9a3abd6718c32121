//! Parser and printer together.

use proptest::prelude::*;

use super::cursor::Fault;
use super::*;
use crate::rules::Limits;
use crate::rules::MappedText;
use crate::rules::SourceId;
use crate::rules::Span;
use crate::rules::ast::Check;
use crate::rules::ast::Expr;
use crate::rules::ast::ExprKind;
use crate::rules::ast::Literal;
use crate::rules::ast::Modifier;
use crate::rules::ast::Name;
use crate::rules::ast::Operator;
use crate::rules::ast::Quote;
use crate::rules::ast::Right;
use crate::rules::ast::Term;
use crate::rules::ast::TermArgument;
use crate::rules::ast::TermKind;

fn mapped(text: &str) -> MappedText {
    let mut mapped = MappedText::default();
    mapped.push(text, SourceId(0), 0);
    mapped
}

fn parse(text: &str) -> Result<Expr, Fault> {
    parse_condition(&mapped(text), &Limits::default())
}

/// With every group in parentheses.
fn shape(expr: &Expr) -> String {
    let joined = |operands: &[Expr], word: &str| {
        let parts: Vec<String> = operands.iter().map(shape).collect();
        format!("({})", parts.join(word))
    };
    match &expr.kind {
        ExprKind::And(operands) => joined(operands, " and "),
        ExprKind::Or(operands) => joined(operands, " or "),
        ExprKind::Not(inner) => format!("not {}", shape(inner)),
        ExprKind::Macro(name) => name.text.clone(),
        ExprKind::Check(check) => check.to_string(),
    }
}

#[track_caller]
fn assert_shape(text: &str, expected: &str) {
    let expr = parse(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
    assert_eq!(shape(&expr), expected, "{text}");
}

#[track_caller]
fn fault(text: &str) -> (&'static str, u32, u32) {
    let fault = parse(text).expect_err(text);
    (fault.code, fault.primary.0.start, fault.primary.0.end)
}

#[test]
fn not_binds_tighter_than_and_than_or() {
    assert_shape("a or b and not c", "(a or (b and not c))");
    assert_shape("not a and b or c", "((not a and b) or c)");
    assert_shape("(a or b) and c", "((a or b) and c)");
    assert_shape("a and b and c", "(a and b and c)");
    assert_shape("(a and b) and c", "((a and b) and c)");
    assert_shape("not not a", "not not a");
    assert_shape("not (not(a or b))", "not not (a or b)");
    assert_shape("  ((a))\n", "a");
}

#[test]
fn keywords_may_touch_a_parenthesis() {
    assert_shape("a or(b and(c))", "(a or (b and c))");
    assert_shape("not(a)and(b)or not(c)", "((not a and b) or not c)");
    assert_shape("proc.name in(a,b)", "proc.name in (a, b)");
    assert_shape("(evt.num>=0)", "evt.num >= 0");
    assert_shape("order and notable and android", "(order and notable and android)");
}

#[test]
fn every_operator_is_known() {
    for text in [
        "a.b exists",
        "a.b = x",
        "a.b != x",
        "a.b < 1",
        "a.b <= 1",
        "a.b > -1",
        "a.b >= 0x1f",
        "a.b contains x",
        "a.b icontains x",
        "a.b bcontains 00ff",
        "a.b startswith /x",
        "a.b bstartswith 00",
        "a.b endswith .so",
        "a.b glob *x[0-9]?",
        "a.b iglob *X",
        "a.b regex \"a|b\"",
        "a.b in (a, \"b c\", 'd')",
        "a.b in ()",
        "a.b in names",
        "a.b intersects (a)",
        "a.b pmatch (/usr, /etc)",
        "a.b startswith oneof (a, b)",
        "a.b = anyof names",
        "a.b != allof (a)",
        "a.b = oneof",
        "a.b < val(c.d)",
        "a.b = tolower(c.d)",
        "a.b in val(c.d)",
        "tolower(a.b) = x",
        "getopt(proc.args, \"a:b\")[a] = x",
        "join(\",\", (a.b, tolower(c.d), 5, 'x')) = x",
        "proc.env[HOME] = /root",
        "proc.aname[2] = x",
        "a.b[\"x y]\"] exists",
        "a.b.c.d_e = x",
    ] {
        assert_shape(text, text);
    }
    assert_shape("a.b == x", "a.b = x");
    assert_shape("a.b==x", "a.b = x");
    assert_shape("evt.dir=<", "evt.dir = <");
    assert_shape("evt.dir=> and x", "(evt.dir = > and x)");
    assert_shape("a.b in(a)", "a.b in (a)");
    assert_shape("a.b = anyof(a)", "a.b = anyof (a)");
}

#[test]
fn a_modifier_without_a_list_is_a_value() {
    assert_shape("proc.name = oneof and a", "(proc.name = oneof and a)");
    assert_shape("(proc.name = anyof) or b", "(proc.name = anyof or b)");
    assert_shape("proc.name = allofit", "proc.name = allofit");
    assert_shape("proc.name = oneof or not a", "(proc.name = oneof or not a)");
}

#[test]
fn quotes_end_where_falco_ends_them() {
    assert_shape(r#"a.b = "\"x\"""#, r#"a.b = "\"x\"""#);
    assert_shape(r#"a.b contains "\ ""#, r#"a.b contains "\x5c""#);
    assert_shape(r"a.b = 'it\'s'", r"a.b = 'it\'s'");
    assert_eq!(fault(r"a.b = 'it''").0, "unexpected-text");
    assert_eq!(fault(r#"a.b = "x\\""#).0, "unclosed-quote");
    assert_shape(r"a.b = C:\dir", r"a.b = C:\dir");
}

#[test]
fn faults_stand_at_their_place() {
    assert_eq!(fault(""), ("empty-condition", 0, 0));
    assert_eq!(fault("a and"), ("unexpected-text", 2, 5));
    assert_eq!(fault("a and "), ("expected-check", 5, 5));
    assert_eq!(fault("a and or b"), ("expected-check", 6, 8));
    assert_eq!(fault("a and or(b)"), ("expected-check", 6, 8));
    assert_eq!(fault("(a or b"), ("unclosed-parenthesis", 0, 1));
    assert_eq!(fault("a) and b"), ("unexpected-text", 1, 2));
    assert_eq!(fault("proc.name bash"), ("expected-operator", 10, 14));
    assert_eq!(fault("proc.name ="), ("expected-value", 11, 11));
    assert_eq!(fault("proc.name = (a)"), ("expected-value", 12, 13));
    assert_eq!(fault("proc.name in (a, b"), ("unclosed-parenthesis", 13, 14));
    assert_eq!(fault("proc.name in (a b)"), ("expected-list", 16, 17));
    assert_eq!(fault("proc.name in (a,)"), ("expected-list", 16, 17));
    assert_eq!(fault("proc.name in \"a\""), ("expected-list", 13, 14));
    assert_eq!(fault("fd.num < abc"), ("expected-number", 9, 12));
    assert_eq!(fault("procname = bash"), ("expected-field", 0, 8));
    assert_eq!(fault("a && b"), ("unexpected-text", 2, 4));
    assert_eq!(fault("!a"), ("expected-check", 0, 2));
    assert_eq!(fault("proc.env[ = x"), ("expected-argument", 9, 10));
    assert_eq!(fault("proc.env[A = x"), ("unclosed-bracket", 10, 11));
    assert_eq!(fault("tolower(x) = y"), ("expected-argument", 8, 9));
    assert_eq!(fault("a.b = \"x\\q\""), ("bad-escape", 8, 10));
    assert_eq!(fault("a.b = \"x"), ("unclosed-quote", 6, 7));
    assert_eq!(fault("a.b = x,"), ("unexpected-text", 7, 8));
    assert_eq!(fault("a.b = é é"), ("unexpected-text", 9, 11));
}

#[test]
fn spans_cover_what_they_name() {
    let text = "not proc.name in (a, \"b\") or c";
    let expr = parse(text).unwrap();
    let ExprKind::Or(operands) = &expr.kind else { panic!("{expr:?}") };
    let at = |span: Span| &text[span.start as usize..span.end as usize];
    assert_eq!(at(expr.span), text);
    assert_eq!(at(operands[0].span), "not proc.name in (a, \"b\")");
    let ExprKind::Not(inner) = &operands[0].kind else { panic!("{expr:?}") };
    let ExprKind::Check(check) = &inner.kind else { panic!("{expr:?}") };
    assert_eq!(at(check.left.span), "proc.name");
    assert_eq!(at(check.operator_span), "in");
    let Right::List(values, span) = &check.right else { panic!("{expr:?}") };
    assert_eq!(at(*span), "(a, \"b\")");
    assert_eq!(at(values[1].span), "\"b\"");
}

/// The test harness gives each test 2 MiB of stack.
#[test]
fn the_deepest_condition_fits_the_stack() {
    let deep = format!("{}a{}", "(b or (c and ".repeat(100), "))".repeat(100));
    let expr = parse(&deep).unwrap();
    assert_eq!(parse(&expr.to_string()).unwrap().to_string(), expr.to_string());
    assert!(parse(&format!("{}a", "not (not b) and (not not c) or ".repeat(5_000))).is_ok());
    let nots = format!("{}a", "not ".repeat(1000));
    let expr = parse(&nots).unwrap();
    assert_eq!(expr.clone().to_string(), nots);
    assert_eq!(fault(&format!("{}a", "not ".repeat(1001))).0, "nesting");
    assert_eq!(fault(&"(".repeat(1_000_000)).0, "nesting");
    assert_eq!(fault(&"not(".repeat(200_000)).0, "nesting");
    assert_eq!(fault(&"tolower(".repeat(100_000)).0, "nesting");
    assert_eq!(fault(&format!("join({}", "(".repeat(100_000))).0, "expected-argument");
    assert_eq!(fault(&"a and ".repeat(1 << 20)).0, "condition-size");
}

fn identifier() -> impl Strategy<Value = String> {
    "[a-zA-Z][a-zA-Z0-9_]{0,6}"
        .prop_filter("no keyword", |word| !matches!(word.as_str(), "and" | "or" | "not"))
}

fn name(text: impl Strategy<Value = String>) -> impl Strategy<Value = Name> {
    text.prop_map(|text| Name { text, span: Span::default() })
}

fn literal(bare: &'static str) -> impl Strategy<Value = Literal> {
    let quoted = prop_oneof![Just(Quote::Double), Just(Quote::Single)];
    let text = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..8),
        "[a\\\\\"' éx,()\\n\\t]{0,8}".prop_map(String::into_bytes),
    ];
    prop_oneof![
        bare.prop_map(|text| Literal {
            text: text.into_bytes().into(),
            quote: None,
            span: Span::default()
        }),
        (text, quoted).prop_map(|(text, quote)| Literal {
            text: text.into(),
            quote: Some(quote),
            span: Span::default()
        }),
    ]
}

fn value() -> impl Strategy<Value = Literal> {
    literal("[a-z/<>!\\[\\]*?é\\\\.:-]{1,8}")
}

fn numeric() -> impl Strategy<Value = Literal> {
    "[+-]?[0-9]{1,5}|0x[0-9a-f]{1,4}|[0-9]\\.[0-9]e[+-][0-9]".prop_map(|text| Literal {
        text: text.into_bytes().into(),
        quote: None,
        span: Span::default(),
    })
}

fn field() -> impl Strategy<Value = Term> {
    let argument = proptest::option::of(literal("[a-zA-Z0-9/,()=*]{1,5}"));
    (name("[a-z]{1,4}(\\.[a-z][a-z0-9_]{0,3}){1,3}"), argument).prop_map(|(name, argument)| Term {
        kind: TermKind::Field(name),
        argument,
        span: Span::default(),
    })
}

fn transformer() -> impl Strategy<Value = Term> {
    let leaf = prop_oneof![
        field().prop_map(TermArgument::Term),
        numeric().prop_map(TermArgument::Literal),
        value()
            .prop_filter("quoted", |value| value.quote.is_some())
            .prop_map(TermArgument::Literal),
    ];
    let argument = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3)
                .prop_map(|list| TermArgument::List(list, Span::default())),
            (name(identifier()), proptest::collection::vec(inner, 0..3)).prop_map(
                |(name, arguments)| {
                    let kind = TermKind::Transformer { name, arguments };
                    TermArgument::Term(Term { kind, argument: None, span: Span::default() })
                }
            ),
        ]
    });
    (name(identifier()), proptest::collection::vec(argument, 0..3)).prop_map(|(name, arguments)| {
        Term {
            kind: TermKind::Transformer { name, arguments },
            argument: None,
            span: Span::default(),
        }
    })
}

fn check() -> impl Strategy<Value = Check> {
    let text = prop_oneof![
        Just(Operator::Equal),
        Just(Operator::NotEqual),
        Just(Operator::Contains),
        Just(Operator::IGlob),
        Just(Operator::Regex),
    ];
    let list = prop_oneof![Just(Operator::In), Just(Operator::Intersects), Just(Operator::PMatch)];
    let order = prop_oneof![Just(Operator::Less), Just(Operator::GreaterOrEqual)];
    let modifier = prop_oneof![Just(Modifier::OneOf), Just(Modifier::AllOf)];
    let values = || {
        prop_oneof![
            proptest::collection::vec(value(), 0..4)
                .prop_map(|values| Right::List(values, Span::default())),
            name(identifier()).prop_map(Right::Named),
        ]
    };
    let right = prop_oneof![
        Just((Operator::Exists, None, Right::Nothing)),
        (text.clone(), value()).prop_map(|(op, value)| (op, None, Right::Value(value))),
        (text.clone(), transformer()).prop_map(|(op, term)| (op, None, Right::Term(term))),
        (text, modifier, values()).prop_map(|(op, modifier, right)| (op, Some(modifier), right)),
        (list.clone(), values()).prop_map(|(op, right)| (op, None, right)),
        (list, transformer()).prop_map(|(op, term)| (op, None, Right::Term(term))),
        (order, numeric()).prop_map(|(op, value)| (op, None, Right::Value(value))),
    ];
    (prop_oneof![field(), transformer()], right).prop_map(|(left, (operator, modifier, right))| {
        Check { left, operator, operator_span: Span::default(), modifier, right }
    })
}

fn expr() -> impl Strategy<Value = Expr> {
    let at = |kind| Expr { kind, span: Span::default() };
    let leaf = prop_oneof![
        name(identifier()).prop_map(move |name| at(ExprKind::Macro(name))),
        check().prop_map(move |check| at(ExprKind::Check(Box::new(check)))),
    ];
    leaf.prop_recursive(6, 40, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4)
                .prop_map(move |operands| at(ExprKind::And(operands))),
            proptest::collection::vec(inner.clone(), 2..4)
                .prop_map(move |operands| at(ExprKind::Or(operands))),
            inner.prop_map(move |inner| at(ExprKind::Not(Box::new(inner)))),
        ]
    })
}

#[test]
fn what_follows_a_fault_is_parsed_where_it_is_clear() {
    for (text, expected) in [
        ("a.b = = c and d.e", &["expected-value", "expected-operator"][..]),
        ("a.b = c && d.e = f and g.h ~ i", &["unexpected-text", "expected-operator"]),
        ("a.b in (c, d e) and f.g = \"\\d\" or h", &["expected-list", "bad-escape"]),
        (
            "(a.b = c d) or (e.f !! (g) or h.i = j) and k.l <",
            &["unexpected-text", "expected-operator", "expected-number"],
        ),
        // A keyword in quotes, in parentheses or in a word is none.
        ("a.b ! \"c and d\" (e and f) band x", &["expected-operator"]),
        // What is open or closed behind a fault says nothing.
        ("(a.b ~ c", &["expected-operator"]),
        ("a.b ~ c)", &["expected-operator"]),
        ("a.b = c) and d.e ~ f", &["unexpected-text"]),
        ("a.b ~ \"c and d.e ~ f", &["expected-operator"]),
        ("a.b = c and and or d.e = f", &["expected-check", "expected-check"]),
    ] {
        let parsed = parse_with_faults(&mapped(text), &Limits::default());
        let codes: Vec<_> = parsed.faults.iter().map(|fault| fault.code).collect();
        assert_eq!(codes, expected, "{text}");
    }
    let many = "a.b ~ c and ".repeat(100);
    assert_eq!(parse_with_faults(&mapped(&many), &Limits::default()).faults.len(), 16);
}

proptest! {
    #[test]
    fn what_is_printed_is_parsed_as_the_same(expr in expr()) {
        let text = expr.to_string();
        let mut parsed = parse(&text).map_err(|fault| TestCaseError::fail(format!("{text}: {fault:?}")))?;
        crate::rules::ast::clear_spans(&mut parsed);
        prop_assert_eq!(&parsed, &expr, "{}", text);
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in "\\PC{0,60}") {
        if let Err(fault) = parse(&text) {
            prop_assert!(fault.primary.0.end as usize <= text.len());
        }
    }

    #[test]
    fn almost_conditions_are_parsed_or_refused(
        words in proptest::collection::vec(
            prop_oneof![
                Just("and"), Just("or"), Just("not"), Just("("), Just(")"), Just("a.b"), Just("="),
                Just("in"), Just("oneof"), Just("x"), Just("\""), Just("'"), Just("\\"), Just(","),
                Just("["), Just("]"), Just(" "), Just("<"), Just("5"), Just("é"), Just("tolower("),
            ],
            0..20,
        )
    ) {
        let text = words.concat();
        if let Ok(expr) = parse(&text) {
            let mut expr = expr;
            let mut again = parse(&expr.to_string()).map_err(|fault| TestCaseError::fail(format!("{expr}: {fault:?}")))?;
            crate::rules::ast::clear_spans(&mut expr);
            crate::rules::ast::clear_spans(&mut again);
            prop_assert_eq!(expr, again);
        }
    }
}
