//! Macros and lists in conditions.

use super::*;

#[test]
fn macros_are_replaced_on_the_tree() {
    let macros = "- macro: a\n  condition: x.y = 1 or x.y = 2\n- macro: b\n  condition: not a\n";
    let text = macros.to_owned() + &rule("r", "b and z.z exists");
    assert_eq!(condition(&text), "not (x.y = 1 or x.y = 2) and z.z exists");
}

#[test]
fn a_macro_sees_what_is_before_its_last_change() {
    let outer = "- macro: outer\n  condition: inner\n";
    let inner = "- macro: inner\n  condition: a.b = c\n";
    let used = rule("r", "outer");
    assert_eq!(errors(&format!("{outer}{inner}{used}")), ["macro-order"]);
    assert_eq!(condition(&format!("{inner}{outer}{used}")), "a.b = c");
    // Defined again behind it, it sees it; and the position of the inner one stays.
    assert_eq!(condition(&format!("{outer}{inner}{outer}{used}")), "a.b = c");
    assert_eq!(condition(&format!("{inner}{outer}{inner}{used}")), "a.b = c");
    // Rules see all.
    assert_eq!(condition(&format!("{}{inner}", rule("r", "inner"))), "a.b = c");
}

#[test]
fn lists_and_macros_have_their_own_names() {
    let text = "- list: entry\n  items: [a, b]\n- macro: entry\n  condition: x.y = 1\n".to_owned()
        + &rule("r", "entry and proc.name in (entry, c) and proc.pname in entry");
    assert_eq!(condition(&text), "x.y = 1 and proc.name in (a, b, c) and proc.pname in (a, b)");
}

#[test]
fn lists_nest_in_any_order_to_any_depth() {
    let text = "- list: a\n  items: [x, b, y]\n- list: b\n  items: [c, \"'c'\"]\n\
                - list: c\n  items: [d]\n- list: d\n  items: []\n"
        .to_owned()
        + &rule("r", "proc.name in (a)");
    assert_eq!(condition(&text), "proc.name in (x, 'c', y)");
}

#[test]
fn a_list_of_one_item_may_stand_for_a_value() {
    let lists =
        "- list: one\n  items: [sh]\n- list: outer\n  items: [one]\n- list: none\n  items: []\n";
    let text = lists.to_owned() + &rule("r", "proc.name = one or proc.name != outer");
    assert_eq!(condition(&text), "proc.name = sh or proc.name != sh");
    assert_eq!(errors(&(lists.to_owned() + &rule("r", "proc.name = none"))), ["list-for-value"]);
}

#[test]
fn quoted_names_are_values() {
    let text = "- list: l\n  items: [a, b]\n".to_owned()
        + &rule("r", "proc.name = \"l\" and proc.name in ('l', l)");
    assert_eq!(condition(&text), "proc.name = \"l\" and proc.name in ('l', a, b)");
}

#[test]
fn items_with_blanks_are_quoted() {
    let text = "- list: l\n  items: [a b, '\"(x)\"', 5, c=d]\n".to_owned()
        + &rule("r", "proc.name in (l)");
    assert_eq!(condition(&text), "proc.name in (\"a b\", \"(x)\", 5, \"c=d\")");
}

#[test]
fn a_name_that_is_no_list_is_a_value() {
    let loaded = loaded(&rule("r", "proc.name in bash and proc.pname = anyof zsh"));
    assert_eq!(
        loaded.definitions[0].condition.to_string(),
        "proc.name in (bash) and proc.pname = anyof (zsh)"
    );
    assert_eq!(loaded.diagnostics.len(), 2);
    assert!(loaded.diagnostics.iter().all(|diagnostic| diagnostic.code == "unknown-list"));
}

#[test]
fn spans_point_into_the_macro_and_the_list() {
    let text = "- list: names\n  items: [abc]\n- macro: m\n  condition: proc.pid in (names)\n"
        .to_owned()
        + &rule("r", "m and a.b = c");
    let definition = definitions(&text).remove(0);
    let crate::rules::ast::ExprKind::And(operands) = &definition.condition.kind else { panic!() };
    let crate::rules::ast::ExprKind::Check(check) = &operands[0].kind else { panic!() };
    let crate::rules::ast::Right::List(values, list) = &check.right else { panic!() };
    let at = |span: crate::rules::Span| &text[span.start as usize..span.end as usize];
    assert_eq!(at(operands[0].span), "proc.pid in (names)");
    assert_eq!(at(*list), "(names)");
    assert_eq!(at(values[0].span), "abc");
}

#[test]
fn an_error_in_a_macro_is_said_once() {
    let text = "- macro: m\n  condition: a.b =\n- macro: n\n  condition: m or nobody\n".to_owned()
        + &rule("r", "m")
        + &rule("s", "n and m");
    assert_eq!(errors(&text), ["expected-value", "unknown-macro"]);
}

#[test]
fn circles_are_errors() {
    let a = "- macro: a\n  condition: a.b = c\n";
    let again = "- macro: a\n  condition: a or x.y = z\n";
    assert_eq!(errors(&(a.to_owned() + again + &rule("r", "a"))), ["circle"]);
    assert_eq!(errors("- list: a\n  items: [a]\n"), ["circle"]);
    assert_eq!(errors("- list: a\n  items: [b]\n- list: b\n  items: [a]\n"), ["circle"]);
}

#[test]
fn expansion_is_bounded() {
    let limits = Limits { expanded_condition: 10, ..Limits::default() };
    let text = "- list: l\n  items: [1, 2, 3, 4, 5]\n".to_owned() + &rule("r", "a.b in (l, l)");
    let loaded = load(&sources(&[&text]), &limits);
    assert_eq!(loaded.diagnostics[0].code, "expanded-size");
    let limits = Limits { expanded_total: 10, ..Limits::default() };
    let text = text.replace("l, l", "l") + &rule("s", "a.b in (l)") + &rule("t", "a.b in (l)");
    let loaded = load(&sources(&[&text]), &limits);
    assert_eq!(loaded.diagnostics.len(), 1);
    assert_eq!(loaded.definitions.len(), 1);
}
