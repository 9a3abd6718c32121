//! From a document to a baseline.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::document::Baseline;
use super::error::BaselineError;
use super::error::Fault;
use super::error::Place;
use super::origin::Origin;
use super::path::Pattern;
use super::path::parse_exact;
use super::rights::Rights;
use super::selector::Selector;
use super::tree::PathTree;
use super::workload::Workload;
use super::yaml;
use super::yaml::BYTES_MAX;
use super::yaml::Entry;
use super::yaml::Node;
use super::yaml::short;
use crate::event::Timestamp;

/// The version of documents.
pub(super) const VERSION: &str = "1";

impl Baseline {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// [`BaselineError`] names the file, and the line and column of what is wrong in it.
    pub fn read(path: &Path) -> Result<Self, BaselineError> {
        Self::parse(path, &read_text(path)?)
    }

    /// The same of a text; `path` is for messages.
    ///
    /// # Errors
    ///
    /// As of [`read`](Self::read).
    pub fn parse(path: &Path, text: &str) -> Result<Self, BaselineError> {
        parse(text).map_err(|fault| fault.of(path))
    }
}

/// The text of a document.
pub(super) fn read_text(path: &Path) -> Result<String, BaselineError> {
    let io = |error| BaselineError::Io { path: path.to_owned(), error };
    let mut bytes = Vec::new();
    File::open(path).map_err(io)?.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(io)?;
    let start = Place { line: 1, column: 1 };
    if bytes.len() as u64 > BYTES_MAX {
        let message = format!("the document is larger than {} MiB", BYTES_MAX >> 20);
        return Err(Fault::new(start, message).of(path));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = 1 + memchr::memchr_iter(b'\n', valid).count();
        let column = 1 + valid.rsplit(|&byte| byte == b'\n').next().unwrap_or_default().len();
        Fault::new(Place { line, column }, "this is no UTF-8").of(path)
    })
}

fn parse(text: &str) -> Result<Baseline, Fault> {
    let document = yaml::read(text)?;
    let start = Place { line: 1, column: 1 };
    let document = document.ok_or_else(|| Fault::new(start, "the document is empty"))?;
    let mut baseline = Baseline::new();
    for (selector, workload) in versioned(document, "workloads", workload)? {
        baseline.workload_mut(selector).merge(workload);
    }
    Ok(baseline)
}

/// The items of a document that has nothing but `version: 1` and a list under this key.
pub(super) fn versioned<T>(
    document: Node,
    list: &str,
    mut item: impl FnMut(Node) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let place = document.place;
    let mut has_version = false;
    let mut items = Vec::new();
    for Entry { place, key, value } in document.entries("a document with `version: 1`")? {
        match key.as_str() {
            "version" => {
                let version = value.text("a number")?;
                if version != VERSION {
                    let message = format!("version {} is not known; 1 is", short(version));
                    return Err(Fault::new(value.place, message));
                }
                has_version = true;
            }
            key if key == list => {
                for node in value.items("a list")? {
                    items.push(item(node)?);
                }
            }
            key => return Err(unknown(place, key, &["version", list])),
        }
    }
    if !has_version {
        return Err(Fault::new(place, "`version: 1` is missing"));
    }
    Ok(items)
}

pub(super) fn unknown(place: Place, key: &str, known: &[&str]) -> Fault {
    Fault::new(place, format!("`{}` is not known; known are {}", short(key), known.join(", ")))
}

const KEYS: [&str; 12] = [
    "image",
    "label",
    "names",
    "first",
    "last",
    "executables",
    "directories",
    "listen",
    "connect",
    "unix",
    "packages",
    "configuration",
];

fn workload(node: Node) -> Result<(Selector, Workload), Fault> {
    let start = node.place;
    let mut selector = None;
    let mut workload = Workload::default();
    let (mut first, mut last) = (None, None);
    for Entry { place, key, value } in node.entries("a workload with its keys")? {
        match key.as_str() {
            "image" | "label" => {
                if selector.replace(self::selector(&key, &value)?).is_some() {
                    return Err(Fault::new(place, "give `image` or `label`, not both"));
                }
            }
            "names" => workload.names = names(value)?,
            "first" => first = Some(time(&value)?),
            "last" => last = Some(time(&value)?),
            "executables" => executables(value, &mut workload)?,
            "directories" => directories(value, &mut workload.directories)?,
            "listen" => {
                for item in value.items("a list of ports")? {
                    let text = item.text("a port")?;
                    if !workload.listens.parse(text) {
                        let text = short(text);
                        let message = format!(
                            "`{text}` is no port like 80/tcp, 8000-8100/udp, 53 or chosen/tcp"
                        );
                        return Err(Fault::new(item.place, message));
                    }
                }
            }
            "connect" => {
                for item in value.items("a list of remotes")? {
                    let text = item.text("a remote")?;
                    if !workload.connects.parse(text) {
                        let message = format!(
                            "`{}` is no remote like 10.0.0.5:5432/tcp, 10.0.0.0/8, [fd00::/8]:443 or *:53/udp",
                            short(text)
                        );
                        return Err(Fault::new(item.place, message));
                    }
                }
            }
            "unix" => {
                for item in value.items("a list of paths")? {
                    let pattern = pattern(item.place, item.text("a path")?)?;
                    workload.unix.insert(pattern, Rights::WRITE);
                }
            }
            "packages" => packages(value, &mut workload)?,
            "configuration" => configuration(value, &mut workload)?,
            key => return Err(unknown(place, key, &KEYS)),
        }
    }
    workload.seen = match (first, last) {
        (Some(first), Some(last)) if first <= last => Some((first, last)),
        (None, None) => None,
        _ => {
            return Err(Fault::new(start, "`first` and `last` go together, the earlier one first"));
        }
    };
    match selector {
        Some(selector) => Ok((selector, workload)),
        None => {
            Err(Fault::new(start, "`image` or `label` is missing: of which containers is this?"))
        }
    }
}

