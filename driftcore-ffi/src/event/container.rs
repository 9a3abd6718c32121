//! The container that an event happened in.

use driftcore::event::Container;
use driftcore::event::Timestamp;

use crate::event::driftcore_event;
use crate::guard::quiet;
use crate::handle;
use crate::sized;
use crate::sized::sized;
use crate::text::driftcore_text;

/// A container. Texts are borrowed from where it came from; those that are not known are absent.
/// Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_container {
    /// `sizeof(driftcore_container)`, set by the caller.
    pub size: usize,
    /// The runtime's id, as long as it has it.
    pub id: driftcore_text,
    /// The name.
    pub name: driftcore_text,
    /// The runtime.
    pub runtime: driftcore_text,
    /// The image's reference.
    pub image: driftcore_text,
    /// The image's manifest digest.
    pub image_digest: driftcore_text,
    /// The image's config digest.
    pub image_id: driftcore_text,
    /// The pod's name.
    pub pod: driftcore_text,
    /// The pod's namespace.
    pub pod_namespace: driftcore_text,
    /// When it started: nanoseconds since the epoch; 0 when that is not known.
    pub started_at_ns: i64,
    /// How many labels it has (`driftcore_event_label`).
    pub label_count: usize,
}

sized!(driftcore_container {
    id: driftcore_text,
    name: driftcore_text,
    runtime: driftcore_text,
    image: driftcore_text,
    image_digest: driftcore_text,
    image_id: driftcore_text,
    pod: driftcore_text,
    pod_namespace: driftcore_text,
    started_at_ns: i64,
    label_count: usize,
} first: 152);

pub(crate) fn filled(container: &Container) -> driftcore_container {
    driftcore_container {
        size: 0,
        id: (&*container.id).into(),
        name: container.name.as_deref().into(),
        runtime: (&*container.runtime).into(),
        image: container.image.as_deref().into(),
        image_digest: container.image_digest.as_deref().into(),
        image_id: container.image_id.as_deref().into(),
        pod: container.pod.as_deref().into(),
        pod_namespace: container.namespace.as_deref().into(),
        started_at_ns: container.started_at.map_or(0, Timestamp::as_nanos),
        label_count: container.labels.len(),
    }
}

/// Fills a record, whose size is set, with the event's container, and returns 1; 0 when the event
/// has none, or for NULL or a wrong size; then the record
/// is all zero behind its size. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_event_container(
    event: *const driftcore_event,
    container: *mut driftcore_container,
) -> u32 {
    quiet(0, || {
        let event = handle::lend!(event);
        let of_event = event.and_then(|event| event.get().container.as_ref());
        Some(sized::fill(container, of_event.map(filled)))
    })
}

/// A label of the event's container, by index in the order of their keys: the value, and in `key`
/// (NULL: not wanted) the key. NULL, or no such index: absent, the key too. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_event_label(
    event: *const driftcore_event,
    index: usize,
    key: *mut driftcore_text,
) -> driftcore_text {
    quiet(driftcore_text::ABSENT, || {
        let event = handle::lend!(event);
        Some(label(event.and_then(|event| event.get().container.as_ref()), index, key))
    })
}

/// A label by its index; the key goes where it is wanted.
pub(crate) fn label(
    container: Option<&Container>,
    index: usize,
    key: *mut driftcore_text,
) -> driftcore_text {
    let found = container.and_then(|container| container.labels.iter().nth(index));
    if !key.is_null() {
        handle::put!(key, found.map(|(name, _)| &**name).into());
    }
    found.map(|(_, value)| &**value).into()
}
