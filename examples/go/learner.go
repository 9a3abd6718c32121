package driftcore

// #include "bridge.h"
//
// static outcome learner_new(const driftcore_options *options, driftcore_learner **learner) {
//     OUTCOME(driftcore_learner_new, options, learner);
// }
// static outcome learner_learn(driftcore_learner *learner, uintptr_t event) {
//     OUTCOME(driftcore_learner_learn, learner, (const driftcore_event *)event);
// }
// static outcome learner_add(driftcore_learner *learner, _GoString_ yaml) {
//     OUTCOME(driftcore_learner_add, learner, _GoStringPtr(yaml), _GoStringLen(yaml));
// }
// static outcome learner_baseline(driftcore_learner *learner, driftcore_text *yaml,
//                                 driftcore_text *report) {
//     OUTCOME(driftcore_learner_baseline, learner, yaml, report);
// }
// static outcome learner_show(driftcore_learner *learner, driftcore_text *json) {
//     OUTCOME(driftcore_learner_show, learner, json);
// }
import "C"

import "sync"

// A Learner learns from events what containers normally do. Any goroutine may use it; calls wait for each
// other. Close must be called.
type Learner struct {
	object *owned[C.driftcore_learner]
	mu     sync.Mutex
}

// Learned is a baseline that was learned. It is plain data.
type Learned struct {
	YAML   string // the document, which [Baseline] and driftd take
	Report string // what became of the events, as JSON; docs/baselines.md says what is in it
}

// AcceptDrift makes a learner take drift as normal, too: drifted code by its digest.
func AcceptDrift() Option { return Set("baseline.accept", "true") }

// OnlyLabel makes a learner learn from containers with a label alone; the baseline then speaks of all that
// have it, whatever their image.
func OnlyLabel(label, value string) Option { return Set("baseline.select", label+"="+value) }

// NewLearner makes a learner that has seen nothing.
func NewLearner(options ...Option) (*Learner, error) {
	var object *C.driftcore_learner
	err := withOptions(options, func(options *C.driftcore_options) error {
		return check(C.learner_new(options, &object))
	})
	if err != nil {
		return nil, err
	}
	free := func(object *C.driftcore_learner) { C.driftcore_learner_free(&object) }
	return &Learner{object: own(object, free)}, nil
}

// Learn learns from an event: that of a handler (give it all, by [AllEvents]), or one of [ParseEvent]. What
// is drift is refused, and counted, without [AcceptDrift].
func (l *Learner) Learn(event *Event) error {
	return l.use(func(object *C.driftcore_learner) error {
		return check(C.learner_learn(object, ref(event.here())))
	})
}

// Add adds a baseline that was learned elsewhere, or before: its document. The order makes no difference. An
// error of [ErrInvalidArgument] has line and column, and nothing was added then.
func (l *Learner) Add(yaml string) error {
	return l.use(func(object *C.driftcore_learner) error {
		return check(C.learner_add(object, yaml))
	})
}

// Baseline is what was learned and added so far. More may be learned afterwards.
func (l *Learner) Baseline() (Learned, error) {
	var learned Learned
	err := l.use(func(object *C.driftcore_learner) error {
		var yaml, report C.driftcore_text
		if err := check(C.learner_baseline(object, &yaml, &report)); err != nil {
			return err
		}
		learned = Learned{YAML: text(yaml), Report: text(report)}
		return nil
	})
	return learned, err
}

// Show says in numbers what was learned and added so far, as a JSON object; docs/baselines.md says what is in it.
func (l *Learner) Show() (string, error) {
	var shown string
	err := l.use(func(object *C.driftcore_learner) error {
		var json C.driftcore_text
		if err := check(C.learner_show(object, &json)); err != nil {
			return err
		}
		shown = text(json)
		return nil
	})
	return shown, err
}

// Close frees it, when nobody uses it any more. It may be called by any goroutine, and more than once; it
// returns nil.
func (l *Learner) Close() error {
	l.object.close(nil)
	return nil
}

func (l *Learner) use(do func(*C.driftcore_learner) error) error {
	object := l.object.enter()
	if object == nil {
		return ErrClosed
	}
	defer l.object.leave()
	l.mu.Lock()
	defer l.mu.Unlock()
	return do(object)
}
