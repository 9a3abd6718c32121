//! Fields, and events made of them.

use driftcore_ffi::flat::driftcore_field_find;
use driftcore_ffi::flat::driftcore_flat_event_add_address;
use driftcore_ffi::flat::driftcore_flat_event_add_signed;
use driftcore_ffi::flat::driftcore_flat_event_add_text;
use driftcore_ffi::flat::driftcore_flat_event_add_unsigned;
use driftcore_ffi::flat::driftcore_flat_event_clear;
use driftcore_ffi::flat::driftcore_flat_event_new;
use driftcore_ffi::flat::driftcore_flat_event_parse;
use driftcore_ffi::flat::driftcore_flat_event_reset;
use driftcore_ffi::flat::driftcore_flat_event_set_address;
use driftcore_ffi::flat::driftcore_flat_event_set_bool;
use driftcore_ffi::flat::driftcore_flat_event_set_signed;
use driftcore_ffi::flat::driftcore_flat_event_set_text;
use driftcore_ffi::flat::driftcore_flat_event_set_unsigned;

use crate::c_abi::memory::pointer;
use crate::c_abi::memory::string;
use crate::c_abi::op::FieldValue;
use crate::c_abi::op::Slot;
use crate::c_abi::op::Words;
use crate::c_abi::tables;
use crate::c_abi::world::World;

impl World<'_> {
    pub(super) fn find_field(&self, slot: Slot, name: &Words) {
        let name = name.c_string(tables::FIELDS);
        self.making(&self.fields, slot, |place, error| {
            // SAFETY: a C string or NULL; a place or NULL.
            unsafe { driftcore_field_find(string(&name), place, error) }
        });
    }

    pub(super) fn new_flat(&self, slot: Slot, kind: &Words) {
        let kind = kind.c_string(tables::EVENT_TYPES);
        self.making(&self.flats, slot, |place, error| {
            // SAFETY: a C string or NULL; a place or NULL.
            unsafe { driftcore_flat_event_new(string(&kind), place, error) }
        });
    }

    pub(super) fn parse_flat(&self, slot: Slot, json: &Words) {
        let bytes = json.bytes(tables::FLAT_EVENTS);
        let (data, length) = (pointer(bytes.as_deref()), json.length(bytes.as_deref()));
        self.making(&self.flats, slot, |place, error| {
            // SAFETY: that many bytes, or NULL; a place or NULL.
            unsafe { driftcore_flat_event_parse(data, length, place, error) }
        });
    }

    pub(super) fn reset_flat(&self, slot: Slot, kind: &Words) {
        let kind = kind.c_string(tables::EVENT_TYPES);
        let event = self.flats.get(slot);
        let done = self.fallible(|error| {
            // SAFETY: NULL or what is there; a C string or NULL.
            unsafe { driftcore_flat_event_reset(event, string(&kind), error) }
        });
        assert!(!done || !event.is_null());
        assert!(done || event.is_null() || kind.is_some(), "its own type is always taken");
    }

    pub(super) fn set_field(&self, event: Slot, field: Slot, value: &FieldValue, add: bool) {
        let (event, field) = (self.flats.get(event), self.fields.get(field));
        let done = match value {
            FieldValue::Text(words) => {
                let bytes = words.bytes(tables::FIELD_TEXTS);
                let (data, length) = (pointer(bytes.as_deref()), words.length(bytes.as_deref()));
                // SAFETY: NULL or what is there; that many bytes, or NULL.
                self.fallible(|error| unsafe {
                    match add {
                        true => driftcore_flat_event_add_text(event, field, data, length, error),
                        false => driftcore_flat_event_set_text(event, field, data, length, error),
                    }
                })
            }
            // SAFETY: NULL or what is there.
            FieldValue::Unsigned(value) => self.fallible(|error| unsafe {
                match add {
                    true => driftcore_flat_event_add_unsigned(event, field, *value, error),
                    false => driftcore_flat_event_set_unsigned(event, field, *value, error),
                }
            }),
            // SAFETY: NULL or what is there.
            FieldValue::Signed(value) => self.fallible(|error| unsafe {
                match add {
                    true => driftcore_flat_event_add_signed(event, field, *value, error),
                    false => driftcore_flat_event_set_signed(event, field, *value, error),
                }
            }),
            // SAFETY: NULL or what is there.
            FieldValue::Bool(value) => self.fallible(|error| unsafe {
                driftcore_flat_event_set_bool(event, field, *value, error)
            }),
            FieldValue::Address(words) => {
                let bytes = words.bytes(tables::ADDRESSES);
                let (data, length) = (pointer(bytes.as_deref()), words.length(bytes.as_deref()));
                // SAFETY: NULL or what is there; that many bytes, or NULL.
                self.fallible(|error| unsafe {
                    match add {
                        true => driftcore_flat_event_add_address(event, field, data, length, error),
                        false => {
                            driftcore_flat_event_set_address(event, field, data, length, error)
                        }
                    }
                })
            }
        };
        assert!(!done || !(event.is_null() || field.is_null()));
    }

    pub(super) fn clear_field(&self, event: Slot, field: Slot) {
        let (event, field) = (self.flats.get(event), self.fields.get(field));
        // SAFETY: NULL or what is there.
        let clear = |error| unsafe { driftcore_flat_event_clear(event, field, error) };
        let done = self.fallible(clear);
        assert!(!done || !(event.is_null() || field.is_null()));
    }
}
