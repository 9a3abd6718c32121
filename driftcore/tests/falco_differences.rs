//! Each deliberate difference from Falco that docs/falco-differences.md names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use driftcore::fields::FlatEvent;
use driftcore::matcher::Limits as MatcherLimits;
use driftcore::matcher::Policy;
use driftcore::matcher::Program;
use driftcore::matcher::Rule;
use driftcore::matcher::Scratch;
use driftcore::rules;
use driftcore::rules::CheckOptions;
use driftcore::rules::CheckedRule;
use driftcore::rules::Limits;
use driftcore::rules::Outcome;
use driftcore::rules::Sources;

/// The checked rules of a file, or the codes of its errors and warnings.
fn check(yaml: &str) -> Result<Vec<CheckedRule>, Vec<&'static str>> {
    let mut sources = Sources::default();
    sources.add("rules.yaml", yaml);
    let loaded = rules::load(&sources, &Limits::default());
    let mut diagnostics = loaded.diagnostics.clone();
    let options = CheckOptions { suggested_fields: false, ..CheckOptions::default() };
    let outcomes = rules::check_rules(&loaded.definitions, &options, &mut diagnostics);
    if !diagnostics.is_empty() {
        return Err(diagnostics.iter().map(|diagnostic| diagnostic.code).collect());
    }
    let checked = outcomes.into_iter().map(|outcome| match outcome {
        Outcome::Checked(rule) => *rule,
        other => panic!("{other:?}"),
    });
    Ok(checked.collect())
}

fn rule(condition: &str, output: &str) -> String {
    format!(
        "- rule: r\n  desc: d\n  condition: evt.type = execve and ({condition})\n  output: \
         {output}\n  priority: INFO\n"
    )
}

