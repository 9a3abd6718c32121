use proptest::prelude::*;

use super::SUGGESTED_FIELDS;
use super::append_suggested;
use super::compile_output;
use crate::fields::FlatEvent;
use crate::matcher::Format;
use crate::rules::Diagnostic;
use crate::rules::MappedText;
use crate::rules::SourceId;

fn compile(text: &str) -> Result<Format, Vec<Diagnostic>> {
    let mut mapped = MappedText::default();
    mapped.push(text, SourceId::default(), 0);
    let mut diagnostics = Vec::new();
    compile_output(&mapped, &mut diagnostics).ok_or(diagnostics)
}

fn event() -> FlatEvent {
    FlatEvent::parse(
        r#"{"evt.type": "openat", "proc.name": "cat", "proc.aname": ["bash", "sshd"], "proc.pid": 7,
            "evt.arg.flags": "O_RDONLY", "fd.name": "/etc/shadow", "container.id": "0123456789ab"}"#,
    )
    .unwrap()
}

fn print(text: &str) -> String {
    let format = compile(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let mut out = String::new();
    assert!(format.render(&event(), &mut out));
    out
}

fn keys(text: &str) -> Vec<String> {
    compile(text).unwrap().fields().map(|(key, _)| key.to_owned()).collect()
}

/// Code and marked text of the only error.
fn error(text: &str) -> (&'static str, &str) {
    let errors = compile(text).expect_err(text);
    assert_eq!(errors.len(), 1, "{text}: {errors:?}");
    let span = errors[0].primary.0;
    (errors[0].code, &text[span.start as usize..span.end as usize])
}

#[test]
fn the_longest_field_is_taken() {
    assert_eq!(print("%proc.name"), "cat");
    assert_eq!(print("(%proc.name)"), "(cat)");
    assert_eq!(print("%proc.namex"), "catx");
    assert_eq!(print("%proc.name."), "cat.");
    assert_eq!(print("%proc.name[1]"), "cat[1]");
    assert_eq!(print("%proc.aname[2]|"), "sshd|");
    assert_eq!(print("%proc.aname"), "bash sshd");
    assert_eq!(print("%evt.arg.flags,"), "O_RDONLY,");
    assert_eq!(print("%evt.arg[flags]"), "O_RDONLY");
    assert_eq!(print("%evt.arg.flagsX"), "O_RDONLYX");
    assert_eq!(print("%proc.name%proc.pid"), "cat7");
    assert_eq!(print("%proc.exe_ino.ctime_"), "<NA>_");
    assert_eq!(print("é%proc.nameé"), "écaté");
}

#[test]
fn what_is_missing_is_na_and_the_star_is_dropped() {
    assert_eq!(print("exe=%proc.exe arg=%evt.arg.mode"), "exe=<NA> arg=<NA>");
    assert_eq!(print("*exe=%proc.exe"), "exe=<NA>");
    assert_eq!(print("a * b"), "a * b");
    assert_eq!(print(""), "");
}

#[test]
fn widths_pad_or_cut() {
    assert_eq!(print("[%10proc.name]"), "[cat       ]");
    assert_eq!(print("[%2proc.name]"), "[ca]");
    assert_eq!(keys("%10proc.name"), ["proc.name"]);
    assert_eq!(error("%99999proc.name"), ("output-format", "99999"));
}

#[test]
fn transformers_are_printed_and_their_fields_are_keys() {
    assert_eq!(print("%toupper(proc.name)!"), "CAT!");
    assert_eq!(print("%basename(fd.name)"), "shadow");
    assert_eq!(print("%concat(proc.name, \"(\\t)\", evt.arg[flags])"), "cat(\t)O_RDONLY");
    assert_eq!(print("%join(\"-\", (proc.name, 'x'))"), "cat-x");
    assert_eq!(print("%len(proc.name)"), "3");
    assert_eq!(print("%5toupper(proc.name)|"), "CAT  |");
    assert_eq!(print("%getopt((\"-a\", \"1\"), \"a:\")[a]"), "1");
    assert_eq!(
        keys("%concat(proc.name, evt.arg[flags]) %toupper(basename(fd.name))"),
        ["evt.arg[flags]", "fd.name", "proc.name"]
    );
    assert_eq!(error("%toupper(proc.nam)"), ("unknown-field", "proc.nam"));
    assert_eq!(error("%tuper(proc.name)"), ("unknown-transformer", "tuper"));
    assert_eq!(error("%toupper(proc.pid)").0, "transformer-arguments");
    for text in
        ["%toupper(", "%toupper(proc.name", "%concat(\"a", "%concat(,)", "%join(\"\\q\", a)"]
    {
        assert_eq!(error(text).0, "output-format", "{text}");
    }
    assert!(compile(&format!("%{}proc.name", "toupper(".repeat(5000))).is_err());
}

#[test]
fn what_cannot_be_printed_is_an_error_at_its_place() {
    assert_eq!(error("100%"), ("output-format", "%"));
    assert_eq!(error("a % b").0, "output-format");
    assert_eq!(error("a %% b").0, "output-format");
    assert_eq!(error("x %proc.nmae y"), ("unknown-output-field", "%proc.nmae"));
    assert_eq!(error("%nothing"), ("unknown-output-field", "%nothing"));
    assert_eq!(error("net=%fd.net"), ("filter-only-field", "%fd.net"));
    assert_eq!(error("%evt.arg.nosuch").0, "unknown-event-argument");
    assert_eq!(error("%evt.arg x").0, "field-argument");
    let two = compile("%a.b %c.d").unwrap_err();
    assert_eq!(two.len(), 2, "all errors are found");
}

#[test]
fn container_info_is_empty() {
    assert_eq!(print("a %container.info b"), "a  b");
    assert!(keys("%container.info").is_empty());
}

#[test]
fn suggested_fields_are_appended() {
    let format = append_suggested(&compile("x %container.id").unwrap());
    let mut out = String::new();
    format.render(&event(), &mut out);
    assert_eq!(
        out,
        "x 0123456789ab container_id=0123456789ab container_name=<NA> \
         container_image_repository=<NA> container_image_tag=<NA> k8s_ns_name=<NA> \
         k8s_pod_name=<NA>"
    );
    let event = event();
    let keys: Vec<_> = format.output_fields(&event).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys.len(), SUGGESTED_FIELDS.len());
}

proptest! {
    #[test]
    fn any_output_compiles_or_is_an_error(
        parts in proptest::collection::vec(prop_oneof![
            ".{0,6}",
            "%[0-9]{0,3}[a-z]{1,6}",
            "[(\\[)\\]\"'\\\\,x%*]{1,4}",
            proptest::sample::select(vec![
                "%proc.name", "%evt.arg", ".flags", "[flags]", "%toupper(", "proc.name", "%join(\"",
                "%concat(proc.name,\"\\x4", "é", "%proc.aname[", "%container.info", "%fd.net",
            ]).prop_map(str::to_owned),
        ], 0..8),
    ) {
        let text = parts.concat();
        match compile(&text) {
            Ok(format) => {
                let mut out = String::new();
                format.render(&event(), &mut out);
                format.output_fields(&event());
            }
            Err(errors) => prop_assert!(!errors.is_empty()),
        }
    }
}
