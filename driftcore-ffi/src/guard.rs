//! The boundary: no panic crosses it, and every failure becomes a status.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use crate::error::Failure;
use crate::error::driftcore_error;
use crate::status::driftcore_status;

/// Runs the body of a function that may fail, and writes what went wrong where the caller wants it:
/// `error` is NULL or points to a pointer, which is set to NULL or to an error of the caller's.
pub(crate) fn guard(
    error: *mut *mut driftcore_error,
    body: impl FnOnce() -> Result<(), Failure>,
) -> driftcore_status {
    // What the body leaves behind is either its own or marked as failed by who owns it.
    let outcome = catch_unwind(AssertUnwindSafe(body))
        .unwrap_or_else(|payload| Err(Failure::panic(payload.as_ref())));
    let (status, object) = match outcome {
        Ok(()) => (driftcore_status::DRIFTCORE_STATUS_OK, std::ptr::null_mut()),
        Err(failure) if error.is_null() => (failure.status, std::ptr::null_mut()),
        Err(failure) => (failure.status, driftcore_error::into_raw(failure)),
    };
    if !error.is_null() {
        // SAFETY: not NULL, and the caller promises that it points to a pointer that may be written.
        unsafe { error.write(object) };
    }
    status
}

/// Runs the body of a function that cannot fail; `otherwise` stands for an argument that is NULL,
/// and for a panic.
pub(crate) fn quiet<T>(otherwise: T, body: impl FnOnce() -> Option<T>) -> T {
    catch_unwind(AssertUnwindSafe(body)).ok().flatten().unwrap_or(otherwise)
}

/// What a panic says.
pub(crate) fn message_of(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}

#[cfg(test)]
mod tests {
    use std::ptr::null_mut;

    use super::*;
    use crate::error::driftcore_error_free;
    use crate::error::driftcore_error_message;

    #[test]
    fn a_panic_is_a_status_with_its_message() {
        let mut error = null_mut();
        let status = guard(&raw mut error, || panic!("number {}", 7));
        assert_eq!(status, driftcore_status::DRIFTCORE_STATUS_PANIC);
        // SAFETY: an error that was just made, freed once.
        let message = unsafe { driftcore_error_message(error) };
        assert!(message.as_str().contains("number 7"), "{message:?}");
        // SAFETY: as above.
        unsafe { driftcore_error_free(&raw mut error) };
        assert!(error.is_null());
    }

    #[test]
    fn success_clears_the_error() {
        let mut error = std::ptr::dangling_mut();
        assert_eq!(guard(&raw mut error, || Ok(())), driftcore_status::DRIFTCORE_STATUS_OK);
        assert!(error.is_null());
    }

    #[test]
    fn nobody_needs_to_want_the_error() {
        let status = guard(null_mut(), || Err(Failure::argument("no")));
        assert_eq!(status, driftcore_status::DRIFTCORE_STATUS_INVALID_ARGUMENT);
        assert_eq!(quiet(3, || panic!("lost")), 3);
    }
}
