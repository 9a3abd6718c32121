package driftcore

// #include "bridge.h"
//
// static outcome engine_poll(driftcore_engine *engine) {
//     OUTCOME(driftcore_engine_poll, engine, -1);
// }
// static outcome engine_finish(driftcore_engine *engine) {
//     OUTCOME(driftcore_engine_finish, engine);
// }
// static outcome engine_set_rules(driftcore_engine *engine, const driftcore_rules *rules) {
//     OUTCOME(driftcore_engine_set_rules, engine, rules);
// }
// static outcome engine_set_approved(driftcore_engine *engine, const driftcore_options *options) {
//     OUTCOME(driftcore_engine_set_approved, engine, options);
// }
// static outcome engine_set_normality(driftcore_engine *engine, const driftcore_options *options) {
//     OUTCOME(driftcore_engine_set_normality, engine, options);
// }
// static outcome engine_counters(const driftcore_engine *engine, driftcore_counters *counters) {
//     counters->size = sizeof *counters;
//     OUTCOME(driftcore_engine_counters, engine, counters);
// }
import "C"

import (
	"context"
	"sync"
	"sync/atomic"
)

// An Engine is a running drift detector. Any goroutine may use it, and Close must be called.
type Engine struct {
	object *owned[C.driftcore_engine]
	sink   *sink
	freed  chan struct{}
	began  atomic.Bool
}

// Counters count since the engine was made.
type Counters struct {
	Execs         uint64 // in containers, seen live
	FoundRunning  uint64 // running processes of containers that were found
	Drift         uint64 // events that were drift
	Alerts        uint64
	Proofs        uint64 // content proofs that were begun
	ProofsCached  uint64 // verdicts from the cache of proofs
	ProofsRefused uint64 // proofs not begun because too many were waiting: their verdict is unknown
	Files         uint64 // operations on files that were seen
	Sockets       uint64 // operations on sockets
	Calls         uint64 // other system calls
	Lost          Lost

	// Times that a package database was not compared, or not in full.
	PackagesRefused uint64

	// Times that a container's configuration was not compared.
	ConfigurationsRefused uint64
}

// Lost counts what was lost.
type Lost struct {
	All            uint64 // whatever the reason
	ExecRing       uint64 // the exec ring was full; what still runs is found, and Recovered
	LifeRing       uint64 // forks and exits that made room for execs
	TaskTable      uint64 // the kernel's table of container processes was full
	ContainerTable uint64 // the kernel's table of containers was full
	Recursion      uint64 // a probe was already running on that processor
	Malformed      uint64 // bytes that are no record
	Suppressed     uint64 // what the budgets of containers kept back
	BulkRing       uint64 // the ring of files, sockets and other calls was full
	Scratch        uint64 // a probe found another one at work on its memory
}

