//! YAML as a small tree in which every node knows its place.
//!
//! Read from the parser's events instead of through serde: each value gets its own line and column, also
//! where it is well-formed YAML and means nothing, and no further dependency is needed. Anchors and aliases
//! are refused, so nothing in a document can be larger than its text.

use saphyr_parser::Event;
use saphyr_parser::Parser;
use saphyr_parser::ScalarStyle;
use saphyr_parser::ScanError;

use super::error::Fault;
use super::error::Place;

/// The most bytes of a document: 64 MiB.
pub(super) const BYTES_MAX: u64 = 64 << 20;
/// The most nodes of a document: 2,000,000.
const NODES_MAX: usize = 2_000_000;
/// The most levels of nodes in nodes.
const NESTING_MAX: usize = 16;

/// A node, with its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) kind: NodeKind,
}

#[derive(Debug)]
pub(super) enum NodeKind {
    Scalar {
        text: String,
        /// Without quotes: then an empty one is none.
        plain: bool,
    },
    Sequence(Vec<Node>),
    /// No key stands twice.
    Mapping(Vec<Entry>),
}

/// A key of a mapping and its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) key: String,
    pub(super) value: Node,
}

impl Node {
    /// Its text.
    pub(super) fn text(&self, what: &str) -> Result<&str, Fault> {
        match &self.kind {
            NodeKind::Scalar { text, .. } if !self.is_null() => Ok(text),
            _ => Err(self.is_not(what)),
        }
    }

    /// Its items; none where nothing is written.
    pub(super) fn items(self, what: &str) -> Result<Vec<Self>, Fault> {
        match self.kind {
            NodeKind::Sequence(items) => Ok(items),
            _ if self.is_null() => Ok(Vec::new()),
            _ => Err(self.is_not(what)),
        }
    }

    /// Its keys and values; none where nothing is written.
    pub(super) fn entries(self, what: &str) -> Result<Vec<Entry>, Fault> {
        match self.kind {
            NodeKind::Mapping(entries) => Ok(entries),
            _ if self.is_null() => Ok(Vec::new()),
            _ => Err(self.is_not(what)),
        }
    }

    fn is_null(&self) -> bool {
        matches!(&self.kind, NodeKind::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null"))
    }

    fn is_not(&self, what: &str) -> Fault {
        let found = match &self.kind {
            _ if self.is_null() => "nothing",
            NodeKind::Scalar { .. } => "a text",
            NodeKind::Sequence(_) => "a list",
            NodeKind::Mapping(_) => "keys with values",
        };
        Fault::new(self.place, format!("{what} is expected here, not {found}"))
    }
}

/// A sequence or mapping whose end has not come.
struct Unfinished {
    place: Place,
    is_mapping: bool,
    nodes: Vec<Node>,
}

/// The one document of a text. `None` of an empty one.
pub(super) fn read(text: &str) -> Result<Option<Node>, Fault> {
    let mut parser = Parser::new_from_str(text);
    let mut open: Vec<Unfinished> = Vec::new();
    let mut document = None;
    let mut documents = 0;
    let mut nodes = 0;
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| scan_fault(&error))?;
        let place = Place { line: span.start.line(), column: span.start.col() + 1 };
        let anchor = match &event {
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(anchor, _)
            | Event::MappingStart(anchor, _)
            | Event::Alias(anchor) => *anchor,
            _ => 0,
        };
        if anchor != 0 {
            return Err(Fault::new(place, "anchors and aliases (`&name`, `*name`) are not taken"));
        }
        let node = match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    return Err(Fault::new(place, "a second document; one is expected"));
                }
                continue;
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if open.len() >= NESTING_MAX {
                    return Err(Fault::new(place, "nested too deeply: more than 16 levels"));
                }
                let is_mapping = matches!(event, Event::MappingStart(..));
                open.push(Unfinished { place, is_mapping, nodes: Vec::new() });
                continue;
            }
            Event::Scalar(text, style, ..) => {
                let plain = style == ScalarStyle::Plain;
                Node { place, kind: NodeKind::Scalar { text: text.into_owned(), plain } }
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Unfinished { place, is_mapping, nodes }) = open.pop() else { continue };
                let kind = if is_mapping {
                    NodeKind::Mapping(pairs(nodes)?)
                } else {
                    NodeKind::Sequence(nodes)
                };
                Node { place, kind }
            }
            _ => continue,
        };
        nodes += 1;
        if nodes > NODES_MAX {
            return Err(Fault::new(place, format!("more than {NODES_MAX} values")));
        }
        match open.last_mut() {
            Some(parent) => parent.nodes.push(node),
            None => document = Some(node),
        }
    }
    Ok(document)
}

