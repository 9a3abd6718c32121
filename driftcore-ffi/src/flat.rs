//! Events of the caller's own, field by field.

use std::ffi::c_char;
use std::net::IpAddr;
use std::sync::OnceLock;

use driftcore::fields::EventType;
use driftcore::fields::FieldRef;
use driftcore::fields::FieldType;
use driftcore::fields::Fields;
use driftcore::fields::FlatEvent;
use driftcore::fields::FlatEventError;
use driftcore::fields::Value;
use driftcore::fields::catalogue_json;

use crate::error::Failure;
use crate::error::driftcore_error;
use crate::guard::guard;
use crate::guard::quiet;
use crate::handle;
use crate::status::driftcore_status;
use crate::text;
use crate::text::driftcore_text;

/// A field of Falco's rule language, found once by its name. Never changes; any thread. Since 0.1.0.
#[derive(Debug)]
pub struct driftcore_field {
    field: FieldRef,
}

/// An event that the caller makes of fields, for those with a sensor of their own. Made once, and
/// reset for each event: it keeps its memory. One thread at a time. Since 0.1.0.
#[derive(Debug)]
pub struct driftcore_flat_event {
    pub(crate) event: FlatEvent,
}

impl From<FlatEventError> for Failure {
    fn from(error: FlatEventError) -> Self {
        Self::wrong_type(error.to_string())
    }
}

fn event_type(name: *const c_char) -> Result<EventType, Failure> {
    let name = text::name("event_type", name)?;
    EventType::of(name)
        .ok_or_else(|| Failure::unknown_name(format!("there is no event type {name:?}")))
}

/// Finds a field by its name, such as `proc.name`; `driftd rules fields` and docs/fields.md list
/// them. `field` gets it, for `driftcore_field_free`. NULL anywhere but in `error`: refused. Any
/// thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_field_find(
    name: *const c_char,
    field: *mut *mut driftcore_field,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(field)?;
        let name = text::name("name", name)?;
        let found = FieldRef::parse(name)
            .map_err(|error| Failure::unknown_name(format!("{name:?}: {error}")))?;
        handle::put!(field, handle::give(driftcore_field { field: found }));
        Ok(())
    })
}

/// All fields as a JSON array: names, types, arguments, descriptions, and what the sensor cannot give.
/// Always there, made at the first call. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn driftcore_fields_json() -> driftcore_text {
    static JSON: OnceLock<String> = OnceLock::new();
    quiet(driftcore_text::ABSENT, || {
        let json = || serde_json::to_string(&catalogue_json()).unwrap_or_default();
        Some((&**JSON.get_or_init(json)).into())
    })
}

/// Frees a field and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any
/// thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_field_free(field: *mut *mut driftcore_field) {
    handle::free!(field);
}

/// Makes an event of a type, such as `execve`, without fields. `event` gets it, for
/// `driftcore_flat_event_free`. NULL anywhere but in `error`: refused. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_flat_event_new(
    event_type: *const c_char,
    event: *mut *mut driftcore_flat_event,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(event)?;
        let made = FlatEvent::new(self::event_type(event_type)?);
        handle::put!(event, handle::give(driftcore_flat_event { event: made }));
        Ok(())
    })
}

/// Makes an event of a JSON object of field names and values (docs/fields.md). `event` gets it, for
/// `driftcore_flat_event_free`. NULL anywhere but in `error`: refused. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_flat_event_parse(
    json: *const c_char,
    length: usize,
    event: *mut *mut driftcore_flat_event,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(event)?;
        let bytes = text::bytes("json", json.cast::<u8>(), length)?;
        let json =
            std::str::from_utf8(bytes).map_err(|_| Failure::argument("`json` is not UTF-8"))?;
        let made = FlatEvent::parse(json)?;
        handle::put!(event, handle::give(driftcore_flat_event { event: made }));
        Ok(())
    })
}

/// Forgets all fields and takes a type, NULL: the one that it has. NULL for the event: refused. One
/// thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_flat_event_reset(
    event: *mut driftcore_flat_event,
    event_type: *const c_char,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let event = &mut handle::borrow_mut!(event)?.event;
        let kind = match event_type.is_null() {
            true => event.event_type(),
            false => self::event_type(event_type)?,
        };
        event.reset(kind);
        Ok(())
    })
}

/// Frees an event and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread, while no
/// other uses it. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_flat_event_free(event: *mut *mut driftcore_flat_event) {
    handle::free!(event);
}

