//! Paths in a baseline: as they are written, and what of them is left open because it differs each time.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// The most components of a path that are told apart.
pub(super) const DEPTH_MAX: usize = 32;

/// One component of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Component {
    /// This one.
    Literal(Box<[u8]>),
    /// All that begin and end so, with anything between.
    Open(Open),
}

/// A component of which the middle is open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Open {
    prefix: Box<[u8]>,
    suffix: Box<[u8]>,
}

impl Open {
    pub(super) fn matches(&self, component: &[u8]) -> bool {
        component.len() >= self.prefix.len() + self.suffix.len()
            && component.starts_with(&self.prefix)
            && component.ends_with(&self.suffix)
    }
}

impl Component {
    /// Any component.
    pub(super) fn any() -> Self {
        Self::Open(Open { prefix: Box::default(), suffix: Box::default() })
    }

    /// A component as it was seen, without what is likely to differ the next time: numbers of four digits
    /// and more, or alone; hexadecimal digits, eight and more; UUIDs; what `mktemp` and its like put in.
    pub(super) fn generalised(component: &[u8]) -> Self {
        match varying(component) {
            None => Self::Literal(component.into()),
            Some(part) => Self::Open(Open {
                prefix: component.get(..part.start).unwrap_or_default().into(),
                suffix: component.get(part.end..).unwrap_or_default().into(),
            }),
        }
    }

    fn parse(text: &str) -> Result<Self, PathFault> {
        let mut parts = vec![Vec::new()];
        let mut rest = text.as_bytes();
        while let Some((&byte, tail)) = rest.split_first() {
            rest = tail;
            match byte {
                b'*' => parts.push(Vec::new()),
                _ => {
                    let (byte, tail) = unescape(byte, tail)?;
                    rest = tail;
                    if let Some(part) = parts.last_mut() {
                        part.push(byte);
                    }
                }
            }
        }
        let mut parts = parts.into_iter().map(Vec::into_boxed_slice);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(literal), None, _) => Ok(Self::Literal(literal)),
            (Some(prefix), Some(suffix), None) => Ok(Self::Open(Open { prefix, suffix })),
            _ => Err(PathFault("a component has more than one `*`; `**` stands alone at the end")),
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => f.write_str(&escape(literal)),
            Self::Open(open) => fmt::Display::fmt(open, f),
        }
    }
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}*{}", escape(&self.prefix), escape(&self.suffix))
    }
}

/// Why a text is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PathFault(pub(super) &'static str);

/// A path, or a pattern of paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    pub(super) components: Vec<Component>,
    /// All that is below counts as well.
    pub(super) below: bool,
}

impl Pattern {
    /// What stands for an absolute path. `None` for another one.
    pub(super) fn generalised(path: &[u8]) -> Option<Self> {
        let mut components: Vec<_> = components(path)?.map(Component::generalised).collect();
        let below = components.len() > DEPTH_MAX;
        components.truncate(DEPTH_MAX);
        Some(Self { components, below })
    }

    /// Reads one that somebody wrote.
    pub(super) fn parse(text: &str) -> Result<Self, PathFault> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err(PathFault("a path begins with `/`"));
        };
        let mut pattern = Self { components: Vec::new(), below: false };
        if rest.is_empty() {
            return Ok(pattern);
        }
        for part in rest.split('/') {
            if pattern.below {
                return Err(PathFault("`**` stands at the end alone"));
            }
            match part {
                "" => return Err(PathFault("a component is empty: `//`, or `/` at the end")),
                "." | ".." => return Err(PathFault("`.` and `..` are not followed")),
                "**" => pattern.below = true,
                part => pattern.components.push(Component::parse(part)?),
            }
        }
        if pattern.components.len() > DEPTH_MAX {
            return Err(PathFault("more than 32 components"));
        }
        Ok(pattern)
    }
}

/// The components of an absolute path. `None` of another one.
pub(super) fn components(path: &[u8]) -> Option<impl Iterator<Item = &[u8]> + Clone> {
    let rest = path.strip_prefix(b"/")?;
    Some(rest.split(|&byte| byte == b'/').filter(|part| !part.is_empty()))
}

