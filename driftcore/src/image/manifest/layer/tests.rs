//! What archives do, the honest and the hostile ones.

use std::io::Write;

use proptest::prelude::*;

use super::*;
use crate::image::manifest::Node;
use crate::image::manifest::Nodes;
use crate::image::manifest::read_layer;

/// An archive that is put together entry by entry, with whatever bytes.
#[derive(Default)]
struct Archive(Vec<u8>);

impl Archive {
    /// Header fields and content as they are given.
    fn raw(mut self, name: &[u8], kind: u8, link: &[u8], size: u64, content: &[u8]) -> Self {
        let mut header = tar::Header::new_gnu();
        let old = header.as_old_mut();
        old.name[..name.len()].copy_from_slice(name);
        old.linkname[..link.len()].copy_from_slice(link);
        old.linkflag = [kind];
        header.set_mode(0o640);
        header.set_uid(1);
        header.set_gid(2);
        header.set_mtime(3);
        header.set_size(size);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn file(self, name: &str, content: &str) -> Self {
        self.raw(name.as_bytes(), b'0', b"", content.len() as u64, content.as_bytes())
    }

    fn directory(self, name: &str) -> Self {
        self.raw(name.as_bytes(), b'5', b"", 0, b"")
    }

    fn symlink(self, name: &str, target: &str) -> Self {
        self.raw(name.as_bytes(), b'2', target.as_bytes(), 0, b"")
    }

    fn link(self, name: &str, target: &str) -> Self {
        self.raw(name.as_bytes(), b'1', target.as_bytes(), 0, b"")
    }

    /// A PAX header of these records.
    fn pax(self, records: &[(&str, &[u8])]) -> Self {
        let bytes: Vec<u8> = records
            .iter()
            .flat_map(|(key, value)| {
                crate::image::manifest::pax::tests::written(key.as_bytes(), value)
            })
            .collect();
        self.raw(b"pax", b'x', b"", bytes.len() as u64, &bytes)
    }

    fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }
}

fn archive() -> Archive {
    Archive::default()
}

fn blob(bytes: &[u8]) -> Blob<'_> {
    Blob { name: "layer".to_owned(), reader: Box::new(bytes) }
}

/// What the layers show: `path kind`, with the link's target or the start of the content's digest.
fn tree(layers: &[Vec<u8>]) -> Result<Vec<String>, ManifestError> {
    let limits = Limits::default();
    let mut tree = Tree::new(Keeper::default());
    for layer in layers {
        apply_unproved(&mut tree, blob(layer), &limits, &mut limits.entries.clone())?;
    }
    let mut nodes = tree.nodes();
    let mut lines = Vec::new();
    while nodes.advance()? {
        lines.push(line(nodes.node()));
    }
    // What is counted is what is there.
    let names: usize = lines.len();
    assert!(tree.held() >= names.saturating_sub(1) as u64);
    Ok(lines)
}

fn line(node: &Node) -> String {
    let path = node.absolute();
    match &node.kind {
        NodeKind::File { size, .. } => format!("{path} {size}"),
        NodeKind::Symlink(target) => format!("{path} -> {}", target.escape_ascii()),
        kind => format!("{path} {kind:?}"),
    }
}

fn shows(layers: &[Vec<u8>], expected: &[&str]) {
    assert_eq!(tree(layers).unwrap(), expected);
}

fn refused(layer: Vec<u8>, expected: &str) {
    assert_eq!(tree(&[layer]).unwrap_err().to_string(), format!("layer: {expected}"));
}

#[test]
fn later_layers_lie_over_those_below() {
    let base = archive().directory("./").directory("etc").file("etc/a", "1").file("etc/b", "1");
    let base = base.directory("opt").file("opt/x", "1").symlink("lib", "usr/lib").end();
    let top = archive().file("etc/a", "22").file("new/deep/file", "1").file("opt", "now a file");
    let top = top.file("lib/z", "1").end();
    shows(
        &[base, top],
        &[
            "/ Directory",
            "/etc Directory",
            "/etc/a 2",
            "/etc/b 1",
            // As an overlay shows it: the link of the lower layer is no directory to go into.
            "/lib Directory",
            "/lib/z 1",
            "/new Directory",
            "/new/deep Directory",
            "/new/deep/file 1",
            "/opt 10",
        ],
    );
}

