//! How the getters reach into the facts.

use super::FileFacts;
use super::ProcessFacts;
use super::ProcessIds;
use super::View;
use super::capabilities::names;
use super::observation::OfAncestors;
use super::observation::Text;
use crate::enrich::Program;
use crate::event::Capabilities;
use crate::event::Container;
use crate::event::ContainerDetails;
use crate::event::Digests;
use crate::event::Kind;
use crate::event::Process;
use crate::event::Provenance;
use crate::event::Timestamp;
use crate::event::Writer;
use crate::event::error_name;
use crate::fields::Argument;
use crate::fields::Value;
use crate::fields::Values;

/// Shells, by the names that make one a login shell (Falco's `proc.loginshellid`).
const SHELLS: [&[u8]; 7] = [b"ash", b"bash", b"csh", b"ksh", b"sh", b"tcsh", b"zsh"];

/// Of the item of the configuration, if the event is about one.
pub(super) fn of_config<'v>(
    view: &'v View<'_>,
    value: impl FnOnce(&'v crate::event::ConfigItem) -> Value<'v>,
) -> Value<'v> {
    view.facts.config.map_or(Value::Missing, value)
}

/// Of the package, if the event is about one.
pub(super) fn of_package<'v>(
    view: &'v View<'_>,
    value: impl FnOnce(&'v crate::event::Package) -> Value<'v>,
) -> Value<'v> {
    view.facts.package.map_or(Value::Missing, value)
}

/// Of the image, if the event is about one.
pub(super) fn of_digest<'v>(
    view: &'v View<'_>,
    value: impl FnOnce(&'v Digests) -> Value<'v>,
) -> Value<'v> {
    view.facts.digest.map_or(Value::Missing, value)
}

/// The digests that were approved.
impl Values for Digests {
    fn len(&self) -> usize {
        self.approved.len()
    }

    fn get(&self, index: usize) -> Value<'_> {
        self.approved.get(index).map_or(Value::Missing, |it| Value::Text(it.as_bytes()))
    }
}

pub(super) fn of_process<'v>(
    view: &'v View<'_>,
    value: impl FnOnce(&'v ProcessFacts<'_>) -> Value<'v>,
) -> Value<'v> {
    view.process().map_or(Value::Missing, value)
}

pub(super) fn of_ids<'v>(view: &'v View<'_>, id: impl FnOnce(&ProcessIds) -> u32) -> Value<'v> {
    let ids = view.process().and_then(|process| process.ids);
    ids.map_or(Value::Missing, |ids| Value::Signed(id(&ids).into()))
}

/// Whether the process leads what its ids name.
pub(super) fn leads<'v>(
    view: &'v View<'_>,
    leads: impl FnOnce(&ProcessFacts<'_>, &ProcessIds) -> bool,
) -> Value<'v> {
    of_process(view, |process| {
        process.ids.map_or(Value::Missing, |ids| Value::Bool(leads(process, &ids)))
    })
}

/// Of what the session's leader runs.
pub(super) fn of_session<'v>(
    view: &'v View<'_>,
    value: impl FnOnce(&'v Program) -> Value<'v>,
) -> Value<'v> {
    of_process(view, |process| process.session_leader.map_or(Value::Missing, value))
}

/// Of what the process group's leader runs.
pub(super) fn of_group<'v>(
    view: &'v View<'_>,
    value: impl FnOnce(&'v Program) -> Value<'v>,
) -> Value<'v> {
    of_process(view, |process| process.group_leader.map_or(Value::Missing, value))
}

/// Of the file's last writer, where that is known.
pub(super) fn of_writer<'v>(
    view: &'v View<'_>,
    value: impl FnOnce(&'v Writer, &'v Process) -> Value<'v>,
) -> Value<'v> {
    let writer = view.facts.file.as_ref().and_then(|file| file.writer);
    match writer.and_then(|writer| Some((writer, writer.process.as_ref()?))) {
        Some((writer, process)) => value(writer, process),
        None => Value::Missing,
    }
}

/// The name and, joined by blanks, the arguments behind the first, as `proc.cmdline` has them.
pub(super) fn command_line(process: &Process) -> String {
    let mut line = process.name.to_string();
    for argument in process.cmdline.iter().skip(1) {
        line.push(' ');
        line.push_str(&argument.to_string());
    }
    line
}

/// A text that says nothing when it is empty.
pub(super) fn filled(text: &[u8]) -> Value<'_> {
    if text.is_empty() { Value::Missing } else { Value::Text(text) }
}

