//! Which events a rule asks the sensor for.

use super::event_types::event_types;
use super::event_types::of_test;
use crate::event::FileOperation;
use crate::event::FileOperations;
use crate::fields::EventType;
use crate::fields::EventTypes;
use crate::matcher::Comparison;
use crate::matcher::Condition;
use crate::matcher::Constant;
use crate::matcher::Operand;
use crate::matcher::Test;

/// What rules ask the sensor for: the events that they speak of, of those that the sensor gives.
///
/// A rule speaks of events by `evt.type`, `evt.type.is`, `drift.kind`,
/// `drift.action` and `evt.is_open_*`. One that names none of them asks for nothing: it is matched
/// against the events that come anyway. What it excludes (`evt.type != open`) it does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asked {
    /// The types of the events.
    pub event_types: EventTypes,
    /// And what is to be seen of files by events of these types: of opens perhaps only those for
    /// writing.
    pub file_operations: FileOperations,
}

impl Asked {
    /// What one condition asks for.
    pub fn by(condition: &Condition) -> Self {
        let named = named(condition, true).unwrap_or_default();
        let event_types =
            named.intersection(event_types(condition)).intersection(EventTypes::PRODUCED);
        let mut file_operations =
            operations(condition, true).intersection(event_types.file_operations());
        // There is so much of it that whoever means it has to say so.
        if !speaks_of(FileOperation::Read, condition) {
            file_operations = file_operations.without(FileOperation::Read);
        }
        if !speaks_of(FileOperation::Script, condition) {
            file_operations = file_operations.without(FileOperation::Script);
        }
        Self { event_types, file_operations }
    }

    /// What feeds a rule that asks for this, in words. Execs come without being asked for: they are what
    /// is left of a rule that asks for nothing.
    pub fn hooks(&self) -> Vec<&'static str> {
        let files = EventTypes::of_file_operations(FileOperations::ALL);
        let is_any = |types: EventTypes| !self.event_types.intersection(types).is_empty();
        let others = files.union(EXECS).union(EventTypes::NETWORK).complement();
        [
            (self.event_types.is_empty() || is_any(EXECS), "exec"),
            (!self.file_operations.is_empty(), "file calls"),
            (is_any(EventTypes::NETWORK), "sockets"),
            (is_any(others), "calls"),
        ]
        .into_iter()
        .filter_map(|(is_fed, hook)| is_fed.then_some(hook))
        .collect()
    }

    /// What either asks for.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self {
            event_types: self.event_types.union(other.event_types),
            file_operations: self.file_operations.union(other.file_operations),
        }
    }
}

/// The types of events that a condition names, where it says something of them.
fn named(condition: &Condition, wanted: bool) -> Option<EventTypes> {
    let both = |a: Option<EventTypes>, b: Option<EventTypes>, join: fn(_, _) -> _| match (a, b) {
        (Some(a), Some(b)) => Some(join(a, b)),
        (a, b) => a.or(b),
    };
    match (condition, wanted) {
        (Condition::All(parts), true) | (Condition::Any(parts), false) => parts
            .iter()
            .map(|part| named(part, wanted))
            .fold(None, |all, part| both(all, part, EventTypes::intersection)),
        (Condition::Any(parts), true)
        | (Condition::All(parts), false)
        | (Condition::One(parts), true) => parts
            .iter()
            .map(|part| named(part, wanted))
            .fold(None, |all, part| both(all, part, EventTypes::union)),
        // None of them or more than one: nothing is named.
        (Condition::One(_), false) => None,
        (Condition::Not(part), wanted) => named(part, !wanted),
        (Condition::Test(test), wanted) => {
            let by_operations = || {
                let files = EventTypes::of_file_operations(of_operations(test)?);
                Some(files.union(of_words(test).unwrap_or_default().0))
            };
            let types = of_type(test).or_else(by_operations)?;
            let types = if wanted { types } else { types.complement() };
            // What is said by exclusion also holds for what no rule ever names.
            (!types.contains(EventType::DROP)).then_some(types)
        }
    }
}

/// The types for which a test of the event's type, or of what only execs and sockets are, is true.
fn of_type(test: &Test) -> Option<EventTypes> {
    let by_drift = || of_words(test).filter(|(_, whole)| *whole).map(|(types, _)| types);
    of_test(test).or_else(by_drift)
}