fn selector(key: &str, value: &Node) -> Result<Selector, Fault> {
    let text = value.text("a text")?;
    let selector = text.parse::<Selector>();
    match (selector, key) {
        (Ok(selector @ Selector::Image(_)), "image")
        | (Ok(selector @ Selector::Label { .. }), "label") => Ok(selector),
        (_, "image") => {
            let message = format!(
                "`{}` is no digest of an image: `sha256:` and 64 hexadecimal digits in small letters",
                short(text)
            );
            Err(Fault::new(value.place, message))
        }
        _ => Err(Fault::new(value.place, format!("`{}` is no label like app=web", short(text)))),
    }
}

fn names(value: Node) -> Result<BTreeSet<String>, Fault> {
    let items = value.items("a list of names")?;
    items.iter().map(|item| item.text("a name").map(str::to_owned)).collect()
}

fn time(value: &Node) -> Result<Timestamp, Fault> {
    let text = value.text("a time")?;
    Timestamp::parse(text).ok_or_else(|| {
        let message = format!("`{}` is no time like 2026-11-30T14:00:00Z", short(text));
        Fault::new(value.place, message)
    })
}

fn executables(value: Node, workload: &mut Workload) -> Result<(), Fault> {
    for Entry { place, key, value } in value.entries("paths with what may run there")? {
        let path = parse_exact(&key).map_err(|fault| Fault::new(place, fault.0))?;
        let mut origins = BTreeSet::new();
        for item in value.items("a list of `image` and digests")? {
            let text = item.text("`image` or a digest")?;
            let Some(origin) = Origin::parse(text) else {
                let message = format!(
                    "`{}` is neither `image`, `host` nor a digest: `sha256:` and 64 hexadecimal digits",
                    short(text)
                );
                return Err(Fault::new(item.place, message));
            };
            origins.insert(origin);
        }
        workload.executables.entry(path).or_default().extend(origins);
    }
    Ok(())
}

fn packages(value: Node, workload: &mut Workload) -> Result<(), Fault> {
    for Entry { key, value, .. } in value.entries("package managers with names of packages")? {
        let names = workload.packages.entry(key.into()).or_default();
        for item in value.items("a list of packages")? {
            let text = item.text("the name of a package")?;
            names.insert(parse_exact(text).map_err(|fault| Fault::new(item.place, fault.0))?);
        }
    }
    Ok(())
}

fn configuration(value: Node, workload: &mut Workload) -> Result<(), Fault> {
    for Entry { key, value, .. } in value.entries("parts of the configuration with their items")? {
        let items = workload.configuration.entry(key.into()).or_default();
        for Entry { place, key, value } in value.entries("items with what they may be")? {
            let item = parse_exact(&key).map_err(|fault| Fault::new(place, fault.0))?;
            let values = items.entry(item).or_default();
            for node in value.items("a list of `=VALUE` and `absent`")? {
                values.insert(configured(&node)?);
            }
        }
    }
    Ok(())
}

/// What an item is: `=` and its value, or not there.
fn configured(node: &Node) -> Result<Option<Box<[u8]>>, Fault> {
    match node.text("`=VALUE` or `absent`")? {
        "absent" => Ok(None),
        "=" => Ok(Some(Box::default())),
        text => match text.strip_prefix('=') {
            Some(value) => {
                parse_exact(value).map(Some).map_err(|fault| Fault::new(node.place, fault.0))
            }
            None => {
                let message = format!("`{}` is neither `=VALUE` nor `absent`", short(text));
                Err(Fault::new(node.place, message))
            }
        },
    }
}

fn directories(value: Node, tree: &mut PathTree) -> Result<(), Fault> {
    for Entry { place, key, value } in value.entries("directories with what may be done there")? {
        let pattern = pattern(place, &key)?;
        let mut rights = Rights::default();
        for item in value.items("a list of write, executable and setuid")? {
            let text = item.text("write, executable or setuid")?;
            let Some(one) = Rights::parse(text) else {
                return Err(unknown(item.place, text, &["write", "executable", "setuid"]));
            };
            rights = rights.union(one);
        }
        tree.insert(pattern, rights);
    }
    Ok(())
}

fn pattern(place: Place, text: &str) -> Result<Pattern, Fault> {
    Pattern::parse(text)
        .map_err(|fault| Fault::new(place, format!("`{}` is no path: {}", short(text), fault.0)))
}
