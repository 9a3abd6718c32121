//! Compiles the probes and makes their skeleton. Nothing of the build machine's kernel is read.

use std::env;
use std::path::Path;
use std::path::PathBuf;

use libbpf_cargo::SkeletonBuilder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let include = |dir: &str| format!("-I{}", root.join(dir).display());

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

    for dir in ["driftcore.bpf.c", "include", "progs", "vmlinux"] {
        println!("cargo::rerun-if-changed={}", Path::new(dir).display());
    }
    println!("cargo::metadata=include={}", root.join("include").display());
    Ok(())
}
