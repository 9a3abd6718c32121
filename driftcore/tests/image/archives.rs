//! Finding an image in a layout and in archives, and errors that say what is there.

use std::fs;
use std::io::Read;
use std::path::Path;

use driftcore::image::manifest::Image;
use driftcore::image::manifest::ManifestFile;
use driftcore::image::manifest::Nodes;
use driftcore::image::manifest::Options;
use driftcore::image::manifest::check;
use driftcore::image::manifest::write;
use serde_json::json;

use crate::layout::Compression;
use crate::layout::Layout;
use crate::layout::digest;
use crate::layout::gzip;
use crate::layout::pack;

/// A layer with one file.
fn layer(name: &str) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(name), name).unwrap();
    pack(directory.path(), 1)
}

/// The files of an image but for its root, or why there are none.
fn files(image: &str, platform: Option<&str>) -> Result<Vec<String>, String> {
    let mut options = Options::default();
    options.platform = platform.map(|platform| platform.parse().unwrap());
    let image = Image::open(image, &options).map_err(|error| error.to_string())?;
    let mut nodes = image.nodes();
    let mut paths = Vec::new();
    while nodes.advance().unwrap() {
        paths.push(String::from_utf8(nodes.node().path.clone()).unwrap());
    }
    paths.retain(|path| !path.is_empty());
    Ok(paths)
}

fn is(image: &str, platform: Option<&str>, expected: &[&str]) {
    assert_eq!(files(image, platform).unwrap(), expected, "{image}");
}

fn fails(image: &str, platform: Option<&str>, expected: &str) {
    assert_eq!(files(image, platform).unwrap_err(), expected, "{image}");
}

#[test]
fn a_tag_tells_the_images_of_a_layout_apart() {
    let directory = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(&directory.path().join("lay:out"));
    let path = layout.path.to_str().unwrap().to_owned();
    let one = layout.image("linux/amd64", &[(layer("one"), Compression::Gzip)]);
    layout.list(one.clone(), Some("1"));
    layout.list(one, Some("again"));
    is(&path, None, &["one"]);
    let two = layout.image("linux/amd64", &[(layer("two"), Compression::Zstd)]);
    layout.list(two, Some("docker.io/library/lab:2"));
    is(&format!("{path}:1"), None, &["one"]);
    for tag in ["2", "lab:2", "docker.io/library/lab:2"] {
        is(&format!("{path}:{tag}"), None, &["two"]);
    }
    let all = "1, again, docker.io/library/lab:2";
    fails(&path, None, &format!("{path}: it has several images: {all}; name one by :TAG"));
    fails(&format!("{path}:3"), None, &format!("{path}:3: it has no image \"3\", but {all}"));
    fails("/no/such:tag", None, "/no/such:tag: there is no such directory or file");

    // The same as an archive, compressed as a whole or not.
    for (name, bytes) in [("a.tar", layout.archive()), ("a.tar.gz", gzip(&layout.archive()))] {
        let archive = directory.path().join(name);
        fs::write(&archive, bytes).unwrap();
        is(&format!("{}:1", archive.display()), None, &["one"]);
        is(&format!("{}:lab:2", archive.display()), None, &["two"]);
    }
    let empty = tempfile::tempdir().unwrap();
    let path = empty.path().display().to_string();
    let reason = "there is neither an index.json nor a manifest.json in it: it is no OCI layout and \
                  not what `docker save` writes";
    fails(&path, None, &format!("{path}: {reason}"));
}

