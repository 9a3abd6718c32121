//! The view: facts, and what is built from them when it is first asked for.

use std::cell::OnceCell;

use super::ObservedFacts;
use super::PathText;
use super::ProcessFacts;
use super::Relative;
use super::ancestors::NONE;
use super::ancestors::Property;
use super::catalogue::getter;
use super::file::ChangedNames;
use super::file_arguments::FileArgument;
use super::socket;
use super::socket::Ends;
use crate::event::Action;
use crate::event::Kind;
use crate::fields::EventType;
use crate::fields::FieldRef;
use crate::fields::Fields;
use crate::fields::Value;

/// An event as rules see it.
///
/// Values that the facts hold are handed on as they are; what has to be put together (a working
/// directory, a list of labels) is made when a rule first asks for it, and kept.
pub struct View<'a> {
    pub(super) facts: ObservedFacts<'a>,
    pub(super) cwd: OnceCell<Vec<u8>>,
    executable_line: OnceCell<Vec<u8>>,
    pub(super) target: OnceCell<Vec<u8>>,
    pub(super) file_arguments: OnceCell<Vec<FileArgument>>,
    pub(super) labels: OnceCell<String>,
    pub(super) texts: [OnceCell<String>; Text::COUNT],
    names: Property<'a>,
    exes: Property<'a>,
    exe_paths: Property<'a>,
    command_lines: Property<'a>,
    pids: Property<'a>,
    pub(super) changed: ChangedNames<'a>,
    pub(super) addresses: Ends,
    pub(super) ports: Ends,
}

/// Texts that are written when they are first asked for.
#[derive(Clone, Copy)]
pub(super) enum Text {
    Tid,
    Pid,
    ParentPid,
    Uid,
    Gid,
    LoginUid,
    Tty,
    ExeInode,
    ExeFlags,
    Effective,
    Permitted,
    Inheritable,
    EffectiveBits,
    PermittedBits,
    InheritableBits,
    ContainerGroup,
    Group,
    Arguments,
    ThreadName,
    FileMode,
    FileDevice,
    Mounts,
    WriterLine,
    ContainerName,
    ContainerDirectory,
    DescriptorId,
    SocketName,
}

impl Text {
    const COUNT: usize = Self::SocketName as usize + 1;
}

/// A property of all ancestors.
#[derive(Clone, Copy)]
pub(super) enum OfAncestors {
    Name,
    Exe,
    ExePath,
    CommandLine,
    Pid,
}

impl<'a> View<'a> {
    /// A view of these facts. Allocates nothing.
    pub fn new(facts: ObservedFacts<'a>) -> Self {
        let changed = facts.file.map_or(&[][..], |file| file.changed_attributes);
        let ancestors = facts.process.as_ref().map_or(&NONE, |process| process.ancestors);
        Self {
            facts,
            cwd: OnceCell::new(),
            executable_line: OnceCell::new(),
            target: OnceCell::new(),
            file_arguments: OnceCell::new(),
            labels: OnceCell::new(),
            texts: [const { OnceCell::new() }; Text::COUNT],
            names: Property::new(ancestors, |it| Value::Text(it.program.name())),
            exes: Property::new(ancestors, |it| optional(it.program.argument(0))),
            exe_paths: Property::new(ancestors, |it| Value::Text(it.program.exe())),
            command_lines: Property::new(ancestors, |it| Value::Text(it.program.command_line())),
            pids: Property::new(ancestors, |it| Value::Signed(it.pid.into())),
            changed: ChangedNames(changed),
            addresses: Ends::new(facts.network.as_ref(), socket::address),
            ports: Ends::new(facts.network.as_ref(), socket::port),
        }
    }

    pub(super) fn process(&self) -> Option<&ProcessFacts<'a>> {
        self.facts.process.as_ref()
    }

    /// The property of one ancestor, 0 being the process itself, or of all.
    pub(super) fn ancestors(&self, what: OfAncestors, index: Option<u32>) -> Value<'_> {
        let all = match what {
            OfAncestors::Name => &self.names,
            OfAncestors::Exe => &self.exes,
            OfAncestors::ExePath => &self.exe_paths,
            OfAncestors::CommandLine => &self.command_lines,
            OfAncestors::Pid => &self.pids,
        };
        let Some(process) = self.process() else { return Value::Missing };
        match index {
            None => Value::List(all),
            Some(0) => {
                let program = process.program;
                all.one(Relative { pid: process.pid, program })
            }
            Some(index) => {
                let relative = process.ancestors.get(index as usize - 1);
                relative.map_or(Value::Missing, |relative| all.one(relative))
            }
        }
    }

    /// A path, put together once.
    pub(super) fn path<'v>(path: &PathText<'a>, cell: &'v OnceCell<Vec<u8>>) -> Value<'v>
    where
        'a: 'v,
    {
        match path {
            PathText::Text(text) => Value::Text(text),
            PathText::Kernel(path) => Value::Text(cell.get_or_init(|| {
                let mut out = Vec::new();
                path.write_to(&mut out);
                out
            })),
        }
    }

    /// Arguments, each ended by a NUL byte, joined by blanks.
    pub(super) fn joined(&self, args: &[u8]) -> Value<'_> {
        let line = self.executable_line.get_or_init(|| {
            let args = args.strip_suffix(b"\0").unwrap_or(args);
            args.iter().map(|&byte| if byte == 0 { b' ' } else { byte }).collect()
        });
        Value::Text(line)
    }

    /// A text, written once.
    pub(super) fn text(&self, text: Text, write: impl FnOnce() -> String) -> Value<'_> {
        match self.texts.get(text as usize) {
            Some(cell) => Value::Text(cell.get_or_init(write).as_bytes()),
            None => Value::Missing,
        }
    }
}

impl Fields for View<'_> {
    fn event_type(&self) -> EventType {
        self.facts.event_type
    }

    fn get(&self, field: &FieldRef) -> Value<'_> {
        getter(field.id)(self, field.argument.as_ref())
    }
}

/// The system call that stands for an event where the one that it came by is not known.
pub(crate) fn event_type(kind: Kind, action: Action) -> EventType {
    match (kind, action) {
        (Kind::Binary, Action::Exec | Action::Script) => EventType::EXECVE,
        (Kind::Binary, Action::Library) => EventType::MMAP,
        (Kind::File, Action::Delete) => EventType::UNLINKAT,
        (Kind::File, Action::Rename) => EventType::RENAMEAT2,
        (Kind::File, Action::Link) => EventType::LINKAT,
        (Kind::File, Action::Attributes) => EventType::FCHMODAT,
        (Kind::File, _) => EventType::OPENAT,
        (Kind::Network, Action::Listen) => EventType::LISTEN,
        (Kind::Network, Action::Bind) => EventType::BIND,
        (Kind::Network, Action::Accept) => EventType::ACCEPT4,
        (Kind::Network, Action::Send) => EventType::SENDTO,
        (Kind::Network, _) => EventType::CONNECT,
        // No call stands for it: what made the process that ran the manager was told as an exec.
        (Kind::Config | Kind::Package | Kind::Digest, _) => EventType::ASYNCEVENT,
        // What the sensor says of itself: Falco's own kind of event.
        _ => EventType::DROP,
    }
}

/// A text that may be missing.
pub(super) fn optional(text: Option<&[u8]>) -> Value<'_> {
    text.map_or(Value::Missing, Value::Text)
}