#[test]
fn whiteouts_hide_what_lower_layers_have_and_nothing_of_their_own() {
    let base = archive().file("a/x", "1").file("a/y", "1").file("b/x", "1").file("c", "1").end();
    let before = archive().file("a/.wh.x", "").file("b/.wh..wh..opq", "").file("b/new", "1");
    let before = before.file(".wh.c", "").file("c", "22").file(".wh.none", "").end();
    let shown = ["/a Directory", "/a/y 1", "/b Directory", "/b/new 1", "/c 2"];
    shows(&[base.clone(), before], &shown);
    // The order of entries makes no difference.
    let after = archive().file("c", "22").file(".wh.c", "").file("b/new", "1");
    let after = after.file("b/.wh..wh..opq", "").file("a/.wh.x", "").end();
    shows(&[base.clone(), after], &shown);
    // A directory that was made anew in the same layer shows nothing of the old one.
    let again = archive().file("a/new", "1").directory("a").file(".wh.a", "").end();
    shows(&[base, again], &["/a Directory", "/a/new 1", "/b Directory", "/b/x 1", "/c 1"]);
    // What AUFS keeps for itself is nothing.
    shows(&[archive().file(".wh..wh.plnk", "").file(".wh..wh.aufs", "").end()], &[]);
}

#[test]
fn names_of_one_file_share_what_it_is() {
    let limits = Limits::default();
    let layers = [
        archive().file("a", "1").link("b", "a").link("d/c", "./b").symlink("s", "x").link("t", "s"),
        // Another file under one of the names leaves the others alone.
        archive().file("b", "22"),
    ];
    let mut tree = Tree::new(Keeper::default());
    for layer in layers {
        apply_unproved(&mut tree, blob(&layer.end()), &limits, &mut 99).unwrap();
    }
    let mut nodes = tree.nodes();
    let mut found = Vec::new();
    while nodes.advance().unwrap() {
        let node = nodes.node();
        found.push((line(node), node.links, node.group.is_some()));
    }
    let expected = [
        ("/a 1", 2, true),
        ("/b 2", 1, false),
        ("/d Directory", 1, false),
        ("/d/c 1", 2, true),
        ("/s -> x", 2, true),
        ("/t -> x", 2, true),
    ];
    assert_eq!(found, expected.map(|(line, links, group)| (line.to_owned(), links, group)));
}

#[test]
fn long_names_and_attributes_come_from_the_headers_before() {
    let long = "d/".repeat(100) + "file";
    let capability = b"\x01\0\0\x02\n\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let bytes = archive()
        .raw(b"././@LongLink", b'L', b"", long.len() as u64 + 1, format!("{long}\0").as_bytes())
        .file("cut", "1")
        .raw(b"././@LongLink", b'K', b"", 6, b"there\0")
        .symlink("link", "not there")
        .pax(&[
            ("path", "ping".as_bytes()),
            ("SCHILY.xattr.security.capability", capability),
            ("uid", b"100000"),
            ("mtime", b"7.25"),
        ])
        .file("other", "12")
        .pax(&[("comment", b"of all")])
        .file("plain", "")
        .end();
    let mut last = None;
    let mut lines = Vec::new();
    read_layer("layer", bytes.as_slice(), &Limits::default(), |node| {
        lines.push(line(node));
        if node.path == b"ping" {
            last = Some(node.clone());
        }
    })
    .unwrap();
    assert_eq!(lines.len(), 100 + 4);
    assert!(lines.contains(&format!("/{long} 1")) && lines.contains(&"/link -> there".to_owned()));
    let ping = last.unwrap();
    assert_eq!(ping.xattrs, [(b"security.capability".to_vec(), capability.to_vec())]);
    assert_eq!((ping.owner.uid, ping.owner.gid, ping.mode), (100_000, 2, 0o640));
    assert_eq!(ping.modified.as_nanos(), 7_250_000_000);
}

