use proptest::prelude::*;

use super::Format;
use super::Piece;
use crate::fields::Argument;
use crate::fields::CATALOGUE;
use crate::fields::FieldId;
use crate::fields::FieldRef;
use crate::fields::FlatEvent;
use crate::fields::Print;
use crate::matcher::Operand;
use crate::matcher::Transformer;

fn event() -> FlatEvent {
    FlatEvent::parse(
        r#"{"evt.type": "execve", "evt.rawtime": 1700000000000000001, "proc.name": {"hex": "61ff62"},
            "proc.pid": 7, "user.loginuid": -1, "container.privileged": false,
            "proc.aname": ["bash", null, "sshd"], "file.changed": ["mode", "owner"],
            "fd.sip": "fe80::1", "fd.sport": 443, "evt.buffer": {"hex": "6100620a"},
            "fd.dev": 2049, "evt.arg.flags": "A|B", "proc.cwd": "/a/b", "evt.latency.ns": 5, "proc.aexe": [], "digest.approved": []}"#,
    )
    .unwrap()
}

fn value(text: &str) -> Piece {
    let field = FieldRef::parse(text).unwrap();
    let print = field.id.field().print;
    Piece::Value { operand: Operand::Field(field), print, width: None }
}

fn format(fields: &[&str]) -> Format {
    let pieces = fields.iter().map(|field| value(field)).collect();
    let fields =
        fields.iter().map(|field| ((*field).into(), FieldRef::parse(field).unwrap())).collect();
    Format::new(pieces, fields)
}

fn text(format: &Format) -> String {
    let mut out = String::new();
    assert!(format.render(&event(), &mut out));
    out
}

