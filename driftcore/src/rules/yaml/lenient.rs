//! What Falco's YAML library takes and strict YAML does not: lines of `[...]` and `{...}` that are
//! indented less than what they stand in, as in
//!
//! ```text
//! - list: shells
//!   items: [
//!   bash, sh
//! ]
//! ```
//!
//! and a tab between a key and its value, or behind the dash of an item.

/// The text with each such bracket on one line and blanks for such tabs, character for character as
/// long, so that places stay; `None` when nothing changes. Only for text that is not YAML as it is: what is taken for a
/// bracket here may stand in a text.
pub(super) fn join_lines(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut changed = false;
    let mut rest = text;
    // Only blanks, `- ` and `key: ` stand before a value.
    let mut value_may_start = true;
    let mut before = '\n';
    // Tabs that indent are an error in Falco, too.
    let mut indents = true;
    while let Some(c) = rest.chars().next() {
        if value_may_start && matches!(c, '[' | '{') {
            let length = bracket_length(rest)?;
            let bracket = rest.get(..length)?;
            changed |= join(bracket, &mut out);
            rest = rest.get(length..)?;
            value_may_start = false;
            indents = false;
            continue;
        }
        let separates = c == '\t' && !indents && (value_may_start || matches!(before, ':' | '-'));
        let c = if separates { ' ' } else { c };
        changed |= separates;
        indents = c == '\n' || (indents && matches!(c, ' ' | '\t'));
        value_may_start = match c {
            '\n' => true,
            ' ' => value_may_start || matches!(before, ':' | '-'),
            '-' => value_may_start,
            _ => false,
        };
        before = c;
        out.push(c);
        rest = rest.get(c.len_utf8()..)?;
        if c == '#' {
            let comment = rest.find('\n').unwrap_or(rest.len());
            out.push_str(rest.get(..comment)?);
            rest = rest.get(comment..)?;
        }
    }
    changed.then_some(out)
}

/// Length of a bracket with all that is in it; `None` when it is not closed.
fn bracket_length(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut pieces = Pieces { text, at: 0, value_may_start: true };
    while let Some((piece, _)) = pieces.next() {
        match piece {
            Piece::Open => depth += 1,
            Piece::Close if depth <= 1 => return Some(pieces.at),
            Piece::Close => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Writes a bracket on one line; whether that changed it. Line breaks in quotes and in a text
/// without quotes stay: there they have a meaning.
fn join(bracket: &str, out: &mut String) -> bool {
    let mut changed = false;
    let mut between = true;
    let mut pieces = Pieces { text: bracket, at: 0, value_may_start: true };
    while let Some((piece, text)) = pieces.next() {
        match piece {
            Piece::Blank | Piece::Comment => {
                let behind = bracket.get(pieces.at..).unwrap_or("").trim_start();
                let joined = between || behind.starts_with([',', ']', '}', '#']);
                if joined && (text.contains(['\n', '\t']) || piece == Piece::Comment) {
                    out.extend(text.chars().map(|_| ' '));
                    changed = true;
                } else {
                    out.push_str(text);
                }
                // A comment ends a text without quotes.
                between |= piece == Piece::Comment;
            }
            _ => {
                between = matches!(piece, Piece::Open | Piece::Comma);
                out.push_str(text);
            }
        }
    }
    changed
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Open,
    Close,
    Comma,
    Blank,
    Comment,
    Quoted,
    Other,
}

struct Pieces<'a> {
    text: &'a str,
    at: usize,
    value_may_start: bool,
}

impl<'a> Pieces<'a> {
    fn next(&mut self) -> Option<(Piece, &'a str)> {
        let rest = self.text.get(self.at..)?;
        let first = rest.chars().next()?;
        let white = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
        let (piece, length) = match first {
            '[' | '{' => (Piece::Open, 1),
            ']' | '}' => (Piece::Close, 1),
            ',' => (Piece::Comma, 1),
            '"' | '\'' if self.value_may_start => (Piece::Quoted, quoted_length(rest, first)?),
            '#' if self.text.get(..self.at)?.ends_with(white) => {
                (Piece::Comment, rest.find('\n').unwrap_or(rest.len()))
            }
            c if white(c) => (Piece::Blank, rest.find(|c| !white(c)).unwrap_or(rest.len())),
            c => {
                let stop = |c: char| white(c) || matches!(c, '[' | ']' | '{' | '}' | ',');
                (Piece::Other, rest.find(stop).unwrap_or(rest.len()).max(c.len_utf8()))
            }
        };
        let text = rest.get(..length)?;
        match piece {
            Piece::Blank | Piece::Comment => {}
            Piece::Open | Piece::Comma => self.value_may_start = true,
            Piece::Other => self.value_may_start = text.ends_with(':'),
            Piece::Close | Piece::Quoted => self.value_may_start = false,
        }
        self.at += length;
        Some((piece, text))
    }
}

fn quoted_length(text: &str, quote: char) -> Option<usize> {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote == '"' {
            chars.next();
        } else if c == quote {
            let doubled = quote == '\'' && chars.peek().is_some_and(|&(_, next)| next == '\'');
            if !doubled {
                return Some(at + 1);
            }
            chars.next();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_put_on_one_line() {
        let text = "- a: [\nb, # é comment ]\n'c,\n d', \"e\\\"]\"\n]\n- f: g [\n- h: {\ni: j}\n";
        let joined = join_lines(text).unwrap();
        assert_eq!(joined.chars().count(), text.chars().count());
        assert_eq!(
            joined,
            "- a: [ b,               'c,\n d', \"e\\\"]\" ]\n- f: g [\n- h: { i: j}\n"
        );
    }

    #[test]
    fn other_text_stays() {
        assert_eq!(join_lines("- a: [b, c]\n- d: e\n"), None);
        assert_eq!(join_lines("- a: [b\n c]\n"), None, "one text on two lines");
        assert_eq!(join_lines("- a: [b,\n"), None, "not closed");
        assert_eq!(join_lines("# a: [\n- b: c # [\n"), None);
        assert_eq!(join_lines(""), None);
    }

    #[test]
    fn tabs_before_a_value_are_blanks() {
        let text = "-\ta:\tb\tc\n  d: \t[e]\n";
        assert_eq!(join_lines(text).unwrap(), "- a: b\tc\n  d:  [e]\n");
        assert_eq!(join_lines("- a:\n\tb: c\n\t- d\n"), None, "they indent");
    }
}
