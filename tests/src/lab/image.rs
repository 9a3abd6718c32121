//! Images made by hand, layer by layer, the same bytes every time.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use super::languages::Languages;
use super::packages::Dpkg;
use super::packages::LOOKED_FOR;
use super::packages::installed;
use super::tools::Tools;
use crate::deeds::content;

/// The applets of busybox that the tests use.
const APPLETS: [&str; 15] = [
    "sh", "cat", "chmod", "chown", "cp", "dd", "ln", "mkdir", "mv", "printf", "rm", "sleep",
    "sync", "touch", "true",
];
/// 2020-01-01, so that nothing in the image is new.
const MTIME: u64 = 1_577_836_800;

/// An image in the archive form of `docker save`, which Docker and containerd both read.
///
/// In it, below `/opt`: `attack`, and `daemon` which does the same; `payload`; `net`, which does things with sockets; `p1` to `p9`, copies of the payload, each with
/// bytes of its own; `setuid` (mode 4755); `hard1`, `hard2` and `hard3`, one file with three
/// names; and on every layer but the first one `layer-N`, a payload too.
#[derive(Debug)]
pub struct Image {
    /// The reference, e.g. `docker.io/driftcore/lab:3-layers`.
    pub reference: String,
    /// The config digest (`sha256:...`), which is Docker's image id.
    pub id: String,
    archive: Vec<u8>,
}

impl Image {
    /// An image that a runtime has under another name, to start containers of.
    pub fn named(reference: impl Into<String>) -> Self {
        Self { reference: reference.into(), id: String::new(), archive: Vec::new() }
    }

    /// An image with `layers` layers, at least one.
    pub(super) fn build(tools: &Tools, layers: usize) -> Result<Self> {
        let payload = read(&tools.payload)?;
        let mut all = vec![base_layer(tools)?];
        for number in 1..layers.max(1) {
            all.push(layer(&payload, number)?);
        }
        Self::of_layers(&format!("{layers}-layers"), &all)
    }

    /// The image with the programs that do deeds on files and, for each, what it finds.
    pub(super) fn build_deeds(tools: &Tools, deeds: &[&str]) -> Result<Self> {
        let mut layer = tar::Builder::new(Vec::new());
        append(&mut layer, "opt/deeds", 0o755, &read(&tools.deeds)?)?;
        append(&mut layer, "opt/evade", 0o755, &read(&tools.evade)?)?;
        append_directory(&mut layer, "deeds", 0o755)?;
        for deed in deeds {
            append_directory(&mut layer, &format!("deeds/{deed}"), 0o755)?;
            for name in content() {
                let path = format!("deeds/{deed}/{name}");
                if name.ends_with('/') {
                    append_directory(&mut layer, &path, 0o755)?;
                } else {
                    append(&mut layer, &path, 0o644, b"content")?;
                }
            }
        }
        Self::of_layers("deeds", &[base_layer(tools)?, layer.into_inner()?])
    }

    /// The image with interpreters, and what is its own for them to run.
    pub(super) fn build_languages(tools: &Tools, languages: &Languages) -> Result<Self> {
        let mut layer = tar::Builder::new(Vec::new());
        for path in &languages.files {
            let name = path.strip_prefix("/").unwrap_or(path).to_string_lossy();
            append(&mut layer, &name, 0o755, &read(path)?)?;
        }
        append(&mut layer, "opt/loader", 0o755, &read(&languages.program)?)?;
        for name in ["library", "touched", "changed"] {
            append(&mut layer, &format!("opt/{name}.so"), 0o755, &read(&languages.library)?)?;
        }
        append(&mut layer, "opt/image", 0o755, b"#!/bin/sh\ntrue\n")?;
        append(&mut layer, "opt/image.sh", 0o644, b"true\n")?;
        append(&mut layer, "opt/image_module.py", 0o644, b"pass\n")?;
        append(&mut layer, "opt/image.pl", 0o644, b"exit 0;\n")?;
        Self::of_layers("languages", &[base_layer(tools)?, layer.into_inner()?])
    }

    /// The image with dpkg, which has installed the packages `tool` and `old`.
    pub(super) fn build_packages(tools: &Tools, dpkg: &Dpkg) -> Result<Self> {
        let mut layer = tar::Builder::new(Vec::new());
        for path in &dpkg.libraries {
            let name = path.strip_prefix("/").unwrap_or(path).to_string_lossy();
            append(&mut layer, &name, 0o755, &read(path)?)?;
        }
        for path in &dpkg.programs {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            append(&mut layer, &format!("bin/{name}"), 0o755, &read(path)?)?;
        }
        for name in LOOKED_FOR {
            append(&mut layer, &format!("bin/{name}"), 0o755, b"#!/bin/sh\n")?;
        }
        for directory in ["info", "updates", "triggers", "parts"] {
            append_directory(&mut layer, &format!("var/lib/dpkg/{directory}"), 0o755)?;
        }
        append_directory(&mut layer, "var/log", 0o755)?;
        for (path, mode, content) in installed() {
            append(&mut layer, &path, mode, content.as_bytes())?;
        }
        Self::of_layers("packages", &[base_layer(tools)?, layer.into_inner()?])
    }

