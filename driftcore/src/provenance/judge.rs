//! What the kernel alone proves.

use crate::event::Evidence;
use crate::event::EvidenceFlags;
use crate::event::FileEvidence;
use crate::event::Provenance;
use crate::event::Verdict;

/// `TMPFS_MAGIC` of `linux/magic.h`.
const TMPFS_MAGIC: u64 = 0x0102_1994;
/// `RAMFS_MAGIC` of `linux/magic.h`.
const RAMFS_MAGIC: u64 = 0x8584_58f6;

/// What [`judge`] makes of the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The kernel's evidence is enough. The reason is borrowed: nothing was allocated.
    Proved(Provenance),
    /// The kernel's evidence leaves one question.
    Ask(Question),
}

/// What the kernel's evidence leaves open about a file on the container's root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// Copied up from a lower layer, with data and with the lower file's size: is the content
    /// still the lower file's?
    CompareWithLower,
    /// In the upper layer without an origin in a lower one: added, put over an image file, or
    /// an image file with several hard links, for which the kernel keeps no origin. What does
    /// the image have at this path?
    LookUpInImage,
    /// The root is no overlay: a manifest or the file's times may tell.
    NoLayers,
}

/// Judges a file by the kernel's evidence alone.
///
/// Total and pure: every evidence gets an answer, nothing is looked up or allocated. The rows
/// are tried in the order of [`Verdict`]; the first that applies wins.
pub fn judge(evidence: &FileEvidence) -> Judgement {
    let has = |flags| evidence.flags.contains(flags);

    if has(EvidenceFlags::HOST) {
        return proved(Verdict::Host, "the process is in no container");
    }
    if has(EvidenceFlags::ANONYMOUS) {
        return proved(Verdict::Memfd, "an anonymous memory file");
    }
    if let Some(reason) = deleted(evidence) {
        return proved(Verdict::Deleted, reason);
    }
    if !has(EvidenceFlags::ON_ROOT_SUPERBLOCK) {
        return match evidence.fs_magic {
            TMPFS_MAGIC => proved(Verdict::Tmpfs, "on a tmpfs that is not the container's root"),
            RAMFS_MAGIC => proved(Verdict::Tmpfs, "on a ramfs that is not the container's root"),
            _ if has(EvidenceFlags::OVERLAY) => {
                proved(Verdict::Volume, "on an overlay that is not the container's root")
            }
            _ => proved(Verdict::Volume, "on another filesystem than the container's root"),
        };
    }
    if has(EvidenceFlags::OVERLAY) {
        return by_layers(evidence);
    }
    // Without layers the superblock says too little: a native snapshotter's root and the
    // volumes beside it are directories of one filesystem, and only the mount parts them.
    if !has(EvidenceFlags::ON_ROOT_MOUNT) {
        return proved(
            Verdict::Volume,
            "on another mount of the filesystem that holds the container's root",
        );
    }
    Judgement::Ask(Question::NoLayers)
}

/// Why the file counts as deleted, if it does.
fn deleted(evidence: &FileEvidence) -> Option<&'static str> {
    let overlay =
        evidence.flags.contains(EvidenceFlags::OVERLAY.union(EvidenceFlags::LAYERS_KNOWN));
    // The name of a pure lower file is taken away by a whiteout; the file itself stays in its
    // layer, and its link count may stay as well.
    let whited_out =
        overlay && evidence.upper.is_none() && evidence.flags.contains(EvidenceFlags::UNHASHED);
    if evidence.nlink != 0 && !whited_out {
        return None;
    }
    let on_root = evidence.flags.contains(EvidenceFlags::ON_ROOT_SUPERBLOCK);
    Some(match (overlay && on_root && evidence.lower.is_some(), evidence.upper) {
        (true, None) => "an image file whose name was removed",
        (true, Some(_)) => "a copied-up image file whose last name was removed",
        (false, _) => "no name of the file is left",
    })
}

/// The rows for the container's own overlay.
fn by_layers(evidence: &FileEvidence) -> Judgement {
    if !evidence.flags.contains(EvidenceFlags::LAYERS_KNOWN) {
        return unknown("the overlay layers of the file could not be read");
    }
    match (evidence.upper, evidence.lower) {
        (None, Some(_)) => proved(Verdict::Image, "served by an image layer"),
        // An overlay file lies in some layer. Evidence that shows none comes from a misread
        // kernel structure, and must not make an image file of whatever it was.
        (None, None) => unknown("the kernel's evidence shows the file in no layer"),
        (Some(_), Some(_)) if !evidence.flags.contains(EvidenceFlags::UPPER_DATA) => proved(
            Verdict::CopiedUp,
            "only attributes were copied up, the data are served by an image layer",
        ),
        (Some(upper), Some(lower)) if upper.size != lower.size => {
            proved(Verdict::Modified, "its size differs from that of the image file")
        }
        (Some(_), Some(_)) => Judgement::Ask(Question::CompareWithLower),
        (Some(_), None) => Judgement::Ask(Question::LookUpInImage),
    }
}

