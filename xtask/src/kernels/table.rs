//! The result: a row for each test, a column for each kernel.

use std::fmt;

/// The outcome of one test on one kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// As expected.
    Right,
    /// Not as expected: what was seen.
    Wrong(String),
    /// This kernel does not allow the deed: why.
    Skipped(String),
}

/// The table under construction.
#[derive(Debug, Default)]
pub(super) struct Table {
    columns: Vec<String>,
    rows: Vec<(String, Vec<Option<Cell>>)>,
}

impl Table {
    /// Adds a column. Its rows are matched by name with those that are there.
    pub(super) fn column(&mut self, title: &str, cells: Vec<(String, Cell)>) {
        let column = self.columns.len();
        self.columns.push(title.to_owned());
        for (name, cell) in cells {
            let row = match self.rows.iter().position(|(row, _)| *row == name) {
                Some(row) => row,
                None => {
                    self.rows.push((name, Vec::new()));
                    self.rows.len() - 1
                }
            };
            if let Some((_, cells)) = self.rows.get_mut(row) {
                cells.resize(column, None);
                cells.push(Some(cell));
            }
        }
    }

    /// True when something was tested and nothing is wrong or missing.
    pub(super) fn is_right(&self) -> bool {
        let cell = |cells: &Vec<Option<Cell>>, column: usize| {
            matches!(cells.get(column), Some(Some(Cell::Right | Cell::Skipped(_))))
        };
        !self.rows.is_empty()
            && self
                .rows
                .iter()
                .all(|(_, cells)| (0..self.columns.len()).all(|column| cell(cells, column)))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        write!(f, "{:width$}", "")?;
        // The widest word of a cell.
        let widths: Vec<usize> = self.columns.iter().map(|title| title.len().max(7)).collect();
        // No spaces at the end of a line.
        let gap = |column: usize| match widths.get(column) {
            Some(width) if column + 1 < widths.len() => *width,
            _ => 0,
        };
        for (column, title) in self.columns.iter().enumerate() {
            write!(f, "  {title:gap$}", gap = gap(column))?;
        }
        writeln!(f)?;
        // One failure can spoil a whole column: it is explained once.
        let mut notes: Vec<(&str, &str, Vec<&str>)> = Vec::new();
        for (name, cells) in &self.rows {
            write!(f, "{name:width$}")?;
            for (column, title) in self.columns.iter().enumerate() {
                let (word, note) = match cells.get(column) {
                    Some(Some(Cell::Right)) => ("ok", None),
                    Some(Some(Cell::Wrong(note))) => ("WRONG", Some(note)),
                    Some(Some(Cell::Skipped(note))) => ("skipped", Some(note)),
                    _ => ("MISSING", None),
                };
                write!(f, "  {word:gap$}", gap = gap(column))?;
                let Some(note) = note else { continue };
                match notes.iter_mut().find(|(of, text, _)| of == title && text == note) {
                    Some((_, _, names)) => names.push(name),
                    None => notes.push((title, note, vec![name])),
                }
            }
            writeln!(f)?;
        }
        for (title, note, names) in notes {
            writeln!(f, "{title}: {}: {note}", names.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(cells: &[(&str, Cell)]) -> Vec<(String, Cell)> {
        cells.iter().map(|(name, cell)| ((*name).to_owned(), cell.clone())).collect()
    }

    #[test]
    fn a_wrong_cell_makes_the_table_wrong_and_is_explained() {
        let mut table = Table::default();
        table.column("5.10 tracepoint", cells(&[("memfd", Cell::Right)]));
        assert!(table.is_right());
        table.column("6.1 tracepoint", cells(&[("memfd", Cell::Wrong("no event".into()))]));
        assert!(!table.is_right());
        assert_eq!(
            table.to_string(),
            "       5.10 tracepoint  6.1 tracepoint\n\
             memfd  ok               WRONG\n\
             6.1 tracepoint: memfd: no event\n"
        );
    }

    #[test]
    fn a_test_that_one_kernel_did_not_run_is_missing() {
        let mut table = Table::default();
        table.column("a", cells(&[("x", Cell::Right), ("y", Cell::Right)]));
        table.column("b", cells(&[("y", Cell::Skipped("not here".into()))]));
        assert!(!table.is_right());
        assert!(table.to_string().contains("x  ok       MISSING\n"));
    }

    #[test]
    fn one_reason_for_many_cells_is_said_once() {
        let mut table = Table::default();
        let wrong = Cell::Wrong("no container".into());
        table.column("a", cells(&[("x", wrong.clone()), ("y", wrong)]));
        assert!(table.to_string().ends_with("a: x, y: no container\n"));
    }

    #[test]
    fn an_empty_table_proves_nothing() {
        assert!(!Table::default().is_right());
    }
}
