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
use crate::provenance::Judgement;
use crate::provenance::Layers;
use crate::provenance::Question;
use crate::provenance::judge;

/// What is proved about the file without reading it: of one that is gone, about what it was.
/// `layers` are looked at for what the kernel's evidence leaves open, where they are given.
pub(super) fn state(
    event: &FileEvent<'_>,
    evidence: Option<&FileEvidence>,
    layers: Option<&Layers>,
    path: &[u8],
) -> Option<Provenance> {
    let is_gone = matches!(event.operation, FileOperation::Unlink | FileOperation::RemoveDirectory);
    let Some(evidence) = evidence else {
        // Only what the call's name stood for in the image can be told of what is gone.
        return is_gone.then(|| removed(layers, path)).flatten();
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
        regular(&evidence, layers, path)
    })
}

fn regular(evidence: &FileEvidence, layers: Option<&Layers>, path: &[u8]) -> Provenance {
    let question = match judge(evidence) {
        Judgement::Proved(provenance) => return provenance,
        Judgement::Ask(question) => question,
    };
    match question {
        Question::CompareWithLower => {
            unknown("an image file in the upper layer; its content was not compared")
        }
        Question::NoLayers => unknown("the container's root has no layers to look at"),
        Question::LookUpInImage => match layers.and_then(|layers| layers.image_has(path)) {
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
fn removed(layers: Option<&Layers>, path: &[u8]) -> Option<Provenance> {
    Some(match layers?.image_has(path)? {
        ImageHas::File { .. } | ImageHas::Other => proved(
            Verdict::Image,
            "the image has this path; nothing tells of changes before it was removed",
        ),
        ImageHas::Nothing => proved(Verdict::Added, "the image has no such path"),
    })
}

fn proved(verdict: Verdict, reason: &'static str) -> Provenance {
    Provenance::new(verdict, Evidence::Kernel, reason)
}

fn unknown(reason: &'static str) -> Provenance {
    Provenance::new(Verdict::Unknown, Evidence::None, reason)
}
