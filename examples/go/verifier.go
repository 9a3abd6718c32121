package driftcore

// #include <stdlib.h>
// #include "bridge.h"
//
// static outcome verifier_new(const driftcore_options *options, driftcore_verifier **verifier) {
//     OUTCOME(driftcore_verifier_new, options, verifier);
// }
// static outcome verifier_add(driftcore_verifier *verifier, const char *name, _GoString_ text) {
//     OUTCOME(driftcore_verifier_add, verifier, name, _GoStringPtr(text), _GoStringLen(text));
// }
// static outcome verifier_pods(const driftcore_verifier *verifier, _GoString_ json,
//                              uintptr_t context, driftcore_verify_summary *summary) {
//     return bridge_verifier_pods(verifier, _GoStringPtr(json), _GoStringLen(json), context, summary);
// }
import "C"

import (
	"runtime/cgo"
	"runtime/debug"
	"sync"
	"unsafe"
)

// A Verifier says whether the images that run were approved. Any goroutine may use it; Add waits for the others. Close
// must be called.
type Verifier struct {
	object *owned[C.driftcore_verifier]
	mu     sync.RWMutex
}

// A Verified is what was found of a container. It is plain data.
type Verified struct {
	Container string // its name, or its id where it has none
	Role      string // what it is to its pod: main, init, sidecar, ephemeral
	Pod       string // empty of a container in none
	Namespace string
	Node      string
	Image     string // as it was asked for, or as the runtime names it
	Running   string // the digest that runs; empty where none is known
	Approval  Approval
	Reason    string     // for people
	Layers    LayerProof // with [Deep]
	JSON      string     // all of it; docs/verify.md says what is in it
}

// A VerifySummary counts the containers that were handed over.
type VerifySummary struct {
	Containers uint64
	Approved   uint64
	Mismatch   uint64
	MutableTag uint64
	Unapproved uint64
	CannotTell uint64

	LayersProved     uint64
	LayersDiffer     uint64
	LayersCannotTell uint64

	Pods   uint64 // that were read; 0 where yield wanted no more
	Others uint64 // objects that are no pods; 0 where yield wanted no more
}

// NewVerifier makes a verifier of what the files of [Approved] options approve: of nothing so far without one.
func NewVerifier(options ...Option) (*Verifier, error) {
	var object *C.driftcore_verifier
	err := withOptions(options, func(options *C.driftcore_options) error {
		return check(C.verifier_new(options, &object))
	})
	if err != nil {
		return nil, err
	}
	free := func(object *C.driftcore_verifier) { C.driftcore_verifier_free(&object) }
	return &Verifier{object: own(object, free)}, nil
}

// Add approves, besides, what a text approves: Kubernetes manifests in YAML or JSON, or a list of image references, a
// line each. The name is for messages and reasons. An error of [ErrWrongType] has line and column, and nothing was
// added then. Not to be called by a yield of the same verifier.
func (v *Verifier) Add(name, manifests string) error {
	object := v.object.enter()
	if object == nil {
		return ErrClosed
	}
	defer v.object.leave()
	place, err := cstring("the name of a text", name)
	if err != nil {
		return err
	}
	defer C.free(unsafe.Pointer(place))
	v.mu.Lock()
	defer v.mu.Unlock()
	return check(C.verifier_add(object, place, manifests))
}

// Pods reads pods as `kubectl get pods -o json` prints them, and hands over each of their containers until yield
// returns false. Yield runs in the calling goroutine; what comes before an error was handed over. An error of
// [ErrWrongType] has line and column.
func (v *Verifier) Pods(pods string, yield func(Verified) bool) (VerifySummary, error) {
	return v.run(yield, func(object *C.driftcore_verifier, context C.uintptr_t, summary *C.driftcore_verify_summary) error {
		return check(C.verifier_pods(object, pods, context, summary))
	})
}

// Containers hands over each container that runs on this node, by what its runtime's files say which image it is, until
// yield returns false. With [Deep], the layers on disk are read and held against the image. It needs the rights that an
// engine needs, and fails as [New] does.
func (v *Verifier) Containers(yield func(Verified) bool, options ...Option) (VerifySummary, error) {
	return v.run(yield, func(object *C.driftcore_verifier, context C.uintptr_t, summary *C.driftcore_verify_summary) error {
		return withOptions(options, func(options *C.driftcore_options) error {
			return check(C.bridge_verifier_containers(object, options, context, summary))
		})
	})
}

func (v *Verifier) run(
	yield func(Verified) bool,
	verify func(*C.driftcore_verifier, C.uintptr_t, *C.driftcore_verify_summary) error,
) (VerifySummary, error) {
	object := v.object.enter()
	if object == nil {
		return VerifySummary{}, ErrClosed
	}
	defer v.object.leave()
	v.mu.RLock()
	defer v.mu.RUnlock()
	run := &verifyRun{yield: yield}
	handle := cgo.NewHandle(run)
	defer handle.Delete()
	var summary C.driftcore_verify_summary
	err := verify(object, C.uintptr_t(handle), &summary)
	if run.panicked != nil {
		panic(run.panicked)
	}
	return VerifySummary{
		Containers:       uint64(summary.containers),
		Approved:         uint64(summary.approved),
		Mismatch:         uint64(summary.mismatch),
		MutableTag:       uint64(summary.mutable_tag),
		Unapproved:       uint64(summary.unapproved),
		CannotTell:       uint64(summary.cannot_tell),
		LayersProved:     uint64(summary.layers_proved),
		LayersDiffer:     uint64(summary.layers_differ),
		LayersCannotTell: uint64(summary.layers_cannot_tell),
		Pods:             uint64(summary.pods),
		Others:           uint64(summary.others),
	}, err
}

// Close frees it, when nobody uses it any more. It may be called by any goroutine, and more than once; it returns nil.
func (v *Verifier) Close() error {
	v.object.close(nil)
	return nil
}

// verifyRun is a verification that runs. C has the number of its handle, never a Go pointer.
type verifyRun struct {
	yield    func(Verified) bool
	panicked *PanicError
}

// hand hands over, and says whether that is the end. A panic does not reach C.
func (r *verifyRun) hand(verified *C.driftcore_verified) (end C.uint32_t) {
	end = 1
	defer func() {
		if value := recover(); value != nil {
			r.panicked = &PanicError{Value: value, Stack: debug.Stack()}
		}
	}()
	goesOn := r.yield(Verified{
		Container: text(verified.container),
		Role:      text(verified.role),
		Pod:       text(verified.pod),
		Namespace: text(verified.pod_namespace),
		Node:      text(verified.node),
		Image:     text(verified.image),
		Running:   text(verified.running),
		Approval:  Approval(verified.approval),
		Reason:    text(verified.reason),
		Layers:    LayerProof(verified.layers),
		JSON:      text(verified.json),
	})
	if goesOn {
		return 0
	}
	return 1
}
