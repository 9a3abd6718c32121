//! What a process runs.

use std::sync::OnceLock;

use super::Standing;

/// What a process runs. Shared by a process and the children that it forks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    name: Vec<u8>,
    exe: Vec<u8>,
    args: Vec<u8>,
    standing: Option<Box<Standing>>,
    /// Made when it is first asked for; one look serves every event of the process.
    command_line: OnceLock<Vec<u8>>,
}

impl Program {
    /// A program by its `comm`, the path of its executable as the container sees it, and its
    /// arguments, each ended by a NUL byte.
    pub const fn new(name: Vec<u8>, exe: Vec<u8>, args: Vec<u8>) -> Self {
        Self { name, exe, args, standing: None, command_line: OnceLock::new() }
    }

    /// With where its process stood at the exec.
    pub fn with_standing(self, standing: Standing) -> Self {
        Self { standing: Some(Box::new(standing)), ..self }
    }

    /// Where its process stood at the exec, where that is known.
    pub fn standing(&self) -> Option<&Standing> {
        self.standing.as_deref()
    }

    /// `comm`, at most 15 bytes.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Path of the executable, as the container sees it.
    pub fn exe(&self) -> &[u8] {
        &self.exe
    }

    /// The arguments, each ended by a NUL byte.
    pub fn args(&self) -> &[u8] {
        &self.args
    }

    /// The argument at `index`; the one at 0 is usually the program's name as it was called.
    pub fn argument(&self, index: usize) -> Option<&[u8]> {
        self.arguments().nth(index)
    }

    /// The arguments, one after another.
    pub fn arguments(&self) -> impl Iterator<Item = &[u8]> {
        let args = self.args.strip_suffix(b"\0").unwrap_or(&self.args);
        args.split(|&byte| byte == 0).filter(|_| !self.args.is_empty())
    }

    /// The name and, joined by blanks, the arguments behind the first: Falco's `proc.cmdline`.
    pub fn command_line(&self) -> &[u8] {
        self.command_line.get_or_init(|| {
            let mut line = self.name.clone();
            for argument in self.arguments().skip(1) {
                line.push(b' ');
                line.extend_from_slice(argument);
            }
            line
        })
    }

    /// The arguments behind the first, joined by blanks: Falco's `proc.args`.
    pub fn joined_arguments(&self) -> &[u8] {
        self.command_line().get(self.name.len() + 1..).unwrap_or_default()
    }

    /// How much memory it takes, about.
    pub(super) fn bytes(&self) -> usize {
        let standing = self.standing.as_ref().map_or(0, |it| it.cwd.len() + it.cgroup.len());
        self.name.len() + self.exe.len() + self.args.len() + standing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_falcos() {
        let program =
            Program::new(b"sh".to_vec(), b"/bin/dash".to_vec(), b"-sh\0-c\0id \xff\0".to_vec());
        assert_eq!(program.command_line(), b"sh -c id \xff");
        assert_eq!(program.joined_arguments(), b"-c id \xff");
        assert_eq!(program.argument(0), Some(&b"-sh"[..]));
        assert_eq!(program.argument(2), Some(&b"id \xff"[..]));
        assert_eq!(program.argument(3), None);
    }

    #[test]
    fn a_program_without_arguments_has_only_its_name() {
        let program = Program::new(b"sh".to_vec(), Vec::new(), Vec::new());
        assert_eq!(program.command_line(), b"sh");
        assert_eq!(program.joined_arguments(), b"");
        assert_eq!(program.argument(0), None);
        let empty = Program::new(b"sh".to_vec(), Vec::new(), b"\0\0".to_vec());
        assert_eq!(empty.arguments().count(), 2);
    }
}
