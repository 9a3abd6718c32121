//! The packages of Debian and Ubuntu that the build and the tests need.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use anyhow::bail;

/// A package, and the program or file that shows that what it brings is there already, from
/// whichever package: Docker's own repository has other names for the same programs.
struct Package {
    name: &'static str,
    brings: &'static str,
}

const PACKAGES: [Package; 19] = [
    Package { name: "clang", brings: "clang" },
    Package { name: "gcc", brings: "gcc" },
    Package { name: "g++", brings: "g++" },
    Package { name: "make", brings: "make" },
    Package { name: "pkg-config", brings: "pkg-config" },
    Package { name: "python3", brings: "python3" },
    Package { name: "valgrind", brings: "valgrind" },
    Package { name: "libc6-dev", brings: "/usr/include/stdio.h" },
    Package { name: "libelf-dev", brings: "/usr/include/libelf.h" },
    Package { name: "zlib1g-dev", brings: "/usr/include/zlib.h" },
    Package { name: "golang-go", brings: "go" },
    Package { name: "containerd", brings: "containerd" },
    Package { name: "containerd", brings: "ctr" },
    Package { name: "runc", brings: "runc" },
    Package { name: "docker.io", brings: "dockerd" },
    // In newer releases the client is a package of its own.
    Package { name: "docker-cli", brings: "docker" },
    Package { name: "iproute2", brings: "ip" },
    Package { name: "iptables", brings: "iptables" },
    Package { name: "busybox-static", brings: BUSYBOX },
];

const BUSYBOX: &str = "/bin/busybox";

/// Installs what is missing; names it first.
pub(crate) fn install() -> Result<()> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    println!("packages to install: {}", missing.join(" "));
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    if !root {
        bail!(
            "these packages are missing, and installing them takes root: run\n  \
             sudo apt-get update && sudo apt-get install -y --no-install-recommends {}",
            missing.join(" ")
        );
    }
    apt(&["update"])?;
    // A client that is no package of its own comes with the daemon.
    let known: Vec<&str> = missing.into_iter().filter(|name| is_known(name)).collect();
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(&known);
    if let Err(error) = apt(&arguments) {
        // A service that does not start, as in a container without an init, fails the
        // installation of its package although all its files are in place.
        let missing = self::missing();
        if !missing.is_empty() {
            return Err(error.context(format!("still missing: {}", missing.join(" "))));
        }
        eprintln!("warning: {error:#}; the programs are there, going on");
    }
    Ok(())
}

/// The names of packages whose programs or files are not there.
fn missing() -> Vec<&'static str> {
    let mut names: Vec<&str> =
        PACKAGES.iter().filter(|package| !is_there(package.brings)).map(|it| it.name).collect();
    names.dedup();
    names
}

fn is_there(what: &str) -> bool {
    if what == BUSYBOX {
        return fs::read(BUSYBOX).is_ok_and(|elf| is_static(&elf));
    }
    if what.starts_with('/') {
        return Path::new(what).exists();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let standard = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(Into::into);
    std::env::split_paths(&path).chain(standard).any(|directory| directory.join(what).is_file())
}

/// Whether an ELF file asks for no dynamic loader, whose path would be in its first pages.
fn is_static(elf: &[u8]) -> bool {
    let head = &elf[..elf.len().min(8192)];
    elf.starts_with(b"\x7fELF") && !head.windows(3).any(|window| window == b"/ld")
}

fn is_known(package: &str) -> bool {
    Command::new("apt-cache")
        .args(["show", "--no-all-versions", package])
        .output()
        .is_ok_and(|output| output.status.success() && !output.stdout.is_empty())
}

fn apt(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    let status = command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments).status()?;
    if !status.success() {
        bail!("apt-get {} ended with {status}", arguments.join(" "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_files_are_found_where_they_are() {
        assert!(is_there("sh"));
        assert!(is_there("/proc/self/status"));
        assert!(!is_there("no-such-program"));
    }

    #[test]
    fn a_dynamic_program_is_not_static() {
        assert!(is_static(b"\x7fELF and nothing else"));
        assert!(!is_static(b"\x7fELF /lib64/ld-linux-x86-64.so.2"));
        assert!(!is_static(b"#!/bin/sh"));
    }
}
