//! What happens to a record: decoded, enriched, classified, matched, handed to the sink.

use std::time::Duration;
use std::time::Instant;

use rustc_hash::FxHashSet;

use super::assemble::Observed;
use super::assemble::Origin;
use super::assemble::Sighting;
use super::assemble::exec_event;
use super::builder::Scope;
use super::calls::Arguments;
use super::clock::Clock;
use super::clock::boot_now_ns;
use super::configuration::Configuration;
use super::configuration::secrets::SecretsWatch;
use super::containers::Containers;
use super::containers::Known;
use super::counters::Counters;
#[cfg(feature = "digest")]
use super::digests::Verifying;
use super::expectations::ExpectationsHandle;
use super::found::Spots;
use super::held::HeldBack;
use super::matching::Matching;
use super::matching::Outcome;
use super::mounts::Mounts;
use super::normality::Done;
use super::normality::NormalityHandle;
use super::normality::is_drift;
use super::packages::Packages;
use super::ports::Ports;
use super::proofs::Answered;
use super::proofs::Proofs;
use super::proofs::Verdicts;
use super::writers::writer_of;
use crate::baseline::Conduct;
use crate::baseline::Normality;
use crate::decode::decode;
use crate::enrich::Identity;
use crate::enrich::Lineage;
use crate::enrich::ProcessTable;
use crate::enrich::Seen;
use crate::enrich::command_line;
use crate::event::Action;
use crate::event::Actor;
use crate::event::DriftEvent;
use crate::event::Event;
use crate::event::Evidence;
use crate::event::Exec;
use crate::event::FileOperation;
use crate::event::Kind;
use crate::event::LossReason;
use crate::event::Provenance;
use crate::event::Ruling;
use crate::event::Timestamp;
use crate::event::Verdict;
use crate::event::Writer;
use crate::network::Expectations;
use crate::provenance::Classified;
use crate::sensor::Wanted;
use crate::sink::Sink;
use crate::view::Ancestors;
use crate::view::ObservedFacts;
use crate::view::Recorded;
use crate::view::Relative;
use crate::view::View;
use crate::wire::RawEvent;

/// Everything behind the sensor.
pub(super) struct Core {
    pub(super) processes: ProcessTable,
    pub(super) containers: Containers,
    pub(super) proofs: Proofs,
    pub(super) counters: Counters,
    pub(super) clock: Clock,
    pub(super) scope: Scope,
    pub(super) hostname: String,
    pub(super) matching: Matching,
    pub(super) held: HeldBack,
    /// What is expected of containers' sockets.
    pub(super) expectations: ExpectationsHandle,
    /// What is said to be normal.
    pub(super) normality: NormalityHandle,
    pub(super) ports: Ports,
    pub(super) packages: Packages,
    pub(super) configuration: Configuration,
    /// `None` where nobody asks for configurations.
    pub(super) secrets: Option<SecretsWatch>,
    #[cfg(feature = "digest")]
    pub(super) verifying: Option<Verifying>,
    /// What live events tell of waiting sockets, while others are looked for.
    pub(super) live_spots: Option<Spots>,
    pub(super) sink: Box<dyn Sink + Send>,
    pub(super) path: Vec<u8>,
    /// On which mounts files count beside the container's root.
    pub(super) mounts: Mounts,
    /// The kernel side remembers who writes files.
    pub(super) watches_files: bool,
    /// Calls that nobody but the engine itself asked for: rules and the sink are not told of them.
    pub(super) unheard: Wanted,
    pub(super) old_path: Vec<u8>,
    pub(super) call_arguments: Arguments,
}

impl Core {
    pub(super) fn new(
        containers: Containers,
        proofs: Proofs,
        scope: Scope,
        matching: Matching,
        sink: Box<dyn Sink + Send>,
    ) -> Self {
        Self {
            processes: ProcessTable::new(),
            containers,
            proofs,
            counters: Counters::default(),
            clock: Clock::now(),
            scope,
            hostname: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            matching,
            held: HeldBack::default(),
            expectations: ExpectationsHandle::new(Expectations::default()),
            normality: NormalityHandle::new(Normality::default()),
            ports: Ports::default(),
            packages: Packages::default(),
            configuration: Configuration::default(),
            secrets: None,
            #[cfg(feature = "digest")]
            verifying: None,
            live_spots: None,
            sink,
            path: Vec::new(),
            mounts: Mounts::default(),
            watches_files: false,
            unheard: Wanted::NOTHING,
            old_path: Vec::new(),
            call_arguments: Arguments::default(),
        }
    }

