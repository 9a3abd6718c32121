//! The object: borrowed in a callback, or owned.

use std::ffi::c_char;
use std::ptr::NonNull;
use std::sync::OnceLock;

use driftcore::event::DriftEvent;

use crate::error::Failure;
use crate::error::driftcore_error;
use crate::guard::guard;
use crate::guard::quiet;
use crate::handle;
use crate::status::driftcore_status;
use crate::text;
use crate::text::driftcore_text;

/// Something that happened. A callback gets it for as long as it runs; `driftcore_event_copy` makes
/// one that stays. Never changes; any number of threads may read it. Since 0.1.0.
#[derive(Debug)]
pub struct driftcore_event {
    held: Held,
    json: OnceLock<String>,
}

#[derive(Debug)]
enum Held {
    /// An event of somebody who keeps it for longer than this.
    Borrowed(NonNull<DriftEvent>),
    Owned(Box<DriftEvent>),
}

// SAFETY: an event is plain data, and a borrowed one is only read, while its owner does nothing but
// wait for whoever reads it.
unsafe impl Send for driftcore_event {}
// SAFETY: as above.
unsafe impl Sync for driftcore_event {}

impl driftcore_event {
    /// A view of an event.
    ///
    /// # Safety
    ///
    /// The event outlives the view.
    pub(crate) unsafe fn borrowed(event: &DriftEvent) -> Self {
        Self { held: Held::Borrowed(NonNull::from(event)), json: OnceLock::new() }
    }

    pub(crate) fn owned(event: DriftEvent) -> Self {
        Self { held: Held::Owned(Box::new(event)), json: OnceLock::new() }
    }

    pub(crate) fn get(&self) -> &DriftEvent {
        match &self.held {
            // SAFETY: `borrowed` asks that the event outlives this.
            Held::Borrowed(event) => unsafe { event.as_ref() },
            Held::Owned(event) => event,
        }
    }
}

/// The event as a JSON object (docs/events.md), one line without its end; borrowed from the event,
/// made at the first call. NULL: absent. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_event_json(event: *const driftcore_event) -> driftcore_text {
    quiet(driftcore_text::ABSENT, || {
        let event = handle::lend!(event)?;
        // An event has text keys only, and so always has a JSON form.
        let json = || serde_json::to_string(event.get()).unwrap_or_default();
        Some((&**event.json.get_or_init(json)).into())
    })
}

/// A copy that outlives the callback, for `driftcore_event_free`. NULL: NULL. Any thread. Since
/// 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_event_copy(
    event: *const driftcore_event,
) -> *mut driftcore_event {
    quiet(std::ptr::null_mut(), || {
        Some(handle::give(driftcore_event::owned(handle::lend!(event)?.get().clone())))
    })
}

/// Reads an event from the JSON object that `driftcore_event_json` or driftd writes. `event` gets
/// it, for `driftcore_event_free`. NULL anywhere but in `error`: refused. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_event_parse(
    json: *const c_char,
    length: usize,
    event: *mut *mut driftcore_event,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(event)?;
        let bytes = text::bytes("json", json.cast::<u8>(), length)?;
        let parsed: DriftEvent = serde_json::from_slice(bytes).map_err(|error| {
            let (line, column) = place_of(&error, bytes);
            Failure::wrong_type(format!("this is no event: {error}")).at("json", line, column)
        })?;
        handle::put!(event, handle::give(driftcore_event::owned(parsed)));
        Ok(())
    })
}

/// Where in the text it went wrong, in lines and characters from 1: the parser counts bytes, and has
/// a column 0 at the beginning of a line.
fn place_of(error: &serde_json::Error, text: &[u8]) -> (u32, u32) {
    let line = error.line().max(1);
    let bytes = text.split(|byte| *byte == b'\n').nth(line - 1).unwrap_or_default();
    let before = &bytes[..error.column().min(bytes.len())];
    let column = String::from_utf8_lossy(before).chars().count().max(1);
    let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
    (number(line), number(column))
}

/// Frees a copied or parsed event and sets the pointer to it to NULL. NULL, or a pointer to NULL:
/// nothing. Not for the event of a callback. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_event_free(event: *mut *mut driftcore_event) {
    handle::free!(event);
}

#[cfg(test)]
mod tests {
    use std::ptr::null_mut;

    use super::*;
    use crate::error::driftcore_error_column;
    use crate::error::driftcore_error_free;
    use crate::error::driftcore_error_line;
    use crate::error::driftcore_error_message;

    fn failure(json: &str) -> (u32, u32, String) {
        let (mut event, mut error) = (std::ptr::dangling_mut(), null_mut());
        // SAFETY: text with its length, places for both results; the error is freed once.
        unsafe {
            let text = json.as_ptr().cast();
            driftcore_event_parse(text, json.len(), &raw mut event, &raw mut error);
            assert!(event.is_null());
            let place = (driftcore_error_line(error), driftcore_error_column(error));
            let message = driftcore_error_message(error).as_str().to_owned();
            driftcore_error_free(&raw mut error);
            (place.0, place.1, message)
        }
    }

    #[test]
    fn lines_and_columns_of_an_error_count_from_one_in_characters() {
        let place = |json| (failure(json).0, failure(json).1);
        assert_eq!(place(""), (1, 1));
        assert_eq!(place("\n"), (2, 1));
        assert_eq!(place("{"), (1, 1));
        assert_eq!(place("{\"a\": 1,\n\"\u{e4}\u{e4}\" x"), (2, 6));
    }

    #[test]
    fn a_message_is_one_line_whatever_the_text_has() {
        let message = failure("{\"version\": 1, \"kind\": \"a\\nb\"}").2;
        assert!(message.contains("a\\nb"), "{message:?}");
        assert!(!message.contains('\n'), "{message:?}");
    }
}
