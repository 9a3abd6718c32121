//! The catalogue as text for a terminal.

use super::words::FAMILIES;
use super::words::fields;
use super::words::form;
use super::words::kind;
use super::words::today;
use crate::fields::Availability;

/// The catalogue as text, by family: name, type, meaning, and what is missing where the running
/// sensor cannot fill a field.
pub fn catalogue_text() -> String {
    use std::fmt::Write;

    let mut out = String::new();
    for (family, about) in FAMILIES {
        if !out.is_empty() {
            out.push('\n');
        }
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{about} ({family}.*)");
        for field in fields(family) {
            let mut note = String::new();
            if field.availability != Availability::Always {
                let _ = write!(note, " [{}]", today(field));
            }
            if field.filter_only {
                note.push_str(" [in conditions only]");
            }
            let _ = writeln!(out, "  {}: {}", form(field), kind(field));
            let _ = writeln!(out, "      {}{note}", field.description);
        }
    }
    out
}
