//! Whether what an interpreter reads is a script.
//!
//! The kernel side tells which files an interpreter opens, not what for. A file is its script when the
//! command line names it, when it is the standard input of an interpreter that was given nothing else to
//! run, and when it is named as modules and sourced files of that language are. Everything else it reads
//! is data. So a sourced file of any name, and a module opened as data, are told wrongly.

use super::language::Language;
use super::language::Options;
use crate::enrich::Program;
use crate::event::ScriptSource;

/// Why the file is a script of this program; `None` for data. `path` is the file's, `leads_to_it` says
/// whether a name leads to it over links.
pub(super) fn script(
    program: &Program,
    path: &[u8],
    is_stdin: bool,
    leads_to_it: impl Fn(&[u8]) -> bool,
) -> Option<ScriptSource> {
    let (language, skipped) = Language::of(program)?;
    let command = Command::of(language.options(), program, skipped);
    if is_stdin {
        return command.reads_stdin().then_some(ScriptSource::StandardInput);
    }
    if command.files(|name| is_same(name, path)) {
        return Some(ScriptSource::Argument);
    }
    let sourced = language.has_ending(path) || language.is_shell() && is_sourced(&command, path);
    if sourced {
        return Some(ScriptSource::Sourced);
    }
    command.files(leads_to_it).then_some(ScriptSource::Argument)
}

/// The arguments of an interpreter, by its options.
struct Command<'a> {
    options: &'static Options,
    program: &'a Program,
    skipped: usize,
}

