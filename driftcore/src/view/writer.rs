//! The last writer of a file, as rules see it.

use crate::event::Text;
use crate::event::Timestamp;
use crate::event::Writer;
use crate::event::WriterOrigin;

/// Who wrote a file last.
#[derive(Clone, Copy, Debug)]
pub struct LastWriter<'a> {
    /// Process id in the initial pid namespace.
    pub pid: u32,
    /// `comm`.
    pub name: &'a [u8],
    /// Path of its executable, where that is known.
    pub exe: Option<&'a [u8]>,
    /// Its arguments, the program's name as it was called first.
    pub args: WriterArguments<'a>,
    /// When it wrote.
    pub time: Timestamp,
    /// From where.
    pub origin: WriterOrigin,
}

/// Arguments of a process.
#[derive(Clone, Copy, Debug)]
pub enum WriterArguments<'a> {
    /// Each ended by a NUL byte.
    Block(&'a [u8]),
    /// One by one.
    List(&'a [Text]),
}

impl LastWriter<'_> {
    /// The name and, joined by blanks, the arguments behind the first.
    pub(super) fn command_line(&self) -> Vec<u8> {
        let mut line = self.name.to_vec();
        let mut add = |argument: &[u8]| {
            line.push(b' ');
            line.extend_from_slice(argument);
        };
        match self.args {
            WriterArguments::Block(args) => {
                let args = args.strip_suffix(b"\0").unwrap_or(args);
                args.split(|&byte| byte == 0).skip(1).for_each(&mut add);
            }
            WriterArguments::List(args) => {
                args.iter().skip(1).map(Text::as_bytes).for_each(&mut add);
            }
        }
        line
    }
}

impl<'a> From<&'a Writer> for LastWriter<'a> {
    fn from(writer: &'a Writer) -> Self {
        let process = &writer.process;
        Self {
            pid: process.pid,
            name: process.name.as_bytes(),
            exe: Some(process.exe.as_bytes()).filter(|exe| !exe.is_empty()),
            args: WriterArguments::List(&process.cmdline),
            time: writer.time,
            origin: writer.origin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_arguments_make_one_command_line() {
        let list = [Text::from("/usr/bin/cp"), Text::from("a"), Text::from("b c")];
        let of = |args| {
            let writer = LastWriter {
                pid: 1,
                name: b"cp",
                exe: None,
                args,
                time: Timestamp::from_nanos(1),
                origin: WriterOrigin::Inside,
            };
            writer.command_line()
        };
        assert_eq!(of(WriterArguments::List(&list)), b"cp a b c");
        assert_eq!(of(WriterArguments::Block(b"/usr/bin/cp\0a\0b c\0")), b"cp a b c");
        assert_eq!(of(WriterArguments::Block(b"")), b"cp");
    }
}
