//! What is done to files and sockets in a container, and what is to be seen of each: the same wherever
//! it is done and by whatever hooks it is seen.

mod files;
mod line;
mod sockets;

pub use files::DEEDS;
pub use files::UNDONE;
pub use files::content;
pub use files::seen_by_functions;
pub use line::line;
pub use sockets::CONNECTIONS;
pub use sockets::DATAGRAMS;
pub use sockets::LISTENERS;
pub use sockets::Sockets;
pub use sockets::portless_socket_line;
pub use sockets::socket_line;