fn event(fields: &str) -> FlatEvent {
    FlatEvent::parse(&format!(r#"{{"evt.type": "execve", {fields}}}"#)).unwrap()
}

/// Whether a condition, after these items of a rule file, is true of an event with these fields.
fn fires(items: &str, condition: &str, fields: &str) -> bool {
    let rules = check(&format!("{items}{}", rule(condition, "o"))).unwrap();
    let rules: Vec<_> = rules.iter().map(|rule| Rule::new(&rule.condition)).collect();
    let program = Program::compile(&rules, &MatcherLimits::default()).unwrap();
    let mut scratch = Scratch::default();
    program.matches(&event(fields), &mut scratch, Policy::First, |_| {}) > 0
}

fn prints(output: &str, fields: &str) -> String {
    let rules = check(&rule("proc.name = a", output)).unwrap();
    let mut out = String::new();
    rules[0].output.render(&event(fields), &mut out);
    out
}

fn errors(condition: &str) -> Vec<&'static str> {
    check(&rule(condition, "o")).err().unwrap_or_default()
}

const SOCKET: &str = r#""fd.cip": "10.0.0.1", "fd.sip": "192.168.0.9", "fd.sport": 443"#;

#[test]
fn fd_ip_in_tests_both_ends() {
    assert!(fires("", "fd.ip in (1.1.1.1, 192.168.0.9)", SOCKET));
    assert!(fires("", "fd.ip in (10.0.0.1)", SOCKET));
    assert!(!fires("", "fd.ip in (1.1.1.1)", SOCKET));
}

#[test]
fn fd_net_in_tests_every_network() {
    assert!(fires("", "fd.net in (172.16.0.0/12, 192.168.0.0/16)", SOCKET));
    assert!(!fires("", "fd.net in (172.16.0.0/12, 192.169.0.0/16)", SOCKET));
}

#[test]
fn modifiers_test_each_network() {
    assert!(fires("", "fd.snet = anyof (172.16.0.0/12, 192.168.0.0/16)", SOCKET));
    assert!(fires("", "fd.snet = oneof (192.168.0.0/24, 192.168.0.0/30)", SOCKET));
    assert!(fires("", "fd.snet = allof (192.168.0.0/24, 192.0.0.0/8)", SOCKET));
}

#[test]
fn path_patterns_beside_each_other_are_all_tried() {
    let file = r#""fd.name": "/var/lib/x""#;
    for paths in ["(/v?z, /v?r)", "(/v?r, /v?z)", "(/*/bin, /*/lib)"] {
        assert!(fires("", &format!("fd.name pmatch {paths}"), file), "{paths}");
    }
}

#[test]
fn lists_are_not_expanded_in_quoted_text() {
    let list = "- list: shells\n  items: [bash, sh]\n";
    let event = r#""proc.name": "bash", "proc.cmdline": "run shells now""#;
    assert!(fires(list, "proc.name in (shells) and proc.cmdline contains ' shells '", event));
}

#[test]
fn lists_nest_to_any_depth_in_any_order() {
    let lists = "- list: c\n  items: [b]\n- list: b\n  items: [a]\n- list: a\n  items: [x]\n";
    assert!(fires(lists, "proc.name in (c)", r#""proc.name": "x""#));
}

#[test]
fn an_item_of_a_list_is_one_value() {
    let comma = format!("- list: l\n  items: ['a,b']\n{}", rule("proc.name in (l)", "o"));
    assert_eq!(check(&comma).unwrap_err(), ["item-comma"]);
    let quoted = "- list: l\n  items: ['\"a,b\"', c d]\n";
    for (name, fired) in [("a,b", true), ("c d", true), ("a", false), ("c", false)] {
        let name = format!(r#""proc.name": "{name}""#);
        assert_eq!(fires(quoted, "proc.name in (l)", &name), fired, "{name}");
    }
}

#[test]
fn circles_are_errors() {
    let lists = "- list: a\n  items: [b]\n- list: b\n  items: [a]\n";
    assert!(check(&format!("{lists}{}", rule("proc.name in (a)", "o"))).is_err());
}

#[test]
fn duplicate_keys_are_errors() {
    let yaml = rule("proc.name = a", "o") + "  priority: DEBUG\n";
    assert!(check(&yaml).is_err());
}

#[test]
fn numbers_out_of_range_are_errors() {
    for condition in ["user.uid = 4294967296", "fd.sport = 65536", "user.uid = -2"] {
        assert_eq!(errors(condition), ["value-type"], "{condition}");
    }
    assert!(fires("", "user.uid = -1", r#""user.uid": 4294967295"#));
}

#[test]
fn regular_expressions_are_those_of_rust() {
    let event = r#""proc.name": "node-18""#;
    assert!(fires("", r"proc.name regex 'node-\\d+'", event));
    assert!(fires("", "proc.name regex 'no|node-18'", event), "the whole value is matched");
    assert!(!fires("", "proc.name regex 'node'", event));
    assert_eq!(errors("proc.name regex '(a'"), ["regex"]);
}

#[test]
fn services_have_fixed_ports() {
    assert!(fires("", "fd.sport = https", SOCKET));
    assert_eq!(errors("fd.sport = nosuchservice"), ["value-type"]);
}

#[test]
fn transformers_take_a_fixed_number_of_arguments() {
    assert_eq!(errors("tolower(proc.name, proc.pname) = a"), ["transformer-arguments"]);
}

#[test]
fn the_star_of_an_output_is_dropped() {
    assert_eq!(prints("'*%proc.name %proc.exe'", r#""proc.name": "a""#), "a <NA>");
}

#[test]
fn times_are_printed_in_utc() {
    let fields = r#""proc.name": "a", "evt.rawtime": 1700000000000000001"#;
    assert_eq!(prints("'%evt.time.iso8601'", fields), "2023-11-14T22:13:20.000000001+0000");
}

#[test]
fn shares_are_whole_numbers() {
    assert!(check(&rule("thread.cpu > 50 or proc.fdusage > 90", "o")).is_ok());
}

#[test]
fn a_rule_that_never_fires_is_warned_of() {
    assert_eq!(errors("evt.type = open"), ["never-true"]);
}

/// The document names the tests, and no test that there is not.
#[test]
fn every_difference_names_its_test() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/falco-differences.md");
    let document = std::fs::read_to_string(path).unwrap();
    let source = include_str!("falco_differences.rs");
    let mut named = 0;
    for line in document.lines().filter(|line| line.starts_with("Test: ")) {
        let name = line.trim_start_matches("Test: ").trim_matches('`');
        let (file, name) = name.split_once("::").unwrap_or(("", name));
        let source = match file {
            "" => source.to_owned(),
            file => {
                let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
                std::fs::read_to_string(format!("{root}/{file}")).expect(file)
            }
        };
        // A function, or a case of the end-to-end tests by its name.
        let is_there = [format!("fn {name}()"), format!("\"{name}\"")];
        assert!(is_there.iter().any(|it| source.contains(it)), "{name}");
        named += 1;
    }
    let tests = source.lines().filter(|line| *line == "#[test]").count();
    assert!(named >= tests - 1, "{named} of {tests} are named");
}