    /// Takes in one record.
    pub(super) fn record(&mut self, bytes: &[u8], origin: Origin) {
        let raw = match RawEvent::new(bytes) {
            Ok(raw) => raw,
            Err(error) => {
                tracing::warn!(%error, "a record from the kernel is malformed");
                *self.counters.lost.entry(LossReason::Malformed).or_default() += 1;
                return;
            }
        };
        match decode(&raw) {
            Event::Fork(fork) => {
                if self.processes.fork(&fork) {
                    self.containers.joined(fork.container);
                }
            }
            Event::Exit(exit) => {
                if self.processes.exit(&exit) {
                    self.containers.left(exit.container);
                }
            }
            Event::Exec(exec) => self.exec(&exec, origin),
            Event::File(event) => {
                self.counters.files += 1;
                if self.knows_container(&event.actor, event.boot_ns) {
                    if matches!(event.operation, FileOperation::Map | FileOperation::Script) {
                        self.code(&event);
                    } else {
                        self.file(&event);
                    }
                }
            }
            Event::Socket(event) => {
                self.counters.sockets += 1;
                if self.knows_container(&event.actor, event.boot_ns) {
                    self.socket(&event, origin);
                }
            }
            Event::Call(call) => {
                self.counters.calls += 1;
                if self.knows_container(&call.actor, call.boot_ns) {
                    self.call(&call);
                }
            }
        }
    }

    /// Whether the container of an event is known by now. An event of one that is not is counted.
    fn knows_container(&mut self, actor: &Actor<'_>, boot_ns: u64) -> bool {
        let known = self.containers.of_actor(actor, boot_ns, self.clock).is_some();
        if !known {
            *self.counters.lost.entry(LossReason::UnknownContainer).or_default() += 1;
        }
        known
    }

    fn exec(&mut self, exec: &Exec<'_>, origin: Origin) {
        self.containers.of_exec(exec, self.clock);

        // The iterator runs in our context and cannot read another process's memory.
        let read = exec.found_running.then(|| command_line(exec.task.pid, exec.task.start_ns));
        let args = match &read {
            Some(Some((args, more))) => (args.as_slice(), *more),
            Some(None) => (&[][..], true),
            None => (exec.args, exec.args_truncated),
        };
        let Lineage { joined, seen } = self.processes.exec(exec, args.0);
        // Before all else: who let it into its container is about to end.
        self.processes.complete_exec_ancestry(exec);
        if joined {
            self.containers.joined(exec.task.container);
        }
        if seen == Seen::Before {
            return;
        }
        if exec.found_running {
            self.counters.found_running += 1;
        } else {
            self.counters.execs += 1;
        }

        if origin == Origin::Live {
            self.package_manager(exec, args);
            self.configuration_exec(exec, args);
        }
        let Some(known) = self.containers.get(exec.task.container) else { return };
        let evidence = known.on_own_root(exec.file);
        exec.exe.write_to(&mut self.path);
        let verdicts = self.proofs.ask(
            &evidence,
            known.source.as_ref(),
            &self.path,
            known.container.started_at,
            &mut self.counters,
        );
        let who = Identity::from(&exec.task);
        self.processes.complete_leaders(exec);
        let watched = self.watches_files || exec.writer.is_some();
        let processes = &mut self.processes;
        let writer = watched
            .then(|| writer_of(processes, Some(known), exec.writer.as_ref(), &evidence, self.clock))
            .flatten();
        let relatives = self.processes.ancestry(who);
        let ancestors = Ancestors::new(relatives.map(|(pid, program)| Relative { pid, program }));
        let names = self.containers.names(exec.task.container, exec.task.pid);
        let seen = Sighting {
            exec,
            path: &self.path,
            evidence: &evidence,
            origin,
            clock: self.clock,
            container: Some(&known.container),
            details: Some(&known.details),
            accounts: &names,
            processes: &self.processes,
            ancestors: &ancestors,
            writer: writer.as_deref(),
            tainted: self.processes.is_tainted(who),
        };
        let id = exec.task.container;
        let by = (who, exec.boot_ns);
        let program = self.processes.program(who).filter(|_| !self.waits_for_runtime(id));
        match (verdicts, program) {
            (Verdicts::Now(classified), Some(program)) => {
                let sha256 = classified.sha256_text();
                let number = self.matching.next_number();
                let (provenance, hostname) = (&classified.provenance, &self.hostname);
                let ruling = self.ruling(Done {
                    container: id,
                    who,
                    exe: program.exe(),
                    tainted: seen.tainted,
                    time: seen.clock.wall(exec.boot_ns),
                    deed: Some(Conduct::runs(&self.path, provenance.verdict, classified.sha256)),
                    path: &self.path,
                    old_path: b"",
                    drift: provenance.verdict.is_drift_for_code(),
                });
                let drift = is_drift(provenance.verdict.is_drift_for_code(), ruling);
                let facts = seen.facts(program, provenance, sha256.as_deref(), number, hostname);
                let facts = ObservedFacts { drift, ..facts };
                let outcome = self.matching.run(&View::new(facts), facts.time);
                let taints = drift && taints(&classified);
                if drift || self.scope.all_events || !outcome.is_empty() {
                    let event = self.assemble(exec, args, origin, writer);
                    self.deliver(event, classified, ruling, &outcome);
                }
                if taints {
                    self.processes.taint(who, exec.boot_ns);
                }
            }
            // What its runtime knows has not arrived, and rules must not take it for absent; or the
            // table had no room for the process, and rules have to look at the event itself.
            (Verdicts::Now(classified), None) => {
                let live = seen.live(true);
                let event = self.assemble(exec, args, origin, writer);
                let event = Observed { container: id, event, live, by };
                self.answer(Answered { event, classified: Some(classified) });
            }
            (Verdicts::Later(question), _) => {
                let live = seen.live(true);
                let event = self.assemble(exec, args, origin, writer);
                let observed = Observed { container: id, event, live, by };
                if let Some(answered) = self.proofs.begin(question, observed, &mut self.counters) {
                    self.answer(answered);
                }
            }
        }
    }

