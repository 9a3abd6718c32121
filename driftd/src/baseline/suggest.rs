//! `driftd baseline suggest`.

use std::io::BufWriter;
use std::io::Write;
use std::process::ExitCode;

use driftcore::baseline::Suggester;
use driftcore::baseline::Suggestions;
use driftcore::event::Text;
use serde_json::json;

use super::judge::Judge;
use super::judge::Judged;
use crate::cli::BaselineSuggestArguments;
use crate::cli::Format;
use crate::recorded::Lines;
use crate::scan::printable::Printable;

pub(crate) fn suggest(arguments: &BaselineSuggestArguments) -> anyhow::Result<ExitCode> {
    let judge = Judge::read(&arguments.baseline, arguments.exceptions.as_deref())?;
    let mut lines = Lines::open(&arguments.from)?;
    let mut suggester = Suggester::new();
    while let Some(event) = lines.next_event()? {
        suggester.see(&event, judge.judge(&event) == Judged::Departs);
    }
    let suggestions = suggester.suggest();
    let mut out = BufWriter::new(std::io::stdout().lock());
    match arguments.format {
        Format::Json => writeln!(out, "{}", to_json(&suggestions))?,
        Format::Text => write(&mut out, &suggestions)?,
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn to_json(suggestions: &Suggestions) -> serde_json::Value {
    let list = suggestions.list.iter().map(|it| {
        json!({
            "exception": it.exception.to_string(),
            "silences": it.silences,
            "others": it.others,
            "examples": it.examples,
        })
    });
    json!({
        "version": 1,
        "suggestions": list.collect::<Vec<_>>(),
        "not_covered": suggestions.not_covered,
        "left_out": suggestions.left_out,
    })
}

/// A document of exceptions that lacks nothing but the reasons.
fn write(out: &mut impl Write, suggestions: &Suggestions) -> std::io::Result<()> {
    let silenced: u64 = suggestions.list.iter().map(|it| it.silences).sum();
    writeln!(
        out,
        "# {} exception(s) would have silenced {silenced} event(s). Give each a reason, or leave it out.",
        suggestions.list.len()
    )?;
    for (count, what) in [
        (suggestions.not_covered, "event(s) can be silenced by no exception"),
        (suggestions.left_out, "event(s) were not looked at: there are too many different ones"),
    ] {
        if count > 0 {
            writeln!(out, "# {count} {what}.")?;
        }
    }
    let is_empty = suggestions.list.is_empty();
    writeln!(out, "version: 1\nexceptions:{}", if is_empty { " []" } else { "" })?;
    for suggestion in &suggestions.list {
        writeln!(
            out,
            "  # silences {} event(s); would take {} other(s){}",
            suggestion.silences,
            suggestion.others,
            if suggestion.examples.is_empty() { "" } else { ", among them:" }
        )?;
        for example in &suggestion.examples {
            writeln!(out, "  #   {}", Printable(&Text::from(example.as_str())))?;
        }
        write!(out, "{}", suggestion.exception)?;
    }
    Ok(())
}
