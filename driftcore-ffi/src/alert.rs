//! A rule that matched.

use std::sync::OnceLock;

use driftcore::event::Timestamp;
use driftcore::matcher::Alert;
use driftcore::matcher::Priority;
use serde_json::Value;
use uuid::Uuid;

use crate::error::driftcore_error;
use crate::event::driftcore_event;
use crate::guard::guard;
use crate::guard::quiet;
use crate::handle;
use crate::rules::driftcore_priority;
use crate::sized;
use crate::sized::sized;
use crate::status::driftcore_status;
use crate::text::driftcore_text;

/// A rule that matched an event. A callback gets it for as long as it runs; `driftcore_alert_copy`
/// makes one that stays. Never changes; any number of threads may read it. Since 0.1.0.
#[derive(Debug)]
pub struct driftcore_alert {
    held: Held,
    event: Option<driftcore_event>,
    json: OnceLock<String>,
    line: OnceLock<String>,
    uuid: OnceLock<String>,
}

#[derive(Debug)]
enum Held {
    /// Parts of somebody who keeps them for longer than this.
    Borrowed(Alert<'static>),
    Owned(Box<Owned>),
}

#[derive(Debug)]
struct Owned {
    rule: String,
    priority: Priority,
    tags: Vec<String>,
    source: String,
    message: String,
    fields: Vec<(Box<str>, Value)>,
    time: Timestamp,
    uuid: Uuid,
    hostname: String,
}

impl driftcore_alert {
    /// A view of an alert.
    ///
    /// # Safety
    ///
    /// The alert outlives the view.
    pub(crate) unsafe fn borrowed(alert: &Alert<'_>) -> Self {
        // SAFETY: only the lifetime changes; whoever calls promises that the parts live longer than
        // the view, and nothing of the view gives them away for longer than it is borrowed itself.
        let alert: Alert<'static> =
            unsafe { std::mem::transmute::<Alert<'_>, Alert<'static>>(alert.clone()) };
        // SAFETY: the event is a part of the alert.
        let event = alert.event.map(|event| unsafe { driftcore_event::borrowed(event) });
        Self::new(Held::Borrowed(alert), event)
    }

    fn owned(alert: &Alert<'_>) -> Self {
        let owned = Owned {
            rule: alert.rule.to_owned(),
            priority: alert.priority,
            tags: alert.tags.to_vec(),
            source: alert.source.to_owned(),
            message: alert.message.to_owned(),
            fields: alert.fields.to_vec(),
            time: alert.time,
            uuid: alert.uuid,
            hostname: alert.hostname.to_owned(),
        };
        let event = alert.event.map(|event| driftcore_event::owned(event.clone()));
        Self::new(Held::Owned(Box::new(owned)), event)
    }

    fn new(held: Held, event: Option<driftcore_event>) -> Self {
        let (json, line, uuid) = <(OnceLock<_>, OnceLock<_>, OnceLock<_>)>::default();
        Self { held, event, json, line, uuid }
    }

    fn get(&self) -> Alert<'_> {
        match &self.held {
            Held::Borrowed(alert) => alert.clone(),
            Held::Owned(owned) => Alert {
                rule: &owned.rule,
                priority: owned.priority,
                tags: &owned.tags,
                source: &owned.source,
                message: &owned.message,
                fields: &owned.fields,
                time: owned.time,
                uuid: owned.uuid,
                hostname: &owned.hostname,
                event: self.event.as_ref().map(driftcore_event::get),
            },
        }
    }
}

/// What an alert says. Texts are borrowed from the alert. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_alert_info {
    /// `sizeof(driftcore_alert_info)`, set by the caller.
    pub size: usize,
    /// The rule's name.
    pub rule: driftcore_text,
    /// The rule's source of events.
    pub source: driftcore_text,
    /// The rule's output, without time and priority.
    pub message: driftcore_text,
    /// This alert's identity, a UUID.
    pub uuid: driftcore_text,
    /// The node's name.
    pub hostname: driftcore_text,
    /// When the event happened: nanoseconds since the epoch.
    pub time_ns: i64,
    /// How many tags the rule has (`driftcore_alert_tag`).
    pub tag_count: usize,
    /// A `driftcore_priority`.
    pub priority: u32,
    /// Zero.
    pub reserved: u32,
}

sized!(driftcore_alert_info {
    rule: driftcore_text,
    source: driftcore_text,
    message: driftcore_text,
    uuid: driftcore_text,
    hostname: driftcore_text,
    time_ns: i64,
    tag_count: usize,
    priority: u32,
    reserved: u32,
} first: 112);

/// Fills a record, whose size is set, with what an alert says. NULL anywhere but in `error`:
/// refused. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_alert_get(
    alert: *const driftcore_alert,
    info: *mut driftcore_alert_info,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let object = handle::borrow!(alert)?;
        let alert = object.get();
        let filled = driftcore_alert_info {
            size: 0,
            rule: alert.rule.into(),
            source: alert.source.into(),
            message: alert.message.into(),
            uuid: (&**object.uuid.get_or_init(|| alert.uuid.to_string())).into(),
            hostname: alert.hostname.into(),
            time_ns: alert.time.as_nanos(),
            tag_count: alert.tags.len(),
            priority: driftcore_priority::from(alert.priority) as u32,
            reserved: 0,
        };
        sized::write("info", info, &filled)
    })
}

/// A tag of the alert's rule. NULL, or no such index: absent. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_alert_tag(
    alert: *const driftcore_alert,
    index: usize,
) -> driftcore_text {
    quiet(driftcore_text::ABSENT, || {
        let alert = handle::lend!(alert)?.get();
        Some((&**alert.tags.get(index)?).into())
    })
}

/// The event that the alert is about, borrowed from the alert; NULL where the event has no such
/// form (a flat event), and for NULL. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_alert_event(
    alert: *const driftcore_alert,
) -> *const driftcore_event {
    quiet(std::ptr::null(), || Some(std::ptr::from_ref(handle::lend!(alert)?.event.as_ref()?)))
}

/// The alert as Falco's JSON object, with `uuid` and `drift` added, one line without its end;
/// borrowed from the alert, made at the first call. NULL: absent. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_alert_json(alert: *const driftcore_alert) -> driftcore_text {
    quiet(driftcore_text::ABSENT, || {
        let alert = handle::lend!(alert)?;
        // An alert has text keys only, and so always has a JSON form.
        let json = || serde_json::to_string(&alert.get()).unwrap_or_default();
        Some((&**alert.json.get_or_init(json)).into())
    })
}

/// The alert as Falco's text line, `HH:MM:SS.nnnnnnnnn: Priority message` in UTC, control characters
/// escaped; borrowed from the alert, made at the first call. NULL: absent. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_alert_line(alert: *const driftcore_alert) -> driftcore_text {
    quiet(driftcore_text::ABSENT, || {
        let alert = handle::lend!(alert)?;
        Some((&**alert.line.get_or_init(|| alert.get().to_string())).into())
    })
}

/// A copy that outlives the callback, with its event, for `driftcore_alert_free`. NULL: NULL. Any
/// thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_alert_copy(
    alert: *const driftcore_alert,
) -> *mut driftcore_alert {
    quiet(std::ptr::null_mut(), || {
        Some(handle::give(driftcore_alert::owned(&handle::lend!(alert)?.get())))
    })
}

/// Frees a copied alert and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Not
/// for the alert of a callback. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_alert_free(alert: *mut *mut driftcore_alert) {
    handle::free!(alert);
}
