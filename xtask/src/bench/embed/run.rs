//! The same work in three languages.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore_e2e::workspace_root;

use crate::bench::report::median;
use crate::cargo;

/// How many events are matched at once.
pub(super) const BATCH: f64 = 64.0;

/// Nanoseconds for one event, by the name of the measurement.
pub(super) type Figures = BTreeMap<String, f64>;

/// What Go has to say: its figures, or why there are none.
pub(super) type GoFigures = Result<Figures, &'static str>;

/// The event that all three report.
const EVENT: &str = "fuzz/corpus/drift_event/exec.json";

/// Runs `benches/benches/embed.rs`, which writes the synthetic rules to a file.
pub(super) fn rust(directory: &Path, rules: &Path) -> Result<Figures> {
    let results = directory.join("criterion");
    if results.exists() {
        fs::remove_dir_all(&results)?;
    }
    let mut bench =
        cargo::command(&["bench", "--package", "driftcore-benches", "--bench", "embed"]);
    bench.args(["--", "--warm-up-time", "0.3", "--measurement-time", "1", "--noplot"]);
    bench.args(["--sample-size", "30", "--nresamples", "2000"]);
    bench.env("CRITERION_HOME", &results).env("DRIFTCORE_BENCH_RULES", rules);
    succeed(&mut bench)?;

    let mut figures = Figures::new();
    for entry in fs::read_dir(&results)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(name) = name.strip_prefix("embed_") else { continue };
        let path = entry.path().join("new/estimates.json");
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let estimates: serde_json::Value = serde_json::from_slice(&text)?;
        let ns = estimates["median"]["point_estimate"].as_f64().context("no median")?;
        let events = if name.starts_with("match_batch") { BATCH } else { 1.0 };
        figures.insert(name.to_owned(), ns / events);
    }
    Ok(figures)
}

/// Builds `benches/c/embed.c` with the installed library, and runs it.
pub(super) fn c(prefix: &Path, directory: &Path, rules: &Path) -> Result<Figures> {
    let program = directory.join("embed");
    let mut cc = compiler(&program, "embed.c");
    cc.arg("-I").arg(prefix.join("include")).arg("-L").arg(prefix.join("lib"));
    cc.arg(format!("-Wl,-rpath,{}", prefix.join("lib").display())).arg("-ldriftcore");
    succeed(&mut cc)?;
    let event = workspace_root().join(EVENT);
    let printed = succeed(Command::new(&program).arg(event).arg(rules))?;
    let figure = |line: &str| {
        let (name, ns) = line.split_once('\t')?;
        Some((name.replace('/', "_"), ns.parse().ok()?))
    };
    let figures = printed.lines().map(|line| figure(line).with_context(|| line.to_owned()));
    figures.collect()
}

/// A command that builds a program of `benches/c`.
pub(super) fn compiler(program: &Path, source: &str) -> Command {
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-std=c11", "-Wall", "-Wextra", "-o"]).arg(program);
    cc.arg(workspace_root().join("benches/c").join(source));
    cc
}

/// Runs the benchmarks of the Go module with the installed library.
pub(super) fn go(prefix: &Path) -> Result<GoFigures> {
    let version = Command::new("go").arg("version").stdout(Stdio::null()).status();
    if !version.is_ok_and(|status| status.success()) {
        return Ok(Err("Go is not installed"));
    }
    let module = workspace_root().join("examples/go");
    if !module.join("go.mod").is_file() {
        return Ok(Err("there is no Go module"));
    }
    let lib = prefix.join("lib");
    let mut test = Command::new("go");
    test.current_dir(module).args(["test", "-run", "^$", "-count", "5", "-benchtime", "0.5s"]);
    test.args(["-bench", "^(BenchmarkAlert|BenchmarkMatchFields)$", "."]);
    test.env("CGO_ENABLED", "1").env("LD_LIBRARY_PATH", &lib);
    test.env("PKG_CONFIG_PATH", lib.join("pkgconfig"));
    let figures = go_figures(&succeed(&mut test)?);
    ensure!(figures.len() == 2, "go test ran {} of two benchmarks", figures.len());
    Ok(Ok(figures))
}

/// The medians of lines such as `BenchmarkAlert-2   123   4567 ns/op   0 B/op`.
fn go_figures(printed: &str) -> Figures {
    let mut runs = BTreeMap::<String, Vec<f64>>::new();
    for line in printed.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(at) = words.iter().position(|word| *word == "ns/op") else { continue };
        let name = words[0].split('-').next().unwrap_or_default();
        let ours = match name {
            "BenchmarkAlert" => "alert",
            "BenchmarkMatchFields" => "fill_match_shipped",
            _ => continue,
        };
        if let Some(ns) = at.checked_sub(1).and_then(|at| words[at].parse().ok()) {
            runs.entry(ours.to_owned()).or_default().push(ns);
        }
    }
    runs.into_iter().map(|(name, runs)| (name, median(&runs))).collect()
}

/// Runs a program and returns what it prints; fails with what it complains of.
pub(super) fn succeed(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::piped()).output();
    let output = output.with_context(|| format!("cannot run {command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {}", said.trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_go_benchmarks_are_found() {
        let printed = "goos: linux\n\
            BenchmarkAlert-2        \t  254302\t      4800 ns/op\t     312 B/op\t 9 allocs/op\n\
            BenchmarkAlert-2        \t  254302\t      4500 ns/op\t     312 B/op\t 9 allocs/op\n\
            BenchmarkAlert-2        \t  254302\t      5100.5 ns/op\t   312 B/op\t 9 allocs/op\n\
            BenchmarkMatchFields    \t 1254302\t       950.2 ns/op\n\
            BenchmarkOther-2        \t       1\t         1 ns/op\n\
            PASS\n";
        let figures = go_figures(printed);
        assert_eq!(figures.len(), 2);
        assert_eq!(figures["alert"], 4800.0);
        assert_eq!(figures["fill_match_shipped"], 950.2);
    }

    #[test]
    fn what_a_program_complains_of_is_told() {
        let error = succeed(Command::new("sh").args(["-c", "echo no >&2; exit 3"])).unwrap_err();
        assert!(error.to_string().ends_with("no"), "{error}");
        assert_eq!(succeed(Command::new("echo").arg("yes")).unwrap(), "yes\n");
    }
}
