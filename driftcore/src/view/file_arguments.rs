//! The arguments of calls on files, by Falco's names and in its order.

use super::FileFacts;
use super::View;
use super::file::made;
use super::file::open_flags;
use super::file::touched;
use super::flags;
use crate::event::error_name;
use crate::fields::Value;

/// One argument.
#[derive(Debug)]
pub(super) struct FileArgument {
    pub(super) name: &'static str,
    raw: Raw,
    /// As Falco prints it when it explains nothing.
    plain: Vec<u8>,
    /// What the value stands for, where it stands for something.
    meaning: Option<Vec<u8>>,
}

#[derive(Debug)]
enum Raw {
    Signed(i64),
    Unsigned(u64),
    Text(Vec<u8>),
}

impl FileArgument {
    /// As `evt.arg` gives it.
    pub(super) fn text(&self) -> &[u8] {
        self.meaning.as_deref().unwrap_or(&self.plain)
    }

    /// As `evt.rawarg` gives it.
    pub(super) fn raw(&self) -> Value<'_> {
        match &self.raw {
            Raw::Signed(value) => Value::Signed(*value),
            Raw::Unsigned(value) => Value::Unsigned(*value),
            Raw::Text(text) => Value::Text(text),
        }
    }

    /// As it stands in `evt.args`.
    pub(super) fn write_to(&self, line: &mut String) {
        let text = String::from_utf8_lossy(&self.plain);
        line.push_str(self.name);
        line.push('=');
        line.push_str(&text);
        if let Some(meaning) = &self.meaning {
            line.push('(');
            line.push_str(&String::from_utf8_lossy(meaning));
            line.push(')');
        }
    }

    fn text_of(name: &'static str, raw: &[u8], path: &[u8]) -> Self {
        Self { name, raw: Raw::Text(raw.to_vec()), plain: path.to_vec(), meaning: None }
    }

    fn number(name: &'static str, value: u64, plain: String, meaning: Option<String>) -> Self {
        let meaning = meaning.filter(|it| !it.is_empty()).map(String::into_bytes);
        Self { name, raw: Raw::Unsigned(value), plain: plain.into_bytes(), meaning }
    }
}

/// Those of the event's call; none where the call is none on files.
pub(super) fn of(view: &View<'_>) -> Vec<FileArgument> {
    let Some(file) = touched(view) else { return Vec::new() };
    let call = view.facts.event_type.name();
    names(call).iter().filter_map(|name| argument(view, file, call, name)).collect()
}

/// What Falco's table has of each call, as far as it is known here. What its table does not tell apart
/// (`setxattr`, `truncate`) has the arguments that say what it was about.
fn names(call: &str) -> &'static [&'static str] {
    match call {
        "open" | "openat" | "openat2" => &["fd", "name", "flags", "mode", "dev", "ino"],
        "creat" => &["fd", "name", "mode", "dev", "ino"],
        "open_by_handle_at" => &["fd", "flags", "path", "dev", "ino"],
        "unlinkat" => &["res", "name"],
        "unlink" | "rmdir" => &["res", "path"],
        "mkdir" | "mkdirat" => &["res", "path", "mode"],
        "rename" | "renameat" => &["res", "oldpath", "newpath"],
        "renameat2" | "linkat" => &["res", "oldpath", "newpath", "flags"],
        "link" => &["res", "oldpath", "newpath"],
        "symlink" | "symlinkat" => &["res", "target", "linkpath"],
        "mknod" | "mknodat" => &["res", "path", "mode", "dev"],
        "chmod" | "fchmodat" | "fchmodat2" => &["res", "filename", "mode"],
        "fchmod" => &["res", "fd", "mode"],
        "chown" | "lchown" => &["res", "path", "uid", "gid"],
        "fchown" => &["res", "fd", "uid", "gid"],
        "fchownat" => &["res", "pathname", "uid", "gid"],
        "truncate" | "ftruncate" => &["res", "path", "length"],
        _ if call.ends_with("xattr") || call.ends_with("xattrat") => &["res", "path", "name"],
        _ => &["res", "path"],
    }
}

