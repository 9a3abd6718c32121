//! What a full comparison of the two merged trees says, and whether a report says the same.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use driftcore::image::EntryKind;
use driftcore::image::Problem;
use sha2::Digest;
use sha2::Sha256;

use crate::report::Report;
use crate::tree::Tree;

/// Holds a report against the trees of the image and of the container. Renames are taken from the
/// report, since two trees do not tell them; each is held against the layer's own mark.
pub(crate) fn check(report: &Report, image: &Tree, container: &Tree, upper: &Path) {
    // Names that share an inode of the image change together on an overlay with index=on.
    let together = |problem: &Problem| problem.reason.contains("(index=on)");
    assert!(report.problems.iter().all(together), "{:?}", report.problems);
    let together: BTreeSet<u64> =
        report.problems.iter().map(|problem| container[problem.path.as_bytes()].number).collect();
    let renames = renames(report, image, container, upper);
    let bases = bases(&renames, image);
    let [mut told, mut gone] = report.by_path();
    for (path, node) in container {
        let entry = told.remove(path);
        let in_upper = in_upper(upper, path);
        let name = String::from_utf8_lossy(path);
        let base = bases.get(path).map(|base| (base, &image[base]));
        let Some((base, before)) = base else {
            let entry = entry.unwrap_or_else(|| panic!("{name} is added and not told"));
            assert_eq!(entry.kind, EntryKind::Added, "{entry:?}");
            assert!(entry.before.is_none() && entry.after.is_some(), "{entry:?}");
            continue;
        };
        let renamed = renames.iter().any(|(_, new)| new == path);
        if renamed {
            // That it is one was found out already.
            let entry = entry.unwrap();
            assert_eq!(entry.changed, node.changes(before), "{entry:?}");
            continue;
        }
        if node.kind != before.kind {
            let entry = entry.unwrap_or_else(|| panic!("{name} has another type, not told"));
            assert_eq!(entry.kind, EntryKind::Type, "{entry:?}");
            continue;
        }
        let changes = node.changes(before);
        let Some(entry) = entry else {
            let said = before.links > 1 && together.contains(&node.number);
            assert!(changes.is_empty() || said, "{name} differs in {changes:?}, not told");
            assert!(node.is_directory() || !in_upper, "{name} is in the upper layer, not told");
            continue;
        };
        assert_eq!(entry.changed, changes, "{entry:?}");
        let old_path = entry.old_path.as_ref().map_or(path.as_slice(), |old| old.as_bytes());
        assert_eq!(old_path, base, "{entry:?}");
        let kinds: &[EntryKind] = if changes.in_substance() {
            &[EntryKind::Modified, EntryKind::Replaced]
        } else if changes.is_empty() {
            &[EntryKind::CopiedUp]
        } else {
            &[EntryKind::Attributes]
        };
        assert!(kinds.contains(&entry.kind), "{entry:?}");
        assert!(in_upper, "{entry:?}");
        if changes.contains(driftcore::image::Change::Content) {
            let hash = |content: &[u8]| Some(<[u8; 32]>::from(Sha256::digest(content)));
            assert_eq!(entry.after.as_ref().unwrap().sha256, hash(&node.content), "{name}");
            assert_eq!(entry.before.as_ref().unwrap().sha256, hash(&before.content), "{name}");
        }
    }
    let kept: BTreeSet<&Vec<u8>> =
        bases.iter().filter(|(path, _)| container.contains_key(*path)).map(|(_, b)| b).collect();
    for path in image.keys().filter(|path| !kept.contains(path)) {
        // Something renamed has taken its place.
        if renames.iter().any(|(_, new)| new == path) {
            continue;
        }
        let entry = gone.remove(path);
        assert!(entry.is_some(), "{} is gone and not told", String::from_utf8_lossy(path));
    }
    assert!(told.is_empty() && gone.is_empty(), "told and not so: {told:#?} {gone:#?}");
}

/// Old and new paths.
type Renames = Vec<(Vec<u8>, Vec<u8>)>;

