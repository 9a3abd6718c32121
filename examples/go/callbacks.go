package driftcore

// #include <driftcore.h>
import "C"

import (
	"runtime/cgo"
	"runtime/debug"
	"sync/atomic"
)

// Handlers are what an engine reports to; nil where that is not wanted. They run one at a time, in
// the goroutine that runs the engine: while one works nothing else is read, so hand over and return.
// Where an alert's event is drift, it came just before.
//
// They may call the engine's methods, Close too. A handler that panics ends the engine, and the
// panic goes on in the caller of [Engine.Run], as a [PanicError]. A handler must not call
// [runtime.Goexit], which testing.T.FailNow does: it would not return to the library.
type Handlers struct {
	Event func(*Event) // drift, or with [AllEvents] all events
	Alert func(*Alert)
}

// sink is where the library calls back. C has the number of its handle, never a Go pointer.
type sink struct {
	Handlers
	handle   cgo.Handle
	muted    atomic.Bool // nothing is handed over any more
	panicked *PanicError
	stop     func() // tells the engine to stop
}

func newSink(handlers Handlers) *sink {
	s := &sink{Handlers: handlers}
	s.handle = cgo.NewHandle(s)
	return s
}

func (s *sink) context() C.uintptr_t { return C.uintptr_t(s.handle) }

// catch keeps a panic of a handler from C's stack frames, deferred.
func (s *sink) catch() {
	if value := recover(); value != nil {
		s.panicked = &PanicError{Value: value, Stack: debug.Stack()}
		s.muted.Store(true)
		if s.stop != nil {
			s.stop()
		}
	}
}

// rethrow lets a panic of a handler go on, on this side of C.
func (s *sink) rethrow() {
	if panicked := s.panicked; panicked != nil {
		s.panicked = nil
		panic(panicked)
	}
}

//export driftcoreGoEvent
func driftcoreGoEvent(context C.uintptr_t, object *C.driftcore_event, info *C.driftcore_event_info) {
	s := cgo.Handle(context).Value().(*sink)
	if s.muted.Load() {
		return
	}
	event := newEvent(object, *info)
	defer func() { event.object = nil }()
	defer s.catch()
	s.Event(event)
}

//export driftcoreGoAlert
func driftcoreGoAlert(context C.uintptr_t, object *C.driftcore_alert, info *C.driftcore_alert_info) {
	s := cgo.Handle(context).Value().(*sink)
	if s.muted.Load() {
		return
	}
	alert := newAlert(object, *info)
	defer alert.gone()
	defer s.catch()
	s.Alert(alert)
}

//export driftcoreGoEntry
func driftcoreGoEntry(context C.uintptr_t, object *C.driftcore_entry, info *C.driftcore_entry_info) C.uint32_t {
	run := cgo.Handle(context).Value().(*scanRun)
	return run.hand(func() Entry { return newEntry(object, info) }, nil)
}

//export driftcoreGoProblem
func driftcoreGoProblem(context C.uintptr_t, problem *C.driftcore_problem) C.uint32_t {
	run := cgo.Handle(context).Value().(*scanRun)
	return run.hand(func() Entry { return Entry{} }, &Problem{
		Path:     text(problem.path),
		Reason:   text(problem.reason),
		Vanished: problem.vanished != 0,
	})
}

//export driftcoreGoPackage
func driftcoreGoPackage(context C.uintptr_t, changed *C.driftcore_changed_package) C.uint32_t {
	run := cgo.Handle(context).Value().(*scanRun)
	run.packages = append(run.packages, newPackageChange(changed))
	return driftcoreGoProgress(context)
}

//export driftcoreGoDatabase
func driftcoreGoDatabase(context C.uintptr_t, database *C.driftcore_package_database) C.uint32_t {
	run := cgo.Handle(context).Value().(*scanRun)
	run.databases = append(run.databases, newPackageDatabase(database))
	return driftcoreGoProgress(context)
}

//export driftcoreGoProgress
func driftcoreGoProgress(context C.uintptr_t) C.uint32_t {
	if cgo.Handle(context).Value().(*scanRun).ctx.Err() != nil {
		return 1
	}
	return 0
}

//export driftcoreGoPosture
func driftcoreGoPosture(context C.uintptr_t, posture *C.driftcore_posture) C.uint32_t {
	return cgo.Handle(context).Value().(*postureRun).hand(posture)
}

//export driftcoreGoVerified
func driftcoreGoVerified(context C.uintptr_t, verified *C.driftcore_verified) C.uint32_t {
	return cgo.Handle(context).Value().(*verifyRun).hand(verified)
}

//export driftcoreGoException
func driftcoreGoException(context C.uintptr_t, exception *C.driftcore_exception) {
	list := cgo.Handle(context).Value().(*[]Exception)
	*list = append(*list, newException(exception))
}
