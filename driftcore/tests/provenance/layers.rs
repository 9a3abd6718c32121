//! What hides an image path in the layers, and what is found under it.

use std::fs;
use std::os::unix::fs::symlink;

use driftcore::event::Verdict;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::XattrFlags;

use crate::fixture::Container;
use crate::fixture::write;

/// The verdict about a new file `bin/tool` with the content `tool`.
fn verdict(container: &Container) -> Verdict {
    write(&container.upper("bin/tool"), b"tool");
    let evidence = container.upper_evidence("bin/tool", None);
    container.classify(&evidence, "bin/tool").provenance.verdict
}

/// Three layers of which the lowest has the file.
fn three() -> Container {
    let container = Container::new(3, &[(2, "bin/tool", b"tool")]);
    fs::create_dir(container.lower(1, "bin")).unwrap();
    container
}

/// Sets an attribute of overlay's, in the namespace that needs no privilege.
fn set(container: &Container, layer: usize, path: &str, name: &str, value: &str) {
    let path = container.lower(layer, path);
    let name = format!("user.overlay.{name}");
    rustix::fs::setxattr(path, name, value.as_bytes(), XattrFlags::empty()).unwrap();
}

#[test]
fn the_topmost_layer_that_has_the_file_counts() {
    let container = three();
    assert_eq!(verdict(&container), Verdict::CopiedUp);
    write(&container.lower(1, "bin/tool"), b"TOOL");
    assert_eq!(verdict(&container), Verdict::Replaced);
    write(&container.lower(0, "bin/tool"), b"tool");
    assert_eq!(verdict(&container), Verdict::CopiedUp);
}

#[test]
fn a_whiteout_in_a_middle_layer_removes_the_file_from_the_image() {
    let container = three();
    let path = container.lower(1, "bin/tool");
    let character = FileType::CharacterDevice;
    rustix::fs::mknodat(rustix::fs::CWD, path, character, Mode::empty(), 0).unwrap();
    assert_eq!(verdict(&container), Verdict::Added);
}

#[test]
fn a_whiteout_of_a_parent_directory_does_too() {
    let container = three();
    fs::remove_dir(container.lower(1, "bin")).unwrap();
    let path = container.lower(1, "bin");
    let character = FileType::CharacterDevice;
    rustix::fs::mknodat(rustix::fs::CWD, path, character, Mode::empty(), 0).unwrap();
    assert_eq!(verdict(&container), Verdict::Added);
}

#[test]
fn a_whiteout_attribute_counts_only_in_a_directory_that_announces_it() {
    let container = three();
    write(&container.lower(1, "bin/tool"), b"");
    set(&container, 1, "bin/tool", "whiteout", "y");
    assert_eq!(verdict(&container), Verdict::Replaced);
    set(&container, 1, "bin", "opaque", "x");
    assert_eq!(verdict(&container), Verdict::Added);
}

#[test]
fn an_opaque_directory_hides_the_layers_below() {
    let container = three();
    set(&container, 1, "bin", "opaque", "y");
    assert_eq!(verdict(&container), Verdict::Added);
    write(&container.lower(1, "bin/tool"), b"tool");
    assert_eq!(verdict(&container), Verdict::CopiedUp);
}

#[test]
fn a_file_or_link_in_place_of_a_directory_hides_the_layers_below() {
    for link in [false, true] {
        let container = three();
        fs::remove_dir(container.lower(1, "bin")).unwrap();
        if link {
            symlink("usr/bin", container.lower(1, "bin")).unwrap();
            write(&container.lower(1, "usr/bin/tool"), b"tool");
        } else {
            write(&container.lower(1, "bin"), b"");
        }
        assert_eq!(verdict(&container), Verdict::Added);
    }
}

#[test]
fn a_link_or_directory_of_the_image_at_the_path_is_replaced_and_not_followed() {
    let container = three();
    write(&container.lower(1, "bin/busybox"), b"tool");
    symlink("busybox", container.lower(1, "bin/tool")).unwrap();
    assert_eq!(verdict(&container), Verdict::Replaced);
    fs::remove_file(container.lower(1, "bin/tool")).unwrap();
    fs::create_dir(container.lower(1, "bin/tool")).unwrap();
    assert_eq!(verdict(&container), Verdict::Replaced);
}

#[test]
fn a_directory_renamed_within_the_layers_proves_nothing() {
    let container = three();
    set(&container, 1, "bin", "redirect", "/sbin");
    assert_eq!(verdict(&container), Verdict::Unknown);
}

#[test]
fn a_layer_that_is_not_there_proves_nothing() {
    let container = three();
    fs::remove_dir_all(container.lower(1, "")).unwrap();
    assert_eq!(verdict(&container), Verdict::Unknown);
}
