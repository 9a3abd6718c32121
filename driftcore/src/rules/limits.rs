//! How large rule files may be.

/// The levels of nesting that fit on the stack of a thread of 2 MiB in a debug build.
const MOST_NESTING: usize = 1000;

/// How large rule files may be. What is larger is an error; nothing is cut.
///
/// The defaults are far above what rule files in use need, and low enough that no file takes
/// seconds or gigabytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file: 16 MiB.
    pub file_bytes: usize,
    /// Items (lists, macros, rules, ...) of one file: 100,000.
    pub file_items: usize,
    /// Files that are loaded together: 10,000.
    pub files: usize,
    /// Nodes of YAML in one file: 1,000,000.
    pub yaml_nodes: usize,
    /// Nodes of YAML, and bytes of text, that anchors and aliases (`&name`, `*name`) may copy in
    /// one file: 1,000,000.
    pub alias_size: usize,
    /// Levels of sequences and mappings in one another in YAML: 64.
    pub yaml_nesting: usize,
    /// Bytes of one condition, appended parts included: 1 MiB.
    pub condition_bytes: usize,
    /// Levels of nesting of one condition, before and after macros are expanded: 1000, as Falco
    /// sets it. A parenthesis counts as five levels, as in Falco, and `not` as one. More than 1000
    /// are never allowed, whatever is set here.
    pub nesting: usize,
    /// Items of one list, lists in it included: 100,000.
    pub list_items: usize,
    /// Checks and values of one condition after macros and lists are expanded: 200,000.
    pub expanded_condition: usize,
    /// Checks and values of all conditions together after macros and lists are expanded:
    /// 2,000,000.
    pub expanded_total: usize,
    /// Diagnostics that are kept of one load: 1,000. Errors behind them still reject the load.
    pub diagnostics: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 16 << 20,
            file_items: 100_000,
            files: 10_000,
            yaml_nodes: 1_000_000,
            alias_size: 1_000_000,
            yaml_nesting: 64,
            condition_bytes: 1 << 20,
            nesting: 1000,
            list_items: 100_000,
            expanded_condition: 200_000,
            expanded_total: 2_000_000,
            diagnostics: 1000,
        }
    }
}

impl Limits {
    /// The levels of nesting that are allowed.
    pub(super) fn levels(&self) -> usize {
        self.nesting.min(MOST_NESTING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_defaults_are_the_defaults() {
        let source = include_str!("limits.rs");
        let limits = Limits::default();
        for (name, value, text) in [
            ("file_bytes", limits.file_bytes, "16 MiB"),
            ("file_items", limits.file_items, "100,000"),
            ("files", limits.files, "10,000"),
            ("yaml_nodes", limits.yaml_nodes, "1,000,000"),
            ("alias_size", limits.alias_size, "1,000,000"),
            ("yaml_nesting", limits.yaml_nesting, "64"),
            ("condition_bytes", limits.condition_bytes, "1 MiB"),
            ("nesting", limits.nesting, "1000"),
            ("list_items", limits.list_items, "100,000"),
            ("expanded_condition", limits.expanded_condition, "200,000"),
            ("expanded_total", limits.expanded_total, "2,000,000"),
            ("diagnostics", limits.diagnostics, "1,000"),
        ] {
            let number = match text.split_once(" MiB") {
                Some((number, _)) => number.parse::<usize>().unwrap() << 20,
                None => text.replace(',', "").parse().unwrap(),
            };
            assert_eq!(value, number, "{name}");
            let (docs, _) = source.split_once(&format!("pub {name}: usize")).unwrap();
            let docs: Vec<&str> =
                docs.lines().rev().take_while(|line| !line.contains("pub ")).collect();
            assert!(docs.iter().any(|line| line.contains(text)), "{name}: {docs:?}");
        }
    }

    #[test]
    fn nesting_cannot_be_raised_above_what_the_stack_holds() {
        assert_eq!(Limits { nesting: 1_000_000, ..Limits::default() }.levels(), 1000);
    }
}
