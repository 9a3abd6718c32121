//! The event that Driftcore reports, and its JSON form.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeStruct;

use super::ConfigItem;
use super::Container;
use super::Digests;
use super::File;
use super::LossReason;
use super::Network;
use super::Package;
use super::Process;
use super::Provenance;
use super::Ruling;
use super::ScriptSource;
use super::SystemCall;
use super::Text;
use super::Timestamp;

/// Version of the JSON form. Fields are only ever added within one version.
pub const VERSION: u32 = 1;

/// What kind of thing departed from its declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// Code that runs.
    Binary,
    /// The container's files.
    File,
    /// Its listeners and connections.
    Network,
    /// How it is set up.
    Config,
    /// Its packages.
    Package,
    /// The image that it runs.
    Digest,
    /// Another system call that rules ask for.
    Syscall,
    /// The sensor itself.
    Sensor,
}

impl Kind {
    /// The name in events and rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::File => "file",
            Self::Network => "network",
            Self::Config => "config",
            Self::Package => "package",
            Self::Digest => "digest",
            Self::Syscall => "syscall",
            Self::Sensor => "sensor",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// Binary: a program was executed.
    Exec,
    /// Binary: an interpreter runs a script.
    Script,
    /// Binary: a file was mapped executable.
    Library,
    /// File: an open that made it, a directory, a node.
    Create,
    /// File: opened for writing, written, truncated, allocated.
    Modify,
    /// File: a name, or a directory, was removed.
    Delete,
    /// File: it has another name; `old_path` is the former, or the one exchanged with.
    Rename,
    /// File: a hard or symbolic link; `old_path` is the target.
    Link,
    /// File: mode, owner or extended attributes, as `changed` says.
    Attributes,
    /// File: opened for reading alone. Never drift; only where rules ask for it.
    Read,
    /// Network: a socket listens.
    Listen,
    /// Network: a connection out, or a first datagram to a remote.
    Connect,
    /// Network: a local address was taken.
    Bind,
    /// Network: a connection came in.
    Accept,
    /// Network: a message was sent.
    Send,
    /// Config: a variable of the environment.
    Environment,
    /// Config: a mount.
    Mount,
    /// Config: a file of a secrets or configuration mount.
    Secret,
    /// Config: a set of capabilities.
    Capability,
    /// Config: a limit of the control group or of a process.
    Limit,
    /// Config: a user, a group, what confines a process, a namespace.
    Identity,
    /// Config: a setting of the kernel for the container's namespaces, or its host name.
    Sysctl,
    /// Config: what the runtime wrote down.
    Declaration,
    /// Package: it was not there.
    Install,
    /// Package: it is there no more.
    Remove,
    /// Package: it has another version, a later or an earlier one, or is in another state.
    Upgrade,
    /// Digest: of the image's repository other digests were approved, or other tags.
    Mismatch,
    /// Digest: approved by a tag alone, which may stand for another image tomorrow.
    MutableTag,
    /// Digest: no image of the repository was approved.
    Unapproved,
    /// Syscall: the one that `call` names.
    Call,
    /// Sensor: events were lost; `lost` counts them by reason.
    Dropped,
    /// Sensor: a container caused more events than its budget allows; `lost` counts them by kind.
    Suppressed,
    /// Sensor: something cannot be seen; the provenance's reason says what.
    Blind,
}

