//! Objects that cross as opaque pointers.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

/// Gives an object to the caller, who owns it until it comes back through [`free!`].
pub(crate) fn give<T>(object: T) -> *mut T {
    Box::into_raw(Box::new(object))
}

/// The object that a pointer argument points to, or the failure that names the argument.
///
/// What makes it sound is the contract of every function in the header: a pointer is NULL or was
/// given by this library and not freed.
macro_rules! borrow {
    ($pointer:ident) => {
        // SAFETY: NULL, or an object of ours that its owner keeps for as long as the call.
        unsafe { $pointer.as_ref() }.ok_or_else(|| {
            $crate::error::Failure::argument(concat!("`", stringify!($pointer), "` is NULL"))
        })
    };
}

/// As [`borrow!`], for what is changed.
macro_rules! borrow_mut {
    ($pointer:ident) => {
        // SAFETY: NULL, or an object of ours that its owner keeps for as long as the call, and that
        // no other call uses meanwhile.
        unsafe { $pointer.as_mut() }.ok_or_else(|| {
            $crate::error::Failure::argument(concat!("`", stringify!($pointer), "` is NULL"))
        })
    };
}

/// The object that a pointer argument points to, if it is not NULL.
macro_rules! lend {
    ($pointer:ident) => {
        // SAFETY: NULL, or an object of ours that its owner keeps for as long as the call.
        unsafe { $pointer.as_ref() }
    };
}

/// Checks that there is a place for a result, and sets it to NULL (or another value for nothing),
/// so that it is never left as it was.
macro_rules! prepare {
    ($place:ident) => {
        $crate::handle::prepare!($place, std::ptr::null_mut())
    };
    ($place:ident, $nothing:expr) => {
        if $place.is_null() {
            Err($crate::error::Failure::argument(concat!("`", stringify!($place), "` is NULL")))
        } else {
            // SAFETY: not NULL, and the caller promises that the place may be written.
            unsafe { $place.write($nothing) };
            Ok(())
        }
    };
}

/// Writes a result to its place, which is not NULL.
macro_rules! put {
    ($place:ident, $value:expr) => {
        // SAFETY: `prepare!` or `offer!` found that it is not NULL; the caller promises that it may be written.
        unsafe { $place.write($value) }
    };
}

/// Puts a value into a place that may be NULL: then it is not wanted.
macro_rules! offer {
    ($place:ident, $value:expr) => {
        if !$place.is_null() {
            $crate::handle::put!($place, $value);
        }
    };
}

/// Takes an object back through a pointer to the caller's pointer, which becomes NULL, and drops it.
macro_rules! free {
    ($slot:ident) => {
        if !$slot.is_null() {
            // SAFETY: not NULL; it points to the owner's pointer, which may be read and written.
            let pointer = unsafe { $slot.replace(std::ptr::null_mut()) };
            if !pointer.is_null() {
                // SAFETY: the owner's pointer came from `give`, and this was the only time that it
                // was taken back, since it is NULL now.
                $crate::handle::drop_quietly(unsafe { Box::from_raw(pointer) });
            }
        }
    };
}

pub(crate) use borrow;
pub(crate) use borrow_mut;
pub(crate) use free;
pub(crate) use lend;
pub(crate) use offer;
pub(crate) use prepare;
pub(crate) use put;

/// Drops an object; a panic of its destructor stays here.
pub(crate) fn drop_quietly<T>(object: T) {
    // Nothing of it is used again.
    let _ = catch_unwind(AssertUnwindSafe(move || drop(object)));
}