// New loads and attaches the sensor, proves that it sees, and takes in the containers that run:
// processes that run drifted code already are reported before it returns. Rules may be nil: no
// alerts. They are shared: close yours whenever you like.
//
// It fails with [ErrPermission] when a capability is missing, [ErrUnsupported] for the kernel,
// [ErrBlind] when the self-test fails.
func New(rules *Rules, handlers Handlers, options ...Option) (*Engine, error) {
	var shared *C.driftcore_rules
	if rules != nil {
		if shared = rules.object.enter(); shared == nil {
			return nil, ErrClosed
		}
		defer rules.object.leave()
	}
	e := &Engine{sink: newSink(handlers), freed: make(chan struct{})}
	err := withOptions(options, func(options *C.driftcore_options) error {
		var object *C.driftcore_engine
		err := check(C.bridge_engine_new(options, shared, e.sink.context(),
			flag(handlers.Event != nil), flag(handlers.Alert != nil), &object))
		if err == nil {
			e.object = own(object, e.free)
			e.sink.stop = func() { C.driftcore_engine_stop(object) }
		}
		return err
	})
	if err != nil {
		e.sink.handle.Delete()
	} else if e.sink.panicked != nil {
		e.Close()
	}
	e.sink.rethrow()
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Run reports to the handlers until ctx is done, and then what is still under way, which takes no
// more than three seconds; it returns ctx.Err(). When the engine is closed it returns [ErrClosed].
// An engine runs once: a second Run returns [ErrBusy] while the first goes on, [ErrClosed] after it.
//
// It blocks a thread of the operating system, and needs no particular one: the library keeps nothing
// by thread, and within one call of C a goroutine keeps its thread by itself. So nothing is locked
// to a thread here.
func (e *Engine) Run(ctx context.Context) error {
	object := e.object.enter()
	if object == nil {
		return ErrClosed
	}
	defer e.object.leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	if !e.began.CompareAndSwap(false, true) {
		if e.sink.muted.Load() {
			return ErrClosed
		}
		return ErrBusy
	}
	err := e.poll(ctx, object)
	if err == nil && !e.sink.muted.Load() {
		err = check(C.engine_finish(object))
	}
	e.sink.muted.Store(true)
	e.sink.rethrow()
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return ErrClosed
}

// poll polls until ctx is done or the engine closed.
func (e *Engine) poll(ctx context.Context, object *C.driftcore_engine) error {
	polled := make(chan struct{})
	var watch sync.WaitGroup
	watch.Add(1)
	go func() {
		defer watch.Done()
		select {
		case <-ctx.Done():
			C.driftcore_engine_stop(object)
		case <-polled:
		}
	}()
	// The object is there until the watch has ended.
	defer watch.Wait()
	defer close(polled)
	for ctx.Err() == nil && !e.sink.muted.Load() {
		if err := check(C.engine_poll(object)); err != nil {
			return err
		}
	}
	return nil
}

// SetRules matches other rules from the next event on, without losing one. They are shared: close
// yours whenever you like.
func (e *Engine) SetRules(rules *Rules) error {
	object := e.object.enter()
	if object == nil {
		return ErrClosed
	}
	defer e.object.leave()
	shared := rules.object.enter()
	if shared == nil {
		return ErrClosed
	}
	defer rules.object.leave()
	return check(C.engine_set_rules(object, shared))
}

// SetApproved reads the files that [Approved] options name, and verifies all containers by them from now on: each is
// reported where the answer is another one than before. It fails with [ErrUnsupported] on an engine
// that was made without any.
func (e *Engine) SetApproved(options ...Option) error {
	object := e.object.enter()
	if object == nil {
		return ErrClosed
	}
	defer e.object.leave()
	return withOptions(options, func(options *C.driftcore_options) error {
		return check(C.engine_set_approved(object, options))
	})
}

// SetNormality reads the files that [Baseline] and [Exceptions] options name, and takes what they, [Grace] and
// [GraceOfLabel] say for normal from the next event on, without losing one, and nothing else any more. What is bad
// leaves what was normal as it was. Exceptions are counted anew: ask [Engine.Exceptions] before.
//
// Most of it takes digests of drifted code: an engine that was made without baselines and exceptions has them only
// with the option proof.digests.
func (e *Engine) SetNormality(options ...Option) error {
	object := e.object.enter()
	if object == nil {
		return ErrClosed
	}
	defer e.object.leave()
	made := C.driftcore_options_new()
	defer C.driftcore_options_free(&made)
	for _, option := range options {
		if err := set(made, option); err != nil {
			return err
		}
	}
	return check(C.engine_set_normality(object, made))
}

// Exceptions are those that the engine has, each with how often it was used.
func (e *Engine) Exceptions() ([]Exception, error) {
	object := e.object.enter()
	if object == nil {
		return nil, ErrClosed
	}
	defer e.object.leave()
	return exceptionsOf(func(context C.uintptr_t) error {
		return check(C.bridge_engine_exceptions(object, context))
	})
}

// Counters says what the engine did so far.
func (e *Engine) Counters() (Counters, error) {
	object := e.object.enter()
	if object == nil {
		return Counters{}, ErrClosed
	}
	defer e.object.leave()
	var record C.driftcore_counters
	if err := check(C.engine_counters(object, &record)); err != nil {
		return Counters{}, err
	}
	return Counters{
		Execs:         uint64(record.execs),
		FoundRunning:  uint64(record.found_running),
		Drift:         uint64(record.drift),
		Alerts:        uint64(record.alerts),
		Proofs:        uint64(record.proofs),
		ProofsCached:  uint64(record.proofs_cached),
		ProofsRefused: uint64(record.proofs_refused),
		Files:         uint64(record.files),
		Sockets:       uint64(record.sockets),
		Calls:         uint64(record.calls),
		Lost: Lost{
			All:            uint64(record.lost),
			ExecRing:       uint64(record.lost_exec_ring),
			LifeRing:       uint64(record.lost_life_ring),
			TaskTable:      uint64(record.lost_task_table),
			ContainerTable: uint64(record.lost_container_table),
			Recursion:      uint64(record.lost_recursion),
			Malformed:      uint64(record.lost_malformed),
			Suppressed:     uint64(record.suppressed),
			BulkRing:       uint64(record.lost_bulk_ring),
			Scratch:        uint64(record.lost_scratch),
		},
		PackagesRefused: uint64(record.packages_refused),

		ConfigurationsRefused: uint64(record.configurations_refused),
	}, nil
}

// Close stops and detaches everything and frees the engine. It waits until Run has returned: no
// handler runs afterwards. In a handler it returns at once: that handler is the last one, and
// everything ends when Run does. (A handler that waits for another goroutine's Close waits for
// itself.) It may be called more than once, by any goroutine; it returns nil.
func (e *Engine) Close() error {
	e.sink.muted.Store(true)
	// Not waiting is safe only for the thread that the callback came on, which the goroutine that
	// handles it keeps meanwhile.
	within := C.bridge_in_callback(e.sink.context()) != 0
	e.object.close(func(object *C.driftcore_engine) { C.driftcore_engine_stop(object) })
	if !within {
		<-e.freed
	}
	return nil
}

func (e *Engine) free(object *C.driftcore_engine) {
	C.driftcore_engine_destroy(&object)
	e.sink.handle.Delete()
	close(e.freed)
}

func flag(value bool) C.int {
	if value {
		return 1
	}
	return 0
}
