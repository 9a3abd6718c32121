//! Texts that get far: what arguments may be.

macro_rules! corpus {
    ($name:literal) => {
        include_bytes!(concat!("../../corpus/", $name))
    };
}

pub(super) const EVENTS: &[&[u8]] = &[
    corpus!("drift_event/exec.json"),
    corpus!("drift_event/exec_escaped.json"),
    corpus!("drift_event/dropped.json"),
    corpus!("drift_event/blind.json"),
    b"{}",
    b"\n",
    b"\"",
    b"\\xff",
];

pub(super) const RULES: &[&[u8]] = &[
    b"- rule: Drift\n  desc: drift\n  condition: evt.type = execve and (drift.verdict = added or proc.name = x)\n  output: drift %proc.name %proc.aname[2] %evt.time %container.id\n  priority: ERROR\n  tags: [a, b]\n",
    b"- rule: Any\n  desc: any\n  condition: evt.type in (execve, openat)\n  output: \"any %proc.cmdline %fd.name %fd.sip\\n%evt.buffer\"\n  priority: DEBUG\n- rule: Off\n  desc: ''\n  condition: evt.type = open\n  output: x\n  priority: INFO\n  enabled: false\n",
    b"- rule: Wrong\n  desc: wrong\n  condition: proc.nam = x and\n  output: x\n  priority: loud\n",
    corpus!("rules/all.yaml"),
    corpus!("rules/source.yaml"),
    corpus!("rules/wrong.yaml"),
    b"- rule: Again\n  desc: again\n  condition: evt.type = execve and proc.name in (x, bash) and fd.sip = 10.0.0.1\n  output: again %proc.aname\n  priority: ALERT\n",
    b"",
    b"\xff",
    b"\n",
];

pub(super) const RULE_FILES: &[&[u8]] = &[b"first.yaml", b"second.yaml", b"", b"a\nb", b"\xff"];

/// Paths to read rules from. Nothing but these: a fuzzer that opens any file reads for ever.
pub(super) const RULE_PATHS: &[&str] = &[
    concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/rules"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/rules/wrong.yaml"),
    "/nonexistent",
    "/nonexistent/\n",
    "",
    "/dev/null",
];

pub(super) const FLAT_EVENTS: &[&[u8]] = &[
    corpus!("check/values"),
    b"{\"evt.type\": \"execve\", \"proc.name\": \"x\", \"proc.aname\": [\"sh\", null, \"init\"], \"drift.verdict\": \"added\", \"container.id\": \"abc\"}",
    b"{\"evt.type\": \"openat\", \"fd.name\": \"/etc/passwd\", \"fd.sip\": \"::1\", \"evt.buffer\": {\"hex\": \"00ff\"}}",
    b"{\"evt.rawtime\": 18446744073709551615}",
    b"{}",
    b"\n",
];

pub(super) const EVENT_TYPES: &[&[u8]] =
    &[b"execve", b"openat", b"connect", b"container", b"execveat", b"", b"execve\n"];

pub(super) const FIELDS: &[&[u8]] = &[
    b"proc.name",
    b"proc.aname",
    b"proc.aname[2]",
    b"evt.rawtime",
    b"evt.type",
    b"evt.res",
    b"evt.buffer",
    b"evt.is_open_write",
    b"fd.sip",
    b"fd.sport",
    b"fd.name",
    b"proc.apid",
    b"proc.tty",
    b"proc.args",
    b"drift.verdict",
    b"container.id",
    b"evt.arg.flags",
    b"evt.arg[0]",
    b"proc.env[PATH]",
    b"proc.nam",
    b"fd.net",
    b"file.changed",
    b"user.uid",
];

pub(super) const FIELD_TEXTS: &[&[u8]] =
    &[b"x", b"bash", b"added", b"/etc/passwd", b"", b"\xff\n", b"a\0b", b"execve", b"connect"];

pub(super) const ADDRESSES: &[&[u8]] =
    &[&[10, 0, 0, 1], &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1], &[1], &[]];

pub(super) const OPTIONS: &[&[u8]] = &[
    b"sensor.exec_ring_bytes",
    b"sensor.life_ring_bytes",
    b"sensor.allow_degraded",
    b"proof.max_bytes",
    b"proof.max_milliseconds",
    b"runtimes.host",
    b"runtimes.proc",
    b"runtimes.docker",
    b"runtimes.containerd",
    b"runtimes.storage",
    b"scope.events",
    b"scope.container",
    b"rules.matching",
    b"rules.least_priority",
    b"rules.suggested_output",
    b"rules",
];

pub(super) const OPTION_VALUES: &[&[u8]] = &[
    b"true",
    b"false",
    b"0",
    b"4096",
    b"18446744073709551615",
    b"all",
    b"first",
    b"drift",
    b"warning",
    b"debug",
    b"",
    b"/a:/b",
    b"a\nb",
    b"\xff",
];

/// Directories of layers. Small ones, since whole files in them are compared.
pub(super) const DIRECTORIES: &[&str] = &[
    concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/rules"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/drift_event"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus"),
    "/nonexistent",
    "relative",
    "",
];

/// Files in them, as a container would see them.
pub(super) const PATHS: &[&[u8]] = &[
    b"/all.yaml",
    b"/wrong.yaml",
    b"/exec.json",
    b"/rules/all.yaml",
    b"/../rules/all.yaml",
    b"/",
    b"",
    b"all.yaml",
    b"/\xff\n",
    b"/a\0b",
];
