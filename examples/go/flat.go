package driftcore

// #include <stdlib.h>
// #include "bridge.h"
//
// static outcome field_find(const char *name, driftcore_field **found) {
//     OUTCOME(driftcore_field_find, name, found);
// }
// static outcome flat_new(const char *type, driftcore_flat_event **event) {
//     OUTCOME(driftcore_flat_event_new, type, event);
// }
// static outcome flat_parse(_GoString_ json, driftcore_flat_event **event) {
//     OUTCOME(driftcore_flat_event_parse, _GoStringPtr(json), _GoStringLen(json), event);
// }
// static outcome flat_reset(uintptr_t event, const char *type) {
//     OUTCOME(driftcore_flat_event_reset, (driftcore_flat_event *)event, type);
// }
//
// // What is done to an event. Calling C costs more than any one of these: they are written down in
// // Go and done together.
// enum {
//     RESET, CLEAR, SET_BOOL, SET_TEXT, SET_UNSIGNED, SET_SIGNED, SET_ADDRESS, ADD_TEXT, ADD_UNSIGNED,
//     ADD_SIGNED, ADD_ADDRESS,
// };
// typedef struct step {
//     uintptr_t field;
//     uint64_t value;  // a number; or where its text or address is
//     uint64_t length; // of that
//     uint64_t what;
// } step;
//
// #define DO(name, ...)                                                                            \
//     result.status = driftcore_flat_event_##name(it, field, __VA_ARGS__, &result.error);          \
//     break
//
// // Does the steps up to the first that fails.
// static outcome flat_apply(uintptr_t event, const step *steps, size_t count, const char *bytes) {
//     driftcore_flat_event *it = (driftcore_flat_event *)event;
//     outcome result = {NULL, 0, DRIFTCORE_STATUS_OK};
//     for (const step *each = steps; each < steps + count; each++) {
//         const driftcore_field *field = (const driftcore_field *)each->field;
//         // Only of a text or an address is the value a place.
//         const char *text = each->length ? bytes + each->value : "";
//         const uint8_t *address = (const uint8_t *)text;
//         switch (each->what) {
//         case RESET:
//             result.status = driftcore_flat_event_reset(it, NULL, &result.error);
//             break;
//         case CLEAR:
//             result.status = driftcore_flat_event_clear(it, field, &result.error);
//             break;
//         case SET_BOOL: DO(set_bool, (uint32_t)each->value);
//         case SET_TEXT: DO(set_text, text, each->length);
//         case SET_UNSIGNED: DO(set_unsigned, each->value);
//         case SET_SIGNED: DO(set_signed, (int64_t)each->value);
//         case SET_ADDRESS: DO(set_address, address, each->length);
//         case ADD_TEXT: DO(add_text, text, each->length);
//         case ADD_UNSIGNED: DO(add_unsigned, each->value);
//         case ADD_SIGNED: DO(add_signed, (int64_t)each->value);
//         case ADD_ADDRESS: DO(add_address, address, each->length);
//         }
//         if (result.status != DRIFTCORE_STATUS_OK) {
//             break;
//         }
//     }
//     return result;
// }
import "C"

import (
	"net/netip"
	"sync"
	"unsafe"
)

// A Field is a field of Falco's rule language, found once by its name. Any goroutine may use it. It
// needs no Close: it stays, as long as the program, and is small.
type Field struct {
	object *C.driftcore_field
	name   string
}

// fields are those that were found.
var fields sync.Map

// FindField finds a field, such as proc.name; docs/fields.md lists them.
func FindField(name string) (*Field, error) {
	if field, ok := fields.Load(name); ok {
		return field.(*Field), nil
	}
	text, err := cstring("the name of a field", name)
	if err != nil {
		return nil, err
	}
	defer C.free(unsafe.Pointer(text))
	field := &Field{name: name}
	if err := check(C.field_find(text, &field.object)); err != nil {
		return nil, err
	}
	if first, found := fields.LoadOrStore(name, field); found {
		C.driftcore_field_free(&field.object)
		field = first.(*Field)
	}
	return field, nil
}

// MustField is for the fields that a package keeps in its variables: it panics where [FindField]
// fails.
func MustField(name string) *Field {
	field, err := FindField(name)
	if err != nil {
		panic(err)
	}
	return field
}

// String is its name.
func (f *Field) String() string { return f.name }

// A FlatEvent is an event that the caller makes of fields, for those with a sensor of their own. It
// is made once, and reset for each event: it keeps its memory. One goroutine at a time.
//
// Setting allocates nothing once it is warm, and returns nothing: what is set goes to C together
// when the event is matched. The first error stays until the event is reset; [FlatEvent.Err] and
// whatever matches the event return it.
type FlatEvent struct {
	object *C.driftcore_flat_event
	err    error
	steps  []C.step // what is to be done to it
	bytes  []byte   // texts and addresses of them
}

// What waits at most, and how much memory for texts is kept.
const (
	maxSteps = 128
	maxBytes = 1 << 16
)

// NewFlatEvent makes an event of a type, such as execve, without fields. Close must be called.
func NewFlatEvent(eventType string) (*FlatEvent, error) {
	text, err := cstring("the type of an event", eventType)
	if err != nil {
		return nil, err
	}
	defer C.free(unsafe.Pointer(text))
	event := new(FlatEvent)
	if err := check(C.flat_new(text, &event.object)); err != nil {
		return nil, err
	}
	return event, nil
}

