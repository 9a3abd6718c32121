//! What a container's secrets and configuration mounts hold, by digest.
//!
//! ```text
//! mountinfo ─→ Place: which mounts, of which kind ─→ tree: bounded reading ─→ Secrets ─┐
//!                                                                Secrets of before ────┴→ compare ─→ Items
//! ```
//! No content leaves this module: a file is hashed while it is read, and only its SHA-256 is kept.
//!
//! Of what the kubelet writes more is known. It never changes a file in place: it writes a directory
//! `..TIMESTAMP`, and lets the symbolic link `..data` lead there by a rename (Kubernetes'
//! `pkg/volume/util/atomic_writer.go`). So another target of `..data` is a rotation, and a file written
//! after the link was made is not the kubelet's work.

mod compare;
mod layout;
mod place;
mod read;
mod tree;

use std::path::PathBuf;

use self::place::SecretKind;
use self::tree::Contents;

/// The secrets and configuration files of a container: those that the kubelet mounts (secrets, config maps,
/// projected tokens, the downward API), what is mounted at or below `/run/secrets`, and what is asked for.
/// A snapshot that holds digests, and no content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    volumes: Vec<Volume>,
    /// The mount namespace of the container, by its inode number.
    namespace: Option<u64>,
    /// Something that was there could not be read.
    is_partial: bool,
    problems: Vec<String>,
}

/// One mount, or one path that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Volume {
    /// Where the container sees it.
    point: PathBuf,
    kind: SecretKind,
    /// Nobody in the container can write there.
    is_read_only: bool,
    contents: Contents,
}
