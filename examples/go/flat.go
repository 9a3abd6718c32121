package driftcore

// #include <stdlib.h>
// #include "bridge.h"
//
// typedef driftcore_flat_event flat_event;
//
// // Objects are numbers here, see bridge.h.
// #define EVENT (flat_event *)event, (const driftcore_field *)field
//
// static outcome field_find(const char *name, driftcore_field **found) {
//     OUTCOME(driftcore_field_find, name, found);
// }
// static outcome flat_new(const char *type, flat_event **event) {
//     OUTCOME(driftcore_flat_event_new, type, event);
// }
// static outcome flat_parse(_GoString_ json, flat_event **event) {
//     OUTCOME(driftcore_flat_event_parse, _GoStringPtr(json), _GoStringLen(json), event);
// }
// static outcome flat_reset(uintptr_t event, const char *type) {
//     OUTCOME(driftcore_flat_event_reset, (flat_event *)event, type);
// }
// static outcome set_text(uintptr_t event, uintptr_t field, _GoString_ text) {
//     OUTCOME(driftcore_flat_event_set_text, EVENT, _GoStringPtr(text), _GoStringLen(text));
// }
// static outcome append_text(uintptr_t event, uintptr_t field, _GoString_ text) {
//     OUTCOME(driftcore_flat_event_add_text, EVENT, _GoStringPtr(text), _GoStringLen(text));
// }
// static outcome set_bytes(uintptr_t event, uintptr_t field, const void *bytes, size_t length) {
//     OUTCOME(driftcore_flat_event_set_text, EVENT, bytes, length);
// }
// static outcome set_unsigned(uintptr_t event, uintptr_t field, uint64_t value) {
//     OUTCOME(driftcore_flat_event_set_unsigned, EVENT, value);
// }
// static outcome append_unsigned(uintptr_t event, uintptr_t field, uint64_t value) {
//     OUTCOME(driftcore_flat_event_add_unsigned, EVENT, value);
// }
// static outcome set_signed(uintptr_t event, uintptr_t field, int64_t value) {
//     OUTCOME(driftcore_flat_event_set_signed, EVENT, value);
// }
// static outcome append_signed(uintptr_t event, uintptr_t field, int64_t value) {
//     OUTCOME(driftcore_flat_event_add_signed, EVENT, value);
// }
// static outcome set_bool(uintptr_t event, uintptr_t field, uint32_t value) {
//     OUTCOME(driftcore_flat_event_set_bool, EVENT, value);
// }
// static outcome clear_field(uintptr_t event, uintptr_t field) {
//     OUTCOME(driftcore_flat_event_clear, EVENT);
// }
//
// // An address in two halves of network order: by value, as a pointer to one in Go would cost an
// // allocation.
// static outcome set_address(uintptr_t event, uintptr_t field, uint64_t high, uint64_t low,
//                            size_t length, int append) {
//     uint8_t bytes[16];
//     for (int octet = 0; octet < 8; octet++) {
//         bytes[octet] = (uint8_t)(high >> (56 - 8 * octet));
//         bytes[8 + octet] = (uint8_t)(low >> (56 - 8 * octet));
//     }
//     const uint8_t *first = bytes + sizeof bytes - length;
//     if (append) {
//         OUTCOME(driftcore_flat_event_add_address, EVENT, first, length);
//     }
//     OUTCOME(driftcore_flat_event_set_address, EVENT, first, length);
// }
import "C"

import (
	"encoding/binary"
	"net/netip"
	"unsafe"
)

// A Field is a field of Falco's rule language, found once by its name. Any goroutine may use it.
type Field struct {
	object *C.driftcore_field
	name   string
}

