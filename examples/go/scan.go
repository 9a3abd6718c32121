package driftcore

// #include <stdlib.h>
// #include "bridge.h"
//
// static outcome scan_container(const char *container, const driftcore_options *options,
//                               driftcore_scan **scan) {
//     OUTCOME(driftcore_scan_container, container, options, scan);
// }
// static outcome scan_directories(const char *upper, const char *const *lowers, size_t count,
//                                 const driftcore_options *options, driftcore_scan **scan) {
//     OUTCOME(driftcore_scan_directories, upper, lowers, count, options, scan);
// }
// static uint32_t entry_state(const driftcore_entry *entry, uint32_t side,
//                             driftcore_file_state *state) {
//     state->size = sizeof *state;
//     return driftcore_entry_state(entry, side, state);
// }
// static uint32_t entry_user(const driftcore_entry *entry, size_t index, driftcore_file_user *user) {
//     user->size = sizeof *user;
//     return driftcore_entry_user(entry, index, user);
// }
import "C"

import (
	"context"
	"runtime/cgo"
	"runtime/debug"
	"time"
	"unsafe"
)

// A Scan compares a container with the image that it came from. Any goroutine may use it, several at
// the same time. Close must be called.
type Scan struct {
	object *owned[C.driftcore_scan]
}

// An EntryKind says how a path differs from the image.
type EntryKind uint32

// How a path may differ.
const (
	EntryOther      EntryKind = C.DRIFTCORE_ENTRY_OTHER      // one that this package does not name
	EntryAdded      EntryKind = C.DRIFTCORE_ENTRY_ADDED      // the image has nothing there
	EntryModified   EntryKind = C.DRIFTCORE_ENTRY_MODIFIED   // the image's file, with other content
	EntryReplaced   EntryKind = C.DRIFTCORE_ENTRY_REPLACED   // a new file in the place of the image's
	EntryType       EntryKind = C.DRIFTCORE_ENTRY_TYPE       // a file of another type than the image's
	EntryRenamed    EntryKind = C.DRIFTCORE_ENTRY_RENAMED    // the image's under another name
	EntryAttributes EntryKind = C.DRIFTCORE_ENTRY_ATTRIBUTES // other attributes, equal content
	EntryDeleted    EntryKind = C.DRIFTCORE_ENTRY_DELETED    // the image has it, the container has not
	EntryCopiedUp   EntryKind = C.DRIFTCORE_ENTRY_COPIED_UP  // proved to be as in the image: no drift
)

// String is the name in reports.
func (k EntryKind) String() string { return C.GoString(C.driftcore_entry_kind_name(C.uint32_t(k))) }

// A FileType is the type of a file.
type FileType uint32

// The types of files.
const (
	TypeUnknown     FileType = C.DRIFTCORE_FILE_TYPE_UNKNOWN
	TypeFile        FileType = C.DRIFTCORE_FILE_TYPE_FILE
	TypeDirectory   FileType = C.DRIFTCORE_FILE_TYPE_DIRECTORY
	TypeSymlink     FileType = C.DRIFTCORE_FILE_TYPE_SYMLINK
	TypeCharDevice  FileType = C.DRIFTCORE_FILE_TYPE_CHAR_DEVICE
	TypeBlockDevice FileType = C.DRIFTCORE_FILE_TYPE_BLOCK_DEVICE
	TypeFifo        FileType = C.DRIFTCORE_FILE_TYPE_FIFO
	TypeSocket      FileType = C.DRIFTCORE_FILE_TYPE_SOCKET
)

// String is the name in reports.
func (f FileType) String() string {
	return name([]string{"unknown", "file", "directory", "symlink", "char_device", "block_device",
		"fifo", "socket"}, f)
}

// Code says what kind of code a file is by its content.
type Code uint32

// The kinds of code.
const (
	CodeNone       Code = C.DRIFTCORE_CODE_NONE       // none, or it was not looked at
	CodeExecutable Code = C.DRIFTCORE_CODE_EXECUTABLE // an ELF program
	CodeLibrary    Code = C.DRIFTCORE_CODE_LIBRARY    // an ELF shared library
	CodeObject     Code = C.DRIFTCORE_CODE_OBJECT     // any other ELF file
	CodeScript     Code = C.DRIFTCORE_CODE_SCRIPT     // a file that begins with #!
)

// String is the name in reports; empty for none.
func (c Code) String() string {
	return name([]string{"", "executable", "library", "object", "script"}, c)
}

// A Use says in what way a process uses a file.
type Use uint32

// The ways in which a process may use a file.
const (
	UseOther Use = C.DRIFTCORE_USE_OTHER // one that this package does not name
	UseRuns  Use = C.DRIFTCORE_USE_RUNS  // it runs it
	UseMaps  Use = C.DRIFTCORE_USE_MAPS  // it has mapped it into its memory
	UseOpens Use = C.DRIFTCORE_USE_OPENS // it has it open
)

