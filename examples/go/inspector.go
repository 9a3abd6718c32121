package driftcore

// #include <stdlib.h>
// #include "bridge.h"
//
// static outcome inspector_new(const driftcore_options *options, driftcore_inspector **inspector) {
//     OUTCOME(driftcore_inspector_new, options, inspector);
// }
// static outcome inspector_file(const driftcore_inspector *inspector, uint32_t pid, const char *path,
//                               driftcore_classified **classified) {
//     OUTCOME(driftcore_inspector_file, inspector, pid, path, classified);
// }
// static outcome inspector_descriptor(const driftcore_inspector *inspector, int descriptor,
//                                     driftcore_classified **classified) {
//     OUTCOME(driftcore_inspector_descriptor, inspector, descriptor, classified);
// }
import "C"

import (
	"math"
	"os"
	"unsafe"
)

// An Inspector judges files of containers that run, by looking at them: no sensor is loaded. Any
// goroutine may use it, several at the same time. Close must be called.
//
// Its methods fail with [ErrNotFound], [ErrUnsupported] for what is no regular file, [ErrChanged] for
// what changed meanwhile, [ErrPermission] and [ErrIO]. They read files, and block as long as the
// bounds allow that the options proof.* set.
type Inspector struct {
	object *owned[C.driftcore_inspector]
}

// NewInspector makes an inspector; the options runtimes.* and proof.* count.
func NewInspector(options ...Option) (*Inspector, error) {
	var inspector *Inspector
	err := withOptions(options, func(options *C.driftcore_options) error {
		var object *C.driftcore_inspector
		err := check(C.inspector_new(options, &object))
		if err == nil {
			inspector = &Inspector{own(object, func(object *C.driftcore_inspector) {
				C.driftcore_inspector_free(&object)
			})}
		}
		return err
	})
	return inspector, err
}

// File judges the file that a process (its id on the host) would find at a path, which may be
// relative to its working directory. Symbolic links are followed inside the process's root, never
// out of it.
func (i *Inspector) File(pid int, path string) (Classified, error) {
	if pid < 0 || int64(pid) > math.MaxUint32 {
		return Classified{}, &Error{Status: ErrInvalidArgument, Message: "a process id out of range"}
	}
	name, err := cstring("the path", path)
	if err != nil {
		return Classified{}, err
	}
	defer C.free(unsafe.Pointer(name))
	return i.inspect(func(object *C.driftcore_inspector, into **C.driftcore_classified) C.outcome {
		return C.inspector_file(object, C.uint32_t(pid), name, into)
	})
}

// Open judges an open file, whoever opened it; it stays as it is.
func (i *Inspector) Open(file *os.File) (Classified, error) {
	// Unlike Fd, this leaves a file that does not block as it is, and keeps it open meanwhile.
	raw, err := file.SyscallConn()
	if err != nil {
		return Classified{}, err
	}
	var result Classified
	var failed error
	err = raw.Control(func(descriptor uintptr) {
		result, failed = i.inspect(func(object *C.driftcore_inspector, into **C.driftcore_classified) C.outcome {
			return C.inspector_descriptor(object, C.int(descriptor), into)
		})
	})
	if err == nil {
		err = failed
	}
	return result, err
}

func (i *Inspector) inspect(
	look func(*C.driftcore_inspector, **C.driftcore_classified) C.outcome,
) (Classified, error) {
	object := i.object.enter()
	if object == nil {
		return Classified{}, ErrClosed
	}
	defer i.object.leave()
	var classified *C.driftcore_classified
	if err := check(look(object, &classified)); err != nil {
		return Classified{}, err
	}
	return take(classified), nil
}

// Close frees the inspector, when nobody uses it any more. It may be called by any goroutine, and
// more than once; it returns nil.
func (i *Inspector) Close() error {
	i.object.close(nil)
	return nil
}
