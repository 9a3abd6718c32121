//! A verdict from evidence that the caller has.

use std::ffi::c_char;
use std::path::PathBuf;

use driftcore::event::EvidenceFlags;
use driftcore::event::FileEvidence;
use driftcore::event::Inode;
use driftcore::event::Timestamp;
use driftcore::provenance::LayerLookup;
use driftcore::provenance::Layers;
use driftcore::provenance::NoLayerDirectories;
use driftcore::provenance::classify;

use super::result::driftcore_classified;
use crate::error::Failure;
use crate::error::driftcore_error;
use crate::guard::guard;
use crate::handle;
use crate::options::driftcore_options;
use crate::sized;
use crate::sized::sized;
use crate::status::driftcore_status;
use crate::text;

/// The file is on the superblock of the container's root filesystem.
pub const DRIFTCORE_EVIDENCE_FLAG_ON_ROOT_SUPERBLOCK: u32 = 1;
/// The file was reached through the container's root mount.
pub const DRIFTCORE_EVIDENCE_FLAG_ON_ROOT_MOUNT: u32 = 2;
/// The filesystem is OverlayFS.
pub const DRIFTCORE_EVIDENCE_FLAG_OVERLAY: u32 = 4;
/// Overlay: the data are in the upper layer, not only the attributes.
pub const DRIFTCORE_EVIDENCE_FLAG_UPPER_DATA: u32 = 8;
/// Overlay: the layers of the inode are known; `upper` and `lower` say which it has.
pub const DRIFTCORE_EVIDENCE_FLAG_LAYERS_KNOWN: u32 = 16;
/// An anonymous memory file.
pub const DRIFTCORE_EVIDENCE_FLAG_ANONYMOUS: u32 = 32;
/// The name by which the file was reached is gone.
pub const DRIFTCORE_EVIDENCE_FLAG_UNHASHED: u32 = 64;
/// Somebody may write the upper file.
pub const DRIFTCORE_EVIDENCE_FLAG_WRITERS: u32 = 128;
/// The process is in no container.
pub const DRIFTCORE_EVIDENCE_FLAG_HOST: u32 = 256;
/// The filesystem is mounted read-only as a whole.
pub const DRIFTCORE_EVIDENCE_FLAG_READ_ONLY: u32 = 512;
/// The file has the attribute `immutable`.
pub const DRIFTCORE_EVIDENCE_FLAG_IMMUTABLE: u32 = 1024;

/// An inode's identity and the attributes that change with its content. All zero: there is none.
/// This record never grows. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct driftcore_inode {
    /// Inode number; 0: there is none.
    pub number: u64,
    /// Size in bytes.
    pub byte_count: u64,
    /// Modification time, nanoseconds since the epoch.
    pub mtime_ns: i64,
    /// Status change time, nanoseconds since the epoch.
    pub ctime_ns: i64,
    /// Device as the kernel encodes it: major << 20 | minor.
    pub device: u32,
    /// Generation.
    pub generation: u32,
}

/// What is known of a file. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_evidence {
    /// `sizeof(driftcore_evidence)`, set by the caller.
    pub size: usize,
    /// The file itself (on overlay: the overlay inode).
    pub inode: driftcore_inode,
    /// On overlay: the inode in the upper layer.
    pub upper: driftcore_inode,
    /// On overlay: the topmost inode in the image's layers.
    pub lower: driftcore_inode,
    /// Magic number of the filesystem, as statfs(2) has it.
    pub fs_magic: u64,
    /// `DRIFTCORE_EVIDENCE_FLAG_` flags.
    pub flags: u32,
    /// File type and permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Number of names.
    pub nlink: u32,
    /// Zero.
    pub reserved: u32,
}

sized!(driftcore_evidence {
    inode: driftcore_inode,
    upper: driftcore_inode,
    lower: driftcore_inode,
    fs_magic: u64,
    flags: u32,
    mode: u32,
    uid: u32,
    gid: u32,
    nlink: u32,
    reserved: u32,
} first: 160);

impl driftcore_inode {
    fn to_inode(self) -> Inode {
        Inode {
            device: self.device,
            number: self.number,
            generation: self.generation,
            size: self.byte_count,
            mtime_ns: self.mtime_ns,
            ctime_ns: self.ctime_ns,
        }
    }

    fn in_layer(self) -> Option<Inode> {
        (self.number != 0).then(|| self.to_inode())
    }
}

impl driftcore_evidence {
    /// Evidence that is not understood must not be left out of the verdict.
    fn check(&self) -> Result<(), Failure> {
        const KNOWN: u32 = 2 * DRIFTCORE_EVIDENCE_FLAG_IMMUTABLE - 1;
        if self.flags & !KNOWN != 0 {
            return Err(Failure::argument(format!(
                "`evidence` has flags that this version does not know: {:#x}",
                self.flags & !KNOWN
            )));
        }
        if self.reserved != 0 {
            return Err(Failure::argument("`evidence` has a `reserved` that is not 0"));
        }
        Ok(())
    }

