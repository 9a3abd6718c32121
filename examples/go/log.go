package driftcore

// #include "bridge.h"
import "C"

import "sync/atomic"

// A LogLevel says how much a message matters.
type LogLevel uint32

// The levels.
const (
	LogOff   LogLevel = C.DRIFTCORE_LOG_OFF
	LogError LogLevel = C.DRIFTCORE_LOG_ERROR
	LogWarn  LogLevel = C.DRIFTCORE_LOG_WARN
	LogInfo  LogLevel = C.DRIFTCORE_LOG_INFO
	LogDebug LogLevel = C.DRIFTCORE_LOG_DEBUG
)

// String is the level in lower case.
func (l LogLevel) String() string {
	return name([]string{"off", "error", "warn", "info", "debug"}, l)
}

// logger is the function that messages go to. A plain variable of the process, as in the library:
// no context is needed, and none can be gone too early.
var logger atomic.Pointer[func(level LogLevel, target, message string)]

// SetLog sends what the library, and the libbpf in it, have to say to a function, up to a level; nil,
// or [LogOff], ends that. Until it is called the library is silent, but for libbpf, which warns on
// standard error. It counts for the whole process.
//
// The function gets what a message comes from and its text. It is called on any thread, on several
// at a time, and must not use this package. A panic in it ends the program: there is no caller of
// yours that it could go on in.
func SetLog(level LogLevel, log func(level LogLevel, target, message string)) error {
	if log == nil {
		level = LogOff
	} else {
		logger.Store(&log)
	}
	return check(C.bridge_log_set(C.uint32_t(level)))
}

//export driftcoreGoLog
func driftcoreGoLog(level C.uint32_t, target, message *C.driftcore_text) {
	defer func() {
		if value := recover(); value != nil {
			// Not here, where it could reach a caller on the other side of C.
			crashed := make(chan struct{})
			go panic(value)
			<-crashed
		}
	}()
	if log := logger.Load(); log != nil {
		(*log)(LogLevel(level), text(*target), text(*message))
	}
}
