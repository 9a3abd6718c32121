//! A view of a [`DriftEvent`]: of one that waited for its verdict, or was read from a file.

use super::Ancestors;
use super::FileFacts;
use super::ObservedFacts;
use super::PathText;
use super::ProcessFacts;
use super::Relative;
use super::View;
use crate::enrich::Program;
use crate::event::DriftEvent;
use crate::event::Process;
use crate::event::Text;
use crate::event::Verdict;

/// What a [`DriftEvent`] has to be turned into before it can be viewed.
#[derive(Debug)]
pub struct Recorded<'a> {
    event: &'a DriftEvent,
    program: Program,
    ancestors: Vec<(u32, Program)>,
}

impl<'a> Recorded<'a> {
    /// Takes the event in.
    pub fn new(event: &'a DriftEvent) -> Self {
        let process = event.process.as_ref();
        let program = process.map(|it| program(&it.name, &it.exe, &it.cmdline));
        let ancestors = process.into_iter().flat_map(|process| &process.ancestors);
        Self {
            event,
            program: program.unwrap_or_default(),
            ancestors: ancestors.map(|it| (it.pid, program_of_ancestor(it))).collect(),
        }
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
                upper_layer: event.provenance.as_ref().and_then(|it| upper_layer(it.verdict)),
                changed: None,
                modified: None,
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
            filename: None,
            started: None,
            parent_started: None,
            cap_effective: None,
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