    pub(super) fn assemble(
        &self,
        exec: &Exec<'_>,
        args: (&[u8], bool),
        origin: Origin,
        writer: Option<Box<Writer>>,
    ) -> DriftEvent {
        let ancestors = self.processes.ancestors(&exec.task);
        let container = self.containers.get(exec.task.container);
        let container = container.map(|known| (*known.container).clone());
        let mut event = exec_event(exec, args, origin, self.clock, container, ancestors, writer);
        event.tainted = self.processes.is_tainted((&exec.task).into());
        event
    }

    /// Hands over what content proofs have answered, and what waited for its container's runtime.
    pub(super) fn answers(&mut self) {
        while let Some(answered) = self.proofs.next_answer() {
            self.answer(answered);
        }
        self.package_changes();
        self.configuration_findings();
        self.secrets_findings();
        #[cfg(feature = "digest")]
        self.verify_images();
        self.release();
    }

    pub(super) fn answer(&mut self, answered: Answered) {
        if self.waits_for_runtime(answered.event.container) {
            self.hold(answered);
        } else {
            self.decide(answered);
        }
    }

    /// Matches and hands over an event that waited.
    fn decide(&mut self, answered: Answered) {
        let Answered { event: Observed { container, mut event, live, by }, classified } = answered;
        let may_taint = classified.as_ref().is_some_and(taints);
        // What tainted it may have waited as well.
        event.tainted |= self.processes.was_tainted(by.0, by.1);
        if let Some(classified) = classified {
            judge(&mut event, classified);
        }
        let details = self.containers.get(container).map(|known| known.details.clone());
        self.judge_socket(&mut event, details.as_deref());
        self.rule(&mut event, container, by.0);
        let number = self.matching.next_number();
        let pid = event.process.as_ref().map_or(0, |process| process.pid);
        let names = self.containers.names(container, pid);
        let recorded = Recorded::with_live(&event, live);
        let recorded = recorded.in_container(details.as_deref(), Some(&names));
        let outcome =
            recorded.with_view(number, &self.hostname, |view| self.matching.run(view, event.time));
        self.hand_over(&event, &outcome);
        if may_taint && event.drift {
            self.processes.taint(by.0, by.1);
        }
    }

    /// Whether events wait for what a runtime knows.
    pub(super) fn holds_back(&self) -> bool {
        !self.held.is_empty()
    }

    pub(super) fn waits_for_runtime(&self, container: u64) -> bool {
        self.held.holds(container)
            || self.containers.get(container).is_some_and(|known| known.awaited_until().is_some())
    }

