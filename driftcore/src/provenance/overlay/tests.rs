use std::fs;
use std::os::unix::fs::symlink;

use super::*;
use crate::provenance::beneath::Facts;

struct Tree {
    directory: tempfile::TempDir,
    layers: Layers,
}

/// An upper directory and two lower ones, the topmost first.
fn tree() -> Tree {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    for name in ["upper", "top", "base"] {
        fs::create_dir_all(path(name).join("d")).unwrap();
    }
    let layers = Layers::new(path("upper"), vec![path("top"), path("base")], None);
    Tree { layers, directory }
}

impl Tree {
    fn write(&self, path: &str, content: &str) -> Inode {
        fs::write(self.directory.path().join(path), content).unwrap();
        self.inode(path)
    }

    fn inode(&self, path: &str) -> Inode {
        let file = File::open(self.directory.path().join(path)).unwrap();
        Facts::of(&file).unwrap().inode()
    }

    fn find(&self, path: &str, shown: &Inode, unhashed: bool, search: bool) -> InLayers {
        self.find_with(path, shown, unhashed, search, true)
    }

    fn find_with(
        &self,
        path: &str,
        shown: &Inode,
        unhashed: bool,
        search: bool,
        user_xattrs: bool,
    ) -> InLayers {
        let effort = Effort { bounds: Bounds::default(), deadline: None, search, user_xattrs };
        in_layers(&self.layers, path.as_bytes(), shown, unhashed, effort)
    }

    /// Writes an origin with this number; false where the filesystem takes no such attribute.
    fn set(&self, path: &str, name: &std::ffi::CStr, value: &[u8]) -> bool {
        let flags = rustix::fs::XattrFlags::empty();
        rustix::fs::setxattr(self.directory.path().join(path), name, value, flags).is_ok()
    }
}

fn known(found: InLayers) -> (Option<Inode>, Option<Inode>, bool) {
    match found {
        InLayers::Known { upper, lower, upper_data } => {
            (upper.map(|(inode, _)| inode), lower, upper_data)
        }
        other => panic!("{other:?}"),
    }
}

fn origin_of(number: u64) -> Vec<u8> {
    let flags = u8::from(cfg!(target_endian = "big"));
    let mut value = vec![0, 0xfb, 29, flags, 1];
    value.extend([0; 16]);
    value.extend(u32::try_from(number).unwrap().to_ne_bytes());
    value.extend([0; 4]);
    value
}

#[test]
fn a_new_file_is_in_the_upper_layer_alone() {
    let tree = tree();
    let new = tree.write("upper/d/f", "new");
    tree.write("base/d/f", "image");
    assert_eq!(known(tree.find("/d/f", &new, false, false)), (Some(new), None, true));
}

#[test]
fn an_image_file_is_in_a_lower_layer_alone() {
    let tree = tree();
    let base = tree.write("base/d/f", "image");
    assert_eq!(known(tree.find("/d/f", &base, false, false)), (None, Some(base), true));
    assert_eq!(known(tree.find("/d/f", &base, true, false)), (None, Some(base), true), "unhashed");
    let top = tree.write("top/d/f", "hides the other");
    assert_eq!(known(tree.find("/d/f", &top, false, false)), (None, Some(top), true));
}

#[test]
fn another_file_at_the_path_is_a_change() {
    let tree = tree();
    let held = tree.write("upper/d/f", "one");
    fs::remove_file(tree.directory.path().join("upper/d/f")).unwrap();
    tree.write("upper/d/keeps-the-number", "");
    tree.write("upper/d/f", "other");
    assert!(matches!(tree.find("/d/f", &held, false, true), InLayers::Changed));
    let same_but_number = Inode { number: held.number + 1000, ..tree.inode("upper/d/f") };
    assert!(matches!(tree.find("/d/f", &same_but_number, false, false), InLayers::Changed));
    let found = tree.find("/d/f", &same_but_number, false, true);
    assert!(matches!(&found, InLayers::Unknown(why) if why.contains("origin")), "{found:?}");
    fs::create_dir(tree.directory.path().join("upper/d/dir")).unwrap();
    assert!(matches!(tree.find("/d/dir", &held, false, true), InLayers::Changed));
}

