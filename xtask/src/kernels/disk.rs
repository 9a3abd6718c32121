//! What boots: the initramfs with the modules of one kernel, and the root disk that all share.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use driftcore_e2e::deeds::content;
use driftcore_e2e::workspace_root;

use super::code;
use super::config;
use super::cpio::Archive;
use super::deeds;
use super::modules::Module;
use super::modules::Modules;
use super::tool;

/// Copies of the payload in the lower layer of the container's image.
const BOTTOM_LAYER: &[&str] = &[
    "p-image",
    "p-modified",
    "p-appended",
    "p-chmod",
    "p-chown",
    "p-linked",
    "p-renamed",
    "p-link",
    "p-replaced",
    "p-restored",
];
/// Modules that the root disk needs, what they need included.
const DISK_MODULES: &[&str] = &["virtio_pci", "virtio_blk"];

/// Makes the first root of a kernel: busybox, the modules, and who loads them.
pub(super) fn initramfs(modules: &Modules, sources: &Path) -> Result<Vec<u8>> {
    let mut archive = Archive::default();
    for directory in ["bin", "dev", "proc", "root", "modules"] {
        archive.directory(directory);
    }
    archive.device("dev/console", 5, 1);
    archive.program("bin/busybox", &tool::read(&busybox()?)?);
    archive.program("init", &tool::read(&sources.join("initramfs.sh"))?);

    let mut disk: Vec<Module> = Vec::new();
    for name in DISK_MODULES {
        for module in modules.with_dependencies(name)? {
            if !disk.iter().any(|other| other.name == module.name) {
                disk.push(module);
            }
        }
    }
    for (list, modules) in [("disk", disk), ("overlay", modules.with_dependencies("overlay")?)] {
        let names: String = modules.iter().map(|module| format!("{}.ko\n", module.name)).collect();
        archive.program(&format!("modules/{list}"), names.as_bytes());
        for module in &modules {
            archive.program(&format!("modules/{}.ko", module.name), &module.bytes);
        }
    }
    Ok(archive.finish())
}

/// Makes the root disk below `work`: a small system, driftd when given, and a container's image.
pub(super) fn root_disk(work: &Path, sources: &Path, driftd: Option<&Path>) -> Result<PathBuf> {
    let stage = work.join("root");
    if stage.exists() {
        fs::remove_dir_all(&stage)?;
    }
    for directory in ["dev", "proc", "sys", "run", "tmp", "bin", "sbin", "containers/volume"] {
        fs::create_dir_all(stage.join(directory))?;
    }
    system(&stage, sources)?;
    if let Some(driftd) = driftd {
        with_libraries(driftd, "driftd", &stage)?;
        with_libraries(&tool::find("runc").context("runc is missing")?, "runc", &stage)?;
    }
    image(&stage, work, sources)?;
    deeds(&stage, work, sources)?;
    fs::write(stage.join("opt/bundle.json"), config::bundle().to_string())?;

    let disk = work.join("root.img");
    tool::output(
        Command::new(tool::find("mke2fs").context("mke2fs is missing")?)
            .args(["-q", "-F", "-t", "ext4", "-d"])
            .arg(&stage)
            .arg(&disk)
            .arg("512M"),
    )?;
    Ok(disk)
}

fn system(stage: &Path, sources: &Path) -> Result<()> {
    let busybox = busybox()?;
    fs::copy(&busybox, stage.join("bin/busybox"))?;
    for applet in tool::text(Command::new(&busybox).arg("--list"))?.lines() {
        if !matches!(applet, "busybox" | "modprobe") {
            symlink("busybox", stage.join("bin").join(applet))?;
        }
    }
    script(&sources.join("machine.sh"), &stage.join("init"))?;
    script(&sources.join("overhead.sh"), &stage.join("bin/overhead.sh"))?;
    script(&sources.join("config.sh"), &stage.join("bin/config.sh"))?;
    script(&sources.join("modprobe.sh"), &stage.join("sbin/modprobe"))
}

fn image(stage: &Path, work: &Path, sources: &Path) -> Result<()> {
    let payload = compile("payload", work, sources)?;
    let containers = stage.join("containers");
    for directory in
        ["image1/bin", "image1/dev", "image1/proc", "image1/tmp", "image1/data", "image2/bin"]
    {
        fs::create_dir_all(containers.join(directory))?;
    }
    let bottom = containers.join("image1/bin");
    for name in BOTTOM_LAYER {
        fs::copy(&payload, bottom.join(name))?;
    }
    // An image file with several names: overlay keeps no origin for such a one.
    fs::hard_link(bottom.join("p-linked"), bottom.join("p-linked-too"))?;
    fs::copy(&payload, containers.join("image2/bin/p-top"))?;
    fs::copy(&payload, containers.join("volume/p"))?;
    fs::copy(&payload, stage.join("bin/p"))?;
    fs::copy(compile("acts", work, sources)?, bottom.join("acts"))?;
    fs::copy(compile("contain", work, sources)?, stage.join("bin/contain"))?;
    Ok(())
}

