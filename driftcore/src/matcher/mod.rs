//! Rules at run time: thousands of typed conditions as one program, and the alert that a match
//! makes.
//!
//! ```text
//! conditions ─→ tests, each once ─→ machines (one look-up for all constants of a field)
//!           ╲─→ nodes, shared    ─→ code (flat), one bucket of rules for each kind of event
//!
//! event ─→ bucket ─→ machines of its index ─→ candidates ─→ code ─→ matches, in order
//! ```
//!
//! Most rules have a test that must be true for them to match, of a value that most events do not
//! have. Such a rule is not looked at until the look-up of that field finds it.

mod access;
mod alert;
mod base64;
mod bucket;
mod check;
mod code;
mod compare;
mod condition;
mod evaluate;
mod explain;
mod format;
mod getopt;
mod glob;
mod info;
mod limits;
mod literal;
mod networks;
mod nodes;
mod operand;
mod paths;
mod program;
mod radix;
mod regexes;
mod scratch;
mod shared;
mod substrings;
mod tables;
mod values;

pub use alert::Alert;
pub use alert::Priority;
pub use condition::Comparison;
pub use condition::Condition;
pub use condition::Constant;
pub use condition::Network;
pub use condition::Operand;
pub use condition::Order;
pub use condition::Relation;
pub use condition::Test;
pub use condition::TextTest;
pub use condition::Transformer;
pub use format::Format;
pub use format::Piece;
pub(crate) use glob::glob_matches;
pub use info::ProgramInfo;
pub use limits::CompileError;
pub use limits::Limits;
pub use program::Policy;
pub use program::Program;
pub use program::Rule;
pub use program::RuleIndex;
pub use scratch::Scratch;
pub use shared::Loaded;
pub use shared::Shared;
pub use shared::SharedProgram;
