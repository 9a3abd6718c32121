//! Each op as a call.

mod classify;
mod engine;
mod event;
mod flat;
mod inspect;
mod matcher;
mod rules;

use std::ffi::CStr;

use driftcore_ffi::event::driftcore_verdict_name;
use driftcore_ffi::version::driftcore_version;

use super::memory::Record;
use super::op::Op;
use super::op::Size;
use super::world::World;

impl World<'_> {
    /// Makes the call that an op stands for.
    pub(super) fn call(&self, op: Op) {
        match op {
            Op::OptionsNew(slot) => self.new_options(slot),
            Op::OptionsSet(slot, name, value) => self.set_option(slot, &name, &value),
            Op::OptionsFree(slot) => self.options.free(slot),
            Op::SourcesNew(slot) => self.new_sources(slot),
            Op::SourcesAddShipped(slot) => self.add_shipped(slot),
            Op::SourcesAddPath(slot, path) => self.add_path(slot, &path),
            Op::SourcesAddText(slot, name, text) => self.add_text(slot, &name, &text),
            Op::SourcesFree(slot) => self.sources.free(slot),
            Op::RulesLoad { sources, options, rules, diagnostics } => {
                self.load_rules(sources, options, rules, diagnostics);
            }
            Op::RulesGet(slot, index, size) => self.get_rule(slot, index, size),
            Op::RulesTag(slot, index, tag) => self.rule_tag(slot, index, tag),
            Op::RulesFree(slot) => self.rules.free(slot),
            Op::DiagnosticsGet(slot, index, size) => self.get_diagnostic(slot, index, size),
            Op::DiagnosticsFree(slot) => self.diagnostics.free(slot),
            Op::ErrorRead(slot) => super::read::kept_error(self.errors.get(slot)),
            Op::ErrorFree(slot) => self.errors.free(slot),
            Op::FieldFind(slot, name) => self.find_field(slot, &name),
            Op::FieldFree(slot) => self.fields.free(slot),
            Op::FlatNew(slot, kind) => self.new_flat(slot, &kind),
            Op::FlatParse(slot, json) => self.parse_flat(slot, &json),
            Op::FlatReset(slot, kind) => self.reset_flat(slot, &kind),
            Op::FlatSet { event, field, value, add } => self.set_field(event, field, &value, add),
            Op::FlatClear(event, field) => self.clear_field(event, field),
            Op::FlatFree(slot) => self.flats.free(slot),
            Op::EventParse(slot, json) => self.parse_event(slot, &json),
            Op::EventCopy(from, to) => self.copy_event(from, to),
            Op::EventPart(slot, part, index, size) => self.event_part(slot, part, index, size),
            Op::EventRead(slot) => super::read::event(self.events.get(slot)),
            Op::EventFree(slot) => self.events.free(slot),
            Op::MatcherNew(slot, rules) => self.new_matcher(slot, rules),
            Op::MatcherSetRules(slot, rules) => self.set_rules(slot, rules),
            Op::Match { matcher, event, places, capacity } => {
                self.match_one(matcher, event, places, capacity);
            }
            Op::MatchBatch { matcher, events, places, capacity } => {
                self.match_batch(matcher, events.as_deref(), places, capacity);
            }
            Op::Alerts { matcher, event, callback } => self.flat_alerts(matcher, event, callback),
            Op::EventAlerts { matcher, event, callback } => {
                self.event_alerts(matcher, event, callback);
            }
            Op::MatcherFree(slot) => self.matchers.free(slot),
            Op::AlertCopy(from, to) => self.copy_alert(self.alerts.get(from), to),
            Op::AlertRead(slot) => super::read::alert(self.alerts.get(slot)),
            Op::AlertGet(slot, size) => self.get_alert(slot, size),
            Op::AlertTag(slot, index) => self.alert_tag(slot, index),
            Op::AlertFree(slot) => self.alerts.free(slot),
            Op::LayersNew { layers, upper, lowers, started_at_ns } => {
                self.new_layers(layers, &upper, lowers.as_deref(), started_at_ns);
            }
            Op::LayersFree(slot) => self.layers.free(slot),
            Op::Classify { evidence, path, layers, options, classified } => {
                self.classify(&evidence, &path, layers, options, classified);
            }
            Op::ClassifiedGet(slot, size) => self.get_classified(slot, size),
            Op::ClassifiedRead(slot) => super::read::classified(self.classified.get(slot)),
            Op::ClassifiedFree(slot) => self.classified.free(slot),
            Op::InspectorNew(slot, options) => self.new_inspector(slot, options),
            Op::InspectorFile { inspector, process, path, classified } => {
                self.inspect_file(inspector, process, &path, classified);
            }
            Op::InspectorDescriptor { inspector, file, classified } => {
                self.inspect_descriptor(inspector, file, classified);
            }
            Op::InspectorFree(slot) => self.inspectors.free(slot),
            Op::Engine(which, slot, size) => self.engine(which, slot, size),
            Op::Names(number) => names(number),
        }
    }

    /// Fills a record of any size, and one of the header's: they say the same.
    fn fill<T: Copy>(&self, size: Size, call: impl Fn(*mut T) -> bool) {
        let record = Record::<T>::new(size);
        if call(record.pointer()) {
            let exact = Record::<T>::exact();
            assert!(call(exact.pointer()), "the header's size does as well");
            record.is_as(&exact);
        }
    }
}

fn names(number: u32) {
    for name in [driftcore_verdict_name(number), driftcore_version()] {
        // SAFETY: a C string that is always there.
        let name = unsafe { CStr::from_ptr(name) };
        assert!(name.to_str().is_ok_and(|name| !name.is_empty()));
    }
}
