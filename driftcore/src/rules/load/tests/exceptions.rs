//! Exceptions.

use super::*;

fn excepted(exceptions: &str) -> String {
    condition(&(rule("r", "a.b = c or d.e = f") + "  exceptions:\n" + exceptions))
}

#[test]
fn tuples_are_compared_field_by_field() {
    let text = "  - name: x\n    fields: [proc.name, fd.name]\n    comps: [=, in]\n    values:\n    \
                - [sh, [/a, /b]]\n    - [my shell, /c]\n    - ['\"q\"', '(/d, \"/e f\")']\n";
    assert_eq!(
        excepted(text),
        "(a.b = c or d.e = f) and not (proc.name = sh and fd.name in (/a, /b) or \
         proc.name = \"my shell\" and fd.name in (/c) or proc.name = \"q\" and fd.name in (/d, \"/e f\"))"
    );
}

#[test]
fn operators_are_equal_by_default() {
    let text = "  - name: x\n    fields: [proc.name]\n    values: [[sh]]\n";
    assert_eq!(excepted(text), "(a.b = c or d.e = f) and not proc.name = sh");
}

#[test]
fn one_field_is_compared_with_all_values() {
    let text = "  - name: x\n    fields: proc.name\n    values: [sh, bash]\n  \
                - name: y\n    fields: fd.name\n    comps: startswith anyof\n    values: [/a]\n  \
                - name: z\n    fields: fd.name\n    comps: pmatch\n    values: [/a]\n";
    assert_eq!(
        excepted(text),
        "(a.b = c or d.e = f) and not proc.name in (sh, bash) and not fd.name startswith anyof \
         (/a) and not fd.name pmatch (/a)"
    );
}

#[test]
fn without_values_nothing_is_excepted() {
    let text = "  - name: x\n    fields: [proc.name]\n  - name: y\n    fields: proc.name\n    values: []\n";
    assert_eq!(excepted(text), "a.b = c or d.e = f");
}

#[test]
fn transformers_may_stand_on_both_sides() {
    let text = "  - name: x\n    fields: [tolower(proc.name), 'proc.aname[2]']\n    \
                values: [[val(proc.pname), '\"val(x.y)\"']]\n";
    assert_eq!(
        excepted(text),
        "(a.b = c or d.e = f) and not (tolower(proc.name) = val(proc.pname) and \
         proc.aname[2] = \"val(x.y)\")"
    );
}

#[test]
fn one_scalar_may_be_several_values_of_a_list() {
    let text = "  - name: x\n    fields: [proc.name]\n    comps: [in]\n    values: [['a, \"b,c\"'], [d e]]\n";
    assert_eq!(
        excepted(text),
        "(a.b = c or d.e = f) and not (proc.name in (a, \"b,c\") or proc.name in (\"d e\"))"
    );
}

#[test]
fn names_of_lists_are_expanded() {
    let text = "  - name: x\n    fields: [proc.name]\n    comps: [in]\n    values: [[[l, zsh]], [l]]\n\
                - list: l\n  items: [sh, bash]\n";
    assert_eq!(
        excepted(text),
        "(a.b = c or d.e = f) and not (proc.name in (sh, bash, zsh) or proc.name in (sh, bash))"
    );
}

#[test]
fn values_are_appended() {
    let rule = rule("r", "a.b = c") + "  exceptions:\n  - name: x\n    fields: [proc.name]\n";
    let append = "- rule: r\n  append: true\n  exceptions:\n  - name: x\n    values: [[sh]]\n  \
                  - name: new\n    fields: fd.name\n    values: [/a]\n";
    assert_eq!(
        condition(&(rule.clone() + append)),
        "a.b = c and not proc.name = sh and not fd.name in (/a)"
    );
    let replace = "- rule: r\n  override: {exceptions: replace}\n  exceptions:\n  - name: y\n    \
                   fields: fd.name\n    values: [/b]\n";
    assert_eq!(condition(&(rule + append + replace)), "a.b = c and not fd.name in (/b)");
}

#[test]
fn orders_compare_with_numbers() {
    let text = "  - name: x\n    fields: [fd.num]\n    comps: ['>=']\n    values: [[5]]\n";
    assert_eq!(excepted(text), "(a.b = c or d.e = f) and not fd.num >= 5");
}
