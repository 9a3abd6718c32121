//! Golden files: what the mistakes of `testdata/rules/errors` look like.

use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::*;
use crate::rules::Diagnostic;
use crate::rules::Limits;
use crate::rules::Sources;
use crate::rules::Span;
use crate::rules::load;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/rules/errors")
}

fn rendered(name: &str, bytes: Vec<u8>) -> String {
    let mut sources = Sources::default();
    sources.add_bytes(name, bytes);
    let loaded = load(&sources, &Limits::default());
    let renderer = Renderer::new(&sources);
    let texts: Vec<String> =
        loaded.diagnostics.iter().map(|diagnostic| renderer.render(diagnostic)).collect();
    texts.join("\n")
}

/// With `DRIFTCORE_UPDATE_GOLDEN` set, the files are written anew: look at the difference.
#[test]
fn mistakes_are_said_as_the_golden_files_say() {
    let update = env::var_os("DRIFTCORE_UPDATE_GOLDEN").is_some();
    let mut names: Vec<PathBuf> = fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    names.sort();
    assert!(names.len() >= 25, "{}", names.len());
    let mut wrong = Vec::new();
    for path in names {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = rendered(&name, fs::read(&path).unwrap());
        assert!(!text.is_empty(), "{name} has no mistake");
        let golden = path.with_extension("txt");
        if update {
            fs::write(&golden, &text).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != text {
            wrong.push(format!("{name}:\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn places_in_other_files_are_named() {
    let mut sources = Sources::default();
    let first = sources.add("first.yaml", "- list: a\n");
    let second = sources.add("second.yaml", "\n- list: a\n");
    let span = |source, start| Span { source, start, end: start + 1 };
    let diagnostic = Diagnostic::error("code", "message", span(second, 9))
        .label("here")
        .also(span(first, 8), "there")
        .help("do it");
    let renderer = Renderer::new(&sources);
    assert_eq!(
        renderer.render(&diagnostic),
        "\
error[code]: message
 --> second.yaml:2:9
  |
2 | - list: a
  |         ^ here
 ::: first.yaml:1:9
  |
1 | - list: a
  |         - there
  |
  = help: do it
"
    );
    let colored = Renderer::new(&sources).colored(true).render(&diagnostic);
    assert!(colored.contains("\x1b[1;31merror[code]\x1b[0m"));
}

#[test]
fn records_have_all_places() {
    let mut sources = Sources::default();
    sources.add("a.yaml", "- rule: é\n  condition: x\n  condition: y\n");
    let loaded = load(&sources, &Limits::default());
    let renderer = Renderer::new(&sources);
    let json: Vec<String> = loaded
        .diagnostics
        .iter()
        .map(|diagnostic| serde_json::to_string(&renderer.record(diagnostic)).unwrap())
        .collect();
    assert_eq!(
        json[1],
        "{\"severity\":\"error\",\"code\":\"duplicate-key\",\"message\":\"the key `condition` stands \
         twice in one mapping\",\"file\":\"a.yaml\",\"line\":3,\"column\":3,\"end_line\":3,\
         \"end_column\":12,\"label\":\"here again\",\"help\":null,\"secondary\":[{\"file\":\"a.yaml\",\
         \"line\":2,\"column\":3,\"end_line\":2,\"end_column\":12,\"label\":\"first here\"}]}"
    );
}
