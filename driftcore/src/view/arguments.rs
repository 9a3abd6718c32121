//! The arguments of the system call, as Falco names them (`evt.arg.*`).

use std::fmt::Write;

use super::CallFacts;
use super::ProcessFacts;
use super::View;
use super::file_arguments;
use super::file_arguments::FileArgument;
use super::observation::Text;
use super::observation::optional;
use super::values::of_call;
use crate::event::Action;
use crate::event::Verdict;
use crate::fields::Argument;
use crate::fields::FieldType;
use crate::fields::Value;
use crate::fields::raw_type;

/// Falco's arguments of an exec, in the order of its table; those that have a value here.
const EXEC: [&str; 20] = [
    "res",
    "exe",
    "args",
    "tid",
    "pid",
    "ptid",
    "cwd",
    "comm",
    "tty",
    "vpgid",
    "loginuid",
    "flags",
    "cap_inheritable",
    "cap_permitted",
    "cap_effective",
    "exe_ino",
    "uid",
    "trusted_exepath",
    "pgid",
    "gid",
];

/// Those of a call on files, put together when they are first asked for.
fn of_file<'v>(view: &'v View<'_>) -> &'v [FileArgument] {
    view.file_arguments.get_or_init(|| file_arguments::of(view))
}

/// One of them, by name or number.
fn one_of_file<'v>(view: &'v View<'_>, argument: &Argument) -> Option<&'v FileArgument> {
    let arguments = of_file(view);
    match argument {
        Argument::Index(index) => arguments.get(*index as usize),
        Argument::Key(key) => match key.parse::<usize>() {
            Ok(index) => arguments.get(index),
            Err(_) => arguments.iter().find(|argument| argument.name == &**key),
        },
    }
}

/// Whether the event is an exec, whose arguments these are.
fn is_exec(view: &View<'_>) -> bool {
    matches!(view.facts.action, Action::Exec | Action::Script)
}

/// One argument, as text.
pub(super) fn text<'v>(view: &'v View<'_>, argument: Option<&Argument>) -> Value<'v> {
    if let Some(call) = view.facts.call {
        return of_other_call(&call, argument);
    }
    if !is_exec(view) {
        let found = argument.and_then(|argument| one_of_file(view, argument));
        return optional(found.map(FileArgument::text));
    }
    let name = match argument {
        Some(Argument::Key(key)) => match key.parse::<usize>() {
            Ok(index) => EXEC.get(index).copied().unwrap_or_default(),
            Err(_) => key,
        },
        Some(Argument::Index(index)) => EXEC.get(*index as usize).copied().unwrap_or_default(),
        None => return Value::Missing,
    };
    named(view, name)
}

/// An argument of a call that is on no file, by its name or its place.
fn of_other_call<'v>(call: &CallFacts<'v>, argument: Option<&Argument>) -> Value<'v> {
    let index = |index: usize| call.args.get(index);
    let found = match argument {
        Some(Argument::Key(key)) => match key.parse() {
            Ok(number) => index(number),
            Err(_) => call.args.iter().find(|(name, _)| *name == &**key),
        },
        Some(Argument::Index(number)) => index(*number as usize),
        None => None,
    };
    optional(found.map(|&(_, text)| text))
}

/// The same by its type: a number, where it is one and has no name.
fn raw_of_other_call<'v>(call: &CallFacts<'v>, argument: Option<&Argument>) -> Value<'v> {
    let Value::Text(text) = of_other_call(call, argument) else { return Value::Missing };
    let Some(Argument::Key(name)) = argument else { return Value::Missing };
    let text_of = || std::str::from_utf8(text).ok();
    match raw_type(name) {
        Some(FieldType::Text | FieldType::Bytes) => Value::Text(text),
        Some(FieldType::Signed(_)) => {
            let number = text_of().and_then(|text| text.parse().ok());
            number.map_or(Value::Missing, Value::Signed)
        }
        Some(FieldType::Unsigned(_)) => {
            let number = text_of().and_then(|text| text.parse().ok());
            number.map_or(Value::Missing, Value::Unsigned)
        }
        _ => Value::Missing,
    }
}

/// All of them as `name=value`, joined by blanks.
pub(super) fn all<'v>(view: &'v View<'_>) -> Value<'v> {
    let line = view.text(Text::Arguments, || {
        let mut line = String::new();
        if let Some(call) = view.facts.call {
            for (name, text) in call.args {
                let blank = if line.is_empty() { "" } else { " " };
                // Writing to a String cannot fail.
                let _ = write!(line, "{blank}{name}={}", String::from_utf8_lossy(text));
            }
            return line;
        }
        if !is_exec(view) {
            for argument in of_file(view) {
                line.push_str(if line.is_empty() { "" } else { " " });
                argument.write_to(&mut line);
            }
            return line;
        }
        for name in EXEC {
            if let Value::Text(text) = named(view, name) {
                let blank = if line.is_empty() { "" } else { " " };
                // Writing to a String cannot fail.
                let _ = write!(line, "{blank}{name}={}", String::from_utf8_lossy(text));
            }
        }
        line
    });
    of_call(view, line)
}

