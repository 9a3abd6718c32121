//! `fd.*`, `fs.path.*` and `evt.is_open_*` of what was done to files.

use rustix::fs::OFlags;

use super::FileFacts;
use super::View;
use super::observation::Text;
use super::observation::optional;
use super::values::base_name;
use crate::event::Action;
use crate::event::Changed;
use crate::event::Kind;
use crate::fields::Argument;
use crate::fields::Value;
use crate::fields::Values;

/// The attributes that were changed, as a list of names.
pub(super) struct ChangedNames<'a>(pub(super) &'a [Changed]);

impl Values for ChangedNames<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> Value<'_> {
        self.0.get(index).map_or(Value::Missing, |it| Value::Text(it.as_str().as_bytes()))
    }
}

/// What is known of the file of a file event; of an exec it is the executable, which no call is about.
pub(super) fn touched<'v>(view: &'v View<'_>) -> Option<&'v FileFacts<'v>> {
    let is_exec = matches!(view.facts.action, Action::Exec | Action::Script);
    view.facts.file.as_ref().filter(|_| !is_exec)
}

/// Of the file of a file event.
pub(super) fn of_touched<'v>(
    view: &'v View<'_>,
    value: impl FnOnce(&'v FileFacts<'v>) -> Value<'v>,
) -> Value<'v> {
    touched(view).map_or(Value::Missing, value)
}

/// Of the executable of an exec.
pub(super) fn of_executable<'v>(
    view: &'v View<'_>,
    value: impl FnOnce(&'v FileFacts<'_>) -> Value<'v>,
) -> Value<'v> {
    let is_exec = view.facts.action == Action::Exec;
    view.facts.file.as_ref().filter(|_| is_exec).map_or(Value::Missing, value)
}

/// Of the file behind a descriptor: of calls that return or take one.
pub(super) fn of_descriptor<'v>(
    view: &'v View<'_>,
    value: impl FnOnce(&'v FileFacts<'v>) -> Value<'v>,
) -> Value<'v> {
    touched(view).filter(|_| view.facts.event_type.has_descriptor()).map_or(Value::Missing, value)
}

/// The part of a path before its last slash.
pub(super) fn directory(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|&byte| byte == b'/') {
        None | Some(0) => b"/",
        Some(at) => path.get(..at).unwrap_or_default(),
    }
}

/// The kind of descriptor, whole or in one character.
pub(super) fn kind<'v>(
    view: &'v View<'_>,
    file: &'static [u8],
    directory: &'static [u8],
) -> Value<'v> {
    of_descriptor(view, |it| Value::Text(if it.is_directory { directory } else { file }))
}

/// The number of the device, as `stat` of old encodes it.
pub(super) fn device((major, minor): (u32, u32)) -> i64 {
    i64::from((minor & 0xff) | (major << 8) | ((minor & !0xff) << 12))
}

/// A part of the descriptor's name behind the container's id.
pub(super) fn in_container<'v>(
    view: &'v View<'_>,
    text: Text,
    part: impl FnOnce(&'v FileFacts<'v>) -> &'v [u8],
) -> Value<'v> {
    of_descriptor(view, |file| {
        view.text(text, || {
            let id = view.facts.container.map_or("", |container| container.short_id());
            format!("{id}:{}", String::from_utf8_lossy(part(file)))
        })
    })
}

/// The flags of an open; `None` of an event that is none.
pub(super) fn open_flags(view: &View<'_>) -> Option<OFlags> {
    let file = touched(view).filter(|_| view.facts.event_type.opens_file())?;
    let bits = u32::try_from(file.value & u64::from(u32::MAX)).unwrap_or(0);
    Some(OFlags::from_bits_retain(bits))
}

/// Whether an open was one for reading, by its access mode.
pub(super) fn reads(flags: OFlags) -> bool {
    flags.intersection(OFlags::ACCMODE) != OFlags::WRONLY && !flags.contains(OFlags::PATH)
}

/// Whether it was one for writing.
pub(super) fn writes(flags: OFlags) -> bool {
    !flags.intersection(OFlags::ACCMODE).is_empty() && !flags.contains(OFlags::PATH)
}

/// What is asked of an open. Of what is no open: no.
pub(super) fn is_open<'v>(view: &'v View<'_>, is: impl FnOnce(OFlags) -> bool) -> Value<'v> {
    Value::Bool(open_flags(view).is_some_and(is))
}

/// Whether an open made the file.
pub(super) fn made(view: &View<'_>) -> bool {
    open_flags(view).is_some() && view.facts.action == Action::Create
}

/// Whether the call is about two paths.
fn has_two_paths(view: &View<'_>) -> bool {
    matches!(view.facts.action, Action::Rename | Action::Link)
}

/// The path of a call that is about one.
pub(super) fn path<'v>(view: &'v View<'_>) -> Value<'v> {
    of_touched(view, |it| if has_two_paths(view) { Value::Missing } else { Value::Text(it.path) })
}

