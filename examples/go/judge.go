package driftcore

// #include "bridge.h"
//
// static outcome judge_new(const driftcore_options *options, driftcore_judge **judge) {
//     OUTCOME(driftcore_judge_new, options, judge);
// }
// static outcome judge_event(driftcore_judge *judge, uintptr_t event, uint32_t *answer,
//                            driftcore_text *what) {
//     OUTCOME(driftcore_judge_event, judge, (const driftcore_event *)event, answer, what);
// }
// static outcome judge_summary(driftcore_judge *judge, driftcore_text *json) {
//     OUTCOME(driftcore_judge_summary, judge, json);
// }
import "C"

import (
	"runtime/cgo"
	"sync"
	"time"
)

// A Judge says of events what they would come to with baselines and exceptions, without an engine: a dry run on what
// was recorded. Any goroutine may use it; calls wait for each other. Close must be called.
type Judge struct {
	object *owned[C.driftcore_judge]
	mu     sync.Mutex
}

// An Exception is one that was approved, and how often it was used. It is plain data.
type Exception struct {
	Reason      string
	Author      string    // empty where that is not said
	Expires     time.Time // zero: it does not
	Taken       uint64    // events that it took
	AfterExpiry uint64    // those that it would have taken, had it not expired
	YAML        string    // as it stands in a document of exceptions, indented
}

// NewJudge makes a judge of what [Baseline] and [Exceptions] options name. Without a baseline, what departs is what is
// drift by the event itself. Time of grace is not asked for: events do not say enough.
func NewJudge(options ...Option) (*Judge, error) {
	var object *C.driftcore_judge
	err := withOptions(options, func(options *C.driftcore_options) error {
		return check(C.judge_new(options, &object))
	})
	if err != nil {
		return nil, err
	}
	free := func(object *C.driftcore_judge) { C.driftcore_judge_free(&object) }
	return &Judge{object: own(object, free)}, nil
}

// Judge says what an event comes to, and in words what it says that its container did; nothing where baselines say
// nothing of such events. The event is that of a handler, or one of [ParseEvent].
func (j *Judge) Judge(event *Event) (Judged, string, error) {
	var judged Judged
	var what string
	err := j.use(func(object *C.driftcore_judge) error {
		var answer C.uint32_t
		var told C.driftcore_text
		if err := check(C.judge_event(object, ref(event.here()), &answer, &told)); err != nil {
			return err
		}
		judged, what = Judged(answer), text(told)
		return nil
	})
	return judged, what, err
}

// Summary is what all events came to so far, as a JSON object; docs/baselines.md says what is in it.
func (j *Judge) Summary() (string, error) {
	var summary string
	err := j.use(func(object *C.driftcore_judge) error {
		var json C.driftcore_text
		if err := check(C.judge_summary(object, &json)); err != nil {
			return err
		}
		summary = text(json)
		return nil
	})
	return summary, err
}

// Exceptions are those that it has, each with how often it was used.
func (j *Judge) Exceptions() ([]Exception, error) {
	var list []Exception
	err := j.use(func(object *C.driftcore_judge) error {
		var err error
		list, err = exceptionsOf(func(context C.uintptr_t) error {
			return check(C.bridge_judge_exceptions(object, context))
		})
		return err
	})
	return list, err
}

// Close frees it, when nobody uses it any more. It may be called by any goroutine, and more than once; it returns nil.
func (j *Judge) Close() error {
	j.object.close(nil)
	return nil
}

func (j *Judge) use(do func(*C.driftcore_judge) error) error {
	object := j.object.enter()
	if object == nil {
		return ErrClosed
	}
	defer j.object.leave()
	j.mu.Lock()
	defer j.mu.Unlock()
	return do(object)
}

// exceptionsOf collects what a call of C hands over.
func exceptionsOf(call func(C.uintptr_t) error) ([]Exception, error) {
	list := new([]Exception)
	handle := cgo.NewHandle(list)
	defer handle.Delete()
	err := call(C.uintptr_t(handle))
	return *list, err
}

func newException(record *C.driftcore_exception) Exception {
	exception := Exception{
		Reason:      text(record.reason),
		Author:      text(record.author),
		Taken:       uint64(record.taken),
		AfterExpiry: uint64(record.after_expiry),
		YAML:        text(record.yaml),
	}
	if record.expires_ns != 0 {
		exception.Expires = timeOf(record.expires_ns)
	}
	return exception
}
