//! A view of a [`DriftEvent`]: of one that waited for its verdict, or was read from a file.

use std::net::SocketAddr;
use std::sync::Arc;

use rustix::fs::OFlags;

use super::AccountNames;
use super::Ancestors;
use super::CallFacts;
use super::FileFacts;
use super::NetworkFacts;
use super::ObservedFacts;
use super::PathText;
use super::ProcessFacts;
use super::ProcessIds;
use super::Relative;
use super::View;
use super::event_type;
use crate::enrich::Program;
use crate::event::Action;
use crate::event::Capabilities;
use crate::event::ContainerDetails;
use crate::event::DriftEvent;
use crate::event::Kind;
use crate::event::Network;
use crate::event::Process;
use crate::event::Protocol;
use crate::event::SocketEnd;
use crate::event::Text;
use crate::event::Timestamp;
use crate::event::Verdict;
use crate::event::error_number;
use crate::fields::EventType;

const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// What rules may ask of a live event that its [`DriftEvent`] does not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveFacts {
    /// The system call that the event came by.
    pub event_type: Option<EventType>,
    /// What it returned.
    pub result: i64,
    /// The name of the file as the caller gave it.
    pub raw_name: Option<Vec<u8>>,
    /// The old name of the file as the caller gave it.
    pub raw_old_name: Option<Vec<u8>>,
    /// Flags of an open, or what was asked for; see
    /// [`FileEvent::value`](crate::event::FileEvent::value).
    pub value: u64,
    /// Name of the extended attribute.
    pub attribute: Option<Vec<u8>>,
    /// The descriptor that the call returned or was given.
    pub descriptor: Option<i64>,
    /// Whether the file is a directory.
    pub is_directory: bool,
    /// The path as it was given to execve.
    pub filename: Option<Vec<u8>>,
    /// When the process started.
    pub started: Option<Timestamp>,
    /// When its parent started.
    pub parent_started: Option<Timestamp>,
    /// When the first process of its pid namespace started.
    pub pid_namespace_started: Option<Timestamp>,
    /// The process's ids beyond those of the event.
    pub ids: Option<ProcessIds>,
    /// What the leader of its session runs.
    pub session_leader: Option<Arc<Program>>,
    /// What the leader of its process group runs.
    pub group_leader: Option<Arc<Program>>,
    /// Its capabilities.
    pub capabilities: Option<Capabilities>,
    /// Last status change of the file.
    pub file_changed: Option<Timestamp>,
    /// Last modification of the file.
    pub file_modified: Option<Timestamp>,
    /// Whether the file lies in the upper layer.
    pub upper_layer: Option<bool>,
    /// Whether the process could write the file.
    pub writable: Option<bool>,
}

/// What a [`DriftEvent`] has to be turned into before it can be viewed.
#[derive(Debug)]
pub struct Recorded<'a> {
    event: &'a DriftEvent,
    live: LiveFacts,
    details: Option<&'a ContainerDetails>,
    accounts: Option<&'a dyn AccountNames>,
    program: Program,
    ancestors: Vec<(u32, Program)>,
}

impl<'a> Recorded<'a> {
    /// Takes in an event that was read from somewhere.
    pub fn new(event: &'a DriftEvent) -> Self {
        let verdict = event.provenance.as_ref().map(|provenance| provenance.verdict);
        let upper_layer = verdict.and_then(upper_layer);
        let live = LiveFacts {
            upper_layer,
            value: value(event),
            result: result(event),
            descriptor: event.file.as_ref().and_then(|file| file.fd),
            ..LiveFacts::default()
        };
        Self::with_live(event, live)
    }

    /// Takes in an event that was kept for a while.
    pub fn with_live(event: &'a DriftEvent, live: LiveFacts) -> Self {
        let process = event.process.as_ref();
        let program = process.map(|it| program(&it.name, &it.exe, &it.cmdline));
        let ancestors = process.into_iter().flat_map(|process| &process.ancestors);
        Self {
            event,
            live,
            details: None,
            accounts: None,
            program: program.unwrap_or_default(),
            ancestors: ancestors.map(|it| (it.pid, program_of_ancestor(it))).collect(),
        }
    }