/// The directory that a file is in. `None` where the path is not absolute.
pub(super) fn parent(path: &[u8]) -> Option<&[u8]> {
    let path = path.strip_suffix(b"/").filter(|path| !path.is_empty()).unwrap_or(path);
    let slash = memchr::memrchr(b'/', path)?;
    path.starts_with(b"/").then(|| path.get(..slash.max(1)))?
}

/// A path as documents hold it: `\` and `*` behind a `\`, bytes that are not UTF-8 as `\xHH`.
pub(super) fn escape(path: &[u8]) -> Cow<'_, str> {
    use std::fmt::Write;

    if let Ok(text) = std::str::from_utf8(path)
        && !text.contains(['\\', '*'])
    {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(path.len() + 8);
    for chunk in path.utf8_chunks() {
        for character in chunk.valid().chars() {
            if matches!(character, '\\' | '*') {
                text.push('\\');
            }
            text.push(character);
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    Cow::Owned(text)
}

/// The path that a text of [`escape`]'s form stands for.
pub(super) fn parse_exact(text: &str) -> Result<Box<[u8]>, PathFault> {
    let mut path = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == b'*' {
            return Err(PathFault("this is one path, no pattern; a `*` in it is written `\\*`"));
        }
        let (byte, tail) = unescape(byte, tail)?;
        path.push(byte);
        rest = tail;
    }
    if path.is_empty() {
        return Err(PathFault("the path is empty"));
    }
    Ok(path.into())
}

fn unescape(byte: u8, tail: &[u8]) -> Result<(u8, &[u8]), PathFault> {
    if byte != b'\\' {
        return Ok((byte, tail));
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|it| u8::try_from(it).ok());
    match tail {
        [b'x', high, low, rest @ ..] => match (digit(*high), digit(*low)) {
            (Some(high), Some(low)) => Ok((high << 4 | low, rest)),
            _ => Err(PathFault("behind `\\x` stand two hexadecimal digits")),
        },
        [byte @ (b'\\' | b'*'), rest @ ..] => Ok((*byte, rest)),
        _ => Err(PathFault("behind `\\` stands `\\`, `*` or `x` with two hexadecimal digits")),
    }
}

/// What of a component is likely to differ the next time: from the first such part to the last.
fn varying(component: &[u8]) -> Option<Range<usize>> {
    if !component.is_empty() && component.iter().all(u8::is_ascii_digit) {
        return Some(0..component.len());
    }
    if let Some(part) = temporary(component) {
        return Some(part);
    }
    let mut found: Option<Range<usize>> = None;
    let mut at = 0;
    while at < component.len() {
        let rest = component.get(at..).unwrap_or_default();
        let word = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let parts = words(rest.get(..word).unwrap_or_default());
        if let Some(part) = parts {
            let start = found.map_or(at + part.start, |found| found.start);
            found = Some(start..at + part.end);
        }
        at += word.max(1);
    }
    found
}

/// The part of a run of letters and digits that is no word.
fn words(run: &[u8]) -> Option<Range<usize>> {
    let hexadecimal = run.len() >= 8
        && run.iter().all(u8::is_ascii_hexdigit)
        && run.iter().any(u8::is_ascii_digit);
    let mixed = run.len() >= 6
        && run.iter().any(u8::is_ascii_digit)
        && run.iter().any(u8::is_ascii_lowercase)
        && run.iter().any(u8::is_ascii_uppercase);
    if hexadecimal || mixed {
        return Some(0..run.len());
    }
    let mut found: Option<Range<usize>> = None;
    let mut at = 0;
    while at < run.len() {
        let rest = run.get(at..).unwrap_or_default();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits >= 4 {
            found = Some(found.map_or(at, |found| found.start)..at + digits);
        }
        at += digits.max(1);
    }
    found
}

/// What `mktemp` (`tmp.` and ten characters) and Python (`tmp` and eight) put in.
fn temporary(component: &[u8]) -> Option<Range<usize>> {
    let (start, random) = match component.strip_prefix(b"tmp.") {
        Some(random) if random.len() >= 6 => (4, random),
        _ => (3, component.strip_prefix(b"tmp").filter(|random| random.len() == 8)?),
    };
    let is_random = random.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    is_random.then_some(start..component.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn generalised(path: &str) -> String {
        let pattern = Pattern::generalised(path.as_bytes()).unwrap();
        pattern.components.iter().map(|component| format!("/{component}")).collect()
    }

    #[test]
    fn what_differs_each_time_is_left_open() {
        for (path, expected) in [
            ("/var/cache/nginx", "/var/cache/nginx"),
            ("/usr/lib/python3.11/site-packages", "/usr/lib/python3.11/site-packages"),
            ("/run/user/1", "/run/user/*"),
            ("/var/lib/app/2026/11/30", "/var/lib/app/*/*/*"),
            ("/tmp/go-build123456/b001", "/tmp/go-build*/b001"),
            ("/tmp/tmp.aBcDeFgHiJ", "/tmp/tmp.*"),
            ("/tmp/tmpab_dexyz", "/tmp/tmp*"),
            ("/tmp/tmpfiles", "/tmp/tmpfiles"),
            ("/tmp/systemd-private-0123456789abcdef-x.service", "/tmp/systemd-private-*-x.service"),
            ("/s/123e4567-e89b-12d3-a456-426614174000.d", "/s/*.d"),
            ("/tmp/npm-7Hx2Kq9z", "/tmp/npm-*"),
            ("/home/deadbeef", "/home/deadbeef"),
            ("/opt/jdk-17", "/opt/jdk-17"),
        ] {
            assert_eq!(generalised(path), expected, "{path}");
        }
    }

    #[test]
    fn patterns_are_read_and_their_faults_told() {
        let read = Pattern::parse("/a/tmp.*/x\\*\\\\\\xff/**").unwrap();
        assert!(read.below);
        let shown: Vec<_> = read.components.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["a", "tmp.*", "x\\*\\\\\\xff"]);
        assert!(Pattern::parse("/").unwrap().components.is_empty());
        for bad in
            ["", "a", "//", "/a/", "/a//b", "/../a", "/a*b*", "/**/a", "/\\", "/\\x0", "/a**", "/\\n"]
        {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
        assert!(Pattern::parse(&"/a".repeat(DEPTH_MAX + 1)).is_err());
        assert!(parse_exact("/a*").is_err());
        assert!(parse_exact("").is_err());
    }

    #[test]
    fn parents_are_those_of_absolute_paths() {
        for (path, expected) in [
            ("/a/b", Some("/a")),
            ("/a", Some("/")),
            ("/", Some("/")),
            ("/a/b/", Some("/a")),
            ("a/b", None),
            ("", None),
        ] {
            assert_eq!(parent(path.as_bytes()), expected.map(str::as_bytes), "{path}");
        }
    }

    proptest! {
        #[test]
        fn what_stands_for_a_path_matches_it(path in "[a-zA-Z0-9._*\\\\-]{1,24}") {
            let is_right = match Component::generalised(path.as_bytes()) {
                Component::Literal(literal) => &*literal == path.as_bytes(),
                Component::Open(open) => open.matches(path.as_bytes()),
            };
            prop_assert!(is_right);
        }

        #[test]
        fn paths_of_any_bytes_come_back(path in proptest::collection::vec(1_u8.., 1..24)) {
            let text = escape(&path).into_owned();
            prop_assert_eq!(&*parse_exact(&text).unwrap(), &path[..]);
        }

        #[test]
        fn components_come_back(
            component in proptest::collection::vec(1_u8.., 1..24)
                .prop_filter("no slash", |it| !it.contains(&b'/'))
        ) {
            let component = Component::generalised(&component);
            prop_assert_eq!(Component::parse(&component.to_string()), Ok(component));
        }

        #[test]
        fn any_text_is_a_pattern_or_none(text in "[/a*.\\\\x0-9]{0,24}") {
            let _ = Pattern::parse(&text);
            let _ = parse_exact(&text);
        }
    }
}
