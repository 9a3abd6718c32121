//! Verdicts from evidence.

use std::fs;
use std::os::unix::fs::MetadataExt;

use driftcore_ffi::classify::driftcore_classified_get;
use driftcore_ffi::classify::driftcore_classify;
use driftcore_ffi::classify::driftcore_evidence;
use driftcore_ffi::classify::driftcore_inode;
use driftcore_ffi::classify::driftcore_layers_new;

use crate::c_abi::memory::Record;
use crate::c_abi::memory::pointer;
use crate::c_abi::memory::string;
use crate::c_abi::op::Evidence;
use crate::c_abi::op::Inode;
use crate::c_abi::op::Magic;
use crate::c_abi::op::Size;
use crate::c_abi::op::Slot;
use crate::c_abi::op::Words;
use crate::c_abi::read;
use crate::c_abi::tables;
use crate::c_abi::world::World;

impl World<'_> {
    pub(super) fn new_layers(
        &self,
        layers: Slot,
        upper: &Words,
        lowers: Option<&[Words]>,
        started_at_ns: i64,
    ) {
        let upper = directory(upper);
        // Without lower directories, a count of none or of some that are not there.
        let count = lowers.map_or(usize::from(started_at_ns % 2 == 0), <[Words]>::len);
        let lowers: Option<Vec<_>> = lowers.map(|lowers| lowers.iter().map(directory).collect());
        let pointers: Option<Box<[_]>> =
            lowers.as_ref().map(|lowers| lowers.iter().map(string).collect());
        let pointers = pointers.as_deref().map_or(std::ptr::null(), <[_]>::as_ptr);
        self.making(&self.layers, layers, |place, error| {
            // SAFETY: C strings or NULL, as many as is said; a place or NULL.
            unsafe {
                driftcore_layers_new(string(&upper), pointers, count, started_at_ns, place, error)
            }
        });
    }

    pub(super) fn classify(
        &self,
        evidence: &Evidence,
        path: &Words,
        layers: Slot,
        options: Slot,
        classified: Slot,
    ) {
        let record = Record::<driftcore_evidence>::new(evidence.size);
        let filled = evidence.record();
        let head = size_of::<usize>();
        // SAFETY: a record without padding.
        let bytes = unsafe {
            std::slice::from_raw_parts(
                (&raw const filled).cast::<u8>(),
                size_of::<driftcore_evidence>(),
            )
        };
        record.set(head, &bytes[head..]);
        let behind = record.bytes().len().saturating_sub(bytes.len());
        record.set(bytes.len(), &vec![evidence.behind / 255; behind]);

        let bytes = path.bytes(tables::PATHS);
        let (data, length) = (pointer(bytes.as_deref()), path.length(bytes.as_deref()));
        let (layers, options) = (self.layers.get(layers), self.options.get(options));
        let done = self.making(&self.classified, classified, |place, error| {
            let evidence = record.pointer().cast_const();
            // SAFETY: NULL or what is there; a record of the size that it says, that many bytes.
            unsafe { driftcore_classify(evidence, data, length, layers, options, place, error) }
        });
        if done {
            read::classified(self.classified.get(classified));
        }
    }

    pub(super) fn get_classified(&self, slot: Slot, size: Size) {
        let classified = self.classified.get(slot);
        self.fill(size, |record| {
            // SAFETY: NULL or what is there; a record of the size that it says.
            self.fallible(|error| unsafe { driftcore_classified_get(classified, record, error) })
        });
    }
}

/// A directory of layers. None but the known ones, since files in it are opened.
fn directory(words: &Words) -> Option<Box<[u8]>> {
    let known = tables::DIRECTORIES;
    let index = match words {
        Words::Null(_) => return None,
        Words::Known(index) | Words::Cut(index, _) => usize::from(*index),
        Words::Spliced { known, .. } | Words::Changed { known, .. } => usize::from(*known),
        Words::Any(bytes) => bytes.len(),
    };
    Some(known[index % known.len()].bytes().chain([0]).collect())
}

impl Evidence {
    fn record(&self) -> driftcore_evidence {
        let [inode, upper, lower] = self.inodes.map(Inode::record);
        let real = |directory: usize, otherwise| {
            let index = self.real.map(usize::from)?;
            let path = tables::PATHS[index % tables::PATHS.len()].strip_prefix(b"/")?;
            let path = std::str::from_utf8(path).ok().filter(|path| !path.contains('\0'))?;
            let file = format!("{}/{path}", tables::DIRECTORIES[directory]);
            fs::metadata(file).ok().map(|it| real_inode(&it)).or(Some(otherwise))
        };
        let fs_magic = match self.magic {
            Magic::Overlay => 0x794c_7630,
            Magic::Tmpfs => 0x0102_1994,
            Magic::Ext => 0xef53,
            Magic::Any(magic) => magic,
        };
        driftcore_evidence {
            size: 0,
            inode,
            upper: real(0, upper).unwrap_or(upper),
            lower: real(1, lower).unwrap_or(lower),
            fs_magic,
            flags: self.more_flags.unwrap_or(0) | u32::from(self.flags),
            mode: self.mode,
            uid: 0,
            gid: 0,
            nlink: u32::from(self.nlink),
            reserved: 0,
        }
    }
}

impl Inode {
    fn record(self) -> driftcore_inode {
        driftcore_inode {
            number: u64::from(self.number),
            byte_count: u64::from(self.byte_count),
            mtime_ns: self.time_ns,
            ctime_ns: self.time_ns,
            device: u32::from(self.device),
            generation: 0,
        }
    }
}

fn real_inode(file: &fs::Metadata) -> driftcore_inode {
    let nanos = |seconds: i64, rest: i64| seconds.wrapping_mul(1_000_000_000).wrapping_add(rest);
    let device = file.dev();
    driftcore_inode {
        number: file.ino(),
        byte_count: file.len(),
        mtime_ns: nanos(file.mtime(), file.mtime_nsec()),
        ctime_ns: nanos(file.ctime(), file.ctime_nsec()),
        device: u32::try_from((device >> 8 & 0xfff) << 20 | device & 0xff).unwrap_or(0),
        generation: 0,
    }
}
