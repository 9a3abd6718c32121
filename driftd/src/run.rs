//! `driftd run`.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::PoisonError;
use std::thread;

use anyhow::Context;
use anyhow::bail;
use driftcore::baseline::Exceptions;
use driftcore::baseline::Normality;
use driftcore::engine::ApprovalsHandle;
use driftcore::engine::Counters;
use driftcore::engine::EngineBuilder;
use driftcore::engine::ExpectationsHandle;
use driftcore::engine::HookChoice;
use driftcore::engine::ImagesHandle;
use driftcore::engine::NormalityHandle;
use driftcore::engine::RulesHandle;
use driftcore::engine::Scope;
use driftcore::engine::survey;
use driftcore::event::Text;
use driftcore::event::Timestamp;
use driftcore::fields::EventType;
use driftcore::sensor::SensorOptions;
use signal_hook::consts::SIGHUP;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;

use crate::approved;
use crate::cli::RunArguments;
use crate::config::Config;
use crate::output::Output;
use crate::output::Unwritten;
use crate::scan::printable::Printable;

pub(crate) fn run(arguments: &RunArguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.common)?;
    let rules = config.rules(&arguments.rules)?.load_or_fail()?;
    let unwritten = Unwritten::default();
    let output = Output::open(arguments, Unwritten::clone(&unwritten))?;
    // From here on a signal ends us in good order, however early it comes.
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).context("cannot wait for signals")?;
    check_containers(arguments, &config)?;

    let asks_for_config = rules.may_match(EventType::ASYNCEVENT);
    let events_asked = arguments.events.is_some() || arguments.events_all.is_some();
    let sensor = config.sensor();
    let mut builder = EngineBuilder::new();
    if let Some(verifier) = config.verifier()? {
        builder.approve(verifier);
    }
    let mut engine = builder
        .sensor(SensorOptions { hooks: arguments.hooks.or(sensor.hooks), ..sensor })
        .state_roots(config.state_roots())
        .bounds(config.bounds())
        .rules(rules)
        .watch(config.wanted(events_asked))
        .expect(config.expectations()?)
        .normality(normality(&config)?)
        .images(config.images()?)
        .code(config.code())
        .packages(config.watches_packages())
        .configuration(config.configuration(events_asked, asks_for_config))
        .configuration_calls(config.configuration_calls())
        .secrets(config.secrets().to_vec())
        .pods(config.pods().map(std::path::Path::to_owned))
        .allow_degraded(arguments.allow_degraded)
        .scope(Scope {
            all_events: arguments.events_all.is_some(),
            containers: arguments.containers.clone(),
        })
        .build(output)
        .context("cannot watch this node (driftd doctor says more)")?;

    let stopper = engine.stopper();
    let reload = Reload {
        arguments: arguments.clone(),
        digests: config.bounds().digests,
        rules: engine.rules(),
        expectations: engine.expectations(),
        normality: engine.normality(),
        images: engine.images(),
        approvals: engine.approvals(),
    };
    let normal = engine.normality();
    if let Some(approvals) = engine.approvals() {
        approved::watch(&config, approvals);
    }
    thread::spawn(move || {
        for signal in signals.forever() {
            if signal == SIGHUP {
                reload.reload();
            } else {
                stopper.stop();
            }
        }
    });
    eprintln!("driftd: files are seen by {}", told(engine.hooks()));
    eprintln!("ready");
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
        tracing::warn!(%error, "cannot tell systemd that driftd is ready");
    }
    favour_this_thread(config.nice());
    engine.run().context("cannot go on watching")?;
    let counters = engine.counters().clone();
    // Writes out what waits.
    drop(engine);
    tell_uses(&normal.load().exceptions);
    summarise(&counters, &unwritten.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(ExitCode::SUCCESS)
}

/// The hook set, and why it is not a better one.
fn told(hooks: &HookChoice) -> String {
    let refused = hooks.refused.iter().map(|(set, reason)| format!("; not by {set}: {reason}"));
    format!("{}{}", hooks.set, refused.collect::<String>())
}

/// What is read again at SIGHUP.
struct Reload {
    arguments: RunArguments,
    /// Whether digests of drifted code are read: that stays as it was at the start.
    digests: bool,
    rules: RulesHandle,
    expectations: ExpectationsHandle,
    normality: NormalityHandle,
    images: ImagesHandle,
    approvals: Option<ApprovalsHandle>,
}