// ParseFlatEvent makes an event of a JSON object of field names and values (docs/fields.md). Close
// must be called.
func ParseFlatEvent(json string) (*FlatEvent, error) {
	event := new(FlatEvent)
	if err := check(C.flat_parse(json, &event.object)); err != nil {
		return nil, err
	}
	return event, nil
}

// Reset forgets all fields, and the error; the event keeps its type.
func (e *FlatEvent) Reset() {
	e.forget()
	e.do(nil, C.RESET, 0, 0)
}

// ResetTo is Reset, and gives the event another type.
func (e *FlatEvent) ResetTo(eventType string) {
	e.forget()
	if e.object == nil {
		e.err = ErrClosed
		return
	}
	text, err := cstring("the type of an event", eventType)
	if err == nil {
		defer C.free(unsafe.Pointer(text))
		err = check(C.flat_reset(ref(e.object), text))
	}
	e.err = err
}

// Err is the first error since the event was made or reset.
func (e *FlatEvent) Err() error {
	e.apply()
	return e.err
}

// SetText sets a text or a path: any bytes but NUL.
func (e *FlatEvent) SetText(field *Field, text string) {
	e.bytes = append(e.bytes, text...)
	e.do(field, C.SET_TEXT, uint64(len(e.bytes)-len(text)), len(text))
}

// SetBytes sets a text, a path, or bytes.
func (e *FlatEvent) SetBytes(field *Field, bytes []byte) {
	e.bytes = append(e.bytes, bytes...)
	e.do(field, C.SET_TEXT, uint64(len(e.bytes)-len(bytes)), len(bytes))
}

// SetUint sets a number: a count, an id, a port, a time or duration in nanoseconds.
func (e *FlatEvent) SetUint(field *Field, value uint64) { e.do(field, C.SET_UNSIGNED, value, 0) }

// SetInt sets a number that may be negative.
func (e *FlatEvent) SetInt(field *Field, value int64) { e.do(field, C.SET_SIGNED, uint64(value), 0) }

// SetBool sets a truth value.
func (e *FlatEvent) SetBool(field *Field, value bool) {
	e.do(field, C.SET_BOOL, uint64(flag(value)), 0)
}

// SetAddr sets an IP address.
func (e *FlatEvent) SetAddr(field *Field, value netip.Addr) { e.address(field, C.SET_ADDRESS, value) }

// AddText appends a text to a field that holds a list; ancestors from the parent upwards.
func (e *FlatEvent) AddText(field *Field, text string) {
	e.bytes = append(e.bytes, text...)
	e.do(field, C.ADD_TEXT, uint64(len(e.bytes)-len(text)), len(text))
}

// AddUint appends a number to a field that holds a list.
func (e *FlatEvent) AddUint(field *Field, value uint64) { e.do(field, C.ADD_UNSIGNED, value, 0) }

// AddInt appends a number that may be negative to a field that holds a list.
func (e *FlatEvent) AddInt(field *Field, value int64) { e.do(field, C.ADD_SIGNED, uint64(value), 0) }

// AddAddr appends an IP address to a field that holds a list.
func (e *FlatEvent) AddAddr(field *Field, value netip.Addr) { e.address(field, C.ADD_ADDRESS, value) }

// Clear takes a field away.
func (e *FlatEvent) Clear(field *Field) { e.do(field, C.CLEAR, 0, 0) }

// Close frees the event; it may be called more than once. It returns nil.
func (e *FlatEvent) Close() error {
	C.driftcore_flat_event_free(&e.object)
	return nil
}

// ready is the object, for matching; or why it cannot be matched.
func (e *FlatEvent) ready() (*C.driftcore_flat_event, error) {
	if e.object == nil {
		return nil, ErrClosed
	}
	e.apply()
	return e.object, e.err
}

func (e *FlatEvent) address(field *Field, what C.uint64_t, value netip.Addr) {
	before := len(e.bytes)
	switch {
	case value.Is4():
		octets := value.As4()
		e.bytes = append(e.bytes, octets[:]...)
	case value.IsValid():
		octets := value.As16()
		e.bytes = append(e.bytes, octets[:]...)
	}
	// Of none there are no bytes, and that is refused.
	e.do(field, what, uint64(before), len(e.bytes)-before)
}

// do writes a step down, whose bytes are written already.
func (e *FlatEvent) do(field *Field, what C.uint64_t, value uint64, length int) {
	step := C.step{value: C.uint64_t(value), length: C.uint64_t(length), what: what}
	if field != nil {
		step.field = ref(field.object)
	}
	e.steps = append(e.steps, step)
	if len(e.steps) >= maxSteps || len(e.bytes) >= maxBytes {
		e.apply()
	}
}

// apply does the steps that wait, unless one failed before.
func (e *FlatEvent) apply() {
	if len(e.steps) == 0 {
		return
	}
	switch {
	case e.err != nil:
	case e.object == nil:
		e.err = ErrClosed
	default:
		var first *C.char
		if len(e.bytes) > 0 {
			first = (*C.char)(unsafe.Pointer(&e.bytes[0]))
		}
		outcome := C.flat_apply(ref(e.object), &e.steps[0], C.size_t(len(e.steps)), first)
		if outcome.status != C.DRIFTCORE_STATUS_OK {
			e.err = check(outcome)
		}
	}
	e.steps, e.bytes = e.steps[:0], e.bytes[:0]
	if cap(e.bytes) > maxBytes {
		e.bytes = nil
	}
}

// forget drops the steps that wait, and the error.
func (e *FlatEvent) forget() {
	e.err = nil
	e.steps, e.bytes = e.steps[:0], e.bytes[:0]
}
