//! Approved exceptions, and how often each was used.

use std::fmt;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::error::BaselineError;
use super::error::Fault;
use super::error::Place;
use super::exception::Exception;
use super::exception::ItemPattern;
use super::origin::Origin;
use super::path::Pattern;
use super::ports::Ports;
use super::read::VERSION;
use super::read::read_text;
use super::read::unknown;
use super::read::versioned;
use super::remotes::Remotes;
use super::selector::Selector;
use super::subject::Subject;
use super::yaml;
use super::yaml::Entry;
use super::yaml::Node;
use super::yaml::NodeKind;
use super::yaml::short;
use crate::event::Action;
use crate::event::DriftEvent;
use crate::event::Timestamp;

/// Approved exceptions. What one of them takes is expected, until it expires.
#[derive(Debug, Default)]
pub struct Exceptions {
    list: Vec<Exception>,
    uses: Vec<Uses>,
}

/// How often an exception was used, and how often it would have been, had it not expired.
#[derive(Debug, Default)]
struct Uses {
    taken: AtomicU64,
    expired: AtomicU64,
}

impl Exceptions {
    /// These, none of which was used.
    pub fn new(list: Vec<Exception>) -> Self {
        let uses = list.iter().map(|_| Uses::default()).collect();
        Self { list, uses }
    }

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
        parse(text).map(Self::new).map_err(|fault| fault.of(path))
    }

    /// The first exception that takes what an event says, and counts that. `None` where none does, or only
    /// ones that had expired by the time of the event.
    pub fn take(&self, event: &DriftEvent) -> Option<&Exception> {
        self.take_subject(&Subject::of(event)?)
    }

    /// The same of what is no event yet. Allocates nothing and takes no lock.
    pub(super) fn take_subject(&self, subject: &Subject<'_>) -> Option<&Exception> {
        for (exception, uses) in self.list.iter().zip(&self.uses) {
            if exception.takes(subject) {
                if exception.is_expired(subject.time) {
                    uses.expired.fetch_add(1, Ordering::Relaxed);
                } else {
                    uses.taken.fetch_add(1, Ordering::Relaxed);
                    return Some(exception);
                }
            }
        }
        None
    }

    /// All of them, in the order of the document, each with how often it was used, and how often it would
    /// have been, had it not expired.
    pub fn uses(&self) -> impl Iterator<Item = (&Exception, u64, u64)> {
        self.list.iter().zip(&self.uses).map(|(exception, uses)| {
            let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
            (exception, count(&uses.taken), count(&uses.expired))
        })
    }

    /// The exceptions themselves.
    pub fn into_list(self) -> Vec<Exception> {
        self.list
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// The document: YAML.
impl fmt::Display for Exceptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "version: {VERSION}\nexceptions:{}",
            if self.list.is_empty() { " []" } else { "" }
        )?;
        self.list.iter().try_for_each(|exception| write!(f, "{exception}"))
    }
}

const KEYS: [&str; 12] = [
    "reason",
    "author",
    "expires",
    "image",
    "label",
    "content",
    "path",
    "lineage",
    "listen",
    "connect",
    "package",
    "configuration",
];

/// The parts of a configuration, as actions of its events are named.
const PARTS: [Action; 8] = [
    Action::Environment,
    Action::Mount,
    Action::Secret,
    Action::Capability,
    Action::Limit,
    Action::Identity,
    Action::Sysctl,
    Action::Declaration,
];

fn parse(text: &str) -> Result<Vec<Exception>, Fault> {
    let start = Place { line: 1, column: 1 };
    let document = yaml::read(text)?.ok_or_else(|| Fault::new(start, "the document is empty"))?;
    versioned(document, "exceptions", exception)
}

