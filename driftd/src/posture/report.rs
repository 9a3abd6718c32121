//! Postures as they are printed: as JSON while they come, as text the worst first.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use driftcore::posture::Count;
use driftcore::posture::Level;
use driftcore::posture::Posture;
use driftcore::posture::STANDARD;
use driftcore::posture::Suggestion;
use serde_json::json;

use super::text;
use super::worst::Worst;
use crate::cli::Format;

/// How many pods are told of as text.
const TOLD_MAX: usize = 1000;

pub(super) struct Report<W> {
    out: W,
    shown: Shown,
    postures: u64,
    /// Containers, by the level that they meet.
    levels: BTreeMap<Level, u64>,
    /// Fields that fail, by the name of the control.
    controls: BTreeMap<&'static str, u64>,
    more_failures: u64,
    /// Containers of which nothing could be told.
    failed: u64,
}

enum Shown {
    /// Nothing is kept.
    Json,
    Text(Worst),
}

impl<W: Write> Report<W> {
    pub(super) fn new(format: Format, mut out: W) -> io::Result<Self> {
        let shown = match format {
            Format::Json => {
                write!(out, "{{\"version\":1,\"standard\":\"{STANDARD}\",\"pods\":[")?;
                Shown::Json
            }
            Format::Text => Shown::Text(Worst::new(TOLD_MAX)),
        };
        Ok(Self {
            out,
            shown,
            postures: 0,
            levels: BTreeMap::new(),
            controls: BTreeMap::new(),
            more_failures: 0,
            failed: 0,
        })
    }

    pub(super) fn add(&mut self, posture: Posture) -> io::Result<()> {
        let is_first = self.postures == 0;
        self.postures += 1;
        self.more_failures += posture.more_failures;
        for failure in &posture.failures {
            *self.controls.entry(failure.control.name()).or_default() += 1;
        }
        for container in &posture.containers {
            *self.levels.entry(container.level).or_default() += 1;
            self.more_failures += container.more_failures;
            for failure in &container.failures {
                *self.controls.entry(failure.control.name()).or_default() += 1;
            }
        }
        match &mut self.shown {
            Shown::Json => {
                let separator = if is_first { "\n" } else { ",\n" };
                self.out.write_all(separator.as_bytes())?;
                serde_json::to_writer(&mut self.out, &posture)?;
            }
            Shown::Text(worst) => worst.add(posture),
        }
        Ok(())
    }

    /// The level that all containers meet.
    pub(super) fn least(&self) -> Option<Level> {
        self.levels.keys().next().copied()
    }

    /// Nothing could be told of a container; why was said.
    pub(super) const fn failed(&mut self) {
        self.failed += 1;
    }

    /// Prints what is left; `count` where pods were read, `suggestion` where one container was looked at.
    pub(super) fn finish(
        &mut self,
        count: Option<Count>,
        suggestion: Option<&Suggestion>,
    ) -> io::Result<()> {
        let of = |level| self.levels.get(&level).copied().unwrap_or_default();
        let levels = [Level::Privileged, Level::Baseline, Level::Restricted];
        let containers: u64 = self.levels.values().sum();
        match std::mem::replace(&mut self.shown, Shown::Json) {
            Shown::Json => {
                let by_level: BTreeMap<_, _> =
                    levels.iter().map(|&level| (level.as_str(), of(level))).collect();
                let mut summary = json!({
                    "containers": containers,
                    "levels": by_level,
                    "controls": self.controls,
                    "more_failures": self.more_failures,
                });
                if let Some(count) = count {
                    summary["pods"] = count.pods.into();
                    summary["other_objects"] = count.others.into();
                }
                summary["failed"] = self.failed.into();
                write!(self.out, "\n],")?;
                if let Some(suggestion) = suggestion {
                    writeln!(self.out, "\"suggestion\":{},", suggestion.to_json())?;
                }
                writeln!(self.out, "\"summary\":{summary}}}")?;
            }
            Shown::Text(worst) => {
                let (worst, left) = worst.finish();
                for posture in &worst {
                    text::write(&mut self.out, posture)?;
                }
                if left > 0 {
                    writeln!(self.out, "{left} more, none of them worse; --format json tells all")?;
                }
                let pods = count.map_or(String::new(), |it| format!(" of {} pod(s)", it.pods));
                let by_level: Vec<_> =
                    levels.iter().map(|&level| format!("{} {level}", of(level))).collect();
                let by_level = by_level.join(", ");
                writeln!(
                    self.out,
                    "{containers} container(s){pods} by the Pod Security Standards {STANDARD}: {by_level}"
                )?;
                if self.failed > 0 {
                    writeln!(self.out, "{} container(s) could not be looked at", self.failed)?;
                }
                if let Some(suggestion) = suggestion {
                    writeln!(
                        self.out,
                        "\nWhat it did would have been allowed by:\n\n{suggestion}"
                    )?;
                }
            }
        }
        self.out.flush()
    }
}
