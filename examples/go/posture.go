package driftcore

// #include <stdlib.h>
// #include "bridge.h"
//
// static outcome posture_pods(_GoString_ json, uintptr_t context,
//                             driftcore_posture_summary *summary) {
//     return bridge_posture_pods(_GoStringPtr(json), _GoStringLen(json), context, summary);
// }
import "C"

import (
	"runtime/cgo"
	"runtime/debug"
	"unsafe"
)

// A Level is one of the Pod Security Standards: the higher, the less it allows.
type Level uint32

// The levels.
const (
	LevelOther      Level = C.DRIFTCORE_LEVEL_OTHER // one that this package does not name
	LevelPrivileged Level = C.DRIFTCORE_LEVEL_PRIVILEGED
	LevelBaseline   Level = C.DRIFTCORE_LEVEL_BASELINE
	LevelRestricted Level = C.DRIFTCORE_LEVEL_RESTRICTED
)

// String is the name in the standard.
func (l Level) String() string { return C.GoString(C.driftcore_level_name(C.uint32_t(l))) }

// PostureStandard is the version of the Pod Security Standards that is held.
func PostureStandard() string { return C.GoString(C.driftcore_posture_standard()) }

// A Posture says how far a pod, or a container of this node, is confined by its specification. It is plain
// data.
type Posture struct {
	Pod        string // empty of a container in none
	Namespace  string
	Node       string
	Level      Level  // the highest that it meets: that of the container that meets the least
	Containers uint64 // how many
	Failures   uint64 // fields that fail a control
	JSON       string // all of it; docs/posture.md says what is in it
}

// A PostureSummary says how much was read.
type PostureSummary struct {
	Pods   uint64 // that were told of
	Others uint64 // objects that are no pods; 0 where yield wanted no more
}

// PosturePods reads pods as `kubectl get pods -o json` prints them, and hands over the posture of each until
// yield returns false. Yield runs in the calling goroutine; what comes before an error was handed over. An
// error of [ErrWrongType] has line and column.
func PosturePods(pods string, yield func(Posture) bool) (PostureSummary, error) {
	run := &postureRun{yield: yield}
	handle := cgo.NewHandle(run)
	defer handle.Delete()
	var summary C.driftcore_posture_summary
	err := check(C.posture_pods(pods, C.uintptr_t(handle), &summary))
	if run.panicked != nil {
		panic(run.panicked)
	}
	return PostureSummary{Pods: uint64(summary.pods), Others: uint64(summary.others)}, err
}

// PostureContainer is the posture of a container of this node, running or stopped, by its id, its name or a
// prefix of its id: by what its runtime was told.
func PostureContainer(container string, options ...Option) (Posture, error) {
	name, err := cstring("the name of a container", container)
	if err != nil {
		return Posture{}, err
	}
	defer C.free(unsafe.Pointer(name))
	var found Posture
	run := &postureRun{yield: func(posture Posture) bool {
		found = posture
		return true
	}}
	handle := cgo.NewHandle(run)
	defer handle.Delete()
	err = withOptions(options, func(options *C.driftcore_options) error {
		return check(C.bridge_posture_container(name, options, C.uintptr_t(handle)))
	})
	return found, err
}

// postureRun is a reading that runs. C has the number of its handle, never a Go pointer.
type postureRun struct {
	yield    func(Posture) bool
	panicked *PanicError
}

// hand hands over, and says whether that is the end. A panic does not reach C.
func (r *postureRun) hand(posture *C.driftcore_posture) (end C.uint32_t) {
	end = 1
	defer func() {
		if value := recover(); value != nil {
			r.panicked = &PanicError{Value: value, Stack: debug.Stack()}
		}
	}()
	goesOn := r.yield(Posture{
		Pod:        text(posture.pod),
		Namespace:  text(posture.pod_namespace),
		Node:       text(posture.node),
		Level:      Level(posture.level),
		Containers: uint64(posture.containers),
		Failures:   uint64(posture.failures),
		JSON:       text(posture.json),
	})
	if goesOn {
		return 0
	}
	return 1
}
