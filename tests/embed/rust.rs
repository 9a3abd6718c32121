//! Rust programs: the examples of the library, and one that links the C library beside its own code.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore_e2e::workspace_root;
use rustix::process::Signal;

use crate::LiveCase;
use crate::live::Watch;
use crate::live::World;
use crate::live::act;
use crate::stage::run;

pub(crate) const CASES: &[LiveCase] = &[
    ("rust_code_links_the_static_library", links),
    ("rust_example_engine_catches_real_drift", |world| watches(world, "engine", "event  ")),
    ("rust_example_tokio_catches_real_drift", |world| watches(world, "tokio", "")),
    ("rust_example_classify_judges_a_file", classifies),
    ("rust_example_rules_matches_an_event", matches),
];

/// Both have a panic runtime of their own, and neither may take the other's.
const LINKED: &str = r#"
    use std::ffi::CStr;
    use std::ffi::c_char;

    #[link(name = "driftcore", kind = "static")]
    unsafe extern "C" {
        fn driftcore_version() -> *const c_char;
    }

    fn main() {
        assert!(std::panic::catch_unwind(|| panic!("on purpose")).is_err());
        // SAFETY: a constant that ends with NUL.
        println!("{}", unsafe { CStr::from_ptr(driftcore_version()) }.to_str().unwrap());
    }
"#;

fn links(world: &World) -> Result<()> {
    let (source, program) = (world.stage.fresh("linked.rs"), world.stage.fresh("linked"));
    fs::write(&source, LINKED)?;
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition", "2024", "-L"]).arg(world.stage.lib()).arg("-o").arg(&program);
    run(rustc.arg(&source).args(["-lelf", "-lz"]))?;
    ensure!(run(&mut Command::new(program))?.trim() == env!("CARGO_PKG_VERSION"));
    Ok(())
}

fn example(name: &str) -> Result<PathBuf> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace_root());
    run(cargo.args(["build", "--package", "driftcore", "--example", name]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace_root().join("target"), PathBuf::from);
    Ok(target.join("debug/examples").join(name))
}

/// What is drift comes as a line; an image file whose mode changed does not.
fn watches(world: &World, name: &str, before: &str) -> Result<()> {
    let program = example(name)?;
    let runtimes = world.runtimes()?;
    let container = runtimes.lab.docker().start(&runtimes.image, &[])?;
    let watch = Watch::start(&world.stage, Command::new(program), "watching")?;
    act(&container, "chmod 700 /opt/p2; /opt/p2 MARK", "quiet")?;
    act(&container, "cp /opt/payload /tmp/NAME; printf x >> /tmp/NAME; /tmp/NAME MARK", name)?;
    let expected = format!("{before}/tmp/NAME: added (a new file; the image has no such path)");
    watch.line(|line| line == expected)?;
    let (lines, stderr) = watch.end(Signal::INT)?;
    // Other containers may be there; their files have other names.
    ensure!(!lines.iter().any(|line| line.contains("/opt/p2")), "{lines:#?}");
    ensure!(stderr.contains(" drift"), "{stderr}");
    Ok(())
}

fn classifies(world: &World) -> Result<()> {
    let program = example("classify")?;
    let runtimes = world.runtimes()?;
    let container = runtimes.lab.docker().start(&runtimes.image, &[])?;
    container.sh("cp /opt/payload /tmp/x; printf x >> /tmp/x; chmod 700 /opt/p2")?;
    let pid = container.pid()?.to_string();
    for (path, verdict) in
        [("/opt/payload", "image"), ("/opt/p2", "copied_up"), ("/tmp/x", "added")]
    {
        let said = run(Command::new(&program).args([&pid, path]))?;
        let line = said.lines().find(|line| line.starts_with("verdict")).context("no verdict")?;
        ensure!(line.ends_with(&format!(" {verdict}")), "{path}: {said}");
    }
    Ok(())
}

fn matches(world: &World) -> Result<()> {
    let program = example("rules")?;
    let rules = world.stage.fresh("rules.yaml");
    fs::write(
        &rules,
        "- rule: Shell\n  desc: d\n  condition: proc.name = sh\n  output: it is %proc.name\n  \
         priority: NOTICE\n",
    )?;
    let event = r#"{"evt.type": "execve", "proc.name": "sh"}"#;
    let said = run(Command::new(program).arg(&rules).arg(event))?;
    ensure!(said.contains("it is sh"), "{said}");
    Ok(())
}
