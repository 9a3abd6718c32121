package driftcore

// #include <stdlib.h>
// #include <string.h>
// #include "bridge.h"
//
// typedef driftcore_flat_event flat_event;
// typedef driftcore_field field;
//
// static outcome field_find(const char *name, field **found) {
//     OUTCOME(driftcore_field_find, name, found);
// }
// static outcome flat_new(const char *type, flat_event **event) {
//     OUTCOME(driftcore_flat_event_new, type, event);
// }
// static outcome flat_parse(_GoString_ json, flat_event **event) {
//     OUTCOME(driftcore_flat_event_parse, _GoStringPtr(json), _GoStringLen(json), event);
// }
// static outcome flat_reset(flat_event *event, const char *type) {
//     OUTCOME(driftcore_flat_event_reset, event, type);
// }
// static outcome set_text(flat_event *event, const field *field, _GoString_ text) {
//     OUTCOME(driftcore_flat_event_set_text, event, field, _GoStringPtr(text), _GoStringLen(text));
// }
// static outcome append_text(flat_event *event, const field *field, _GoString_ text) {
//     OUTCOME(driftcore_flat_event_add_text, event, field, _GoStringPtr(text), _GoStringLen(text));
// }
// static outcome set_bytes(flat_event *event, const field *field, const void *bytes, size_t length) {
//     OUTCOME(driftcore_flat_event_set_text, event, field, bytes, length);
// }
// static outcome set_unsigned(flat_event *event, const field *field, uint64_t value) {
//     OUTCOME(driftcore_flat_event_set_unsigned, event, field, value);
// }
// static outcome append_unsigned(flat_event *event, const field *field, uint64_t value) {
//     OUTCOME(driftcore_flat_event_add_unsigned, event, field, value);
// }
// static outcome set_signed(flat_event *event, const field *field, int64_t value) {
//     OUTCOME(driftcore_flat_event_set_signed, event, field, value);
// }
// static outcome append_signed(flat_event *event, const field *field, int64_t value) {
//     OUTCOME(driftcore_flat_event_add_signed, event, field, value);
// }
// static outcome set_bool(flat_event *event, const field *field, uint32_t value) {
//     OUTCOME(driftcore_flat_event_set_bool, event, field, value);
// }
// static outcome clear_field(flat_event *event, const field *field) {
//     OUTCOME(driftcore_flat_event_clear, event, field);
// }
//
// /* An address by value, as a pointer to one in Go would cost an allocation. */
// typedef struct address { uint8_t bytes[16]; } address;
//
// static outcome set_address(flat_event *event, const field *field, address value, size_t length) {
//     OUTCOME(driftcore_flat_event_set_address, event, field, value.bytes, length);
// }
// static outcome append_address(flat_event *event, const field *field, address value, size_t length) {
//     OUTCOME(driftcore_flat_event_add_address, event, field, value.bytes, length);
// }
import "C"

import (
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
	e.set(C.flat_reset(e.object, nil))
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
	e.set(C.flat_reset(e.object, text))
}

// Err is the first error since the event was made or reset.
func (e *FlatEvent) Err() error { return e.err }

// SetText sets a text or a path: any bytes but NUL.
func (e *FlatEvent) SetText(field *Field, text string) {
	e.set(C.set_text(e.object, field.object, text))
}

// SetBytes sets a text, a path, or bytes.
func (e *FlatEvent) SetBytes(field *Field, bytes []byte) {
	var first unsafe.Pointer
	if len(bytes) > 0 {
		first = unsafe.Pointer(&bytes[0])
	}
	e.set(C.set_bytes(e.object, field.object, first, C.size_t(len(bytes))))
}

// SetUint sets a number: a count, an id, a port, a time or duration in nanoseconds.
func (e *FlatEvent) SetUint(field *Field, value uint64) {
	e.set(C.set_unsigned(e.object, field.object, C.uint64_t(value)))
}

// SetInt sets a number that may be negative.
func (e *FlatEvent) SetInt(field *Field, value int64) {
	e.set(C.set_signed(e.object, field.object, C.int64_t(value)))
}

// SetBool sets a truth value.
func (e *FlatEvent) SetBool(field *Field, value bool) {
	e.set(C.set_bool(e.object, field.object, C.uint32_t(flag(value))))
}

// SetAddr sets an IP address.
func (e *FlatEvent) SetAddr(field *Field, value netip.Addr) {
	bytes, length := addressOf(value)
	e.set(C.set_address(e.object, field.object, bytes, length))
}

// AddText appends a text to a field that holds a list; ancestors from the parent upwards.
func (e *FlatEvent) AddText(field *Field, text string) {
	e.set(C.append_text(e.object, field.object, text))
}

// AddUint appends a number to a field that holds a list.
func (e *FlatEvent) AddUint(field *Field, value uint64) {
	e.set(C.append_unsigned(e.object, field.object, C.uint64_t(value)))
}

// AddInt appends a number that may be negative to a field that holds a list.
func (e *FlatEvent) AddInt(field *Field, value int64) {
	e.set(C.append_signed(e.object, field.object, C.int64_t(value)))
}

// AddAddr appends an IP address to a field that holds a list.
func (e *FlatEvent) AddAddr(field *Field, value netip.Addr) {
	bytes, length := addressOf(value)
	e.set(C.append_address(e.object, field.object, bytes, length))
}

// Clear takes a field away.
func (e *FlatEvent) Clear(field *Field) {
	e.set(C.clear_field(e.object, field.object))
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

// addressOf is an address as C wants it; of none, of a length that C refuses.
func addressOf(value netip.Addr) (address C.address, length C.size_t) {
	if value.Is4() {
		four := value.As4()
		for index, octet := range four {
			address.bytes[index] = C.uint8_t(octet)
		}
		return address, 4
	}
	if !value.IsValid() {
		return address, 0
	}
	for index, octet := range value.As16() {
		address.bytes[index] = C.uint8_t(octet)
	}
	return address, 16
}
