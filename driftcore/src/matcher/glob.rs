//! Patterns as `fnmatch(3)` without flags takes them, byte by byte as in the C locale: `*` and
//! `?` cross `/`, leading dots are not special.
//!
//! The pattern is read where it lies: nothing is compiled or allocated, so the pattern may come
//! from the event. A star never goes back behind the star before it, so the time is at worst the
//! product of both lengths, and linear where only literals stand between the stars.

use memchr::memmem;

/// Whether the whole text is matched by the pattern, as it is written.
pub(crate) fn glob_matches(pattern: &[u8], text: &[u8]) -> bool {
    matches(pattern, text, false)
}

/// Whether the whole text is matched by the pattern.
pub(super) fn matches(pattern: &[u8], text: &[u8], fold: bool) -> bool {
    let mut at = 0;
    let mut here = 0;
    // The last star, and where in the text its turn was.
    let mut star: Option<(usize, usize)> = None;
    loop {
        match pattern.get(at) {
            None if here == text.len() => return true,
            None => {}
            Some(b'*') => {
                star = Some((at, here));
                at += 1;
                let rest = pattern.get(at..).unwrap_or_default();
                if rest.is_empty() {
                    return true;
                }
                if !fold {
                    let (literal, behind) = split_literal(rest);
                    let text = text.get(here..).unwrap_or_default();
                    if behind.is_empty() {
                        return text.ends_with(literal);
                    }
                    if !literal.is_empty() {
                        let Some(found) = memmem::find(text, literal) else { return false };
                        star = Some((at - 1, here + found));
                        here += found + literal.len();
                        at += literal.len();
                    }
                }
                continue;
            }
            Some(_) => {
                let Some(&byte) = text.get(here) else { return false };
                match element(pattern, at, byte, fold) {
                    Element::Is(next) => {
                        at = next;
                        here += 1;
                        continue;
                    }
                    Element::IsNot => {}
                    Element::Never => return false,
                }
            }
        }
        match star {
            Some((position, turn)) if turn < text.len() => {
                at = position;
                here = turn + 1;
            }
            _ => return false,
        }
    }
}

/// Splits off the bytes before the first special one.
pub(super) fn split_literal(pattern: &[u8]) -> (&[u8], &[u8]) {
    let special = |byte: &u8| matches!(byte, b'*' | b'?' | b'[' | b'\\');
    pattern.split_at(pattern.iter().position(special).unwrap_or(pattern.len()))
}

enum Element {
    /// The byte is matched; the next element begins here.
    Is(usize),
    IsNot,
    /// No text is matched by this pattern.
    Never,
}

fn element(pattern: &[u8], at: usize, byte: u8, fold: bool) -> Element {
    let literal = |wanted: u8, next: usize| {
        if folded(wanted, fold) == folded(byte, fold) { Element::Is(next) } else { Element::IsNot }
    };
    match pattern.get(at).copied() {
        None => Element::IsNot,
        Some(b'?') => Element::Is(at + 1),
        Some(b'\\') => match pattern.get(at + 1) {
            Some(&escaped) => literal(escaped, at + 2),
            None => Element::Never,
        },
        Some(b'[') => match bracket(pattern, at + 1, byte, fold) {
            Bracket::Open => literal(b'[', at + 1),
            Bracket::Never => Element::Never,
            Bracket::Closed(true, next) => Element::Is(next),
            Bracket::Closed(false, _) => Element::IsNot,
        },
        Some(plain) => literal(plain, at + 1),
    }
}

const fn folded(byte: u8, fold: bool) -> u8 {
    if fold { byte.to_ascii_lowercase() } else { byte }
}

enum Bracket {
    /// Nothing closes it: the bracket is itself.
    Open,
    Never,
    Closed(bool, usize),
}

