//! Driftcore's own: `drift.*`, and the parts of a drift event that Falco has no name for.

use crate::fields::Field;
use crate::fields::FieldType::Bool;
use crate::fields::FieldType::Path;
use crate::fields::FieldType::Signed;
use crate::fields::FieldType::Text;
use crate::fields::FieldType::Time;
use crate::fields::FieldType::Unsigned;

const NET: &str = "network events";

#[rustfmt::skip]
pub(super) const CONFIG: &[Field] = &[
    Field::new("config.declared", Text, "The value that was declared; of a secret, its SHA-256."),
    Field::new("config.item", Text, "What was declared: the variable, mount, capability or limit."),
    Field::new("config.live", Text, "The value that was found; of a secret, its SHA-256."),
    Field::new("config.mark", Text, "What makes it more than a difference: `code_injection`, `runtime_socket`, `host_path`, `rotation`."),
    Field::new("config.origin", Text, "Where it was changed from: `inside`, `outside` or `unknown`."),
];

#[rustfmt::skip]
pub(super) const DIGEST: &[Field] = &[
    Field::new("digest.approved", Text, "The digests that the image may have.").list(),
    Field::new("digest.reason", Text, "What was found about the image that runs, for people."),
    Field::new("digest.running", Text, "The digest of the image that runs, where it is known."),
];

#[rustfmt::skip]
pub(super) const DRIFT: &[Field] = &[
    Field::new("drift.action", Text, "What happened: `exec`, `create`, `modify`, `listen`, ..."),
    Field::new("drift.before_start", Bool, "Whether the process was running, or the socket waiting for others, already when the sensor started."),
    Field::new("drift.count", Unsigned(64), "Number of equal events that this one stands for.").needs("equal events counted as one"),
    Field::new("drift.denied", Bool, "Whether the event was prevented.").needs("enforcement"),
    Field::new("drift.detected", Bool, "Whether the event departs from what the container was declared to be."),
    Field::new("drift.evidence", Text, "What the verdict rests on: `kernel`, `content`, `manifest`, `time` or `none`."),
    Field::new("drift.kind", Text, "The kind of event: `binary`, `file`, `config`, `package`, `network`, `digest` or `sensor`."),
    Field::new("drift.reason", Text, "Why the verdict was given, in words."),
    Field::new("drift.recovered", Bool, "Whether the event itself was lost and a sweep found its effect."),
    Field::new("drift.tainted", Bool, "Whether the process ran drifted code before, or was started by one that had."),
    Field::new("drift.unproved", Bool, "Whether the path, or a text of the call, may have changed between the call and its check."),
    Field::new("drift.upper_layer", Bool, "Whether the file lies in the upper layer, unchanged copies of image files included."),
    Field::new("drift.verdict", Text, "Where the file came from: `image`, `added`, `modified`, `replaced`, `memfd`, ..."),
];

#[rustfmt::skip]
pub(super) const FILE_FIELDS: &[Field] = &[
    Field::new("file.changed", Text, "The attributes that changed: `mode`, `owner`, `xattr`, `capability`, `size`, `executable`, `setuid`.").list(),
    Field::new("file.device", Text, "The device that the file is on, as `major:minor`."),
    Field::new("file.gid", Unsigned(32), "The group that owns the file."),
    Field::new("file.inode", Unsigned(64), "The file's inode number."),
    Field::new("file.mode", Text, "The file's permission bits in octal, e.g. `4755`."),
    Field::new("file.name", Text, "The file's name, without its directory."),
    Field::new("file.old_path", Path, "The path before a rename, or the target of a link."),
    Field::new("file.path", Path, "The file's path, as the container sees it."),
    Field::new("file.sha256", Text, "The SHA-256 of the file's content, where it is known."),
    Field::new("file.size", Unsigned(64), "The file's size in bytes."),
    Field::new("file.uid", Unsigned(32), "The user who owns the file."),
    Field::new("file.writer.cmdline", Text, "The command line of the file's last writer."),
    Field::new("file.writer.exe", Path, "The path of the executable of the file's last writer."),
    Field::new("file.writer.name", Text, "The process name of the file's last writer."),
    Field::new("file.writer.origin", Text, "Where the file's last writer ran: `inside`, `outside` or `unknown`."),
    Field::new("file.writer.pid", Signed(64), "The process id of the file's last writer."),
    Field::new("file.writer.time", Time, "When the file was last written, in nanoseconds since the epoch."),
    Field::new("file.written", Bool, "Whether content was really written."),
];

#[rustfmt::skip]
pub(super) const IMAGE: &[Field] = &[
    Field::new("image.digest", Text, "The digest of the image's manifest."),
    Field::new("image.id", Text, "The digest of the image's configuration."),
    Field::new("image.reference", Text, "The image's reference as it was given, e.g. `docker.io/library/nginx:1.27`."),
];

#[rustfmt::skip]
pub(super) const NETWORK: &[Field] = &[
    Field::new("net.local", Text, "The local end: `address:port`, `[address]:port` or a path.").needs(NET),
    Field::new("net.protocol", Text, "The protocol: `tcp`, `udp` or `unix`.").needs(NET),
    Field::new("net.remote", Text, "The remote end: `address:port`, `[address]:port` or a path.").needs(NET),
    Field::new("net.result", Text, "`ok`, or the name of the error.").needs(NET),
];

#[rustfmt::skip]
pub(super) const PACKAGE: &[Field] = &[
    Field::new("package.manager", Text, "The package manager, e.g. `dpkg`."),
    Field::new("package.name", Text, "The package's name."),
    Field::new("package.old_version", Text, "The version that the package had before."),
    Field::new("package.version", Text, "The package's version."),
];
