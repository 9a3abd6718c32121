//! The socket that an event is about.

use serde::Deserialize;
use serde::Serialize;

use super::Text;

/// A socket by its ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// What it speaks.
    pub protocol: Protocol,
    /// `ip:port`, `[v6]:port`, or the path of a Unix socket (an abstract one begins with `@`).
    pub local: Text,
    /// The other end, in the same form.
    pub remote: Option<Text>,
    /// `ok`, or the name of the error.
    pub result: String,
    /// An IPv6 socket that takes IPv4 too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dual: bool,
    /// The kernel chose the local port: the process had asked for none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub auto_port: bool,
}

/// What a socket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// A Unix socket.
    Unix,
    /// Another one.
    Other,
}

impl Protocol {
    /// The name in events and rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Unix => "unix",
            Self::Other => "other",
        }
    }
}
