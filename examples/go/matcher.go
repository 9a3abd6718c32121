package driftcore

// #include "bridge.h"
//
// static outcome matcher_new(const driftcore_rules *rules, driftcore_matcher **matcher) {
//     OUTCOME(driftcore_matcher_new, rules, matcher);
// }
// static outcome matcher_set_rules(driftcore_matcher *matcher, const driftcore_rules *rules) {
//     OUTCOME(driftcore_matcher_set_rules, matcher, rules);
// }
// static outcome match(uintptr_t matcher, uintptr_t event, size_t *rules, size_t capacity) {
//     outcome result = {NULL, 0, DRIFTCORE_STATUS_OK};
//     result.status = driftcore_matcher_match((driftcore_matcher *)matcher,
//                                             (const driftcore_flat_event *)event, rules, capacity,
//                                             &result.found, &result.error);
//     return result;
// }
// static outcome match_batch(driftcore_matcher *matcher, driftcore_flat_event **events, size_t count,
//                            driftcore_match *matches, size_t capacity) {
//     outcome result = {NULL, 0, DRIFTCORE_STATUS_OK};
//     result.status = driftcore_matcher_match_batch(
//         matcher, (const driftcore_flat_event *const *)events, count, matches, capacity,
//         &result.found, &result.error);
//     return result;
// }
import "C"

import (
	"sync"
	"unsafe"
)

// A Matcher matches rules against events of the caller's own. Make one for each goroutine that
// matches: a call while another goes on is refused with [ErrBusy]. Close must be called.
type Matcher struct {
	object *owned[C.driftcore_matcher]
	mu     sync.Mutex
	idle   []*sink // for handlers of alerts, to be used again
}

// A Match is a rule that matched an event of a batch.
type Match struct {
	Event int // index in the batch
	Rule  int // index in [Rules.List]
}

// NewMatcher makes a matcher of rules, which it shares: close yours whenever you like.
func NewMatcher(rules *Rules) (*Matcher, error) {
	shared := rules.object.enter()
	if shared == nil {
		return nil, ErrClosed
	}
	defer rules.object.leave()
	var object *C.driftcore_matcher
	if err := check(C.matcher_new(shared, &object)); err != nil {
		return nil, err
	}
	m := new(Matcher)
	m.object = own(object, m.free)
	return m, nil
}

// SetRules matches other rules from now on.
func (m *Matcher) SetRules(rules *Rules) error {
	object := m.object.enter()
	if object == nil {
		return ErrClosed
	}
	defer m.object.leave()
	shared := rules.object.enter()
	if shared == nil {
		return ErrClosed
	}
	defer rules.object.leave()
	return check(C.matcher_set_rules(object, shared))
}

// Match appends to into the indexes in [Rules.List] of the rules that match an event, in the order
// of their definition. It allocates only where into has too little room.
func (m *Matcher) Match(event *FlatEvent, into []int) ([]int, error) {
	flat, err := event.ready()
	if err != nil {
		return into, err
	}
	object := m.object.enter()
	if object == nil {
		return into, ErrClosed
	}
	defer m.object.leave()
	for {
		// A C size_t is what an int is, and they are counts: C writes where Go reads.
		room := into[len(into):cap(into)]
		var first *C.size_t
		if len(room) > 0 {
			first = (*C.size_t)(unsafe.Pointer(&room[0]))
		}
		outcome := C.match(ref(object), ref(flat), first, C.size_t(len(room)))
		if outcome.status != C.DRIFTCORE_STATUS_OK {
			return into, check(outcome)
		}
		if found := int(outcome.found); found <= len(room) {
			return into[:len(into)+found], nil
		}
		into = grow(into, int(outcome.found))
	}
}

