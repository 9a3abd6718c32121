//! `driftd verify`: are the images that run those that were approved?

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::IsTerminal;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use driftcore::container::Runtimes;
use driftcore::digest::Approval;
use driftcore::digest::Approved;
use driftcore::digest::Check;
use driftcore::digest::Count;
use driftcore::digest::Running;
use driftcore::digest::Verifier;
use driftcore::digest::read_pods;
use driftcore::engine::survey;
use driftcore::event::Container;
use driftcore::event::Text;
use driftcore::image::manifest::LayerChecks;
use driftcore::image::manifest::LayerProof;
use driftcore::image::manifest::LayerReport;
use serde_json::json;

use crate::cli::Format;
use crate::cli::VerifyArguments;
use crate::config::Config;
use crate::scan::printable::Printable;

/// Exit status when something was not approved.
const NOT_APPROVED: u8 = 1;

pub(crate) fn verify(arguments: &VerifyArguments) -> anyhow::Result<ExitCode> {
    let mut approved = Approved::new();
    for path in &arguments.approved {
        approved.read(path)?;
    }
    if approved.is_empty() {
        eprintln!("driftd: no image is named in {}", list(&arguments.approved));
    }
    let config = Config::load(&arguments.common)?;
    let verifier = Verifier::new(approved, config.blobs(&arguments.layout));
    let mut report = Report {
        format: arguments.format,
        out: BufWriter::new(std::io::stdout().lock()),
        counts: BTreeMap::new(),
        proofs: BTreeMap::new(),
    };
    report.begin()?;
    let pods = match &arguments.pods {
        None => {
            let running = survey(&config.state_roots()).context("cannot list the containers")?;
            let mut layers =
                arguments.deep.then(|| LayerChecks::new(Runtimes::new(config.state_roots())));
            for (at, one) in running.iter().enumerate() {
                let mut progress = Progress::new(layers.is_some());
                progress.show(at, running.len(), &one.container);
                let deep = layers.as_mut().map(|layers| layers.check(&one.container));
                progress.clear();
                let running = Running::from(&one.container);
                report.line(&running, &verifier.check(&running), deep.as_ref())?;
            }
            None
        }
        Some(path) => Some(pods(path, &verifier, &mut report)?),
    };
    report.end(pods)?;
    let has = |approval| report.counts.contains_key(approval);
    let fails = has(Approval::Mismatch.as_str())
        || has(Approval::MutableTag.as_str())
        || has(Approval::Unapproved.as_str())
        || report.proofs.contains_key(&LayerProof::Differs)
        || arguments.strict
            && (has(Approval::CannotTell.as_str())
                || report.proofs.contains_key(&LayerProof::CannotTell));
    Ok(if fails { ExitCode::from(NOT_APPROVED) } else { ExitCode::SUCCESS })
}

/// Verifies pods while they are read.
fn pods(
    path: &Path,
    verifier: &Verifier,
    report: &mut Report<impl Write>,
) -> anyhow::Result<Count> {
    let mut written = Ok(());
    let each = |running: Running| {
        if written.is_ok() {
            written = report.line(&running, &verifier.check(&running), None);
        }
    };
    let count = if path == Path::new("-") {
        read_pods(Path::new("standard input"), BufReader::new(std::io::stdin().lock()), each)?
    } else {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        read_pods(path, BufReader::new(file), each)?
    };
    written?;
    Ok(count)
}

fn list(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    names.join(", ")
}

/// Prints each container as it is verified: of any number of pods, none is kept.
struct Report<W> {
    format: Format,
    out: W,
    counts: BTreeMap<&'static str, u64>,
    /// What was found of layers.
    proofs: BTreeMap<LayerProof, u64>,
}

impl<W: Write> Report<W> {
    fn begin(&mut self) -> std::io::Result<()> {
        match self.format {
            Format::Json => write!(self.out, "{{\"version\":1,\"containers\":["),
            Format::Text => Ok(()),
        }
    }

