//! What overlay itself makes of the things that containers do to image files.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use driftcore::event::Evidence;
use driftcore::event::Verdict;
use sha2::Digest;
use sha2::Sha256;

use crate::fixture::Container;
use crate::fixture::settle;
use crate::fixture::write;

const LS: &[u8] = b"\x7fELF: ls";

fn container(options: &str) -> Option<Container> {
    let files: [(usize, &str, &[u8]); 3] =
        [(1, "bin/ls", LS), (0, "bin/cat", b"\x7fELF: cat"), (1, "opt/deep/tool", b"tool")];
    Container::new(2, &files).mount(options)
}

fn chmod(container: &Container, path: &str) {
    fs::set_permissions(container.merged(path), Permissions::from_mode(0o711)).unwrap();
}

#[test]
fn an_untouched_image_file_is_image() {
    let Some(container) = container("") else {
        return;
    };
    let evidence = container.evidence("bin/ls", Some((1, "bin/ls")));
    assert_eq!(container.classify(&evidence, "bin/ls").provenance.verdict, Verdict::Image);
}

#[test]
fn a_chmod_alone_is_copied_up_with_its_hash() {
    let Some(container) = container("") else {
        return;
    };
    chmod(&container, "bin/ls");
    settle();
    let evidence = container.evidence("bin/ls", Some((1, "bin/ls")));
    let classified = container.classify(&evidence, "bin/ls");
    assert_eq!(classified.provenance.verdict, Verdict::CopiedUp);
    assert_eq!(classified.provenance.evidence, Evidence::Content);
    assert_eq!(classified.sha256, Some(Sha256::digest(LS).into()));
    assert!(classified.cacheable);
}

#[test]
fn a_byte_changed_at_the_same_size_is_modified_with_its_hash() {
    let Some(container) = container("") else {
        return;
    };
    let changed = b"\x7fELF: lS";
    write(&container.merged("bin/ls"), changed);
    let evidence = container.evidence("bin/ls", Some((1, "bin/ls")));
    let classified = container.classify(&evidence, "bin/ls");
    assert_eq!(classified.provenance.verdict, Verdict::Modified);
    assert_eq!(classified.provenance.evidence, Evidence::Content);
    assert_eq!(classified.sha256, Some(Sha256::digest(changed).into()));
}

#[test]
fn a_truncated_file_is_modified_by_the_kernels_word() {
    let Some(container) = container("") else {
        return;
    };
    write(&container.merged("bin/ls"), b"");
    let evidence = container.evidence("bin/ls", Some((1, "bin/ls")));
    let provenance = container.classify(&evidence, "bin/ls").provenance;
    assert_eq!((provenance.verdict, provenance.evidence), (Verdict::Modified, Evidence::Kernel));
}

#[test]
fn removed_and_made_again_it_is_copied_up_if_equal_and_replaced_if_not() {
    let Some(container) = container("") else {
        return;
    };
    for (content, verdict, evidence) in [
        (LS, Verdict::CopiedUp, Evidence::Content),
        (b"\x7fELF: xx", Verdict::Replaced, Evidence::Content),
        (b"another size", Verdict::Replaced, Evidence::Kernel),
    ] {
        fs::remove_file(container.merged("bin/ls")).unwrap();
        write(&container.merged("bin/ls"), content);
        let found = container.classify(&container.evidence("bin/ls", None), "bin/ls").provenance;
        assert_eq!((found.verdict, found.evidence), (verdict, evidence));
    }
}

#[test]
fn a_file_in_a_directory_made_again_is_still_judged_by_its_image_path() {
    let Some(container) = container("") else {
        return;
    };
    fs::remove_dir_all(container.merged("opt/deep")).unwrap();
    write(&container.merged("opt/deep/tool"), b"loot");
    write(&container.merged("opt/deep/other"), b"loot");
    let verdict =
        |path| container.classify(&container.evidence(path, None), path).provenance.verdict;
    assert_eq!(verdict("opt/deep/tool"), Verdict::Replaced);
    assert_eq!(verdict("opt/deep/other"), Verdict::Added);
}

#[test]
fn an_image_file_under_a_new_name_is_copied_up() {
    let Some(container) = container("") else {
        return;
    };
    fs::rename(container.merged("bin/ls"), container.merged("opt/renamed")).unwrap();
    fs::hard_link(container.merged("bin/cat"), container.merged("linked")).unwrap();
    for (path, origin) in [("opt/renamed", (1, "bin/ls")), ("linked", (0, "bin/cat"))] {
        let evidence = container.evidence(path, Some(origin));
        // The first time by search, the second time from where it was found.
        for _ in 0..2 {
            let provenance = container.classify(&evidence, path).provenance;
            assert_eq!(provenance.verdict, Verdict::CopiedUp, "{path}: {}", provenance.reason);
        }
    }
}

#[test]
fn a_modified_file_under_the_name_of_another_image_file_is_modified() {
    let Some(container) = container("") else {
        return;
    };
    write(&container.merged("bin/ls"), b"\x7fELF: lS");
    fs::rename(container.merged("bin/ls"), container.merged("bin/cat")).unwrap();
    let evidence = container.evidence("bin/cat", Some((1, "bin/ls")));
    assert_eq!(container.classify(&evidence, "bin/cat").provenance.verdict, Verdict::Modified);
}

#[test]
fn a_new_file_is_added_and_a_copy_of_an_image_file_too() {
    let Some(container) = container("") else {
        return;
    };
    write(&container.merged("tmp/dropped"), b"payload");
    fs::copy(container.merged("bin/ls"), container.merged("tmp/copy")).unwrap();
    for path in ["tmp/dropped", "tmp/copy"] {
        let provenance = container.classify(&container.evidence(path, None), path).provenance;
        assert_eq!((provenance.verdict, provenance.evidence), (Verdict::Added, Evidence::Kernel));
    }
}

#[test]
fn an_image_file_with_several_hard_links_is_compared_by_path() {
    let container = Container::new(1, &[(0, "bin/perl", b"perl")]);
    fs::hard_link(container.lower(0, "bin/perl"), container.lower(0, "bin/perl5")).unwrap();
    let Some(container) = container.mount("") else {
        return;
    };
    chmod(&container, "bin/perl");
    let evidence = container.evidence("bin/perl", None);
    assert_eq!(container.classify(&evidence, "bin/perl").provenance.verdict, Verdict::CopiedUp);
    fs::rename(container.merged("bin/perl"), container.merged("bin/mine")).unwrap();
    let evidence = container.evidence("bin/mine", None);
    assert_eq!(container.classify(&evidence, "bin/mine").provenance.verdict, Verdict::Added);
}

#[test]
fn attributes_without_data_are_copied_up_by_the_kernels_word() {
    let Some(container) = container(",metacopy=on") else {
        return;
    };
    chmod(&container, "bin/ls");
    let evidence = container.evidence("bin/ls", Some((1, "bin/ls")));
    let provenance = container.classify(&evidence, "bin/ls").provenance;
    assert_eq!((provenance.verdict, provenance.evidence), (Verdict::CopiedUp, Evidence::Kernel));
}

#[test]
fn names_of_any_bytes_and_length_are_found() {
    let name = "new\nline \"quoted\" \u{e9}";
    let long = vec!["a".repeat(199); 19].join("/");
    for path in [name, &long] {
        let container = Container::new(1, &[(0, "bin/ls", LS)]);
        let Some(container) = container.mount("") else {
            return;
        };
        write(&container.merged(path), b"payload");
        let evidence = container.evidence(path, None);
        assert_eq!(container.classify(&evidence, path).provenance.verdict, Verdict::Added);
    }
}