    /// Adds what is known of the event's container beside the event: of one from a file, nothing.
    pub fn in_container(
        self,
        details: Option<&'a ContainerDetails>,
        accounts: Option<&'a dyn AccountNames>,
    ) -> Self {
        Self { details, accounts, ..self }
    }

    /// Lends the view, as event `number` of those that `hostname` saw.
    pub fn with_view<T>(
        &self,
        number: u64,
        hostname: &str,
        look: impl FnOnce(&View<'_>) -> T,
    ) -> T {
        let event = self.event;
        let relatives = self.ancestors.iter().map(|(pid, program)| Relative { pid: *pid, program });
        let ancestors = Ancestors::new(relatives);
        let args = event.call.iter().flat_map(|call| &call.args);
        let args: Vec<(&str, &[u8])> =
            args.map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        look(&View::new(ObservedFacts {
            time: event.time,
            number,
            kind: event.kind,
            action: event.action,
            event_type: self.live.event_type.unwrap_or_else(|| self.event_type()),
            result: self.live.result,
            drift: event.drift,
            before_start: event.before_start,
            recovered: event.recovered,
            container: event.container.as_ref(),
            process: event.process.as_ref().map(|process| self.process(process, &ancestors)),
            details: self.details,
            accounts: self.accounts,
            file: event.file.as_ref().map(|file| FileFacts {
                path: file.path.as_bytes(),
                old_path: file.old_path.as_ref().map(Text::as_bytes),
                raw_name: self.live.raw_name.as_deref(),
                raw_old_name: self.live.raw_old_name.as_deref(),
                value: self.live.value,
                attribute: self.live.attribute.as_deref(),
                descriptor: self.live.descriptor,
                is_directory: self.live.is_directory,
                changed_attributes: &file.changed,
                written: file.written,
                writer: file.writer.as_deref(),
                inode: file.inode,
                device: device(&file.device),
                mode: u32::from_str_radix(&file.mode, 8).unwrap_or(0),
                uid: file.owner.uid,
                gid: file.owner.gid,
                size: file.size,
                sha256: file.sha256.as_deref(),
                upper_layer: self.live.upper_layer,
                writable: self.live.writable,
                changed: self.live.file_changed,
                modified: self.live.file_modified,
            }),
            network: event.network.as_ref().and_then(network),
            config: event.config.as_ref(),
            package: event.package.as_ref(),
            digest: event.digest.as_ref(),
            call: event.call.as_ref().map(|_| CallFacts { args: &args }),
            tainted: event.tainted,
            unproved: event.unproved,
            provenance: event.provenance.as_ref(),
            hostname,
        }))
    }

    fn event_type(&self) -> EventType {
        let named = self.event.call.as_ref().and_then(|call| EventType::of(&call.name));
        named.unwrap_or_else(|| event_type(self.event.kind, self.event.action))
    }

    fn process<'s>(
        &'s self,
        process: &'s Process,
        ancestors: &'s Ancestors<'s>,
    ) -> ProcessFacts<'s> {
        ProcessFacts {
            program: &self.program,
            ancestors,
            pid: process.pid,
            tid: process.tid,
            ppid: process.ppid,
            container_pid: process.container_pid,
            uid: process.uid,
            gid: process.gid,
            loginuid: process.loginuid,
            tty: process.tty,
            cwd: PathText::Text(process.cwd.as_bytes()),
            filename: self.live.filename.as_deref(),
            started: self.live.started,
            parent_started: self.live.parent_started,
            pid_namespace_started: self.live.pid_namespace_started,
            ids: self.live.ids,
            session_leader: self.live.session_leader.as_deref(),
            group_leader: self.live.group_leader.as_deref(),
            capabilities: self.live.capabilities,
        }
    }
}