impl Reload {
    /// Reads configuration, rules, baselines, exceptions, manifests of images and what was approved again.
    /// From the next event on the new rules are matched, and what the new configuration expects is expected.
    /// When any is bad, all stay.
    fn reload(&self) {
        let read = Config::load(&self.arguments.common).and_then(|config| {
            let rules = config.rules(&self.arguments.rules)?.load_or_fail()?;
            let (images, verifier) = (config.images()?, config.verifier()?);
            let normality = normality(&config)?;
            let digests = config.bounds().digests;
            Ok((rules, config.expectations()?, normality, images, verifier, digests))
        });
        match read {
            Ok((rules, expected, normality, images, verifier, digests)) => {
                let count = rules.rules().len();
                match (&self.approvals, verifier) {
                    (Some(approvals), Some(verifier)) => approvals.replace(verifier),
                    (None, None) => {}
                    _ => eprintln!("driftd: [digest] is turned on or off by a new start alone"),
                }
                self.expectations.replace(expected);
                tell_uses(&self.normality.replace(normality).exceptions);
                self.images.replace(images);
                self.rules.replace(rules);
                eprintln!("driftd: {count} rules were loaded again");
                if digests && !self.digests {
                    eprintln!(
                        "driftd: digests of drifted code are read only after a restart: until then \
                         what is expected by its content is drift"
                    );
                }
            }
            Err(error) => eprintln!("driftd: the rules stay as they are: {error:#}"),
        }
    }
}

/// What the configuration says to be normal. Exceptions that have expired are told.
fn normality(config: &Config) -> anyhow::Result<Normality> {
    let normality = config.normality()?;
    let now = Timestamp::now();
    for (exception, ..) in normality.exceptions.uses() {
        if let Some(expires) = exception.expires().filter(|_| exception.is_expired(now)) {
            eprintln!(
                "driftd: the exception \"{}\" expired {expires}: what it took is drift again",
                Printable(&Text::from(exception.reason()))
            );
        }
    }
    Ok(normality)
}

/// How often each exception was used.
fn tell_uses(exceptions: &Exceptions) {
    for (exception, taken, expired) in exceptions.uses() {
        if taken + expired > 0 {
            eprintln!(
                "driftd: the exception \"{}\" took {taken} event(s), and would have taken {expired} since it \
                 expired",
                Printable(&Text::from(exception.reason()))
            );
        }
    }
}

/// The rings are read on this thread alone. Where a container keeps every processor busy, its turn
/// must come all the same, before the rings are full.
fn favour_this_thread(nice: i32) {
    // Linux sets the value of the calling thread, not of the process (setpriority(2)).
    if let Err(error) = rustix::process::setpriority_process(None, nice) {
        tracing::warn!(%error, nice, "cannot favour the thread that reads the rings");
    }
}

/// A prefix that means several containers is an error, not a guess. One that means none may mean
/// one that starts later.
fn check_containers(arguments: &RunArguments, config: &Config) -> anyhow::Result<()> {
    if arguments.containers.is_empty() {
        return Ok(());
    }
    let running = survey(&config.state_roots()).context("cannot list the containers")?;
    for wanted in &arguments.containers {
        let found: Vec<&str> = running
            .iter()
            .filter(|running| running.container.id.starts_with(wanted))
            .map(|running| running.container.id.as_str())
            .collect();
        let by_name = running.iter().any(|one| one.container.name.as_deref() == Some(wanted));
        if found.is_empty() && !by_name {
            tracing::warn!(container = wanted, "does not run here now; waiting for it");
        }
        if found.len() > 1 && !by_name && !found.contains(&wanted.as_str()) {
            bail!("--container {wanted} is ambiguous: it begins the ids {}", found.join(", "));
        }
    }
    Ok(())
}

fn summarise(counters: &Counters, unwritten: &BTreeMap<String, u64>) {
    let lost = counters.lost.iter().map(|(reason, count)| format!("{reason}={count}"));
    let unwritten =
        unwritten.iter().map(|(target, count)| format!("unwritten to {target}={count}"));
    let lost: Vec<String> = lost.chain(unwritten).collect();
    eprintln!(
        "driftd: {} execs, {} file operations, {} socket operations and {} running processes seen, {} drift, {} alerts; {} content proofs, \
         {} from the cache, {} refused; {} package databases and {} configurations not compared; lost: {}",
        counters.execs,
        counters.files,
        counters.sockets,
        counters.found_running,
        counters.drift,
        counters.alerts,
        counters.proofs,
        counters.proofs_cached,
        counters.proofs_refused,
        counters.packages_refused,
        counters.configurations_refused,
        if lost.is_empty() { "nothing".to_owned() } else { lost.join(" ") },
    );
}
