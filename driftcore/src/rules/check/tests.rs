//! Conditions as they are written, against what the checker makes of them.

use super::check_condition;
use super::event_types;
use crate::fields::EventType;
use crate::fields::EventTypes;
use crate::fields::FieldRef;
use crate::matcher::Comparison;
use crate::matcher::Condition;
use crate::matcher::Constant;
use crate::matcher::Network;
use crate::matcher::Operand;
use crate::matcher::Order;
use crate::matcher::Relation;
use crate::matcher::Test;
use crate::matcher::TextTest;
use crate::matcher::Transformer;
use crate::rules::Diagnostic;
use crate::rules::Limits;
use crate::rules::MappedText;
use crate::rules::SourceId;
use crate::rules::Span;
use crate::rules::ast::Check;
use crate::rules::ast::Expr;
use crate::rules::ast::ExprKind;
use crate::rules::ast::Name;
use crate::rules::ast::Operator;
use crate::rules::ast::Right;
use crate::rules::ast::Term;
use crate::rules::ast::TermKind;
use crate::rules::parse_condition;

fn check(text: &str) -> Result<Condition, Vec<Diagnostic>> {
    let mut mapped = MappedText::default();
    mapped.push(text, SourceId::default(), 0);
    let expr = parse_condition(&mapped, &Limits::default()).map_err(|error| vec![*error])?;
    let mut diagnostics = Vec::new();
    let condition = check_condition(&expr, &mut diagnostics);
    condition.ok_or(diagnostics)
}

