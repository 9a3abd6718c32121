//! All paths of one input's `pmatch` tests in one tree of components.

use rustc_hash::FxHashMap;

use super::glob;

/// A tree of path components. Every node stands for one path only, so a walk sees each node at
/// most once, whatever the globs.
#[derive(Debug, Default)]
pub(super) struct Paths {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    /// The tests that have this path.
    tests: Vec<u32>,
    literal: FxHashMap<Box<[u8]>, u32>,
    patterns: Vec<(Box<[u8]>, u32)>,
}

/// The parts between slashes; empty ones do not count.
pub(super) fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|component| !component.is_empty())
}

fn is_pattern(component: &[u8]) -> bool {
    component.iter().any(|byte| matches!(byte, b'?' | b'*' | b'['))
}

impl Paths {
    /// Of paths, each with the number of the test that it is in.
    pub(super) fn new(paths: &[(Box<[u8]>, u32)]) -> Self {
        let mut nodes = vec![Node::default()];
        for (path, test) in paths {
            let mut at = 0;
            for component in components(path) {
                let next = nodes.len() as u32;
                let node = &mut nodes[at];
                let child = if is_pattern(component) {
                    match node.patterns.iter().find(|(pattern, _)| **pattern == *component) {
                        Some((_, child)) => *child,
                        None => {
                            node.patterns.push((component.into(), next));
                            next
                        }
                    }
                } else {
                    match node.literal.get(component) {
                        Some(child) => *child,
                        None => {
                            node.literal.insert(component.into(), next);
                            next
                        }
                    }
                };
                if child == next {
                    nodes.push(Node::default());
                }
                at = child as usize;
            }
            nodes[at].tests.push(*test);
        }
        Self { nodes }
    }

    /// Calls `found` with the number of each test that has the path or a directory above it,
    /// perhaps more than once. `open` is a stack to work with.
    pub(super) fn walk(&self, path: &[u8], open: &mut Vec<(u32, u32)>, mut found: impl FnMut(u32)) {
        open.clear();
        open.push((0, 0));
        while let Some((node, at)) = open.pop() {
            let Some(node) = self.nodes.get(node as usize) else { continue };
            node.tests.iter().copied().for_each(&mut found);
            if node.literal.is_empty() && node.patterns.is_empty() {
                continue;
            }
            let rest = path.get(at as usize..).unwrap_or_default();
            let Some(component) = components(rest).next() else { continue };
            // Both lie in the path: the component ends this far behind its start.
            let end = component.as_ptr_range().end.addr() - path.as_ptr().addr();
            let end = u32::try_from(end).unwrap_or(u32::MAX);
            if let Some(child) = node.literal.get(component) {
                open.push((*child, end));
            }
            for (pattern, child) in &node.patterns {
                if glob::matches(pattern, component, false) {
                    open.push((*child, end));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(paths: &[&str], path: &str) -> bool {
        let paths: Vec<(Box<[u8]>, u32)> =
            paths.iter().map(|path| (path.as_bytes().into(), 0)).collect();
        let mut found = false;
        Paths::new(&paths).walk(path.as_bytes(), &mut Vec::new(), |_| found = true);
        found
    }

    #[test]
    fn a_path_matches_itself_and_what_is_below_it() {
        assert!(matches(&["/var"], "/var"));
        assert!(matches(&["/var"], "/var/x"));
        assert!(matches(&["/var/"], "//var//x"));
        assert!(!matches(&["/var"], "/variable"));
        assert!(!matches(&["/var/run"], "/var"));
        assert!(matches(&["/var/run", "/var"], "/var/x"));
        assert!(matches(&["/"], "/x"));
        assert!(!matches(&[], "/x"));
    }

    #[test]
    fn components_may_be_globs_beside_each_other() {
        let paths = ["/home/a*/x", "/home/b*/y", "/home/ab/z"];
        assert!(matches(&paths, "/home/abc/x"));
        assert!(matches(&paths, "/home/bcd/y/1"));
        assert!(matches(&paths, "/home/ab/z"));
        assert!(matches(&paths, "/home/ab/x"));
        assert!(!matches(&paths, "/home/abc/y"));
        assert!(!matches(&["/a*"], "/b/a1"));
        assert!(!matches(&["/a*c"], "/a/c"));
    }
}
