//! What an event needs besides itself: who the ancestors are.

mod proc;
mod processes;

pub use proc::command_line;
pub use processes::Lineage;
pub use processes::ProcessTable;
pub use processes::Program;
pub use processes::Seen;
pub use processes::split_args;
