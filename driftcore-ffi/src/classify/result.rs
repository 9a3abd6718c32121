//! A file's verdict.

use driftcore::event::Container;
use driftcore::provenance::Classified;

use crate::error::driftcore_error;
use crate::event::container_label;
use crate::event::container_record;
use crate::event::driftcore_container;
use crate::event::driftcore_evidence_kind;
use crate::event::driftcore_verdict;
use crate::guard::guard;
use crate::guard::quiet;
use crate::handle;
use crate::sized;
use crate::sized::sized;
use crate::status::driftcore_status;
use crate::text::driftcore_text;

/// A file's verdict. Never changes; any number of threads may read it. Since 0.1.0.
#[derive(Debug)]
pub struct driftcore_classified {
    pub(super) classified: Classified,
    pub(super) sha256: Option<String>,
    pub(super) container: Option<Container>,
    pub(super) path: Vec<u8>,
}

impl driftcore_classified {
    pub(super) fn new(classified: Classified, path: Vec<u8>, container: Option<Container>) -> Self {
        let sha256 = classified.sha256_text();
        Self { classified, sha256, container, path }
    }
}

/// What a verdict says. Texts are borrowed from it. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_classified_info {
    /// `sizeof(driftcore_classified_info)`, set by the caller.
    pub size: usize,
    /// The file's path as the container sees it: any bytes.
    pub path: driftcore_text,
    /// Why it has its verdict.
    pub reason: driftcore_text,
    /// SHA-256 of its content in hexadecimal; absent where it was not computed.
    pub sha256: driftcore_text,
    /// A `driftcore_verdict`.
    pub verdict: u32,
    /// A `driftcore_evidence_kind`: what the verdict rests on.
    pub evidence: u32,
    /// 1 when code from this file is drift, unless a policy says otherwise.
    pub drift: u32,
    /// 1 when the file's present state will always have this verdict.
    pub cacheable: u32,
}

sized!(driftcore_classified_info {
    path: driftcore_text,
    reason: driftcore_text,
    sha256: driftcore_text,
    verdict: u32,
    evidence: u32,
    drift: u32,
    cacheable: u32,
} first: 72);

/// Fills a record, whose size is set, with what a verdict says. NULL anywhere but in `error`:
/// refused. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_classified_get(
    classified: *const driftcore_classified,
    info: *mut driftcore_classified_info,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let object = handle::borrow!(classified)?;
        let provenance = &object.classified.provenance;
        let filled = driftcore_classified_info {
            size: 0,
            path: (&*object.path).into(),
            reason: (&*provenance.reason).into(),
            sha256: object.sha256.as_deref().into(),
            verdict: driftcore_verdict::from(provenance.verdict) as u32,
            evidence: driftcore_evidence_kind::from(provenance.evidence) as u32,
            drift: provenance.verdict.is_drift_for_code().into(),
            cacheable: object.classified.cacheable.into(),
        };
        sized::write("info", info, &filled)
    })
}

/// Fills a record, whose size is set, with the file's container, and returns 1; 0 when there is
/// none, or for NULL or a wrong size; then the record
/// is all zero behind its size. Texts are borrowed from the verdict. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_classified_container(
    classified: *const driftcore_classified,
    container: *mut driftcore_container,
) -> u32 {
    quiet(0, || {
        let of_file = handle::lend!(classified).and_then(|it| it.container.as_ref());
        Some(sized::fill(container, of_file.map(container_record)))
    })
}

/// A label of the file's container, by index in the order of their keys: the value, and in `key`
/// (NULL: not wanted) the key. NULL, or no such index: absent, the key too. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_classified_label(
    classified: *const driftcore_classified,
    index: usize,
    key: *mut driftcore_text,
) -> driftcore_text {
    quiet(driftcore_text::ABSENT, || {
        let of_file = handle::lend!(classified).and_then(|it| it.container.as_ref());
        Some(container_label(of_file, index, key))
    })
}

/// Frees a verdict and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any
/// thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_classified_free(classified: *mut *mut driftcore_classified) {
    handle::free!(classified);
}
