//! The cases of `testdata/rules`, on the rule language and the matcher.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::path::PathBuf;

use driftcore::fields::FlatEvent;
use driftcore::matcher::Policy;
use driftcore::matcher::Scratch;
use driftcore::rules::Limits;
use driftcore::rules::Renderer;
use driftcore::rules::RuleSet;
use driftcore::rules::SetOptions;
use driftcore::rules::Sources;
use driftcore::rules::load_paths;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    rules: Vec<String>,
    condition: Option<String>,
    events: Vec<String>,
    fires: Vec<Vec<String>>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

impl Case {
    fn set(&self) -> RuleSet {
        let mut sources = Sources::default();
        if let Some(condition) = &self.condition {
            // A literal block takes the condition as it stands.
            let rule = format!(
                "- rule: it\n  desc: d\n  output: o\n  priority: DEBUG\n  condition: |\n    {condition}\n"
            );
            sources.add("condition", rule);
        }
        let paths = self.rules.iter().map(|path| root().join(path));
        let loaded = load_paths(&mut sources, paths, &Limits::default());
        let options = SetOptions { policy: Policy::All, ..SetOptions::default() };
        let (set, diagnostics) = RuleSet::new(loaded, &options);
        set.unwrap_or_else(|| {
            let renderer = Renderer::new(&sources);
            let text: String = diagnostics.iter().map(|it| renderer.render(it)).collect();
            panic!("{}: the rules do not load:\n{text}", self.name)
        })
    }

    fn event(text: &str) -> FlatEvent {
        let mut json: serde_json::Value = serde_json::from_str(text).unwrap();
        let object = json.as_object_mut().unwrap();
        object.entry("evt.type").or_insert_with(|| "execve".into());
        FlatEvent::from_json(&json).unwrap()
    }

    fn run(&self) {
        assert_eq!(self.events.len(), self.fires.len(), "{}: events and fires", self.name);
        let set = self.set();
        let mut scratch = Scratch::default();
        for (text, expected) in self.events.iter().zip(&self.fires) {
            let mut fired = Vec::new();
            set.matches(&Self::event(text), &mut scratch, |rule| {
                fired.push(set.rule(rule).unwrap().name.clone());
            });
            let what = self.condition.as_deref().unwrap_or_default();
            assert_eq!(&fired, expected, "{}: {what} {text}", self.name);
        }
    }
}

/// Runs a file; the number of events.
fn run(name: &str) -> usize {
    let path = root().join("testdata/rules").join(name);
    let file: File = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    file.case.iter().for_each(Case::run);
    file.case.iter().map(|case| case.events.len()).sum()
}

#[test]
fn the_language_means_what_falcos_means() {
    assert!(run("language.toml") > 90);
}

#[test]
fn each_shipped_rule_fires_where_it_should_and_nowhere_else() {
    let events = run("shipped.toml");
    assert!(events >= 34, "{events}");
    let events = run("shipped_files.toml");
    assert!(events >= 45, "{events}");
    let events = run("shipped_sockets.toml");
    assert!(events >= 18, "{events}");
}

#[test]
fn the_examples_mean_what_they_say() {
    assert!(run("examples.toml") >= 15);
}

/// Every shipped rule is among the cases that fire.
#[test]
fn no_shipped_rule_is_without_a_case() {
    let files = ["shipped.toml", "shipped_files.toml", "shipped_sockets.toml"].map(|name| {
        let text = std::fs::read_to_string(root().join("testdata/rules").join(name)).unwrap();
        toml::from_str::<File>(&text).unwrap()
    });
    let cases = files.iter().flat_map(|file| &file.case);
    let fired: Vec<&String> = cases.flat_map(|case| case.fires.iter().flatten()).collect();
    let (_, loaded) = driftcore::rules::load_shipped();
    for definition in &loaded.definitions {
        assert!(fired.contains(&&definition.name.text), "{}", definition.name.text);
    }
}

/// The examples and the shipped rules stand beside Falco's own files, whichever come first.
#[test]
fn examples_load_together_with_falcos_own_files() {
    let official = root().join("../shared/falco-rules");
    if !official.is_dir() {
        println!("{} is not here: nothing to load together with", official.display());
        return;
    }
    let ours = [root().join("driftcore/rules/drift.yaml"), root().join("driftcore/rules/examples")];
    let theirs = [official];
    for paths in [ours.iter().chain(&theirs), theirs.iter().chain(&ours)] {
        let mut sources = Sources::default();
        let loaded = load_paths(&mut sources, paths, &Limits::default());
        let (set, diagnostics) = RuleSet::new(loaded, &SetOptions::default());
        let renderer = Renderer::new(&sources);
        let text: String = diagnostics.iter().map(|it| renderer.render(it)).collect();
        let set = set.unwrap_or_else(|| panic!("{text}"));
        assert_eq!(set.listings().len(), 60 + 36);
    }
}
