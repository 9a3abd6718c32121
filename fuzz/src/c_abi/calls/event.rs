//! Events and alerts.

use std::ptr::null_mut;

use driftcore_ffi::alert::driftcore_alert;
use driftcore_ffi::alert::driftcore_alert_copy;
use driftcore_ffi::alert::driftcore_alert_get;
use driftcore_ffi::alert::driftcore_alert_tag;
use driftcore_ffi::event::driftcore_event_ancestor;
use driftcore_ffi::event::driftcore_event_ancestor_argument;
use driftcore_ffi::event::driftcore_event_argument;
use driftcore_ffi::event::driftcore_event_container;
use driftcore_ffi::event::driftcore_event_copy;
use driftcore_ffi::event::driftcore_event_file;
use driftcore_ffi::event::driftcore_event_get;
use driftcore_ffi::event::driftcore_event_label;
use driftcore_ffi::event::driftcore_event_lost;
use driftcore_ffi::event::driftcore_event_network;
use driftcore_ffi::event::driftcore_event_parse;
use driftcore_ffi::event::driftcore_event_process;
use driftcore_ffi::event::driftcore_event_writer;

use crate::c_abi::memory::pointer;
use crate::c_abi::memory::text;
use crate::c_abi::op::EventPart;
use crate::c_abi::op::Index;
use crate::c_abi::op::Size;
use crate::c_abi::op::Slot;
use crate::c_abi::op::Words;
use crate::c_abi::read;
use crate::c_abi::tables;
use crate::c_abi::world::World;

impl World<'_> {
    pub(super) fn parse_event(&self, slot: Slot, json: &Words) {
        let bytes = json.bytes(tables::EVENTS);
        let (data, length) = (pointer(bytes.as_deref()), json.length(bytes.as_deref()));
        let done = self.making(&self.events, slot, |place, error| {
            // SAFETY: that many bytes, or NULL; a place or NULL.
            unsafe { driftcore_event_parse(data, length, place, error) }
        });
        if done {
            read::event(self.events.get(slot));
        }
    }

    pub(super) fn copy_event(&self, from: Slot, to: Slot) {
        let event = self.events.get(from);
        // SAFETY: NULL, or an event that is there.
        let copy = unsafe { driftcore_event_copy(event) };
        assert_eq!(copy.is_null(), event.is_null());
        self.events.put(to, copy);
    }

    pub(super) fn event_part(&self, slot: Slot, part: EventPart, index: Index, size: Size) {
        let (event, index) = (self.events.get(slot), index.get());
        // SAFETY: in all of these, NULL or what is there; a record of the size that it says.
        unsafe {
            match part {
                EventPart::Info => self.fill(size, |record| {
                    self.fallible(|error| driftcore_event_get(event, record, error))
                }),
                EventPart::Lost => {
                    driftcore_event_lost(event, index, null_mut());
                }
                EventPart::Container => {
                    self.fill(size, |record| driftcore_event_container(event, record) == 1);
                }
                EventPart::Label => {
                    text(driftcore_event_label(event, index, null_mut()));
                }
                EventPart::File => {
                    self.fill(size, |record| driftcore_event_file(event, record) == 1);
                }
                EventPart::Writer => {
                    self.fill(size, |record| driftcore_event_writer(event, record) == 1);
                }
                EventPart::Network => {
                    self.fill(size, |record| driftcore_event_network(event, record) == 1);
                }
                EventPart::Process => {
                    self.fill(size, |record| driftcore_event_process(event, record) == 1);
                }
                EventPart::Argument => {
                    text(driftcore_event_argument(event, index));
                }
                EventPart::Ancestor => {
                    self.fill(size, |record| driftcore_event_ancestor(event, index, record) == 1);
                }
                EventPart::AncestorArgument(argument) => {
                    text(driftcore_event_ancestor_argument(event, index, argument.get()));
                }
            }
        }
    }

    pub(in crate::c_abi) fn copy_alert(&self, alert: *const driftcore_alert, to: Slot) {
        // SAFETY: NULL, or an alert that is there.
        let copy = unsafe { driftcore_alert_copy(alert) };
        assert_eq!(copy.is_null(), alert.is_null());
        read::alert(copy);
        self.alerts.put(to, copy);
    }

    pub(super) fn get_alert(&self, slot: Slot, size: Size) {
        let alert = self.alerts.get(slot);
        self.fill(size, |record| {
            // SAFETY: NULL or what is there; a record of the size that it says.
            self.fallible(|error| unsafe { driftcore_alert_get(alert, record, error) })
        });
    }

    pub(super) fn alert_tag(&self, slot: Slot, index: Index) {
        // SAFETY: NULL, or an alert that is there.
        text(unsafe { driftcore_alert_tag(self.alerts.get(slot), index.get()) });
    }
}
