//! A view of a [`DriftEvent`]: of one that waited for its verdict, or was read from a file.

use super::AccountNames;
use super::Ancestors;
use super::FileFacts;
use super::ObservedFacts;
use super::PathText;
use super::ProcessFacts;
use super::Relative;
use super::View;
use crate::enrich::Program;
use crate::event::ContainerDetails;
use crate::event::DriftEvent;
use crate::event::Process;
use crate::event::Text;
use crate::event::Timestamp;
use crate::event::Verdict;

/// What rules may ask of a live event that its [`DriftEvent`] does not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveFacts {
    /// The path as it was given to execve.
    pub filename: Option<Vec<u8>>,
    /// When the process started.
    pub started: Option<Timestamp>,
    /// When its parent started.
    pub parent_started: Option<Timestamp>,
    /// Effective capabilities, one bit each.
    pub cap_effective: Option<u64>,
    /// Last status change of the file.
    pub file_changed: Option<Timestamp>,
    /// Last modification of the file.
    pub file_modified: Option<Timestamp>,
    /// Whether the file lies in the upper layer.
    pub upper_layer: Option<bool>,
}

/// What a [`DriftEvent`] has to be turned into before it can be viewed.
#[derive(Debug)]
pub struct Recorded<'a> {
    event: &'a DriftEvent,
    live: LiveFacts,
    details: Option<&'a ContainerDetails>,
    accounts: Option<&'a dyn AccountNames>,
    program: Program,
    ancestors: Vec<(u32, Program)>,
}

impl<'a> Recorded<'a> {
    /// Takes in an event that was read from somewhere.
    pub fn new(event: &'a DriftEvent) -> Self {
        let verdict = event.provenance.as_ref().map(|provenance| provenance.verdict);
        let upper_layer = verdict.and_then(upper_layer);
        Self::with_live(event, LiveFacts { upper_layer, ..LiveFacts::default() })
    }

    /// Takes in an event that was kept for a while.
    pub fn with_live(event: &'a DriftEvent, live: LiveFacts) -> Self {
        let process = event.process.as_ref();
        let program = process.map(|it| program(&it.name, &it.exe, &it.cmdline));
        let ancestors = process.into_iter().flat_map(|process| &process.ancestors);
        Self {
            event,
            live,
            details: None,
            accounts: None,
            program: program.unwrap_or_default(),
            ancestors: ancestors.map(|it| (it.pid, program_of_ancestor(it))).collect(),
        }
    }

    /// Adds what is known of the event's container beside the event: of one from a file, nothing.
    pub fn in_container(
        self,
        details: Option<&'a ContainerDetails>,
        accounts: Option<&'a dyn AccountNames>,
    ) -> Self {
        Self { details, accounts, ..self }
    }

    /// The view, as event `number` of those that `hostname` saw.
    pub fn view(&self, number: u64, hostname: &'a str) -> View<'_> {
        let event = self.event;
        View::new(ObservedFacts {
            time: event.time,
            number,
            kind: event.kind,
            action: event.action,
            drift: event.drift,
            before_start: event.before_start,
            recovered: event.recovered,
            container: event.container.as_ref(),
            details: self.details,
            accounts: self.accounts,
            process: event.process.as_ref().map(|process| self.process(process)),
            file: event.file.as_ref().map(|file| FileFacts {
                path: file.path.as_bytes(),
                inode: file.inode,
                device: device(&file.device),
                mode: u32::from_str_radix(&file.mode, 8).unwrap_or(0),
                uid: file.owner.uid,
                gid: file.owner.gid,
                size: file.size,
                sha256: file.sha256.as_deref(),
                upper_layer: self.live.upper_layer,
                changed: self.live.file_changed,
                modified: self.live.file_modified,
            }),
            provenance: event.provenance.as_ref(),
            hostname,
        })
    }

    fn process<'s>(&'s self, process: &'s Process) -> ProcessFacts<'s> {
        let relatives = self.ancestors.iter().map(|(pid, program)| Relative { pid: *pid, program });
        ProcessFacts {
            program: &self.program,
            ancestors: Ancestors::new(relatives),
            pid: process.pid,
            tid: process.tid,
            ppid: process.ppid,
            container_pid: process.container_pid,
            uid: process.uid,
            gid: process.gid,
            loginuid: process.loginuid,
            tty: process.tty,
            cwd: PathText::Text(process.cwd.as_bytes()),
            filename: self.live.filename.as_deref(),
            started: self.live.started,
            parent_started: self.live.parent_started,
            cap_effective: self.live.cap_effective,
        }
    }
}

fn program_of_ancestor(ancestor: &crate::event::Ancestor) -> Program {
    program(&ancestor.name, &ancestor.exe, &ancestor.cmdline)
}

fn program(name: &Text, exe: &Text, cmdline: &[Text]) -> Program {
    let mut args = Vec::new();
    for argument in cmdline {
        args.extend_from_slice(argument.as_bytes());
        args.push(0);
    }
    Program::new(name.as_bytes().to_vec(), exe.as_bytes().to_vec(), args)
}

/// `8:1` as numbers.
fn device(text: &str) -> (u32, u32) {
    let number = |text: &str| text.parse().unwrap_or(0);
    text.split_once(':').map_or((0, 0), |(major, minor)| (number(major), number(minor)))
}

/// What a verdict says about the layer, where it says something.
fn upper_layer(verdict: Verdict) -> Option<bool> {
    match verdict {
        Verdict::Image => Some(false),
        Verdict::CopiedUp | Verdict::Modified | Verdict::Replaced | Verdict::Added => Some(true),
        _ => None,
    }
}
