//! What an event says of how a container is set up.

use driftcore::event::ConfigMark;
use driftcore::event::DriftEvent;

use crate::event::driftcore_event;
use crate::event::driftcore_origin;
use crate::guard::quiet;
use crate::handle;
use crate::sized;
use crate::sized::sized;
use crate::text::driftcore_text;

/// What makes a difference from what was declared more than that. New values may be added. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_mark {
    /// Nothing.
    DRIFTCORE_MARK_NONE = 0,
    /// One that this header does not name.
    DRIFTCORE_MARK_OTHER = 1,
    /// The variable makes programs load or run other code.
    DRIFTCORE_MARK_CODE_INJECTION = 2,
    /// The socket of a container runtime: who may use it rules the host.
    DRIFTCORE_MARK_RUNTIME_SOCKET = 3,
    /// A directory or file of the host.
    DRIFTCORE_MARK_HOST_PATH = 4,
    /// The kubelet's way to bring other content of a secret or a config map, all of it at once.
    DRIFTCORE_MARK_ROTATION = 5,
}

impl From<Option<ConfigMark>> for driftcore_mark {
    fn from(mark: Option<ConfigMark>) -> Self {
        match mark {
            None => Self::DRIFTCORE_MARK_NONE,
            Some(ConfigMark::CodeInjection) => Self::DRIFTCORE_MARK_CODE_INJECTION,
            Some(ConfigMark::RuntimeSocket) => Self::DRIFTCORE_MARK_RUNTIME_SOCKET,
            Some(ConfigMark::HostPath) => Self::DRIFTCORE_MARK_HOST_PATH,
            Some(ConfigMark::Rotation) => Self::DRIFTCORE_MARK_ROTATION,
            Some(_) => Self::DRIFTCORE_MARK_OTHER,
        }
    }
}

/// An item of a container's configuration; the event's action says of which part. Texts are borrowed from the event
/// and may be any bytes. Of what may be a secret there is only `sha256:` and the digest. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_config {
    /// `sizeof(driftcore_config)`, set by the caller.
    pub size: usize,
    /// Which: a variable, a mount point, a file, a set of capabilities, a limit.
    pub item: driftcore_text,
    /// What was declared; absent where nothing was.
    pub declared: driftcore_text,
    /// What is; absent where it is not there.
    pub live: driftcore_text,
    /// A `driftcore_mark`.
    pub mark: u32,
    /// A `driftcore_origin`: where it was changed from, as far as that was seen.
    pub origin: u32,
    /// 1 when the difference, which was reported before, is no more.
    pub ended: u32,
    /// Zero.
    pub reserved: u32,
}

sized!(driftcore_config {
    item: driftcore_text,
    declared: driftcore_text,
    live: driftcore_text,
    mark: u32,
    origin: u32,
    ended: u32,
    reserved: u32,
} first: 72);

fn record(event: &DriftEvent) -> Option<driftcore_config> {
    let it = event.config.as_ref()?;
    let origin = it.origin.map_or(driftcore_origin::DRIFTCORE_ORIGIN_UNKNOWN, Into::into);
    Some(driftcore_config {
        size: 0,
        item: (&it.item).into(),
        declared: it.declared.as_ref().into(),
        live: it.live.as_ref().into(),
        mark: driftcore_mark::from(it.mark) as u32,
        origin: origin as u32,
        ended: event.ended.into(),
        reserved: 0,
    })
}

/// Fills a record, whose size is set, with the item of a container's configuration that the event is about, and
/// returns 1; 0 when it is about none, or for NULL or a wrong size; then the record is all zero behind its size. Any
/// thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_event_config(
    event: *const driftcore_event,
    config: *mut driftcore_config,
) -> u32 {
    quiet(0, || {
        let event = handle::lend!(event).map(driftcore_event::get);
        Some(sized::fill(config, event.and_then(record)))
    })
}