// String is the name in reports.
func (u Use) String() string { return name([]string{"other", "runs", "maps", "opens"}, u) }

// What differs between a file and the image's, beside the bits of [File]: of [Entry.Changed].
const (
	ChangedContent Changed = C.DRIFTCORE_CHANGED_CONTENT // the content of a regular file
	ChangedTarget  Changed = C.DRIFTCORE_CHANGED_TARGET  // the target of a symbolic link
	ChangedDevice  Changed = C.DRIFTCORE_CHANGED_DEVICE  // the numbers of a device
	ChangedTimes   Changed = C.DRIFTCORE_CHANGED_TIMES   // the time of modification; see [AlsoTimes]
)

// An Entry is a path at which a container differs from its image, or that its upper layer holds
// though nothing differs. It is plain data.
type Entry struct {
	Path    string // from the container's root on: any bytes; of a deleted file, that in the image
	OldPath string // in the image, where that is another one
	Kind    EntryKind
	Changed Changed
	Drift   bool // neither copied up nor noise
	Noise   bool // made by the runtime itself
	Before  *FileState
	After   *FileState
	Users   []FileUser // the first sixteen processes that use the file
	Owner   *Owner     // the package that claims the file
	JSON    string     // as `driftd scan --format json` prints it
}

// A FileState is a file as it is in the image or in the container.
type FileState struct {
	Type        FileType
	Code        Code
	Mode        uint32 // permission bits with setuid, setgid and sticky
	UID, GID    uint32
	Size        uint64
	Links       uint64
	Modified    time.Time
	ChangedAt   time.Time // when its inode was changed last
	Target      string    // of a symbolic link
	SHA256      string    // in hexadecimal; empty where it does not differ or was not read
	DeviceMajor uint32
	DeviceMinor uint32
}

// A FileUser is a process that uses a file.
type FileUser struct {
	PID  int    // on the host
	Name string // comm
	Use  Use
}

// A Problem is something that a scan could not read or compare. The scan goes on.
type Problem struct {
	Path     string
	Reason   string
	Vanished bool // the file went meanwhile: there was nothing to miss
}

// Error is the path and the reason.
func (p *Problem) Error() string { return "driftcore: " + p.Path + ": " + p.Reason }

// A ScanSummary is what a scan found, in numbers.
type ScanSummary struct {
	Entries  uint64
	Drift    uint64
	Noise    uint64
	CopiedUp uint64
	Problems uint64 // what could not be read or compared
	Vanished uint64 // what went while the scan ran
	Names    uint64 // that were looked at
	Bytes    uint64 // of files that were read
	Faults   uint64 // parts of package databases that could not be read: problems beside the others
	Stopped  bool   // the numbers are those up to there

	Packages  []PackageChange   // that are not as in the image
	Databases []PackageDatabase // that were written to, or whose managers ran
}

// WithoutPackages makes a scan leave packages out.
func WithoutPackages() Option { return Set("scan.packages", "false") }

// AlsoTimes makes a scan take a time of modification alone for a change, too.
func AlsoTimes() Option { return Set("scan.times", "true") }

// ScanContainer makes a scan of a container, running or stopped, by its id, its name or a prefix of
// its id. The options scan.* and runtimes.* count. It fails with [ErrNotFound], with
// [ErrInvalidArgument] when it means several, and with [ErrUnsupported] when the container's root is
// no overlay whose layers are known.
func ScanContainer(container string, options ...Option) (*Scan, error) {
	name, err := cstring("the container", container)
	if err != nil {
		return nil, err
	}
	defer C.free(unsafe.Pointer(name))
	return newScan(options, func(options *C.driftcore_options, into **C.driftcore_scan) C.outcome {
		return C.scan_container(name, options, into)
	})
}

// ScanDirectories makes a scan of the directories of an overlay, mounted or not: the upper one, and
// the lower ones, the topmost first. Nothing is opened yet.
func ScanDirectories(upper string, lowers []string, options ...Option) (*Scan, error) {
	top, err := cstring("the upper directory", upper)
	if err != nil {
		return nil, err
	}
	defer C.free(unsafe.Pointer(top))
	// C must not see a Go slice of pointers.
	list := (*[1 << 20]*C.char)(C.calloc(C.size_t(len(lowers)+1), C.size_t(unsafe.Sizeof(top))))
	defer C.free(unsafe.Pointer(list))
	for at, lower := range lowers {
		if list[at], err = cstring("a lower directory", lower); err != nil {
			return nil, err
		}
		defer C.free(unsafe.Pointer(list[at]))
	}
	return newScan(options, func(options *C.driftcore_options, into **C.driftcore_scan) C.outcome {
		return C.scan_directories(top, &list[0], C.size_t(len(lowers)), options, into)
	})
}

func newScan(
	options []Option, make func(*C.driftcore_options, **C.driftcore_scan) C.outcome,
) (*Scan, error) {
	var scan *Scan
	err := withOptions(options, func(options *C.driftcore_options) error {
		var object *C.driftcore_scan
		err := check(make(options, &object))
		if err == nil {
			scan = &Scan{own(object, func(object *C.driftcore_scan) { C.driftcore_scan_free(&object) })}
		}
		return err
	})
	return scan, err
}

