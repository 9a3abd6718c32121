//! What a machine says on its second serial port: sections between marker lines.
//!
//! ```text
//! @@begin cold.events
//! {"version":1,...}
//! @@end cold.events
//! @@done
//! ```

use std::collections::BTreeMap;

use anyhow::Result;
use anyhow::bail;

/// The sections of one machine.
#[derive(Debug, Default)]
pub(super) struct Sections {
    lines: BTreeMap<String, Vec<String>>,
}

impl Sections {
    /// Reads the output of a machine that has run to its end.
    ///
    /// # Errors
    /// When a section is not ended, is there twice, or the machine did not say `@@done`: then it
    /// crashed or hung, and whatever is there proves nothing.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut sections = Self::default();
        let mut open: Option<(String, Vec<String>)> = None;
        let mut done = false;
        for line in text.lines().map(|line| line.trim_end_matches('\r')) {
            if let Some(name) = line.strip_prefix("@@begin ") {
                if let Some((other, _)) = &open {
                    bail!("section {name:?} begins within {other:?}");
                }
                open = Some((name.to_owned(), Vec::new()));
            } else if let Some(name) = line.strip_prefix("@@end ") {
                match open.take() {
                    Some((begun, lines)) if begun == name => {
                        if sections.lines.insert(begun, lines).is_some() {
                            bail!("section {name:?} is there twice");
                        }
                    }
                    _ => bail!("section {name:?} ends but did not begin"),
                }
            } else if let Some((_, lines)) = &mut open {
                lines.push(line.to_owned());
            } else if line == "@@done" {
                done = true;
            }
        }
        if let Some((name, _)) = open {
            bail!("the machine stopped within section {name:?}");
        }
        if !done {
            let last = sections.lines.keys().next_back().map_or("none", String::as_str);
            bail!("the machine stopped before its end; sections seen up to: {last}");
        }
        Ok(sections)
    }

    /// The lines of a section; `None` when the machine did not write it.
    pub(super) fn get(&self, name: &str) -> Option<&[String]> {
        self.lines.get(name).map(Vec::as_slice)
    }

    /// The value of `key=value` in a section.
    pub(super) fn value(&self, section: &str, key: &str) -> Option<&str> {
        self.get(section)?
            .iter()
            .filter_map(|line| line.split_once('='))
            .find_map(|(name, value)| (name == key).then_some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_read_whatever_the_line_ends() {
        let text = "noise\r\n@@begin facts\r\nrelease=6.1\r\na=b=c\r\n@@end facts\r\n@@done\r\n";
        let sections = Sections::parse(text).unwrap();
        assert_eq!(sections.get("facts").unwrap().len(), 2);
        assert_eq!(sections.value("facts", "release"), Some("6.1"));
        assert_eq!(sections.value("facts", "a"), Some("b=c"));
        assert!(sections.get("noise").is_none());
    }

    #[test]
    fn a_machine_that_stops_early_is_an_error() {
        for (text, why) in [
            ("@@begin a\nx\n", "within section \"a\""),
            ("@@begin a\n@@end a\n", "before its end"),
            ("@@begin a\n@@begin b\n", "begins within"),
            ("@@end a\n", "did not begin"),
            ("@@begin a\n@@end a\n@@begin a\n@@end a\n@@done\n", "twice"),
        ] {
            let error = Sections::parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