#[test]
fn values_are_printed_by_type() {
    for (field, printed, json) in [
        ("evt.type", "execve", r#""execve""#),
        ("proc.name", "a\u{fffd}b", "\"a\u{fffd}b\""),
        ("proc.pid", "7", "7"),
        ("user.loginuid", "-1", "-1"),
        ("container.privileged", "false", "false"),
        ("proc.aname[1]", "bash", r#""bash""#),
        ("proc.aname", "bash <NA> sshd", r#""bash <NA> sshd""#),
        ("proc.aexe", "<NA>", "null"),
        ("digest.approved", "()", "[]"),
        ("file.changed", "(mode,owner)", r#"["mode","owner"]"#),
        ("fd.sip", "fe80::1", r#""fe80::1""#),
        ("fd.sport", "443", "443"),
        ("evt.buffer", "a.b.", r#""a.b.""#),
        ("fd.dev", "801", r#""801""#),
        ("evt.latency.ns", "000000005", r#""000000005""#),
        ("evt.arg.flags", "A|B", r#""A|B""#),
        ("proc.exe", "<NA>", "null"),
        ("evt.time", "22:13:20.000000001", "1700000000000000001"),
        ("evt.time.s", "22:13:20", "1700000000000000001"),
        ("evt.time.iso8601", "2023-11-14T22:13:20.000000001+0000", "1700000000000000001"),
        ("evt.datetime", "2023-11-14 22:13:20.000000001", "1700000000000000001"),
        ("evt.datetime.s", "2023-11-14 22:13:20", "1700000000000000001"),
        ("evt.rawtime", "1700000000000000001", "1700000000000000001"),
    ] {
        let format = format(&[field]);
        assert_eq!(text(&format), printed, "{field}");
        let fields = format.output_fields(&event());
        assert_eq!(fields.len(), 1);
        assert_eq!((fields[0].0, fields[0].1.to_string()), (field, json.to_owned()));
    }
}

#[test]
fn output_fields_are_sorted_and_each_once() {
    let format = format(&["proc.pid", "evt.type", "proc.pid"]);
    let event = event();
    let fields = format.output_fields(&event);
    assert_eq!(fields.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["evt.type", "proc.pid"]);
}

#[test]
fn values_are_padded_and_cut() {
    let fit = |field: &str, width| {
        let Piece::Value { operand, print, .. } = value(field) else { panic!() };
        let piece = Piece::Value { operand, print, width: Some(width) };
        text(&Format::new(vec![piece, Piece::Text("|".into())], Vec::new()))
    };
    assert_eq!(fit("proc.pid", 3), "7  |");
    assert_eq!(fit("proc.aname[1]", 2), "ba|");
    assert_eq!(fit("proc.name", 2), "a\u{fffd}|");
    assert_eq!(fit("proc.exe", 6), "<NA>  |");
    assert_eq!(fit("proc.pid", 0), "|");
}

#[test]
fn a_format_without_star_prints_nothing_when_a_value_is_missing() {
    let complete = format(&["evt.type", "proc.exe"]).only_complete();
    let mut out = "before".to_owned();
    assert!(!complete.render(&event(), &mut out));
    assert_eq!(out, "before");
    assert!(format(&["evt.type"]).only_complete().render(&event(), &mut out));
}

#[test]
fn transformed_values_are_printed() {
    let transformed = |transformer, arguments| {
        let operand = Operand::Transformed { transformer, arguments, key: None };
        let piece = Piece::Value { operand, print: Print::Plain, width: None };
        text(&Format::new(vec![piece], Vec::new()))
    };
    let field = |text| Operand::Field(FieldRef::parse(text).unwrap());
    let constant = |text: &str| Operand::Text(text.as_bytes().into());
    assert_eq!(transformed(Transformer::ToUpper, vec![field("evt.type")]), "EXECVE");
    assert_eq!(transformed(Transformer::Basename, vec![field("proc.cwd")]), "b");
    assert_eq!(transformed(Transformer::Length, vec![field("file.changed")]), "2");
    assert_eq!(transformed(Transformer::Length, vec![field("evt.buffer")]), "4");
    assert_eq!(transformed(Transformer::Base64, vec![constant("aGk=")]), "hi");
    assert_eq!(transformed(Transformer::Base64, vec![constant("?")]), "<NA>");
    assert_eq!(
        transformed(Transformer::Join, vec![constant("+"), field("file.changed")]),
        "mode+owner"
    );
    assert_eq!(transformed(Transformer::Concat, vec![field("evt.type"), constant("!")]), "execve!");
    assert_eq!(transformed(Transformer::Concat, vec![field("proc.exe"), constant("!")]), "<NA>");
    assert_eq!(
        transformed(
            Transformer::GetOpt,
            vec![Operand::List(vec![constant("-x"), constant("1")]), constant("x:")]
        ),
        "(1)"
    );
}

fn operand() -> impl Strategy<Value = Operand> {
    let field =
        (0..CATALOGUE.len(), proptest::option::of(0u32..4)).prop_map(|(index, argument)| {
            let id = FieldId::all().nth(index).unwrap();
            Operand::Field(FieldRef { id, argument: argument.map(Argument::Index) })
        });
    let leaf = prop_oneof![
        3 => field,
        1 => proptest::collection::vec(any::<u8>(), 0..6).prop_map(|text| Operand::Text(text.into())),
        1 => any::<u64>().prop_map(Operand::Number),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let transformers = proptest::sample::select(vec![
            Transformer::ToLower,
            Transformer::ToUpper,
            Transformer::Base64,
            Transformer::Basename,
            Transformer::Length,
            Transformer::Join,
            Transformer::Concat,
            Transformer::GetOpt,
        ]);
        let operands = proptest::collection::vec(inner, 0..3);
        prop_oneof![
            operands.clone().prop_map(Operand::List),
            (transformers, operands, proptest::option::of("[a-c]{0,2}")).prop_map(
                |(transformer, arguments, key)| Operand::Transformed {
                    transformer,
                    arguments,
                    key: key.map(Into::into),
                }
            ),
        ]
    })
}

proptest! {
    #[test]
    fn any_format_renders(
        pieces in proptest::collection::vec((operand(), proptest::option::of(0u16..20)), 0..5),
        prints in proptest::collection::vec(proptest::sample::select(vec![
            Print::Plain, Print::Clock, Print::ClockSeconds, Print::Iso8601, Print::DateTime,
            Print::DateTimeSeconds, Print::Padded, Print::Hex,
        ]), 5),
    ) {
        let fields = pieces.iter().filter_map(|(operand, _)| match operand {
            Operand::Field(field) => Some((field.to_string().into(), field.clone())),
            _ => None,
        });
        let fields = fields.collect();
        let pieces = pieces.into_iter().zip(prints).map(|((operand, width), print)| {
            Piece::Value { operand, print, width }
        });
        let format = Format::new(pieces.collect(), fields);
        let mut out = String::new();
        prop_assert!(format.render(&event(), &mut out));
        format.output_fields(&event());
        format.only_complete().render(&event(), &mut out);
    }
}
