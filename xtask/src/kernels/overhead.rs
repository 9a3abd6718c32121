//! What programs at hooks cost, in instructions: a machine that counts them and does nothing else.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Context;
use anyhow::Result;

use super::console::Sections;

/// What is done in a loop, as `overhead.sh` has it, and how it is shown.
const LOOPS: [(&str, &str); 3] =
    [("getppid", "getppid"), ("read", "open, read, close"), ("write", "open, write, close")];
const PLACES: [&str; 2] = ["host", "container"];
/// Nothing attached, and programs that do nothing at the entry and exit of system calls.
const NOTHING: &str = "nothing";
const EMPTY: &str = "empty";

/// Instructions for one turn, by state, place and loop.
#[derive(Debug)]
pub(super) struct Overhead {
    turns: BTreeMap<(String, String, String), u64>,
    states: Vec<String>,
}

impl Overhead {
    /// Reads what a machine said.
    ///
    /// # Errors
    /// When it did not say all of it.
    pub(super) fn read(sections: &Sections, sets: &[&str]) -> Result<Self> {
        let mut turns = BTreeMap::new();
        for line in sections.get("overhead").context("the machine did not measure")? {
            let words: Vec<&str> = line.split(' ').collect();
            let [state, place, what, count] = words[..] else { continue };
            if let Ok(count) = count.parse() {
                turns.insert((state.to_owned(), place.to_owned(), what.to_owned()), count);
            }
        }
        let states: Vec<String> =
            [NOTHING, EMPTY].iter().chain(sets).map(|state| (*state).to_owned()).collect();
        let overhead = Self { turns, states };
        for state in &overhead.states {
            for place in PLACES {
                for (what, _) in LOOPS {
                    overhead.of(state, place, what).with_context(|| {
                        let last = sections.get("overhead.log").and_then(<[String]>::last);
                        format!("no count for {state}, {place}, {what}; driftd said {last:?}")
                    })?;
                }
            }
        }
        Ok(overhead)
    }

    fn of(&self, state: &str, place: &str, what: &str) -> Option<u64> {
        self.turns.get(&(state.to_owned(), place.to_owned(), what.to_owned())).copied()
    }
}

impl fmt::Display for Overhead {
    /// A table in Markdown: instructions a turn, and how much more that is than with nothing attached.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| instructions a turn |")?;
        for state in &self.states {
            write!(f, " {state} |")?;
        }
        write!(f, "\n| --- |{}\n", " ---: |".repeat(self.states.len()))?;
        for (what, shown) in LOOPS {
            for place in PLACES {
                write!(f, "| {shown}, {place} |")?;
                let base = self.of(NOTHING, place, what).unwrap_or_default();
                for state in &self.states {
                    let count = self.of(state, place, what).unwrap_or_default();
                    let more = (count as f64 / base.max(1) as f64 - 1.0) * 100.0;
                    if state == NOTHING {
                        write!(f, " {count} |")?;
                    } else {
                        write!(f, " {count} ({more:+.1} %) |")?;
                    }
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(skip: &str) -> Sections {
        let mut text = "@@begin overhead\n".to_owned();
        for state in [NOTHING, EMPTY, "lsm"] {
            for place in PLACES {
                for (what, _) in LOOPS {
                    let count = if state == NOTHING { 1000 } else { 1015 };
                    let line = format!("{state} {place} {what} {count}\n");
                    if !line.starts_with(skip) || skip.is_empty() {
                        text.push_str(&line);
                    }
                }
            }
        }
        text.push_str("@@end overhead\n@@done\n");
        Sections::parse(&text).unwrap()
    }

    #[test]
    fn what_is_more_is_shown_beside_nothing() {
        let table = Overhead::read(&said(""), &["lsm"]).unwrap().to_string();
        assert!(table.starts_with("| instructions a turn | nothing | empty | lsm |\n| --- |"));
        assert!(table.contains("| getppid, host | 1000 | 1015 (+1.5 %) | 1015 (+1.5 %) |\n"));
        assert_eq!(table.lines().count(), 2 + LOOPS.len() * PLACES.len());
    }

    #[test]
    fn a_count_that_is_missing_is_named() {
        let error = Overhead::read(&said("lsm container"), &["lsm"]).unwrap_err().to_string();
        assert!(error.contains("lsm, container, getppid"), "{error}");
        assert!(Overhead::read(&Sections::parse("@@done\n").unwrap(), &[]).is_err());
    }
}