fn argument(
    view: &View<'_>,
    file: &FileFacts<'_>,
    call: &str,
    name: &'static str,
) -> Option<FileArgument> {
    let value = file.value;
    Some(match name {
        "res" => result(view.facts.result),
        "fd" => descriptor(file)?,
        // Of an open file and of a removed one; else that of an extended attribute.
        "name" => match file.attribute {
            Some(attribute) => FileArgument::text_of(name, attribute, attribute),
            None => path(file, name),
        },
        "path" | "filename" | "pathname" | "linkpath" | "newpath" => path(file, name),
        "oldpath" => {
            let old = file.old_path?;
            FileArgument::text_of(name, file.raw_old_name.unwrap_or(old), old)
        }
        "target" => FileArgument::text_of(name, file.old_path?, file.old_path?),
        "flags" if call == "renameat2" => {
            let names = flags::names(value, flags::RENAME);
            FileArgument::number(name, value, value.to_string(), Some(names))
        }
        "flags" if call == "linkat" => {
            let names = flags::names(value, flags::LINK);
            FileArgument::number(name, value, value.to_string(), Some(names))
        }
        "flags" => {
            let (number, names) = flags::open(open_flags(view)?, made(view));
            FileArgument::number(name, number, number.to_string(), Some(names))
        }
        "mode" if view.facts.event_type.opens_file() => {
            // What the file got, as what was asked for is not kept.
            let mode = if made(view) { file.mode & 0o7777 } else { 0 };
            let octal = if mode == 0 { "0".to_owned() } else { format!("0{mode:o}") };
            FileArgument::number(name, mode.into(), octal, None)
        }
        "mode" if call.starts_with("mkdir") => {
            let mode = value & 0o7777;
            FileArgument::number(name, mode, format!("{mode:X}"), None)
        }
        "mode" => {
            let mode = value as u32;
            let of_node = call.starts_with("mknod");
            let names = flags::mode(mode, of_node);
            FileArgument::number(name, mode.into(), format!("0{mode:o}"), Some(names))
        }
        "dev" if call.starts_with("mknod") => {
            let device = value >> 32;
            FileArgument::number(name, device, device.to_string(), None)
        }
        "dev" => {
            let device = super::file::device(file.device).unsigned_abs();
            FileArgument::number(name, device, format!("{device:X}"), None)
        }
        "ino" => FileArgument::number(name, file.inode, file.inode.to_string(), None),
        "uid" => id(name, (value >> 32) as u32),
        "gid" => id(name, value as u32),
        "length" => FileArgument::number(name, value, value.to_string(), None),
        _ => return None,
    })
}

fn path(file: &FileFacts<'_>, name: &'static str) -> FileArgument {
    FileArgument::text_of(name, file.raw_name.unwrap_or(file.path), file.path)
}

fn result(result: i64) -> FileArgument {
    let error = u32::try_from(result.unsigned_abs()).ok().filter(|_| result < 0);
    FileArgument {
        name: "res",
        raw: Raw::Signed(result),
        plain: result.to_string().into_bytes(),
        meaning: error.and_then(error_name).map(|name| name.as_bytes().to_vec()),
    }
}

fn descriptor(file: &FileFacts<'_>) -> Option<FileArgument> {
    let number = file.descriptor?;
    let kind: &[u8] = if file.is_directory { b"<d>" } else { b"<f>" };
    Some(FileArgument {
        name: "fd",
        raw: Raw::Signed(number),
        plain: number.to_string().into_bytes(),
        meaning: Some([kind, file.path].concat()),
    })
}

/// A user or group that is given a file; -1 leaves it as it is.
fn id(name: &'static str, id: u32) -> FileArgument {
    let plain = if id == u32::MAX { "-1".to_owned() } else { id.to_string() };
    FileArgument::number(name, id.into(), plain, None)
}
