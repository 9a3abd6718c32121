//! `driftd verify`: are the images that run those that were approved?

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use driftcore::digest::Approval;
use driftcore::digest::Approved;
use driftcore::digest::Blobs;
use driftcore::digest::Check;
use driftcore::digest::Count;
use driftcore::digest::Digest;
use driftcore::digest::Running;
use driftcore::digest::Verifier;
use driftcore::digest::read_pods;
use driftcore::engine::survey;
use driftcore::event::Text;
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
    let stores = config.state_roots().containerd;
    let stores = stores.into_iter().map(|it| it.root.join("io.containerd.content.v1.content"));
    let verifier =
        Verifier::new(approved, Blobs::new(arguments.layout.iter().cloned().chain(stores)));
    let mut report = Report {
        format: arguments.format,
        out: BufWriter::new(std::io::stdout().lock()),
        counts: BTreeMap::new(),
    };
    report.begin()?;
    let pods = match &arguments.pods {
        None => {
            let running = survey(&config.state_roots()).context("cannot list the containers")?;
            for one in &running {
                let running = Running::from(&one.container);
                report.line(&running, &verifier.check(&running))?;
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
        || arguments.strict && has(Approval::CannotTell.as_str());
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
            written = report.line(&running, &verifier.check(&running));
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
}

impl<W: Write> Report<W> {
    fn begin(&mut self) -> std::io::Result<()> {
        match self.format {
            Format::Json => write!(self.out, "{{\"version\":1,\"containers\":["),
            Format::Text => Ok(()),
        }
    }

    fn line(&mut self, running: &Running, check: &Check) -> std::io::Result<()> {
        let is_first = self.counts.is_empty();
        *self.counts.entry(check.approval.as_str()).or_default() += 1;
        match self.format {
            Format::Json => {
                let separator = if is_first { "" } else { "," };
                write!(self.out, "{separator}\n{}", to_json(running, check))
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
                )
            }
        }
    }

    fn end(&mut self, pods: Option<Count>) -> std::io::Result<()> {
        match self.format {
            Format::Json => {
                let mut summary = json!({"approvals": self.counts});
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
                writeln!(self.out, "{}", parts.join(", "))?;
            }
        }
        self.out.flush()
    }
}

fn to_json(running: &Running, check: &Check) -> serde_json::Value {
    json!({
        "container": running.name,
        "role": running.role.as_str(),
        "pod": running.pod,
        "namespace": running.namespace,
        "node": running.node,
        "image": running.image,
        "approval": check.approval,
        "reason": check.reason,
        "running_digest": check.running.as_ref().map(Digest::as_str),
        "approved_digests": check.approved.iter().map(Digest::as_str).collect::<Vec<_>>(),
    })
}
