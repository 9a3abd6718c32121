//! How large a program may become, and what is said when it would be larger.

/// Bounds on what a program is made of. Each is checked before the memory is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Rules. Default: 100,000.
    pub rules: usize,
    /// Nesting of a condition, or of a transformer's arguments. Default: 1,100 (conditions as the
    /// rule language has them nest 1,000 deep at most).
    pub depth: usize,
    /// Nodes of all conditions together, and of what is left of them for the event types. Default:
    /// 2,000,000.
    pub nodes: usize,
    /// Steps of the compiled code. Default: 2,000,000.
    pub code: usize,
    /// Rules of all kinds of events together (a rule counts for each group of event types that
    /// has rules of its own), and entries of their index; rules beyond it go without an index.
    /// Default: 8,000,000.
    pub index: usize,
    /// Bytes of all constants together. Default: 32 MiB.
    pub constants: usize,
    /// Bytes of the needles of `contains` and `icontains`, and of the parts of globs that are
    /// sought like them; eight times the components of all `pmatch` paths. Default: 1 MiB.
    pub needles: usize,
    /// Bytes of one glob or regular expression. Default: 8 KiB.
    pub pattern: usize,
    /// Bytes of the automaton of all regular expressions of one field. Default: 10 MiB.
    pub regex: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rules: 100_000,
            depth: 1_100,
            nodes: 2_000_000,
            code: 2_000_000,
            index: 8_000_000,
            constants: 32 << 20,
            needles: 1 << 20,
            pattern: 8 << 10,
            regex: 10 << 20,
        }
    }
}

/// Why rules could not be compiled to a program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// One of the [`Limits`] would be passed.
    #[error("{what} beyond the limit of {limit}")]
    TooLarge {
        /// Which: the name of the limit in words.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A regular expression is wrong, or its automaton too large.
    #[error("regular expression `{pattern}`: {reason}")]
    Regex {
        /// The expression, shortened.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Refuses when `count` is beyond `limit`.
pub(super) fn within(what: &'static str, count: usize, limit: usize) -> Result<(), CompileError> {
    if count > limit { Err(CompileError::TooLarge { what, limit }) } else { Ok(()) }
}
