//! The value of each field.

use super::View;
use super::accounts;
use super::arguments;
use super::catalogue::Getter;
use super::file;
use super::file::of_descriptor;
use super::file::of_executable;
use super::file::of_touched;
use super::mounts;
use super::mounts::By;
use super::mounts::of_mount;
use super::observation::OfAncestors;
use super::observation::Text;
use super::observation::optional;
use super::socket;
use super::socket::of_socket;
use super::values::ancestors;
use super::values::base_name;
use super::values::between;
use super::values::capabilities;
use super::values::command_line;
use super::values::filled;
use super::values::labels;
use super::values::leads;
use super::values::login_shell;
use super::values::of_call;
use super::values::of_config;
use super::values::of_container;
use super::values::of_details;
use super::values::of_digest;
use super::values::of_file;
use super::values::of_group;
use super::values::of_ids;
use super::values::of_package;
use super::values::of_process;
use super::values::of_provenance;
use super::values::of_session;
use super::values::of_writer;
use super::values::result;
use super::values::since;
use super::values::time;
use crate::event::Container;
use crate::event::Kind;
use crate::event::MountPoint;
use crate::event::Verdict;
use crate::fields::Argument;
use crate::fields::EventType;
use crate::fields::Fields;
use crate::fields::Value;

/// Names with their functions, by family.
pub(super) const GETTERS: &[(&str, Getter)] = &[
    // evt
    ("evt.arg", |view, argument| arguments::text(view, argument)),
    ("evt.args", |view, _| arguments::all(view)),
    ("evt.info", |view, _| arguments::all(view)),
    ("evt.abspath", |view, argument| file::absolute_path(view, argument)),
    ("evt.category", |view, _| file::category(view)),
    ("evt.count", |_, _| Value::Unsigned(1)),
    ("evt.count.error", |view, _| Value::Unsigned((view.facts.result < 0).into())),
    ("evt.count.error.file", |view, _| {
        Value::Unsigned((view.facts.result < 0 && view.facts.kind == Kind::File).into())
    }),
    ("evt.count.error.memory", |_, _| Value::Unsigned(0)),
    ("evt.count.error.net", |_, _| Value::Unsigned(0)),
    ("evt.count.error.other", |_, _| Value::Unsigned(0)),
    ("evt.count.exit", |_, _| Value::Unsigned(1)),
    ("evt.datetime", |view, _| time(Some(view.facts.time))),
    ("evt.datetime.s", |view, _| time(Some(view.facts.time))),
    ("evt.dir", |_, _| Value::Text(b"<")),
    ("evt.failed", |view, _| Value::Bool(view.facts.result < 0)),
    ("evt.hostname", |view, _| Value::Text(view.facts.hostname.as_bytes())),
    ("evt.is_async", |_, _| Value::Bool(false)),
    ("evt.is_io", |_, _| Value::Bool(false)),
    ("evt.is_io_read", |_, _| Value::Bool(false)),
    ("evt.is_io_write", |_, _| Value::Bool(false)),
    ("evt.is_open_create", |view, _| Value::Bool(file::made(view))),
    ("evt.is_open_exec", |view, _| {
        Value::Bool(file::made(view) && view.facts.file.is_some_and(|it| it.mode & 0o111 != 0))
    }),
    ("evt.is_open_read", |view, _| file::is_open(view, file::reads)),
    ("evt.is_open_write", |view, _| file::is_open(view, file::writes)),
    ("evt.is_wait", |_, _| Value::Bool(false)),
    ("evt.num", |view, _| Value::Unsigned(view.facts.number)),
    ("evt.rawarg", |view, argument| arguments::raw(view, argument)),
    ("evt.rawres", |view, _| of_call(view, Value::Signed(view.facts.result))),
    ("evt.rawtime", |view, _| time(Some(view.facts.time))),
    ("evt.rawtime.ns", |view, _| {
        Value::Unsigned(view.facts.time.as_nanos().unsigned_abs() % 1_000_000_000)
    }),
    ("evt.rawtime.s", |view, _| {
        Value::Unsigned(view.facts.time.as_nanos().unsigned_abs() / 1_000_000_000)
    }),
    ("evt.res", |view, _| of_call(view, result(view.facts.result))),
    ("evt.source", |_, _| Value::Text(b"syscall")),
    ("evt.time", |view, _| time(Some(view.facts.time))),
    ("evt.time.iso8601", |view, _| time(Some(view.facts.time))),
    ("evt.time.s", |view, _| time(Some(view.facts.time))),
    ("evt.type", |view, _| Value::Text(view.event_type().name().as_bytes())),
    ("evt.type.is", |view, argument| match argument {
        Some(Argument::Key(name)) => Value::Unsigned((view.event_type().name() == &**name).into()),
        _ => Value::Missing,
    }),
    ("syscall.type", |view, _| of_call(view, Value::Text(view.event_type().name().as_bytes()))),
    // config
    ("config.declared", |view, _| {
        of_config(view, |it| optional(it.declared.as_ref().map(crate::event::Text::as_bytes)))
    }),
    ("config.item", |view, _| of_config(view, |it| Value::Text(it.item.as_bytes()))),
    ("config.live", |view, _| {
        of_config(view, |it| optional(it.live.as_ref().map(crate::event::Text::as_bytes)))
    }),
    ("config.mark", |view, _| {
        of_config(view, |it| optional(it.mark.map(|it| it.as_str().as_bytes())))
    }),
    ("config.origin", |view, _| {
        of_config(view, |it| optional(it.origin.map(|it| it.as_str().as_bytes())))
    }),
    // digest
    ("digest.approved", |view, _| of_digest(view, |it| Value::List(it))),
    ("digest.reason", |view, _| of_digest(view, |it| Value::Text(it.reason.as_bytes()))),
    ("digest.running", |view, _| {
        of_digest(view, |it| optional(it.running.as_ref().map(String::as_bytes)))
    }),
    // package
    ("package.manager", |view, _| of_package(view, |it| Value::Text(it.manager.as_bytes()))),
    ("package.name", |view, _| of_package(view, |it| Value::Text(it.name.as_bytes()))),
    ("package.old_version", |view, _| {
        of_package(view, |it| optional(it.old_version.as_ref().map(crate::event::Text::as_bytes)))
    }),
    ("package.version", |view, _| of_package(view, |it| Value::Text(it.version.as_bytes()))),
    // proc
    ("proc.name", |view, _| of_process(view, |it| Value::Text(it.program.name()))),
    ("proc.exe", |view, _| of_process(view, |it| optional(it.program.argument(0)))),
    ("proc.exepath", |view, _| of_process(view, |it| Value::Text(it.program.exe()))),
    ("proc.cmdline", |view, _| of_process(view, |it| Value::Text(it.program.command_line()))),
    ("proc.args", |view, argument| {
        of_process(view, |it| match argument {
            None => Value::Text(it.program.joined_arguments()),
            Some(Argument::Index(index)) => optional(it.program.argument(*index as usize + 1)),
            Some(Argument::Key(_)) => Value::Missing,
        })
    }),
    ("proc.exeline", |view, _| {
        of_process(view, |it| {
            let line = it.program.args();
            if line.is_empty() { Value::Missing } else { view.joined(line) }
        })
    }),
    ("proc.cmdnargs", |view, _| {
        of_process(view, |it| Value::Unsigned(it.program.arguments().skip(1).count() as u64))
    }),
    ("proc.cmdlenargs", |view, _| {
        of_process(view, |it| {
            Value::Unsigned(it.program.arguments().skip(1).map(|it| it.len() as u64).sum())
        })
    }),
    ("proc.cwd", |view, _| match view.process() {
        Some(process) => View::path(&process.cwd, &view.cwd),
        None => Value::Missing,
    }),
    ("proc.pid", |view, _| of_process(view, |it| Value::Signed(it.pid.into()))),
    ("proc.ppid", |view, _| of_process(view, |it| Value::Signed(it.ppid.into()))),
    ("proc.vpid", |view, _| of_process(view, |it| Value::Signed(it.container_pid.into()))),
    ("proc.pvpid", |view, _| of_ids(view, |it| it.parent_container_pid)),
    ("proc.sid", |view, _| of_ids(view, |it| it.container_sid)),
    ("proc.pgid", |view, _| of_ids(view, |it| it.pgid)),
    ("proc.vpgid", |view, _| of_ids(view, |it| it.container_pgid)),
    ("proc.is_sid_leader", |view, _| leads(view, |it, ids| ids.container_sid == it.container_pid)),
    ("proc.is_pgid_leader", |view, _| leads(view, |it, ids| ids.pgid == it.pid)),
    ("proc.is_vpgid_leader", |view, _| {
        leads(view, |it, ids| ids.container_pgid == it.container_pid)
    }),
    ("proc.sname", |view, _| of_session(view, |it| Value::Text(it.name()))),
    ("proc.sid.exe", |view, _| of_session(view, |it| optional(it.argument(0)))),
    ("proc.sid.exepath", |view, _| of_session(view, |it| Value::Text(it.exe()))),
    ("proc.pgid.name", |view, _| of_group(view, |it| Value::Text(it.name()))),
    ("proc.pgid.exe", |view, _| of_group(view, |it| optional(it.argument(0)))),
    ("proc.pgid.exepath", |view, _| of_group(view, |it| Value::Text(it.exe()))),
    ("proc.vpgid.name", |view, _| of_group(view, |it| Value::Text(it.name()))),
    ("proc.vpgid.exe", |view, _| of_group(view, |it| optional(it.argument(0)))),
    ("proc.vpgid.exepath", |view, _| of_group(view, |it| Value::Text(it.exe()))),
    ("proc.tty", |view, _| of_process(view, |it| Value::Unsigned(it.tty.into()))),
    ("proc.pname", |view, _| view.ancestors(OfAncestors::Name, Some(1))),
    ("proc.pexe", |view, _| view.ancestors(OfAncestors::Exe, Some(1))),
    ("proc.pexepath", |view, _| view.ancestors(OfAncestors::ExePath, Some(1))),
    ("proc.pcmdline", |view, _| view.ancestors(OfAncestors::CommandLine, Some(1))),
    ("proc.aname", |view, argument| ancestors(view, OfAncestors::Name, argument)),
    ("proc.aexe", |view, argument| ancestors(view, OfAncestors::Exe, argument)),
    ("proc.aexepath", |view, argument| ancestors(view, OfAncestors::ExePath, argument)),
    ("proc.acmdline", |view, argument| ancestors(view, OfAncestors::CommandLine, argument)),
    ("proc.apid", |view, argument| ancestors(view, OfAncestors::Pid, argument)),
    ("proc.loginshellid", |view, _| login_shell(view)),
    ("proc.duration", |view, _| since(view, view.process().and_then(|it| it.started))),
    ("proc.ppid.duration", |view, _| since(view, view.process().and_then(|it| it.parent_started))),
    ("proc.pid.ts", |view, _| time(view.process().and_then(|it| it.started))),
    ("proc.pidns_init_start_ts", |view, _| {
        time(view.process().and_then(|it| it.pid_namespace_started))
    }),
    ("proc.ppid.ts", |view, _| time(view.process().and_then(|it| it.parent_started))),
    ("proc.exe_ino", |view, _| of_executable(view, |it| Value::Signed(it.inode.cast_signed()))),
    ("proc.exe_ino.ctime", |view, _| of_executable(view, |it| time(it.changed))),
    ("proc.exe_ino.mtime", |view, _| of_executable(view, |it| time(it.modified))),
    ("proc.exe_ino.ctime_duration_proc_start", |view, _| {
        of_executable(view, |it| between(it.changed, view.process().and_then(|it| it.started)))
    }),
    ("proc.exe_ino.ctime_duration_pidns_start", |view, _| {
        let started = view.process().and_then(|it| it.pid_namespace_started);
        of_executable(view, |it| between(started, it.changed))
    }),
    ("proc.is_exe_writable", |view, _| {
        of_executable(view, |it| it.writable.map_or(Value::Missing, Value::Bool))
    }),
    ("proc.is_exe_from_memfd", |view, _| {
        of_executable(view, |_| match view.facts.provenance {
            Some(provenance) => Value::Bool(provenance.verdict == Verdict::Memfd),
            None => Value::Missing,
        })
    }),
    ("proc.is_exe_lower_layer", |view, _| {
        of_executable(view, |it| {
            it.upper_layer.map_or(Value::Bool(false), |upper| Value::Bool(!upper))
        })
    }),
    ("proc.is_exe_upper_layer", |view, _| {
        of_executable(view, |file| match view.facts.provenance {
            Some(provenance) => {
                let upper = file.upper_layer.unwrap_or(false);
                Value::Bool(upper && provenance.verdict != Verdict::CopiedUp)
            }
            None => Value::Missing,
        })
    }),
    // thread
    ("thread.tid", |view, _| of_process(view, |it| Value::Signed(it.tid.into()))),
    ("thread.ismain", |view, _| of_process(view, |it| Value::Bool(it.tid == it.pid))),
    ("thread.nametid", |view, _| match view.process() {
        Some(process) => view.text(Text::ThreadName, || {
            format!("{}{}", String::from_utf8_lossy(process.program.name()), process.tid)
        }),
        None => Value::Missing,
    }),
    ("thread.vtid", |view, _| of_ids(view, |it| it.container_tid)),
    ("thread.cap_effective", |view, _| capabilities(view, Text::Effective, |sets| sets.effective)),
    ("thread.cap_permitted", |view, _| capabilities(view, Text::Permitted, |sets| sets.permitted)),
    ("thread.cap_inheritable", |view, _| {
        capabilities(view, Text::Inheritable, |sets| sets.inheritable)
    }),
    // user, group
    ("user.uid", |view, _| of_process(view, |it| Value::Unsigned(it.uid.into()))),
    ("user.loginuid", |view, _| {
        of_process(view, |it| Value::Signed(it.loginuid.map_or(-1, i64::from)))
    }),
    ("user.name", |view, _| accounts::user_name(view)),
    ("user.homedir", |view, _| accounts::home(view)),
    ("user.shell", |view, _| accounts::shell(view)),
    ("user.loginname", |view, _| accounts::login_name(view)),
    ("group.gid", |view, _| of_process(view, |it| Value::Unsigned(it.gid.into()))),
    ("group.name", |view, _| accounts::group_name(view)),
    // container, k8s, image
    ("container.id", |view, _| match view.facts.container {
        Some(container) => Value::Text(container.short_id().as_bytes()),
        None => Value::Text(b"host"),
    }),
    ("container.full_id", |view, _| of_container(view, |it| Some(&it.id))),
    ("container.name", |view, _| match view.facts.container {
        Some(container) => optional(container.name.as_deref().map(str::as_bytes)),
        None => Value::Text(b"host"),
    }),
    ("container.type", |view, _| match view.facts.container {
        Some(container) => Value::Text(container.runtime.as_bytes()),
        None => Value::Text(b"host"),
    }),
    ("container.image", |view, _| of_container(view, |it| it.image.as_deref())),
    ("container.image.digest", |view, _| of_container(view, |it| it.image_digest.as_deref())),
    ("container.image.id", |view, _| of_container(view, |it| it.image_id.as_deref())),
    ("container.image.repository", |view, _| of_container(view, Container::image_repository)),
    ("container.image.tag", |view, _| of_container(view, Container::image_tag)),
    ("container.label", |view, argument| match argument {
        Some(Argument::Key(key)) => {
            of_container(view, |it| it.labels.get(&**key).map(String::as_str))
        }
        _ => Value::Missing,
    }),
    ("container.labels", |view, _| labels(view)),
    ("container.start_ts", |view, _| time(view.facts.container.and_then(|it| it.started_at))),
    ("container.duration", |view, _| {
        since(view, view.facts.container.and_then(|it| it.started_at))
    }),
    ("container.privileged", |view, _| of_details(view, |it| it.privileged)),
    ("container.host_pid", |view, _| of_details(view, |it| it.host_pid)),
    ("container.host_ipc", |view, _| of_details(view, |it| it.host_ipc)),
    ("container.host_network", |view, _| of_details(view, |it| it.host_network)),
    ("container.ip", |view, _| {
        let ip = view.facts.details.and_then(|it| it.ip.as_deref());
        optional(ip.map(str::as_bytes))
    }),
    ("container.mounts", |view, _| mounts::all(view)),
    ("container.mount", |view, argument| of_mount(view, argument, By::Source, MountPoint::as_str)),
    ("container.mount.source", |view, argument| {
        of_mount(view, argument, By::Destination, |it| &it.source)
    }),
    ("container.mount.dest", |view, argument| {
        of_mount(view, argument, By::Source, |it| &it.destination)
    }),
    ("container.mount.mode", |view, argument| of_mount(view, argument, By::Source, |it| &it.mode)),
    ("container.mount.rdwr", |view, argument| {
        of_mount(view, argument, By::Source, |it| if it.writable { "true" } else { "false" })
    }),
    ("container.mount.propagation", |view, argument| {
        of_mount(view, argument, By::Source, |it| &it.propagation)
    }),
    ("image.digest", |view, _| of_container(view, |it| it.image_digest.as_deref())),
    ("image.id", |view, _| of_container(view, |it| it.image_id.as_deref())),
    ("image.reference", |view, _| of_container(view, |it| it.image.as_deref())),
    ("k8s.ns.name", |view, _| of_container(view, |it| it.namespace.as_deref())),
    ("k8s.pod.name", |view, _| of_container(view, |it| it.pod.as_deref())),
    // fd, fs.path
    ("fd.containerdirectory", |view, _| {
        file::in_container(view, Text::ContainerDirectory, |it| file::directory(it.path))
    }),
    ("fd.containername", |view, _| file::in_container(view, Text::ContainerName, |it| it.path)),
    ("fd.dev", |view, _| of_descriptor(view, |it| Value::Signed(file::device(it.device)))),
    ("fd.dev.major", |view, _| of_descriptor(view, |it| Value::Signed(it.device.0.into()))),
    ("fd.dev.minor", |view, _| of_descriptor(view, |it| Value::Signed(it.device.1.into()))),
    ("fd.directory", |view, _| of_descriptor(view, |it| Value::Text(file::directory(it.path)))),
    ("fd.filename", |view, _| file::file_name(view)),
    ("fd.ino", |view, _| of_descriptor(view, |it| Value::Signed(it.inode.cast_signed()))),
    ("fd.is_lower_layer", |view, _| {
        of_descriptor(view, |it| Value::Bool(it.upper_layer == Some(false)))
    }),
    ("fd.is_upper_layer", |view, _| {
        of_descriptor(view, |it| Value::Bool(it.upper_layer == Some(true)))
    }),
    ("fd.cip", |view, _| socket::of_client(view, socket::address)),
    ("fd.cnet", |view, _| socket::of_client(view, socket::address)),
    ("fd.connected", |view, _| socket::connected(view)),
    ("fd.cport", |view, _| socket::of_client(view, socket::port)),
    ("fd.ip", |view, _| view.addresses.list()),
    ("fd.is_server", |view, _| of_socket(view, |it| Value::Bool(it.is_server))),
    ("fd.l4proto", |view, _| socket::protocol(view)),
    ("fd.lip", |view, _| socket::of_local(view, socket::address)),
    ("fd.lnet", |view, _| socket::of_local(view, socket::address)),
    ("fd.lport", |view, _| socket::of_local(view, socket::port)),
    ("fd.name", |view, _| match view.facts.network {
        Some(_) => socket::name(view),
        None => of_descriptor(view, |it| Value::Text(it.path)),
    }),
    // A socket that listens is called what it was bound to.
    ("fd.name_changed", |view, _| {
        of_socket(view, |_| Value::Bool(view.facts.event_type != EventType::LISTEN))
    }),
    ("fd.net", |view, _| view.addresses.list()),
    ("fd.port", |view, _| view.ports.list()),
    ("fd.rip", |view, _| socket::of_remote(view, socket::address)),
    ("fd.rnet", |view, _| socket::of_remote(view, socket::address)),
    ("fd.rport", |view, _| socket::of_remote(view, socket::port)),
    ("fd.sip", |view, _| socket::of_server(view, socket::address)),
    ("fd.snet", |view, _| socket::of_server(view, socket::address)),
    ("fd.sockfamily", |view, _| socket::kind(view, b"ip", b"ip", b"unix")),
    ("fd.sport", |view, _| socket::of_server(view, socket::port)),
    ("fd.num", |view, _| {
        of_descriptor(view, |it| it.descriptor.map_or(Value::Missing, Value::Signed))
    }),
    ("fd.type", |view, _| match view.facts.network {
        Some(_) => socket::kind(view, b"ipv4", b"ipv6", b"unix"),
        None => file::kind(view, b"file", b"directory"),
    }),
    ("fd.typechar", |view, _| match view.facts.network {
        Some(_) => socket::kind(view, b"4", b"6", b"u"),
        None => file::kind(view, b"f", b"d"),
    }),
    ("fd.uid", |view, _| match view.process() {
        Some(process) => of_descriptor(view, |it| match it.descriptor {
            Some(number) => view.text(Text::DescriptorId, || format!("{}{number}", process.tid)),
            None => Value::Missing,
        }),
        None => Value::Missing,
    }),
    ("fs.path.name", |view, _| file::path(view)),
    ("fs.path.nameraw", |view, _| file::raw_path(view)),
    ("fs.path.source", |view, _| file::source(view)),
    ("fs.path.sourceraw", |view, _| file::raw_source(view)),
    ("fs.path.target", |view, _| file::target(view)),
    ("fs.path.targetraw", |view, _| file::raw_target(view)),
    // drift
    ("drift.kind", |view, _| Value::Text(view.facts.kind.as_str().as_bytes())),
    ("drift.action", |view, _| Value::Text(view.facts.action.as_str().as_bytes())),
    ("drift.detected", |view, _| Value::Bool(view.facts.drift)),
    ("drift.before_start", |view, _| Value::Bool(view.facts.before_start)),
    ("drift.recovered", |view, _| Value::Bool(view.facts.recovered)),
    ("drift.tainted", |view, _| Value::Bool(view.facts.tainted)),
    ("drift.verdict", |view, _| of_provenance(view, |it| it.verdict.as_str())),
    ("drift.evidence", |view, _| of_provenance(view, |it| it.evidence.as_str())),
    ("drift.reason", |view, _| of_provenance(view, |it| &it.reason)),
    ("drift.unproved", |view, _| Value::Bool(view.facts.unproved)),
    ("drift.upper_layer", |view, _| {
        of_file(view, |it| it.upper_layer.map_or(Value::Missing, Value::Bool))
    }),
    // file
    ("file.changed", |view, _| of_touched(view, |_| Value::List(&view.changed))),
    ("file.old_path", |view, _| of_touched(view, |it| optional(it.old_path))),
    ("file.written", |view, _| {
        of_touched(view, |it| it.written.map_or(Value::Missing, Value::Bool))
    }),
    ("file.path", |view, _| of_file(view, |it| Value::Text(it.path))),
    ("file.name", |view, _| of_file(view, |it| Value::Text(base_name(it.path)))),
    ("file.inode", |view, _| of_file(view, |it| Value::Unsigned(it.inode))),
    ("file.device", |view, _| match view.facts.file {
        Some(file) => {
            view.text(Text::FileDevice, || format!("{}:{}", file.device.0, file.device.1))
        }
        None => Value::Missing,
    }),
    ("file.mode", |view, _| match view.facts.file {
        Some(file) => view.text(Text::FileMode, || format!("{:04o}", file.mode & 0o7777)),
        None => Value::Missing,
    }),
    ("file.uid", |view, _| of_file(view, |it| Value::Unsigned(it.uid.into()))),
    ("file.gid", |view, _| of_file(view, |it| Value::Unsigned(it.gid.into()))),
    ("file.size", |view, _| of_file(view, |it| Value::Unsigned(it.size))),
    ("file.writer.cmdline", |view, _| {
        of_writer(view, |_, it| view.text(Text::WriterLine, || command_line(it)))
    }),
    ("file.writer.exe", |view, _| of_writer(view, |_, it| filled(it.exe.as_bytes()))),
    ("file.writer.name", |view, _| of_writer(view, |_, it| Value::Text(it.name.as_bytes()))),
    ("file.writer.origin", |view, _| {
        of_file(view, |it| match it.writer {
            Some(writer) => Value::Text(writer.origin.as_str().as_bytes()),
            None => Value::Missing,
        })
    }),
    ("file.writer.pid", |view, _| of_writer(view, |_, it| Value::Signed(it.pid.into()))),
    ("file.writer.time", |view, _| of_writer(view, |writer, _| time(writer.time))),
    ("file.sha256", |view, _| of_file(view, |it| optional(it.sha256.map(str::as_bytes)))),
];