/// The types of execs and of what is done with sockets that a test of `drift.kind` or `drift.action`
/// names, and whether it names nothing else.
fn of_words(test: &Test) -> Option<(EventTypes, bool)> {
    let types = |word: &str| match word {
        "binary" | "exec" => Some(EXECS),
        "network" => Some(EventTypes::SOCKETS),
        "listen" => Some(EventTypes::EMPTY.with(EventType::LISTEN)),
        "bind" => Some(EventTypes::EMPTY.with(EventType::BIND)),
        "connect" => Some(EventTypes::EMPTY.with(EventType::CONNECT).with(EventType::SENDTO)),
        _ => None,
    };
    let words = texts(test, &["drift.kind", "drift.action"])?;
    Some(words.fold((EventTypes::EMPTY, true), |(all, whole), word| match types(word) {
        Some(types) => (all.union(types), whole),
        None => (all, false),
    }))
}

const EXECS: EventTypes = EventTypes::EMPTY.with(EventType::EXECVE).with(EventType::EXECVEAT);

/// The operations on files for which a condition may be as `wanted`.
fn operations(condition: &Condition, wanted: bool) -> FileOperations {
    match (condition, wanted) {
        (Condition::All(parts), true) | (Condition::Any(parts), false) => parts
            .iter()
            .fold(FileOperations::ALL, |all, part| all.intersection(operations(part, wanted))),
        (Condition::Any(parts), true)
        | (Condition::All(parts), false)
        | (Condition::One(parts), true) => parts
            .iter()
            .fold(FileOperations::EMPTY, |all, part| all.union(operations(part, wanted))),
        (Condition::One(_), false) => FileOperations::ALL,
        (Condition::Not(part), wanted) => operations(part, !wanted),
        (Condition::Test(test), wanted) => match (of_test(test), of_operations(test)) {
            (Some(types), _) if wanted => types.file_operations(),
            (Some(types), _) => types.complement().file_operations(),
            (None, Some(operations)) if wanted => operations,
            // An open for reading may be one for writing too: only what is certain is left out.
            _ => FileOperations::ALL,
        },
    }
}

/// Whether any test is one of opens for reading, or of scripts: only what is done tells those.
fn speaks_of(operation: FileOperation, condition: &Condition) -> bool {
    match condition {
        Condition::All(parts) | Condition::Any(parts) | Condition::One(parts) => {
            parts.iter().any(|part| speaks_of(operation, part))
        }
        Condition::Not(part) => speaks_of(operation, part),
        Condition::Test(test) => {
            let is_of_kind = texts(test, &["drift.kind"]).is_some();
            let by_type = of_test(test).map(|types| types.file_operations());
            let by_type = by_type.filter(|_| operation != FileOperation::Script);
            let operations = by_type.or_else(|| of_operations(test)).unwrap_or_default();
            !is_of_kind && operations.contains(operation)
        }
    }
}

/// The operations on files of which a test may be true.
fn of_operations(test: &Test) -> Option<FileOperations> {
    if let Some(mut kinds) = texts(test, &["drift.kind"]) {
        let of_files = FileOperations::CHANGES.with(FileOperation::Read);
        return Some(if kinds.any(|kind| kind == "file") {
            of_files
        } else {
            FileOperations::EMPTY
        });
    }
    if let Some(actions) = texts(test, &["drift.action"]) {
        let is_one = |operation: FileOperation| {
            actions.clone().any(|action| action == operation.action().as_str())
        };
        let all = FileOperation::ALL.into_iter().filter(|&operation| is_one(operation));
        return Some(all.fold(FileOperations::EMPTY, FileOperations::with));
    }
    let Test { left: Operand::Field(field), comparison } = test else { return None };
    let operations: &[FileOperation] = match field.id.field().name {
        "evt.is_open_write" => &[FileOperation::Open, FileOperation::Create],
        "evt.is_open_read" => &[FileOperation::Read, FileOperation::Open, FileOperation::Create],
        "evt.is_open_create" | "evt.is_open_exec" => &[FileOperation::Create],
        _ => return None,
    };
    let is_true = *comparison == Comparison::Equal(Constant::Bool(true));
    is_true.then(|| FileOperations::of(operations))
}