/// The programs that do deeds, in the container's image and on the host; in the image also what they find.
fn deeds(stage: &Path, work: &Path, sources: &Path) -> Result<()> {
    let image = stage.join("containers/image1");
    let workspace = workspace_root();
    let programs = [
        compile("deeds", work, &workspace.join("driftcore/tests/files"))?,
        compile("net", work, &workspace.join("tests/attack"))?,
        compile("turns", work, sources)?,
        compile("floor", work, &workspace.join("benches/c"))?,
    ];
    for (root, list) in [(stage, deeds::host_list()), (&image, deeds::container_list())] {
        fs::create_dir_all(root.join("opt"))?;
        fs::create_dir_all(root.join("etc"))?;
        fs::write(root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n")?;
        for program in &programs {
            fs::copy(program, root.join("opt").join(program.file_name().unwrap_or_default()))?;
        }
        script(&sources.join("deeds.sh"), &root.join("opt/deeds.sh"))?;
        fs::write(root.join("opt/loop"), "content")?;
        fs::write(root.join("opt/deeds.list"), list)?;
        fs::write(root.join("opt/sockets.list"), deeds::socket_list())?;
    }
    fs::copy(busybox()?, image.join("bin/busybox"))?;
    for applet in ["sh", "cat"] {
        symlink("busybox", image.join("bin").join(applet))?;
    }
    script(&sources.join("code.sh"), &image.join("opt/code.sh"))?;
    script(&sources.join("writers.sh"), &image.join("opt/writers.sh"))?;
    for deed in deeds::directories().chain(code::DIRECTORIES) {
        let directory = image.join("deeds").join(deed);
        fs::create_dir_all(&directory)?;
        for name in content() {
            match name.strip_suffix('/') {
                Some(name) => fs::create_dir(directory.join(name))?,
                None => fs::write(directory.join(name), "content")?,
            }
        }
    }
    Ok(())
}

fn compile(name: &str, work: &Path, sources: &Path) -> Result<PathBuf> {
    let program = work.join(name);
    tool::output(
        Command::new("gcc")
            .args(["-O1", "-Wall", "-Wextra", "-Werror", "-static", "-pthread", "-o"])
            .arg(&program)
            .arg(sources.join(format!("{name}.c"))),
    )?;
    Ok(program)
}

fn script(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    fs::set_permissions(to, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Copies a program, without its debug information, and the libraries that it is linked with.
fn with_libraries(program: &Path, name: &str, stage: &Path) -> Result<()> {
    let to = stage.join("bin").join(name);
    tool::output(Command::new("strip").arg("-o").arg(&to).arg(program))?;
    let listed = match tool::text(Command::new("ldd").arg(program)) {
        Ok(listed) => listed,
        // ldd fails on a program that is linked statically.
        Err(error) if error.to_string().contains("not a dynamic executable") => return Ok(()),
        Err(error) => return Err(error),
    };
    for library in libraries(&listed)? {
        let to = stage.join(library.trim_start_matches('/'));
        if let Some(directory) = to.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::copy(library, &to).with_context(|| format!("cannot copy {library}"))?;
    }
    Ok(())
}

/// The files in what `ldd` prints.
fn libraries(listed: &str) -> Result<Vec<&str>> {
    let mut files = Vec::new();
    for line in listed.lines().map(str::trim) {
        if line.ends_with("not found") {
            bail!("a library is missing here: {line}");
        }
        let file = line.split_once(" => ").map_or(line, |(_, file)| file);
        let file = file.split(" (").next().unwrap_or(file);
        // linux-vdso.so.1 is the kernel's own.
        if file.starts_with('/') {
            files.push(file);
        }
    }
    Ok(files)
}

/// busybox, which must need no library.
fn busybox() -> Result<PathBuf> {
    let busybox = tool::find("busybox").context("busybox is missing: install busybox-static")?;
    if tool::text(Command::new("ldd").arg(&busybox)).is_ok_and(|text| text.contains("=>")) {
        bail!("{} is not static: install busybox-static", busybox.display());
    }
    Ok(busybox)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_those_with_a_file() {
        let listed = "\tlinux-vdso.so.1 (0x7ffd)\n\tlibelf.so.1 => /lib/x/libelf.so.1 (0x7f)\n\
            \t/lib64/ld-linux-x86-64.so.2 (0x7f)\n";
        assert_eq!(
            libraries(listed).unwrap(),
            ["/lib/x/libelf.so.1", "/lib64/ld-linux-x86-64.so.2"]
        );
    }

    #[test]
    fn a_missing_library_is_an_error() {
        let error = libraries("\tlibelf.so.1 => not found\n").unwrap_err();
        assert!(error.to_string().contains("libelf.so.1"));
    }
}