#[test]
fn devices_pipes_and_links_are_what_they_are() {
    let mut bytes = archive().raw(b"pipe", b'6', b"", 7, b"");
    let mut header = tar::Header::new_ustar();
    header.set_path("null").unwrap();
    header.set_entry_type(tar::EntryType::Char);
    header.set_mode(0o104_666);
    header.set_device_major(1).unwrap();
    header.set_device_minor(3).unwrap();
    for (field, value) in [(0, 0), (1, 0), (2, 0), (3, 0)] {
        match field {
            0 => header.set_uid(value),
            1 => header.set_gid(value),
            2 => header.set_size(value),
            _ => header.set_mtime(value),
        }
    }
    header.set_cksum();
    bytes.0.extend_from_slice(header.as_bytes());
    // A link has no content, whatever its header says.
    let bytes =
        bytes.file("a", "1").raw(b"b", b'1', b"a", 5000, b"").symlink("c", "../../etc").end();
    shows(&[bytes], &["/a 1", "/b 1", "/c -> ../../etc", "/null CharDevice(1, 3)", "/pipe Fifo"]);
}

#[test]
fn a_leading_slash_is_the_root_and_of_two_entries_the_later_one_counts() {
    let bytes = archive().file("/etc/passwd", "1").directory("etc//").file("./etc/./passwd", "22");
    let bytes = bytes.link("/abs", "/etc/passwd").directory("twice").file("twice", "333").end();
    shows(&[bytes], &["/abs 2", "/etc Directory", "/etc/passwd 2", "/twice 3"]);
}

#[test]
fn an_archive_may_end_without_its_last_blocks_and_have_more_behind_them() {
    let whole = archive().file("a", "1").end();
    shows(&[whole[..1024].to_vec()], &["/a 1"]);
    shows(&[whole[..1536].to_vec()], &["/a 1"]);
    shows(&[[whole, vec![7; 5000]].concat()], &["/a 1"]);
    shows(&[Vec::new()], &[]);
}

#[test]
fn what_no_image_may_hold_is_refused_with_its_place() {
    let at = |offset: u64, name: &str, what: &str| format!("entry {name} at byte {offset}: {what}");
    let good = || archive().file("good", "x");
    let upwards = "its path leads upwards";
    refused(good().file("../etc/passwd", "1").end(), &at(1024, "../etc/passwd", upwards));
    refused(good().file("a/../../b", "1").end(), &at(1024, "a/../../b", upwards));
    refused(good().directory("..").end(), &at(1024, "..", upwards));
    refused(
        good().link("l", "../outside").end(),
        &at(1024, "l", "it is a hard link that leads upwards"),
    );
    refused(
        good().link("l", "/etc/shadow").end(),
        &at(1024, "l", "it is a hard link to etc/shadow, which is not there"),
    );
    refused(
        good().link("good", "good").end(),
        &at(1024, "good", "it is a hard link to good, which is not there"),
    );
    refused(
        good().link("l", "good/below").end(),
        &at(1024, "l", "it is a hard link to good/below, which is not there"),
    );
    refused(
        good().directory("d").link("l", "d").end(),
        &at(1536, "l", "it is a hard link to d, which is a directory"),
    );
    refused(
        good().file("good/below", "1").end(),
        &at(1024, "good/below", "it lies beneath good, which is no directory"),
    );
    refused(
        archive().symlink("s", "/tmp").file("s/a/b", "1").end(),
        &at(512, "s/a/b", "it lies beneath s, which is no directory"),
    );
    for root in ["", ".", "/", "./"] {
        refused(
            good().file(root, "1").end(),
            &at(1024, root, "it has no name and is no directory"),
        );
    }
    refused(good().link(".", "good").end(), &at(1024, ".", "it has no name and is no directory"));
    for name in ["d/.wh.", "d/.wh..", "d/.wh..."] {
        refused(good().file(name, "").end(), &at(1024, name, "it is a whiteout of no name"));
    }
    refused(
        good().raw(b"sparse", b'S', b"", 0, b"").end(),
        &at(1024, "sparse", "it is a sparse file, which images do not have"),
    );
    refused(
        good().pax(&[("GNU.sparse.major", b"1")]).file("s", "1").end(),
        &at(1024, "s", "it is a sparse file, which images do not have"),
    );
    refused(
        good().raw(b"odd", b'V', b"", 0, b"").end(),
        &at(1024, "odd", "its type 'V' is none that images have"),
    );
    let name = "n".repeat(256);
    refused(
        good().pax(&[("path", name.as_bytes())]).file("n", "1").end(),
        &at(1024, &name, "its path or a name in it is too long: 256 bytes"),
    );
    let path = "n/".repeat(2048) + "n";
    let exact = archive().pax(&[("path", &path.as_bytes()[2..])]).directory("n").end();
    assert!(tree(&[exact]).is_ok());
    refused(
        good().pax(&[("path", path.as_bytes())]).directory("n").end(),
        &at(1024, &path, "its path or a name in it is too long: 4097 bytes"),
    );
}

