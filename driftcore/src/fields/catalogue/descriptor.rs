//! `fd.*` and `fs.path.*`.

use crate::fields::ArgumentKind::OptionalIndex;
use crate::fields::Field;
use crate::fields::FieldType::Address;
use crate::fields::FieldType::Bool;
use crate::fields::FieldType::Network;
use crate::fields::FieldType::Path;
use crate::fields::FieldType::Port;
use crate::fields::FieldType::Signed;
use crate::fields::FieldType::Text;
use crate::fields::Print;

const DNS: &str = "names are not looked up: DNS answers change and an attacker may own them";
const GIVEN: &str = "an open is told from the file that it opened, whose path is `fd.name`; the name that it was given is not kept";
const SERVICE: &str = "ports are told by their numbers: compare `fd.sport` and the like";

#[rustfmt::skip]
pub(super) const DESCRIPTOR: &[Field] = &[
    Field::new("fd.cip", Address, "The client's IP address."),
    Field::new("fd.cip.name", Text, "The client's domain name.").never(DNS),
    Field::new("fd.cnet", Network, "The network that the client is in.").filter_only(),
    Field::new("fd.connected", Bool, "Whether the socket is connected."),
    Field::new("fd.containerdirectory", Text, "The container's id, a colon and the file's directory."),
    Field::new("fd.containername", Text, "The container's id, a colon and the descriptor's name."),
    Field::new("fd.cport", Port, "The client's port."),
    Field::new("fd.cproto", Text, "The name of the client's service, by its port.").never(SERVICE),
    Field::new("fd.dev", Signed(32), "The device that the file is on.").print(Print::Hex),
    Field::new("fd.dev.major", Signed(32), "The major number of the device that the file is on."),
    Field::new("fd.dev.minor", Signed(32), "The minor number of the device that the file is on."),
    Field::new("fd.directory", Text, "The directory that holds the file."),
    Field::new("fd.filename", Text, "The file's name, without its directory."),
    Field::new("fd.ino", Signed(64), "The file's inode number."),
    Field::new("fd.ip", Address, "The IP address of either end.").ends(),
    Field::new("fd.is_lower_layer", Bool, "Whether the file lies in a lower layer of an overlay."),
    Field::new("fd.is_server", Bool, "Whether the process is the server of the connection."),
    Field::new("fd.is_upper_layer", Bool, "Whether the file lies in the upper layer of an overlay."),
    Field::new("fd.l4proto", Text, "The socket's protocol: `tcp`, `udp`, `icmp` or `raw`."),
    Field::new("fd.lip", Address, "The local IP address."),
    Field::new("fd.lip.name", Text, "The local end's domain name.").never(DNS),
    Field::new("fd.lnet", Network, "The network that the local end is in.").filter_only(),
    Field::new("fd.lport", Port, "The local port."),
    Field::new("fd.lproto", Text, "The name of the local service, by its port.").never(SERVICE),
    Field::new("fd.name", Text, "The file's path, or the ends of a connection."),
    Field::new("fd.name_changed", Bool, "Whether the event changed the descriptor's name."),
    Field::new("fd.nameraw", Text, "The file's path as the process gave it.").never(GIVEN),
    Field::new("fd.net", Network, "The network of either end.").ends(),
    Field::new("fd.num", Signed(64), "The file descriptor's number."),
    Field::new("fd.port", Port, "The port of either end.").ends(),
    Field::new("fd.proto", Port, "The service of either end, by its port.").ends().never(SERVICE),
    Field::new("fd.rip", Address, "The remote IP address."),
    Field::new("fd.rip.name", Text, "The remote end's domain name.").never(DNS),
    Field::new("fd.rnet", Network, "The network that the remote end is in.").filter_only(),
    Field::new("fd.rport", Port, "The remote port."),
    Field::new("fd.rproto", Text, "The name of the remote service, by its port.").never(SERVICE),
    Field::new("fd.sip", Address, "The server's IP address."),
    Field::new("fd.sip.name", Text, "The server's domain name.").never(DNS),
    Field::new("fd.snet", Network, "The network that the server is in.").filter_only(),
    Field::new("fd.sockfamily", Text, "The socket's family: `ip` or `unix`."),
    Field::new("fd.sport", Port, "The server's port."),
    Field::new("fd.sproto", Text, "The name of the server's service, by its port.").never(SERVICE),
    Field::new("fd.type", Text, "The kind of descriptor: `file`, `directory`, `ipv4`, `ipv6`, `unix`, `pipe`, ..."),
    Field::new("fd.typechar", Text, "The kind of descriptor in one character: `f`, `d`, `4`, `6`, `u`, `p`, ..."),
    Field::new("fd.types", Text, "The kinds of the process's descriptors, or of the one with this number.").list().argument(OptionalIndex).never("the descriptors of a process are not all observed"),
    Field::new("fd.uid", Text, "The descriptor's number and the thread id, put together."),
];

#[rustfmt::skip]
pub(super) const PATHS: &[Field] = &[
    Field::new("fs.path.name", Path, "The path that the call is about, made absolute."),
    Field::new("fs.path.nameraw", Path, "The path that the call is about, as the process gave it."),
    Field::new("fs.path.source", Path, "The path that a call with two of them begins from, made absolute."),
    Field::new("fs.path.sourceraw", Path, "The path that a call with two of them begins from, as the process gave it."),
    Field::new("fs.path.target", Path, "The path that a call with two of them leads to, made absolute."),
    Field::new("fs.path.targetraw", Path, "The path that a call with two of them leads to, as the process gave it."),
];
