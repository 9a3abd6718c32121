package driftcore

// #include <stdlib.h>
// #include "bridge.h"
//
// static outcome behaviour_new(const char *container, const driftcore_options *options,
//                              driftcore_behaviour **behaviour) {
//     OUTCOME(driftcore_behaviour_new, container, options, behaviour);
// }
// static outcome behaviour_add(driftcore_behaviour *behaviour, uintptr_t event) {
//     OUTCOME(driftcore_behaviour_add, behaviour, (const driftcore_event *)event);
// }
// static outcome behaviour_suggest(driftcore_behaviour *behaviour, driftcore_text *yaml,
//                                  driftcore_text *json) {
//     OUTCOME(driftcore_behaviour_suggest, behaviour, yaml, json);
// }
import "C"

import (
	"sync"
	"unsafe"
)

// A Behaviour is what a container did, as far as it bears on how it could be confined. Any goroutine may
// use it; calls wait for each other. Close must be called.
type Behaviour struct {
	object *owned[C.driftcore_behaviour]
	mu     sync.Mutex
}

// A Suggestion is a security context that would have allowed what a container did. It is plain data.
type Suggestion struct {
	YAML string // for a container of a pod, with a comment why at each line
	JSON string // the same, as docs/posture.md says
}

// NewBehaviour makes a behaviour of a container of this node, running or stopped, by its id, its name or a
// prefix of its id; of the empty name, of whatever container events are given of.
func NewBehaviour(container string, options ...Option) (*Behaviour, error) {
	var name *C.char
	if container != "" {
		var err error
		if name, err = cstring("the name of a container", container); err != nil {
			return nil, err
		}
		defer C.free(unsafe.Pointer(name))
	}
	var object *C.driftcore_behaviour
	err := withOptions(options, func(options *C.driftcore_options) error {
		return check(C.behaviour_new(name, options, &object))
	})
	if err != nil {
		return nil, err
	}
	free := func(object *C.driftcore_behaviour) { C.driftcore_behaviour_free(&object) }
	return &Behaviour{object: own(object, free)}, nil
}

// Add takes an event in: that of a handler, or one of [ParseEvent]. One of another container is passed
// over.
func (b *Behaviour) Add(event *Event) error {
	return b.use(func(object *C.driftcore_behaviour) error {
		return check(C.behaviour_add(object, ref(event.here())))
	})
}

// Suggest is what would have allowed what was taken in, and, of a container of this node, what is in its
// upper layer by now: that is read at each call.
func (b *Behaviour) Suggest() (Suggestion, error) {
	var found Suggestion
	err := b.use(func(object *C.driftcore_behaviour) error {
		var yaml, json C.driftcore_text
		if err := check(C.behaviour_suggest(object, &yaml, &json)); err != nil {
			return err
		}
		found = Suggestion{YAML: text(yaml), JSON: text(json)}
		return nil
	})
	return found, err
}

// Close frees it, when nobody uses it any more. It may be called by any goroutine, and more than once; it
// returns nil.
func (b *Behaviour) Close() error {
	b.object.close(nil)
	return nil
}

func (b *Behaviour) use(do func(*C.driftcore_behaviour) error) error {
	object := b.object.enter()
	if object == nil {
		return ErrClosed
	}
	defer b.object.leave()
	b.mu.Lock()
	defer b.mu.Unlock()
	return do(object)
}