/// What an interpreter was given to run.
#[derive(Clone, Copy)]
enum Given<'a> {
    File(&'a [u8]),
    /// Code among the arguments.
    Inline(&'a [u8]),
    /// A module by its name.
    Module,
    Stdin,
}

impl<'a> Command<'a> {
    fn of(options: &'static Options, program: &'a Program, skipped: usize) -> Self {
        Self { options, program, skipped }
    }

    /// Calls `visit` with each thing that is run, until it says that this was it.
    fn visit(&self, mut visit: impl FnMut(Given<'a>) -> bool) -> bool {
        let options = self.options;
        let mut arguments = self.program.arguments().skip(self.skipped);
        let mut ran = false;
        while let Some(argument) = arguments.next() {
            let mut given = |given: Given<'a>| {
                ran = true;
                visit(given)
            };
            match argument {
                b"-" if options.dash_is_stdin => return given(Given::Stdin),
                b"--" => {
                    let rest = arguments.next().filter(|_| !ran || !options.file_options_replace);
                    return match rest {
                        Some(file) if options.has_file => visit(Given::File(file)),
                        _ => !ran && self.visit_nothing(visit),
                    };
                }
                _ if argument.starts_with(b"--") || options.has_long_words && is_word(argument) => {
                    let (name, value) = split_value(argument);
                    if options.long_inline.contains(&name) {
                        let code = value.or_else(|| arguments.next()).unwrap_or_default();
                        return given(Given::Inline(code));
                    }
                    if options.long_file.contains(&name) {
                        let file = value.or_else(|| arguments.next()).unwrap_or_default();
                        if given(Given::File(file)) {
                            return true;
                        }
                        if options.long_file_ends {
                            return false;
                        }
                    } else if options.long_value.contains(&name) && value.is_none() {
                        arguments.next();
                    }
                }
                [b'-' | b'+', letters @ ..] if !letters.is_empty() => {
                    let mut at = 0;
                    while let Some(&letter) = letters.get(at) {
                        at += 1;
                        let rest = letters.get(at..).filter(|rest| !rest.is_empty());
                        if options.inline.contains(&letter) {
                            // What is left of a cluster are other options to a shell, code to others.
                            let code = rest.filter(|_| !options.clusters);
                            let code = code.or_else(|| arguments.next()).unwrap_or_default();
                            return given(Given::Inline(code));
                        } else if options.module.contains(&letter) {
                            return given(Given::Module);
                        } else if options.stdin.contains(&letter) {
                            return given(Given::Stdin);
                        } else if options.file.contains(&letter) {
                            let file = rest.or_else(|| arguments.next()).unwrap_or_default();
                            if given(Given::File(file)) {
                                return true;
                            }
                            break;
                        } else if options.value.contains(&letter) {
                            if rest.is_none() || options.clusters {
                                arguments.next();
                            }
                            break;
                        } else if options.attached.contains(&letter) {
                            break;
                        }
                    }
                }
                _ if options.subcommands.contains(&argument) => {}
                file => {
                    let is_file = options.has_file && !(ran && options.file_options_replace);
                    return is_file && visit(Given::File(file));
                }
            }
        }
        !ran && self.visit_nothing(visit)
    }

    fn visit_nothing(&self, mut visit: impl FnMut(Given<'a>) -> bool) -> bool {
        self.options.nothing_is_stdin && visit(Given::Stdin)
    }

    fn files(&self, is_it: impl Fn(&[u8]) -> bool) -> bool {
        self.visit(|given| matches!(given, Given::File(name) if is_it(name)))
    }

    fn reads_stdin(&self) -> bool {
        let mut first = None;
        self.visit(|given| {
            let is_stdin = matches!(given, Given::Stdin)
                || matches!(given, Given::File(b"/dev/stdin" | b"/dev/fd/0" | b"/proc/self/fd/0"));
            *first.get_or_insert(is_stdin)
        });
        first == Some(true)
    }

    fn inline(&self, is_it: impl Fn(&[u8]) -> bool) -> bool {
        self.visit(|given| matches!(given, Given::Inline(code) if is_it(code)))
    }
}

/// A long option that begins with one dash, as Java has them.
fn is_word(argument: &[u8]) -> bool {
    argument.starts_with(b"-") && argument.len() > 2
}

fn split_value(argument: &[u8]) -> (&[u8], Option<&[u8]>) {
    match argument.iter().position(|&byte| byte == b'=') {
        Some(at) => (argument.get(..at).unwrap_or_default(), argument.get(at + 1..)),
        None => (argument, None),
    }
}

/// The last component of a path.
pub(super) fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
}

/// Whether a name on the command line may be this file: by its last component, as working directories
/// change and directories are links.
fn is_same(name: &[u8], path: &[u8]) -> bool {
    if name.is_empty() {
        return false;
    }
    // What stands for an open file has no name of its own.
    let open_file = [&b"/dev/fd/"[..], b"/proc/self/fd/", b"/dev/stdin"];
    if open_file.iter().any(|prefix| name.starts_with(prefix)) {
        return true;
    }
    let name_base = base_name(name);
    if name_base.is_empty() || name_base == b"." || name_base == b".." {
        return false;
    }
    name_base == base_name(path)
}

/// Whether a shell's code among its arguments sources the file, or its name is one of those that shells
/// read when they start.
fn is_sourced(command: &Command<'_>, path: &[u8]) -> bool {
    let name = base_name(path);
    let starts = [&b"profile"[..], b".profile", b".login", b".logout", b".shrc", b".env"];
    if starts.contains(&name) || name.starts_with(b".") && name.ends_with(b"rc") {
        return true;
    }
    if name.starts_with(b".bash_") || name.starts_with(b".z") {
        return true;
    }
    command.inline(|code| sources(code, name))
}

/// Whether shell code has `. NAME` or `source NAME` in it, by the last component of the name.
fn sources(code: &[u8], name: &[u8]) -> bool {
    let breaks = |byte: &u8| byte.is_ascii_whitespace() || b";&|(){}`".contains(byte);
    let mut words = code.split(breaks).filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        if matches!(word, b"." | b"source") {
            let Some(file) = words.next() else { return false };
            let quotes = |byte: &u8| matches!(byte, b'"' | b'\'');
            let start = file.iter().position(|it| !quotes(it)).unwrap_or(file.len());
            let end = file.iter().rposition(|it| !quotes(it)).map_or(start, |at| at + 1);
            let file = file.get(start..end).unwrap_or_default();
            // A name that the shell has yet to put together may be any.
            if base_name(file) == name || file.contains(&b'$') {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(exe: &str, arguments: &[&str], path: &str, is_stdin: bool) -> Option<ScriptSource> {
        let mut args = arguments.join("\0").into_bytes();
        args.push(0);
        let program = Program::new(b"x".to_vec(), exe.as_bytes().to_vec(), args);
        script(&program, path.as_bytes(), is_stdin, |_| false)
    }

    fn reads(exe: &str, arguments: &[&str], path: &str) -> Option<ScriptSource> {
        told(exe, arguments, path, false)
    }

    fn stdin(exe: &str, arguments: &[&str]) -> bool {
        told(exe, arguments, "/tmp/x", true).is_some()
    }

    const ARGUMENT: Option<ScriptSource> = Some(ScriptSource::Argument);
    const SOURCED: Option<ScriptSource> = Some(ScriptSource::Sourced);

    #[test]
    fn a_script_is_named_by_the_command_line() {
        for (exe, arguments) in [
            ("/bin/dash", &["sh", "/tmp/x"][..]),
            ("/bin/dash", &["sh", "-e", "x", "y"]),
            ("/bin/bash", &["bash", "-o", "pipefail", "./x"]),
            ("/bin/bash", &["bash", "--rcfile", "/tmp/x", "-i"]),
            ("/bin/bash", &["bash", "--", "x"]),
            ("/bin/busybox", &["sh", "x"]),
            ("/bin/busybox", &["busybox", "sh", "-x", "x"]),
            ("/bin/busybox", &["/bin/busybox", "awk", "-f", "x", "data"]),
            ("/usr/bin/python3.11", &["python3", "-W", "ignore", "-u", "x", "y"]),
            ("/usr/bin/python3.11", &["python3", "-Wignore", "x"]),
            ("/usr/bin/perl", &["perl", "-w", "-I", "lib", "x"]),
            ("/usr/bin/perl", &["perl", "-Ilib", "-MJSON", "x"]),
            ("/usr/bin/ruby3.1", &["ruby", "-rjson", "x"]),
            ("/usr/bin/node", &["node", "--require", "y", "x"]),
            ("/usr/bin/node", &["node", "-r", "x", "y"]),
            ("/usr/bin/deno", &["deno", "run", "x"]),
            ("/usr/bin/php8.2", &["php", "-d", "a=b", "-f", "x"]),
            ("/usr/bin/java", &["java", "-Xmx1g", "-cp", "y", "-jar", "x", "z"]),
            ("/usr/bin/lua5.4", &["lua", "-l", "y", "x"]),
            ("/usr/bin/mawk", &["awk", "-F", ":", "-f", "x", "data"]),
            ("/usr/bin/tclsh8.6", &["tclsh", "x"]),
            ("/opt/own-language", &["own", "x"]),
        ] {
            assert_eq!(reads(exe, arguments, "/tmp/x"), ARGUMENT, "{arguments:?}");
            assert_eq!(reads(exe, arguments, "/tmp/data"), None, "{arguments:?}");
        }
    }

    #[test]
    fn data_is_no_script() {
        for (exe, arguments) in [
            ("/bin/dash", &["sh", "-c", "cat < /tmp/x", "x"][..]),
            ("/bin/dash", &["sh", "-ec", "x", "x"]),
            ("/bin/dash", &["sh", "y", "x"]),
            ("/bin/busybox", &["cat", "/tmp/x"]),
            ("/bin/busybox", &["busybox", "cat", "/tmp/x"]),
            ("/usr/bin/python3.11", &["python3", "-c", "open('/tmp/x')", "x"]),
            ("/usr/bin/python3.11", &["python3", "-Ic", "open('/tmp/x')", "x"]),
            ("/usr/bin/python3.11", &["python3", "-m", "mod", "x"]),
            ("/usr/bin/python3.11", &["python3", "y.py", "x"]),
            ("/usr/bin/perl", &["perl", "-ne", "print", "x"]),
            ("/usr/bin/perl", &["perl", "-pi.bak", "-e", "s/a/b/", "x"]),
            ("/usr/bin/ruby3.1", &["ruby", "-e", "1", "x"]),
            ("/usr/bin/node", &["node", "--eval", "1", "x"]),
            ("/usr/bin/node", &["node", "-p", "1", "x"]),
            ("/usr/bin/php8.2", &["php", "-r", "1;", "x"]),
            ("/usr/bin/java", &["java", "-jar", "y.jar", "x"]),
            ("/usr/bin/mawk", &["awk", "{print}", "x"]),
            ("/usr/bin/mawk", &["awk", "-f", "y", "x"]),
        ] {
            assert_eq!(reads(exe, arguments, "/tmp/x"), None, "{arguments:?}");
            assert!(!stdin(exe, arguments), "{arguments:?}");
        }
    }

    #[test]
    fn modules_are_known_by_their_names_and_only_in_their_language() {
        let python = &["python3", "-m", "mod"];
        assert_eq!(reads("/usr/bin/python3", python, "/tmp/mod.py"), SOURCED);
        assert_eq!(
            reads("/usr/bin/python3", python, "/tmp/__pycache__/mod.cpython-311.pyc"),
            SOURCED
        );
        assert_eq!(reads("/usr/bin/python3", python, "/tmp/mod.sh"), None);
        assert_eq!(reads("/usr/bin/perl", &["perl", "x.pl"], "/tmp/Mod.pm"), SOURCED);
        assert_eq!(reads("/bin/dash", &["sh", "y"], "/tmp/lib.sh"), SOURCED);
        assert_eq!(reads("/bin/dash", &["sh", "y"], "/tmp/data.py"), None);
        assert_eq!(reads("/bin/dash", &["-sh"], "/root/.profile"), SOURCED);
        assert_eq!(reads("/opt/own-language", &["own", "y"], "/tmp/x.py"), SOURCED);
    }

    #[test]
    fn what_a_shells_own_code_sources_is_a_script_by_any_name() {
        let shell = |code| reads("/bin/dash", &["sh", "-c", code], "/tmp/x");
        for code in [". /tmp/x", "cd /tmp;. ./x", "true && source '/tmp/x' a", ". \"$FILE\""] {
            assert_eq!(shell(code), SOURCED, "{code}");
        }
        for code in ["cat /tmp/x", ". /tmp/y", "ls .", ".", "echo . ; cat x"] {
            assert_eq!(shell(code), None, "{code}");
        }
    }

    #[test]
    fn standard_input_is_a_script_where_nothing_else_is_given() {
        assert!(stdin("/bin/dash", &["sh"]));
        assert!(stdin("/bin/dash", &["sh", "-x"]));
        assert!(stdin("/bin/dash", &["sh", "-s", "a"]));
        assert!(stdin("/bin/bash", &["bash", "/dev/stdin"]));
        assert!(stdin("/bin/busybox", &["busybox", "sh"]));
        assert!(stdin("/usr/bin/python3", &["python3"]));
        assert!(stdin("/usr/bin/python3", &["python3", "-", "a"]));
        assert!(stdin("/usr/bin/perl", &["perl", "-w"]));
        assert!(!stdin("/usr/bin/java", &["java", "x"]));
        assert!(!stdin("/usr/bin/mawk", &["awk"]));
        assert!(!stdin("/bin/busybox", &["cat"]));
    }

    #[test]
    fn a_link_is_followed_last() {
        let program =
            Program::new(b"sh".to_vec(), b"/bin/dash".to_vec(), b"sh\0/opt/link\0".to_vec());
        assert_eq!(script(&program, b"/tmp/real", false, |name| name == b"/opt/link"), ARGUMENT);
        assert_eq!(script(&program, b"/tmp/real", false, |_| false), None);
    }

    proptest! {
        #[test]
        fn no_command_line_makes_it_fail(
            exe in "/(busybox|dash|python3|perl|java|mawk|other)",
            args in prop::collection::vec(any::<u8>(), 0..64),
            path: Vec<u8>, is_stdin: bool,
        ) {
            let program = Program::new(Vec::new(), exe.into_bytes(), args);
            let _ = script(&program, &path, is_stdin, |_| false);
        }
    }
}
