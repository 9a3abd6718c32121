//! Values that are computed: the transformers of the rule language, into buffers that are kept.

use crate::fields::Fields;
use crate::fields::Value;
use crate::fields::Values;

use super::base64;
use super::condition::Operand;
use super::condition::Transformer;
use super::getopt;

/// Where a computed text lies in [`Buffers`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    start: usize,
    end: usize,
}

/// Room for computed texts and lists. Grows to what is needed and is then reused.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

/// A text that lies in the event or the program, or was computed.
#[derive(Clone, Copy)]
enum Piece<'a> {
    Borrowed(&'a [u8]),
    Computed(Span),
}

/// The result of an operand.
#[derive(Clone, Copy)]
pub(super) enum Computed<'a> {
    /// As the event has it.
    Value(Value<'a>),
    Text(Span),
    Bytes(Span),
    /// A list of texts: a range of spans.
    List(Span),
}

impl Computed<'_> {
    const MISSING: Self = Computed::Value(Value::Missing);
}

struct SpanList<'a> {
    bytes: &'a [u8],
    spans: &'a [Span],
}

impl Values for SpanList<'_> {
    fn len(&self) -> usize {
        self.spans.len()
    }

    fn get(&self, index: usize) -> Value<'_> {
        let span = self.spans.get(index);
        let text = span.and_then(|span| self.bytes.get(span.start..span.end));
        text.map_or(Value::Missing, Value::Text)
    }
}

impl Buffers {
    /// Forgets what was computed.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.spans.clear();
    }

    /// Gives the result as a value.
    pub(super) fn view<R>(
        &self,
        computed: Computed<'_>,
        use_value: impl FnOnce(Value<'_>) -> R,
    ) -> R {
        match computed {
            Computed::Value(value) => use_value(value),
            Computed::Text(span) => use_value(Value::Text(self.text(span))),
            Computed::Bytes(span) => use_value(Value::Bytes(self.text(span))),
            Computed::List(range) => {
                let spans = self.spans.get(range.start..range.end).unwrap_or_default();
                use_value(Value::List(&SpanList { bytes: &self.bytes, spans }))
            }
        }
    }

    fn text(&self, span: Span) -> &[u8] {
        self.bytes.get(span.start..span.end).unwrap_or_default()
    }

    fn piece<'a>(&'a self, piece: Piece<'a>) -> &'a [u8] {
        match piece {
            Piece::Borrowed(bytes) => bytes,
            Piece::Computed(span) => self.text(span),
        }
    }

    fn append(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Borrowed(bytes) => self.bytes.extend_from_slice(bytes),
            Piece::Computed(span) => {
                if span.end <= self.bytes.len() {
                    self.bytes.extend_from_within(span.start..span.end);
                }
            }
        }
    }

    /// What was appended since the buffer was this long.
    fn since(&self, start: usize) -> Span {
        Span { start, end: self.bytes.len() }
    }

    /// How many values a list has; `None` when it is no list.
    fn length_of(&self, list: Computed<'_>) -> Option<usize> {
        match list {
            Computed::List(range) => Some(range.end - range.start),
            Computed::Value(Value::List(values)) => Some(values.len()),
            _ => None,
        }
    }

    /// A text of a list.
    fn item<'a>(&self, list: Computed<'a>, index: usize) -> Option<Piece<'a>> {
        match list {
            Computed::List(range) => {
                self.spans.get(range.start + index).copied().map(Piece::Computed)
            }
            Computed::Value(Value::List(values)) => match values.get(index) {
                Value::Text(text) => Some(Piece::Borrowed(text)),
                _ => None,
            },
            _ => None,
        }
    }
}

fn text_of(computed: Computed<'_>) -> Option<Piece<'_>> {
    match computed {
        Computed::Value(Value::Text(text)) => Some(Piece::Borrowed(text)),
        Computed::Text(span) => Some(Piece::Computed(span)),
        _ => None,
    }
}

fn bytes_of(computed: Computed<'_>) -> Option<Piece<'_>> {
    match computed {
        Computed::Value(Value::Bytes(bytes)) => Some(Piece::Borrowed(bytes)),
        Computed::Bytes(span) => Some(Piece::Computed(span)),
        _ => None,
    }
}

/// The operand's value for this event; missing when a part of it is, or has the wrong type.
pub(super) fn compute<'a, F: Fields + ?Sized>(
    operand: &'a Operand,
    event: &'a F,
    buffers: &mut Buffers,
) -> Computed<'a> {
    match operand {
        Operand::Field(field) => Computed::Value(event.get(field)),
        Operand::Text(text) => Computed::Value(Value::Text(text)),
        Operand::Number(number) => Computed::Value(Value::Unsigned(*number)),
        Operand::List(items) => match list_of(items, event, buffers) {
            Some(range) => Computed::List(range),
            None => Computed::MISSING,
        },
        Operand::Transformed { transformer, arguments, key } => {
            let key = key.as_deref().map(str::as_bytes);
            transform(*transformer, arguments, key, event, buffers).unwrap_or(Computed::MISSING)
        }
    }
}