fn program_of_ancestor(ancestor: &crate::event::Ancestor) -> Program {
    program(&ancestor.name, &ancestor.exe, &ancestor.cmdline)
}

fn program(name: &Text, exe: &Text, cmdline: &[Text]) -> Program {
    let mut args = Vec::new();
    for argument in cmdline {
        args.extend_from_slice(argument.as_bytes());
        args.push(0);
    }
    Program::new(name.as_bytes().to_vec(), exe.as_bytes().to_vec(), args)
}

/// What a call on a socket returned, from the name of its error.
fn result(event: &DriftEvent) -> i64 {
    let error = event.network.as_ref().and_then(|network| error_number(&network.result));
    error.map_or(0, |number| -i64::from(number))
}

/// The ends of a socket, from their text.
fn network(network: &Network) -> Option<NetworkFacts<'_>> {
    let local = end(&network.local, network.protocol)?;
    let remote = network.remote.as_ref().and_then(|text| end(text, network.protocol));
    let is_v6 = local.ip.is_some_and(|ip| ip.is_ipv6());
    let family = match (network.protocol, is_v6) {
        (Protocol::Unix, _) => AF_UNIX,
        (_, true) => AF_INET6,
        (_, false) => AF_INET,
    };
    // Of a connection that came in, which nothing records so far, nobody would know.
    let is_server = remote.is_none();
    Some(NetworkFacts { protocol: network.protocol, family, local, remote, is_server })
}

fn end(text: &Text, protocol: Protocol) -> Option<SocketEnd<'_>> {
    if protocol == Protocol::Unix {
        return Some(SocketEnd { ip: None, port: 0, path: text.as_bytes() });
    }
    let address: SocketAddr = text.as_str()?.parse().ok()?;
    Some(SocketEnd { ip: Some(address.ip()), port: address.port(), path: b"" })
}

/// What was asked for, as far as the action tells: the flags of the open that stands for it, or the
/// mode that the file has.
fn value(event: &DriftEvent) -> u64 {
    let flags = match (event.kind, event.action) {
        (Kind::File, Action::Create) => OFlags::CREATE | OFlags::WRONLY,
        (Kind::File, Action::Modify) => OFlags::WRONLY,
        (Kind::File, Action::Attributes) => {
            let mode = event.file.as_ref().map(|file| u64::from_str_radix(&file.mode, 8));
            return mode.and_then(Result::ok).unwrap_or(0);
        }
        _ => OFlags::empty(),
    };
    flags.bits().into()
}

/// `8:1` as numbers.
fn device(text: &str) -> (u32, u32) {
    let number = |text: &str| text.parse().unwrap_or(0);
    text.split_once(':').map_or((0, 0), |(major, minor)| (number(major), number(minor)))
}

