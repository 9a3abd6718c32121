//! What an event, or a report, says of how a container is set up.

use serde::Deserialize;
use serde::Serialize;

use super::Text;
use super::WriterOrigin;

/// Something that is not as it was declared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigItem {
    /// What: a variable, a mount point, a set of capabilities, a limit.
    pub item: Text,
    /// What was declared; `None` where nothing was. Of a secret, its SHA-256.
    pub declared: Option<Text>,
    /// What is; `None` where it is not there. Of a secret, its SHA-256.
    pub live: Option<Text>,
    /// What makes that more than a difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<ConfigMark>,
    /// Where it was changed from, as far as that was seen; `None` of one that ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<WriterOrigin>,
}

/// What makes a difference more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConfigMark {
    /// The variable makes programs load or run other code.
    CodeInjection,
    /// The socket of a container runtime: who may use it rules the host.
    RuntimeSocket,
    /// A directory or file of the host.
    HostPath,
    /// The kubelet's way to bring other content of a secret or a config map, all of it at once.
    Rotation,
}

impl ConfigMark {
    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CodeInjection => "code_injection",
            Self::RuntimeSocket => "runtime_socket",
            Self::HostPath => "host_path",
            Self::Rotation => "rotation",
        }
    }
}
