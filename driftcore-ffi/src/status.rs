//! Whether a call did what it should.

/// What became of a call. New values may be added: treat those that you do not know as an error.
/// Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_status {
    /// It is done.
    DRIFTCORE_STATUS_OK = 0,
    /// An argument cannot be what it is: NULL where it must not be, a size that no version of the
    /// record had, text that is not UTF-8, a number out of range.
    DRIFTCORE_STATUS_INVALID_ARGUMENT = 1,
    /// There is no option, field or event type of that name.
    DRIFTCORE_STATUS_UNKNOWN_NAME = 2,
    /// The value is not of the type that the field or option has.
    DRIFTCORE_STATUS_WRONG_TYPE = 3,
    /// The rules have errors: the diagnostics say which.
    DRIFTCORE_STATUS_RULES = 4,
    /// The operating system refused something.
    DRIFTCORE_STATUS_IO = 5,
    /// There is no such process or file.
    DRIFTCORE_STATUS_NOT_FOUND = 6,
    /// A capability is missing.
    DRIFTCORE_STATUS_PERMISSION = 7,
    /// This kernel, or this place in it, does not give what is needed.
    DRIFTCORE_STATUS_UNSUPPORTED = 8,
    /// The sensor loads, but does not see what it must see.
    DRIFTCORE_STATUS_BLIND = 9,
    /// Somebody else is using the object: another thread, or the caller of this callback.
    DRIFTCORE_STATUS_BUSY = 10,
    /// The object failed earlier and does nothing more. Free it.
    DRIFTCORE_STATUS_FAILED = 11,
    /// A bug in the library was caught. The engine or matcher that was used has failed.
    DRIFTCORE_STATUS_PANIC = 12,
    /// What was looked at changed meanwhile. Try again.
    DRIFTCORE_STATUS_CHANGED = 13,
}