fn renames(report: &Report, image: &Tree, container: &Tree, upper: &Path) -> Renames {
    let mut renames = Renames::new();
    for entry in report.of_kind(EntryKind::Renamed) {
        let (old, new) = (entry.old_path.as_ref().unwrap().as_bytes(), entry.path.as_bytes());
        let before = image.get(old).unwrap_or_else(|| panic!("the image has it not: {entry:?}"));
        let after = container.get(new).unwrap_or_else(|| panic!("it is not there: {entry:?}"));
        assert_eq!(before.kind, after.kind, "{entry:?}");
        // By the number that the mount shows for the file, the kernel says itself whose it is.
        let same = before.is_file() && before.number == after.number;
        assert!(is_redirected(upper, new) || same, "{entry:?}");
        if !is_redirected(upper, new) {
            assert!(!container.contains_key(old) && !image.contains_key(new), "{entry:?}");
        }
        renames.push((old.to_vec(), new.to_vec()));
    }
    for (path, node) in container.iter().filter(|(path, _)| is_redirected(upper, path)) {
        // A redirect that stayed on a file whose content was copied up later may be of another
        // directory; such a file is told by its origin, like the ones that never had a redirect.
        if !node.is_directory() && !is_metacopy(upper, path) {
            continue;
        }
        let back = image.get(path).is_some_and(|before| before.kind == node.kind);
        // Of a file with several names one is told, and none if it has its old one again.
        let told = back || node.links > 1 || renames.iter().any(|(_, new)| new == path);
        assert!(told, "{} was renamed, not told", String::from_utf8_lossy(path));
    }
    untold(report, image, container, &renames);
    renames
}

/// No file is told as added that is another one that is told as deleted, unless another name of it
/// is told as renamed.
fn untold(report: &Report, image: &Tree, container: &Tree, renames: &Renames) {
    for deleted in report.of_kind(EntryKind::Deleted) {
        let before = &image[deleted.path.as_bytes()];
        for added in report.of_kind(EntryKind::Added).filter(|_| before.is_file()) {
            let after = &container[added.path.as_bytes()];
            let other = |(old, _): &(Vec<u8>, Vec<u8>)| image[old].number == before.number;
            let told = before.number != after.number || renames.iter().any(other);
            assert!(told, "{} was renamed to {}, not told", deleted.path, added.path);
        }
    }
}

/// For each path at which the container may have something of the image: the path there.
fn bases(renames: &Renames, image: &Tree) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut bases = BTreeMap::new();
    for path in image.keys() {
        let moved = nearest(renames.iter().map(|(old, _)| old), path);
        let to = match moved {
            None => path.clone(),
            Some(index) => {
                let (old, new) = &renames[index];
                [new, &path[old.len()..]].concat()
            }
        };
        // What is below the new name of another directory is hidden by that.
        if nearest(renames.iter().map(|(_, new)| new), &to) == moved {
            bases.insert(to, path.clone());
        }
    }
    bases
}

/// The index of the longest of the paths that is this one or above it.
fn nearest<'a>(paths: impl Iterator<Item = &'a Vec<u8>>, path: &[u8]) -> Option<usize> {
    let above = |other: &[u8]| {
        path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
    };
    paths.enumerate().filter(|(_, other)| above(other)).max_by_key(|(_, o)| o.len()).map(|f| f.0)
}

fn at(upper: &Path, path: &[u8]) -> std::path::PathBuf {
    use std::os::unix::ffi::OsStrExt;

    upper.join(std::ffi::OsStr::from_bytes(&path[1..]))
}

/// Whether the upper layer itself has the file.
fn in_upper(upper: &Path, path: &[u8]) -> bool {
    let metadata = std::fs::symlink_metadata(at(upper, path));
    metadata.is_ok_and(|metadata| {
        use std::os::unix::fs::MetadataExt;
        !(metadata.file_type().is_char_device() && metadata.rdev() == 0)
    })
}

fn is_redirected(upper: &Path, path: &[u8]) -> bool {
    has_mark(upper, path, ["trusted.overlay.redirect", "user.overlay.redirect"])
}

fn is_metacopy(upper: &Path, path: &[u8]) -> bool {
    has_mark(upper, path, ["trusted.overlay.metacopy", "user.overlay.metacopy"])
}

fn has_mark(upper: &Path, path: &[u8], names: [&str; 2]) -> bool {
    let mut value = [0; 4096];
    let mut has = |name| rustix::fs::lgetxattr(at(upper, path), name, &mut value[..]).is_ok();
    in_upper(upper, path) && names.into_iter().any(&mut has)
}
