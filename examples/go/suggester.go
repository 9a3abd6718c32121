package driftcore

// #include "bridge.h"
//
// static outcome suggester_new(const driftcore_options *options, driftcore_suggester **suggester) {
//     OUTCOME(driftcore_suggester_new, options, suggester);
// }
// static outcome suggester_see(driftcore_suggester *suggester, uintptr_t event) {
//     OUTCOME(driftcore_suggester_see, suggester, (const driftcore_event *)event);
// }
// static outcome suggester_suggest(driftcore_suggester *suggester, driftcore_text *yaml,
//                                  driftcore_text *json) {
//     OUTCOME(driftcore_suggester_suggest, suggester, yaml, json);
// }
import "C"

import "sync"

// A Suggester suggests the fewest exceptions that would have silenced what departed among events. Any goroutine may
// use it; calls wait for each other. Close must be called.
type Suggester struct {
	object *owned[C.driftcore_suggester]
	mu     sync.Mutex
}

// SuggestedExceptions would have silenced what departed. They are plain data.
type SuggestedExceptions struct {
	YAML string // a document that lacks reasons alone, with comments what each silences
	JSON string // the same, as docs/baselines.md says
}

// NewSuggester makes a suggester that has seen nothing; what departs is what a judge says that is made with the same
// options.
func NewSuggester(options ...Option) (*Suggester, error) {
	var object *C.driftcore_suggester
	err := withOptions(options, func(options *C.driftcore_options) error {
		return check(C.suggester_new(options, &object))
	})
	if err != nil {
		return nil, err
	}
	free := func(object *C.driftcore_suggester) { C.driftcore_suggester_free(&object) }
	return &Suggester{object: own(object, free)}, nil
}

// See takes an event in, that of a handler or one of [ParseEvent]: one that departs is to be silenced, of the others it
// is said how many an exception would silence besides.
func (s *Suggester) See(event *Event) error {
	return s.use(func(object *C.driftcore_suggester) error {
		return check(C.suggester_see(object, ref(event.here())))
	})
}

// Suggest is what would have silenced what departed so far.
func (s *Suggester) Suggest() (SuggestedExceptions, error) {
	var found SuggestedExceptions
	err := s.use(func(object *C.driftcore_suggester) error {
		var yaml, json C.driftcore_text
		if err := check(C.suggester_suggest(object, &yaml, &json)); err != nil {
			return err
		}
		found = SuggestedExceptions{YAML: text(yaml), JSON: text(json)}
		return nil
	})
	return found, err
}

// Close frees it, when nobody uses it any more. It may be called by any goroutine, and more than once; it returns nil.
func (s *Suggester) Close() error {
	s.object.close(nil)
	return nil
}

func (s *Suggester) use(do func(*C.driftcore_suggester) error) error {
	object := s.object.enter()
	if object == nil {
		return ErrClosed
	}
	defer s.object.leave()
	s.mu.Lock()
	defer s.mu.Unlock()
	return do(object)
}