fn exception(node: Node) -> Result<Exception, Fault> {
    let start = node.place;
    let mut exception = Exception::default();
    for Entry { place, key, value } in node.entries("an exception with its keys")? {
        match key.as_str() {
            "reason" => {
                exception.reason = value.text("a reason")?.trim().to_owned();
                if exception.reason.is_empty() {
                    return Err(Fault::new(value.place, "say why it is approved"));
                }
            }
            "author" => exception.author = Some(value.text("a name")?.to_owned()),
            "expires" => exception.expires = Some(expiry(&value)?),
            "image" | "label" => {
                for item in some(value, place)? {
                    let text = item.text("a text")?;
                    let selector = text.parse::<Selector>();
                    let selector = selector
                        .ok()
                        .filter(|it| matches!(it, Selector::Image(_)) == (key == "image"));
                    exception.selectors.push(selector.ok_or_else(|| {
                        let form = if key == "image" {
                            "digest of an image: `sha256:` and 64 hexadecimal digits"
                        } else {
                            "label like app=web"
                        };
                        Fault::new(item.place, format!("`{}` is no {form}", short(text)))
                    })?);
                }
            }
            "content" => {
                for item in some(value, place)? {
                    let text = item.text("a digest")?;
                    let Some(Origin::Content(content)) = Origin::parse(text) else {
                        let message = format!(
                            "`{}` is no digest: `sha256:` and 64 hexadecimal digits",
                            short(text)
                        );
                        return Err(Fault::new(item.place, message));
                    };
                    exception.contents.push(content);
                }
            }
            "path" | "lineage" => {
                let patterns =
                    if key == "path" { &mut exception.paths } else { &mut exception.lineage };
                for item in some(value, place)? {
                    let text = item.text("a path")?;
                    let pattern = Pattern::parse(text).map_err(|fault| {
                        Fault::new(item.place, format!("`{}` is no path: {}", short(text), fault.0))
                    })?;
                    patterns.push(pattern.into());
                }
            }
            "listen" => {
                let ports = exception.listens.insert(Ports::default());
                for item in some(value, place)? {
                    let text = item.text("a port")?;
                    if !ports.parse(text) {
                        let message = format!("`{}` is no port like 80/tcp", short(text));
                        return Err(Fault::new(item.place, message));
                    }
                }
            }
            "connect" => {
                let remotes = exception.connects.insert(Remotes::default());
                for item in some(value, place)? {
                    let text = item.text("a remote")?;
                    if !remotes.parse(text) {
                        let message =
                            format!("`{}` is no remote like 10.0.0.5:5432/tcp", short(text));
                        return Err(Fault::new(item.place, message));
                    }
                }
            }
            "package" => {
                for item in some(value, place)? {
                    exception.packages.push(item.text("the name of a package")?.to_owned());
                }
            }
            "configuration" => {
                for node in some(value, place)? {
                    let text = node.text("an item of a configuration")?;
                    let pattern = item_pattern(text).ok_or_else(|| {
                        let parts = PARTS.map(Action::as_str).join(", ");
                        let message = format!(
                            "`{}` is no item like environment:DEBUG, of one of {parts}",
                            short(text)
                        );
                        Fault::new(node.place, message)
                    })?;
                    exception.configuration.push(pattern);
                }
            }
            key => return Err(unknown(place, key, &KEYS)),
        }
    }
    if exception.reason.is_empty() {
        return Err(Fault::new(start, "`reason` is missing: say why it is approved"));
    }
    let is_bounded = !exception.contents.is_empty()
        || !exception.paths.is_empty()
        || !exception.lineage.is_empty()
        || !exception.selectors.is_empty()
        || exception.listens.is_some()
        || exception.connects.is_some()
        || !exception.packages.is_empty()
        || !exception.configuration.is_empty();
    if !is_bounded {
        let message = format!("it takes everything; give one of {}", KEYS[3..].join(", "));
        return Err(Fault::new(start, message));
    }
    Ok(exception)
}

/// A part of a configuration and a pattern of its items.
fn item_pattern(text: &str) -> Option<ItemPattern> {
    let (part, item) = text.split_once(':').filter(|(_, item)| !item.is_empty())?;
    let is_part = PARTS.iter().any(|it| it.as_str() == part);
    is_part.then(|| ItemPattern { part: part.to_owned(), item: item.to_owned() })
}

/// A list of one thing at least, or one thing alone.
fn some(value: Node, key: Place) -> Result<Vec<Node>, Fault> {
    let items = match value.kind {
        NodeKind::Scalar { .. } => vec![value],
        _ => value.items("a text or a list of them")?,
    };
    if items.is_empty() {
        return Err(Fault::new(key, "the list is empty, so the exception takes nothing"));
    }
    Ok(items)
}

/// A day, at the end of which it expires (UTC), or a time.
fn expiry(value: &Node) -> Result<Timestamp, Fault> {
    const DAY: i64 = 24 * 3600 * 1_000_000_000;
    let text = value.text("a day or a time")?;
    let time = if text.len() == "2027-01-31".len() {
        Timestamp::parse(&format!("{text}T00:00:00Z"))
            .map(|day| Timestamp::from_nanos(day.as_nanos().saturating_add(DAY)))
    } else {
        Timestamp::parse(text)
    };
    time.ok_or_else(|| {
        let is_time = |text: &str| text.parse::<jiff::Timestamp>().is_ok();
        let message = if is_time(text) || is_time(&format!("{text}T00:00:00Z")) {
            format!(
                "`{}` is not from 1677 to April 2262, which is as far as times go here: an exception \
                 without `expires` does not end",
                short(text)
            )
        } else {
            format!(
                "`{}` is neither a day like 2027-01-31 nor a time like 2027-01-31T12:00:00Z",
                short(text)
            )
        };
        Fault::new(value.place, message)
    })
}