    fn hold(&mut self, answered: Answered) {
        let container = answered.event.container;
        let until = self.containers.get(container).and_then(Known::awaited_until);
        self.held.push(container, until.unwrap_or_else(Instant::now), answered);
    }

    /// Hands over what need not wait any longer.
    fn release(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let now = Instant::now();
        self.containers.retry(now);
        loop {
            let containers = &self.containers;
            let is_known = |id| containers.get(id).is_none_or(|it| it.awaited_until().is_none());
            let Some((id, answered)) = self.held.next(now, is_known) else { return };
            self.release_one(id, answered);
        }
    }

    /// With what the runtime says now. Where it still says nothing, the event says that.
    fn release_one(&mut self, id: u64, mut answered: Answered) {
        if let Some(known) = self.containers.get(id) {
            let event = &mut answered.event.event;
            event.container = Some((*known.container).clone());
            if known.is_incomplete() {
                event.truncated.push("container".to_owned());
            }
        }
        self.decide(answered);
    }

    pub(super) fn deliver(
        &mut self,
        mut event: DriftEvent,
        classified: Classified,
        ruling: Option<Ruling>,
        outcome: &Outcome,
    ) {
        judge(&mut event, classified);
        event.drift = is_drift(event.drift, ruling);
        event.ruling = ruling;
        self.hand_over(&event, outcome);
    }

    pub(super) fn hand_over(&mut self, event: &DriftEvent, outcome: &Outcome) {
        if !self.scope.includes(event.container.as_ref()) {
            return;
        }
        self.counters.drift += u64::from(event.drift);
        if event.drift || self.scope.all_events {
            self.sink.event(event);
        }
        self.counters.alerts += outcome.len() as u64;
        for alert in outcome.alerts(event, &self.hostname) {
            self.sink.alert(&alert);
        }
    }