fn proved(verdict: Verdict, reason: &'static str) -> Judgement {
    Judgement::Proved(Provenance::new(verdict, Evidence::Kernel, reason))
}

fn unknown(reason: &'static str) -> Judgement {
    Judgement::Proved(Provenance::new(Verdict::Unknown, Evidence::None, reason))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::*;
    use crate::event::Inode;

    const ROOT: EvidenceFlags = EvidenceFlags::ON_ROOT_SUPERBLOCK
        .union(EvidenceFlags::ON_ROOT_MOUNT)
        .union(EvidenceFlags::OVERLAY)
        .union(EvidenceFlags::LAYERS_KNOWN);
    const EXT4_MAGIC: u64 = 0xef53;

    fn sized(size: u64) -> Option<Inode> {
        Some(Inode { number: 1, size, ..Inode::default() })
    }

    /// An image file on the container's own overlay.
    fn image() -> FileEvidence {
        FileEvidence { nlink: 1, flags: ROOT, lower: sized(5), ..FileEvidence::default() }
    }

    fn copied_up() -> FileEvidence {
        let flags = ROOT.union(EvidenceFlags::UPPER_DATA);
        FileEvidence { flags, upper: sized(5), ..image() }
    }

    fn verdict(evidence: FileEvidence) -> Verdict {
        match judge(&evidence) {
            Judgement::Proved(provenance) => provenance.verdict,
            Judgement::Ask(question) => panic!("proves nothing: {question:?}"),
        }
    }

    fn question(evidence: FileEvidence) -> Question {
        match judge(&evidence) {
            Judgement::Ask(question) => question,
            Judgement::Proved(provenance) => panic!("asks nothing: {provenance:?}"),
        }
    }

    #[test]
    fn each_row_has_its_verdict() {
        let with = |flags| FileEvidence { flags: ROOT.union(flags), ..image() };
        assert_eq!(verdict(with(EvidenceFlags::HOST)), Verdict::Host);
        assert_eq!(verdict(with(EvidenceFlags::ANONYMOUS)), Verdict::Memfd);
        assert_eq!(verdict(FileEvidence { nlink: 0, ..copied_up() }), Verdict::Deleted);
        assert_eq!(verdict(with(EvidenceFlags::UNHASHED)), Verdict::Deleted);
        let elsewhere = |fs_magic, flags| FileEvidence { fs_magic, flags, ..image() };
        let none = EvidenceFlags::default();
        assert_eq!(verdict(elsewhere(TMPFS_MAGIC, none)), Verdict::Tmpfs);
        assert_eq!(verdict(elsewhere(RAMFS_MAGIC, none)), Verdict::Tmpfs);
        assert_eq!(verdict(elsewhere(EXT4_MAGIC, none)), Verdict::Volume);
        assert_eq!(verdict(image()), Verdict::Image);
        let metacopy = FileEvidence { flags: ROOT, upper: sized(5), ..image() };
        assert_eq!(verdict(metacopy), Verdict::CopiedUp);
        assert_eq!(verdict(FileEvidence { upper: sized(6), ..copied_up() }), Verdict::Modified);
        assert_eq!(question(copied_up()), Question::CompareWithLower);
        assert_eq!(question(FileEvidence { lower: None, ..copied_up() }), Question::LookUpInImage);
    }

    #[test]
    fn an_overlay_mounted_inside_the_container_is_a_volume() {
        let flags = EvidenceFlags::OVERLAY.union(EvidenceFlags::LAYERS_KNOWN);
        assert_eq!(verdict(FileEvidence { flags, ..image() }), Verdict::Volume);
    }

    #[test]
    fn without_overlay_the_mount_decides_and_then_nothing_is_proved() {
        let flags = EvidenceFlags::ON_ROOT_SUPERBLOCK;
        assert_eq!(verdict(FileEvidence { flags, ..image() }), Verdict::Volume);
        let flags = flags.union(EvidenceFlags::ON_ROOT_MOUNT);
        assert_eq!(question(FileEvidence { flags, ..image() }), Question::NoLayers);
        let tmpfs = FileEvidence { flags, fs_magic: TMPFS_MAGIC, ..image() };
        assert_eq!(question(tmpfs), Question::NoLayers);
    }

    #[test]
    fn layers_that_could_not_be_read_prove_nothing() {
        let flags = ROOT.without(EvidenceFlags::LAYERS_KNOWN);
        assert_eq!(verdict(FileEvidence { flags, ..image() }), Verdict::Unknown);
        let unhashed = flags.union(EvidenceFlags::UNHASHED);
        assert_eq!(verdict(FileEvidence { flags: unhashed, ..image() }), Verdict::Unknown);
        assert_eq!(verdict(FileEvidence { lower: None, ..image() }), Verdict::Unknown);
    }

    #[test]
    fn a_name_that_is_gone_counts_only_when_no_other_is_left_in_the_upper_layer() {
        let flags = copied_up().flags.union(EvidenceFlags::UNHASHED);
        assert_eq!(question(FileEvidence { flags, ..copied_up() }), Question::CompareWithLower);
    }

    #[test]
    fn a_deleted_image_file_is_called_one() {
        let reason = |evidence| match judge(&evidence) {
            Judgement::Proved(provenance) => provenance.reason,
            Judgement::Ask(question) => panic!("proves nothing: {question:?}"),
        };
        assert!(reason(FileEvidence { nlink: 0, ..image() }).contains("image file"));
        assert!(reason(FileEvidence { nlink: 0, ..copied_up() }).contains("image file"));
        let new = FileEvidence { nlink: 0, lower: None, ..copied_up() };
        assert!(!reason(new).contains("image"));
        let elsewhere = EvidenceFlags::OVERLAY.union(EvidenceFlags::LAYERS_KNOWN);
        let foreign = FileEvidence { nlink: 0, flags: elsewhere, ..image() };
        assert!(!reason(foreign).contains("image"));
    }

    fn any_inode() -> impl Strategy<Value = Option<Inode>> {
        proptest::option::of((0..3_u64).prop_map(|size| Inode { size, ..Inode::default() }))
    }

    fn any_evidence() -> impl Strategy<Value = FileEvidence> {
        let magic = prop_oneof![
            Just(TMPFS_MAGIC),
            Just(RAMFS_MAGIC),
            Just(EXT4_MAGIC),
            Just(0x794c_7630),
            any::<u64>()
        ];
        // Few of the rare flags, so that the lower rows are reached as well.
        let flags = prop_oneof![0..1_u32 << 9, (0..1_u32 << 5), any::<u32>()];
        (flags, 0..3_u32, magic, any_inode(), any_inode()).prop_map(
            |(flags, nlink, fs_magic, upper, lower)| FileEvidence {
                flags: EvidenceFlags(flags),
                nlink,
                fs_magic,
                upper,
                lower,
                ..FileEvidence::default()
            },
        )
    }

    /// The table again, as data: condition and answer, first match wins.
    fn table(evidence: &FileEvidence) -> Result<Verdict, Question> {
        let has = |flag| evidence.flags.contains(flag);
        let (upper, lower) = (evidence.upper, evidence.lower);
        let known = has(EvidenceFlags::LAYERS_KNOWN);
        let overlay = has(EvidenceFlags::OVERLAY);
        let root = has(EvidenceFlags::ON_ROOT_SUPERBLOCK);
        let whited = has(EvidenceFlags::UNHASHED) && overlay && known && upper.is_none();
        let memory = matches!(evidence.fs_magic, TMPFS_MAGIC | RAMFS_MAGIC);
        let layers = root && overlay;
        let sizes = upper.map(|inode| inode.size) == lower.map(|inode| inode.size);
        let both = upper.is_some() && lower.is_some();
        let rows = [
            (has(EvidenceFlags::HOST), Ok(Verdict::Host)),
            (has(EvidenceFlags::ANONYMOUS), Ok(Verdict::Memfd)),
            (evidence.nlink == 0 || whited, Ok(Verdict::Deleted)),
            (memory && !root, Ok(Verdict::Tmpfs)),
            (!root, Ok(Verdict::Volume)),
            (!overlay && !has(EvidenceFlags::ON_ROOT_MOUNT), Ok(Verdict::Volume)),
            (!overlay, Err(Question::NoLayers)),
            (layers && !known, Ok(Verdict::Unknown)),
            (layers && upper.is_none() && lower.is_some(), Ok(Verdict::Image)),
            (layers && upper.is_none(), Ok(Verdict::Unknown)),
            (both && !has(EvidenceFlags::UPPER_DATA), Ok(Verdict::CopiedUp)),
            (both && !sizes, Ok(Verdict::Modified)),
            (both, Err(Question::CompareWithLower)),
            (true, Err(Question::LookUpInImage)),
        ];
        rows.into_iter().find(|(applies, _)| *applies).unwrap().1
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn the_first_row_that_applies_wins(evidence in any_evidence()) {
            let answer = match judge(&evidence) {
                Judgement::Proved(provenance) => Ok(provenance.verdict),
                Judgement::Ask(question) => Err(question),
            };
            prop_assert_eq!(answer, table(&evidence));
        }

        #[test]
        fn image_needs_the_roots_own_lower_layer(evidence in any_evidence()) {
            if let Judgement::Proved(provenance) = judge(&evidence) {
                prop_assert!(matches!(provenance.reason, Cow::Borrowed(_)));
                if provenance.verdict == Verdict::Image {
                    let needed = ROOT.without(EvidenceFlags::ON_ROOT_MOUNT);
                    prop_assert!(evidence.flags.contains(needed));
                    prop_assert!(evidence.upper.is_none());
                    prop_assert_eq!(provenance.evidence, Evidence::Kernel);
                }
            }
        }
    }
}