/// A set of capabilities by name.
pub(super) fn capabilities<'v>(
    view: &'v View<'_>,
    text: Text,
    set: impl FnOnce(&Capabilities) -> u64,
) -> Value<'v> {
    let sets = view.process().and_then(|process| process.capabilities);
    sets.map_or(Value::Missing, |sets| view.text(text, || names(set(&sets))))
}

/// Nanoseconds from one time to a later one; missing when it is not the later one.
pub(super) fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> Value<'static> {
    match (from, to) {
        (Some(from), Some(to)) if from <= to => {
            Value::Unsigned(to.as_nanos().abs_diff(from.as_nanos()))
        }
        _ => Value::Missing,
    }
}

pub(super) fn of_file<'v>(
    view: &'v View<'_>,
    value: impl FnOnce(&'v FileFacts<'_>) -> Value<'v>,
) -> Value<'v> {
    view.facts.file.as_ref().map_or(Value::Missing, value)
}

pub(super) fn of_container<'v>(
    view: &'v View<'_>,
    value: impl FnOnce(&'v Container) -> Option<&'v str>,
) -> Value<'v> {
    let text = view.facts.container.and_then(value);
    text.map_or(Value::Missing, |text| Value::Text(text.as_bytes()))
}

pub(super) fn of_details<'v>(
    view: &'v View<'_>,
    value: impl FnOnce(&ContainerDetails) -> Option<bool>,
) -> Value<'v> {
    view.facts.details.and_then(value).map_or(Value::Missing, Value::Bool)
}

pub(super) fn of_provenance<'v>(
    view: &'v View<'_>,
    value: impl FnOnce(&'v Provenance) -> &'v str,
) -> Value<'v> {
    let provenance = view.facts.provenance;
    provenance.map_or(Value::Missing, |it| Value::Text(value(it).as_bytes()))
}

/// `SUCCESS`, or the name of the error.
pub(super) fn result(result: i64) -> Value<'static> {
    if result >= 0 {
        return Value::Text(b"SUCCESS");
    }
    let name = u32::try_from(result.unsigned_abs()).ok().and_then(error_name);
    Value::Text(name.unwrap_or("UNKNOWN").as_bytes())
}

/// The value, for events that stand for a system call.
pub(super) fn of_call<'v>(view: &'v View<'_>, value: Value<'v>) -> Value<'v> {
    if view.facts.kind == Kind::Sensor { Value::Missing } else { value }
}

pub(super) fn ancestors<'v>(
    view: &'v View<'_>,
    what: OfAncestors,
    argument: Option<&Argument>,
) -> Value<'v> {
    match argument {
        None => view.ancestors(what, None),
        Some(Argument::Index(index)) => view.ancestors(what, Some(*index)),
        Some(Argument::Key(_)) => Value::Missing,
    }
}

pub(super) fn time(time: Option<Timestamp>) -> Value<'static> {
    time.map_or(Value::Missing, |time| Value::Unsigned(time.as_nanos().unsigned_abs()))
}

/// Nanoseconds from then to the event.
pub(super) fn since(view: &View<'_>, then: Option<Timestamp>) -> Value<'static> {
    then.map_or(Value::Missing, |then| {
        let passed = view.facts.time.as_nanos().saturating_sub(then.as_nanos());
        Value::Unsigned(u64::try_from(passed).unwrap_or(0))
    })
}

pub(super) fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or(path)
}

/// The oldest shell of the chain that ends with the process itself.
pub(super) fn login_shell<'v>(view: &'v View<'_>) -> Value<'v> {
    of_process(view, |process| {
        let mut found = Value::Missing;
        if SHELLS.contains(&process.program.name()) {
            found = Value::Signed(process.pid.into());
        }
        for relative in (0..process.ancestors.len()).filter_map(|it| process.ancestors.get(it)) {
            if SHELLS.contains(&relative.program.name()) {
                found = Value::Signed(relative.pid.into());
            }
        }
        found
    })
}

/// Labels as `key:value`, joined by commas.
pub(super) fn labels<'v>(view: &'v View<'_>) -> Value<'v> {
    let Some(container) = view.facts.container else { return Value::Missing };
    let text = view.labels.get_or_init(|| {
        let labels = container.labels.iter().map(|(key, value)| format!("{key}:{value}"));
        labels.collect::<Vec<_>>().join(",")
    });
    Value::Text(text.as_bytes())
}
