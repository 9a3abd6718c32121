//! From the question that the kernel's evidence leaves to the verdict.

use std::borrow::Cow;

use super::Judgement;
use super::Question;
use super::judge;
use crate::event::Evidence;
use crate::event::EvidenceFlags;
use crate::event::FileEvidence;
use crate::event::Provenance;
use crate::event::Timestamp;
use crate::event::Verdict;

/// A file's verdict and what was learned on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classified {
    /// The verdict, its evidence and its reason.
    pub provenance: Provenance,
    /// SHA-256 of the file's content, where it was computed.
    pub sha256: Option<[u8; 32]>,
    /// True when a [`ProofCache`](super::ProofCache) may keep this for the file's present
    /// state. A verdict of the kernel's evidence alone is never cached: it costs nothing.
    pub cacheable: bool,
}

impl Classified {
    /// The SHA-256 in hexadecimal, as events give it.
    pub fn sha256_text(&self) -> Option<String> {
        use std::fmt::Write;

        let digest = self.sha256.as_ref()?;
        let mut text = String::with_capacity(2 * digest.len());
        for byte in digest {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Some(text)
    }

    /// An `unknown` with its reason, for a caller that could not have the question answered.
    pub fn unknown(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            provenance: Provenance::new(Verdict::Unknown, Evidence::None, reason),
            sha256: None,
            cacheable: false,
        }
    }
}

/// Answers what the kernel's evidence leaves open. `path` is the file's path as the container
/// sees it, absolute.
///
/// No method may fail: what cannot be answered is [`Finding::Unproved`] with the reason.
pub trait Lookup {
    /// Compares a copied-up file with the lower file that the evidence names.
    fn compare_with_lower(&mut self, evidence: &FileEvidence, path: &[u8]) -> Proof;

    /// Compares a file without origin with what the image has at its path.
    fn look_up_in_image(&mut self, evidence: &FileEvidence, path: &[u8]) -> Proof;

    /// Compares a file on a root without layers with the image's manifest. By default no
    /// manifest is known.
    fn compare_with_manifest(&mut self, evidence: &FileEvidence, path: &[u8]) -> Proof {
        let _ = (evidence, path);
        Proof::unproved("no image manifest is known")
    }

    /// When the container started, where that is known.
    fn container_start(&self) -> Option<Timestamp>;
}

/// What a [`Lookup`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The finding.
    pub finding: Finding,
    /// SHA-256 of the file's content, where it was computed.
    pub sha256: Option<[u8; 32]>,
    /// True when the same file state will always give the same finding.
    pub cacheable: bool,
    /// A limit of the proof, to be told along with the reason.
    pub remark: Option<&'static str>,
}

impl Proof {
    /// A finding without hash that may not be cached.
    pub const fn new(finding: Finding) -> Self {
        Self { finding, sha256: None, cacheable: false, remark: None }
    }

    /// No finding, and why.
    pub fn unproved(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Finding::Unproved(reason.into()))
    }
}

/// How a file stands to the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The contents are equal.
    Equal,
    /// The contents differ.
    Differs,
    /// The sizes differ, so the contents do.
    OtherSize,
    /// The image has no such path.
    Absent,
    /// The image has a directory, a symbolic link or a special file at this path. A symbolic
    /// link is not followed: what stands at the path now is no link but a file of its own.
    NotAFile,
    /// It could not be found out, and why.
    Unproved(Cow<'static, str>),
}

/// The lookup for a container whose layer directories are not known: every question about
/// content stays open, times are compared with the container's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoLayerDirectories {
    /// When the container started, where that is known.
    pub container_start: Option<Timestamp>,
}

impl Lookup for NoLayerDirectories {
    fn compare_with_lower(&mut self, _: &FileEvidence, _: &[u8]) -> Proof {
        Proof::unproved("the container's layer directories are not known")
    }

    fn look_up_in_image(&mut self, _: &FileEvidence, _: &[u8]) -> Proof {
        Proof::unproved("the container's layer directories are not known")
    }

    fn container_start(&self) -> Option<Timestamp> {
        self.container_start
    }
}

/// Classifies a file: by the kernel's evidence where that is enough, else by asking `lookup`.
///
/// Blocks as long as `lookup` does; allocates only what the lookup does and for a reason that
/// is put together for the occasion.
pub fn classify(evidence: &FileEvidence, path: &[u8], lookup: &mut dyn Lookup) -> Classified {
    match judge(evidence) {
        Judgement::Proved(provenance) => Classified { provenance, sha256: None, cacheable: false },
        Judgement::Ask(question) => {
            let proof = match question {
                Question::CompareWithLower => lookup.compare_with_lower(evidence, path),
                Question::LookUpInImage => lookup.look_up_in_image(evidence, path),
                Question::NoLayers => lookup.compare_with_manifest(evidence, path),
            };
            conclude(question, evidence, lookup.container_start(), proof)
        }
    }
}