/// The texts that one of these fields is asked to be.
fn texts<'t>(
    test: &'t Test,
    fields: &[&str],
) -> Option<impl Iterator<Item = &'t str> + Clone + use<'t>> {
    let Operand::Field(field) = &test.left else { return None };
    let constants = match &test.comparison {
        Comparison::Equal(constant) => std::slice::from_ref(constant),
        Comparison::In(constants) | Comparison::Intersects(constants) => constants,
        _ => return None,
    };
    fields.contains(&field.id.field().name).then(|| {
        constants.iter().filter_map(|constant| match constant {
            Constant::Text(text) => std::str::from_utf8(text).ok(),
            _ => None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Limits;
    use crate::rules::MappedText;
    use crate::rules::SourceId;
    use crate::rules::check_condition;
    use crate::rules::parse_condition;
    use FileOperation::*;

    fn asked(text: &str) -> Asked {
        let mut mapped = MappedText::default();
        mapped.push(text, SourceId::default(), 0);
        let parsed = parse_condition(&mapped, &Limits::default()).unwrap();
        Asked::by(&check_condition(&parsed, &mut Vec::new()).unwrap())
    }

    fn operations_of(text: &str) -> Vec<FileOperation> {
        asked(text).file_operations.iter().collect()
    }

    #[test]
    fn a_rule_asks_for_the_calls_that_it_names() {
        assert_eq!(operations_of("evt.type = rename"), [Rename]);
        assert_eq!(operations_of("evt.type in (unlink, unlinkat)"), [Unlink, RemoveDirectory]);
        assert_eq!(operations_of("evt.type.is.mkdir = 1"), [MakeDirectory]);
        assert_eq!(operations_of("proc.name = x or evt.type = rename"), [Rename]);
        assert_eq!(operations_of("not (evt.type != rename or proc.name = x)"), [Rename]);
        let types = asked("evt.type in (unlink, unlinkat) and evt.type != unlink").event_types;
        assert_eq!(types.iter().map(EventType::name).collect::<Vec<_>>(), ["unlinkat"]);
    }

    #[test]
    fn what_is_said_of_sockets_names_them() {
        let types = |text: &str| {
            let types = asked(text).event_types;
            types.iter().map(EventType::name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(types("evt.type in (listen, accept, sendmsg)"), "accept listen");
        assert_eq!(types("drift.kind = network"), "bind connect listen sendto");
        assert_eq!(types("drift.action = connect"), "connect sendto");
        assert_eq!(types("drift.kind = network and drift.action = bind"), "bind");
        let both = types("drift.action in (listen, delete)");
        assert_eq!(both, "listen rmdir unlink unlinkat");
        assert_eq!(types("drift.detected = true"), "");
        assert!(asked("drift.kind = network").file_operations.is_empty());
    }

    #[test]
    fn reading_is_asked_for_only_by_a_rule_about_it() {
        let opens = "evt.type in (open, openat, openat2)";
        let write = format!("{opens} and evt.is_open_write = true");
        assert_eq!(operations_of(&write), [Open, Create]);
        assert_eq!(
            operations_of(&format!("({write}) or evt.type = rename")),
            [Open, Create, Rename]
        );
        assert_eq!(operations_of("evt.is_open_write = true and fd.num >= 0"), [Open, Create]);
        assert_eq!(operations_of(&format!("{opens} and evt.is_open_exec = true")), [Create]);
        assert_eq!(operations_of(opens), [Read, Open, Create]);
        assert_eq!(
            operations_of(&format!("{opens} and evt.is_open_read=true")),
            [Read, Open, Create]
        );
        assert_eq!(operations_of(&format!("{opens} and not evt.is_open_write = true")).len(), 3);
    }

    #[test]
    fn what_is_said_of_drift_names_operations_too() {
        assert_eq!(operations_of("drift.action = delete"), [Unlink, RemoveDirectory]);
        assert_eq!(
            operations_of("drift.action in (link, rename)"),
            [Rename, Exchange, Link, Symlink]
        );
        assert_eq!(operations_of("drift.kind = file and drift.action = read"), [Read]);
        assert_eq!(asked("drift.kind = file").file_operations, FileOperations::CHANGES);
        assert_eq!(operations_of("drift.kind = file and evt.type = rename"), [Rename]);
        assert_eq!(operations_of("drift.action = library"), [Map]);
        assert_eq!(operations_of("drift.action in (library, script)"), [Map, Script]);
        assert_eq!(operations_of("evt.type = openat and drift.action = script"), [Script]);
        assert_eq!(operations_of("evt.type = mmap"), [Map]);
    }

    #[test]
    fn hooks_are_named() {
        assert_eq!(asked("evt.type = execve").hooks(), ["exec"]);
        assert_eq!(asked("drift.verdict = added").hooks(), ["exec"]);
        assert_eq!(asked("evt.type = rename").hooks(), ["file calls"]);
        assert_eq!(asked("evt.type in (execve, rename)").hooks(), ["exec", "file calls"]);
    }

    #[test]
    fn what_names_no_event_asks_for_none() {
        for text in [
            "drift.verdict = added",
            "evt.type in (execve, execveat) and proc.name = sh",
            "drift.kind = binary",
            "drift.kind = package",
            "evt.type = asyncevent and drift.kind = package and drift.action = install",
            "drift.action = exec and drift.verdict = added",
            "not drift.kind = binary",
            "evt.type != open",
            "evt.type exists",
            "evt.num = 0",
            "fd.name startswith /etc",
            "evt.type = rename and evt.type = execve",
        ] {
            assert_eq!(operations_of(text), [], "{text}");
        }
    }
}
