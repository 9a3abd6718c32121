//! What was done with sockets.

use super::core::Core;
use crate::event::SocketEvent;

impl Core {
    /// Takes in what was done with a socket.
    pub(super) fn socket(&mut self, _event: &SocketEvent<'_>) {}
}
