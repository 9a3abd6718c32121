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
/// Nothing attached.
const NOTHING: &str = "nothing";

/// What is attached while the loops are counted, as `overhead.sh` names it, and how it is shown.
fn states(sets: &[&str]) -> Vec<(String, String)> {
    let mut states = vec![
        (NOTHING.to_owned(), NOTHING.to_owned()),
        ("empty".to_owned(), "empty, at system calls".to_owned()),
    ];
    for set in sets {
        // Where the tracepoint set looks is what stands above.
        if *set != "tracepoint" {
            states.push((format!("{set}-empty"), format!("empty, where `{set}` looks at files")));
        }
        states.push((format!("{set}-rules"), format!("`{set}`, rules")));
        states.push(((*set).to_owned(), format!("`{set}`, all events")));
    }
    states
}

/// Instructions for one turn, by state, place and loop.
#[derive(Debug)]
pub(super) struct Overhead {
    turns: BTreeMap<(String, String, String), u64>,
    states: Vec<(String, String)>,
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
        let overhead = Self { turns, states: states(sets) };
        for (state, _) in &overhead.states {
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
        let columns = || LOOPS.iter().flat_map(|it| PLACES.iter().map(move |place| (it, place)));
        write!(f, "| instructions a turn |")?;
        for ((_, shown), place) in columns() {
            write!(f, " {shown}, {place} |")?;
        }
        write!(f, "\n| --- |{}\n", " ---: |".repeat(columns().count()))?;
        for (state, shown) in &self.states {
            write!(f, "| {shown} |")?;
            for ((what, _), place) in columns() {
                let base = self.of(NOTHING, place, what).unwrap_or_default();
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
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETS: [&str; 2] = ["tracepoint", "lsm"];

    fn said(skip: &str) -> Sections {
        let mut text = "@@begin overhead\n".to_owned();
        for (state, _) in states(&SETS) {
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
        let table = Overhead::read(&said(""), &SETS).unwrap().to_string();
        assert!(table.starts_with("| instructions a turn | getppid, host | getppid, container |"));
        let first = "| nothing | 1000 | 1000 | 1000 | 1000 | 1000 | 1000 |";
        assert!(table.lines().any(|line| line == first), "{table}");
        let shown: Vec<&str> =
            table.lines().skip(3).filter_map(|line| line.split(" | ").next()).collect();
        let expected = [
            "| empty, at system calls",
            "| `tracepoint`, rules",
            "| `tracepoint`, all events",
            "| empty, where `lsm` looks at files",
            "| `lsm`, rules",
            "| `lsm`, all events",
        ];
        assert_eq!(shown, expected);
        assert_eq!(table.matches("1015 (+1.5 %)").count(), expected.len() * 6);
    }

    #[test]
    fn a_count_that_is_missing_is_named() {
        for missing in ["lsm-empty container", "lsm-rules container", "lsm container"] {
            let error = Overhead::read(&said(missing), &SETS).unwrap_err().to_string();
            let named = format!("{}, getppid", missing.replace(' ', ", "));
            assert!(error.contains(&named), "{error}");
        }
        assert!(Overhead::read(&Sections::parse("@@done\n").unwrap(), &[]).is_err());
    }
}