    fn to_evidence(self) -> FileEvidence {
        FileEvidence {
            inode: self.inode.to_inode(),
            mode: self.mode,
            uid: self.uid,
            gid: self.gid,
            nlink: self.nlink,
            fs_magic: self.fs_magic,
            flags: EvidenceFlags(self.flags),
            upper: self.upper.in_layer(),
            lower: self.lower.in_layer(),
        }
    }
}

/// The layer directories of a container. Never changes; any thread. Since 0.1.0.
#[derive(Debug)]
pub struct driftcore_layers {
    layers: Layers,
}

/// Names the layer directories of a container: the upper one, and `count` lower ones, the topmost
/// first. `started_at_ns` is when the container started, in nanoseconds since the epoch; 0 when that
/// is not known. Strings are copied, nothing is opened. `layers` gets them, for
/// `driftcore_layers_free`. NULL anywhere but in `error`: refused, but for `lowers` when `count` is
/// 0. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_layers_new(
    upper: *const c_char,
    lowers: *const *const c_char,
    count: usize,
    started_at_ns: i64,
    layers: *mut *mut driftcore_layers,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(layers)?;
        let upper = text::path("upper", upper)?.to_owned();
        let lowers: Result<Vec<PathBuf>, Failure> = text::bytes("lowers", lowers, count)?
            .iter()
            .map(|&lower| Ok(text::path("lowers", lower)?.to_owned()))
            .collect();
        let started = (started_at_ns != 0).then(|| Timestamp::from_nanos(started_at_ns));
        let made = driftcore_layers { layers: Layers::new(upper, lowers?, started) };
        handle::put!(layers, handle::give(made));
        Ok(())
    })
}

/// Frees layers and sets the pointer to them to NULL. NULL, or a pointer to NULL: nothing. Any
/// thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_layers_free(layers: *mut *mut driftcore_layers) {
    handle::free!(layers);
}

/// Judges a file by evidence. What the evidence leaves open is looked up in the layers, by comparing
/// contents, within the bounds of `options` (NULL: the defaults); where `layers` is NULL it stays
/// open. `path` is the file's path as the container sees it, any bytes but NUL. `classified` gets
/// the verdict, for `driftcore_classified_free`. Other arguments must not be NULL, but for `path`
/// when `length` is 0. Reads files: blocks as long as the bounds allow. Any thread, while no other
/// changes `options`. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_classify(
    evidence: *const driftcore_evidence,
    path: *const c_char,
    length: usize,
    layers: *const driftcore_layers,
    options: *const driftcore_options,
    classified: *mut *mut driftcore_classified,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(classified)?;
        let evidence = sized::read("evidence", evidence)?;
        evidence.check()?;
        let evidence = evidence.to_evidence();
        let path = text::bytes("path", path.cast::<u8>(), length)?;
        if path.contains(&0) {
            return Err(Failure::argument("`path` holds a NUL"));
        }
        let bounds = handle::lend!(options).map(|options| options.bounds).unwrap_or_default();
        let verdict = match handle::lend!(layers) {
            Some(of) => classify(&evidence, path, &mut LayerLookup::new(&of.layers, bounds)),
            None => classify(&evidence, path, &mut NoLayerDirectories::default()),
        };
        let object = driftcore_classified::new(verdict, path.to_vec(), None);
        handle::put!(classified, handle::give(object));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_those_of_the_library() {
        let pairs = [
            (DRIFTCORE_EVIDENCE_FLAG_ON_ROOT_SUPERBLOCK, EvidenceFlags::ON_ROOT_SUPERBLOCK),
            (DRIFTCORE_EVIDENCE_FLAG_ON_ROOT_MOUNT, EvidenceFlags::ON_ROOT_MOUNT),
            (DRIFTCORE_EVIDENCE_FLAG_OVERLAY, EvidenceFlags::OVERLAY),
            (DRIFTCORE_EVIDENCE_FLAG_UPPER_DATA, EvidenceFlags::UPPER_DATA),
            (DRIFTCORE_EVIDENCE_FLAG_LAYERS_KNOWN, EvidenceFlags::LAYERS_KNOWN),
            (DRIFTCORE_EVIDENCE_FLAG_ANONYMOUS, EvidenceFlags::ANONYMOUS),
            (DRIFTCORE_EVIDENCE_FLAG_UNHASHED, EvidenceFlags::UNHASHED),
            (DRIFTCORE_EVIDENCE_FLAG_WRITERS, EvidenceFlags::WRITERS),
            (DRIFTCORE_EVIDENCE_FLAG_HOST, EvidenceFlags::HOST),
            (DRIFTCORE_EVIDENCE_FLAG_READ_ONLY, EvidenceFlags::READ_ONLY),
            (DRIFTCORE_EVIDENCE_FLAG_IMMUTABLE, EvidenceFlags::IMMUTABLE),
        ];
        for (ours, theirs) in pairs {
            assert_eq!(ours, theirs.0);
        }
    }
}