#[test]
fn of_several_platforms_the_hosts_is_taken_unless_another_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(directory.path());
    let path = layout.path.to_str().unwrap().to_owned();
    let host = driftcore::image::manifest::Platform::host().to_string();
    let image = |platform: &str, name| {
        let mut image = layout.image(platform, &[(layer(name), Compression::Gzip)]);
        let (os, architecture) = platform.split_once('/').unwrap();
        image["platform"] = json!({"os": os, "architecture": architecture});
        image
    };
    let mut about = image("unknown/unknown", "about");
    about["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
    // Its blobs were not pulled.
    let absent = json!({"digest": digest(b"absent"),
                        "platform": {"os": "linux", "architecture": "s390x"}});
    let manifests = [about, absent, image("linux/mips", "other"), image(&host, "ours")];
    let index = layout.blob(json!({"manifests": manifests}).to_string().as_bytes());
    layout.list(index, None);
    is(&path, None, &["ours"]);
    is(&path, Some("linux/mips"), &["other"]);
    let reason = format!("it has no image for linux/riscv64, but for linux/mips, {host}");
    fails(&path, Some("linux/riscv64"), &format!("{path}: {reason}"));

    // The only one is taken whatever it is for, unless it is asked for another.
    let single = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(single.path());
    let path = layout.path.to_str().unwrap().to_owned();
    layout.list(layout.image("linux/mips", &[(layer("only"), Compression::Plain)]), None);
    is(&path, None, &["only"]);
    let reason = "it has no image for linux/amd64, but for linux/mips";
    fails(&path, Some("linux/amd64"), &format!("{path}: {reason}"));
}

#[test]
fn what_docker_saves_is_read_in_its_old_form_too() {
    let directory = tempfile::tempdir().unwrap();
    let (one, two) = (layer("one"), layer("two"));
    let config = |layers: &[&[u8]]| {
        let ids: Vec<String> = layers.iter().map(|layer| digest(layer)).collect();
        json!({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": ids}}).to_string()
    };
    let mut archive = tar::Builder::new(Vec::new());
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, bytes).unwrap();
    };
    add("A/layer.tar", &one);
    add("B/layer.tar", &two);
    add("a.json", config(&[&one]).as_bytes());
    add("b.json", config(&[&one, &two]).as_bytes());
    let list = json!([
        {"Config": "a.json", "RepoTags": ["lab:1"], "Layers": ["A/layer.tar"]},
        {"Config": "b.json", "RepoTags": ["lab:2", "other:2"], "Layers": ["C/layer.tar", "B/layer.tar"]},
    ]);
    add("manifest.json", list.to_string().as_bytes());
    let mut header = tar::Header::new_gnu();
    header.set_size(0);
    header.set_entry_type(tar::EntryType::Symlink);
    archive.append_link(&mut header, "C/layer.tar", "../A/layer.tar").unwrap();
    let path = directory.path().join("saved.tar");
    fs::write(&path, archive.into_inner().unwrap()).unwrap();
    let path = path.display();
    is(&format!("{path}:lab:1"), None, &["one"]);
    is(&format!("{path}:other:2"), None, &["one", "two"]);
    let all = "lab:1, lab:2, other:2";
    fails(
        &path.to_string(),
        None,
        &format!("{path}: it has several images: {all}; name one by :TAG"),
    );
    let image = Image::open(&format!("{path}:1"), &Options::default()).unwrap();
    assert_eq!(image.head().image_id, digest(config(&[&one]).as_bytes()));
    assert_eq!((image.head().image_digest.as_ref(), image.head().verified), (None, true));
}

