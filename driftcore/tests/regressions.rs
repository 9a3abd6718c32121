//! Replays the committed inputs of the fuzz targets: the seeds, and all that a fuzzer ever found.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

// A crate of its own for the fuzzer, for which the functions are public.
#[allow(unreachable_pub)]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::path::Path;

/// Gives every file below `fuzz/*/<target>` to the target.
fn replay(target: &str, body: fn(&[u8])) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let mut replayed = 0;
    for directory in ["corpus", "regressions"] {
        let directory = fuzz.join(directory).join(target);
        // A target without findings has no directory for them; every target has seeds.
        if directory.is_dir() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                println!("{}", path.display());
                body(&std::fs::read(path).unwrap());
                replayed += 1;
            }
        }
    }
    assert!(replayed > 0, "{target} has no inputs");
}

#[test]
fn wire() {
    replay("wire", targets::wire);
}

#[test]
fn drift_event() {
    replay("drift_event", targets::drift_event);
}

#[test]
fn rules() {
    replay("rules", targets::rules);
}

#[test]
fn condition() {
    replay("condition", targets::condition);
}

#[test]
fn output() {
    replay("output", targets::output);
}

#[test]
fn check() {
    replay("check", targets::check);
}

#[test]
fn matcher_against_plain() {
    replay("matcher_against_plain", targets::matcher_against_plain);
}

#[test]
fn dpkg() {
    replay("dpkg", targets::dpkg);
}

#[test]
fn apk() {
    replay("apk", targets::apk);
}

#[test]
fn rpm_sqlite() {
    replay("rpm_sqlite", targets::rpm_sqlite);
}

#[test]
fn rpm_ndb() {
    replay("rpm_ndb", targets::rpm_ndb);
}

#[test]
fn rpm_bdb() {
    replay("rpm_bdb", targets::rpm_bdb);
}

#[test]
fn pip() {
    replay("pip", targets::pip);
}

#[test]
fn npm() {
    replay("npm", targets::npm);
}

#[test]
fn gem() {
    replay("gem", targets::gem);
}

#[test]
fn cargo() {
    replay("cargo", targets::cargo);
}

#[test]
fn go() {
    replay("go", targets::go);
}

#[cfg(feature = "manifest")]
#[test]
fn layer() {
    replay("layer", targets::layer);
}

#[cfg(feature = "manifest")]
#[test]
fn manifest() {
    replay("manifest", targets::manifest);
}

#[test]
fn baseline() {
    replay("baseline", targets::baseline);
}

#[test]
fn bundle() {
    replay("bundle", targets::bundle);
}

#[test]
fn docker() {
    replay("docker", targets::docker);
}

#[cfg(feature = "digest")]
#[test]
fn pods() {
    replay("pods", targets::pods);
}

#[cfg(feature = "digest")]
#[test]
fn approved() {
    replay("approved", targets::approved);
}
