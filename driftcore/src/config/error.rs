//! Why a container's configuration cannot be looked at.

/// Why what was declared and what is cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No file of the runtime's state says how the container was to be set up.
    #[error("the declaration of {id} was not found{}", because(problems))]
    NotDeclared {
        /// The container.
        id: String,
        /// What could not be read on the way.
        problems: Vec<String>,
    },
    /// The state is there and cannot be understood: file, line and column, and what is wrong.
    #[error("{0}")]
    Content(String),
    /// Its first process is still one of the runtime, on its way into the container.
    #[error("{id} is being started")]
    Starting {
        /// The container.
        id: String,
    },
    /// The container has no process that could be looked at.
    #[error("{id} does not run: {reason}")]
    NotRunning {
        /// The container.
        id: String,
        /// How that is known.
        reason: String,
    },
}

fn because(problems: &[String]) -> String {
    problems.iter().map(|problem| format!("; {problem}")).collect()
}