    /// Says that events were lost; where the kernel left probes out, also which of them, and how often so far.
    pub(super) fn dropped(
        &mut self,
        lost: impl Iterator<Item = (LossReason, u64)>,
        missed: &[(&'static str, u64)],
    ) {
        let mut event = DriftEvent::new(Timestamp::now(), Kind::Sensor, Action::Dropped);
        for (reason, count) in lost.filter(|&(_, count)| count > 0) {
            event.lost.insert(reason, count);
            *self.counters.lost.entry(reason).or_default() += count;
        }
        if event.lost.contains_key(&LossReason::Recursion) {
            let what = left_out(missed);
            event.provenance = Some(Provenance::new(Verdict::Unknown, Evidence::None, what));
        }
        event.drift = true;
        // Of what is lost, only its lasting effects can be found again.
        tracing::warn!(lost = ?event.lost, "events were lost");
        self.sink.event(&event);
    }

    /// Says that a container's budget kept events back.
    pub(super) fn suppressed(&mut self, container: u64, kept_back: [(LossReason, u64); 4]) {
        let mut event = DriftEvent::new(Timestamp::now(), Kind::Sensor, Action::Suppressed);
        event.container = self.containers.get(container).map(|known| (*known.container).clone());
        for (reason, count) in kept_back.into_iter().filter(|&(_, count)| count > 0) {
            event.lost.insert(reason, count);
            *self.counters.lost.entry(reason).or_default() += count;
        }
        event.drift = true;
        tracing::warn!(lost = ?event.lost, "a container caused more events than its budget allows");
        self.sink.event(&event);
    }

    /// Says that something cannot be seen.
    pub(super) fn blind(&mut self, what: String) {
        tracing::error!(what, "the sensor is blind");
        self.sink.event(&blind_event(Timestamp::now(), what));
    }

    /// Reports what is being proved, as far as that takes no longer than `patience`; the rest as
    /// `unknown`.
    pub(super) fn finish(&mut self, patience: Duration) {
        let deadline = Instant::now().checked_add(patience);
        self.answers();
        while !self.proofs.is_idle() && deadline.is_none_or(|at| Instant::now() < at) {
            std::thread::sleep(Duration::from_millis(1));
            self.answers();
        }
        self.finish_packages();
        #[cfg(feature = "digest")]
        self.finish_images();
        self.abandon();
    }

    /// Reports what still waits, for a verdict as `unknown`.
    fn abandon(&mut self) {
        let held: Vec<_> = self.held.drain().collect();
        for (id, answered) in held {
            self.release_one(id, answered);
        }
        for event in self.proofs.abandon() {
            let reason = "the content proof was not done when the sensor stopped";
            let classified = Some(Classified::unknown(reason));
            self.decide(Answered { event, classified });
        }
    }

    /// Marks as ended what a sweep did not find.
    pub(super) fn retain_running(&mut self, running: &[(u32, u64)], now_boot_ns: u64) {
        let running: FxHashSet<(u32, u64)> = running.iter().copied().collect();
        let containers = &mut self.containers;
        self.processes.retain_running(
            now_boot_ns,
            |pid, start_ns| running.contains(&(pid, start_ns)),
            |container| containers.left(container),
        );
    }

    /// Housekeeping, about once a second.
    pub(super) fn expire(&mut self, forgotten: impl FnMut(u64)) {
        self.clock = Clock::now();
        self.ports.renew();
        self.processes.expire(boot_now_ns());
        self.containers.expire(Instant::now(), forgotten);
        self.configuration_containers();
        self.secrets_containers();
    }
}

/// Whether whoever runs the file is tainted by it. What is not proved taints nobody.
pub(super) fn taints(classified: &Classified) -> bool {
    let verdict = classified.provenance.verdict;
    verdict.is_drift_for_code() && verdict != Verdict::Unknown
}

/// Which probes the kernel did not run, in words.
fn left_out(missed: &[(&'static str, u64)]) -> String {
    let each: Vec<String> = missed.iter().map(|(name, count)| format!("{name} {count}")).collect();
    format!("left out by the kernel, since they were attached: {}", each.join(", "))
}

/// What says that something cannot be seen.
pub(super) fn blind_event(time: Timestamp, what: String) -> DriftEvent {
    let mut event = DriftEvent::new(time, Kind::Sensor, Action::Blind);
    event.drift = true;
    event.provenance = Some(Provenance::new(Verdict::Unknown, Evidence::None, what));
    event
}

fn judge(event: &mut DriftEvent, classified: Classified) {
    event.drift = classified.provenance.verdict.is_drift_for_code();
    if let (Some(file), Some(digest)) = (&mut event.file, classified.sha256_text()) {
        file.sha256 = Some(digest);
    }
    event.provenance = Some(classified.provenance);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::Mutex;

    use procfs::process::Process;

    use super::*;
    use crate::container::Runtimes;
    use crate::container::StateRoots;
    use crate::engine::matching::RulesHandle;
    use crate::engine::proofs::ProofOptions;
    use crate::event::EvidenceFlags;
    use crate::event::FileEvidence;
    use crate::event::TaskFacts;

    #[test]
    fn probes_that_the_kernel_left_out_are_named() {
        let said = left_out(&[("network__state", 2), ("vfs__open", 1)]);
        assert!(said.ends_with(": network__state 2, vfs__open 1"), "{said}");
    }

    /// Looking up an ancestor on the host may need the very place that the exec's process has.
    #[test]
    fn an_exec_whose_process_lost_its_place_in_the_table_is_reported() {
        const CONTAINER: u64 = 7;
        let host = tempfile::tempdir().unwrap();
        let roots = StateRoots {
            host: host.path().to_owned(),
            proc: host.path().join("proc"),
            ..StateRoots::default()
        };
        let proofs = Proofs::new(ProofOptions::default(), Arc::new(|| ())).unwrap();
        let events = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&events);
        let sink = move |event: &DriftEvent| keep.lock().unwrap().push(event.clone());
        let mut core = Core::new(
            Containers::new(Runtimes::new(roots)),
            proofs,
            Scope::default(),
            Matching::new(RulesHandle::new(None)),
            Box::new(sink),
        );
        let victim = core.processes.fill(CONTAINER).unwrap();

        let me = Process::myself().unwrap().stat().unwrap();
        let exec = Exec {
            task: TaskFacts {
                container: CONTAINER,
                pid: victim,
                start_ns: 2,
                ppid: std::process::id(),
                parent_start_ns: me.starttime * 10_000_000,
                exec_id: 1,
                ..TaskFacts::default()
            },
            file: FileEvidence { flags: EvidenceFlags::ANONYMOUS, ..FileEvidence::default() },
            args: b"ghost\0",
            ..Exec::default()
        };
        core.exec(&exec, Origin::Live);
        assert!(
            core.processes.program((&exec.task).into()).is_none(),
            "it kept its place: nothing is tested"
        );
        let events = events.lock().unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].provenance.as_ref().unwrap().verdict, Verdict::Memfd);
        assert_eq!(events[0].process.as_ref().unwrap().pid, victim);
    }
}
