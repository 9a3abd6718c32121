//! The C programs of `tests/capi` that need no privileges, in every way in which they are run.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore_e2e::workspace_root;
use serde::Deserialize;

use crate::Case;
use crate::null;
use crate::stage::Mode;
use crate::stage::Stage;
use crate::stage::capi;
use crate::stage::run;

pub(crate) const CASES: &[Case] = &[
    ("records_plain", |stage| program(stage, "records", Mode::Plain)),
    ("records_valgrind", |stage| program(stage, "records", Mode::Memcheck)),
    ("records_asan", |stage| program(stage, "records", Mode::Sanitized)),
    ("misuse_plain", |stage| program(stage, "misuse", Mode::Plain)),
    ("misuse_valgrind", |stage| program(stage, "misuse", Mode::Memcheck)),
    ("misuse_asan", |stage| program(stage, "misuse", Mode::Sanitized)),
    ("null_for_every_pointer_plain", |stage| null(stage, Mode::Plain)),
    ("null_for_every_pointer_valgrind", |stage| null(stage, Mode::Memcheck)),
    ("null_for_every_pointer_asan", |stage| null(stage, Mode::Sanitized)),
    ("ten_thousand_reloads_keep_memory_flat", |stage| reload(stage, Mode::Plain, "10000")),
    ("reloads_leak_nothing_valgrind", |stage| reload(stage, Mode::Memcheck, "20")),
    ("reloads_leak_nothing_asan", |stage| reload(stage, Mode::Sanitized, "1000")),
    ("conformance_plain", |stage| conformance(stage, Mode::Plain)),
    ("conformance_asan", |stage| conformance(stage, Mode::Sanitized)),
    ("example_match", example),
    ("example_scan", example_scan),
    ("python_through_ctypes", python),
];

fn program(stage: &Stage, name: &str, mode: Mode) -> Result<()> {
    let program = stage.compile(name, mode, &capi())?;
    // valgrind 3.19 does not know openat2(2), by which scans open files.
    let arguments: &[&str] =
        if mode == Mode::Memcheck && name == "records" { &["-scan", "-packages"] } else { &[] };
    passed(&stage.run(&program, mode, arguments)?)
}

/// A test program says of each of its tests that it went well.
pub(crate) fn passed(said: &str) -> Result<()> {
    let count = said.lines().filter(|line| line.starts_with("ok ")).count();
    ensure!(count > 0 && !said.contains("FAILED"), "{said}");
    Ok(())
}

fn null(stage: &Stage, mode: Mode) -> Result<()> {
    let header = stage.header()?;
    let directory = stage.directory("null")?;
    fs::write(directory.join("null_objects.h"), null::objects(&header)?)?;
    let program = stage.compile("null", mode, &directory)?;
    // No scan runs under valgrind, see `program`, so that there is no entry; and it does not follow what the kernel
    // writes for those who load probes.
    let left_out: Vec<String> = header
        .functions
        .iter()
        .filter(|it| mode == Mode::Memcheck && (null::takes_an_entry(it) || null::loads_probes(it)))
        .map(|it| format!("-null_{}", it.name))
        .collect();
    let arguments: Vec<&str> = left_out.iter().map(String::as_str).collect();
    let said = stage.run(&program, mode, &arguments)?;
    let tests = said.lines().filter(|line| line.starts_with("ok null_driftcore_")).count();
    let expected = header.functions.len() - left_out.len();
    ensure!(tests == expected, "{tests} of {expected}:\n{said}");
    passed(&said)
}