#[test]
fn links_in_the_upper_layer_are_not_followed() {
    let tree = tree();
    let secret = tree.write("base/secret", "outside");
    let upper = tree.directory.path().join("upper");
    symlink(tree.directory.path().join("base"), upper.join("l")).unwrap();
    symlink(tree.directory.path().join("base/secret"), upper.join("m")).unwrap();
    assert!(matches!(tree.find("/m", &secret, false, true), InLayers::Changed));
    assert!(matches!(tree.find("/l/secret", &secret, false, false), InLayers::Changed));
}

#[test]
fn a_file_that_no_layer_has_is_unknown_after_a_search() {
    let tree = tree();
    let stranger = Inode { number: u64::from(u32::MAX) + 77, ..Inode::default() };
    assert!(matches!(tree.find("/d/x", &stranger, false, false), InLayers::Changed));
    assert!(matches!(tree.find("/d/x", &stranger, false, true), InLayers::Unknown(_)));
    let found = tree.find("/d/x", &stranger, true, true);
    assert!(matches!(&found, InLayers::Unknown(why) if why.contains("gone")), "{found:?}");
    assert!(matches!(tree.find(".../x", &stranger, false, true), InLayers::Unknown(_)));
}

#[test]
fn a_moved_image_file_is_found_by_its_number() {
    let tree = tree();
    let base = tree.write("base/d/f", "image");
    assert_eq!(known(tree.find("/e/g", &base, false, true)), (None, Some(base), true));
}

#[test]
fn the_origin_leads_to_the_lower_file_wherever_it_stands() {
    let tree = tree();
    let lower = tree.write("base/d/f", "image");
    tree.write("upper/d/g", "image");
    if !tree.set("upper/d/g", c"user.overlay.origin", &origin_of(lower.number)) {
        return;
    }
    let upper = tree.inode("upper/d/g");
    // As the overlay shows it: the lower file's number, the upper one's times.
    let shown = Inode { number: lower.number, ..upper };
    let found = known(tree.find("/d/g", &shown, false, false));
    assert_eq!(found, (Some(upper), Some(lower), true));
    // With its own number the kernel says that it refused the origin.
    assert_eq!(known(tree.find("/d/g", &upper, false, false)), (Some(upper), None, true));
    assert!(tree.set("upper/d/g", c"user.overlay.origin", &origin_of(lower.number + 1)));
    let upper = tree.inode("upper/d/g");
    let shown = Inode { number: lower.number, ..upper };
    assert!(matches!(tree.find("/d/g", &shown, false, false), InLayers::Changed));
}

#[test]
fn a_metacopy_is_served_from_where_its_redirect_leads() {
    let tree = tree();
    let lower = tree.write("base/d/f", "image");
    tree.write("upper/d/g", "");
    if !tree.set("upper/d/g", c"user.overlay.metacopy", b"") {
        return;
    }
    let shown = tree.inode("upper/d/g");
    assert!(matches!(tree.find("/d/g", &shown, false, true), InLayers::Unknown(_)));
    for redirect in [&b"f"[..], b"/d/f"] {
        assert!(tree.set("upper/d/g", c"user.overlay.redirect", redirect));
        let shown = tree.inode("upper/d/g");
        let found = known(tree.find("/d/g", &shown, false, false));
        assert_eq!(found, (Some(shown), Some(lower), false));
    }
    let forged = known(tree.find_with("/d/g", &tree.inode("upper/d/g"), false, false, false));
    assert_eq!(forged, (Some(tree.inode("upper/d/g")), None, true), "the container wrote it");
    for redirect in [&b"../f"[..], b"/d/../d/f", b".", b"/"] {
        assert!(tree.set("upper/d/g", c"user.overlay.redirect", redirect));
        let shown = tree.inode("upper/d/g");
        assert!(matches!(tree.find("/d/g", &shown, false, true), InLayers::Unknown(_)));
    }
}

#[test]
fn numbers_are_compared_without_the_bits_of_the_filesystem() {
    assert!(same_number(5, 5));
    assert!(same_number(5 | 1 << 63, 5));
    assert!(!same_number(5 | 1 << 40, 5));
    assert!(!same_number(5, 6));
}
