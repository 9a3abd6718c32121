//! One approved exception.

use std::fmt;
use std::fmt::Write;

use super::conduct::Conduct;
use super::origin::Origin;
use super::path::Component;
use super::path::Pattern;
use super::path::components;
use super::ports::Ports;
use super::remotes::Remotes;
use super::selector::Selector;
use super::subject::Subject;
use super::yaml::scalar;
use crate::event::Timestamp;
use crate::matcher::glob_matches;

/// Drift that somebody approved: what has all that is given here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exception {
    pub(super) reason: String,
    pub(super) author: Option<String>,
    pub(super) expires: Option<Timestamp>,
    /// Containers, by their image or a label: any of these.
    pub(super) selectors: Vec<Selector>,
    /// Content of what runs: any of these.
    pub(super) contents: Vec<[u8; 32]>,
    /// Paths of files: any of these.
    pub(super) paths: Vec<PathPattern>,
    /// Executables of the process and its ancestors: all of these in this order, the oldest first; others
    /// may stand between.
    pub(super) lineage: Vec<PathPattern>,
    pub(super) listens: Option<Ports>,
    pub(super) connects: Option<Remotes>,
    /// Patterns of names of packages (`*`, `?`, `[...]`): any of these.
    pub(super) packages: Vec<String>,
    /// Items of the configuration: any of these.
    pub(super) configuration: Vec<ItemPattern>,
}

/// A pattern (`*`, `?`, `[...]`) of items of a part of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ItemPattern {
    pub(super) part: String,
    pub(super) item: String,
}

/// `PART:ITEM`.
impl fmt::Display for ItemPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.part, self.item)
    }
}

/// A pattern of whole paths.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PathPattern {
    pub(super) components: Vec<Component>,
    pub(super) below: bool,
}

impl From<Pattern> for PathPattern {
    fn from(Pattern { components, below }: Pattern) -> Self {
        Self { components, below }
    }
}

impl PathPattern {
    /// Whether it is a pattern of this path. Allocates nothing.
    fn matches(&self, path: &[u8]) -> bool {
        let Some(mut parts) = components(path) else { return false };
        for component in &self.components {
            let Some(part) = parts.next() else { return false };
            let is_right = match component {
                Component::Literal(literal) => **literal == *part,
                Component::Open(open) => open.matches(part),
            };
            if !is_right {
                return false;
            }
        }
        self.below || parts.next().is_none()
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.components.is_empty() && !self.below {
            return f.write_char('/');
        }
        for component in &self.components {
            write!(f, "/{component}")?;
        }
        if self.below { f.write_str("/**") } else { Ok(()) }
    }
}

impl Exception {
    /// Why it was approved.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Who approved it.
    pub fn author(&self) -> Option<&str> {
        self.author.as_deref()
    }

    /// From when on it holds no longer.
    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// Whether it holds no longer at that time.
    pub fn is_expired(&self, time: Timestamp) -> bool {
        self.expires.is_some_and(|expires| time >= expires)
    }

    /// Whether it would take this, expired or not. Allocates nothing.
    pub(super) fn takes(&self, subject: &Subject<'_>) -> bool {
        self.takes_container(subject)
            && self.takes_content(&subject.deed)
            && self.takes_path(subject)
            && self.takes_socket(&subject.deed)
            && self.takes_package(&subject.deed)
            && self.takes_configuration(&subject.deed)
            && self.takes_lineage(subject)
    }

    /// One of the images, and one of the labels.
    fn takes_container(&self, subject: &Subject<'_>) -> bool {
        [true, false].into_iter().all(|images| {
            let of_kind = |it: &&Selector| matches!(it, Selector::Image(_)) == images;
            let mut selectors = self.selectors.iter().filter(of_kind).peekable();
            selectors.peek().is_none() || selectors.any(|it| it.is_of(subject.container))
        })
    }

    fn takes_content(&self, deed: &Conduct<'_>) -> bool {
        self.contents.is_empty()
            || matches!(deed, Conduct::Runs { origin: Some(Origin::Content(content)), .. }
                if self.contents.contains(content))
    }

    fn takes_path(&self, subject: &Subject<'_>) -> bool {
        if self.paths.is_empty() {
            return true;
        }
        let is_one = |path: &[u8]| self.paths.iter().any(|pattern| pattern.matches(path));
        let by_path = !subject.is_nameless() || !self.contents.is_empty();
        by_path && subject.path.is_some_and(is_one) && subject.old_path.is_none_or(is_one)
    }

    fn takes_socket(&self, deed: &Conduct<'_>) -> bool {
        match (&self.listens, &self.connects) {
            (None, None) => true,
            (listens, connects) => match *deed {
                Conduct::Waits { transport, port, chosen } => {
                    listens.as_ref().is_some_and(|it| it.contain(transport, port, chosen))
                }
                Conduct::Reaches { transport, remote } => {
                    connects.as_ref().is_some_and(|it| it.contain(transport, remote))
                }
                _ => false,
            },
        }
    }

    fn takes_package(&self, deed: &Conduct<'_>) -> bool {
        self.packages.is_empty()
            || matches!(deed, Conduct::Package { name, .. }
                if self.packages.iter().any(|pattern| glob_matches(pattern.as_bytes(), name)))
    }

    fn takes_configuration(&self, deed: &Conduct<'_>) -> bool {
        self.configuration.is_empty()
            || matches!(deed, Conduct::Configuration { part, item, .. }
            if self.configuration.iter().any(|it| {
                it.part == *part && glob_matches(it.item.as_bytes(), item)
            }))
    }

    fn takes_lineage(&self, subject: &Subject<'_>) -> bool {
        let mut left = self.lineage.as_slice();
        subject.lineage.visit(&mut |exe| {
            if let Some((last, before)) = left.split_last()
                && last.matches(exe)
            {
                left = before;
            }
            !left.is_empty()
        });
        left.is_empty()
    }
}

/// The item of a document that it is.
impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  - reason: {}", scalar(&self.reason))?;
        if let Some(author) = &self.author {
            writeln!(f, "    author: {}", scalar(author))?;
        }
        if let Some(expires) = self.expires {
            writeln!(f, "    expires: {expires}")?;
        }
        let mut images = Vec::new();
        let mut labels = Vec::new();
        for selector in &self.selectors {
            match selector {
                Selector::Image(_) => images.push(selector.to_string()),
                Selector::Label { .. } => labels.push(selector.to_string()),
            }
        }
        let contents = self.contents.iter().map(|it| Origin::Content(*it).to_string()).collect();
        let texts = |patterns: &[PathPattern]| patterns.iter().map(ToString::to_string).collect();
        let listens = self.listens.as_ref().map(|it| it.texts().collect());
        let connects = self.connects.as_ref().map(|it| it.texts().collect());
        let configuration = self.configuration.iter().map(ToString::to_string).collect();
        let lists: [(&str, Vec<String>); 9] = [
            ("image", images),
            ("label", labels),
            ("content", contents),
            ("path", texts(&self.paths)),
            ("lineage", texts(&self.lineage)),
            ("listen", listens.unwrap_or_default()),
            ("connect", connects.unwrap_or_default()),
            ("package", self.packages.clone()),
            ("configuration", configuration),
        ];
        for (key, texts) in lists {
            if !texts.is_empty() {
                let texts: Vec<_> = texts.iter().map(|text| scalar(text)).collect();
                writeln!(f, "    {key}: [{}]", texts.join(", "))?;
            }
        }
        Ok(())
    }
}