/// One argument, by its type.
pub(super) fn raw<'v>(view: &'v View<'_>, argument: Option<&Argument>) -> Value<'v> {
    if let Some(call) = view.facts.call {
        return raw_of_other_call(&call, argument);
    }
    if !is_exec(view) {
        let found = argument.and_then(|argument| one_of_file(view, argument));
        return found.map_or(Value::Missing, FileArgument::raw);
    }
    let (Some(Argument::Key(name)), Some(process)) = (argument, view.process()) else {
        return Value::Missing;
    };
    match &**name {
        "res" => of_call(view, Value::Signed(0)),
        "tid" => Value::Signed(process.tid.into()),
        "pid" => Value::Signed(process.pid.into()),
        "ptid" => Value::Signed(process.ppid.into()),
        "tty" => Value::Unsigned(process.tty.into()),
        "uid" => Value::Unsigned(process.uid.into()),
        "gid" => Value::Unsigned(process.gid.into()),
        "loginuid" => Value::Signed(process.loginuid.map_or(-1, i64::from)),
        "cap_inheritable" | "cap_permitted" | "cap_effective" => {
            set(process, name).map_or(Value::Missing, Value::Unsigned)
        }
        "vpgid" | "pgid" => id(process, name).map_or(Value::Missing, Value::Signed),
        "exe" | "args" | "cwd" | "comm" | "filename" | "trusted_exepath" => named(view, name),
        _ => Value::Missing,
    }
}

fn named<'v>(view: &'v View<'_>, name: &str) -> Value<'v> {
    let Some(process) = view.process() else { return Value::Missing };
    let number = |text: Text, number: i64| view.text(text, || number.to_string());
    match name {
        "res" => of_call(view, Value::Text(b"0")),
        "exe" => optional(process.program.argument(0)),
        "args" => Value::Text(process.program.joined_arguments()),
        "comm" => Value::Text(process.program.name()),
        "cwd" => View::path(&process.cwd, &view.cwd),
        "filename" => optional(process.filename),
        "trusted_exepath" => Value::Text(process.program.exe()),
        "tid" => number(Text::Tid, process.tid.into()),
        "pid" => number(Text::Pid, process.pid.into()),
        "ptid" => number(Text::ParentPid, process.ppid.into()),
        "tty" => number(Text::Tty, process.tty.into()),
        "uid" => number(Text::Uid, process.uid.into()),
        "gid" => number(Text::Gid, process.gid.into()),
        "loginuid" => number(Text::LoginUid, process.loginuid.map_or(-1, i64::from)),
        "vpgid" => match id(process, name) {
            Some(id) => number(Text::ContainerGroup, id),
            None => Value::Missing,
        },
        "pgid" => match id(process, name) {
            Some(id) => number(Text::Group, id),
            None => Value::Missing,
        },
        "cap_inheritable" => hexadecimal(view, Text::InheritableBits, set(process, name)),
        "cap_permitted" => hexadecimal(view, Text::PermittedBits, set(process, name)),
        "cap_effective" => hexadecimal(view, Text::EffectiveBits, set(process, name)),
        "exe_ino" => match view.facts.file {
            Some(file) => number(Text::ExeInode, file.inode.cast_signed()),
            None => Value::Missing,
        },
        "flags" => view.text(Text::ExeFlags, || executable_flags(view)),
        _ => Value::Missing,
    }
}

/// A set of capabilities by the argument's name.
fn set(process: &ProcessFacts<'_>, name: &str) -> Option<u64> {
    let sets = process.capabilities?;
    match name {
        "cap_inheritable" => Some(sets.inheritable),
        "cap_permitted" => Some(sets.permitted),
        "cap_effective" => Some(sets.effective),
        _ => None,
    }
}

/// A process group by the argument's name.
fn id(process: &ProcessFacts<'_>, name: &str) -> Option<i64> {
    let ids = process.ids?;
    match name {
        "vpgid" => Some(ids.container_pgid.into()),
        "pgid" => Some(ids.pgid.into()),
        _ => None,
    }
}

/// A set of bits as Falco prints it among the arguments.
fn hexadecimal<'v>(view: &'v View<'_>, text: Text, bits: Option<u64>) -> Value<'v> {
    bits.map_or(Value::Missing, |bits| view.text(text, || format!("{bits:X}")))
}

/// Falco's flags of an exec, joined by `|`; `0` without one.
fn executable_flags(view: &View<'_>) -> String {
    let upper = view.facts.file.and_then(|file| file.upper_layer);
    let memfd = view.facts.provenance.is_some_and(|it| it.verdict == Verdict::Memfd);
    let writable = view.facts.file.and_then(|file| file.writable);
    let flags = [
        (writable == Some(true), "EXE_WRITABLE"),
        (upper == Some(true), "EXE_UPPER_LAYER"),
        (memfd, "EXE_FROM_MEMFD"),
        (upper == Some(false), "EXE_LOWER_LAYER"),
    ];
    let set: Vec<&str> = flags.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
    if set.is_empty() { "0".to_owned() } else { set.join("|") }
}