#[test]
fn names_with_zeros_and_numbers_that_cannot_be_are_refused() {
    let nul = archive().pax(&[("path", b"a\0b")]).file("n", "1").end();
    let error = tree(&[nul]).unwrap_err().to_string();
    assert!(error.ends_with("at byte 0: there is a NUL byte in a name"), "{error}");
    refused(
        archive().pax(&[("uid", b"4294967296")]).file("n", "1").end(),
        "entry n at byte 0: its user is no number that can be",
    );
    refused(
        archive().raw(b"pax", b'x', b"", 6, b"9 a=b\n").file("n", "1").end(),
        "at byte 0: its extended header is broken",
    );
    refused(
        archive().pax(&[("size", b"18446744073709551615")]).file("n", "1").end(),
        "entry n at byte 0: bytes of a file: more than 68719476736",
    );
    // A size that no number can hold.
    let mut bytes = archive().file("n", "1").end();
    bytes[124..136].fill(0xff);
    let mut sum: u32 = bytes[..512].iter().map(|&byte| u32::from(byte)).sum();
    sum -= bytes[148..156].iter().map(|&byte| u32::from(byte)).sum::<u32>();
    bytes[148..156].copy_from_slice(format!("{:06o}\0 ", sum + 256).as_bytes());
    let error = tree(&[bytes]).unwrap_err().to_string();
    assert!(error.starts_with("layer: entry n at byte 0: "), "{error}");
}

#[test]
fn what_is_cut_or_damaged_is_refused_with_its_place() {
    let whole = archive().file("good", "x").file("cut", &"y".repeat(700)).end();
    refused(whole[..1024 + 100].to_vec(), "at byte 1024: the archive ends within it");
    refused(
        whole[..1024 + 512 + 600].to_vec(),
        "entry cut at byte 1024: the archive ends within it",
    );
    refused(archive().pax(&[("path", b"x")]).end(), "at byte 1024: the archive ends within it");
    let mut damaged = whole;
    damaged[1024 + 20] ^= 1;
    let checksum = "it is no header of an archive: its checksum is wrong";
    refused(damaged, &format!("at byte 1024: {checksum}"));
    refused(vec![b'x'; 2048], &format!("at byte 0: {checksum}"));
}

#[test]
fn what_asks_for_too_much_is_refused() {
    let limits = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        limits
    };
    let many = archive().file("a", "1").file("b", "1").file("c", "1").end();
    let long = archive().raw(b"L", b'L', b"", 1 << 40, b"").end();
    let bomb = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let zeros = "\0".repeat(1 << 20);
        encoder.write_all(&archive().file("zeros", &zeros).end()).unwrap();
        encoder.finish().unwrap()
    };
    let cases: [(Limits, &[u8], &str); 7] = [
        (
            limits(|it| it.entries = 2),
            &many,
            "entry c at byte 2048: entries of all layers: more than 2",
        ),
        (
            limits(|it| it.held = 2),
            &many,
            "entry c at byte 2048: bytes of names, targets and attributes: more than 2",
        ),
        (limits(|it| it.file = 0), &many, "entry a at byte 0: bytes of a file: more than 0"),
        (limits(|it| it.layer = 1200), &many, "at byte 1024: bytes of a layer: more than 1200"),
        (Limits::default(), &long, "at byte 0: bytes of an extended header: more than 1048576"),
        (
            limits(|it| (it.ratio, it.free) = (100, 1 << 16)),
            &bomb,
            "entry zeros at byte 0: bytes that one compressed byte becomes: more than 100",
        ),
        (
            limits(|it| it.layer = 1 << 16),
            &bomb,
            "entry zeros at byte 0: bytes of a layer: more than 65536",
        ),
    ];
    for (limits, bytes, expected) in cases {
        let error = read_layer("layer", bytes, &limits, |_| {}).unwrap_err().to_string();
        assert_eq!(error, format!("layer: {expected}"));
    }
    assert!(read_layer("layer", bomb.as_slice(), &Limits::default(), |_| {}).is_ok());
}

