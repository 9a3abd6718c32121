package driftcore

// #include "bridge.h"
//
// static driftcore_event_info event_info(uintptr_t event) {
//     driftcore_event_info info = {.size = sizeof info};
//     driftcore_event_get((const driftcore_event *)event, &info, NULL);
//     return info;
// }
// static driftcore_file event_file(uintptr_t event) {
//     driftcore_file file = {.size = sizeof file};
//     file.size = driftcore_event_file((const driftcore_event *)event, &file);
//     return file;
// }
// static driftcore_writer event_writer(const driftcore_event *event) {
//     driftcore_writer writer = {.size = sizeof writer};
//     writer.size = driftcore_event_writer(event, &writer);
//     return writer;
// }
// static driftcore_network event_network(const driftcore_event *event) {
//     driftcore_network network = {.size = sizeof network};
//     network.size = driftcore_event_network(event, &network);
//     return network;
// }
// static driftcore_package event_package(const driftcore_event *event) {
//     driftcore_package package = {.size = sizeof package};
//     package.size = driftcore_event_package(event, &package);
//     return package;
// }
// static driftcore_digests event_digests(const driftcore_event *event) {
//     driftcore_digests digests = {.size = sizeof digests};
//     digests.size = driftcore_event_digests(event, &digests);
//     return digests;
// }
// static driftcore_config event_config(const driftcore_event *event) {
//     driftcore_config config = {.size = sizeof config};
//     config.size = driftcore_event_config(event, &config);
//     return config;
// }
// static driftcore_container event_container(const driftcore_event *event) {
//     driftcore_container container = {.size = sizeof container};
//     container.size = driftcore_event_container(event, &container);
//     return container;
// }
// static driftcore_process event_process(const driftcore_event *event) {
//     driftcore_process process = {.size = sizeof process};
//     process.size = driftcore_event_process(event, &process);
//     return process;
// }
// static driftcore_ancestor event_ancestor(const driftcore_event *event, size_t index) {
//     driftcore_ancestor ancestor = {.size = sizeof ancestor};
//     driftcore_event_ancestor(event, index, &ancestor);
//     return ancestor;
// }
// static outcome event_parse(_GoString_ json, driftcore_event **event) {
//     OUTCOME(driftcore_event_parse, _GoStringPtr(json), _GoStringLen(json), event);
// }
import "C"

import (
	"math"
	"time"
)

// An Event is something that happened.
//
// What costs nothing is in its fields; the rest is copied out of the library when it is first asked
// for, and then is plain Go data. So it belongs to the handler that got it, or lasts until Close for
// one of [ParseEvent]: whoever wants it for longer calls [Event.Keep]. Asking for more when it is
// too late panics. One goroutine at a time, but for kept events.
type Event struct {
	Time     time.Time // UTC
	Kind     Kind
	Action   Action
	Verdict  Verdict
	Evidence EvidenceKind // what the verdict rests on
	Drift    bool
	// BeforeStart: about a process that ran, or a socket that waited for others, before the engine
	// started.
	BeforeStart bool
	// Recovered: the event itself was lost, its effect was found.
	Recovered bool
	// Truncated: something in it was cut.
	Truncated bool
	// Unproved: names were read from the caller's memory, and nothing confirms them.
	Unproved bool
	// Tainted: the process runs drifted code, or was started by what did.
	Tainted bool
	// Ruling: why it is drift, or none, other than by its own nature.
	Ruling Ruling
	// Unresolved: what was executed is a script, and the verdict is about its interpreter.
	Unresolved bool

	object    *C.driftcore_event // nil once it is gone
	free      bool               // whether Close frees it
	lent      int                // matches that go on: Close waits for them
	closed    bool
	reason    lazy[string]
	json      lazy[string]
	container lazy[*Container]
	process   lazy[*Process]
	file      lazy[*File]
	network   lazy[*Network]
	changed   lazy[*PackageEvent]
	digests   lazy[*Digests]
	config    lazy[*Config]
	lost      lazy[map[string]uint64]
}

// A Container is where an event happened. What is not known is empty.
type Container struct {
	ID           string // the runtime's, as long as it has it
	Name         string
	Runtime      string
	Image        string // its reference
	ImageDigest  string // of the manifest
	ImageID      string // the config's digest
	Pod          string
	PodNamespace string
	Labels       map[string]string
	StartedAt    time.Time // zero when it is not known
}

