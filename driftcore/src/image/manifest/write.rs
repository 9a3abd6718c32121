//! Writing a manifest.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::Digest;
use sha2::Sha256;

use super::Head;
use super::ManifestError;
use super::Node;
use super::NodeKind;
use super::Nodes;
use super::Section;
use super::format;
use super::format::put_bytes;
use super::format::put_number;
use super::format::put_signed;

/// Writes a manifest into a file, which is there only once it is whole. Returns how many files it
/// tells of.
///
/// `sections` are kept behind the files, in their order; all of them may have 64 MiB.
///
/// # Errors
///
/// When the files cannot be read, the manifest not be written, or the sections are too large; what was at the path is then still
/// there.
pub fn write_file(
    path: &Path,
    head: &Head,
    nodes: &mut dyn Nodes,
    sections: &[Section],
) -> Result<u64, ManifestError> {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let error = |source| ManifestError::file(path, source);
    let file = File::create_new(&part).map_err(|error| ManifestError::file(&part, error))?;
    let written = write(BufWriter::new(&file), head, nodes, sections).and_then(|count| {
        file.sync_all().and_then(|()| fs::rename(&part, path)).map_err(error)?;
        Ok(count)
    });
    if written.is_err() {
        // It is of no use to anybody.
        let _ = fs::remove_file(&part);
    }
    written.map_err(|failed| match failed {
        ManifestError::File { file, reason } if file.as_os_str().is_empty() => error(reason),
        failed => failed,
    })
}

/// Writes a manifest. Returns how many files it tells of.
///
/// # Errors
///
/// Those of [`write_file`]. When `out` takes no more: [`ManifestError::File`] without a path.
pub fn write<W: Write>(
    mut out: W,
    head: &Head,
    nodes: &mut dyn Nodes,
    sections: &[Section],
) -> Result<u64, ManifestError> {
    let error = |source| ManifestError::file(Path::new(""), source);
    let size = |section: &Section| section.bytes.len() as u64 + format::SECTION_HEAD;
    if sections.iter().map(size).sum::<u64>() > format::SECTIONS_MAX {
        let most = format::SECTIONS_MAX;
        return Err(error(io::Error::other(format!("its sections have more than {most} bytes"))));
    }
    let mut hash = Sha256::new();
    let start = [&format::MAGIC[..], &[format::VERSION]].concat();
    out.write_all(&start).map_err(error)?;
    hash.update(&start);
    let mut out = GzEncoder::new(out, Compression::default());
    let mut record = Vec::new();
    let json = serde_json::to_vec(head).map_err(|it| error(it.into()))?;
    put_bytes(&mut record, &json);
    let mut groups = HashMap::new();
    let mut path = Vec::new();
    let mut count = 0;
    while nodes.advance()? {
        let node = nodes.node();
        let next = groups.len() as u64;
        let group = node.group.map(|group| *groups.entry(group).or_insert(next));
        put(&mut record, node, group, &path);
        path.clone_from(&node.path);
        count += 1;
        if record.len() > 64 << 10 {
            hash.update(&record);
            out.write_all(&record).map_err(error)?;
            record.clear();
        }
    }
    for Section { name, bytes } in sections {
        record.push(format::SECTION);
        put_bytes(&mut record, name.as_bytes());
        put_bytes(&mut record, bytes);
    }
    record.push(format::END);
    put_number(&mut record, count);
    hash.update(&record);
    record.extend_from_slice(&hash.finalize());
    let finish = |mut out: GzEncoder<W>| -> io::Result<()> {
        out.write_all(&record)?;
        out.finish()?.flush()
    };
    finish(out).map_err(error)?;
    Ok(count)
}

/// Appends the record of a file that comes after the one at `before`.
fn put(out: &mut Vec<u8>, node: &Node, group: Option<u64>, before: &[u8]) {
    let Node { path, kind, mode, owner, modified, group: _, links, xattrs } = node;
    let nanos = modified.as_nanos();
    let (in_seconds, time) = match nanos % 1_000_000_000 {
        0 => (format::SECONDS, nanos / 1_000_000_000),
        _ => (0, nanos),
    };
    let file_type = match kind {
        NodeKind::File { .. } => format::FILE,
        NodeKind::Directory => format::DIRECTORY,
        NodeKind::Symlink(_) => format::SYMLINK,
        NodeKind::CharDevice(..) => format::CHAR_DEVICE,
        NodeKind::BlockDevice(..) => format::BLOCK_DEVICE,
        NodeKind::Fifo => format::FIFO,
        NodeKind::Socket => format::SOCKET,
    };
    let linked = if group.is_some() { format::LINKED } else { 0 };
    let has_xattrs = if xattrs.is_empty() { 0 } else { format::XATTRS };
    out.push(file_type | linked | has_xattrs | in_seconds);
    let shared = path.iter().zip(before).take_while(|(a, b)| a == b).count();
    put_number(out, shared as u64);
    put_bytes(out, path.get(shared..).unwrap_or_default());
    put_number(out, u64::from(*mode));
    put_number(out, u64::from(owner.uid));
    put_number(out, u64::from(owner.gid));
    put_signed(out, time);
    if let Some(group) = group {
        put_number(out, group);
        put_number(out, *links);
    }
    if !xattrs.is_empty() {
        put_number(out, xattrs.len() as u64);
        for (name, value) in xattrs {
            put_bytes(out, name);
            put_bytes(out, value);
        }
    }
    match kind {
        NodeKind::File { size, sha256 } => {
            put_number(out, *size);
            out.extend_from_slice(sha256);
        }
        NodeKind::Symlink(target) => put_bytes(out, target),
        NodeKind::CharDevice(major, minor) | NodeKind::BlockDevice(major, minor) => {
            put_number(out, u64::from(*major));
            put_number(out, u64::from(*minor));
        }
        NodeKind::Directory | NodeKind::Fifo | NodeKind::Socket => {}
    }
}
