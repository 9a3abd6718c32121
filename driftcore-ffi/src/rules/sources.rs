//! Where rules come from.

use std::ffi::c_char;

use driftcore::rules::Limits;
use driftcore::rules::SHIPPED_NAME;
use driftcore::rules::SHIPPED_RULES;
use driftcore::rules::Sources;
use driftcore::rules::read_paths;

use crate::error::Failure;
use crate::error::driftcore_error;
use crate::guard::guard;
use crate::guard::quiet;
use crate::handle;
use crate::status::driftcore_status;
use crate::text;

/// Texts of rules, in the order in which they are loaded: later ones override and append to earlier
/// ones, as in Falco. One thread at a time. Since 0.1.0.
#[derive(Debug, Default)]
pub struct driftcore_sources {
    pub(super) sources: Sources,
}

/// No sources yet; for `driftcore_sources_free`. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn driftcore_sources_new() -> *mut driftcore_sources {
    quiet(std::ptr::null_mut(), || Some(handle::give(driftcore_sources::default())))
}

/// Adds the rules that come with the library. NULL: refused. One thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_sources_add_shipped(
    sources: *mut driftcore_sources,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::borrow_mut!(sources)?.sources.add(SHIPPED_NAME, SHIPPED_RULES);
        Ok(())
    })
}

/// Adds a file, or the files of a directory that end in .yaml or .yml, in the order of their names.
/// They are read now. NULL anywhere but in `error`: refused. What cannot be read is
/// `DRIFTCORE_STATUS_IO`, and rules that are loaded from these sources all the same will lack it.
/// One thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_sources_add_path(
    sources: *mut driftcore_sources,
    path: *const c_char,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let sources = handle::borrow_mut!(sources)?;
        let path = text::path("path", path)?;
        match read_paths(&mut sources.sources, [path], &Limits::default()).into_iter().next() {
            None => Ok(()),
            Some(diagnostic) => {
                let file = sources.sources.get(diagnostic.primary.0.source);
                let file = file.map_or_else(String::new, |source| source.name.clone());
                let status = driftcore_status::DRIFTCORE_STATUS_IO;
                Err(Failure::new(status, diagnostic.message).at(file, 0, 0))
            }
        }
    })
}

/// Adds text, which is copied. `name` stands for it in diagnostics. It should be UTF-8; where it is
/// not, loading says so. NULL anywhere but in `error`: refused, but for `text` when `length` is 0.
/// One thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_sources_add_text(
    sources: *mut driftcore_sources,
    name: *const c_char,
    text: *const c_char,
    length: usize,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let sources = handle::borrow_mut!(sources)?;
        let name = text::name("name", name)?;
        let bytes = text::bytes("text", text.cast::<u8>(), length)?;
        sources.sources.add_bytes(name, bytes.to_vec());
        Ok(())
    })
}

/// Frees sources and sets the pointer to them to NULL; rules and diagnostics made of them stay.
/// NULL, or a pointer to NULL: nothing. Any thread, while no
/// other uses it. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_sources_free(sources: *mut *mut driftcore_sources) {
    handle::free!(sources);
}