impl Action {
    /// The name in events and rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exec => "exec",
            Self::Script => "script",
            Self::Library => "library",
            Self::Create => "create",
            Self::Modify => "modify",
            Self::Delete => "delete",
            Self::Rename => "rename",
            Self::Link => "link",
            Self::Attributes => "attributes",
            Self::Read => "read",
            Self::Listen => "listen",
            Self::Connect => "connect",
            Self::Bind => "bind",
            Self::Accept => "accept",
            Self::Send => "send",
            Self::Environment => "environment",
            Self::Mount => "mount",
            Self::Secret => "secret",
            Self::Capability => "capability",
            Self::Limit => "limit",
            Self::Identity => "identity",
            Self::Sysctl => "sysctl",
            Self::Declaration => "declaration",
            Self::Install => "install",
            Self::Remove => "remove",
            Self::Upgrade => "upgrade",
            Self::Mismatch => "mismatch",
            Self::MutableTag => "mutable_tag",
            Self::Unapproved => "unapproved",
            Self::Call => "call",
            Self::Dropped => "dropped",
            Self::Suppressed => "suppressed",
            Self::Blind => "blind",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An observed event of a container, with the verdict about it.
///
/// Its JSON form is one object; optional parts that say nothing are left out.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self")]
pub struct DriftEvent {
    /// When it happened.
    pub time: Timestamp,
    /// Whether it departs from what the container was declared to be.
    pub drift: bool,
    /// What kind of thing.
    pub kind: Kind,
    /// What happened to it.
    pub action: Action,
    /// Why it is drift, or none, other than by its own nature.
    #[serde(default)]
    pub ruling: Option<Ruling>,
    /// Where the file came from.
    pub provenance: Option<Provenance>,
    /// In which container.
    pub container: Option<Container>,
    /// By which process.
    pub process: Option<Process>,
    /// To which file.
    #[serde(default)]
    pub file: Option<File>,
    /// With which socket.
    #[serde(default)]
    pub network: Option<Network>,
    /// To which part of how the container is set up.
    #[serde(default)]
    pub config: Option<ConfigItem>,
    /// To which package.
    #[serde(default)]
    pub package: Option<Package>,
    /// About which image.
    #[serde(default)]
    pub digest: Option<Digests>,
    /// By which system call, of kind [`Kind::Syscall`].
    #[serde(default)]
    pub call: Option<SystemCall>,
    /// The process runs drifted code, or was started by what did.
    #[serde(default)]
    pub tainted: bool,
    /// Of a script: how its interpreter came to it.
    #[serde(default)]
    pub script: Option<ScriptSource>,
    /// What was executed is a script, which the verdict is not about: it is about the interpreter. The
    /// script has an event of its own when its interpreter opens it.
    #[serde(default)]
    pub unresolved: bool,
    /// Names were read from the caller's memory and are not confirmed by what the kernel did.
    #[serde(default)]
    pub unproved: bool,
    /// How many like it this event stands for.
    #[serde(default)]
    pub count: Option<u64>,
    /// The process was already running, or the socket waiting for others, when the sensor started.
    #[serde(default)]
    pub before_start: bool,
    /// Config: what was told before is so no more.
    #[serde(default)]
    pub ended: bool,
    /// The event itself was lost; a sweep of the running processes found its effect.
    #[serde(default)]
    pub recovered: bool,
    /// Names of the fields that are shorter than what the kernel had.
    #[serde(default)]
    pub truncated: Vec<String>,
    /// Sensor: how many events were lost, by reason.
    #[serde(default)]
    pub lost: BTreeMap<LossReason, u64>,
    /// Only while reading JSON: the fields that came escaped.
    #[serde(default)]
    escaped: Vec<String>,
}

impl DriftEvent {
    /// An event with nothing known but its time, kind and action.
    pub fn new(time: Timestamp, kind: Kind, action: Action) -> Self {
        Self {
            time,
            drift: false,
            ruling: None,
            kind,
            action,
            provenance: None,
            container: None,
            process: None,
            file: None,
            network: None,
            config: None,
            package: None,
            digest: None,
            call: None,
            tainted: false,
            script: None,
            unresolved: false,
            unproved: false,
            count: None,
            before_start: false,
            ended: false,
            recovered: false,
            truncated: Vec::new(),
            lost: BTreeMap::new(),
            escaped: Vec::new(),
        }
    }

    /// The event of a JSON value in its own form.
    ///
    /// # Errors
    ///
    /// When it is not of that form.
    pub fn from_json(json: &serde_json::Value) -> Result<Self, serde_json::Error> {
        <Self as Deserialize>::deserialize(json)
    }

