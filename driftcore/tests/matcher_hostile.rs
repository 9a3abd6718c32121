//! Rules and values that are made to hurt: an error or an answer, in bounded time and memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod plain;

use std::time::Duration;
use std::time::Instant;

use driftcore::fields::EventType;
use driftcore::fields::FieldId;
use driftcore::fields::FieldRef;
use driftcore::matcher::Comparison;
use driftcore::matcher::CompileError;
use driftcore::matcher::Condition;
use driftcore::matcher::Constant;
use driftcore::matcher::Limits;
use driftcore::matcher::Operand;
use driftcore::matcher::Policy;
use driftcore::matcher::Program;
use driftcore::matcher::Rule;
use driftcore::matcher::Scratch;
use driftcore::matcher::Test;
use driftcore::matcher::TextTest;
use driftcore::matcher::Transformer;
use plain::event::Owned;
use plain::event::PlainEvent;

/// Generous: the debug build, on a loaded machine.
const BOUND: Duration = Duration::from_secs(30);

fn field(name: &str) -> Operand {
    Operand::Field(FieldRef::new(FieldId::of(name).unwrap()))
}

fn test(name: &str, comparison: Comparison) -> Condition {
    Condition::Test(Test { left: field(name), comparison })
}

fn text(kind: TextTest, needle: impl Into<Vec<u8>>) -> Condition {
    test("fd.name", Comparison::Text(kind, needle.into().into()))
}

fn constant(value: impl Into<Vec<u8>>) -> Constant {
    Constant::Text(value.into().into())
}

fn compile(conditions: &[Condition]) -> Result<Program, CompileError> {
    let rules: Vec<Rule<'_>> = conditions.iter().map(Rule::new).collect();
    let start = Instant::now();
    let program = Program::compile(&rules, &Limits::default());
    assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
    program
}

fn too_large(conditions: &[Condition]) -> &'static str {
    match compile(conditions) {
        Err(CompileError::TooLarge { what, .. }) => what,
        other => panic!("{other:?}"),
    }
}

fn matches(program: &Program, path: &[u8]) -> bool {
    let mut event = PlainEvent::new(EventType::of("openat").unwrap());
    event.set("fd.name", Owned::Text(path.to_vec()));
    let mut scratch = Scratch::new(program);
    let start = Instant::now();
    let count = program.matches(&event, &mut scratch, Policy::First, |_| {});
    assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
    count > 0
}

#[test]
fn long_needles_are_bounded_by_kind() {
    let long = vec![b'a'; 10 << 20];
    assert_eq!(too_large(&[text(TextTest::Contains, long.clone())]), "bytes of needles");
    assert_eq!(
        too_large(&[text(TextTest::ContainsIgnoringCase, long.clone())]),
        "bytes of needles"
    );
    assert_eq!(too_large(&[text(TextTest::Glob, long.clone())]), "bytes of a glob");
    assert_eq!(too_large(&[text(TextTest::Regex, long.clone())]), "bytes of a regular expression");
    let slashes = "/a".repeat(5 << 20).into_bytes().into();
    assert_eq!(
        too_large(&[test("fd.name", Comparison::PathMatch(vec![slashes]))]),
        "components of paths"
    );
    let prefix = compile(&[text(TextTest::StartsWith, long.clone())]).unwrap();
    assert!(matches(&prefix, &long));
    assert!(!matches(&prefix, b"aaa"));
    let equal = compile(&[test("fd.name", Comparison::Equal(constant(long.clone())))]).unwrap();
    assert!(matches(&equal, &long));
    let four = vec![text(TextTest::EndsWith, long); 4];
    // Equal tests are one.
    assert!(compile(&four).is_ok());
    let many = (0..5_u8).map(|last| text(TextTest::EndsWith, vec![last; 10 << 20]));
    assert_eq!(too_large(&many.collect::<Vec<_>>()), "bytes of constants");
}

#[test]
fn a_hundred_thousand_rules_are_taken_and_one_more_is_not() {
    let rule = |index: usize| {
        Condition::All(vec![
            test("evt.type", Comparison::Equal(constant("openat"))),
            test("fd.name", Comparison::Equal(constant(format!("/file{index}")))),
            Condition::Not(Box::new(text(TextTest::StartsWith, format!("/{}/", index % 50)))),
        ])
    };
    let mut conditions: Vec<Condition> = (0..100_000).map(rule).collect();
    let program = compile(&conditions).unwrap();
    assert!(matches(&program, b"/file77777"));
    assert!(!matches(&program, b"/file100000"));
    assert_eq!(program.info().always_asked, 0);
    conditions.push(rule(0));
    assert_eq!(too_large(&conditions), "rules");
}