#[test]
fn documents_and_layers_that_are_not_what_they_should_be_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(directory.path());
    let path = layout.path.to_str().unwrap().to_owned();
    let content = layer("one");
    let image = layout.image("linux/amd64", &[(content.clone(), Compression::Plain)]);
    layout.list(image.clone(), None);
    let blobs = format!("{path}/blobs/sha256");
    let blob = |digest: &str| format!("{blobs}/{}", &digest[7..]);
    let layer_digest = digest(&content);

    // A byte of the layer, the layer itself, a byte of the manifest.
    let mut damaged = content.clone();
    damaged[700] ^= 1;
    fs::write(blob(&layer_digest), &damaged).unwrap();
    let found = digest(&damaged);
    let place = blob(&layer_digest);
    fails(&path, None, &format!("{place}: its digest should be {layer_digest} and is {found}"));
    fs::remove_file(&place).unwrap();
    fails(&path, None, &format!("{blobs}: {layer_digest} is not there"));
    let manifest_digest = image["digest"].as_str().unwrap();
    let place = blob(manifest_digest);
    let manifest = fs::read(&place).unwrap();
    fs::write(&place, [&manifest[..], b" "].concat()).unwrap();
    let found = digest(&[&manifest[..], b" "].concat());
    fails(&path, None, &format!("{place}: its digest should be {manifest_digest} and is {found}"));

    // A link in the place of a blob leads nowhere.
    fs::remove_file(&place).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &place).unwrap();
    assert!(files(&path, None).unwrap_err().starts_with(&place));

    let listed = |document: serde_json::Value, expected: &str| {
        let blob = layout.blob(document.to_string().as_bytes());
        let digest = blob["digest"].as_str().unwrap().to_owned();
        fs::write(directory.path().join("index.json"), json!({"manifests": [blob]}).to_string())
            .unwrap();
        let error = files(&path, None).unwrap_err();
        assert_eq!(error.replace(&digest, "DIGEST"), expected);
    };
    listed(json!({}), "DIGEST: it is neither an index nor the manifest of an image");
    let both = json!({"manifests": [], "config": {}, "layers": []});
    listed(both, "DIGEST: it is an index and a manifest at the same time");
    listed(
        json!({"config": {"digest": "sha512:ab"}, "layers": []}),
        &format!("{blobs}: \"sha512:ab\" is not a SHA-256 digest"),
    );
    fs::write(directory.path().join("index.json"), "{\"manifests\": [").unwrap();
    let error = files(&path, None).unwrap_err();
    assert!(error.contains("index.json: EOF while parsing"), "{error}");
    fs::write(directory.path().join("index.json"), "{}").unwrap();
    fails(&path, None, &format!("{path}/index.json: it lists no manifests"));
}

fn manifest() -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("d")).unwrap();
    for name in ["d/a", "d/b", "c"] {
        fs::write(directory.path().join(name), name).unwrap();
    }
    fs::hard_link(directory.path().join("c"), directory.path().join("d/c")).unwrap();
    std::os::unix::fs::symlink("c", directory.path().join("link")).unwrap();
    let layout = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(layout.path());
    layout.list(
        layout.image("linux/amd64", &[(pack(directory.path(), 1), Compression::Plain)]),
        None,
    );
    let image = Image::open(layout.path.to_str().unwrap(), &Options::default()).unwrap();
    let mut bytes = Vec::new();
    write(&mut bytes, image.head(), &mut *image.nodes(), &[]).unwrap();
    bytes
}

/// The content of a manifest's bytes, behind the mark and the version.
fn expanded(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    flate2::read::GzDecoder::new(&bytes[9..]).read_to_end(&mut content)?;
    Ok(content)
}

#[test]
fn a_damaged_manifest_is_refused_wherever_it_is_damaged() {
    let bytes = manifest();
    assert_eq!(check(&bytes).unwrap().1, 7);
    for length in 0..bytes.len() {
        assert!(check(&bytes[..length]).is_err(), "cut at {length}");
    }
    assert!(check(&[&bytes[..], b"x"].concat()).is_err());
    // Of gzip a time, flags and padding are of no matter, and one content has several forms: what is
    // taken has to be the content that was written.
    let content = expanded(&bytes).unwrap();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        if check(&damaged).is_ok() {
            assert_eq!(damaged[..9], bytes[..9], "byte {at}");
            assert!(expanded(&damaged).is_ok_and(|it| it == content), "byte {at}");
        }
    }
    let error = |bytes: &[u8]| check(bytes).unwrap_err().to_string();
    assert_eq!(error(b"driftma"), "manifest: at byte 0 of its content: it is no manifest");
    let newer = [b"driftman\x03", &bytes[9..]].concat();
    let expected = "manifest: at byte 0 of its content: it is of version 3, and 2 is known";
    assert_eq!(error(&newer), expected);
}

/// A manifest of these records, with a true checksum.
fn of_records(records: &[u8]) -> Vec<u8> {
    of_version(2, records)
}

fn of_version(version: u8, records: &[u8]) -> Vec<u8> {
    use sha2::Digest;

    let start = [&b"driftman"[..], &[version]].concat();
    let content = [&[2][..], b"{}", records].concat();
    let sum = sha2::Sha256::digest([&start[..], &content].concat());
    [&start[..], &gzip(&[&content[..], &sum].concat())].concat()
}

