//! From Rust's static library to ours, and to the shared one.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use serde_json::Value;

use crate::cargo;

/// What is linked.
pub(super) struct Libraries<'a> {
    /// The functions that are exported.
    pub(super) functions: &'a [String],
    pub(super) version: &'a str,
    pub(super) debug: bool,
}

impl Libraries<'_> {
    /// Builds both in a directory. The libraries of the system that they need, as `-lNAME`.
    pub(super) fn build(&self, lib: &Path) -> Result<Vec<String>> {
        let profile = if self.debug { "dev" } else { "release" };
        let mut build = cargo::command(&[
            "rustc",
            "--package",
            "driftcore-ffi",
            "--lib",
            "--crate-type",
            "staticlib",
            "--profile",
            profile,
            "--message-format",
            "json-render-diagnostics",
            "--",
            "--print",
            "native-static-libs",
        ]);
        let output = build.stdout(Stdio::piped()).stderr(Stdio::piped()).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            bail!("cannot build driftcore-ffi:\n{said}");
        }
        let native = native_libraries(&said).context("rustc does not say what to link")?;
        let archive = archive(&output.stdout).context("cargo names no static library")?;

        let scratch = lib.join("driftcore.o");
        let own = lib.join("libdriftcore.a");
        self.link_static(&archive, &scratch, &own)?;
        self.link_shared(lib, &own, &native)?;
        fs::remove_file(&scratch)?;
        Ok(native)
    }

    /// One object of all that the functions need, with nothing else global.
    fn link_static(&self, archive: &Path, object: &Path, own: &Path) -> Result<()> {
        let mut ld = Command::new("ld");
        // Without the last, sections that programs share by name would look for a symbol that is
        // global no more.
        ld.args(["-r", "--gc-sections", "--force-group-allocation"]);
        for function in self.functions {
            ld.args(["-u", function]);
        }
        ld.arg("--whole-archive").arg(archive).arg("-o").arg(object);
        succeed(&mut ld)?;

        let list = object.with_extension("symbols");
        fs::write(&list, self.functions.join("\n") + "\n")?;
        let mut objcopy = Command::new("objcopy");
        // The bitcode of the standard library is of no use here and confuses other tools.
        objcopy.args(["-R", ".llvmbc", "-R", ".llvmcmd"]);
        if !self.debug {
            objcopy.arg("--strip-debug");
        }
        objcopy.arg("--keep-global-symbols").arg(&list).arg(object);
        succeed(&mut objcopy)?;
        fs::remove_file(list)?;

        if own.exists() {
            fs::remove_file(own)?;
        }
        succeed(Command::new("ar").arg("crsD").arg(own).arg(object))
    }

    fn link_shared(&self, lib: &Path, own: &Path, native: &[String]) -> Result<()> {
        let (major, minor) = major_minor(self.version)?;
        // Until 1.0 each minor version may break.
        let compatible = if major == "0" { format!("{major}.{minor}") } else { major.to_owned() };
        let soname = format!("libdriftcore.so.{compatible}");
        let file = format!("libdriftcore.so.{}", self.version);

        let map = lib.join("driftcore.map");
        let globals: String =
            self.functions.iter().map(|function| format!("    {function};\n")).collect();
        let script = format!("DRIFTCORE_{compatible} {{\n  global:\n{globals}  local: *;\n}};\n");
        fs::write(&map, script)?;
        let mut cc = Command::new("cc");
        cc.arg("-shared").arg("-o").arg(lib.join(&file));
        cc.arg(format!("-Wl,-soname,{soname}"));
        cc.arg(format!("-Wl,--version-script={}", map.display()));
        cc.args(["-Wl,--gc-sections", "-Wl,--no-undefined", "-Wl,-z,relro,-z,now"]);
        if !self.debug {
            cc.arg("-Wl,--strip-all");
        }
        for function in self.functions {
            cc.arg(format!("-Wl,-u,{function}"));
        }
        cc.arg(own).arg("-Wl,--as-needed").args(native);
        succeed(&mut cc)?;
        fs::remove_file(map)?;

        for name in [soname.as_str(), "libdriftcore.so"] {
            let link = lib.join(name);
            if link.symlink_metadata().is_ok() {
                fs::remove_file(&link)?;
            }
            symlink(&file, link)?;
        }
        Ok(())
    }
}

/// The static library that cargo says it made.
fn archive(messages: &[u8]) -> Option<PathBuf> {
    let messages = serde_json::Deserializer::from_slice(messages).into_iter::<Value>();
    let files = messages.flatten().filter_map(|message| message["filenames"].as_array().cloned());
    files
        .flatten()
        .filter_map(|file| file.as_str().map(PathBuf::from))
        .find(|file| file.file_name().is_some_and(|name| name == "libdriftcore_ffi.a"))
}

/// What rustc says that a program has to link beside the static library, without what every
/// compiler links by itself, as it must be for the kind of program.
fn native_libraries(said: &str) -> Option<Vec<String>> {
    let list = said.lines().find_map(|line| line.split_once("native-static-libs:"))?.1;
    let mut libraries: Vec<String> = Vec::new();
    for library in list.split_whitespace().filter(|it| !["-lc", "-lgcc_s"].contains(it)) {
        if !libraries.iter().any(|known| known == library) {
            libraries.push(library.to_owned());
        }
    }
    Some(libraries)
}

fn major_minor(version: &str) -> Result<(&str, &str)> {
    let mut parts = version.split('.');
    match (parts.next(), parts.next()) {
        (Some(major), Some(minor)) => Ok((major, minor)),
        _ => bail!("{version} is no version"),
    }
}

fn succeed(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_owned();
    let output =
        command.output().with_context(|| format!("cannot run {}", OsStr::display(&name)))?;
    if !output.status.success() {
        bail!(
            "{} failed: {}",
            OsStr::display(&name),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_static_library_is_found_among_messages() {
        let messages = b"{\"reason\": \"x\"}\n{\"filenames\": [\"/t/libserde.rlib\"]}\n\
              {\"filenames\": [\"/t/x/libdriftcore_ffi.a\"]}\n";
        assert_eq!(archive(messages).unwrap(), Path::new("/t/x/libdriftcore_ffi.a"));
        assert!(archive(b"").is_none());
    }

    #[test]
    fn native_libraries_are_read_once_each() {
        let said = "warning: x\nnote: native-static-libs: -lelf -lz -lgcc_s -lm -lc -lz\n";
        assert_eq!(native_libraries(said).unwrap(), ["-lelf", "-lz", "-lm"]);
        assert!(native_libraries("error").is_none());
    }
}
