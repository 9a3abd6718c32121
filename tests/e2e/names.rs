//! Long and odd names.

use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Evidence;
use driftcore::event::Verdict;

use crate::Case;
use crate::code::drop_at;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("path_of_200_bytes_is_whole", |world| deep(world, 200)),
    ("path_of_4000_bytes_is_whole", |world| deep(world, 4000)),
    ("name_with_a_newline_is_kept", |world| odd(world, "line\\nbreak", b"line\nbreak")),
    ("name_with_quotes_is_kept", |world| odd(world, "quote\\042\\047\\134", b"quote\"'\\")),
    ("name_with_bytes_that_are_no_utf8_is_kept", |world| {
        odd(world, "bad\\377\\376\\134x41", b"bad\xff\xfe\\x41")
    }),
    ("argument_with_bytes_that_are_no_utf8_is_kept", argument),
];

fn deep(world: &World, length: usize) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("deep");
    let script =
        format!("{}; /opt/attack deep {length} /tmp/x /tmp/deep x {mark}; true", drop_at("/tmp/x"));
    container.sh(&script)?;
    let seen = world.exec(&mark)?.drift(Verdict::Added, Evidence::Kernel)?;
    let path = seen.event.file.as_ref().map(|file| file.path.as_bytes().to_vec());
    let path = path.unwrap_or_default();
    ensure!(path.len() == length, "path of {} bytes, expected {length}", path.len());
    ensure!(path.starts_with(b"/tmp/deep/ddd") && path.ends_with(b"d/x"), "path {path:?}");
    ensure!(path.iter().all(|byte| b"/tmpdex".contains(byte)), "path {path:?}");
    ensure!(seen.event.truncated.is_empty(), "truncated {:?}", seen.event.truncated);
    Ok(())
}

/// Drops a file whose name is `name` in the words of printf, `bytes` in truth.
fn odd(world: &World, name: &str, bytes: &[u8]) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("odd");
    container.sh(&format!(
        "set -e; p=\"/tmp/$(printf '{name}')\"; {}; cp /tmp/x \"$p\"; \"$p\" {mark}; true",
        drop_at("/tmp/x")
    ))?;
    let path = [b"/tmp/", bytes].concat();
    let seen = world.exec(&mark)?.drift(Verdict::Added, Evidence::Kernel)?.path(&path)?;
    // The reader undoes the escaping; what was written must say that it did so, and only then.
    let json = serde_json::to_value(&seen.event)?;
    let escaped = json["escaped"].as_array().cloned().unwrap_or_default();
    let is_text = std::str::from_utf8(bytes).is_ok();
    ensure!(escaped.contains(&"file.path".into()) != is_text, "escaped {escaped:?}");
    Ok(())
}

fn argument(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("argument");
    container.sh(&format!("/opt/payload {mark} \"$(printf 'a\\377\\nb')\"; true"))?;
    let seen = world.exec(&mark)?.silent(Verdict::Image, Evidence::Kernel)?;
    let last = seen.event.process.as_ref().and_then(|process| process.cmdline.last());
    ensure!(last.is_some_and(|text| text.as_bytes() == b"a\xff\nb"), "last argument {last:?}");
    Ok(())
}