    /// Calls `visit` with every text that may hold any bytes, and the name of its field.
    fn visit_texts<'a>(&'a self, visit: &mut dyn FnMut(&dyn fmt::Display, &'a Text)) {
        if let Some(process) = &self.process {
            visit_process(&"process", process, visit);
        }
        if let Some(file) = &self.file {
            visit(&"file.path", &file.path);
            if let Some(path) = &file.old_path {
                visit(&"file.old_path", path);
            }
            if let Some(process) = file.writer.as_ref().and_then(|it| it.process.as_ref()) {
                visit_process(&"file.writer", process, visit);
            }
        }
        if let Some(network) = &self.network {
            visit(&"network.local", &network.local);
            if let Some(remote) = &network.remote {
                visit(&"network.remote", remote);
            }
        }
        if let Some(config) = &self.config {
            visit(&"config.item", &config.item);
            if let Some(declared) = &config.declared {
                visit(&"config.declared", declared);
            }
            if let Some(live) = &config.live {
                visit(&"config.live", live);
            }
        }
        if let Some(package) = &self.package {
            visit(&"package.name", &package.name);
            visit(&"package.version", &package.version);
            if let Some(version) = &package.old_version {
                visit(&"package.old_version", version);
            }
        }
        if let Some(call) = &self.call {
            for (index, (_, value)) in call.args.iter().enumerate() {
                visit(&format_args!("call.args[{index}]"), value);
            }
        }
    }

    /// The text that an `escaped` list names.
    fn text_mut(&mut self, name: &str) -> Option<&mut Text> {
        let (part, rest) = name.split_once('.')?;
        match part {
            "process" => process_text(self.process.as_mut()?, rest),
            "file" => {
                let file = self.file.as_mut()?;
                match rest {
                    "path" => Some(&mut file.path),
                    "old_path" => file.old_path.as_mut(),
                    _ => {
                        let rest = rest.strip_prefix("writer.")?;
                        process_text(file.writer.as_mut()?.process.as_mut()?, rest)
                    }
                }
            }
            "network" => {
                let network = self.network.as_mut()?;
                if rest == "local" { Some(&mut network.local) } else { network.remote.as_mut() }
            }
            "config" => {
                let config = self.config.as_mut()?;
                match rest {
                    "item" => Some(&mut config.item),
                    "declared" => config.declared.as_mut(),
                    "live" => config.live.as_mut(),
                    _ => None,
                }
            }
            "package" => {
                let package = self.package.as_mut()?;
                match rest {
                    "name" => Some(&mut package.name),
                    "version" => Some(&mut package.version),
                    "old_version" => package.old_version.as_mut(),
                    _ => None,
                }
            }
            "call" => {
                let index = rest.strip_prefix("args[")?.strip_suffix(']')?;
                let args = &mut self.call.as_mut()?.args;
                args.get_mut(index.parse::<usize>().ok()?).map(|(_, value)| value)
            }
            _ => None,
        }
    }
}

fn visit_process<'a>(
    prefix: &dyn fmt::Display,
    process: &'a Process,
    visit: &mut dyn FnMut(&dyn fmt::Display, &'a Text),
) {
    visit(&format_args!("{prefix}.name"), &process.name);
    visit(&format_args!("{prefix}.exe"), &process.exe);
    for (index, argument) in process.cmdline.iter().enumerate() {
        visit(&format_args!("{prefix}.cmdline[{index}]"), argument);
    }
    visit(&format_args!("{prefix}.cwd"), &process.cwd);
    visit(&format_args!("{prefix}.cgroup"), &process.cgroup);
    for (number, ancestor) in process.ancestors.iter().enumerate() {
        visit(&format_args!("{prefix}.ancestors[{number}].name"), &ancestor.name);
        visit(&format_args!("{prefix}.ancestors[{number}].exe"), &ancestor.exe);
        for (index, argument) in ancestor.cmdline.iter().enumerate() {
            let name = format_args!("{prefix}.ancestors[{number}].cmdline[{index}]");
            visit(&name, argument);
        }
    }
}

fn process_text<'a>(process: &'a mut Process, name: &str) -> Option<&'a mut Text> {
    if let Some(rest) = name.strip_prefix("ancestors[") {
        let (number, name) = rest.split_once("].")?;
        let ancestor = process.ancestors.get_mut(number.parse::<usize>().ok()?)?;
        return match name {
            "name" => Some(&mut ancestor.name),
            "exe" => Some(&mut ancestor.exe),
            _ => element(&mut ancestor.cmdline, name),
        };
    }
    match name {
        "name" => Some(&mut process.name),
        "exe" => Some(&mut process.exe),
        "cwd" => Some(&mut process.cwd),
        "cgroup" => Some(&mut process.cgroup),
        _ => element(&mut process.cmdline, name),
    }
}