// MatchBatch appends to into what matches, event by event. It allocates the list of events, and
// more where into has too little room.
func (m *Matcher) MatchBatch(events []*FlatEvent, into []Match) ([]Match, error) {
	if len(events) == 0 {
		return into, nil
	}
	flats := make([]*C.driftcore_flat_event, len(events))
	for index, event := range events {
		flat, err := event.ready()
		if err != nil {
			return into, err
		}
		flats[index] = flat
	}
	object := m.object.enter()
	if object == nil {
		return into, ErrClosed
	}
	defer m.object.leave()
	for {
		// A Match is what a driftcore_match is, which never grows.
		room := into[len(into):cap(into)]
		var first *C.driftcore_match
		if len(room) > 0 {
			first = (*C.driftcore_match)(unsafe.Pointer(&room[0]))
		}
		outcome := C.match_batch(object, &flats[0], C.size_t(len(flats)), first, C.size_t(len(room)))
		if outcome.status != C.DRIFTCORE_STATUS_OK {
			return into, check(outcome)
		}
		if found := int(outcome.found); found <= len(room) {
			return into[:len(into)+found], nil
		}
		into = grow(into, int(outcome.found))
	}
}

// The layouts that Match and MatchBatch rely on.
var (
	_ [unsafe.Sizeof(C.size_t(0))]byte         = [unsafe.Sizeof(int(0))]byte{}
	_ [unsafe.Sizeof(C.driftcore_match{})]byte = [unsafe.Sizeof(Match{})]byte{}
)

// Alerts matches one event and calls handle for each rule that matches, before it returns. The time
// is the event's evt.rawtime, or now. What holds for [Handlers] holds for handle, which may use and
// close the matcher and the event.
func (m *Matcher) Alerts(event *FlatEvent, handle func(*Alert)) error {
	flat, err := event.ready()
	if err != nil {
		return err
	}
	return m.alerts(handle, func(object *C.driftcore_matcher, context C.uintptr_t) C.outcome {
		return C.bridge_alerts(ref(object), ref(flat), context)
	})
}

// EventAlerts is Alerts for an event of [ParseEvent], or of an engine within its handler.
func (m *Matcher) EventAlerts(event *Event, handle func(*Alert)) error {
	drift := event.object
	if drift == nil || event.closed {
		return ErrClosed
	}
	defer event.lend()()
	return m.alerts(handle, func(object *C.driftcore_matcher, context C.uintptr_t) C.outcome {
		return C.bridge_event_alerts(ref(object), ref(drift), context)
	})
}

func (m *Matcher) alerts(
	handle func(*Alert), match func(*C.driftcore_matcher, C.uintptr_t) C.outcome,
) error {
	object := m.object.enter()
	if object == nil {
		return ErrClosed
	}
	defer m.object.leave()
	s := m.sink()
	s.Alert = handle
	err := check(match(object, s.context()))
	panicked := s.panicked
	m.putBack(s)
	if panicked != nil {
		panic(panicked)
	}
	return err
}

// sink is one that nobody uses: making a handle costs more than a match.
func (m *Matcher) sink() *sink {
	m.mu.Lock()
	defer m.mu.Unlock()
	if last := len(m.idle) - 1; last >= 0 {
		s := m.idle[last]
		m.idle = m.idle[:last]
		return s
	}
	return newSink(Handlers{})
}

func (m *Matcher) putBack(s *sink) {
	s.Alert, s.panicked = nil, nil
	s.muted.Store(false)
	m.mu.Lock()
	m.idle = append(m.idle, s)
	m.mu.Unlock()
}

// Close frees the matcher, when nobody uses it any more. It may be called by any goroutine, in
// handlers too, and more than once; it returns nil.
func (m *Matcher) Close() error {
	m.object.close(nil)
	return nil
}

func (m *Matcher) free(object *C.driftcore_matcher) {
	C.driftcore_matcher_free(&object)
	for _, s := range m.idle {
		s.handle.Delete()
	}
}

// ref is an object as a number: cgo allocates to check a pointer to what it does not know.
func ref[T any](object *T) C.uintptr_t { return C.uintptr_t(uintptr(unsafe.Pointer(object))) }

// grow makes room for so many more.
func grow[T any](list []T, more int) []T {
	grown := make([]T, len(list), len(list)+more)
	copy(grown, list)
	return grown
}