// Run scans, and hands over each path at which the container differs, with a nil error, and each
// problem, as a [*Problem], until yield returns false or ctx is done. A directory comes before what
// is in it. Yield runs in the calling goroutine. It returns ctx.Err() when that ended it.
func (s *Scan) Run(ctx context.Context, yield func(Entry, error) bool) (ScanSummary, error) {
	object := s.object.enter()
	if object == nil {
		return ScanSummary{}, ErrClosed
	}
	defer s.object.leave()
	run := &scanRun{ctx: ctx, yield: yield}
	handle := cgo.NewHandle(run)
	defer handle.Delete()
	var summary C.driftcore_scan_summary
	err := check(C.bridge_scan_run(object, C.uintptr_t(handle), &summary))
	if run.panicked != nil {
		panic(run.panicked)
	}
	found := ScanSummary{
		Entries:  uint64(summary.entries),
		Drift:    uint64(summary.drift),
		Noise:    uint64(summary.noise),
		CopiedUp: uint64(summary.copied_up),
		Problems: uint64(summary.problems),
		Vanished: uint64(summary.vanished),
		Names:    uint64(summary.names),
		Bytes:    uint64(summary.bytes),
		Faults:   uint64(summary.faults),
		Stopped:  summary.stopped != 0,

		Packages:  run.packages,
		Databases: run.databases,
	}
	if err == nil && found.Stopped && !run.enough {
		err = ctx.Err()
	}
	return found, err
}

// All is an iterator over what [Scan.Run] hands over; from Go 1.23 on it may be ranged over:
//
//	for entry, err := range scan.All(ctx) { ... }
//
// An error that is no [*Problem] is the last one: there is no whole answer.
func (s *Scan) All(ctx context.Context) func(yield func(Entry, error) bool) {
	return func(yield func(Entry, error) bool) {
		more := true
		_, err := s.Run(ctx, func(entry Entry, err error) bool {
			more = yield(entry, err)
			return more
		})
		if err != nil && more {
			yield(Entry{}, err)
		}
	}
}

// Close frees the scan, when nobody uses it any more. It may be called by any goroutine, and more
// than once; it returns nil.
func (s *Scan) Close() error {
	s.object.close(nil)
	return nil
}

// scanRun is a scan that runs. C has the number of its handle, never a Go pointer.
type scanRun struct {
	ctx      context.Context
	yield    func(Entry, error) bool
	enough   bool // yield wants no more
	panicked *PanicError

	packages  []PackageChange
	databases []PackageDatabase
}

// hand hands over, and says whether that is the end. A panic does not reach C.
func (r *scanRun) hand(entry func() Entry, err error) (end C.uint32_t) {
	end = 1
	defer func() {
		if value := recover(); value != nil {
			r.panicked = &PanicError{Value: value, Stack: debug.Stack()}
		}
	}()
	if r.ctx.Err() != nil {
		return 1
	}
	if !r.yield(entry(), err) {
		r.enough = true
		return 1
	}
	return 0
}

func newEntry(object *C.driftcore_entry, info *C.driftcore_entry_info) Entry {
	entry := Entry{
		Path:    text(info.path),
		OldPath: text(info.old_path),
		Kind:    EntryKind(info.kind),
		Changed: Changed(info.changed),
		Drift:   info.is_drift != 0,
		Noise:   info.is_noise != 0,
		Before:  fileState(object, C.DRIFTCORE_SIDE_BEFORE),
		After:   fileState(object, C.DRIFTCORE_SIDE_AFTER),
		Owner:   owner(object),
		JSON:    text(C.driftcore_entry_json(object)),
	}
	for index := C.size_t(0); index < info.user_count; index++ {
		var user C.driftcore_file_user
		if C.entry_user(object, index, &user) != 0 {
			entry.Users = append(entry.Users,
				FileUser{PID: int(user.pid), Name: text(user.name), Use: Use(user.how)})
		}
	}
	return entry
}

func fileState(object *C.driftcore_entry, side C.uint32_t) *FileState {
	var state C.driftcore_file_state
	if C.entry_state(object, side, &state) == 0 {
		return nil
	}
	return &FileState{
		Type:        FileType(state.file_type),
		Code:        Code(state.code),
		Mode:        uint32(state.mode),
		UID:         uint32(state.uid),
		GID:         uint32(state.gid),
		Size:        uint64(state.byte_count),
		Links:       uint64(state.links),
		Modified:    time.Unix(0, int64(state.modified_ns)).UTC(),
		ChangedAt:   time.Unix(0, int64(state.changed_ns)).UTC(),
		Target:      text(state.target),
		SHA256:      text(state.sha256),
		DeviceMajor: uint32(state.device_major),
		DeviceMinor: uint32(state.device_minor),
	}
}