/// What a verdict says about the layer, where it says something.
fn upper_layer(verdict: Verdict) -> Option<bool> {
    match verdict {
        Verdict::Image => Some(false),
        Verdict::CopiedUp | Verdict::Modified | Verdict::Replaced | Verdict::Added => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::FieldId;
    use crate::fields::FieldRef;
    use crate::fields::Fields;
    use crate::fields::Value;

    const PROCESS: &str = r#"{"pid": 900, "tid": 901, "ppid": 800, "container_pid": 9, "name": "x",
        "exe": "/x", "cmdline": ["x"], "cwd": "/", "uid": 0, "gid": 0, "loginuid": null, "tty": 0,
        "cgroup": "/", "ancestors": []}"#;
    const FILE: &str = r#"{"path": "/x", "inode": 1, "device": "0:39", "mode": "0755",
        "owner": {"uid": 0, "gid": 0}, "size": 1}"#;

    fn event() -> DriftEvent {
        let mut event = DriftEvent::new(Timestamp::from_nanos(99), Kind::Binary, Action::Exec);
        event.process = Some(serde_json::from_str(PROCESS).unwrap());
        event.file = Some(serde_json::from_str(FILE).unwrap());
        event
    }

    fn program(name: &str) -> Option<Arc<Program>> {
        let path = format!("/bin/{name}").into_bytes();
        Some(Arc::new(Program::new(name.into(), path, format!("-{name}\0").into_bytes())))
    }

    fn live() -> LiveFacts {
        LiveFacts {
            file_changed: Some(Timestamp::from_nanos(50)),
            pid_namespace_started: Some(Timestamp::from_nanos(20)),
            ids: Some(ProcessIds {
                container_tid: 10,
                parent_container_pid: 4,
                container_sid: 9,
                container_pgid: 5,
                pgid: 900,
            }),
            session_leader: program("login"),
            group_leader: program("make"),
            capabilities: Some(Capabilities { effective: 1, permitted: 3, inheritable: 0 }),
            writable: Some(true),
            ..LiveFacts::default()
        }
    }

    /// Fields, each as the view gives it.
    const GIVEN: [(&str, Value<'static>); 23] = [
        ("thread.vtid", Value::Signed(10)),
        ("proc.pvpid", Value::Signed(4)),
        ("proc.sid", Value::Signed(9)),
        ("proc.vpgid", Value::Signed(5)),
        ("proc.pgid", Value::Signed(900)),
        ("proc.is_sid_leader", Value::Bool(true)),
        ("proc.is_vpgid_leader", Value::Bool(false)),
        ("proc.is_pgid_leader", Value::Bool(true)),
        ("proc.sname", Value::Text(b"login")),
        ("proc.sid.exe", Value::Text(b"-login")),
        ("proc.sid.exepath", Value::Text(b"/bin/login")),
        ("proc.vpgid.name", Value::Text(b"make")),
        ("proc.vpgid.exe", Value::Text(b"-make")),
        ("proc.vpgid.exepath", Value::Text(b"/bin/make")),
        ("proc.pgid.name", Value::Text(b"make")),
        ("proc.pgid.exe", Value::Text(b"-make")),
        ("proc.pgid.exepath", Value::Text(b"/bin/make")),
        ("thread.cap_effective", Value::Text(b"CAP_CHOWN")),
        ("thread.cap_permitted", Value::Text(b"CAP_CHOWN CAP_DAC_OVERRIDE")),
        ("thread.cap_inheritable", Value::Text(b"")),
        ("proc.pidns_init_start_ts", Value::Unsigned(20)),
        ("proc.exe_ino.ctime_duration_pidns_start", Value::Unsigned(30)),
        ("proc.is_exe_writable", Value::Bool(true)),
    ];

    fn field(name: &str) -> FieldRef {
        FieldRef { id: FieldId::of(name).unwrap(), argument: None }
    }

    #[test]
    fn what_a_live_event_knew_is_kept() {
        let event = event();
        let recorded = Recorded::with_live(&event, live());
        recorded.with_view(1, "node", |view| {
            for (name, expected) in GIVEN {
                let got = view.get(&field(name));
                assert_eq!(format!("{got:?}"), format!("{expected:?}"), "{name}");
            }
        });
    }

    #[test]
    fn what_a_read_event_does_not_hold_is_missing() {
        let event = event();
        let recorded = Recorded::new(&event);
        recorded.with_view(1, "node", |view| {
            for (name, _) in GIVEN {
                assert!(matches!(view.get(&field(name)), Value::Missing), "{name}");
            }
        });
    }

    #[test]
    fn a_read_open_has_the_descriptor_that_it_was_given() {
        let mut event = DriftEvent::new(Timestamp::from_nanos(99), Kind::File, Action::Create);
        event.file = serde_json::from_str(
            r#"{"path": "/etc/new", "inode": 7, "device": "0:42", "mode": "0644",
                "owner": {"uid": 0, "gid": 0}, "size": 0, "fd": 3}"#,
        )
        .unwrap();
        Recorded::new(&event).with_view(1, "node", |view| {
            assert!(matches!(view.get(&field("fd.num")), Value::Signed(3)));
            assert!(matches!(view.get(&field("evt.is_open_write")), Value::Bool(true)));
        });
    }

    /// A socket event, and fields as the view gives them.
    fn socket(action: Action, network: &str, given: &[(&str, Value<'_>)]) {
        let mut event = DriftEvent::new(Timestamp::from_nanos(99), Kind::Network, action);
        event.network = Some(serde_json::from_str(network).unwrap());
        Recorded::new(&event).with_view(1, "node", |view| {
            for (name, expected) in given {
                let got = view.get(&field(name));
                assert_eq!(format!("{got:?}"), format!("{expected:?}"), "{name}");
            }
            let name = if view.event_type() == EventType::CONNECT { "fd.net" } else { "fd.rip" };
            assert_eq!(view.get(&field(name)).exists(), view.event_type() == EventType::CONNECT);
        });
    }

    #[test]
    fn a_connection_is_seen_by_its_ends() {
        let (client, server) = ("10.0.0.2".parse().unwrap(), "10.0.0.5".parse().unwrap());
        socket(
            Action::Connect,
            r#"{"protocol": "tcp", "local": "10.0.0.2:40000", "remote": "10.0.0.5:80",
                "result": "ECONNREFUSED"}"#,
            &[
                ("evt.type", Value::Text(b"connect")),
                ("evt.category", Value::Text(b"net")),
                ("evt.rawres", Value::Signed(-111)),
                ("evt.res", Value::Text(b"ECONNREFUSED")),
                ("evt.failed", Value::Bool(true)),
                ("fd.name", Value::Text(b"10.0.0.2:40000->10.0.0.5:80")),
                ("fd.type", Value::Text(b"ipv4")),
                ("fd.typechar", Value::Text(b"4")),
                ("fd.sockfamily", Value::Text(b"ip")),
                ("fd.l4proto", Value::Text(b"tcp")),
                ("fd.cip", Value::Address(client)),
                ("fd.sip", Value::Address(server)),
                ("fd.lip", Value::Address(client)),
                ("fd.rip", Value::Address(server)),
                ("fd.cport", Value::Unsigned(40000)),
                ("fd.sport", Value::Unsigned(80)),
                ("fd.lport", Value::Unsigned(40000)),
                ("fd.rport", Value::Unsigned(80)),
                ("fd.is_server", Value::Bool(false)),
                ("fd.connected", Value::Bool(false)),
                ("fd.filename", Value::Missing),
                ("fd.num", Value::Missing),
            ],
        );
    }

    #[test]
    fn a_listener_is_its_own_server() {
        let any = "::".parse().unwrap();
        socket(
            Action::Listen,
            r#"{"protocol": "tcp", "local": "[::]:80", "remote": null, "result": "ok"}"#,
            &[
                ("evt.type", Value::Text(b"listen")),
                ("evt.res", Value::Text(b"SUCCESS")),
                ("fd.name", Value::Text(b":::80")),
                ("fd.type", Value::Text(b"ipv6")),
                ("fd.typechar", Value::Text(b"6")),
                ("fd.sip", Value::Address(any)),
                ("fd.sport", Value::Unsigned(80)),
                ("fd.cip", Value::Missing),
                ("fd.cport", Value::Missing),
                ("fd.is_server", Value::Bool(true)),
                ("fd.connected", Value::Bool(false)),
            ],
        );
    }

    #[test]
    fn a_file_older_than_the_pid_namespace_has_no_age_in_it() {
        let event = event();
        let file_changed = Some(Timestamp::from_nanos(19));
        let recorded = Recorded::with_live(&event, LiveFacts { file_changed, ..live() });
        recorded.with_view(1, "node", |view| {
            let age = view.get(&field("proc.exe_ino.ctime_duration_pidns_start"));
            assert!(matches!(age, Value::Missing));
        });
    }
}
