//! Matching allocates nothing and takes no lock, whatever kinds of tests it makes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod plain;

use std::hint::black_box;

use allocation_counter::measure;
use driftcore::fields::EventType;
use driftcore::fields::FieldId;
use driftcore::fields::FieldRef;
use driftcore::matcher::Comparison;
use driftcore::matcher::Condition;
use driftcore::matcher::Constant;
use driftcore::matcher::Limits;
use driftcore::matcher::Operand;
use driftcore::matcher::Policy;
use driftcore::matcher::Program;
use driftcore::matcher::Relation;
use driftcore::matcher::Rule;
use driftcore::matcher::Scratch;
use driftcore::matcher::Test;
use driftcore::matcher::TextTest;
use driftcore::matcher::Transformer;
use plain::event::Owned;
use plain::event::PlainEvent;

fn field(name: &str) -> Operand {
    Operand::Field(FieldRef::new(FieldId::of(name).unwrap()))
}

fn test(left: Operand, comparison: Comparison) -> Condition {
    Condition::Test(Test { left, comparison })
}

fn call(transformer: Transformer, arguments: Vec<Operand>) -> Operand {
    Operand::Transformed { transformer, arguments, key: None }
}

fn text(text: &str) -> Box<[u8]> {
    text.as_bytes().into()
}

/// One rule for each kind of test; the event below matches none.
fn conditions() -> Vec<Condition> {
    let is = |value: &str| Comparison::Equal(Constant::Text(text(value).into()));
    let mut all = vec![
        test(field("proc.name"), is("none")),
        test(field("proc.aname"), Comparison::In(vec![Constant::Text(text("none").into())])),
        test(field("fd.name"), Comparison::PathMatch(vec![text("/etc"), text("/var/*/x")])),
        test(field("fd.sip"), Comparison::Equal(Constant::Address("1.2.3.4".parse().unwrap()))),
        test(field("proc.pid"), Comparison::NotEqual(Constant::Signed(7))),
        test(call(Transformer::ToUpper, vec![field("proc.name")]), is("none")),
        test(call(Transformer::Base64, vec![field("container.image.repository")]), is("none")),
        test(
            call(Transformer::Concat, vec![field("proc.name"), field("proc.pname")]),
            Comparison::With(Relation::Equal, field("fd.name")),
        ),
        test(
            call(Transformer::Join, vec![Operand::Text(text(",")), field("file.changed")]),
            is("none"),
        ),
        test(
            call(Transformer::GetOpt, vec![field("file.changed"), Operand::Text(text("a:b"))]),
            Comparison::Intersects(vec![Constant::Text(text("none").into())]),
        ),
        test(
            call(Transformer::Length, vec![field("file.changed")]),
            Comparison::Equal(Constant::Unsigned(99)),
        ),
    ];
    for (kind, needle) in [
        (TextTest::Contains, "none"),
        (TextTest::ContainsIgnoringCase, "NONE"),
        (TextTest::StartsWith, "/none"),
        (TextTest::EndsWith, ".none"),
        (TextTest::Glob, "/var/*/[0-9]?x"),
        (TextTest::GlobIgnoringCase, "/VAR/*/[0-9]?x"),
        (TextTest::Regex, "/var/(a|b)+"),
        (TextTest::Regex, r"/\w+/[^x]+"),
    ] {
        let is = test(field("fd.name"), Comparison::Text(kind, text(needle)));
        all.push(Condition::All(vec![
            Condition::Not(Box::new(test(field("proc.name"), Comparison::Exists))),
            is.clone(),
        ]));
        all.push(is);
    }
    all
}

fn event() -> PlainEvent {
    let mut event = PlainEvent::new(EventType::of("openat").unwrap());
    event.set("proc.name", Owned::text("nginx"));
    event.set("proc.pname", Owned::text("sh"));
    event.set("proc.aname", Owned::list(vec![Owned::text("sh"), Owned::text("runc")]));
    event.set("file.changed", Owned::list(vec![Owned::text("-a"), Owned::text("-b")]));
    event.set("proc.pid", Owned::Signed(7));
    event.set("container.image.repository", Owned::text("YWJj"));
    event.set("fd.sip", Owned::Address("10.0.0.1".parse().unwrap()));
    // Not UTF-8: the regular expressions see a cleaned copy.
    event.set("fd.name", Owned::Text(b"/var/log/x\xff/12x.log".to_vec()));
    event
}

#[test]
fn an_event_that_matches_nothing_allocates_nothing() {
    let conditions = conditions();
    let rules: Vec<Rule<'_>> = conditions.iter().map(Rule::new).collect();
    let program = Program::compile(&rules, &Limits::default()).unwrap();
    let mut scratch = Scratch::new(&program);
    let event = event();
    let mut run = || {
        for policy in [Policy::First, Policy::All] {
            let count = program.matches(black_box(&event), &mut scratch, policy, |_| {});
            assert_eq!(count, 0);
        }
    };
    run();
    let allocations = measure(|| (0..100).for_each(|_| run())).count_total;
    assert_eq!(allocations, 0);
}

#[test]
fn a_match_allocates_nothing_either() {
    let condition = test(field("proc.name"), Comparison::Exists);
    let program = Program::compile(&[Rule::new(&condition)], &Limits::default()).unwrap();
    let mut scratch = Scratch::new(&program);
    let event = event();
    let count = measure(|| {
        assert_eq!(program.matches(&event, &mut scratch, Policy::All, |_| {}), 1);
    });
    assert_eq!(count.count_total, 0);
}
