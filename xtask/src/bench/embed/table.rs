//! The figures, as people and programs read them.

use std::fmt;
use std::fs;

use anyhow::Context;
use anyhow::Result;
use serde_json::json;

use super::load::Library;
use super::run::Figures;
use super::run::GoFigures;

/// What is measured: its name in Rust, in C and in Go where that differs, and what it is.
const ROWS: [(&str, &str); 8] = [
    ("alert", "a drift event matched with the shipped rules, its alert read in a callback"),
    ("fill", "an event of 15 fields filled"),
    ("fill_match_shipped", "filled and matched with the shipped rules"),
    ("match_shipped", "matched alone"),
    ("match_batch_shipped", "matched alone, 64 at once"),
    ("fill_match_synthetic", "filled and matched with 1,000 rules"),
    ("match_synthetic", "matched alone"),
    ("match_batch_synthetic", "matched alone, 64 at once"),
];

/// All that was measured.
#[derive(Debug)]
pub(super) struct Report {
    /// Processes that wanted to run, in the last minute.
    load: f64,
    /// From the bytes of a ring to a callback that reads the event: Rust's closure, C's function.
    event: (f64, f64),
    rows: Vec<Row>,
    library: Library,
}

/// Nanoseconds for one event.
#[derive(Debug)]
struct Row {
    name: &'static str,
    what: &'static str,
    rust: f64,
    c: f64,
    go: Option<Result<f64, &'static str>>,
}

impl Report {
    pub(super) fn new(
        rust: &Figures,
        c: &Figures,
        go: &GoFigures,
        library: Library,
    ) -> Result<Self> {
        let find = |of: &Figures, name: &str| {
            of.get(name).copied().with_context(|| format!("{name} was not measured"))
        };
        let row = |(name, what)| {
            let measured = ["alert", "fill_match_shipped"].contains(&name);
            let of_go = match go {
                Ok(figures) if measured => Some(Ok(find(figures, name)?)),
                Err(why) if measured => Some(Err(*why)),
                _ => None,
            };
            Ok(Row { name, what, rust: find(rust, name)?, c: find(c, name)?, go: of_go })
        };
        let load = fs::read_to_string("/proc/loadavg")?;
        Ok(Self {
            load: load.split(' ').next().unwrap_or_default().parse()?,
            event: (find(rust, "event_closure")?, find(rust, "event_callback")?),
            rows: ROWS.into_iter().map(row).collect::<Result<_>>()?,
            library,
        })
    }

    pub(super) fn json(&self) -> serde_json::Value {
        let row = |row: &Row| {
            let go = row.go.and_then(Result::ok);
            (row.name.to_owned(), json!({ "rust_ns": row.rust, "c_ns": row.c, "go_ns": go }))
        };
        let library = &self.library;
        json!({
            "load": self.load,
            "event": { "rust_ns": self.event.0, "c_ns": self.event.1 },
            "matched": self.rows.iter().map(row).collect::<serde_json::Map<_, _>>(),
            "library": {
                "shared_bytes": library.shared_bytes,
                "static_bytes": library.static_bytes,
                "open_ns": library.open_ns,
                "process_ns": { "with": library.with.ns, "without": library.without.ns },
                "resident_kib": {
                    "with": library.with.resident_kib,
                    "without": library.without.resident_kib,
                },
            },
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "One event (load {:.1} while it was measured):\n", self.load)?;
        writeln!(f, "| | Rust | C | Go |\n| --- | ---: | ---: | ---: |")?;
        let (closure, callback) = (Ns(self.event.0), Ns(self.event.1));
        writeln!(f, "| from the ring's bytes to a callback | {closure} | {callback} | |")?;
        for row in &self.rows {
            let go = match row.go {
                Some(Ok(ns)) => Ns(ns).to_string(),
                Some(Err(why)) => why.to_owned(),
                None => String::new(),
            };
            writeln!(f, "| {} | {} | {} | {go} |", row.what, Ns(row.rust), Ns(row.c))?;
        }
        let library = &self.library;
        let mib = |bytes: f64| bytes / 1024.0 / 1024.0;
        writeln!(f, "\n| The library | |\n| --- | ---: |")?;
        writeln!(f, "| shared, stripped | {:.2} MiB |", mib(library.shared_bytes as f64))?;
        writeln!(f, "| static, without debug | {:.2} MiB |", mib(library.static_bytes as f64))?;
        writeln!(f, "| opened and called first | {} |", Ns(library.open_ns))?;
        writeln!(
            f,
            "| a process that does that, one that does nothing | {}, {} |",
            Ns(library.with.ns),
            Ns(library.without.ns)
        )?;
        writeln!(
            f,
            "| resident in either | {:.2} MiB, {:.2} MiB |",
            library.with.resident_kib / 1024.0,
            library.without.resident_kib / 1024.0
        )
    }
}

/// Nanoseconds, in a unit that people read.
struct Ns(f64);

impl fmt::Display for Ns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ns if ns >= 1e6 => write!(f, "{:.2} ms", ns / 1e6),
            ns if ns >= 1e4 => write!(f, "{:.1} µs", ns / 1e3),
            ns if ns >= 1e3 => write!(f, "{:.2} µs", ns / 1e3),
            ns if ns >= 100.0 => write!(f, "{ns:.0} ns"),
            ns => write!(f, "{ns:.1} ns"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::load::Process;
    use super::*;

    fn report(go: &GoFigures) -> Report {
        let names = ROWS.iter().map(|(name, _)| *name).chain(["event_closure", "event_callback"]);
        let figures: Figures = names.map(|name| (name.to_owned(), 1234.0)).collect();
        let process = |ns| Process { ns, resident_kib: 2048.0 };
        let library = Library {
            shared_bytes: 3 << 20,
            static_bytes: 5 << 20,
            open_ns: 345_678.0,
            with: process(2e6),
            without: process(1e6),
        };
        Report::new(&figures, &figures, go, library).unwrap()
    }

    #[test]
    fn without_go_the_table_says_so() {
        let shown = report(&Err("Go is not installed")).to_string();
        assert_eq!(shown.matches("Go is not installed").count(), 2, "{shown}");
        assert!(shown.contains("| an event of 15 fields filled | 1.23 µs | 1.23 µs |  |"));
        assert!(shown.contains("| opened and called first | 345.7 µs |"), "{shown}");
    }

    #[test]
    fn with_go_its_figures_are_there() {
        let figures = ["alert", "fill_match_shipped"].map(|name| (name.to_owned(), 98.76));
        let report = report(&Ok(figures.into_iter().collect()));
        assert_eq!(report.to_string().matches("98.8 ns").count(), 2, "{report}");
        assert_eq!(report.json()["matched"]["alert"]["go_ns"], 98.76);
        assert!(report.json()["matched"]["fill"]["go_ns"].is_null());
    }

    #[test]
    fn what_was_not_measured_is_named() {
        let go = Err("Go is not installed");
        let library = report(&go).library;
        let error = Report::new(&Figures::new(), &Figures::new(), &go, library).unwrap_err();
        assert!(error.to_string().contains("event_closure"), "{error}");
    }
}