/// Sets, or appends, a value.
fn give(
    event: *mut driftcore_flat_event,
    field: *const driftcore_field,
    value: Value<'_>,
    append: bool,
) -> Result<(), Failure> {
    let event = &mut handle::borrow_mut!(event)?.event;
    let field = &handle::borrow!(field)?.field;
    let outcome = if append { event.push(field, value) } else { event.set(field, value) };
    Ok(outcome?)
}

fn address(bytes: *const u8, length: usize) -> Result<IpAddr, Failure> {
    match text::bytes("address", bytes, length)? {
        &[a, b, c, d] => Ok(IpAddr::from([a, b, c, d])),
        bytes => <[u8; 16]>::try_from(bytes)
            .map(IpAddr::from)
            .map_err(|_| Failure::argument("an address has 4 or 16 bytes")),
    }
}

/// Sets a text or path, or bytes; the text is copied, and may hold any byte but NUL (bytes: NUL
/// too). NULL anywhere but in `error`: refused, but for `text` when `length` is 0. A field of
/// another type: `DRIFTCORE_STATUS_WRONG_TYPE`. One thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_flat_event_set_text(
    event: *mut driftcore_flat_event,
    field: *const driftcore_field,
    text: *const c_char,
    length: usize,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let bytes = text::bytes("text", text.cast::<u8>(), length)?;
        give(event, field, value_of_text(field, bytes)?, false)
    })
}

/// Sets a number: a count, an id, a port, a time or duration in nanoseconds. NULL anywhere but in
/// `error`: refused. One thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_flat_event_set_unsigned(
    event: *mut driftcore_flat_event,
    field: *const driftcore_field,
    value: u64,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || give(event, field, Value::Unsigned(value), false))
}

/// Sets a number that may be negative. NULL anywhere but in `error`: refused. One thread at a time.
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_flat_event_set_signed(
    event: *mut driftcore_flat_event,
    field: *const driftcore_field,
    value: i64,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || give(event, field, Value::Signed(value), false))
}

/// Sets a truth value: false for 0, true for all others. NULL anywhere but in `error`: refused. One
/// thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_flat_event_set_bool(
    event: *mut driftcore_flat_event,
    field: *const driftcore_field,
    value: u32,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || give(event, field, Value::Bool(value != 0), false))
}

/// Sets an IP address, 4 or 16 bytes in network order. NULL anywhere but in `error`: refused. One
/// thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_flat_event_set_address(
    event: *mut driftcore_flat_event,
    field: *const driftcore_field,
    address: *const u8,
    length: usize,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || give(event, field, Value::Address(self::address(address, length)?), false))
}

/// Appends a text to a field that holds a list; ancestors from the parent upwards. Otherwise as
/// `driftcore_flat_event_set_text`. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_flat_event_add_text(
    event: *mut driftcore_flat_event,
    field: *const driftcore_field,
    text: *const c_char,
    length: usize,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let bytes = text::bytes("text", text.cast::<u8>(), length)?;
        give(event, field, value_of_text(field, bytes)?, true)
    })
}

/// Appends a number to a field that holds a list. Otherwise as `driftcore_flat_event_set_unsigned`.
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_flat_event_add_unsigned(
    event: *mut driftcore_flat_event,
    field: *const driftcore_field,
    value: u64,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || give(event, field, Value::Unsigned(value), true))
}

/// Appends a number that may be negative to a field that holds a list. Otherwise as
/// `driftcore_flat_event_set_signed`. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_flat_event_add_signed(
    event: *mut driftcore_flat_event,
    field: *const driftcore_field,
    value: i64,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || give(event, field, Value::Signed(value), true))
}

/// Appends an IP address to a field that holds a list. Otherwise as
/// `driftcore_flat_event_set_address`. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_flat_event_add_address(
    event: *mut driftcore_flat_event,
    field: *const driftcore_field,
    address: *const u8,
    length: usize,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || give(event, field, Value::Address(self::address(address, length)?), true))
}

/// Appends an ancestor of which this is not known; the chain goes on above it. Otherwise as
/// `driftcore_flat_event_add_text`. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_flat_event_add_missing(
    event: *mut driftcore_flat_event,
    field: *const driftcore_field,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || give(event, field, Value::Missing, true))
}

/// Takes a field away, but for `evt.type`. NULL anywhere but in `error`: refused. One thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_flat_event_clear(
    event: *mut driftcore_flat_event,
    field: *const driftcore_field,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || give(event, field, Value::Missing, false))
}

/// Text, or bytes where the field holds bytes.
fn value_of_text(field: *const driftcore_field, bytes: &[u8]) -> Result<Value<'_>, Failure> {
    Ok(match handle::borrow!(field)?.field.kind() {
        FieldType::Bytes => Value::Bytes(bytes),
        _ => Value::Text(bytes),
    })
}