#[test]
fn a_manifest_with_a_true_checksum_may_lie_and_is_refused() {
    // Tag, shared, length, path, mode, user, group, time.
    let directory = |shared: u8, path: &str| {
        let head = [&[0x42, shared, u8::try_from(path.len()).unwrap()][..], path.as_bytes()];
        [&head.concat()[..], &[0, 0, 0, 0]].concat()
    };
    let fifo = |path: &str| {
        let mut record = directory(0, path);
        record[0] = 0x46;
        record
    };
    let end = |count: u8| vec![0, count];
    let good = [directory(0, ""), directory(0, "a"), directory(1, "/b"), end(3)].concat();
    assert_eq!(check(&of_records(&good)).unwrap().1, 3);
    assert_eq!(check(&of_version(1, &good)).unwrap().1, 3);
    // Sections stand behind all files, and were not there in version 1.
    let section = |size: &[u8]| [&[8, 1, b's'][..], size].concat();
    let with = [directory(0, "a"), section(&[3]), vec![7; 3], section(&[0]), end(1)].concat();
    assert_eq!(check(&of_records(&with)).unwrap().1, 1);
    assert!(check(&of_version(1, &with)).is_err());
    for (records, reason) in [
        (vec![directory(0, "b"), directory(0, "a"), end(2)], "the paths are not in order"),
        (vec![directory(0, "a"), directory(0, "a"), end(2)], "the paths are not in order"),
        (vec![directory(0, "a"), directory(0, ""), end(2)], "a path is none"),
        (vec![directory(0, "a/../b"), end(1)], "a path is none"),
        (vec![directory(0, "/a"), end(1)], "a path is none"),
        (vec![directory(0, "a\0"), end(1)], "a path is none"),
        (vec![directory(0, "a/b"), end(1)], "a path lies in no directory"),
        (vec![fifo("a"), directory(1, "/b"), end(2)], "a path lies in no directory"),
        (vec![fifo(""), end(1)], "the root is no directory"),
        (
            vec![directory(9, "a"), end(1)],
            "what a path shares with the one before is no number that can be",
        ),
        (vec![directory(0, "a"), end(2)], "it should have 2 files, not 1"),
        (
            vec![section(&[0]), directory(0, "a"), end(1)],
            "a file follows what is behind the last one",
        ),
        (
            vec![section(&[0x80, 0x80, 0x80, 0x80, 1])],
            "the size of sections is no number that can be",
        ),
        (vec![vec![9, 0, 1, b'a', 0, 0, 0, 0], end(1)], "a file is of no type"),
        (
            vec![vec![0x22, 0, 1, b'a', 0, 0, 0, 0, 1, 0xff, 0xff, 0x7f]],
            "the name of an extended attribute is no number that can be",
        ),
    ] {
        let error = check(&of_records(&records.concat())).unwrap_err().to_string();
        assert!(error.ends_with(&format!(" of its content: {reason}")), "{reason}: {error}");
    }
}

#[test]
fn a_manifest_that_is_not_whole_is_never_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("manifest");
    let whole = manifest();
    fs::write(&path, &whole).unwrap();
    let file = ManifestFile::open(&path).unwrap();
    // Over itself, and into a directory that is not there.
    let written = driftcore::image::manifest::write_file;
    written(&path, file.head(), &mut file.nodes().unwrap(), &[]).unwrap();
    assert_eq!(fs::read(&path).unwrap(), whole);
    let nowhere = Path::new("/no/such/directory/manifest");
    let error = written(nowhere, file.head(), &mut file.nodes().unwrap(), &[]).unwrap_err();
    assert!(error.to_string().starts_with("/no/such/directory/.manifest."), "{error}");

    struct Failing;
    impl Nodes for Failing {
        fn advance(&mut self) -> Result<bool, driftcore::image::manifest::ManifestError> {
            Err(check(b"").unwrap_err())
        }

        fn node(&self) -> &driftcore::image::manifest::Node {
            unreachable!("there is none")
        }
    }
    assert!(written(&path, file.head(), &mut Failing, &[]).is_err());
    assert_eq!(fs::read(&path).unwrap(), whole);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

proptest::proptest! {
    #[test]
    fn any_bytes_get_an_answer(bytes: Vec<u8>) {
        let _ = check(&bytes);
        let _ = check(&of_records(&bytes));
    }
}
