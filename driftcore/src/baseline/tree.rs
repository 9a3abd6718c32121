//! Directories in which something may be done, as a tree of their components.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::path::Component;
use super::path::Open;
use super::path::Pattern;
use super::path::components;
use super::path::escape;
use super::rights::Rights;

/// A directory with more directories in it than this, each with something done in it, stands for all that
/// is below.
const CHILDREN_MAX: usize = 64;

/// What may be done in which directories.
///
/// To add is commutative, associative and idempotent: a directory stands for all that is below as soon as
/// it has too many children, which no order of adding changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PathTree {
    root: Node,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Node {
    /// In this directory.
    here: Rights,
    /// In this directory and all below: then nothing else is in the node.
    below: Option<Rights>,
    literals: BTreeMap<Box<[u8]>, Node>,
    open: BTreeMap<Open, Node>,
}

impl PathTree {
    pub(super) fn insert(&mut self, pattern: Pattern, rights: Rights) {
        let mut node = Node::default();
        if pattern.below {
            node.below = Some(rights);
        } else {
            node.here = rights;
        }
        for component in pattern.components.into_iter().rev() {
            let mut above = Node::default();
            match component {
                Component::Literal(literal) => above.literals.insert(literal, node),
                Component::Open(open) => above.open.insert(open, node),
            };
            node = above;
        }
        self.root.merge(node, true);
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.root.merge(other.root, true);
    }

    /// Whether all of that may be done in this directory. Allocates nothing.
    pub(super) fn allows(&self, directory: &[u8], rights: Rights) -> bool {
        let Some(parts) = components(directory) else { return false };
        self.root.rights(parts).contains(rights)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.root.is_empty()
    }

    /// How many directories and patterns of them it holds.
    pub(super) fn len(&self) -> usize {
        let mut count = 0;
        self.visit(&mut |_, _| count += 1);
        count
    }

    /// Calls `visit` with each pattern as it is written, in order.
    pub(super) fn visit(&self, visit: &mut dyn FnMut(&str, Rights)) {
        self.root.visit(&mut String::new(), visit);
    }
}

impl Node {
    /// Takes in another one, then settles.
    fn merge(&mut self, other: Self, is_root: bool) {
        self.here = self.here.union(other.here);
        if let Some(rights) = other.below {
            self.below = Some(self.below.unwrap_or_default().union(rights));
        }
        for (literal, node) in other.literals {
            self.literals.entry(literal).or_default().merge(node, false);
        }
        for (open, node) in other.open {
            self.open.entry(open).or_default().merge(node, false);
        }
        let is_wide = !is_root && self.literals.len() + self.open.len() > CHILDREN_MAX;
        if self.below.is_some() || is_wide {
            let rights = self.all();
            *self = Self { below: Some(rights), ..Self::default() };
        }
    }

    /// What may be done anywhere in it.
    fn all(&self) -> Rights {
        let children = self.literals.values().chain(self.open.values());
        children
            .map(Self::all)
            .fold(self.here.union(self.below.unwrap_or_default()), Rights::union)
    }

    /// What may be done in the directory that these components lead to.
    fn rights<'a>(&self, mut parts: impl Iterator<Item = &'a [u8]> + Clone) -> Rights {
        if let Some(rights) = self.below {
            return rights;
        }
        let Some(part) = parts.next() else { return self.here };
        let literal = self.literals.get(part).into_iter();
        let open = self.open.iter().filter(|(open, _)| open.matches(part)).map(|(_, child)| child);
        literal
            .chain(open)
            .map(|child| child.rights(parts.clone()))
            .fold(Rights::default(), Rights::union)
    }

    fn is_empty(&self) -> bool {
        self.here.is_empty()
            && self.below.is_none()
            && self.literals.is_empty()
            && self.open.is_empty()
    }

    fn visit(&self, path: &mut String, visit: &mut dyn FnMut(&str, Rights)) {
        let length = path.len();
        if !self.here.is_empty() {
            visit(if path.is_empty() { "/" } else { path }, self.here);
        }
        if let Some(rights) = self.below {
            path.push_str("/**");
            visit(path, rights);
            path.truncate(length);
        }
        for (literal, child) in &self.literals {
            path.push('/');
            path.push_str(&escape(literal));
            child.visit(path, visit);
            path.truncate(length);
        }
        for (open, child) in &self.open {
            // Writing to a String cannot fail.
            let _ = write!(path, "/{open}");
            child.visit(path, visit);
            path.truncate(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(patterns: &[&str]) -> PathTree {
        let mut tree = PathTree::default();
        for pattern in patterns {
            tree.insert(Pattern::parse(pattern).unwrap(), Rights::WRITE);
        }
        tree
    }

    fn shown(tree: &PathTree) -> Vec<String> {
        let mut shown = Vec::new();
        tree.visit(&mut |path, rights| shown.push(format!("{path} {rights}")));
        shown
    }

    #[test]
    fn directories_are_found_by_name_and_by_pattern() {
        let tree = tree(&["/", "/tmp", "/tmp/tmp.*/x", "/var/**", "/a/*"]);
        for (path, expected) in [
            ("/", true),
            ("/tmp", true),
            ("/tmp/", true),
            ("/tmp/x", false),
            ("/tmp/tmp.1/x", true),
            ("/tmp/tmp.1", false),
            ("/tmp/tmp.1/x/y", false),
            ("/var", true),
            ("/var/a/b", true),
            ("/varx", false),
            ("/a", false),
            ("/a/b", true),
            ("tmp", false),
        ] {
            assert_eq!(tree.allows(path.as_bytes(), Rights::WRITE), expected, "{path}");
        }
        assert!(!tree.allows(b"/tmp", Rights::WRITE.union(Rights::SETUID)));
        assert_eq!(tree.len(), 5);
    }

    #[test]
    fn a_directory_with_too_many_stands_for_all_below_in_any_order() {
        let many: Vec<String> = (0..=CHILDREN_MAX).map(|it| format!("/d/c{it}/x")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let few = tree(&many[1..]);
        assert_eq!(few.len(), CHILDREN_MAX);
        let mut special = tree(&many);
        special.insert(Pattern::parse("/d/c1").unwrap(), Rights::SETUID);
        assert_eq!(shown(&special), ["/d/** write, setuid"]);
        let mut other = tree(&["/d/c0/x"]);
        other.insert(Pattern::parse("/d/c1").unwrap(), Rights::SETUID);
        let mut one = few.clone();
        one.merge(other.clone());
        other.merge(few);
        assert_eq!(one, other);
        assert_eq!(one, special);
    }

    #[test]
    fn the_root_never_stands_for_all() {
        let many: Vec<String> = (0..=CHILDREN_MAX).map(|it| format!("/c{it}x")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(tree(&many).len(), CHILDREN_MAX + 1);
    }
}
