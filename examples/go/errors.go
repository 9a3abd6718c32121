package driftcore

// #include "bridge.h"
import "C"

import (
	"fmt"
	"io/fs"
	"strings"
)

// Status says what kind of failure an error is. It is an error itself, for [errors.Is]:
//
//	if errors.Is(err, driftcore.ErrPermission) { ... }
type Status uint32

// What may go wrong. A library that is newer than this package may have others.
const (
	ErrInvalidArgument Status = C.DRIFTCORE_STATUS_INVALID_ARGUMENT // an argument cannot be what it is
	ErrUnknownName     Status = C.DRIFTCORE_STATUS_UNKNOWN_NAME     // no such option, field or event type
	ErrWrongType       Status = C.DRIFTCORE_STATUS_WRONG_TYPE       // not the type of the field or option
	ErrRules           Status = C.DRIFTCORE_STATUS_RULES            // the rules have errors: see [RulesError]
	ErrIO              Status = C.DRIFTCORE_STATUS_IO               // the operating system refused something
	ErrNotFound        Status = C.DRIFTCORE_STATUS_NOT_FOUND        // no such process or file
	ErrPermission      Status = C.DRIFTCORE_STATUS_PERMISSION       // a capability is missing
	ErrUnsupported     Status = C.DRIFTCORE_STATUS_UNSUPPORTED      // the kernel does not give what is needed
	ErrBlind           Status = C.DRIFTCORE_STATUS_BLIND            // the sensor does not see what it must see
	ErrBusy            Status = C.DRIFTCORE_STATUS_BUSY             // somebody else is using the object
	ErrFailed          Status = C.DRIFTCORE_STATUS_FAILED           // the object failed earlier
	ErrPanic           Status = C.DRIFTCORE_STATUS_PANIC            // a bug in the library was caught
	ErrChanged         Status = C.DRIFTCORE_STATUS_CHANGED          // what was looked at changed: try again
)

var statusTexts = map[Status]string{
	ErrInvalidArgument: "invalid argument",
	ErrUnknownName:     "unknown name",
	ErrWrongType:       "wrong type",
	ErrRules:           "the rules have errors",
	ErrIO:              "input or output failed",
	ErrNotFound:        "not found",
	ErrPermission:      "a capability is missing",
	ErrUnsupported:     "not supported here",
	ErrBlind:           "the sensor does not see what it must see",
	ErrBusy:            "in use",
	ErrFailed:          "failed earlier",
	ErrPanic:           "a bug in driftcore",
	ErrChanged:         "changed meanwhile",
}

// Error says it in a few words.
func (s Status) Error() string {
	if text, ok := statusTexts[s]; ok {
		return text
	}
	return fmt.Sprintf("status %d", uint32(s))
}

// Is makes errors of the file system and ours one: [fs.ErrNotExist], [fs.ErrPermission],
// [fs.ErrInvalid].
func (s Status) Is(target error) bool {
	switch target {
	case fs.ErrNotExist:
		return s == ErrNotFound
	case fs.ErrPermission:
		return s == ErrPermission
	case fs.ErrInvalid:
		return s == ErrInvalidArgument
	}
	return false
}

// An Error is what the library reports. [errors.Is] finds its [Status].
type Error struct {
	Status  Status
	Message string
	File    string // what it is about; empty when it is about no file
	Line    int    // from 1; 0 when it is about no line
	Column  int    // in characters, from 1; 0 when it is about no line
}

// Error is the message, behind its place as compilers write it.
func (e *Error) Error() string {
	switch {
	case e.File == "":
		return "driftcore: " + e.Message
	case e.Line == 0:
		return "driftcore: " + e.File + ": " + e.Message
	}
	return fmt.Sprintf("driftcore: %s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// Unwrap is the status.
func (e *Error) Unwrap() error { return e.Status }

// A RulesError says why rules do not load. [errors.As] finds the [Error] about the first of the
// diagnostics that are errors, [errors.Is] finds [ErrRules].
type RulesError struct {
	Diagnostics []Diagnostic // warnings too
	first       *Error
}

// Error is the first error, and how many more there are.
func (e *RulesError) Error() string {
	more := -1
	for _, diagnostic := range e.Diagnostics {
		if diagnostic.Severity == SeverityError {
			more++
		}
	}
	if more < 1 {
		return e.first.Error()
	}
	return fmt.Sprintf("%v (and %d more)", e.first, more)
}

// Unwrap is the error about the first diagnostic.
func (e *RulesError) Unwrap() error { return e.first }

// A PanicError is what [Engine.Run], [Matcher.Alerts] and their like panic with when a handler
// panicked: they carry it around the C code in between.
type PanicError struct {
	Value any    // what the handler panicked with
	Stack []byte // where it did
}

// Error is the value and where it came from.
func (e *PanicError) Error() string {
	return fmt.Sprintf("driftcore: a handler panicked: %v\n\n%s", e.Value, e.Stack)
}

// Unwrap is the value, when that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// check makes an error of an outcome, and frees what it holds.
func check(outcome C.outcome) error {
	if outcome.status == C.DRIFTCORE_STATUS_OK {
		return nil
	}
	return failure(outcome.status, outcome.error)
}

// failure copies an error and frees it.
func failure(status C.driftcore_status, failed *C.driftcore_error) *Error {
	defer C.driftcore_error_free(&failed)
	return &Error{
		Status:  Status(status),
		Message: text(C.driftcore_error_message(failed)),
		File:    text(C.driftcore_error_file(failed)),
		Line:    int(C.driftcore_error_line(failed)),
		Column:  int(C.driftcore_error_column(failed)),
	}
}

// text copies borrowed text; what is absent is empty.
func text(borrowed C.driftcore_text) string {
	return C.GoStringN(borrowed.data, C.int(borrowed.length))
}

// cstring copies text to C, for C.free. C would end it at the first NUL, and that is an error.
func cstring(what, text string) (*C.char, error) {
	if strings.IndexByte(text, 0) >= 0 {
		return nil, &Error{Status: ErrInvalidArgument, Message: what + " has a NUL in it"}
	}
	return C.CString(text), nil
}
