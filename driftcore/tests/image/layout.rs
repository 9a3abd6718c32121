//! Images in all the forms in which they are handed on.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

/// How a layer is compressed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Compression {
    Plain,
    Gzip,
    Zstd,
}

impl Compression {
    pub(crate) const ALL: [Self; 3] = [Self::Plain, Self::Gzip, Self::Zstd];

    fn compress(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Plain => bytes.to_vec(),
            Self::Gzip => gzip(bytes),
            Self::Zstd => ruzstd::encoding::compress_to_vec(
                bytes,
                ruzstd::encoding::CompressionLevel::Fastest,
            ),
        }
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// An OCI layout in a directory.
pub(crate) struct Layout {
    pub(crate) path: PathBuf,
    manifests: Vec<Value>,
}

impl Layout {
    pub(crate) fn new(path: &Path) -> Self {
        fs::create_dir_all(path.join("blobs/sha256")).unwrap();
        fs::write(path.join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#).unwrap();
        Self { path: path.to_owned(), manifests: Vec::new() }
    }

    pub(crate) fn blob(&self, bytes: &[u8]) -> Value {
        let digest = digest(bytes);
        let name = digest.trim_start_matches("sha256:");
        fs::write(self.path.join("blobs/sha256").join(name), bytes).unwrap();
        json!({"mediaType": "application/octet-stream", "digest": digest, "size": bytes.len()})
    }

    /// Puts an image of these layers, lowest first, into it. Returns the descriptor of its manifest.
    pub(crate) fn image(&self, platform: &str, layers: &[(Vec<u8>, Compression)]) -> Value {
        let (os, architecture) = platform.split_once('/').unwrap();
        let ids: Vec<String> = layers.iter().map(|(content, _)| digest(content)).collect();
        let config = json!({"os": os, "architecture": architecture,
                            "rootfs": {"type": "layers", "diff_ids": ids}});
        let config = self.blob(config.to_string().as_bytes());
        let blobs: Vec<Value> =
            layers.iter().map(|(content, how)| self.blob(&how.compress(content))).collect();
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": blobs});
        self.blob(manifest.to_string().as_bytes())
    }

    /// Lists a manifest in the index under a name.
    pub(crate) fn list(&mut self, mut manifest: Value, name: Option<&str>) {
        if let Some(name) = name {
            manifest["annotations"] = json!({"org.opencontainers.image.ref.name": name});
        }
        self.manifests.push(manifest);
        let index = json!({"schemaVersion": 2, "manifests": self.manifests});
        fs::write(self.path.join("index.json"), index.to_string()).unwrap();
    }

    /// The directory as an archive.
    pub(crate) fn archive(&self) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        archive.append_dir_all(".", &self.path).unwrap();
        archive.into_inner().unwrap()
    }
}

/// Packs the directory of an overlay's layer as the archive of an image's layer. `order` shuffles the
/// entries.
pub(crate) fn pack(layer: &Path, order: u64) -> Vec<u8> {
    let mut paths = vec![Vec::new()];
    let mut next = 0;
    while let Some(path) = paths.get(next).cloned() {
        next += 1;
        let real = layer.join(std::ffi::OsStr::from_bytes(&path));
        if fs::symlink_metadata(&real).unwrap().is_dir() {
            for entry in fs::read_dir(&real).unwrap() {
                let name = entry.unwrap().file_name();
                let parts = [path.as_slice(), name.as_bytes()];
                paths.push(if path.is_empty() { parts[1].to_vec() } else { parts.join(&b'/') });
            }
        }
    }
    let mut state = order;
    for at in (1..paths.len()).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        paths.swap(at, usize::try_from(state >> 33).unwrap() % (at + 1));
    }
    let mut archive = Vec::new();
    let mut linked: HashMap<u64, Vec<u8>> = HashMap::new();
    for path in paths {
        pack_one(layer, &path, &mut archive, &mut linked);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

fn pack_one(layer: &Path, path: &[u8], archive: &mut Vec<u8>, linked: &mut HashMap<u64, Vec<u8>>) {
    let real = layer.join(std::ffi::OsStr::from_bytes(path));
    let metadata = fs::symlink_metadata(&real).unwrap();
    let file_type = metadata.file_type();
    let beside = |name: &[u8]| match path.iter().rposition(|&byte| byte == b'/') {
        Some(at) => [&path[..=at], name].concat(),
        None => name.to_vec(),
    };
    if file_type.is_char_device() && metadata.rdev() == 0 {
        let name = real.file_name().unwrap().as_bytes();
        return entry(archive, &beside(&[b".wh.", name].concat()), b'0', b"", &metadata, b"", &[]);
    }
    let mut xattrs = Vec::new();
    let mut is_opaque = false;
    for (name, value) in crate::tree::xattrs(&real) {
        if name == b"trusted.overlay.opaque" {
            is_opaque = value == b"y";
        }
        if !name.starts_with(b"trusted.overlay.") {
            xattrs.push((name, value));
        }
    }
    if is_opaque {
        let name = [path, b"/.wh..wh..opq"].concat();
        entry(archive, &name, b'0', b"", &metadata, b"", &[]);
    }
    let known = (!metadata.is_dir()).then(|| linked.get(&metadata.ino())).flatten();
    if let Some(first) = known {
        return entry(archive, path, b'1', first, &metadata, b"", &xattrs);
    }
    if metadata.nlink() > 1 {
        linked.insert(metadata.ino(), path.to_vec());
    }
    let mut content = Vec::new();
    let mut target = Vec::new();
    let kind = if metadata.is_dir() {
        b'5'
    } else if metadata.is_symlink() {
        target = fs::read_link(&real).unwrap().as_os_str().as_bytes().to_vec();
        b'2'
    } else if file_type.is_char_device() {
        b'3'
    } else if file_type.is_block_device() {
        b'4'
    } else if file_type.is_fifo() {
        b'6'
    } else {
        content = fs::read(&real).unwrap();
        b'0'
    };
    entry(archive, path, kind, &target, &metadata, &content, &xattrs);
}

fn entry(
    archive: &mut Vec<u8>,
    path: &[u8],
    kind: u8,
    target: &[u8],
    metadata: &fs::Metadata,
    content: &[u8],
    xattrs: &[(Vec<u8>, Vec<u8>)],
) {
    let path = if path.is_empty() { b"./" } else { path };
    let mut records = [record(b"path", path), record(b"linkpath", target)].concat();
    for (name, value) in xattrs {
        records.extend(record(&[b"SCHILY.xattr.", name.as_slice()].concat(), value));
    }
    put(archive, b'x', &records, None);
    put(archive, kind, content, Some(metadata));
}

fn record(key: &[u8], value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length.to_string().len() + rest != length {
        length += 1;
    }
    [length.to_string().as_bytes(), b" ", key, b"=", value, b"\n"].concat()
}

fn put(archive: &mut Vec<u8>, kind: u8, content: &[u8], metadata: Option<&fs::Metadata>) {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[0] = b'x';
    header.as_old_mut().linkflag = [kind];
    header.set_size(content.len() as u64);
    let (mut uid, mut gid, mut mode, mut time, mut device) = (0, 0, 0o644, 0, 0);
    if let Some(it) = metadata {
        (uid, gid, mode, device) = (it.uid(), it.gid(), it.mode() & 0o7777, it.rdev());
        time = u64::try_from(it.mtime()).unwrap();
    }
    header.set_uid(uid.into());
    header.set_gid(gid.into());
    header.set_mode(mode);
    header.set_mtime(time);
    header.set_device_major(rustix::fs::major(device)).unwrap();
    header.set_device_minor(rustix::fs::minor(device)).unwrap();
    header.set_cksum();
    archive.extend_from_slice(header.as_bytes());
    archive.extend_from_slice(content);
    archive.resize(archive.len().next_multiple_of(512), 0);
}
