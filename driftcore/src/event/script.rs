//! How an interpreter came to its script.

use serde::Deserialize;
use serde::Serialize;

/// How an interpreter came to the script that it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ScriptSource {
    /// Its command line names it. That of a script that was executed by itself does too.
    Argument,
    /// It is its standard input.
    StandardInput,
    /// It is named as modules and sourced files are, or a shell's own code sources it.
    Sourced,
}

impl ScriptSource {
    /// The name in events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Argument => "argument",
            Self::StandardInput => "standard_input",
            Self::Sourced => "sourced",
        }
    }
}