// FindField finds a field, such as proc.name; docs/fields.md lists them. Close must be called,
// unless it is to be there as long as the program.
func FindField(name string) (*Field, error) {
	text, err := cstring("the name of a field", name)
	if err != nil {
		return nil, err
	}
	defer C.free(unsafe.Pointer(text))
	field := &Field{name: name}
	if err := check(C.field_find(text, &field.object)); err != nil {
		return nil, err
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

// Close frees the field, when nobody uses it any more; it may be called more than once. It returns
// nil.
func (f *Field) Close() error {
	C.driftcore_field_free(&f.object)
	return nil
}

// A FlatEvent is an event that the caller makes of fields, for those with a sensor of their own. It
// is made once, and reset for each event: it keeps its memory. One goroutine at a time.
//
// Setting allocates nothing in Go and returns nothing. The first error stays until the event is
// reset; [FlatEvent.Err] and whatever matches the event return it.
type FlatEvent struct {
	object *C.driftcore_flat_event
	err    error
}

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
	e.err = nil
	e.set(C.flat_reset(ref(e.object), nil))
}

// ResetTo is Reset, and gives the event another type.
func (e *FlatEvent) ResetTo(eventType string) {
	e.err = nil
	text, err := cstring("the type of an event", eventType)
	if err != nil {
		e.err = err
		return
	}
	defer C.free(unsafe.Pointer(text))
	e.set(C.flat_reset(ref(e.object), text))
}

// Err is the first error since the event was made or reset.
func (e *FlatEvent) Err() error { return e.err }

// SetText sets a text or a path: any bytes but NUL.
func (e *FlatEvent) SetText(field *Field, text string) {
	e.set(C.set_text(ref(e.object), ref(field.object), text))
}

// SetBytes sets a text, a path, or bytes.
func (e *FlatEvent) SetBytes(field *Field, bytes []byte) {
	var first unsafe.Pointer
	if len(bytes) > 0 {
		first = unsafe.Pointer(&bytes[0])
	}
	e.set(C.set_bytes(ref(e.object), ref(field.object), first, C.size_t(len(bytes))))
}

// SetUint sets a number: a count, an id, a port, a time or duration in nanoseconds.
func (e *FlatEvent) SetUint(field *Field, value uint64) {
	e.set(C.set_unsigned(ref(e.object), ref(field.object), C.uint64_t(value)))
}

// SetInt sets a number that may be negative.
func (e *FlatEvent) SetInt(field *Field, value int64) {
	e.set(C.set_signed(ref(e.object), ref(field.object), C.int64_t(value)))
}

// SetBool sets a truth value.
func (e *FlatEvent) SetBool(field *Field, value bool) {
	e.set(C.set_bool(ref(e.object), ref(field.object), C.uint32_t(flag(value))))
}

// SetAddr sets an IP address.
func (e *FlatEvent) SetAddr(field *Field, value netip.Addr) {
	e.address(field, value, 0)
}

// AddText appends a text to a field that holds a list; ancestors from the parent upwards.
func (e *FlatEvent) AddText(field *Field, text string) {
	e.set(C.append_text(ref(e.object), ref(field.object), text))
}

// AddUint appends a number to a field that holds a list.
func (e *FlatEvent) AddUint(field *Field, value uint64) {
	e.set(C.append_unsigned(ref(e.object), ref(field.object), C.uint64_t(value)))
}

// AddInt appends a number that may be negative to a field that holds a list.
func (e *FlatEvent) AddInt(field *Field, value int64) {
	e.set(C.append_signed(ref(e.object), ref(field.object), C.int64_t(value)))
}

// AddAddr appends an IP address to a field that holds a list.
func (e *FlatEvent) AddAddr(field *Field, value netip.Addr) {
	e.address(field, value, 1)
}

// Clear takes a field away.
func (e *FlatEvent) Clear(field *Field) {
	e.set(C.clear_field(ref(e.object), ref(field.object)))
}

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
	return e.object, e.err
}

// set keeps the first error.
func (e *FlatEvent) set(outcome C.outcome) {
	if outcome.status != C.DRIFTCORE_STATUS_OK {
		e.fail(outcome)
	}
}

func (e *FlatEvent) fail(outcome C.outcome) {
	err := check(outcome)
	switch {
	case e.err != nil:
	case e.object == nil:
		e.err = ErrClosed
	default:
		e.err = err
	}
}

func (e *FlatEvent) address(field *Field, value netip.Addr, add C.int) {
	length := C.size_t(value.BitLen() / 8) // of none 0, which is refused
	var bytes [16]byte
	if length > 0 {
		bytes = value.As16()
	}
	high, low := binary.BigEndian.Uint64(bytes[:8]), binary.BigEndian.Uint64(bytes[8:])
	e.set(C.set_address(ref(e.object), ref(field.object), C.uint64_t(high), C.uint64_t(low), length, add))
}
