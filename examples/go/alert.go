package driftcore

// #include "bridge.h"
//
// static const driftcore_event *alert_event(uintptr_t alert) {
//     return driftcore_alert_event((const driftcore_alert *)alert);
// }
import "C"

import "time"

// An Alert is a rule that matched an event. What holds for an [Event] holds for it: it belongs to
// the handler that got it, unless [Alert.Keep] is called.
type Alert struct {
	Rule     string
	Priority Priority
	Time     time.Time // of the event, UTC

	object   *C.driftcore_alert // nil once it is gone
	info     C.driftcore_alert_info
	source   lazy[string]
	message  lazy[string]
	uuid     lazy[string]
	hostname lazy[string]
	tags     lazy[[]string]
	json     lazy[string]
	line     lazy[string]
	event    lazy[*Event]
}

func newAlert(object *C.driftcore_alert, info C.driftcore_alert_info) *Alert {
	return &Alert{
		Rule:     text(info.rule),
		Priority: Priority(info.priority),
		Time:     timeOf(info.time_ns),
		object:   object,
		info:     info,
	}
}

// Keep copies everything that was not asked for so far, the event and the JSON forms included, and
// returns the alert itself, which is plain Go data from then on.
func (a *Alert) Keep() *Alert {
	a.Source()
	a.Message()
	a.UUID()
	a.Hostname()
	a.Tags()
	a.JSON()
	a.Line()
	if event := a.Event(); event != nil {
		event.Keep()
	}
	return a
}

// Source is the source of the rule's events, "syscall".
func (a *Alert) Source() string {
	return a.source.of(func() string { a.here(); return text(a.info.source) })
}

// Message is the rule's output, without time and priority.
func (a *Alert) Message() string {
	return a.message.of(func() string { a.here(); return text(a.info.message) })
}

// UUID is this alert's identity.
func (a *Alert) UUID() string {
	return a.uuid.of(func() string { a.here(); return text(a.info.uuid) })
}

// Hostname is the node's name.
func (a *Alert) Hostname() string {
	return a.hostname.of(func() string { a.here(); return text(a.info.hostname) })
}

// Tags are the rule's.
func (a *Alert) Tags() []string {
	return a.tags.of(func() []string {
		tags := make([]string, a.info.tag_count)
		for index := range tags {
			tags[index] = text(C.driftcore_alert_tag(a.here(), C.size_t(index)))
		}
		return tags
	})
}

// JSON is Falco's JSON object for the alert, with uuid and drift added: one line without its end.
func (a *Alert) JSON() string {
	return a.json.of(func() string { return text(C.driftcore_alert_json(a.here())) })
}

// Line is Falco's text line in UTC, "HH:MM:SS.nnnnnnnnn: Priority message", control characters
// escaped.
func (a *Alert) Line() string {
	return a.line.of(func() string { return text(C.driftcore_alert_line(a.here())) })
}

// Event is what the alert is about; nil where it is about a [FlatEvent].
func (a *Alert) Event() *Event {
	return a.event.of(func() *Event {
		// Its event is borrowed from the alert, and goes with it.
		object := C.alert_event(ref(a.here()))
		if object == nil {
			return nil
		}
		return eventOf(object)
	})
}

// gone ends the time in which the alert may be asked.
func (a *Alert) gone() {
	a.object = nil
	if event := a.event.value; event != nil {
		event.object = nil
	}
}

// here is the library's alert, for as long as it is there.
func (a *Alert) here() *C.driftcore_alert {
	if a.object == nil {
		panic("driftcore: an alert was asked for more after its handler had returned: call Keep before")
	}
	return a.object
}
