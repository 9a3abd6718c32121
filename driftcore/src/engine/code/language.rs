//! The languages of scripts: how an interpreter is told what to run, and how its files are named.

use super::script::base_name;
use crate::enrich::Program;

/// A family of interpreters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Shell,
    Python,
    Perl,
    Ruby,
    JavaScript,
    Php,
    Java,
    Lua,
    Awk,
    Tcl,
    /// Of the configuration alone: nothing is known of its options.
    Other,
}

/// What the options of an interpreter mean, by letter.
#[derive(Debug)]
pub(super) struct Options {
    /// The argument that follows, or what is left of this one, is code.
    pub(super) inline: &'static [u8],
    /// It is the name of a module.
    pub(super) module: &'static [u8],
    /// It is a file that is run.
    pub(super) file: &'static [u8],
    /// It is something else.
    pub(super) value: &'static [u8],
    /// What is left of this one is something else.
    pub(super) attached: &'static [u8],
    /// Code is read from standard input.
    pub(super) stdin: &'static [u8],
    pub(super) long_inline: &'static [&'static [u8]],
    pub(super) long_file: &'static [&'static [u8]],
    pub(super) long_value: &'static [&'static [u8]],
    /// Words in front of the script that are none.
    pub(super) subcommands: &'static [&'static [u8]],
    /// Letters behind one that takes an argument are options too.
    pub(super) clusters: bool,
    /// Options of several letters begin with one dash.
    pub(super) has_long_words: bool,
    /// The file of a long option is all that is run.
    pub(super) long_file_ends: bool,
    /// Where an option named a file, what follows is no script.
    pub(super) file_options_replace: bool,
    /// The first argument that is no option is a script.
    pub(super) has_file: bool,
    pub(super) dash_is_stdin: bool,
    pub(super) nothing_is_stdin: bool,
}

const PLAIN: Options = Options {
    inline: b"",
    module: b"",
    file: b"",
    value: b"",
    attached: b"",
    stdin: b"",
    long_inline: &[],
    long_file: &[],
    long_value: &[],
    subcommands: &[],
    clusters: false,
    has_long_words: false,
    long_file_ends: false,
    file_options_replace: false,
    has_file: true,
    dash_is_stdin: true,
    nothing_is_stdin: true,
};

static SHELL: Options = Options {
    inline: b"c",
    value: b"oO",
    stdin: b"s",
    long_file: &[b"--rcfile", b"--init-file"],
    long_inline: &[b"--command"],
    clusters: true,
    ..PLAIN
};
static PYTHON: Options = Options {
    inline: b"c",
    module: b"m",
    value: b"WXQ",
    long_value: &[b"--check-hash-based-pycs"],
    ..PLAIN
};
static PERL: Options = Options { inline: b"eE", value: b"I", attached: b"MmxFilCDVd0", ..PLAIN };
static RUBY: Options = Options { inline: b"e", value: b"rIE", attached: b"CKFxWi0", ..PLAIN };
static JAVASCRIPT: Options = Options {
    inline: b"ep",
    file: b"r",
    long_inline: &[b"--eval", b"--print"],
    long_file: &[b"--require", b"--import", b"--loader", b"--experimental-loader"],
    long_value: &[b"--conditions", b"--env-file", b"--inspect-port", b"--title"],
    subcommands: &[b"run"],
    ..PLAIN
};
static PHP: Options = Options {
    inline: b"rBRE",
    file: b"fF",
    value: b"dczSty",
    long_inline: &[b"--run"],
    long_file: &[b"--file"],
    file_options_replace: true,
    ..PLAIN
};
static JAVA: Options = Options {
    long_file: &[b"-jar"],
    long_value: &[
        b"-cp",
        b"-classpath",
        b"--class-path",
        b"--module-path",
        b"--upgrade-module-path",
        b"--add-modules",
        b"--add-exports",
        b"--add-opens",
        b"--add-reads",
        b"--patch-module",
        b"--source",
    ],
    has_long_words: true,
    long_file_ends: true,
    dash_is_stdin: false,
    nothing_is_stdin: false,
    ..PLAIN
};
static LUA: Options = Options { value: b"el", ..PLAIN };
static AWK: Options = Options {
    file: b"fE",
    value: b"vFil",
    long_file: &[b"--file", b"--exec"],
    long_value: &[b"--assign", b"--field-separator", b"--include", b"--load"],
    has_file: false,
    dash_is_stdin: false,
    nothing_is_stdin: false,
    ..PLAIN
};
static TCL: Options = Options {
    inline: b"c",
    file: b"f",
    long_value: &[b"-encoding"],
    has_long_words: true,
    ..PLAIN
};
static OTHER: Options = PLAIN;

