//! What an event needs besides itself: who the ancestors are.

mod proc;
mod processes;
mod program;
#[cfg(feature = "sensor")]
pub(crate) mod sockets;
mod standing;
mod writable;

pub use proc::command_line;
#[cfg(feature = "sensor")]
pub(crate) use proc::open as open_process;
pub use processes::Lineage;
pub use processes::ProcessTable;
pub use processes::Seen;
pub use processes::split_args;
pub use program::Program;
pub use standing::Identity;
pub use standing::Standing;
pub use writable::may_write;