// A Process is who did it. Texts may be any bytes.
type Process struct {
	PID, TID, PPID int // on the host
	ContainerPID   int // in the container
	UID, GID       uint32
	LoginUID       uint32 // [NoLoginUID] when unset
	TTY            uint32 // as the kernel encodes a device; 0 without one
	Name           string // comm
	Exe            string // as the container sees it
	Dir            string // working directory, as the container sees it
	Cgroup         string
	Args           []string   // the program's name first
	Ancestors      []Ancestor // the parent first
}

// NoLoginUID is the audit login uid of a process that has none.
const NoLoginUID = math.MaxUint32

// An Ancestor is a parent of a process, or one of that.
type Ancestor struct {
	PID       int
	Name, Exe string
	Args      []string
}

// A File is what an event is about.
type File struct {
	Path     string // as the container sees it: any bytes
	Device   string // such as "8:1"
	Inode    uint64
	Mode     string // permission bits, in octal
	UID, GID uint32
	Size     uint64
	SHA256   string // in hexadecimal; empty where it was not computed
	OldPath  string // of a rename the former path, of a link its target
	Changed  Changed
	Written  Written
	Writer   *Writer // who wrote it last; nil when the event says nothing of it
}

// A Writer created, wrote or renamed a file last. Its texts are empty, and its ids 0, where nobody saw
// it.
type Writer struct {
	Name   string // comm
	Exe    string // as the container sees it
	PID    int    // on the host
	UID    uint32
	Time   time.Time // zero when it is not known
	Origin Origin
}

// A Network is the socket that an event is about.
type Network struct {
	Local, Remote               string // "ip:port", "[v6]:port" or a path; no remote of one that waits for others
	LocalAddress, RemoteAddress string // the same without ports and brackets
	LocalPort, RemotePort       uint16 // 0 where there is none, or none is known
	Family                      Family
	Protocol                    Protocol
	Result                      string // "ok", or the name of an error
	Dual                        bool   // an IPv6 socket that takes IPv4 too
	AutoPort                    bool   // the kernel chose the local port
	Expected                    bool   // nothing that is declared says otherwise
}

// A PackageEvent is a package that was installed, removed, or given another version.
type PackageEvent struct {
	Manager    string // dpkg, apk, rpm, ...
	Name       string
	Version    string // of a removed package, the one that it had
	OldVersion string // empty when it was not there
}

// Digests say which image runs, and which were approved.
type Digests struct {
	Running  string   // of an index, a manifest or a configuration; empty where none is known
	Approved []string // in its place
	Reason   string   // for people
}

// A Config is an item of a container's configuration; the event's action says of which part. Of what may be a
// secret there is only "sha256:" and the digest.
type Config struct {
	Item       string // a variable, a mount point, a file, a set of capabilities, a limit
	Declared   string // what was declared
	Live       string // what is
	IsDeclared bool   // false where nothing was declared
	IsLive     bool   // false where it is not there
	Mark       Mark   // what makes it more than a difference
	Origin     Origin // where it was changed from, as far as that was seen
	Ended      bool   // the difference, which was reported before, is no more
}

// ParseEvent reads an event from the JSON object that [Event.JSON] or driftd writes. Close must be
// called.
func ParseEvent(json string) (*Event, error) {
	var object *C.driftcore_event
	if err := check(C.event_parse(json, &object)); err != nil {
		return nil, err
	}
	event := eventOf(object)
	event.free = true
	return event, nil
}

func eventOf(object *C.driftcore_event) *Event { return newEvent(object, C.event_info(ref(object))) }

func newEvent(object *C.driftcore_event, info C.driftcore_event_info) *Event {
	return &Event{
		Time:        timeOf(info.time_ns),
		Kind:        Kind(info.kind),
		Action:      Action(info.action),
		Verdict:     Verdict(info.verdict),
		Evidence:    EvidenceKind(info.evidence),
		Drift:       info.drift != 0,
		BeforeStart: info.before_start != 0,
		Recovered:   info.recovered != 0,
		Truncated:   info.truncated != 0,
		Unproved:    info.unproved != 0,
		Tainted:     info.tainted != 0,
		Ruling:      Ruling(info.ruling),
		Unresolved:  info.unresolved != 0,
		object:      object,
	}
}