    fn line(
        &mut self,
        running: &Running,
        check: &Check,
        deep: Option<&LayerReport>,
    ) -> std::io::Result<()> {
        if let Some(deep) = deep {
            *self.proofs.entry(deep.layers).or_default() += 1;
        }
        let is_first = self.counts.is_empty();
        *self.counts.entry(check.approval.as_str()).or_default() += 1;
        match self.format {
            Format::Json => {
                let separator = if is_first { "" } else { "," };
                let mut line = check.report(running);
                if let Some(deep) = deep {
                    line["deep"] = json!(deep);
                }
                write!(self.out, "{separator}\n{line}")
            }
            Format::Text => {
                let shown = |text: &str| Printable(&Text::from(text)).to_string();
                let mut name = running.name.clone();
                if let Some(pod) = &running.pod {
                    let namespace = running.namespace.as_deref().unwrap_or("default");
                    name = format!("{namespace}/{pod} {name}");
                }
                let role = match running.role.as_str() {
                    "main" => String::new(),
                    role => format!(" ({role})"),
                };
                let image =
                    if running.image.is_empty() { "an unknown image" } else { &running.image };
                writeln!(
                    self.out,
                    "{:<11} {}{role}: {}: {}",
                    check.approval.as_str().replace('_', " "),
                    shown(&name),
                    shown(image),
                    shown(&check.reason)
                )?;
                deep.map_or(Ok(()), |deep| self.layers(deep))
            }
        }
    }

    /// What was found of a container's layers, for people.
    fn layers(&mut self, deep: &LayerReport) -> std::io::Result<()> {
        let what = deep.layers.as_str().replace('_', " ");
        let reason = Printable(&Text::from(deep.reason.as_str())).to_string();
        let reason = match deep.layers {
            LayerProof::Proved => format!(
                "{} layer(s) by their digests, {} files by what is in them",
                deep.layer_count, deep.file_count
            ),
            _ => reason,
        };
        writeln!(self.out, "            layers {what}: {reason}")?;
        for difference in &deep.differences {
            let path = Printable(&difference.path);
            writeln!(self.out, "              {:<10} {path}", difference.kind.as_str())?;
        }
        let more = deep.difference_count.saturating_sub(deep.differences.len() as u64);
        if more > 0 {
            writeln!(self.out, "              ... and {more} more")?;
        }
        Ok(())
    }

    fn end(&mut self, pods: Option<Count>) -> std::io::Result<()> {
        match self.format {
            Format::Json => {
                let mut summary = json!({"approvals": self.counts});
                if !self.proofs.is_empty() {
                    let proofs = self.proofs.iter().map(|(proof, count)| (proof.as_str(), count));
                    summary["layers"] = json!(proofs.collect::<BTreeMap<_, _>>());
                }
                if let Some(count) = pods {
                    summary["pods"] = count.pods.into();
                    summary["other_objects"] = count.others.into();
                }
                writeln!(self.out, "\n],\"summary\":{summary}}}")?;
            }
            Format::Text => {
                let total: u64 = self.counts.values().sum();
                let mut parts = vec![match pods {
                    Some(count) => format!("{total} container(s) of {} pod(s)", count.pods),
                    None => format!("{total} container(s)"),
                }];
                let counts = self.counts.iter();
                parts.extend(
                    counts.map(|(name, count)| format!("{count} {}", name.replace('_', " "))),
                );
                parts.extend(self.proofs.iter().map(|(proof, count)| {
                    format!("layers of {count} {}", proof.as_str().replace('_', " "))
                }));
                writeln!(self.out, "{}", parts.join(", "))?;
            }
        }
        self.out.flush()
    }
}

/// A line on the terminal that says whose layers are read.
struct Progress(bool);

impl Progress {
    fn new(is_long: bool) -> Self {
        Self(is_long && std::io::stderr().is_terminal())
    }

    fn show(&mut self, at: usize, of: usize, container: &Container) {
        if self.0 {
            let name = container.name.as_deref().unwrap_or_else(|| container.short_id());
            let name = Text::from(name);
            // Nothing depends on it being read.
            let _ = write!(
                std::io::stderr(),
                "\r\x1b[Kreading the layers of {} ({} of {of})",
                Printable(&name),
                at + 1
            );
        }
    }

    fn clear(&mut self) {
        if self.0 {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