fn element<'a>(cmdline: &'a mut [Text], name: &str) -> Option<&'a mut Text> {
    let index = name.strip_prefix("cmdline[")?.strip_suffix(']')?;
    cmdline.get_mut(index.parse::<usize>().ok()?)
}

impl Serialize for DriftEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut escaped: Vec<String> = Vec::new();
        self.visit_texts(&mut |name, text| {
            if text.as_str().is_none() {
                escaped.push(name.to_string());
            }
        });

        // The length is a hint that JSON does not need; parts that say nothing are skipped.
        let mut event = serializer.serialize_struct("DriftEvent", 25)?;
        event.serialize_field("version", &VERSION)?;
        event.serialize_field("time", &self.time)?;
        event.serialize_field("drift", &self.drift)?;
        if let Some(ruling) = self.ruling {
            event.serialize_field("ruling", &ruling)?;
        }
        event.serialize_field("kind", &self.kind)?;
        event.serialize_field("action", &self.action)?;
        event.serialize_field("provenance", &self.provenance)?;
        event.serialize_field("container", &self.container)?;
        event.serialize_field("process", &self.process)?;
        if let Some(file) = &self.file {
            event.serialize_field("file", file)?;
        }
        if let Some(network) = &self.network {
            event.serialize_field("network", network)?;
        }
        if let Some(config) = &self.config {
            event.serialize_field("config", config)?;
        }
        if let Some(package) = &self.package {
            event.serialize_field("package", package)?;
        }
        if let Some(digest) = &self.digest {
            event.serialize_field("digest", digest)?;
        }
        if let Some(call) = &self.call {
            event.serialize_field("call", call)?;
        }
        if self.tainted {
            event.serialize_field("tainted", &true)?;
        }
        if let Some(script) = self.script {
            event.serialize_field("script", &script)?;
        }
        if self.unresolved {
            event.serialize_field("unresolved", &true)?;
        }
        if self.unproved {
            event.serialize_field("unproved", &true)?;
        }
        if let Some(count) = self.count {
            event.serialize_field("count", &count)?;
        }
        if self.before_start {
            event.serialize_field("before_start", &true)?;
        }
        if self.ended {
            event.serialize_field("ended", &true)?;
        }
        if self.recovered {
            event.serialize_field("recovered", &true)?;
        }
        if !self.truncated.is_empty() {
            event.serialize_field("truncated", &self.truncated)?;
        }
        if !self.lost.is_empty() {
            event.serialize_field("lost", &self.lost)?;
        }
        if !escaped.is_empty() {
            event.serialize_field("escaped", &escaped)?;
        }
        event.end()
    }
}