// Close frees an event of [ParseEvent], when its alerts are done with; it does nothing to others. It
// may be called more than once, and returns nil.
func (e *Event) Close() error {
	e.closed = true
	if e.free && e.lent == 0 {
		e.free = false
		C.driftcore_event_free(&e.object)
	}
	return nil
}

// lend keeps the event from being freed until it is given back.
func (e *Event) lend() { e.lent++ }

func (e *Event) giveBack() {
	if e.lent--; e.closed {
		e.Close()
	}
}

// Keep copies everything that was not asked for so far, JSON included, and returns the event itself,
// which is plain Go data from then on: any goroutine may read it at any time.
func (e *Event) Keep() *Event {
	e.Reason()
	e.JSON()
	e.Container()
	e.Process()
	e.File()
	e.Network()
	e.Package()
	e.Digests()
	e.Config()
	e.Lost()
	return e
}

// JSON is the event as a JSON object, one line without its end.
func (e *Event) JSON() string {
	return e.json.of(func() string { return text(C.driftcore_event_json(e.here())) })
}

// Reason is why the file has its verdict; empty when none was judged.
func (e *Event) Reason() string {
	return e.reason.of(func() string { return text(C.event_info(ref(e.here())).reason) })
}

// File is what the event is about; nil when it is about no file.
func (e *Event) File() *File {
	return e.file.of(func() *File {
		record := C.event_file(ref(e.here()))
		if record.size == 0 {
			return nil
		}
		return &File{
			Path:   text(record.path),
			Device: text(record.device),
			Inode:  uint64(record.inode),
			Mode:   text(record.mode),
			UID:    uint32(record.uid),
			GID:    uint32(record.gid),
			Size:   uint64(record.byte_count),
			SHA256: text(record.sha256),

			OldPath: text(record.old_path),
			Changed: Changed(record.changed),
			Written: Written(record.written),
			Writer:  e.writer(),
		}
	})
}

func (e *Event) writer() *Writer {
	record := C.event_writer(e.here())
	if record.size == 0 {
		return nil
	}
	writer := &Writer{
		Name:   text(record.name),
		Exe:    text(record.exe),
		PID:    int(record.pid),
		UID:    uint32(record.uid),
		Origin: Origin(record.origin),
	}
	if record.time_ns != 0 {
		writer.Time = timeOf(record.time_ns)
	}
	return writer
}

// Network is the socket that the event is about; nil when it is about none.
func (e *Event) Network() *Network {
	return e.network.of(func() *Network {
		record := C.event_network(e.here())
		if record.size == 0 {
			return nil
		}
		return &Network{
			Local:         text(record.local),
			Remote:        text(record.remote),
			LocalAddress:  text(record.local_address),
			RemoteAddress: text(record.remote_address),
			LocalPort:     uint16(record.local_port),
			RemotePort:    uint16(record.remote_port),
			Family:        Family(record.family),
			Protocol:      Protocol(record.protocol),
			Result:        text(record.result),
			Dual:          record.flags&C.DRIFTCORE_NETWORK_DUAL != 0,
			AutoPort:      record.flags&C.DRIFTCORE_NETWORK_AUTO_PORT != 0,
			Expected:      record.expected != 0,
		}
	})
}

// Package is the package that the event is about; nil when it is about none.
func (e *Event) Package() *PackageEvent {
	return e.changed.of(func() *PackageEvent {
		record := C.event_package(e.here())
		if record.size == 0 {
			return nil
		}
		return &PackageEvent{
			Manager:    text(record.manager),
			Name:       text(record.name),
			Version:    text(record.version),
			OldVersion: text(record.old_version),
		}
	})
}

// Digests are those of the image that the event is about; nil when it is about none.
func (e *Event) Digests() *Digests {
	return e.digests.of(func() *Digests {
		record := C.event_digests(e.here())
		if record.size == 0 {
			return nil
		}
		digests := &Digests{Running: text(record.running), Reason: text(record.reason)}
		for index := C.size_t(0); index < record.approved_count; index++ {
			digests.Approved = append(digests.Approved, text(C.driftcore_event_approved(e.here(), index)))
		}
		return digests
	})
}

