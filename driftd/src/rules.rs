//! `driftd rules`.

use std::io::IsTerminal;
use std::io::Write;
use std::process::ExitCode;

use driftcore::fields::catalogue_json;
use driftcore::fields::catalogue_markdown;
use driftcore::fields::catalogue_text;
use driftcore::rules::Listing;
use driftcore::rules::Renderer;
use serde_json::json;

use crate::FAILED;
use crate::cli::CatalogueFormat;
use crate::cli::Format;
use crate::cli::RulesCheckArguments;
use crate::cli::RulesCommand;
use crate::cli::RulesFieldsArguments;
use crate::cli::RulesListArguments;
use crate::config::Config;
use crate::ruleset::RuleSources;
use crate::ruleset::check_paths;

pub(crate) fn rules(command: &RulesCommand) -> anyhow::Result<ExitCode> {
    match command {
        RulesCommand::Check(arguments) => check(arguments),
        RulesCommand::List(arguments) => list(arguments),
        RulesCommand::Fields(arguments) => fields(arguments),
    }
}

fn check(arguments: &RulesCheckArguments) -> anyhow::Result<ExitCode> {
    check_paths(&arguments.paths)?;
    let sources = RuleSources {
        shipped: !arguments.no_default_rules,
        paths: arguments.paths.clone(),
        ..RuleSources::default()
    };
    let loaded = sources.load();
    let mut out = std::io::stdout().lock();
    let (errors, warnings) = loaded.counts();
    match arguments.format {
        Format::Json => {
            let renderer = Renderer::new(&loaded.sources);
            for diagnostic in loaded.diagnostics() {
                writeln!(out, "{}", serde_json::to_string(&renderer.record(diagnostic))?)?;
            }
        }
        Format::Text => {
            loaded.print(&mut out, std::io::stdout().is_terminal())?;
            match &loaded.set {
                Some(set) => writeln!(
                    out,
                    "{}, {} of them matched: no error, {}",
                    count(set.listings().len(), "rule"),
                    set.rules().len(),
                    count(warnings, "warning")
                )?,
                None => writeln!(
                    out,
                    "{}, {}: not loaded",
                    count(errors, "error"),
                    count(warnings, "warning")
                )?,
            }
        }
    }
    Ok(if loaded.set.is_some() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn count(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn list(arguments: &RulesListArguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.common)?;
    let set = config.rules(&arguments.rules)?.load_or_fail()?;
    let mut out = std::io::stdout().lock();
    match arguments.format {
        Format::Json => writeln!(out, "{}", json!({"version": 1, "rules": set.listings()}))?,
        Format::Text => {
            for listing in set.listings() {
                text(&mut out, listing)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn text(out: &mut impl Write, listing: &Listing) -> std::io::Result<()> {
    let priority = listing.priority.map_or("", driftcore::matcher::Priority::as_str);
    writeln!(out, "{:<18} {priority:<13} {}", listing.status, listing.name)?;
    let mut more = |what: &str, names: &[&str]| {
        if names.is_empty() {
            return Ok(());
        }
        writeln!(out, "{:<32} {what}: {}", "", names.join(" "))
    };
    if listing.event_types.len() <= 12 {
        more("events", &listing.event_types)?;
    } else {
        more("events", &["many"])?;
    }
    more("hooks", &[&listing.hooks.join(", ")])?;
    if listing.missing_event_types.len() <= 12 {
        more("events that this sensor does not give", &listing.missing_event_types)?;
    }
    let missing: Vec<&str> = listing.missing_fields.iter().map(String::as_str).collect();
    more("fields that this sensor cannot fill", &missing)
}

fn fields(arguments: &RulesFieldsArguments) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    match arguments.format {
        CatalogueFormat::Text => write!(out, "{}", catalogue_text())?,
        CatalogueFormat::Json => writeln!(out, "{}", catalogue_json())?,
        CatalogueFormat::Markdown => write!(out, "{}", catalogue_markdown())?,
    }
    Ok(ExitCode::SUCCESS)
}