impl<'de> Deserialize<'de> for DriftEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // `remote = "Self"` makes the derive an inherent function, which this one finishes.
        let mut event = Self::deserialize(deserializer)?;
        for name in std::mem::take(&mut event.escaped) {
            if let Some(text) = event.text_mut(&name) {
                text.unescape();
            }
        }
        Ok(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Ancestor;
    use crate::event::Changed;
    use crate::event::ConfigMark;
    use crate::event::Evidence;
    use crate::event::Protocol;
    use crate::event::Verdict;
    use crate::event::Writer;
    use crate::event::WriterOrigin;

    fn event() -> DriftEvent {
        let mut event = DriftEvent::new(Timestamp::from_nanos(1), Kind::Binary, Action::Exec);
        event.drift = true;
        event.provenance =
            Some(Provenance::new(Verdict::Added, Evidence::Kernel, "not in the image"));
        event.process = Some(Process {
            pid: 7,
            name: Text::from(&b"a\xff"[..]),
            cmdline: vec![Text::from("./a"), Text::from(&b"\\\xfe"[..])],
            ancestors: vec![Ancestor { exe: Text::from(&b"/\xfd"[..]), ..Ancestor::default() }],
            ..Process::default()
        });
        event.file = Some(File { path: Text::from("/tmp/\"\n"), ..File::default() });
        event
    }

    fn everything() -> DriftEvent {
        let bytes = |byte| Text::from(&[b'x', byte][..]);
        let process = event().process.unwrap();
        DriftEvent {
            file: Some(File {
                path: bytes(0xf0),
                old_path: Some(bytes(0xf1)),
                changed: vec![Changed::Mode, Changed::Setuid],
                written: Some(true),
                writer: Some(Box::new(Writer {
                    process: Some(process),
                    time: Some(Timestamp::from_nanos(5)),
                    origin: WriterOrigin::Inside,
                })),
                ..File::default()
            }),
            network: Some(Network {
                protocol: Protocol::Unix,
                local: bytes(0xf2),
                remote: Some(bytes(0xf3)),
                result: "ok".to_owned(),
                dual: false,
                auto_port: true,
            }),
            config: Some(ConfigItem {
                item: bytes(0xf8),
                declared: Some(bytes(0xf9)),
                live: Some(bytes(0xfa)),
                mark: Some(ConfigMark::HostPath),
                origin: Some(WriterOrigin::Outside),
            }),
            ended: true,
            package: Some(Package {
                manager: "dpkg".to_owned(),
                name: bytes(0xf5),
                version: bytes(0xf6),
                old_version: Some(bytes(0xf7)),
            }),
            digest: Some(Digests {
                approved: vec!["sha256:a".to_owned()],
                running: Some("sha256:b".to_owned()),
                reason: "another".to_owned(),
            }),
            call: Some(SystemCall {
                name: "ptrace".to_owned(),
                result: "EPERM".to_owned(),
                args: vec![("request".to_owned(), bytes(0xf4))],
            }),
            tainted: true,
            script: Some(ScriptSource::StandardInput),
            unresolved: true,
            unproved: true,
            count: Some(7),
            ..event()
        }
    }

    #[test]
    fn every_part_reads_back_to_the_same_bytes() {
        let text = serde_json::to_string(&everything()).unwrap();
        let back: DriftEvent = serde_json::from_str(&text).unwrap();
        assert_eq!(back, everything());
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["file"]["writer"]["pid"], 7);
        assert_eq!(json["file"]["writer"]["origin"], "inside");
        assert_eq!(json["file"]["changed"], serde_json::json!(["mode", "setuid"]));
    }

    #[test]
    fn a_writer_that_nobody_saw_has_no_process() {
        let mut event = event();
        let file = event.file.as_mut().unwrap();
        file.writer = Some(Box::new(Writer::default()));
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["file"]["writer"], serde_json::json!({"origin": "unknown"}));
        assert_eq!(serde_json::from_value::<DriftEvent>(json).unwrap(), event);
    }

    #[test]
    fn json_form_names_what_is_escaped() {
        let json = serde_json::to_value(event()).unwrap();
        assert_eq!(json["version"], 1);
        assert_eq!(json["time"], "1970-01-01T00:00:00.000000001Z");
        assert_eq!(json["provenance"]["verdict"], "added");
        assert_eq!(json["container"], serde_json::Value::Null);
        assert_eq!(json["process"]["name"], "a\\xff");
        assert_eq!(json["process"]["cmdline"][1], "\\\\\\xfe");
        assert_eq!(json["file"]["path"], "/tmp/\"\n");
        assert_eq!(
            json["escaped"],
            serde_json::json!(["process.name", "process.cmdline[1]", "process.ancestors[0].exe"])
        );
        assert!(json.get("before_start").is_none());
        assert!(json.get("lost").is_none());
    }

    #[test]
    fn json_form_reads_back_to_the_same_bytes() {
        let text = serde_json::to_string(&event()).unwrap();
        assert!(!text.contains('\n'));
        let back: DriftEvent = serde_json::from_str(&text).unwrap();
        assert_eq!(back, event());
    }

    #[test]
    fn unknown_names_in_escaped_are_ignored() {
        let mut json = serde_json::to_value(event()).unwrap();
        json["escaped"] = serde_json::json!(["process.cmdline[99]", "nonsense", "process.name"]);
        let back: DriftEvent = serde_json::from_value(json).unwrap();
        assert_eq!(back.process.unwrap().name.as_bytes(), b"a\xff");
    }
}
