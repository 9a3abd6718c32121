//! `driftd replay`: rules over recorded events.

use std::io;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use driftcore::event::DriftEvent;
use driftcore::event::Timestamp;
use driftcore::fields::FieldId;
use driftcore::fields::FieldRef;
use driftcore::fields::Fields;
use driftcore::fields::FlatEvent;
use driftcore::fields::Value;
use driftcore::rules::RuleSet;
use driftcore::rules::SetScratch;
use driftcore::view::Recorded;

use crate::cli::Format;
use crate::cli::ReplayArguments;
use crate::recorded::Lines;
use crate::ruleset::RuleSources;
use crate::ruleset::check_paths;

/// Exit status when a rule fired.
const FIRED: u8 = 1;

pub(crate) fn replay(arguments: &ReplayArguments) -> anyhow::Result<ExitCode> {
    check_paths(&arguments.rules)?;
    let rules = RuleSources::only(&arguments.rules, arguments.matching.into()).load_or_fail()?;
    let mut lines = Lines::open(&arguments.events)?;
    let mut replay = Replay {
        rules,
        memory: SetScratch::default(),
        format: arguments.output,
        hostname: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        out: io::stdout().lock(),
        fired: 0,
        number: 0,
    };
    while lines.next(|line| replay.line(line))?.is_some() {}
    replay.out.flush()?;
    Ok(if replay.fired > 0 { ExitCode::from(FIRED) } else { ExitCode::SUCCESS })
}

struct Replay<W> {
    rules: RuleSet,
    memory: SetScratch,
    format: Format,
    hostname: String,
    out: W,
    fired: u64,
    number: u64,
}

impl<W: Write> Replay<W> {
    fn line(&mut self, line: &[u8]) -> anyhow::Result<()> {
        self.number += 1;
        let json: serde_json::Value = serde_json::from_slice(line).context("no JSON")?;
        // A DriftEvent names its own version; no field has this name.
        if json.get("version").is_some() {
            let event = DriftEvent::from_json(&json).context("no DriftEvent")?;
            let hostname = self.hostname.clone();
            let (number, time) = (self.number, event.time);
            Recorded::new(&event)
                .with_view(number, &hostname, |view| self.event(view, time, Some(&event)))
        } else {
            let event = FlatEvent::from_json(&json)?;
            let time = time_of(&event);
            self.event(&event, time, None)
        }
    }

    fn event(
        &mut self,
        fields: &impl Fields,
        time: Timestamp,
        event: Option<&DriftEvent>,
    ) -> anyhow::Result<()> {
        for matched in self.rules.matched(fields, &mut self.memory) {
            let Some(alert) = matched.alert(&self.rules, time, &self.hostname, event) else {
                continue;
            };
            self.fired += 1;
            match self.format {
                Format::Text => writeln!(self.out, "{alert}")?,
                Format::Json => writeln!(self.out, "{}", serde_json::to_string(&alert)?)?,
            }
        }
        Ok(())
    }
}

/// `evt.rawtime` where the event has it, else now.
fn time_of(event: &FlatEvent) -> Timestamp {
    let field = FieldId::of("evt.rawtime").map(FieldRef::new);
    match field.map(|field| event.get(&field)) {
        Some(Value::Unsigned(nanos)) => {
            Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
        }
        _ => Timestamp::now(),
    }
}
