//! `driftd config show`: what a container was declared to be, what it is, and what differs.

use std::fs::File;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use driftcore::config::Comparison;
use driftcore::config::Declared;
use driftcore::config::Item;
use driftcore::config::examine;
use driftcore::container::Runtimes;
use driftcore::event::Container;
use driftcore::event::Text;

use crate::cli::ConfigShowArguments;
use crate::cli::Format;
use crate::config::Config;
use crate::scan::printable::Printable;

/// Exit status when something differs.
const DIFFERS: u8 = 1;
/// How wide a column of text gets before what stands in it pushes the next one away.
const WIDTH_MAX: usize = 44;
/// How many digits of a digest are printed as text.
const DIGITS: usize = 12;

pub(crate) fn show(arguments: &ConfigShowArguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.common)?;
    let runtimes = Runtimes::new(config.state_roots());
    let stored = runtimes.find(&arguments.container)?;
    let mut declared = Declared::read(&runtimes, &stored)?;
    let pods = arguments.pods.as_deref().or(config.pods());
    let in_no_pod = match pods {
        Some(path) if !take_pods(path, &mut declared, &stored.container)? => Some(path),
        _ => None,
    };
    let mut comparison = examine(&runtimes, &declared, config.secrets())?;
    if let Some(path) = in_no_pod {
        comparison.problems.push(format!("{}: no pod there has this container", path.display()));
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    match arguments.format {
        Format::Json => writeln!(out, "{}", comparison.report(&stored.container))?,
        Format::Text => text(&mut out, &stored.container, &comparison)?,
    }
    out.flush()?;
    let differs = comparison.differences().next().is_some();
    Ok(if differs { ExitCode::from(DIFFERS) } else { ExitCode::SUCCESS })
}

/// Whether a pod has the container; what it says of it is then among what was declared.
fn take_pods(path: &Path, declared: &mut Declared, container: &Container) -> anyhow::Result<bool> {
    if path == Path::new("-") {
        let input = std::io::stdin().lock();
        return Ok(declared.take_pods(container, Path::new("standard input"), input)?);
    }
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(declared.take_pods(container, path, file)?)
}

fn text(
    out: &mut impl Write,
    container: &Container,
    comparison: &Comparison,
) -> std::io::Result<()> {
    let header = ["", "PART", "ITEM", "DECLARED", "LIVE"].map(str::to_owned);
    let mut rows = vec![header];
    rows.extend(comparison.items.iter().map(row));
    let width = |column: usize| {
        let lengths = rows.iter().map(|row: &[String; 5]| row[column].chars().count());
        lengths.filter(|&length| length <= WIDTH_MAX).max().unwrap_or(0)
    };
    let widths = [1, width(1), width(2), width(3), 0];
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    for problem in &comparison.problems {
        writeln!(out, "cannot tell: {}", printable(problem))?;
    }
    let name = container.name.as_deref().unwrap_or(container.short_id());
    let count = comparison.differences().count();
    writeln!(out, "{}: {} item(s), {count} differ(s)", printable(name), comparison.items.len())
}

fn row(item: &Item) -> [String; 5] {
    let value = |text: &Option<Text>| text.as_ref().map_or("-".to_owned(), shown);
    let mut live = value(&item.live);
    if let Some(holder) = &item.process {
        live.push_str(&format!(" in process {} ({})", holder.pid, shown(&holder.name)));
    }
    if item.more > 0 {
        live.push_str(&format!(" and {} more", item.more));
    }
    if let Some(mark) = item.mark {
        live.push_str(&format!(" [{}]", mark.as_str().replace('_', " ")));
    }
    let differs = if item.differs { "!" } else { "" };
    let aspect = item.aspect.as_str().to_owned();
    [differs.to_owned(), aspect, shown(&item.name), value(&item.declared), live]
}

/// A digest is cut short: to tell two apart, a few digits do.
fn shown(text: &Text) -> String {
    const PREFIX: &str = "sha256:";
    let text = Printable(text).to_string();
    match text.strip_prefix(PREFIX) {
        Some(digits) if digits.len() == 64 => {
            let few: String = digits.chars().take(DIGITS).collect();
            format!("{PREFIX}{few}…")
        }
        _ => text,
    }
}

fn printable(text: &str) -> String {
    Printable(&Text::from(text)).to_string()
}