#[test]
fn rules_on_as_many_inputs_compile_in_bounded_time() {
    let rule = |index: u32| {
        let argument = Some(driftcore::fields::Argument::Index(index));
        let id = FieldId::of("proc.args").unwrap();
        let left = Operand::Field(FieldRef { id, argument });
        Condition::Test(Test { left, comparison: Comparison::Equal(constant("x")) })
    };
    let conditions: Vec<Condition> = (0..20_000).map(rule).collect();
    assert!(!matches(&compile(&conditions).unwrap(), b""));
}

#[test]
fn nesting_and_its_doubling_are_bounded() {
    let leaf = || text(TextTest::StartsWith, "/a");
    let mut deep = leaf();
    for _ in 0..5_000 {
        deep = Condition::Any(vec![deep, Condition::Any(Vec::new())]);
    }
    assert_eq!(too_large(&[deep]), "nesting");
    // As deep as the language goes is fine, on a small stack too.
    let mut deep = leaf();
    for at in 0..330 {
        let other = || text(TextTest::StartsWith, format!("/a{at}"));
        deep = Condition::All(vec![Condition::Any(vec![deep, other()]), leaf()]);
        deep = Condition::Not(Box::new(deep));
    }
    assert!(compile(&[deep]).is_ok());
    let mut ones = Vec::new();
    for at in 0..40 {
        let name =
            |part: usize| test("proc.name", Comparison::Equal(constant(format!("{at}{part}"))));
        let inner: Vec<Condition> = ones.pop().into_iter().chain([name(0), name(1)]).collect();
        ones.push(Condition::One(inner));
    }
    // Doubles at every level: refused before it is done, or shared so well that it fits.
    let rules: Vec<Rule<'_>> = ones.iter().map(Rule::new).collect();
    let mut limits = Limits::default();
    limits.code = 100_000;
    match Program::compile(&rules, &limits) {
        Ok(program) => assert!(program.info().steps <= limits.code),
        Err(error) => assert!(matches!(error, CompileError::TooLarge { .. }), "{error}"),
    }
    let mut operand = field("proc.name");
    for _ in 0..5_000 {
        let transformer = Transformer::ToLower;
        operand = Operand::Transformed { transformer, arguments: vec![operand], key: None };
    }
    let test = Test { left: operand, comparison: Comparison::Exists };
    assert_eq!(too_large(&[Condition::Test(test)]), "nesting");
}

#[test]
fn regex_bombs_are_refused_and_wrong_ones_named() {
    for pattern in
        [r"(a{1000}){1000}", r"((((x{50}){50}){50}){50}){50}", r"\pL{5000}", "((a*)*", "[z-a]"]
    {
        let error = compile(&[text(TextTest::Regex, "fine"), text(TextTest::Regex, pattern)]);
        match error {
            Err(CompileError::Regex { pattern: named, .. }) => assert_eq!(named, pattern),
            other => panic!("{pattern}: {other:?}"),
        }
    }
    assert!(matches!(
        compile(&[text(TextTest::Regex, b"\xff".to_vec())]),
        Err(CompileError::Regex { .. })
    ));
    let nested = "(".repeat(4000) + &")".repeat(4000);
    assert!(matches!(compile(&[text(TextTest::Regex, nested)]), Err(CompileError::Regex { .. })));
}

#[test]
fn values_that_are_bad_for_backtrackers_are_answered() {
    let value = vec![b'a'; 4096];
    for pattern in [r"(a+)+b", r"(a|aa)+b", r"(.*a){20}b", r"(a*)*b"] {
        assert!(!matches(&compile(&[text(TextTest::Regex, pattern)]).unwrap(), &value));
    }
    for pattern in ["*a*a*a*a*a*a*a*a*b", "*[ab]*[ab]*[ab]*[ab]*c", "a*?a*?a*?b*c"] {
        for kind in [TextTest::Glob, TextTest::GlobIgnoringCase] {
            assert!(!matches(&compile(&[text(kind, pattern)]).unwrap(), &value));
        }
    }
    let paths = (1..=12).map(|depth| "/*".repeat(depth).into_bytes().into());
    let paths = test("fd.name", Comparison::PathMatch(paths.collect()));
    assert!(matches(&compile(&[paths]).unwrap(), &b"/a".repeat(2048)));
}

#[test]
fn lists_that_differ_by_event_type_do_not_multiply() {
    // Every event type gets a bucket of its own, all with one long list.
    let long = (0..50_000).map(|index| constant(format!("v{index}"))).collect();
    let mut conditions = vec![test("fd.name", Comparison::In(long))];
    for event_type in EventType::all() {
        conditions.push(test("evt.type", Comparison::Equal(constant(event_type.name()))));
    }
    let mut limits = Limits::default();
    limits.index = 60_000;
    let rules: Vec<Rule<'_>> = conditions.iter().map(Rule::new).collect();
    let program = Program::compile(&rules, &limits).unwrap();
    assert!(matches(&program, b"v49999"));
}