fn pairs(nodes: Vec<Node>) -> Result<Vec<Entry>, Fault> {
    let mut entries: Vec<Entry> = Vec::with_capacity(nodes.len() / 2);
    let mut nodes = nodes.into_iter();
    while let (Some(key), Some(value)) = (nodes.next(), nodes.next()) {
        let place = key.place;
        let NodeKind::Scalar { text, .. } = key.kind else { return Err(key.is_not("a key")) };
        entries.push(Entry { place, key: text, value });
    }
    let mut order: Vec<&Entry> = entries.iter().collect();
    order.sort_by_key(|entry| (&entry.key, entry.place.line, entry.place.column));
    let twice = order.iter().zip(order.iter().skip(1)).find(|(one, next)| one.key == next.key);
    if let Some((first, again)) = twice {
        let Entry { place, key, .. } = again;
        let message = format!("`{}` stands twice; first in line {}", short(key), first.place.line);
        return Err(Fault::new(*place, message));
    }
    Ok(entries)
}

/// The beginning of a text, for a message.
pub(super) fn short(text: &str) -> String {
    let mut short: String = text.chars().take(60).map(|it| if it.is_control() { '?' } else { it }).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn scan_fault(error: &ScanError) -> Fault {
    let mark = error.marker();
    let place = Place { line: mark.line(), column: mark.col() + 1 };
    Fault::new(place, format!("this is no YAML: {}", error.info()))
}

/// A text as a scalar: without quotes where it can only be read as this text, else in double quotes.
pub(super) fn scalar(text: &str) -> String {
    use std::fmt::Write;

    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"/._+-=@:*".contains(&byte);
    let begins = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'/';
    // Nothing that another reader may take for a number, a time or a word of YAML.
    let is_word = text.bytes().any(|byte| b"/=@".contains(&byte)) || text.starts_with("sha256:");
    let plain = is_word
        && text.bytes().all(is_safe)
        && text.bytes().next().is_some_and(begins)
        && !text.ends_with(':');
    if plain {
        return text.to_owned();
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            // Writing to a String cannot fail.
            _ if !is_printable(character) => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(character));
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// What may stand in a document as it is, and shows where it is.
fn is_printable(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
        && !matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fault(text: &str) -> (usize, usize, String) {
        let Fault { place, message } = read(text).map(|_| ()).unwrap_err();
        (place.line, place.column, message)
    }

    #[test]
    fn faults_have_their_place() {
        for (text, line, column, part) in [
            ("a: 1\nb: [1, 2\n", 3, 1, "no YAML"),
            ("a: 1\nb: 2\na: 3\n", 3, 1, "`a` stands twice; first in line 1"),
            ("a: &x 1\n", 1, 7, "anchors"),
            ("a: [b, [c]]\n? [d]\n: e\n", 2, 3, "a key is expected here, not a list"),
            ("a: 1\n---\nb: 1\n", 2, 1, "second document"),
        ] {
            let (at_line, at_column, message) = fault(text);
            assert!(message.contains(part), "{text:?}: {message}");
            assert_eq!((at_line, at_column), (line, column), "{text:?}: {message}");
        }
        let deep = format!("{}{}", "[".repeat(NESTING_MAX + 1), "]".repeat(NESTING_MAX + 1));
        assert!(fault(&deep).2.contains("nested"));
    }

    #[test]
    fn what_explodes_elsewhere_is_refused_at_once() {
        let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
        assert_eq!(fault(bomb).0, 1);
    }

    proptest! {
        #[test]
        fn any_text_is_written_so_that_it_is_read_as_it_was(text in any::<String>()) {
            // A carriage return and what Unicode has no character for are written escaped.
            let document = format!("- {}\n", scalar(&text));
            let items = read(&document).unwrap().unwrap().items("a list").unwrap();
            prop_assert!(
                matches!(&items[0].kind, NodeKind::Scalar { text: read, .. } if *read == text),
                "{document}"
            );
            prop_assert_eq!(items.len(), 1);
        }

        #[test]
        fn any_text_is_a_document_or_none(text in "[-a: \\[\\]{}&*!|>'\"#,\n]{0,40}") {
            let _ = read(&text);
        }
    }
}
