//! `evt.*` and `syscall.type`.

use crate::fields::ArgumentKind::Key;
use crate::fields::ArgumentKind::OptionalKey;
use crate::fields::Field;
use crate::fields::FieldType::Bool;
use crate::fields::FieldType::Bytes;
use crate::fields::FieldType::Duration;
use crate::fields::FieldType::Signed;
use crate::fields::FieldType::Text;
use crate::fields::FieldType::Time;
use crate::fields::FieldType::Unsigned;
use crate::fields::Print;

const IO: &str = "it belongs to reads and writes, which are not observed";
const PAIR: &str = "calls are observed once, not at entry and at exit";
const PLUGIN: &str = "it comes from a plugin";
const STREAM: &str = "it belongs to the stream of all events, which is not kept";

#[rustfmt::skip]
pub(super) const EVENT: &[Field] = &[
    Field::new("evt.abspath", Text, "The path that a call names, made absolute; of two, `src` or `dst`.").argument(OptionalKey).dotted(),
    Field::new("evt.arg", Text, "One of the call's arguments as text, by name or number.").argument(Key).dotted(),
    Field::new("evt.args", Text, "The call's arguments as `name=value`, joined by blanks."),
    Field::new("evt.around", Unsigned(64), "Whether the event is within so many milliseconds of a time.").argument(Key).filter_only().never(STREAM),
    Field::new("evt.asynctype", Text, "The kind of an asynchronous event.").never(PLUGIN),
    Field::new("evt.buffer", Bytes, "The data that was read or written.").never(IO),
    Field::new("evt.buflen", Unsigned(64), "The length of the data that was read or written.").never(IO),
    Field::new("evt.category", Text, "The family of the call: `process`, `file`, `net`, ..."),
    Field::new("evt.count", Unsigned(32), "The number 1, for every event."),
    Field::new("evt.count.error", Unsigned(32), "1 for calls that failed."),
    Field::new("evt.count.error.file", Unsigned(32), "1 for calls on files that failed."),
    Field::new("evt.count.error.memory", Unsigned(32), "1 for calls on memory that failed."),
    Field::new("evt.count.error.net", Unsigned(32), "1 for calls on sockets that failed."),
    Field::new("evt.count.error.other", Unsigned(32), "1 for other calls that failed."),
    Field::new("evt.count.exit", Unsigned(32), "1 for events at the exit of a call."),
    Field::new("evt.cpu", Signed(16), "The processor that the event happened on.").needs("the processor of an event"),
    Field::new("evt.datetime", Text, "The event's date and time, with nanoseconds.").print(Print::DateTime),
    Field::new("evt.datetime.s", Text, "The event's date and time, in seconds.").print(Print::DateTimeSeconds),
    Field::new("evt.deltatime", Duration, "Nanoseconds since the event before.").never(STREAM),
    Field::new("evt.deltatime.ns", Duration, "Nanoseconds since the event before, without whole seconds.").print(Print::Padded).never(STREAM),
    Field::new("evt.deltatime.s", Duration, "Whole seconds since the event before.").never(STREAM),
    Field::new("evt.dir", Text, "`<`: every event is one of the exit of a call."),
    Field::new("evt.failed", Bool, "Whether the call failed."),
    Field::new("evt.hostname", Text, "The node's name."),
    Field::new("evt.info", Text, "The same as `evt.args`."),
    Field::new("evt.io_dir", Text, "`r` for calls that read, `w` for calls that write.").never(IO),
    Field::new("evt.is_async", Bool, "Whether the event is asynchronous."),
    Field::new("evt.is_io", Bool, "Whether the call reads or writes."),
    Field::new("evt.is_io_read", Bool, "Whether the call reads."),
    Field::new("evt.is_io_write", Bool, "Whether the call writes."),
    Field::new("evt.is_open_create", Bool, "Whether an open made the file."),
    Field::new("evt.is_open_exec", Bool, "Whether an open made the file with execute permission."),
    Field::new("evt.is_open_read", Bool, "Whether a file was opened for reading."),
    Field::new("evt.is_open_write", Bool, "Whether a file was opened for writing."),
    Field::new("evt.is_syslog", Bool, "Whether the call writes to /dev/log.").never(IO),
    Field::new("evt.is_wait", Bool, "Whether the call makes the thread wait."),
    Field::new("evt.latency", Duration, "Nanoseconds between entry and exit of the call.").never(PAIR),
    Field::new("evt.latency.human", Text, "Time between entry and exit of the call, for people.").never(PAIR),
    Field::new("evt.latency.ns", Duration, "Time between entry and exit of the call, without whole seconds.").print(Print::Padded).never(PAIR),
    Field::new("evt.latency.s", Duration, "Whole seconds between entry and exit of the call.").never(PAIR),
    Field::new("evt.num", Unsigned(64), "The event's number, from 1 on."),
    Field::new("evt.plugininfo", Text, "What a plugin says of its event.").never(PLUGIN),
    Field::new("evt.pluginname", Text, "The plugin that an event comes from.").never(PLUGIN),
    Field::new("evt.rawarg", Signed(64), "One of the call's arguments, by name, with its own type.").argument(Key).dotted().not_transformable(),
    Field::new("evt.rawres", Signed(64), "What the call returned; negative is an error number."),
    Field::new("evt.rawtime", Time, "The event's time, in nanoseconds since the epoch."),
    Field::new("evt.rawtime.ns", Time, "The event's time since the epoch, without whole seconds.").print(Print::Padded),
    Field::new("evt.rawtime.s", Time, "The event's time, in whole seconds since the epoch."),
    Field::new("evt.reltime", Duration, "Nanoseconds since the first event.").print(Print::Padded).never(STREAM),
    Field::new("evt.reltime.ns", Duration, "Nanoseconds since the first event, without whole seconds.").print(Print::Padded).never(STREAM),
    Field::new("evt.reltime.s", Duration, "Whole seconds since the first event.").never(STREAM),
    Field::new("evt.res", Text, "`SUCCESS`, or the name of the error, e.g. `ENOENT`."),
    Field::new("evt.source", Text, "Where the event comes from: `syscall`."),
    Field::new("evt.time", Text, "The event's time of day, with nanoseconds.").print(Print::Clock),
    Field::new("evt.time.iso8601", Text, "The event's date and time by ISO 8601, with nanoseconds.").print(Print::Iso8601),
    Field::new("evt.time.s", Text, "The event's time of day, in seconds.").print(Print::ClockSeconds),
    Field::new("evt.type", Text, "The name of the call, e.g. `execve`."),
    Field::new("evt.type.is", Unsigned(32), "1 when the event is of the type behind the dot.").argument(Key).dotted(),
    Field::new("evt.wait_latency", Duration, "Time that the thread waited.").never(PAIR),
];

pub(super) const SYSCALL: &[Field] =
    &[Field::new("syscall.type", Text, "The name of the system call, e.g. `execve`.")];