    fn of_layers(tag: &str, layers: &[Vec<u8>]) -> Result<Self> {
        let reference = format!("docker.io/driftcore/lab:{tag}");
        let mut archive = tar::Builder::new(Vec::new());
        let mut names = Vec::new();
        let mut digests = Vec::new();
        for (number, layer) in layers.iter().enumerate() {
            let name = format!("{number:03}/layer.tar");
            append(&mut archive, &name, 0o644, layer)?;
            names.push(name);
            digests.push(digest(layer));
        }
        let config = config(&digests)?;
        let id = digest(&config);
        let config_name = format!("{}.json", id.trim_start_matches("sha256:"));
        append(&mut archive, &config_name, 0o644, &config)?;
        let manifest = json!([{ "Config": config_name, "RepoTags": [reference], "Layers": names }]);
        append(&mut archive, "manifest.json", 0o644, &serde_json::to_vec(&manifest)?)?;
        Ok(Self { reference, id, archive: archive.into_inner()? })
    }

    /// The archive's bytes.
    pub(super) fn archive(&self) -> &[u8] {
        &self.archive
    }
}

fn config(diff_ids: &[String]) -> Result<Vec<u8>> {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let history: Vec<Value> =
        diff_ids.iter().map(|_| json!({ "created": "2020-01-01T00:00:00Z" })).collect();
    let config = json!({
        "architecture": architecture,
        "os": "linux",
        "created": "2020-01-01T00:00:00Z",
        "config": {
            "Env": ["PATH=/bin"],
            "Cmd": ["/bin/sleep", "100000"],
            "Labels": { "org.driftcore.lab": "yes" },
        },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
        "history": history,
    });
    Ok(serde_json::to_vec(&config)?)
}

fn base_layer(tools: &Tools) -> Result<Vec<u8>> {
    let mut layer = tar::Builder::new(Vec::new());
    let payload = read(&tools.payload)?;
    for directory in ["bin", "opt", "etc", "proc", "sys", "dev", "run", "root"] {
        append_directory(&mut layer, directory, 0o755)?;
    }
    append_directory(&mut layer, "tmp", 0o1777)?;
    append(&mut layer, "etc/passwd", 0o644, b"root:x:0:0:root:/root:/bin/sh\n")?;
    append(&mut layer, "etc/group", 0o644, b"root:x:0:\n")?;
    append(&mut layer, "bin/busybox", 0o755, &read(&tools.busybox)?)?;
    for applet in APPLETS {
        let mut header = header(tar::EntryType::Symlink, 0o777, 0);
        layer.append_link(&mut header, format!("bin/{applet}"), "busybox")?;
    }
    append(&mut layer, "opt/attack", 0o755, &read(&tools.attack)?)?;
    let daemon = variant(&read(&tools.attack)?, 0);
    append(&mut layer, "opt/daemon", 0o755, &daemon)?;
    append(&mut layer, "opt/payload", 0o755, &payload)?;
    append(&mut layer, "opt/net", 0o755, &read(&tools.net)?)?;
    for number in 1..10 {
        append(&mut layer, &format!("opt/p{number}"), 0o755, &variant(&payload, number))?;
    }
    append(&mut layer, "opt/setuid", 0o4755, &variant(&payload, 10))?;
    append(&mut layer, "opt/hard1", 0o755, &variant(&payload, 11))?;
    for name in ["opt/hard2", "opt/hard3"] {
        let mut header = header(tar::EntryType::Link, 0o755, 0);
        layer.append_link(&mut header, name, "opt/hard1")?;
    }
    Ok(layer.into_inner()?)
}

fn layer(payload: &[u8], number: usize) -> Result<Vec<u8>> {
    let mut layer = tar::Builder::new(Vec::new());
    append(&mut layer, &format!("opt/layer-{number}"), 0o755, &variant(payload, 100 + number))?;
    Ok(layer.into_inner()?)
}

/// The payload with a few bytes behind it that are not loaded: another file, the same deed.
fn variant(payload: &[u8], number: usize) -> Vec<u8> {
    let mut bytes = payload.to_vec();
    bytes.extend_from_slice(format!("variant {number}\n").as_bytes());
    bytes
}

fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(MTIME);
    header.set_size(size);
    header
}

fn append(archive: &mut tar::Builder<Vec<u8>>, name: &str, mode: u32, bytes: &[u8]) -> Result<()> {
    let mut header = header(tar::EntryType::Regular, mode, bytes.len().try_into()?);
    Ok(archive.append_data(&mut header, name, bytes)?)
}

fn append_directory(archive: &mut tar::Builder<Vec<u8>>, name: &str, mode: u32) -> Result<()> {
    let mut header = header(tar::EntryType::Directory, mode, 0);
    let name = format!("{}/", name.trim_end_matches('/'));
    Ok(archive.append_data(&mut header, name, std::io::empty())?)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn digest(bytes: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