impl Language {
    /// The language that a program runs, and how many arguments stand before its options. `None` where
    /// it runs none: of the many programs that one file is, only the shell and awk do.
    pub(super) fn of(program: &Program) -> Option<(Self, usize)> {
        let name = without_version(base_name(program.exe()));
        if name != b"busybox" && name != b"toybox" {
            return Some((Self::named(name), 1));
        }
        let called = |index| program.argument(index).map(base_name);
        let (applet, skipped) = match called(0) {
            Some(b"busybox" | b"toybox") => (called(1)?, 2),
            Some(applet) => (applet, 1),
            None => return Some((Self::Shell, 1)),
        };
        let applet = applet.strip_prefix(b"-").unwrap_or(applet);
        match applet {
            b"sh" | b"ash" | b"bash" | b"hush" => Some((Self::Shell, skipped)),
            b"awk" => Some((Self::Awk, skipped)),
            _ => None,
        }
    }

    fn named(name: &[u8]) -> Self {
        match name {
            b"sh" | b"ash" | b"bash" | b"csh" | b"dash" | b"fish" | b"ksh" | b"mksh" | b"rbash"
            | b"tcsh" | b"yash" | b"zsh" => Self::Shell,
            b"python" | b"pypy" => Self::Python,
            b"perl" => Self::Perl,
            b"ruby" => Self::Ruby,
            b"node" | b"nodejs" | b"bun" | b"deno" => Self::JavaScript,
            b"php" | b"php-cgi" | b"php-fpm" => Self::Php,
            b"java" => Self::Java,
            b"lua" | b"luajit" => Self::Lua,
            b"awk" | b"gawk" | b"mawk" => Self::Awk,
            b"tclsh" | b"wish" | b"expect" => Self::Tcl,
            _ => Self::Other,
        }
    }

    pub(super) fn is_shell(self) -> bool {
        self == Self::Shell
    }

    pub(super) const fn options(self) -> &'static Options {
        match self {
            Self::Shell => &SHELL,
            Self::Python => &PYTHON,
            Self::Perl => &PERL,
            Self::Ruby => &RUBY,
            Self::JavaScript => &JAVASCRIPT,
            Self::Php => &PHP,
            Self::Java => &JAVA,
            Self::Lua => &LUA,
            Self::Awk => &AWK,
            Self::Tcl => &TCL,
            Self::Other => &OTHER,
        }
    }

    /// Endings of the names of its files; of a language that is not known, of all of them.
    const fn endings(self) -> &'static [&'static [u8]] {
        match self {
            Self::Shell => &[b"sh", b"bash", b"zsh", b"ksh", b"csh", b"fish"],
            Self::Python => &[b"py", b"pyc", b"pyo", b"pyw", b"pyz", b"pth"],
            Self::Perl => &[b"pl", b"pm", b"ph", b"al"],
            Self::Ruby => &[b"rb"],
            Self::JavaScript => &[b"js", b"mjs", b"cjs", b"ts", b"mts"],
            Self::Php => &[b"php", b"phtml", b"inc", b"phar"],
            Self::Java => &[b"jar", b"war", b"class", b"jmod"],
            Self::Lua => &[b"lua", b"luac"],
            Self::Awk => &[b"awk"],
            Self::Tcl => &[b"tcl", b"exp"],
            Self::Other => &[],
        }
    }

    /// Whether the file is named as modules of this language are.
    pub(super) fn has_ending(self, path: &[u8]) -> bool {
        let name = base_name(path);
        let Some(dot) = name.iter().rposition(|&byte| byte == b'.') else { return false };
        let ending = name.get(dot + 1..).unwrap_or_default();
        if self == Self::Other {
            return crate::sensor::ENDINGS.iter().any(|it| it.as_bytes() == ending);
        }
        self.endings().contains(&ending)
    }
}

/// The name of a program without a version at its end.
fn without_version(name: &[u8]) -> &[u8] {
    let end = name.iter().rposition(|byte| !(byte.is_ascii_digit() || b".-".contains(byte)));
    name.get(..end.map_or(0, |at| at + 1)).unwrap_or_default()
}