fn good(text: &str) -> Condition {
    check(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

/// The only comparison of a condition.
fn comparison(text: &str) -> Comparison {
    match good(text) {
        Condition::Test(Test { comparison, .. }) => comparison,
        other => panic!("{text}: {other:?}"),
    }
}

/// Code, marked text and help of the only error.
fn error(text: &str) -> (&'static str, String, String) {
    let errors = check(text).expect_err(text);
    assert_eq!(errors.len(), 1, "{text}: {errors:?}");
    let error = &errors[0];
    let span = error.primary.0;
    let marked = text[span.start as usize..span.end as usize].to_owned();
    (error.code, marked, error.help.clone().unwrap_or_default())
}

fn code(text: &str) -> &'static str {
    error(text).0
}

fn text(text: &str) -> Constant {
    Constant::Text(text.as_bytes().into())
}

fn field(text: &str) -> Operand {
    Operand::Field(FieldRef::parse(text).unwrap())
}

#[test]
fn constants_are_of_the_fields_type() {
    let equal = |text| match comparison(text) {
        Comparison::Equal(constant) => constant,
        other => panic!("{other:?}"),
    };
    assert_eq!(equal("proc.name = cat"), text("cat"));
    assert_eq!(equal("fd.typechar = 4"), text("4"));
    assert_eq!(equal("proc.args = ''"), text(""));
    assert_eq!(equal("proc.pid = -5"), Constant::Signed(-5));
    assert_eq!(equal("user.uid = 0"), Constant::Unsigned(0));
    assert_eq!(equal("user.uid = -1"), Constant::Unsigned(u64::from(u32::MAX)));
    assert_eq!(equal("container.privileged = true"), Constant::Bool(true));
    assert_eq!(equal("fd.sport = https"), Constant::Unsigned(443));
    assert_eq!(equal("fd.sport = 22"), Constant::Unsigned(22));
    assert_eq!(equal("fd.sip = 10.1.2.3"), Constant::Address("10.1.2.3".parse().unwrap()));
    let network = |text: &str, bits| Network::new(text.parse().unwrap(), bits).unwrap();
    assert_eq!(equal("fd.net = 10.1.2.3/8"), Constant::Network(network("10.0.0.0", 8)));
    assert_eq!(equal("fd.snet = \"fe80::1/10\""), Constant::Network(network("fe80::", 10)));
    assert_eq!(equal("evt.buffer = \"a\\x00\""), Constant::Bytes(b"a\0"[..].into()));
    assert_eq!(equal("evt.rawarg.res = -2"), Constant::Signed(-2));
    assert_eq!(equal("evt.rawarg.flags = 2"), Constant::Unsigned(2));
    assert_eq!(equal("evt.arg.flags = 2"), text("2"));
    assert_eq!(
        comparison("proc.duration <= 5000000000"),
        Comparison::Order(Order::LessOrEqual, Constant::Unsigned(5_000_000_000))
    );
}

#[test]
fn values_of_another_type_are_errors() {
    for condition in [
        "proc.pid = abc",
        "proc.pid = 0x10",
        "proc.pid > 1.5",
        "proc.pid > 1e+3",
        "proc.pid = 99999999999999999999",
        "user.uid = -2",
        "user.uid = 4294967296",
        "container.privileged = True",
        "container.privileged = 1",
        "fd.sport = 65536",
        "fd.sport = nosuchservice",
        "fd.sip = 10.0.0.0/8",
        "fd.sip = localhost",
        "fd.net = 10.0.0.1",
        "fd.net = 10.0.0.0/33",
        "fd.net = 10.0.0.0/+8",
        "proc.name = \"a\\x00b\"",
        "proc.name startswith \"a\\x00\"",
        "evt.buffer bcontains 0g",
        "evt.buffer bstartswith abc",
    ] {
        let (code, marked, _) = error(condition);
        assert_eq!(code, "value-type", "{condition}");
        assert!(condition.ends_with(&marked) && !marked.is_empty(), "{condition}: {marked}");
    }
    assert_eq!(error("fd.net = 10.0.0.1").2, "one address is `10.0.0.1/32`");
    assert_eq!(error("fd.sport = htps").2, "did you mean `ftps`?");
}

#[test]
fn all_errors_are_found_in_one_run() {
    let errors =
        check("proc.nam = a and (user.uid in (x, 1, y) or not proc.pid contains 3)").unwrap_err();
    let codes: Vec<_> = errors.iter().map(|error| error.code).collect();
    assert_eq!(codes, ["unknown-field", "value-type", "value-type", "operator-type"]);
}

#[test]
fn unknown_names_are_answered_by_the_nearest() {
    assert_eq!(
        error("proc.nmae = a"),
        ("unknown-field", "proc.nmae".into(), "did you mean `proc.name`?".into())
    );
    assert_eq!(
        error("evt.type = execv"),
        ("unknown-event-type", "execv".into(), "did you mean `execve`?".into())
    );
    assert_eq!(error("evt.type in (open, opn)").1, "opn");
    assert_eq!(
        error("evt.arg.flag = x"),
        ("unknown-event-argument", "evt.arg.flag".into(), "did you mean `flags`?".into())
    );
    assert_eq!(
        error("tolwer(proc.name) = a"),
        ("unknown-transformer", "tolwer".into(), "did you mean `tolower`?".into())
    );
    assert!(error("ka.verb = get").2.contains("no field begins with `ka.`"));
    // Not a name of an event type, but not compared with one either.
    good("evt.type startswith open");
    assert_eq!(code("evt.type = anyof (open, nonsense)"), "unknown-event-type");
}

#[test]
fn arguments_of_fields_are_checked() {
    for condition in [
        "proc.name[1] = a",
        "evt.arg = a",
        "proc.aname[x] = a",
        "evt.arg.fd[x] = a",
        "container.mount.dest = a",
    ] {
        assert_eq!(code(condition), "field-argument", "{condition}");
    }
    for condition in [
        "proc.aname[2] = a",
        "proc.aname = a",
        "proc.env[PATH] contains /tmp",
        "proc.env contains 'A='",
        "evt.arg[0] = a",
        "evt.arg[flags] contains O_CREAT",
        "container.mount.dest[/proc*] exists",
        "thread.cgroup.cpuacct exists",
        "proc.args[1] = x",
    ] {
        good(condition);
    }
}

#[test]
fn each_type_has_its_operators() {
    let allowed: [(&str, &str, &[&str]); 7] = [
        (
            "proc.name",
            "a",
            &[
                "=",
                "!=",
                "contains",
                "icontains",
                "startswith",
                "endswith",
                "glob",
                "iglob",
                "regex",
                "in",
                "intersects",
                "pmatch",
                "exists",
            ],
        ),
        ("proc.pid", "1", &["=", "!=", "<", "<=", ">", ">=", "in", "intersects", "exists"]),
        ("container.privileged", "true", &["=", "!=", "in", "intersects", "exists"]),
        (
            "evt.buffer",
            "ab",
            &[
                "=",
                "!=",
                "contains",
                "startswith",
                "endswith",
                "bcontains",
                "bstartswith",
                "in",
                "intersects",
                "exists",
            ],
        ),
        ("fd.sip", "1.2.3.4", &["=", "!=", "in", "intersects", "exists"]),
        ("fd.ip", "1.2.3.4", &["=", "!=", "in", "exists"]),
        ("fd.types", "ipv4", &["in", "intersects", "exists"]),
    ];
    let operators = [
        "=",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "contains",
        "icontains",
        "bcontains",
        "startswith",
        "bstartswith",
        "endswith",
        "glob",
        "iglob",
        "regex",
        "in",
        "intersects",
        "pmatch",
        "exists",
    ];
    for (field, value, allowed) in allowed {
        for operator in operators {
            let right = match operator {
                "exists" => String::new(),
                "in" | "intersects" | "pmatch" => format!(" ({value})"),
                // The grammar has numbers only here.
                "<" | "<=" | ">" | ">=" => " 1".to_owned(),
                _ => format!(" {value}"),
            };
            let condition = format!("{field} {operator}{right}");
            let expected = if allowed.contains(&operator) { None } else { Some("operator-type") };
            // Numbers are text too, for those who write `proc.name < 5`.
            let number_order = field == "proc.name" && operator.starts_with(['<', '>']);
            if number_order {
                good(&condition);
                continue;
            }
            let found = check(&condition).err().map(|errors| errors[0].code);
            assert_eq!(found, expected, "{condition}");
        }
    }
}

#[test]
fn text_tests_are_lowered() {
    let test = |text| match comparison(text) {
        Comparison::Text(test, needle) => (test, needle.to_vec()),
        other => panic!("{other:?}"),
    };
    assert_eq!(test("proc.name icontains Ab"), (TextTest::ContainsIgnoringCase, b"Ab".to_vec()));
    assert_eq!(test("fd.name glob '/home/*'"), (TextTest::Glob, b"/home/*".to_vec()));
    assert_eq!(test("evt.buffer bcontains CAFE"), (TextTest::Contains, vec![0xca, 0xfe]));
    assert_eq!(test("evt.buffer bstartswith 00"), (TextTest::StartsWith, vec![0]));
    assert_eq!(test("proc.name regex 'a|b'"), (TextTest::Regex, b"a|b".to_vec()));
    assert_eq!(code("proc.name regex 'a('"), "regex");
    assert_eq!(
        comparison("fd.name pmatch (/etc, '/var/*')"),
        Comparison::PathMatch(vec![b"/etc"[..].into(), b"/var/*"[..].into()])
    );
}

#[test]
fn modifiers_become_one_test_for_each_value() {
    let test = |value: &str| {
        Condition::Test(Test {
            left: field("proc.name"),
            comparison: Comparison::Text(TextTest::StartsWith, value.as_bytes().into()),
        })
    };
    let tests = || vec![test("a"), test("b")];
    assert_eq!(good("proc.name startswith anyof (a, b)"), Condition::Any(tests()));
    assert_eq!(good("proc.name startswith allof (a, b)"), Condition::All(tests()));
    assert_eq!(good("proc.name startswith oneof (a, b)"), Condition::One(tests()));
    for modifier in ["anyof", "allof", "oneof"] {
        let condition = good(&format!("proc.name = {modifier} ()"));
        assert_eq!(condition, Condition::Any(Vec::new()), "an empty list is false");
    }
    good("fd.net = anyof (10.0.0.0/8, 192.168.0.0/16)");
    assert_eq!(code("fd.types = anyof (file)"), "operator-type");
}

#[test]
fn transformers_are_typed() {
    assert_eq!(
        good("tolower(proc.name) = abc"),
        Condition::Test(Test {
            left: Operand::Transformed {
                transformer: Transformer::ToLower,
                arguments: vec![field("proc.name")],
                key: None,
            },
            comparison: Comparison::Equal(text("abc")),
        })
    );
    for condition in [
        "len(proc.name) > 5",
        "len(evt.buffer) = 0",
        "len(fd.types) >= 2",
        "basename(proc.exepath) = val(proc.name)",
        "b64(proc.args) contains x",
        "toupper(tolower(proc.name)) = A",
        "join(',', fd.name) = a",
        "concat(proc.name, 'x') = ax",
        "join(',', (proc.name, proc.pname)) = a",
        "getopt((proc.name, '-a'), 'a:b')[a] = x",
        "getopt((proc.name, '-a'), 'a:b') intersects (x)",
    ] {
        let result = check(condition);
        // The second argument of join is a list, which fd.name is not.
        if condition.starts_with("join(',', fd.name)") {
            assert_eq!(result.unwrap_err()[0].code, "transformer-arguments");
        } else {
            assert!(result.is_ok(), "{condition}: {result:?}");
        }
    }
    for condition in [
        "tolower(proc.pid) = a",
        "tolower(proc.name, proc.name) = a",
        "concat(proc.name) = a",
        "len(proc.pid) = 1",
        "getopt(proc.name, 'a') in (x)",
        "basename(fd.sip) = a",
    ] {
        assert_eq!(code(condition), "transformer-arguments", "{condition}");
    }
    for condition in
        ["tolower(fd.ip) = a", "tolower(proc.aname) = a", "proc.name = val(proc.aname)"]
    {
        assert_eq!(code(condition), "not-transformable", "{condition}");
    }
    assert_eq!(code("len(proc.name) = abc"), "value-type");
    assert_eq!(code("tolower(proc.name)[a] = abc"), "field-argument");
}

#[test]
fn values_of_one_event_are_compared_when_their_types_agree() {
    assert_eq!(
        comparison("proc.name != val(proc.pname)"),
        Comparison::With(Relation::NotEqual, field("proc.pname"))
    );
    assert_eq!(
        comparison("proc.name startswith val(proc.pname)"),
        Comparison::With(Relation::Text(TextTest::StartsWith), field("proc.pname"))
    );
    assert_eq!(
        comparison("proc.pid > val(proc.ppid)"),
        Comparison::With(Relation::Order(Order::Greater), field("proc.ppid"))
    );
    good("file.path = val(fd.name)");
    assert_eq!(code("proc.pid = val(proc.name)"), "comparison-types");
    assert_eq!(code("proc.pid = val(user.uid)"), "comparison-types");
    assert_eq!(code("proc.name in val(file.changed)"), "comparison-types");
    assert_eq!(
        comparison("file.changed intersects val(digest.approved)"),
        Comparison::With(Relation::Intersects, field("digest.approved"))
    );
    assert_eq!(code("proc.name regex val(proc.pname)"), "operand");
    assert_eq!(code("proc.name pmatch val(proc.pname)"), "operand");
    assert_eq!(code("proc.aname = val(proc.name)"), "not-comparable");
}

#[test]
fn what_the_loader_leaves_unexpanded_is_an_error() {
    assert_eq!(code("proc.name = a and no_such_macro"), "unknown-macro");
    assert_eq!(code("proc.name in no_such_list"), "unknown-list");
}

fn types(text: &str) -> Vec<&'static str> {
    event_types(&good(text)).iter().map(EventType::name).collect()
}