// Config is the item of a container's configuration that the event is about; nil when it is about none.
func (e *Event) Config() *Config {
	return e.config.of(func() *Config {
		record := C.event_config(e.here())
		if record.size == 0 {
			return nil
		}
		return &Config{
			Item:       text(record.item),
			Declared:   text(record.declared),
			Live:       text(record.live),
			IsDeclared: record.declared.data != nil,
			IsLive:     record.live.data != nil,
			Mark:       Mark(record.mark),
			Origin:     Origin(record.origin),
			Ended:      record.ended != 0,
		}
	})
}

// Container is where it happened; nil when it was in none.
func (e *Event) Container() *Container {
	return e.container.of(func() *Container {
		record := C.event_container(e.here())
		if record.size == 0 {
			return nil
		}
		container := containerOf(record)
		container.Labels = make(map[string]string, record.label_count)
		for index := C.size_t(0); index < record.label_count; index++ {
			var key C.driftcore_text
			value := C.driftcore_event_label(e.here(), index, &key)
			container.Labels[text(key)] = text(value)
		}
		return container
	})
}

// Process is who did it; nil when it was nobody.
func (e *Event) Process() *Process {
	return e.process.of(func() *Process {
		record := C.event_process(e.here())
		if record.size == 0 {
			return nil
		}
		process := &Process{
			PID:          int(record.pid),
			TID:          int(record.tid),
			PPID:         int(record.ppid),
			ContainerPID: int(record.container_pid),
			UID:          uint32(record.uid),
			GID:          uint32(record.gid),
			LoginUID:     uint32(record.loginuid),
			TTY:          uint32(record.tty),
			Name:         text(record.name),
			Exe:          text(record.exe),
			Dir:          text(record.cwd),
			Cgroup:       text(record.cgroup),
		}
		for index := C.size_t(0); index < record.argument_count; index++ {
			process.Args = append(process.Args, text(C.driftcore_event_argument(e.here(), index)))
		}
		for index := C.size_t(0); index < record.ancestor_count; index++ {
			process.Ancestors = append(process.Ancestors, e.ancestor(index))
		}
		return process
	})
}

func (e *Event) ancestor(index C.size_t) Ancestor {
	record := C.event_ancestor(e.here(), index)
	ancestor := Ancestor{PID: int(record.pid), Name: text(record.name), Exe: text(record.exe)}
	for argument := C.size_t(0); argument < record.argument_count; argument++ {
		borrowed := C.driftcore_event_ancestor_argument(e.here(), index, argument)
		ancestor.Args = append(ancestor.Args, text(borrowed))
	}
	return ancestor
}

// Lost is how many events were lost for which reason, of an event that reports losses.
func (e *Event) Lost() map[string]uint64 {
	return e.lost.of(func() map[string]uint64 {
		count := C.event_info(ref(e.here())).lost_count
		if count == 0 {
			return nil
		}
		lost := make(map[string]uint64, count)
		for index := C.size_t(0); index < count; index++ {
			var reason C.driftcore_text
			number := C.driftcore_event_lost(e.here(), index, &reason)
			lost[text(reason)] = uint64(number)
		}
		return lost
	})
}

// here is the library's event, for as long as it is there.
func (e *Event) here() *C.driftcore_event {
	if e.object == nil {
		panic("driftcore: an event was asked for more after its handler had returned, or after Close: call Keep before")
	}
	return e.object
}

func containerOf(record C.driftcore_container) *Container {
	container := &Container{
		ID:           text(record.id),
		Name:         text(record.name),
		Runtime:      text(record.runtime),
		Image:        text(record.image),
		ImageDigest:  text(record.image_digest),
		ImageID:      text(record.image_id),
		Pod:          text(record.pod),
		PodNamespace: text(record.pod_namespace),
	}
	if record.started_at_ns != 0 {
		container.StartedAt = timeOf(record.started_at_ns)
	}
	return container
}

func timeOf(nanoseconds C.int64_t) time.Time { return time.Unix(0, int64(nanoseconds)).UTC() }

// lazy is a value that is made when it is first asked for.
type lazy[T any] struct {
	value T
	known bool
}

func (l *lazy[T]) of(make func() T) T {
	if !l.known {
		l.value = make()
		l.known = true
	}
	return l.value
}
