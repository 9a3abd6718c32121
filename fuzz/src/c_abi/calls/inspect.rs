//! Verdicts of files that are there.

use std::ffi::CString;
use std::fs::File;
use std::os::fd::AsRawFd;

use driftcore_ffi::classify::driftcore_inspector_descriptor;
use driftcore_ffi::classify::driftcore_inspector_file;
use driftcore_ffi::classify::driftcore_inspector_new;

use crate::c_abi::memory::string;
use crate::c_abi::op::Process;
use crate::c_abi::op::Slot;
use crate::c_abi::op::Words;
use crate::c_abi::read;
use crate::c_abi::tables;
use crate::c_abi::world::World;

impl World<'_> {
    pub(super) fn new_inspector(&self, slot: Slot, options: Slot) {
        let options = self.options.get(options);
        self.making(&self.inspectors, slot, |place, error| {
            // SAFETY: NULL or what is there; a place or NULL.
            unsafe { driftcore_inspector_new(options, place, error) }
        });
    }

    pub(super) fn inspect_file(
        &self,
        inspector: Slot,
        process: Process,
        path: &Words,
        classified: Slot,
    ) {
        let pid = match process {
            Process::Own => std::process::id(),
            Process::None => 0,
            Process::Any(pid) => pid,
        };
        // Another process has other files of these names; a random one may be any file at all.
        let path = match path {
            Words::Null(_) => None,
            Words::Any(bytes) => {
                let bytes = bytes.iter().copied().filter(|byte| *byte != 0);
                CString::new(b"/nonexistent/".iter().copied().chain(bytes).collect::<Vec<_>>()).ok()
            }
            Words::Known(index) | Words::Cut(index, _) => known(*index),
            Words::Spliced { known: index, .. } | Words::Changed { known: index, .. } => {
                known(*index)
            }
        };
        let path = path.map(|path| path.into_bytes_with_nul().into_boxed_slice());
        let inspector = self.inspectors.get(inspector);
        let done = self.making(&self.classified, classified, |place, error| {
            // SAFETY: NULL or what is there; a C string or NULL; a place or NULL.
            unsafe { driftcore_inspector_file(inspector, pid, string(&path), place, error) }
        });
        if done {
            read::classified(self.classified.get(classified));
        }
    }

    pub(super) fn inspect_descriptor(&self, inspector: Slot, file: Option<u8>, classified: Slot) {
        let file = file.and_then(known).and_then(|path| File::open(path.to_str().ok()?).ok());
        let descriptor = file.as_ref().map_or(-1, AsRawFd::as_raw_fd);
        let inspector = self.inspectors.get(inspector);
        let done = self.making(&self.classified, classified, |place, error| {
            // SAFETY: NULL or what is there; a place or NULL.
            unsafe { driftcore_inspector_descriptor(inspector, descriptor, place, error) }
        });
        assert!(!done || !(inspector.is_null() || file.is_none()));
        if done {
            read::classified(self.classified.get(classified));
        }
    }
}

fn known(index: u8) -> Option<CString> {
    CString::new(tables::RULE_PATHS[usize::from(index) % tables::RULE_PATHS.len()]).ok()
}