#[test]
fn a_layer_is_held_against_both_of_its_digests() {
    let content = archive().file("a", "1").end();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&content).unwrap();
    let compressed = encoder.finish().unwrap();
    let of = |bytes: &[u8]| digest_text(Sha256::digest(bytes).into());
    let (good_blob, good_content, other) = (of(&compressed), of(&content), of(b""));
    let limits = Limits::default();
    let result = |bytes: &[u8], blob_digest: Option<&str>, content: &str| {
        let expected = Expected { blob: blob_digest, content };
        apply(&mut Tree::new(Keeper::default()), blob(bytes), expected, &limits, &mut 9)
    };
    assert!(result(&compressed, Some(&good_blob), &good_content).is_ok());
    assert!(result(&compressed, None, &good_content).is_ok());
    let error = |bytes, blob, content| result(bytes, blob, content).unwrap_err().to_string();
    assert_eq!(
        error(&compressed, Some(&other), &good_content),
        format!("layer: its digest should be {other} and is {good_blob}")
    );
    assert_eq!(
        error(&compressed, Some(&good_blob), &other),
        format!("layer: its digest should be {other} and is {good_content}")
    );
    // Damage shows as another digest and not as what it does to the archive.
    let mut damaged = compressed.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    assert_eq!(
        error(&damaged, Some(&good_blob), &good_content),
        format!("layer: its digest should be {good_blob} and is {}", of(&damaged))
    );
    // What stands behind the end of the archive counts too.
    let more = [content.as_slice(), &[0; 512]].concat();
    assert!(result(&more, None, &good_content).is_err());
    let cut = error(&compressed[..compressed.len() - 4], None, &good_content);
    assert!(cut.contains("cannot be decompressed"), "{cut}");
}

#[test]
fn removing_what_was_there_leaves_nothing_held() {
    let limits = Limits::default();
    let mut tree = Tree::new(Keeper::default());
    let full = archive().file("d/a/b", "1").link("d/c", "d/a/b").symlink("d/s", "target");
    let full = full.pax(&[("SCHILY.xattr.user.x", b"value")]).file("d/x", "1").end();
    let empty = archive().file(".wh.d", "").end();
    for _ in 0..3 {
        apply_unproved(&mut tree, blob(&full), &limits, &mut 99).unwrap();
        assert!(tree.held() > 0);
        apply_unproved(&mut tree, blob(&empty), &limits, &mut 99).unwrap();
        assert_eq!(tree.held(), 0);
    }
    assert!(!tree.nodes().advance().unwrap());
}

proptest! {
    #[test]
    fn any_bytes_get_an_answer(bytes: Vec<u8>, tail: Vec<u8>) {
        let _ = tree(std::slice::from_ref(&bytes));
        let named = archive().file("a", "1").raw(b"x", b'x', b"", bytes.len() as u64, &bytes);
        let _ = tree(&[[named.0, tail].concat()]);
    }

    #[test]
    fn any_change_of_an_archive_gets_an_answer(at in 0_usize..3000, byte: u8) {
        let mut bytes = archive()
            .directory("d").file("d/a", "content").link("b", "d/a")
            .pax(&[("path", b"p"), ("SCHILY.xattr.user.a", b"1")]).file("x", "1").end();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = tree(&[bytes]);
    }
}