#[test]
fn event_types_follow_the_connectives() {
    assert_eq!(types("evt.type = execve and proc.name = a"), ["execve"]);
    assert_eq!(
        types("evt.type in (openat, open) or evt.type = creat"),
        ["creat", "open", "openat"]
    );
    assert_eq!(types("evt.type in (open, openat) and not evt.type = open"), ["openat"]);
    assert_eq!(types("evt.type in (open, openat) and evt.type != open"), ["openat"]);
    assert_eq!(types("evt.type = open and evt.type = openat"), [] as [&str; 0]);
    assert_eq!(types("evt.type = open and evt.num = 0"), [] as [&str; 0]);
    assert_eq!(types("evt.type = open and not evt.num = 0"), ["open"]);
    assert_eq!(types("not (evt.type != open or proc.name = a)"), ["open"]);
    assert_eq!(types("evt.type.is.open = 1"), ["open"]);
    assert_eq!(types("evt.type = oneof (open, openat)"), ["open", "openat"]);
    let all = |text| event_types(&good(text)) == EventTypes::ALL;
    assert!(all("proc.name = a"));
    assert!(all("evt.type = open or proc.name = a"));
    assert!(all("not (evt.type = open and proc.name = a)"));
    assert!(all("not evt.type = oneof (open, openat)"));
    let others = event_types(&good("not evt.type in (open, openat)"));
    assert_eq!(others.len(), EventTypes::ALL.len() - 2);
}

#[test]
fn a_thousand_levels_fit_on_a_small_stack() {
    let mut expr = Expr {
        kind: ExprKind::Check(Box::new(Check {
            left: Term {
                kind: TermKind::Field(Name { text: "proc.pid".into(), span: Span::default() }),
                argument: None,
                span: Span::default(),
            },
            operator: Operator::Exists,
            operator_span: Span::default(),
            modifier: None,
            right: Right::Nothing,
        })),
        span: Span::default(),
    };
    for level in 0..1000 {
        let kind = match level % 3 {
            0 => ExprKind::Not(Box::new(expr)),
            1 => ExprKind::And(vec![expr]),
            _ => ExprKind::Or(vec![expr]),
        };
        expr = Expr { kind, span: Span::default() };
    }
    // A thread of the default size of a test.
    let checked = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let mut diagnostics = Vec::new();
        let condition = check_condition(&expr, &mut diagnostics).unwrap();
        assert_eq!(event_types(&condition.clone()), EventTypes::ALL);
    });
    checked.unwrap().join().unwrap();
}
