//! Events for Falco's own rules and the shipped ones, each with the rules that match it.

use crate::FlatEvent;

/// An event by its name, and the names of the rules that match it.
pub type Expected = (&'static str, FlatEvent, &'static [&'static str]);

/// The execs, with what the shipped rules say of them.
pub fn drift_events() -> Vec<Expected> {
    let shipped: [&[&str]; 3] = [&[], &[], &["New Binary Executed in Container"]];
    let events = falco_events().into_iter().zip(shipped);
    events.map(|((name, event, _), matches)| (name, event, matches)).collect()
}

/// Events, with what Falco's stable file says of them.
pub fn falco_events() -> Vec<Expected> {
    [
        ("execve_host", exec("host", false), &[][..]),
        ("execve_image", exec("3ad7b26ded6d", false), &[]),
        (
            "execve_dropped",
            exec("3ad7b26ded6d", true),
            &["Drop and execute new binary in container"],
        ),
        ("openat_read", open("evt.is_open_read", "/etc/nginx/nginx.conf"), &[]),
        ("openat_write", open("evt.is_open_write", "/var/log/nginx/access.log"), &[]),
    ]
    .into_iter()
    .filter_map(|(name, event, matches)| Some((name, event?, matches)))
    .collect()
}

fn exec(container: &str, dropped: bool) -> Option<FlatEvent> {
    let event = process("execve", container)?
        .with("evt.arg.flags", "EXE_WRITABLE")
        .with(
            "drift.verdict",
            match (container, dropped) {
                ("host", _) => "host",
                (_, true) => "added",
                (_, false) => "image",
            },
        )
        .with_bool("proc.is_exe_upper_layer", dropped)
        .with_bool("proc.is_exe_from_memfd", false);
    Some(event)
}

fn open(how: &str, path: &str) -> Option<FlatEvent> {
    let (directory, name) = path.rsplit_once('/')?;
    let event = process("openat", "3ad7b26ded6d")?
        .with_bool("evt.is_open_read", false)
        .with_bool("evt.is_open_write", false)
        .with_bool(how, true)
        .with("fd.typechar", "f")
        .with("fd.type", "file")
        .with_number("fd.num", 7)
        .with("fd.name", path)
        .with("fd.nameraw", path)
        .with("fd.directory", directory)
        .with("fd.filename", name);
    Some(event)
}

fn process(event_type: &str, container: &str) -> Option<FlatEvent> {
    let event = FlatEvent::new(event_type)?
        .with_number("evt.num", 4711)
        .with_number("evt.rawres", 0)
        .with("evt.res", "SUCCESS")
        .with("container.id", container)
        .with("container.image.repository", "docker.io/library/nginx")
        .with_bool("container.privileged", false)
        .with("proc.name", "nginx")
        .with("proc.exe", "/usr/sbin/nginx")
        .with("proc.exepath", "/usr/sbin/nginx")
        .with("proc.cmdline", "nginx -g daemon off;")
        .with("proc.args", "-g daemon off;")
        .with("proc.pname", "entrypoint.sh")
        .with("proc.pcmdline", "sh /entrypoint.sh")
        .with("proc.pexe", "/bin/sh")
        .with("proc.cwd", "/")
        .with_number("proc.tty", 0)
        .with_number("proc.vpid", 7)
        .with("user.name", "nginx")
        .with_number("user.uid", 101)
        .with_number("user.loginuid", -1)
        .with("thread.cap_effective", "CAP_NET_BIND_SERVICE");
    Some(event)
}
