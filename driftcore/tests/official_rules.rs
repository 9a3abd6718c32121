//! Falco's own rule files, where they are beside the workspace: they load and type-check with no
//! error. Prints what each rule still misses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::path::PathBuf;

use driftcore::fields::EventType;
use driftcore::fields::EventTypes;
use driftcore::rules;
use driftcore::rules::CheckOptions;
use driftcore::rules::Limits;
use driftcore::rules::Outcome;
use driftcore::rules::Renderer;
use driftcore::rules::Severity;
use driftcore::rules::Sources;

fn files() -> Option<[PathBuf; 2]> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/falco-rules");
    let files =
        ["falco_rules.yaml", "falco-incubating_rules.yaml"].map(|name| directory.join(name));
    if files.iter().all(|file| file.exists()) {
        return Some(files);
    }
    println!("no Falco rules in {}: nothing is tested", directory.display());
    None
}

#[test]
fn both_files_type_check_with_no_error() {
    let Some(files) = files() else { return };
    let mut sources = Sources::default();
    let loaded = rules::load_paths(&mut sources, files, &Limits::default());
    let mut diagnostics = loaded.diagnostics.clone();
    let outcomes =
        rules::check_rules(&loaded.definitions, &CheckOptions::default(), &mut diagnostics);
    let renderer = Renderer::new(&sources);
    for diagnostic in &diagnostics {
        println!("{}", renderer.render(diagnostic));
    }
    assert!(diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error));
    assert!(loaded.not_applicable.is_empty());
    assert_eq!(loaded.definitions.len(), 56);

    let mut whole = 0;
    for (definition, outcome) in loaded.definitions.iter().zip(&outcomes) {
        let Outcome::Checked(rule) = outcome else {
            panic!("{}: {outcome:?}", definition.name.text);
        };
        // Every one of them is bound to a few event types.
        assert!(rule.event_types.len() < 10, "{}", definition.name.text);
        if definition.enabled {
            assert!(rule.event_types != EventTypes::EMPTY, "{}", definition.name.text);
        }
        let types = rule.missing_event_types();
        let types: Vec<_> = types.iter().map(EventType::name).collect();
        let fields: Vec<_> = rule.missing_fields().iter().map(ToString::to_string).collect();
        if types.is_empty() && fields.is_empty() {
            whole += 1;
        } else {
            let (types, fields) = (types.join(" "), fields.join(" "));
            println!("{}: events: {types}; fields: {fields}", definition.name.text);
        }
    }
    println!("{whole} of {} miss nothing", outcomes.len());
}
