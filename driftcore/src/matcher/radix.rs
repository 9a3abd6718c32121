//! All prefixes of one input in one tree, walked once; or all suffixes, walked from the end.

/// A needle ends here.
const NO_NEEDLE: u32 = u32::MAX;

/// A compressed tree of byte strings. Reads texts backwards when `BACKWARD`.
#[derive(Debug, Default)]
pub(super) struct Radix<const BACKWARD: bool> {
    nodes: Vec<Node>,
    labels: Vec<u8>,
    /// First bytes of the root's children: most texts leave here.
    first: Vec<u32>,
    /// Children of all nodes, each node's together and sorted by their first byte.
    edges: Vec<(u8, u32)>,
}

#[derive(Debug)]
struct Node {
    label: (u32, u32),
    needle: u32,
    edges: (u32, u32),
}

impl<const BACKWARD: bool> Radix<BACKWARD> {
    /// Of needles with their numbers.
    pub(super) fn new(needles: &[(Box<[u8]>, u32)]) -> Self {
        let mut sorted: Vec<(Vec<u8>, u32)> = needles
            .iter()
            .map(|(needle, id)| {
                let mut needle = needle.to_vec();
                if BACKWARD {
                    needle.reverse();
                }
                (needle, *id)
            })
            .collect();
        sorted.sort_unstable();
        let mut tree = Self::default();
        if sorted.is_empty() {
            return tree;
        }
        // Nodes to build: where their needles are, and how much of them lies above.
        let mut work = Vec::new();
        tree.nodes.push(Node { label: (0, 0), needle: NO_NEEDLE, edges: (0, 0) });
        work.push((0_usize, 0_usize, sorted.len(), 0_usize));
        while let Some((node, mut from, to, depth)) = work.pop() {
            if sorted[from].0.len() == depth {
                tree.nodes[node].needle = sorted[from].1;
                from += 1;
            }
            let start = tree.edges.len();
            while from < to {
                let byte = sorted[from].0[depth];
                let count = sorted[from..to].partition_point(|(needle, _)| needle[depth] == byte);
                let (first, last) = (&sorted[from].0, &sorted[from + count - 1].0);
                let shared = first.iter().zip(last).skip(depth).take_while(|(a, b)| a == b).count();
                let label = (tree.labels.len() as u32, shared as u32);
                tree.labels.extend_from_slice(&first[depth..depth + shared]);
                let child = tree.nodes.len();
                tree.nodes.push(Node { label, needle: NO_NEEDLE, edges: (0, 0) });
                tree.edges.push((byte, child as u32));
                work.push((child, from, from + count, depth + shared));
                from += count;
            }
            tree.nodes[node].edges = (start as u32, tree.edges.len() as u32);
        }
        tree.first = vec![NO_NEEDLE; 256];
        let (start, end) = tree.nodes[0].edges;
        for (byte, child) in &tree.edges[start as usize..end as usize] {
            tree.first[usize::from(*byte)] = *child;
        }
        tree
    }

    /// Calls `found` with the number of each needle that the text begins (or ends) with.
    pub(super) fn walk(&self, text: &[u8], mut found: impl FnMut(u32)) {
        let Some(root) = self.nodes.first() else { return };
        if root.needle != NO_NEEDLE {
            found(root.needle);
        }
        let byte_at = |at: usize| {
            if BACKWARD {
                text.len().checked_sub(at + 1).and_then(|at| text.get(at)).copied()
            } else {
                text.get(at).copied()
            }
        };
        let Some(first) = byte_at(0) else { return };
        let mut child = self.first.get(usize::from(first)).copied().unwrap_or(NO_NEEDLE);
        let mut at = 0;
        while let Some(node) = self.nodes.get(child as usize) {
            let (start, length) = (node.label.0 as usize, node.label.1 as usize);
            let Some(label) = self.labels.get(start..start + length) else { return };
            if BACKWARD {
                if !label.iter().enumerate().all(|(i, byte)| byte_at(at + i) == Some(*byte)) {
                    return;
                }
            } else if text.get(at..at + length) != Some(label) {
                return;
            }
            at += length;
            if node.needle != NO_NEEDLE {
                found(node.needle);
            }
            let Some(next) = byte_at(at) else { return };
            let edges = self.edges.get(node.edges.0 as usize..node.edges.1 as usize);
            let edges = edges.unwrap_or_default();
            child = match edges.binary_search_by_key(&next, |edge| edge.0) {
                Ok(index) => edges.get(index).map_or(NO_NEEDLE, |edge| edge.1),
                Err(_) => return,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<const BACKWARD: bool>(needles: &[&str], text: &str) -> Vec<String> {
        let numbered: Vec<(Box<[u8]>, u32)> =
            needles.iter().zip(0..).map(|(needle, id)| (needle.as_bytes().into(), id)).collect();
        let mut found = Vec::new();
        Radix::<BACKWARD>::new(&numbered)
            .walk(text.as_bytes(), |id| found.push(needles[id as usize].to_owned()));
        found
    }

    #[test]
    fn every_prefix_of_the_text_is_found() {
        let needles = ["/var", "/var/log", "/usr", "/", "", "/var/lib/x", "/v"];
        assert_eq!(found::<false>(&needles, "/var/log/a"), ["", "/", "/v", "/var", "/var/log"]);
        assert_eq!(found::<false>(&needles, "/va"), ["", "/", "/v"]);
        assert_eq!(found::<false>(&needles, ""), [""]);
        assert_eq!(found::<false>(&needles, "x"), [""]);
        assert!(found::<false>(&[], "x").is_empty());
    }

    #[test]
    fn every_suffix_of_the_text_is_found() {
        let needles = [".so", "so", "a.so", ".py", ""];
        assert_eq!(found::<true>(&needles, "lib/a.so"), ["", "so", ".so", "a.so"]);
        assert_eq!(found::<true>(&needles, "o"), [""]);
    }
}
