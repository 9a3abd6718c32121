//! The reference of the C ABI as a page, from the comments of the header.

use std::fmt::Write;

/// One declaration with its comment.
#[derive(Debug, Default, PartialEq)]
struct Item {
    comment: String,
    declaration: String,
}

/// Whether a declaration stands in a section.
type Belongs = fn(&Item) -> bool;

/// `docs/c-api.md` of a header.
pub(crate) fn page(header: &str) -> String {
    let mut page = String::from(
        "<!-- Made by `cargo xtask header` from include/driftcore.h: change driftcore-ffi/src. -->\n\
         # The C ABI\n\n",
    );
    page += &preamble(header);
    let items = items(header);
    let sections: [(&str, Belongs); 4] = [
        ("Functions", Item::is_function),
        ("Records", |item| item.declaration.contains("struct") && item.declaration.contains('{')),
        ("Enumerations", |item| {
            item.declaration.contains("enum") && item.declaration.contains('{')
        }),
        ("Objects and callbacks", |item| {
            item.declaration.starts_with("typedef") && !item.declaration.contains('{')
        }),
    ];
    for (title, belongs) in sections {
        let _ = writeln!(page, "\n## {title}");
        let mut last = String::new();
        for item in items.iter().filter(|item| belongs(item)) {
            if title == "Functions" && item.object() != last {
                last = item.object();
                let _ = writeln!(page, "\n### {last}");
            }
            let _ = writeln!(page, "\n```c\n{}\n```\n\n{}", item.declaration, item.comment);
        }
    }
    page
}

impl Item {
    fn is_function(&self) -> bool {
        !self.declaration.starts_with("typedef") && self.declaration.contains('(')
    }

    /// What a function is about: the first word behind `driftcore_`.
    fn object(&self) -> String {
        let name = self.declaration.split_once("driftcore_").map_or("", |_| {
            let before = self.declaration.split('(').next().unwrap_or("");
            before.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or("")
        });
        let rest = name.trim_start_matches("driftcore_");
        rest.split('_').next().unwrap_or("").to_owned()
    }
}

/// What the header says of all functions, as a list.
fn preamble(header: &str) -> String {
    let comment = header.split("*/").next().unwrap_or("");
    let lines = comment.lines().skip_while(|line| !line.contains("holds for every function"));
    let mut text = String::new();
    for line in lines {
        let _ = writeln!(text, "{}", line.trim_start_matches(" *").strip_prefix(' ').unwrap_or(""));
    }
    text.trim_end().to_owned() + "\n"
}

/// Declarations at the top level, each with the comment before it.
fn items(header: &str) -> Vec<Item> {
    let (mut items, mut item) = (Vec::new(), Item::default());
    let mut lines = header.lines().skip_while(|line| !line.starts_with("#define DRIFTCORE_H"));
    while let Some(line) = lines.next() {
        if line == "/**" {
            item = Item::default();
            for line in lines.by_ref().take_while(|line| line.trim() != "*/") {
                let text = line.trim_start().trim_start_matches('*');
                let _ = writeln!(item.comment, "{}", text.strip_prefix(' ').unwrap_or(text));
            }
            item.comment.truncate(item.comment.trim_end().len());
        } else if line.starts_with("typedef")
            || line.contains("driftcore_") && !line.starts_with('#')
        {
            let mut text = line.to_owned();
            let mut open = text.contains('{');
            while open || !text.ends_with(';') {
                let Some(line) = lines.next() else { break };
                open &= !line.starts_with('}');
                text += "\n";
                text += line;
            }
            item.declaration = text;
            items.push(std::mem::take(&mut item));
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "/*\n * x\n * What holds for every function:\n *\n * - It works.\n */\n\
        #define DRIFTCORE_H\n\n/**\n * A pair.\n */\ntypedef struct driftcore_pair {\n    int a;\n} \
        driftcore_pair;\n\n/**\n * Adds,\n * both.\n */\nint driftcore_pair_add(int a,\n    int b);\n";

    #[test]
    fn declarations_are_found_with_their_comments() {
        let items = items(HEADER);
        assert_eq!(items.len(), 2);
        assert_eq!(items[1].comment, "Adds,\nboth.");
        assert_eq!(items[1].declaration, "int driftcore_pair_add(int a,\n    int b);");
        assert_eq!(items[1].object(), "pair");
        assert!(items[0].declaration.ends_with("} driftcore_pair;"));
    }

    #[test]
    fn the_page_has_all_of_it() {
        let page = page(HEADER);
        for part in ["- It works.", "### pair", "Adds,\nboth.", "## Records", "A pair."] {
            assert!(page.contains(part), "{part}");
        }
    }
}
