//! Where the file of a file event comes from.

use super::operation::may_be_regular;
use crate::event::Evidence;
use crate::event::EvidenceFlags;
use crate::event::FileEvent;
use crate::event::FileEvidence;
use crate::event::FileOperation;
use crate::event::Provenance;
use crate::event::Verdict;
use crate::provenance::ImageHas;
use crate::provenance::ImageSource;
use crate::provenance::Judgement;
use crate::provenance::Question;
use crate::provenance::judge;

/// What is proved about the file without reading it: of one that is gone, about what it was.
/// The image is asked for what the kernel's evidence leaves open, where something is known of it.
pub(super) fn state(
    event: &FileEvent<'_>,
    evidence: Option<&FileEvidence>,
    source: Option<&ImageSource>,
    path: &[u8],
) -> Option<Provenance> {
    let is_gone = matches!(event.operation, FileOperation::Unlink | FileOperation::RemoveDirectory);
    let Some(evidence) = evidence else {
        // Only what the call's name stood for in the image can be told of what is gone.
        return is_gone.then(|| removed(source?, path)).flatten();
    };
    let mut evidence = *evidence;
    // It is about the file's container, whoever acts.
    evidence.flags = evidence.flags.without(EvidenceFlags::HOST);
    if is_gone {
        evidence.flags = evidence.flags.without(EvidenceFlags::UNHASHED);
        evidence.nlink = evidence.nlink.max(1);
    }
    Some(if event.is_directory || !may_be_regular(evidence.mode) {
        without_content(&evidence)
    } else {
        regular(&evidence, source, path)
    })
}

fn regular(evidence: &FileEvidence, source: Option<&ImageSource>, path: &[u8]) -> Provenance {
    let question = match judge(evidence) {
        Judgement::Proved(provenance) => return provenance,
        Judgement::Ask(question) => question,
    };
    match question {
        Question::CompareWithLower => {
            unknown("an image file in the upper layer; its content was not compared")
        }
        Question::NoLayers => {
            let source = source.filter(|source| source.layers().is_none());
            by_manifest(source.and_then(|source| source.image_has(path)), evidence.inode.size)
        }
        Question::LookUpInImage => match source.and_then(|source| source.image_has(path)) {
            Some(ImageHas::File { size }) if size != evidence.inode.size => {
                proved(Verdict::Replaced, "a new file over an image file of another size")
            }
            Some(ImageHas::File { .. }) => unknown(
                "a new file over an image file of the same size; its content was not compared",
            ),
            Some(ImageHas::Other) => proved(
                Verdict::Replaced,
                "a new file where the image has a directory, a link or a special file",
            ),
            Some(ImageHas::Nothing) => {
                proved(Verdict::Added, "a new file; the image has no such path")
            }
            None => proved(Verdict::Added, "a new file in the upper layer"),
        },
    }
}

/// On a root without layers.
fn by_manifest(has: Option<ImageHas>, now: u64) -> Provenance {
    let (verdict, reason) = match has {
        None => return unknown("the container's root has no layers to look at"),
        Some(ImageHas::File { size }) if size == now => {
            return unknown(
                "of the size that the image's manifest says; its content was not compared",
            );
        }
        Some(ImageHas::File { .. }) => {
            (Verdict::Modified, "its size differs from the one in the image's manifest")
        }
        Some(ImageHas::Other) => {
            (Verdict::Replaced, "the image's manifest has no regular file at this path")
        }
        Some(ImageHas::Nothing) => (Verdict::Added, "the image's manifest has no such path"),
    };
    Provenance::new(verdict, Evidence::Manifest, reason)
}

/// A directory, a link, a device: what is copied up of it are its attributes.
fn without_content(evidence: &FileEvidence) -> Provenance {
    let known = EvidenceFlags::ON_ROOT_SUPERBLOCK
        .union(EvidenceFlags::OVERLAY)
        .union(EvidenceFlags::LAYERS_KNOWN);
    if !evidence.flags.contains(known) {
        return match judge(evidence) {
            Judgement::Proved(provenance) => provenance,
            Judgement::Ask(_) => unknown("the container's root has no layers to look at"),
        };
    }
    match (evidence.upper, evidence.lower) {
        (None, Some(_)) => proved(Verdict::Image, "served by an image layer"),
        (Some(_), Some(_)) => proved(Verdict::CopiedUp, "no file; only attributes were copied up"),
        (Some(_), None) => proved(Verdict::Added, "in the upper layer alone"),
        (None, None) => unknown("the kernel's evidence shows the file in no layer"),
    }
}

/// What was removed, by its name: the image still has its files, whatever hides them now.
fn removed(source: &ImageSource, path: &[u8]) -> Option<Provenance> {
    let (verdict, reason) = match source.image_has(path)? {
        ImageHas::File { .. } | ImageHas::Other => (
            Verdict::Image,
            "the image has this path; nothing tells of changes before it was removed",
        ),
        ImageHas::Nothing => (Verdict::Added, "the image has no such path"),
    };
    let by = if source.layers().is_some() { Evidence::Kernel } else { Evidence::Manifest };
    Some(Provenance::new(verdict, by, reason))
}

fn proved(verdict: Verdict, reason: &'static str) -> Provenance {
    Provenance::new(verdict, Evidence::Kernel, reason)
}

fn unknown(reason: &'static str) -> Provenance {
    Provenance::new(Verdict::Unknown, Evidence::None, reason)
}