/// The same as it was given, where a name was given; else that of the descriptor.
pub(super) fn raw_path<'v>(view: &'v View<'_>) -> Value<'v> {
    of_touched(view, |it| {
        if has_two_paths(view) || view.facts.event_type.opens_file() {
            return Value::Missing;
        }
        Value::Text(it.raw_name.unwrap_or(it.path))
    })
}

/// Where a rename begins, or where a link lies.
pub(super) fn source<'v>(view: &'v View<'_>) -> Value<'v> {
    of_touched(view, |it| match view.facts.action {
        Action::Rename => optional(it.old_path),
        Action::Link => Value::Text(it.path),
        _ => Value::Missing,
    })
}

pub(super) fn raw_source<'v>(view: &'v View<'_>) -> Value<'v> {
    of_touched(view, |it| match view.facts.action {
        Action::Rename => optional(it.raw_old_name),
        Action::Link => optional(it.raw_name),
        _ => Value::Missing,
    })
}

/// Where a rename ends, or what a link stands for.
pub(super) fn target<'v>(view: &'v View<'_>) -> Value<'v> {
    of_touched(view, |it| match (view.facts.action, it.old_path) {
        (Action::Rename, _) => Value::Text(it.path),
        (Action::Link, Some(target)) => absolute(view, target),
        _ => Value::Missing,
    })
}

pub(super) fn raw_target<'v>(view: &'v View<'_>) -> Value<'v> {
    of_touched(view, |it| match view.facts.action {
        Action::Rename => optional(it.raw_name),
        // What a symbolic link holds is as it was given.
        Action::Link => optional(it.raw_old_name.or(it.old_path)),
        _ => Value::Missing,
    })
}

/// `evt.abspath`: of two paths, the one that is asked for.
pub(super) fn absolute_path<'v>(view: &'v View<'_>, argument: Option<&Argument>) -> Value<'v> {
    of_touched(view, |it| match argument {
        None => Value::Text(it.path),
        Some(Argument::Key(key)) if has_two_paths(view) => match &**key {
            "src" => it.old_path.map_or(Value::Missing, |path| absolute(view, path)),
            "dst" => Value::Text(it.path),
            _ => Value::Missing,
        },
        _ => Value::Missing,
    })
}

/// A path that the working directory is put before when it is relative, without `.` and `..`, as Falco
/// writes it.
fn absolute<'v>(view: &'v View<'_>, path: &'v [u8]) -> Value<'v> {
    if path.starts_with(b"/") && !path.split(|&byte| byte == b'/').any(|it| it.starts_with(b".")) {
        return Value::Text(path);
    }
    let absolute = view.target.get_or_init(|| {
        let mut parts: Vec<&[u8]> = Vec::new();
        let cwd = match view.process().map(|process| View::path(&process.cwd, &view.cwd)) {
            Some(Value::Text(cwd)) if !path.starts_with(b"/") => cwd,
            _ => b"",
        };
        let slash = |byte: &u8| *byte == b'/';
        for part in cwd.split(slash).chain(path.split(slash)) {
            match part {
                b"" | b"." => {}
                b".." => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        let mut out = Vec::new();
        for part in parts {
            out.push(b'/');
            out.extend_from_slice(part);
        }
        if out.is_empty() { b"/".to_vec() } else { out }
    });
    Value::Text(absolute)
}

/// The family of the call.
pub(super) fn category(view: &View<'_>) -> Value<'static> {
    match view.facts.kind {
        Kind::Config | Kind::Package | Kind::Digest | Kind::Sensor => Value::Missing,
        Kind::File => Value::Text(b"file"),
        Kind::Network => Value::Text(b"net"),
        _ => Value::Text(b"process"),
    }
}

/// The name of the file behind a descriptor, without its directory.
pub(super) fn file_name<'v>(view: &'v View<'_>) -> Value<'v> {
    of_descriptor(view, |it| Value::Text(base_name(it.path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_what_stands_before_the_last_slash() {
        for (path, expected) in
            [("/etc/passwd", "/etc"), ("/x", "/"), ("/", "/"), ("x", "/"), ("/a/b/c", "/a/b")]
        {
            assert_eq!(directory(path.as_bytes()), expected.as_bytes(), "{path}");
        }
    }

    #[test]
    fn devices_are_encoded_as_the_kernel_does() {
        assert_eq!(device((8, 1)), 0x801);
        assert_eq!(device((0, 0x123)), 0x10_0023);
    }

    #[test]
    fn access_modes_are_read_and_write() {
        for (flags, expected) in [
            (OFlags::RDONLY, (true, false)),
            (OFlags::WRONLY | OFlags::CREATE, (false, true)),
            (OFlags::RDWR, (true, true)),
            (OFlags::PATH, (false, false)),
        ] {
            assert_eq!((reads(flags), writes(flags)), expected, "{flags:?}");
        }
    }
}
