//! A manifest for people and for programs that read JSON.

use std::fmt::Write as _;
use std::io::Write;

use driftcore::event::Text;
use driftcore::image::manifest::Head;
use driftcore::image::manifest::Node;
use driftcore::image::manifest::NodeKind;
use driftcore::image::manifest::Nodes;
use driftcore::package::Packages;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::scan::Printable;

/// A package a line, then a file a line: mode, owner, size, digest, path.
pub(super) fn text(
    out: &mut impl Write,
    head: &Head,
    packages: Option<&Packages>,
    nodes: &mut dyn Nodes,
) -> anyhow::Result<()> {
    let line = |text: &str| Printable(&Text::from(text)).to_string();
    writeln!(
        out,
        "# {} ({}), {} layers",
        line(&head.name),
        line(&head.platform),
        head.layers.len()
    )?;
    writeln!(out, "# image {}", line(&head.image_id))?;
    if let Some(digest) = &head.image_digest {
        writeln!(out, "# manifest {}", line(digest))?;
    }
    if !head.verified {
        writeln!(out, "# not proved by digests: read from unpacked layers")?;
    }
    match packages {
        Some(packages) => {
            for package in packages.list() {
                let (name, version) = (Printable(&package.name), Printable(&package.version));
                writeln!(out, "# {} {name} {version}", package.manager)?;
            }
        }
        None => writeln!(out, "# made without the packages of the image")?,
    }
    while nodes.advance()? {
        let node = nodes.node();
        let (letter, size, what) = match &node.kind {
            NodeKind::File { size, sha256 } => ('-', *size, hexadecimal(sha256)),
            NodeKind::Directory => ('d', 0, String::new()),
            NodeKind::Symlink(target) => {
                let target = Text::from(&**target);
                ('l', target.as_bytes().len() as u64, format!("-> {}", Printable(&target)))
            }
            NodeKind::CharDevice(major, minor) => ('c', 0, format!("{major}:{minor}")),
            NodeKind::BlockDevice(major, minor) => ('b', 0, format!("{major}:{minor}")),
            NodeKind::Fifo => ('p', 0, String::new()),
            NodeKind::Socket => ('s', 0, String::new()),
            _ => ('?', 0, String::new()),
        };
        let owner = format!("{}:{}", node.owner.uid, node.owner.gid);
        let path = node.absolute();
        let path = Printable(&path);
        write!(out, "{letter}{:04o} {owner:<11} {size:>12} {path}", node.mode)?;
        if !what.is_empty() {
            write!(out, " {what}")?;
        }
        for (name, _) in &node.xattrs {
            write!(out, " [{}]", Printable(&Text::from(name.as_slice())))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// One object, a file a line.
pub(super) fn json(
    out: &mut impl Write,
    head: &Head,
    packages: Option<&Packages>,
    nodes: &mut dyn Nodes,
) -> anyhow::Result<()> {
    write!(out, "{{\"version\":1,\"image\":{},\"packages\":", serde_json::to_string(head)?)?;
    let packages: Option<Vec<_>> = packages.map(|packages| packages.list().collect());
    serde_json::to_writer(&mut *out, &packages)?;
    out.write_all(b",\"files\":[")?;
    let mut first = true;
    while nodes.advance()? {
        out.write_all(if first { b"\n" } else { b",\n" })?;
        first = false;
        serde_json::to_writer(&mut *out, &value(nodes.node()))?;
    }
    out.write_all(b"\n]}\n")?;
    Ok(())
}

fn value(node: &Node) -> Value {
    let mut map = Map::new();
    let mut escaped = Vec::new();
    let mut put = |map: &mut Map<String, Value>, key: &str, text: &Text| {
        if text.as_str().is_none() {
            escaped.push(key.to_owned());
        }
        map.insert(key.to_owned(), json!(text));
    };
    put(&mut map, "path", &node.absolute());
    map.insert("type".to_owned(), json!(node.file_type()));
    map.insert("mode".to_owned(), json!(format!("{:04o}", node.mode)));
    map.insert("owner".to_owned(), json!(node.owner));
    map.insert("modified".to_owned(), json!(node.modified));
    match &node.kind {
        NodeKind::File { size, sha256 } => {
            map.insert("size".to_owned(), json!(size));
            map.insert("sha256".to_owned(), json!(hexadecimal(sha256)));
        }
        NodeKind::Symlink(target) => put(&mut map, "target", &Text::from(&**target)),
        NodeKind::CharDevice(major, minor) | NodeKind::BlockDevice(major, minor) => {
            map.insert("device".to_owned(), json!([major, minor]));
        }
        _ => {}
    }
    if let Some(group) = node.group {
        map.insert("link_group".to_owned(), json!(group));
        map.insert("links".to_owned(), json!(node.links));
    }
    if !node.xattrs.is_empty() {
        let pair = |(name, value): &(Vec<u8>, Vec<u8>)| json!({"name": Text::from(name.as_slice()), "hex": hexadecimal(value)});
        map.insert("xattrs".to_owned(), node.xattrs.iter().map(pair).collect());
    }
    if !escaped.is_empty() {
        map.insert("escaped".to_owned(), json!(escaped));
    }
    Value::Object(map)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