/// The texts of all operands, as a range of spans.
fn list_of<'a, F: Fields + ?Sized>(
    items: &'a [Operand],
    event: &'a F,
    buffers: &mut Buffers,
) -> Option<Span> {
    let start = buffers.spans.len();
    for item in items {
        let before = buffers.spans.len();
        let piece = text_of(compute(item, event, buffers))?;
        let span = match piece {
            Piece::Computed(span) => span,
            Piece::Borrowed(_) => {
                let begin = buffers.bytes.len();
                buffers.append(piece);
                buffers.since(begin)
            }
        };
        // Lists inside of the item are used up.
        buffers.spans.truncate(before);
        buffers.spans.push(span);
    }
    Some(Span { start, end: buffers.spans.len() })
}

fn transform<'a, F: Fields + ?Sized>(
    transformer: Transformer,
    arguments: &'a [Operand],
    key: Option<&[u8]>,
    event: &'a F,
    buffers: &mut Buffers,
) -> Option<Computed<'a>> {
    if transformer == Transformer::Concat {
        let texts = list_of(arguments, event, buffers)?;
        return Some(Computed::Text(join(Piece::Borrowed(b""), Computed::List(texts), buffers)?));
    }
    let first = compute(arguments.first()?, event, buffers);
    Some(match transformer {
        Transformer::ToLower | Transformer::ToUpper => {
            let start = buffers.bytes.len();
            buffers.append(text_of(first)?);
            let copy = buffers.bytes.get_mut(start..)?;
            if transformer == Transformer::ToLower {
                copy.make_ascii_lowercase();
            } else {
                copy.make_ascii_uppercase();
            }
            Computed::Text(buffers.since(start))
        }
        Transformer::Basename => match text_of(first)? {
            Piece::Borrowed(text) => {
                let start = text.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
                Computed::Value(Value::Text(text.get(start..)?))
            }
            Piece::Computed(span) => {
                let text = buffers.text(span);
                let start = text.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
                Computed::Text(Span { start: span.start + start, end: span.end })
            }
        },
        Transformer::Base64 => {
            let piece = text_of(first).or_else(|| bytes_of(first))?;
            let start = buffers.bytes.len();
            buffers.append(piece);
            let decoded = base64::decode_in_place(buffers.bytes.get_mut(start..)?)?;
            buffers.bytes.truncate(start + decoded);
            if bytes_of(first).is_some() {
                return Some(Computed::Bytes(buffers.since(start)));
            }
            // Text ends at its first NUL.
            let text = buffers.bytes.get(start..)?;
            if let Some(end) = text.iter().position(|byte| *byte == 0) {
                buffers.bytes.truncate(start + end);
            }
            Computed::Text(buffers.since(start))
        }
        Transformer::Length => {
            let piece = text_of(first).or_else(|| bytes_of(first));
            let length = match piece {
                Some(piece) => buffers.piece(piece).len(),
                None => buffers.length_of(first)?,
            };
            Computed::Value(Value::Unsigned(length as u64))
        }
        Transformer::Join => {
            let separator = text_of(first)?;
            let list = compute(arguments.get(1)?, event, buffers);
            Computed::Text(join(separator, list, buffers)?)
        }
        Transformer::GetOpt => {
            let options = text_of(compute(arguments.get(1)?, event, buffers))?;
            return options_of(first, options, key, buffers);
        }
        Transformer::Concat => return None,
    })
}

fn join(separator: Piece<'_>, list: Computed<'_>, buffers: &mut Buffers) -> Option<Span> {
    let start = buffers.bytes.len();
    for index in 0..buffers.length_of(list)? {
        let item = buffers.item(list, index)?;
        if index > 0 {
            buffers.append(separator);
        }
        buffers.append(item);
    }
    Some(buffers.since(start))
}

/// With a key, the last value of that option; without, the values of all options in order.
fn options_of<'a>(
    arguments: Computed<'_>,
    options: Piece<'_>,
    key: Option<&[u8]>,
    buffers: &mut Buffers,
) -> Option<Computed<'a>> {
    let length = buffers.length_of(arguments)?;
    if (0..length).any(|index| buffers.item(arguments, index).is_none()) {
        return None;
    }
    let first = buffers.spans.len();
    let mut state = getopt::State::default();
    loop {
        let found = state.next(buffers.piece(options), length, |index| {
            buffers.item(arguments, index).map_or(&[][..], |piece| buffers.piece(piece))
        });
        let Some(found) = found else { break };
        if key.is_some_and(|key| key != [found.option]) {
            continue;
        }
        let value = buffers.item(arguments, found.argument).filter(|_| found.has_value);
        let start = buffers.bytes.len();
        if let Some(piece) = value {
            buffers.append(piece);
        }
        let span = buffers.since(start);
        buffers.spans.push(Span { start: (start + found.skip).min(span.end), end: span.end });
    }
    let Some(_) = key else {
        return Some(Computed::List(Span { start: first, end: buffers.spans.len() }));
    };
    let last = buffers.spans.get(first..)?.last().copied()?;
    buffers.spans.truncate(first);
    Some(Computed::Text(last))
}