/// What begins behind `[`.
fn bracket(pattern: &[u8], mut at: usize, byte: u8, fold: bool) -> Bracket {
    let wanted = folded(byte, fold);
    let negated = matches!(pattern.get(at), Some(b'!' | b'^'));
    at += usize::from(negated);
    let mut found = false;
    // Behind a class that does not exist nothing is found any more, but the end is still sought.
    let mut dead = false;
    let mut first = true;
    loop {
        let Some(&byte_here) = pattern.get(at) else { return Bracket::Open };
        let low = match (byte_here, pattern.get(at + 1)) {
            (b']', _) if !first => {
                let result = if dead && !found { false } else { found != negated };
                return Bracket::Closed(result, at + 1);
            }
            (b'\\', None) => return Bracket::Never,
            (b'\\', Some(&escaped)) => {
                at += 2;
                folded(escaped, fold)
            }
            (b'[', Some(b':')) if class_end(pattern, at + 2).is_some() => {
                let end = class_end(pattern, at + 2).unwrap_or(at + 2);
                match in_class(pattern.get(at + 2..end).unwrap_or_default(), byte) {
                    Some(inside) => found |= inside && !dead,
                    None => dead = true,
                }
                at = end + 2;
                first = false;
                continue;
            }
            (b'[', Some(b'=')) if pattern.get(at + 2).is_some() => {
                if pattern.get(at + 3..at + 5) == Some(b"=]") {
                    let member = pattern.get(at + 2).copied().unwrap_or_default();
                    found |= folded(member, fold) == wanted && !dead;
                    at += 5;
                } else {
                    dead = true;
                    at += 2;
                }
                first = false;
                continue;
            }
            (b'[', Some(b'.')) => match symbol(pattern, at + 2) {
                Some((name, next)) => {
                    at = next;
                    match name {
                        [one] => *one,
                        _ => {
                            dead = true;
                            first = false;
                            continue;
                        }
                    }
                }
                None if found => return Bracket::Open,
                None => return Bracket::Never,
            },
            _ => {
                at += 1;
                folded(byte_here, fold)
            }
        };
        first = false;
        let high = match (pattern.get(at), pattern.get(at + 1)) {
            (Some(b'-'), Some(&end)) if end != b']' => {
                at += 2;
                match end {
                    b'\\' => match pattern.get(at) {
                        Some(&escaped) => {
                            at += 1;
                            folded(escaped, fold)
                        }
                        None => return Bracket::Never,
                    },
                    b'[' if pattern.get(at) == Some(&b'.') => match symbol(pattern, at + 1) {
                        Some(([one], next)) => {
                            at = next;
                            *one
                        }
                        _ => return Bracket::Never,
                    },
                    end => folded(end, fold),
                }
            }
            _ => low,
        };
        found |= (low..=high).contains(&wanted) && !dead;
    }
}

/// Where the bracket that begins here ends: 0 when it is a literal, `None` when nothing is matched
/// by a pattern that has it.
pub(super) fn bracket_end(pattern: &[u8], at: usize) -> Option<usize> {
    match bracket(pattern, at, 0, false) {
        Bracket::Open => Some(0),
        Bracket::Never => None,
        Bracket::Closed(_, end) => Some(end),
    }
}

/// Where the name of a class that begins here ends, if it can be one.
fn class_end(pattern: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        match pattern.get(at)? {
            b':' if pattern.get(at + 1) == Some(&b']') => return Some(at),
            b'a'..=b'y' => at += 1,
            _ => return None,
        }
    }
}

/// The name of a collating symbol that begins here, and what follows it.
fn symbol(pattern: &[u8], start: usize) -> Option<(&[u8], usize)> {
    let rest = pattern.get(start..)?;
    let length = memmem::find(rest, b".]")?;
    Some((rest.get(..length)?, start + length + 2))
}

fn in_class(name: &[u8], byte: u8) -> Option<bool> {
    Some(match name {
        b"alpha" => byte.is_ascii_alphabetic(),
        b"digit" => byte.is_ascii_digit(),
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"upper" => byte.is_ascii_uppercase(),
        b"lower" => byte.is_ascii_lowercase(),
        b"space" => byte.is_ascii_whitespace() || byte == 0x0b,
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"punct" => byte.is_ascii_punctuation(),
        b"print" => matches!(byte, b' '..=b'~'),
        b"graph" => byte.is_ascii_graphic(),
        b"cntrl" => byte.is_ascii_control(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