fn conclude(
    question: Question,
    evidence: &FileEvidence,
    started: Option<Timestamp>,
    proof: Proof,
) -> Classified {
    let Proof { finding, sha256, cacheable, remark } = proof;
    let mut provenance = match question {
        Question::CompareWithLower => copied_up(finding),
        Question::LookUpInImage => without_origin(finding),
        Question::NoLayers => without_layers(finding, evidence, started),
    };
    if let Some(remark) = remark {
        provenance.reason = Cow::Owned(format!("{}; {remark}", provenance.reason));
    }
    // While somebody may write the file, what was read is true of that moment alone.
    let cacheable = cacheable
        && provenance.verdict != Verdict::Unknown
        && !evidence.flags.contains(EvidenceFlags::WRITERS);
    Classified { provenance, sha256, cacheable }
}

fn copied_up(finding: Finding) -> Provenance {
    let (verdict, evidence, reason) = match finding {
        Finding::Equal => (
            Verdict::CopiedUp,
            Evidence::Content,
            "its content equals that of the image file it came from".into(),
        ),
        Finding::Differs => (
            Verdict::Modified,
            Evidence::Content,
            "its content differs from that of the image file it came from".into(),
        ),
        Finding::OtherSize => (
            Verdict::Modified,
            Evidence::Kernel,
            "its size differs from that of the image file it came from".into(),
        ),
        Finding::Absent | Finding::NotAFile => (
            Verdict::Unknown,
            Evidence::None,
            "the image file that it came from was not found in the layers".into(),
        ),
        Finding::Unproved(reason) => (Verdict::Unknown, Evidence::None, reason),
    };
    Provenance { verdict, evidence, reason }
}

fn without_origin(finding: Finding) -> Provenance {
    let (verdict, evidence, reason) = match finding {
        Finding::Equal => (
            Verdict::CopiedUp,
            Evidence::Content,
            "its content equals that of the image file at this path".into(),
        ),
        Finding::Differs => (
            Verdict::Replaced,
            Evidence::Content,
            "a new file over an image file of other content".into(),
        ),
        Finding::OtherSize => (
            Verdict::Replaced,
            Evidence::Kernel,
            "a new file over an image file of another size".into(),
        ),
        Finding::NotAFile => (
            Verdict::Replaced,
            Evidence::Kernel,
            "a new file where the image has a directory, a link or a special file".into(),
        ),
        Finding::Absent => {
            (Verdict::Added, Evidence::Kernel, "a new file; the image has no such path".into())
        }
        Finding::Unproved(reason) => (Verdict::Unknown, Evidence::None, reason),
    };
    Provenance { verdict, evidence, reason }
}

fn without_layers(
    finding: Finding,
    evidence: &FileEvidence,
    started: Option<Timestamp>,
) -> Provenance {
    let (verdict, reason) = match finding {
        Finding::Equal => (Verdict::Image, "its content is the one in the image's manifest"),
        Finding::Differs => {
            (Verdict::Modified, "its content differs from the one in the image's manifest")
        }
        Finding::OtherSize => {
            (Verdict::Modified, "its size differs from the one in the image's manifest")
        }
        Finding::NotAFile => {
            (Verdict::Replaced, "the image's manifest has no regular file at this path")
        }
        Finding::Absent => (Verdict::Added, "the image's manifest has no such path"),
        Finding::Unproved(reason) => return by_time(&reason, evidence, started),
    };
    Provenance::new(verdict, Evidence::Manifest, reason)
}

