use std::io::Write;
use std::os::unix::fs::FileExt;

use proptest::prelude::*;

use super::*;

/// A database as containerd 1.6 wrote it, with unused pages and the records of blobs cut out.
pub(in crate::container) const REAL: &[u8] = include_bytes!("../../../testdata/containerd/meta.db");
const PAGE: usize = 512;

/// What a leaf holds under a key.
enum Item<'a> {
    Value(&'a [u8]),
    /// A bucket that starts at a page.
    Page(u64),
    /// A bucket that is one leaf inside.
    Inline(&'a [u8]),
}

fn header(id: u64, flags: u16, count: usize, overflow: u32) -> Vec<u8> {
    let count = u16::try_from(count).unwrap();
    let mut page = id.to_le_bytes().to_vec();
    page.extend([flags.to_le_bytes(), count.to_le_bytes()].concat());
    page.extend(overflow.to_le_bytes());
    page
}

fn leaf(id: u64, items: &[(&str, Item<'_>)]) -> Vec<u8> {
    let values: Vec<(u32, &str, Vec<u8>)> = items
        .iter()
        .map(|(key, item)| match item {
            Item::Value(value) => (0, *key, value.to_vec()),
            Item::Page(root) => (1, *key, [root.to_le_bytes(), [0; 8]].concat()),
            Item::Inline(page) => (1, *key, [&[0; 16], *page].concat()),
        })
        .collect();
    let (mut elements, mut data) = (Vec::new(), Vec::new());
    for (index, (flags, key, value)) in values.iter().enumerate() {
        let position = (values.len() - index) * 16 + data.len();
        for number in [*flags as usize, position, key.len(), value.len()] {
            elements.extend(u32::try_from(number).unwrap().to_le_bytes());
        }
        data.extend([key.as_bytes(), value].concat());
    }
    let length = 16 + elements.len() + data.len();
    let overflow = u32::try_from(length.div_ceil(PAGE) - 1).unwrap();
    [header(id, 2, items.len(), overflow), elements, data].concat()
}

fn branch(id: u64, children: &[(&str, u64)]) -> Vec<u8> {
    let (mut elements, mut data) = (Vec::new(), Vec::new());
    for (index, (key, child)) in children.iter().enumerate() {
        let position = (children.len() - index) * 16 + data.len();
        for number in [position, key.len()] {
            elements.extend(u32::try_from(number).unwrap().to_le_bytes());
        }
        elements.extend(child.to_le_bytes());
        data.extend(key.as_bytes());
    }
    [header(id, 1, children.len(), 0), elements, data].concat()
}

fn meta(id: u64, transaction: u64, root: u64, end: u64) -> Vec<u8> {
    let mut meta = Vec::new();
    for number in [0xED0C_DAED, 2, PAGE as u32, 0] {
        meta.extend(number.to_le_bytes());
    }
    for number in [root, 0, u64::MAX, end, transaction] {
        meta.extend(number.to_le_bytes());
    }
    meta.extend(page::fnv64a(&meta).to_le_bytes());
    [header(id, 4, 0, 0), meta].concat()
}

/// Two meta pages of which the second is newer, and the pages from number 2 on.
fn database(root: u64, pages: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut add = |page: &[u8]| {
        bytes.extend(page);
        bytes.resize(bytes.len().next_multiple_of(PAGE), 0);
        (bytes.len() / PAGE) as u64
    };
    add(&[0; PAGE * 2]);
    let end = pages.iter().map(|page| add(page)).last().unwrap();
    put(&mut bytes, 0, &meta(0, 6, 99, end));
    put(&mut bytes, 1, &meta(1, 7, root, end));
    bytes
}

fn put(bytes: &mut [u8], page: usize, content: &[u8]) {
    bytes[page * PAGE..][..content.len()].copy_from_slice(content);
}

fn open(bytes: &[u8]) -> Database {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    Database::new(file)
}

fn value(bytes: &[u8], path: &[&str], key: &str) -> Result<Option<Vec<u8>>, Error> {
    open(bytes).view(|root| match root.bucket(path)? {
        Some(bucket) => bucket.value(key),
        None => Ok(None),
    })
}

/// The values of the bucket at a path, or of the root.
fn values(bytes: &[u8], path: &[&str]) -> Result<Vec<Entry>, Error> {
    open(bytes).view(|root| match root.bucket(path)? {
        Some(bucket) => bucket.values(),
        None => root.values(),
    })
}

/// A tree with a branch, an overflow page, a bucket with pages and an inline one.
fn tree() -> Vec<u8> {
    let small = leaf(0, &[("deep", Item::Value(b"inside"))]);
    let large = vec![7; PAGE * 3];
    database(
        2,
        &[
            leaf(2, &[("v1", Item::Page(3))]),
            branch(3, &[("a", 4), ("m", 5)]),
            leaf(4, &[("a", Item::Value(b"first")), ("c", Item::Inline(&small))]),
            leaf(5, &[("m", Item::Value(&large)), ("z", Item::Value(b"last"))]),
        ],
    )
}

#[test]
fn keys_are_found_in_branches_overflow_pages_and_inline_buckets() {
    let bytes = tree();
    let get = |path: &[&str], key| value(&bytes, path, key).unwrap();
    assert_eq!(get(&["v1"], "a").unwrap(), b"first");
    assert_eq!(get(&["v1"], "m").unwrap(), [7; PAGE * 3]);
    assert_eq!(get(&["v1"], "z").unwrap(), b"last");
    assert_eq!(get(&["v1", "c"], "deep").unwrap(), b"inside");
    for absent in ["", "A", "b", "l", "zz"] {
        assert_eq!(get(&["v1"], absent), None, "{absent}");
    }
    assert_eq!(get(&["v1"], "c"), None, "a bucket is not a value");
    assert_eq!(get(&["v1", "a"], "x"), None, "a value is not a bucket");
    assert_eq!(get(&[], "v1"), None);
}

#[test]
fn values_are_listed_in_order_without_buckets() {
    let entries = values(&tree(), &["v1"]).unwrap();
    let keys: Vec<&[u8]> = entries.iter().map(|(key, _)| key.as_slice()).collect();
    assert_eq!(keys, [b"a", b"m", b"z"]);
}

#[test]
fn the_newer_valid_meta_page_counts() {
    let mut bytes = tree();
    // The older state's root does not exist.
    put(&mut bytes, 1, &[0; 100]);
    assert!(matches!(value(&bytes, &["v1"], "a"), Err(Error::Damaged { page: 99, .. })));
    // The first one torn, also in its page size: the second is found by itself.
    let mut bytes = tree();
    put(&mut bytes, 0, &[0xff; 100]);
    assert_eq!(value(&bytes, &["v1"], "a").unwrap().unwrap(), b"first");
    put(&mut bytes, 1, &[0xff; 100]);
    assert!(matches!(value(&bytes, &["v1"], "a"), Err(Error::NoMeta)));
    assert!(matches!(value(b"", &["v1"], "a"), Err(Error::NoMeta)));
}

#[test]
fn a_changed_bit_in_a_meta_page_makes_it_invalid() {
    for bit in 128..640 {
        let mut bytes = tree();
        bytes[PAGE + bit / 8] ^= 1 << (bit % 8);
        let result = value(&bytes, &["v1"], "a");
        assert!(matches!(result, Err(Error::Damaged { page: 99, .. })), "{bit}: {result:?}");
    }
}

#[test]
fn cycles_end() {
    let cycle = database(2, &[branch(2, &[("a", 3), ("b", 3)]), branch(3, &[("a", 2), ("b", 2)])]);
    assert!(matches!(value(&cycle, &["v1"], "a"), Err(Error::Damaged { .. })));
    assert!(values(&cycle, &[]).is_err());
    let broad = database(
        2,
        &[branch(2, &["a"; 25].map(|key| (key, 3))), branch(3, &["a"; 25].map(|key| (key, 2)))],
    );
    let result = values(&broad, &[]);
    assert!(matches!(result, Err(Error::Limit { .. } | Error::Damaged { .. })), "{result:?}");
}

#[test]
fn a_bucket_in_itself_is_as_deep_as_the_path() {
    let bytes = database(2, &[leaf(2, &[("a", Item::Page(2)), ("b", Item::Value(b"x"))])]);
    assert_eq!(value(&bytes, &["a"; 50], "b").unwrap().unwrap(), b"x");
}

#[test]
fn elements_that_lie_over_one_another_do_not_fill_the_memory() {
    // 65,535 times one value of 256 KiB.
    let count = 65_535;
    let mut page = header(2, 2, count, 4096);
    for index in 0..count {
        let position = (count - index) * 16;
        for number in [0, position, 0, 256 << 10] {
            page.extend(u32::try_from(number).unwrap().to_le_bytes());
        }
    }
    page.resize(PAGE * 4097, 0);
    let result = values(&database(2, &[page]), &[]);
    assert!(matches!(result, Err(Error::Limit { .. })), "{result:?}");
}

#[test]
fn a_large_value_is_refused_and_does_not_hide_its_neighbours() {
    let large = vec![1; (1 << 20) + 1];
    let items = [("a", Item::Value(b"x")), ("m", Item::Value(&large)), ("z", Item::Value(b"y"))];
    let inner = leaf(3, &items);
    let bytes = database(2, &[leaf(2, &[("v1", Item::Page(3))]), inner]);
    assert_eq!(value(&bytes, &["v1"], "a").unwrap().unwrap(), b"x");
    assert_eq!(value(&bytes, &["v1"], "z").unwrap().unwrap(), b"y");
    let result = value(&bytes, &["v1"], "m");
    assert!(matches!(result, Err(Error::Limit { what: "bytes in a value", .. })), "{result:?}");
}

#[test]
fn pages_that_are_not_what_they_should_be_are_named() {
    let damage: [(usize, Vec<u8>, &str); 6] = [
        (3, header(9, 1, 2, 0), "number of another page"),
        (3, header(3, 0x10, 2, 0), "neither branch nor leaf"),
        (3, header(3, 1, 0, 0), "without children"),
        (3, header(3, 1, 2, u32::MAX), "ends beyond"),
        (4, [header(4, 2, 2, 0), vec![0xff; 32]].concat(), "lies outside"),
        (3, [header(3, 1, 1, 0), vec![0; 16]].concat(), "not a page of the tree"),
    ];
    for (page, content, text) in damage {
        let mut bytes = tree();
        put(&mut bytes, page, &content);
        let error = value(&bytes, &["v1"], "a").unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
    let cut = &tree()[..PAGE * 3];
    assert!(matches!(value(cut, &["v1"], "a"), Err(Error::Read { .. })));
}

#[test]
fn a_look_up_that_a_writer_overtakes_is_done_again() {
    let bytes = tree();
    let database = open(&bytes);
    let end = (bytes.len() / PAGE) as u64;
    let mut attempts = 0;
    let found = database.view(|root| {
        attempts += 1;
        if attempts == 1 {
            // The next commit takes the older meta page, and its tree has no "v1".
            let fresh = leaf(end, &[("v2", Item::Value(b"new"))]);
            database.file.write_all_at(&fresh, end * PAGE as u64).unwrap();
            database.file.write_all_at(&[0; PAGE], (end + 1) * PAGE as u64 - 1).unwrap();
            database.file.write_all_at(&meta(0, 8, end, end + 1), 0).unwrap();
        }
        Ok((root.bucket(&["v1"])?.is_some(), root.value("v2")?))
    });
    assert_eq!(found.unwrap(), (false, Some(b"new".to_vec())));
    assert_eq!(attempts, 2);

    let mut transaction = 8;
    let busy = database.view(|_| {
        transaction += 1;
        let slot = transaction % 2;
        let page = meta(slot, transaction, end, end + 1);
        database.file.write_all_at(&page, slot * PAGE as u64).unwrap();
        Ok(())
    });
    assert!(matches!(busy, Err(Error::Changed)));
}

/// Reads all that containerd's metadata are asked for.
fn exercise(bytes: &[u8]) {
    let path = ["v1", "default", "containers", "web"];
    let result = open(bytes).view(|root| {
        root.values()?;
        if let Some(bucket) = root.bucket(&path)? {
            bucket.values()?;
            if let Some(labels) = bucket.bucket(&["labels"])? {
                labels.values()?;
            }
        }
        Ok(())
    });
    if let Err(error) = result {
        assert!(!error.to_string().is_empty());
    }
}

proptest! {
    #[test]
    fn damaged_databases_neither_panic_nor_hang(
        real in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = if real { REAL.to_vec() } else { tree() };
        let heads = if real { 4096 } else { PAGE };
        for (at, byte) in changes {
            // Half of the changes hit the first bytes of a page, where the structure is.
            let at = at.index(bytes.len() * 2);
            let at = if at < bytes.len() { at } else { (at - bytes.len()) / heads * heads + at % 64 };
            // The meta pages stay: without them nothing else is read.
            if at >= heads * 2 {
                bytes[at] = byte;
            }
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        exercise(&bytes);
    }

    #[test]
    fn random_pages_neither_panic_nor_hang(
        pages in prop::collection::vec(
            (prop::sample::select(vec![1u16, 2]), 0u16..600, 0u32..3, prop::collection::vec(
                prop_oneof![0u32..6, 0u32..600, any::<u32>()], 124)),
            1..6,
        ),
    ) {
        let pages: Vec<Vec<u8>> = pages
            .into_iter()
            .enumerate()
            .map(|(index, (flags, count, overflow, words))| {
                let words = words.into_iter().flat_map(u32::to_le_bytes);
                header(index as u64 + 2, flags, usize::from(count), overflow).into_iter().chain(words).collect()
            })
            .collect();
        exercise(&database(2, &pages));
    }

    #[test]
    fn random_bytes_neither_panic_nor_hang(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        exercise(&bytes);
    }
}
