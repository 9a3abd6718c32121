//! Options, sources, rules, diagnostics.

use std::cell::Cell;
use std::ffi::CString;
use std::ptr::dangling_mut;
use std::ptr::null_mut;

use driftcore_ffi::options::driftcore_options_new;
use driftcore_ffi::options::driftcore_options_set;
use driftcore_ffi::rules::driftcore_diagnostics_get;
use driftcore_ffi::rules::driftcore_rules_get;
use driftcore_ffi::rules::driftcore_rules_load;
use driftcore_ffi::rules::driftcore_rules_tag;
use driftcore_ffi::rules::driftcore_sources_add_path;
use driftcore_ffi::rules::driftcore_sources_add_shipped;
use driftcore_ffi::rules::driftcore_sources_add_text;
use driftcore_ffi::rules::driftcore_sources_new;
use driftcore_ffi::status::driftcore_status;

use crate::c_abi::memory::pointer;
use crate::c_abi::memory::string;
use crate::c_abi::memory::text;
use crate::c_abi::op::Index;
use crate::c_abi::op::Size;
use crate::c_abi::op::Slot;
use crate::c_abi::op::Words;
use crate::c_abi::read;
use crate::c_abi::tables;
use crate::c_abi::world::World;

impl World<'_> {
    pub(super) fn new_options(&self, slot: Slot) {
        let options = driftcore_options_new();
        assert!(!options.is_null());
        self.options.put(slot, options);
    }

    pub(super) fn set_option(&self, slot: Slot, name: &Words, value: &Words) {
        let (name, value) = (name.c_string(tables::OPTIONS), value.c_string(tables::OPTION_VALUES));
        let options = self.options.get(slot);
        let done = self.fallible(|error| {
            // SAFETY: NULL or what is there; strings end with NUL.
            unsafe { driftcore_options_set(options, string(&name), string(&value), error) }
        });
        assert!(!done || !(options.is_null() || name.is_none() || value.is_none()));
    }

    pub(super) fn new_sources(&self, slot: Slot) {
        let sources = driftcore_sources_new();
        assert!(!sources.is_null());
        self.sources.put(slot, sources);
    }

    pub(super) fn add_shipped(&self, slot: Slot) {
        let sources = self.sources.get(slot);
        if sources.is_null() || self.may_add_shipped() {
            // SAFETY: NULL, or sources that are there.
            let add = |error| unsafe { driftcore_sources_add_shipped(sources, error) };
            assert_eq!(self.fallible(add), !sources.is_null());
        }
    }

    pub(super) fn add_path(&self, slot: Slot, path: &Words) {
        let path = match path {
            Words::Known(index) | Words::Cut(index, _) => {
                let path = tables::RULE_PATHS[usize::from(*index) % tables::RULE_PATHS.len()];
                CString::new(path).ok()
            }
            _ => None,
        };
        let path = path.map(|path| path.into_bytes_with_nul().into_boxed_slice());
        let sources = self.sources.get(slot);
        let done = self.fallible(|error| {
            // SAFETY: NULL or what is there; the path ends with NUL.
            unsafe { driftcore_sources_add_path(sources, string(&path), error) }
        });
        assert!(!done || !(sources.is_null() || path.is_none()));
    }

    pub(super) fn add_text(&self, slot: Slot, name: &Words, text: &Words) {
        let name = name.c_string(tables::RULE_FILES);
        let bytes = text.bytes(tables::RULES);
        let length = text.length(bytes.as_deref());
        let (sources, data) = (self.sources.get(slot), pointer(bytes.as_deref()));
        self.fallible(|error| {
            // SAFETY: NULL or what is there; the name ends with NUL, the text has that length.
            unsafe { driftcore_sources_add_text(sources, string(&name), data, length, error) }
        });
    }

    pub(super) fn load_rules(&self, sources: Slot, options: Slot, rules: Slot, diagnostics: Slot) {
        let (sources, options) = (self.sources.get(sources), self.options.get(options));
        let (made, said) = (Cell::new(dangling_mut()), Cell::new(dangling_mut()));
        let place = if rules.index(1).is_some() { made.as_ptr() } else { null_mut() };
        let wanted = diagnostics.index(1).is_some();
        let told = if wanted { said.as_ptr() } else { null_mut() };
        let status = self.status(|error| {
            // SAFETY: NULL or what is there; places for results, or NULL.
            unsafe { driftcore_rules_load(sources, options, place, told, error) }
        });
        let done = status == driftcore_status::DRIFTCORE_STATUS_OK;
        assert!(!done || !(sources.is_null() || place.is_null()));
        if wanted {
            let errors = read::diagnostics(said.get());
            let refused = status == driftcore_status::DRIFTCORE_STATUS_RULES;
            assert_eq!(refused, errors > 0, "rules are refused for errors alone");
            assert!(said.get().is_null() || done || refused, "{status:?}");
            self.diagnostics.put(diagnostics, said.get());
        }
        if !place.is_null() {
            assert_eq!(!made.get().is_null(), done);
            read::rules(made.get());
            self.rules.put(rules, made.get());
        }
    }

    pub(super) fn get_rule(&self, slot: Slot, index: Index, size: Size) {
        let rules = self.rules.get(slot);
        self.fill(size, |record| {
            // SAFETY: NULL or what is there; a record of the size that it says.
            self.fallible(|error| unsafe { driftcore_rules_get(rules, index.get(), record, error) })
        });
    }

    pub(super) fn rule_tag(&self, slot: Slot, index: Index, tag: Index) {
        // SAFETY: NULL, or rules that are there.
        text(unsafe { driftcore_rules_tag(self.rules.get(slot), index.get(), tag.get()) });
    }

    pub(super) fn get_diagnostic(&self, slot: Slot, index: Index, size: Size) {
        let diagnostics = self.diagnostics.get(slot);
        self.fill(size, |record| {
            // SAFETY: NULL or what is there; a record of the size that it says.
            self.fallible(|error| unsafe {
                driftcore_diagnostics_get(diagnostics, index.get(), record, error)
            })
        });
    }
}
