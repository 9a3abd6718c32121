//! Compiles the probes and makes their skeleton. Nothing of the build machine's kernel is read.

use std::env;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use libbpf_cargo::SkeletonBuilder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let include = |dir: &str| format!("-I{}", root.join(dir).display());

    for path in ["build.rs", "driftcore.bpf.c", "include", "progs", "vmlinux"] {
        println!("cargo::rerun-if-changed={}", Path::new(path).display());
    }
    println!("cargo::rerun-if-env-changed=DOCS_RS");
    println!("cargo::rustc-check-cfg=cfg(without_probes)");
    println!("cargo::metadata=include={}", root.join("include").display());

    if !runs("clang") {
        if env::var_os("DOCS_RS").is_none() {
            return Err("clang is needed to compile the BPF probes, and was not found".into());
        }
        println!("cargo::warning=no clang: the crate is documented without its probes");
        println!("cargo::rustc-cfg=without_probes");
        return Ok(());
    }

    SkeletonBuilder::new()
        .source(root.join("driftcore.bpf.c"))
        .obj(out.join("driftcore.bpf.o"))
        .clang_args([
            include("vmlinux"),
            include("include"),
            "-Wall".to_owned(),
            "-Wextra".to_owned(),
            "-Werror".to_owned(),
            "-Wno-unused-parameter".to_owned(),
            "-Wno-missing-declarations".to_owned(),
            // No path of the build machine in the object.
            format!("-ffile-prefix-map={}=bpf", root.display()),
        ])
        .build_and_generate(out.join("driftcore.skel.rs"))?;
    Ok(())
}

/// Whether there is such a program. What it can do shows when it compiles.
fn runs(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