fn reload(stage: &Stage, mode: Mode, rounds: &str) -> Result<()> {
    let program = stage.compile("reload", mode, &capi())?;
    let said = stage.run(&program, mode, &[rounds])?;
    ensure!(said.contains(&format!("{rounds} rounds")), "{said}");
    println!("{}: {}", mode.name(), said.trim_end().replace('\n', "; "));
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Conformance>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Conformance {
    name: String,
    #[serde(default)]
    rules: Vec<String>,
    condition: Option<String>,
    events: Vec<String>,
    fires: Vec<Vec<String>>,
}

impl Conformance {
    /// In the form that `conform.c` reads: a letter and a text a line.
    fn lines(&self, root: &Path) -> Result<Vec<String>> {
        let mut lines = vec![format!("c {}", self.name)];
        if let Some(condition) = &self.condition {
            let head = "- rule: it\n  desc: d\n  output: o\n  priority: DEBUG\n  condition: |\n";
            let rule = format!("{head}    {condition}\n");
            lines.extend(rule.lines().map(|line| format!("l {line}")));
        }
        lines.extend(self.rules.iter().map(|path| format!("p {}", root.join(path).display())));
        ensure!(self.events.len() == self.fires.len(), "{}: events and fires", self.name);
        for (event, fires) in self.events.iter().zip(&self.fires) {
            let mut json: serde_json::Value = serde_json::from_str(event)?;
            let object = json.as_object_mut().context("no object")?;
            object.entry("evt.type").or_insert_with(|| "execve".into());
            lines.push(format!("e {json}"));
            lines.extend(fires.iter().map(|rule| format!("f {rule}")));
        }
        lines.push(".".to_owned());
        Ok(lines)
    }
}

fn conformance(stage: &Stage, mode: Mode) -> Result<()> {
    let root = workspace_root();
    let mut input = String::new();
    let (mut cases, mut events) = (0, 0);
    for entry in fs::read_dir(root.join("testdata/rules"))? {
        let path = entry?.path();
        if path.extension().is_none_or(|it| it != "toml") {
            continue;
        }
        let file: File = toml::from_str(&fs::read_to_string(&path)?)
            .with_context(|| path.display().to_string())?;
        for case in &file.case {
            cases += 1;
            events += case.events.len();
            for line in case.lines(&root)? {
                ensure!(!line.contains('\n'), "{}: {line:?} is several lines", case.name);
                input += &line;
                input.push('\n');
            }
        }
    }
    ensure!(cases > 50 && events > 100, "{cases} cases, {events} events");
    let program = stage.compile("conform", mode, &capi())?;
    let said = fed(stage.command(program), &input)?;
    ensure!(said.ends_with(&format!("{cases} cases, {events} events\n")), "{said}");
    Ok(())
}

/// Runs a program with this on its standard input.
fn fed(mut command: Command, input: &str) -> Result<String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    let (input, output) = std::thread::scope(|scope| {
        let writer = scope.spawn(move || stdin.write_all(input.as_bytes()));
        (writer.join(), child.wait_with_output())
    });
    let output = output?;
    ensure!(
        output.status.success() && matches!(input, Ok(Ok(()))),
        "{command:?} ended with {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn python(stage: &Stage) -> Result<()> {
    let said = run(stage.command("python3").arg(capi().join("abi.py")).arg(stage.shared()))?;
    passed(&said)
}

/// Copies the C examples into the scratch directory and makes them there, without a warning.
pub(crate) fn make_examples(stage: &Stage, compiler: &str) -> Result<PathBuf> {
    let directory = stage.directory("examples")?;
    for entry in fs::read_dir(workspace_root().join("examples/c"))? {
        let path = entry?.path();
        let name = path.file_name().context("no name")?;
        // What somebody made there is not copied.
        if path.extension().is_some() || name == "Makefile" {
            fs::copy(&path, directory.join(name))?;
        }
    }
    let mut make = stage.command("make");
    make.arg("-C").arg(&directory).arg(format!("CC={compiler}")).arg("CFLAGS=-g -O1 -Werror");
    run(&mut make)?;
    Ok(directory)
}

fn example_scan(stage: &Stage) -> Result<()> {
    let directory = stage.directory("scanned")?;
    for (path, content) in
        [("upper/a", "1"), ("lower/a", "2"), ("upper/b\x1b", ""), ("upper/c", "")]
    {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().context("no parent")?)?;
        fs::write(path, content)?;
    }
    for compiler in ["gcc", "clang"] {
        let program = make_examples(stage, compiler)?.join("scan");
        let scan = |arguments: &[&str]| -> Result<(Option<i32>, String, String)> {
            let mut command = stage.command(&program);
            command.args(arguments).args([directory.join("upper"), directory.join("lower")]);
            let output = command.output()?;
            let text = |bytes| String::from_utf8(bytes);
            Ok((output.status.code(), text(output.stdout)?, text(output.stderr)?))
        };
        let (status, said, summary) = scan(&[])?;
        ensure!(
            status == Some(1) && summary == "scan: 3 entries, 3 drift, 0 packages, 0 problems\n",
            "{summary}"
        );
        ensure!(
            said.starts_with("replaced   /a ") && said.contains("added      /b\\x1b "),
            "{said}"
        );
        let (_, said, summary) = scan(&["-j", "-n", "1"])?;
        ensure!(said.lines().count() == 1 && summary.contains("ended early"), "{said}{summary}");
        let _: serde_json::Value = serde_json::from_str(&said)?;
        let (status, _, said) = scan(&["-o", "scan.times=perhaps"])?;
        ensure!(status == Some(2) && said.contains("scan.times"), "{said}");
    }
    Ok(())
}

fn example(stage: &Stage) -> Result<()> {
    for compiler in ["gcc", "clang"] {
        let program = make_examples(stage, compiler)?.join("match");
        let said = run(stage.command(&program).arg("-s"))?;
        let expected = "event 1: -\n\
                        event 2: New Binary Executed in Container\n\
                        event 3: Modified Image Binary Executed in Container\n\
                        event 4: -\n";
        ensure!(said == expected, "{said}");

        let rules = stage.fresh("rules.yaml");
        fs::write(
            &rules,
            "- rule: child of sh\n  desc: d\n  condition: proc.aname[2] = sh and user.uid = 33\n  \
             output: o\n  priority: INFO\n",
        )?;
        let input = "evt.type execve\nuser.uid 33\n+proc.aname dash\n+proc.aname sh\n\n\
                     {\"evt.type\":\"execve\",\"user.uid\":33,\"proc.aname\":[\"a\",\"sh\"]}\n\
                     user.uid 34\n";
        let mut command = stage.command(&program);
        command.arg("-r").arg(&rules);
        let said = fed(command, input)?;
        ensure!(said == "event 1: child of sh\nevent 2: child of sh\nevent 3: -\n", "{said}");

        fs::write(&rules, "- rule: it\n  desc: d\n  condition: proc.nam = x\n")?;
        let output = stage.command(&program).arg("-r").arg(&rules).output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(
            !output.status.success() && stderr.contains("did you mean `proc.name`?"),
            "{stderr}"
        );
    }
    Ok(())
}