/// No verdict, but a hint: the file's times against the container's start. The change time
/// cannot be set by hand, the modification time can.
fn by_time(why: &str, evidence: &FileEvidence, started: Option<Timestamp>) -> Provenance {
    let Some(started) = started else {
        return Provenance::new(
            Verdict::Unknown,
            Evidence::None,
            format!(
                "the root has no layers to compare, {why}, and the container's start is unknown"
            ),
        );
    };
    let after = |nanos: i64| nanos >= started.as_nanos();
    let hint = match (after(evidence.inode.ctime_ns), after(evidence.inode.mtime_ns)) {
        (true, true) => "it was written or put there after the container's start (ctime, mtime)",
        (true, false) => {
            "it was put there or its attributes were changed after the container's start \
             (ctime; its mtime is older)"
        }
        (false, false) => "it was last changed before the container's start (ctime, mtime)",
        (false, true) => {
            "it was last changed before the container's start (ctime); its mtime is later, \
             which is set by hand"
        }
    };
    Provenance::new(
        Verdict::Unknown,
        Evidence::Time,
        format!("the root has no layers to compare and {why}; {hint}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Inode;

    /// Gives every question the same answer.
    struct Answer(Finding, Option<Timestamp>);

    impl Lookup for Answer {
        fn compare_with_lower(&mut self, _: &FileEvidence, _: &[u8]) -> Proof {
            Proof { cacheable: true, sha256: Some([7; 32]), ..Proof::new(self.0.clone()) }
        }
        fn look_up_in_image(&mut self, evidence: &FileEvidence, path: &[u8]) -> Proof {
            self.compare_with_lower(evidence, path)
        }
        fn compare_with_manifest(&mut self, evidence: &FileEvidence, path: &[u8]) -> Proof {
            self.compare_with_lower(evidence, path)
        }
        fn container_start(&self) -> Option<Timestamp> {
            self.1
        }
    }

    const ROOT: EvidenceFlags =
        EvidenceFlags::ON_ROOT_SUPERBLOCK.union(EvidenceFlags::ON_ROOT_MOUNT);

    fn evidence(question: Question) -> FileEvidence {
        let layered = ROOT
            .union(EvidenceFlags::OVERLAY)
            .union(EvidenceFlags::LAYERS_KNOWN)
            .union(EvidenceFlags::UPPER_DATA);
        let inode = Some(Inode::default());
        let (flags, upper, lower) = match question {
            Question::CompareWithLower => (layered, inode, inode),
            Question::LookUpInImage => (layered, inode, None),
            Question::NoLayers => (ROOT, None, None),
        };
        FileEvidence { nlink: 1, flags, upper, lower, ..FileEvidence::default() }
    }

    fn verdicts(question: Question) -> Vec<(Verdict, Evidence)> {
        [
            Finding::Equal,
            Finding::Differs,
            Finding::OtherSize,
            Finding::NotAFile,
            Finding::Absent,
            Finding::Unproved("test".into()),
        ]
        .map(|finding| {
            let classified = classify(&evidence(question), b"/a", &mut Answer(finding, None));
            let known = classified.provenance.verdict != Verdict::Unknown;
            assert_eq!(classified.cacheable, known);
            (classified.provenance.verdict, classified.provenance.evidence)
        })
        .to_vec()
    }

    #[test]
    fn a_digest_is_text_of_two_digits_a_byte() {
        let mut classified = Classified::unknown("test");
        assert_eq!(classified.sha256_text(), None);
        classified.sha256 = Some([0x0f; 32]);
        assert_eq!(classified.sha256_text(), Some("0f".repeat(32)));
    }

    #[test]
    fn a_file_with_origin_is_copied_up_or_modified() {
        let unknown = (Verdict::Unknown, Evidence::None);
        assert_eq!(
            verdicts(Question::CompareWithLower),
            [
                (Verdict::CopiedUp, Evidence::Content),
                (Verdict::Modified, Evidence::Content),
                (Verdict::Modified, Evidence::Kernel),
                unknown,
                unknown,
                unknown,
            ]
        );
    }

    #[test]
    fn a_file_without_origin_is_copied_up_replaced_or_added() {
        assert_eq!(
            verdicts(Question::LookUpInImage),
            [
                (Verdict::CopiedUp, Evidence::Content),
                (Verdict::Replaced, Evidence::Content),
                (Verdict::Replaced, Evidence::Kernel),
                (Verdict::Replaced, Evidence::Kernel),
                (Verdict::Added, Evidence::Kernel),
                (Verdict::Unknown, Evidence::None),
            ]
        );
    }

    #[test]
    fn a_file_without_layers_is_what_the_manifest_says() {
        assert_eq!(
            verdicts(Question::NoLayers),
            [
                (Verdict::Image, Evidence::Manifest),
                (Verdict::Modified, Evidence::Manifest),
                (Verdict::Modified, Evidence::Manifest),
                (Verdict::Replaced, Evidence::Manifest),
                (Verdict::Added, Evidence::Manifest),
                (Verdict::Unknown, Evidence::None),
            ]
        );
    }

    #[test]
    fn nothing_is_cached_while_the_file_has_writers() {
        let mut file = evidence(Question::CompareWithLower);
        file.flags = file.flags.union(EvidenceFlags::WRITERS);
        let classified = classify(&file, b"/a", &mut Answer(Finding::Equal, None));
        assert_eq!(classified.provenance.verdict, Verdict::CopiedUp);
        assert_eq!(classified.sha256, Some([7; 32]));
        assert!(!classified.cacheable);
    }

    #[test]
    fn without_manifest_the_times_are_a_hint_and_no_verdict() {
        let by_times = |ctime_ns, mtime_ns| {
            let mut file = evidence(Question::NoLayers);
            file.inode = Inode { ctime_ns, mtime_ns, ..Inode::default() };
            let container_start = Some(Timestamp::from_nanos(100));
            let classified = classify(&file, b"/a", &mut NoLayerDirectories { container_start });
            assert_eq!(classified.provenance.verdict, Verdict::Unknown);
            assert_eq!(classified.provenance.evidence, Evidence::Time);
            classified.provenance.reason.into_owned()
        };
        assert!(by_times(100, 100).contains("written or put there after"));
        assert!(by_times(100, 99).contains("its mtime is older"));
        assert!(by_times(99, 99).contains("last changed before"));
        assert!(by_times(99, 100).contains("set by hand"));
    }

    #[test]
    fn a_remark_is_told_with_the_reason() {
        let proof = Proof { remark: Some("a remark"), ..Proof::new(Finding::Equal) };
        let file = evidence(Question::CompareWithLower);
        let classified = conclude(Question::CompareWithLower, &file, None, proof);
        assert!(classified.provenance.reason.ends_with("; a remark"));
    }
}
