//! What Go's linker wrote into a program about how it was built.
//!
//! ```text
//! "\xff Go buildinf:" │ size of a pointer: u8 │ flags: u8 │
//!   flags & 2, since Go 1.18:  zeros up to byte 32 │ 2 × { length: varint │ text }
//!   else:                      2 × pointer to { pointer to text, length }; flags & 1: big endian
//! ```
//! The first text is the version of Go, the second the list of modules, within 16 bytes each.

use std::io::Read;
use std::io::Seek;

use super::super::Fault;
use super::super::source::Source;
use super::elf::Elf;
use super::elf::number;

const MAGIC: &[u8] = b"\xff Go buildinf:";
/// It begins at a multiple of this.
const ALIGNMENT: usize = 16;
const HEADER: usize = 32;
const BIG_ENDIAN: u8 = 1;
const INLINE: u8 = 2;
/// How much of a place is searched: it is at the start of the first one.
const SEARCHED: u64 = 4 << 20;
/// Most bytes of the version and of the list.
const VERSION: u64 = 64 << 10;
const MODULES: u64 = 16 << 20;
/// Bytes before and behind the list.
const FRAME: usize = 16;

/// What a program says of how it was built.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Info {
    /// Where in the file it says so.
    pub(super) at: u64,
    /// Of Go.
    pub(super) version: Vec<u8>,
    /// The list, without what frames it.
    pub(super) modules: Vec<u8>,
}

/// Finds it in a program. `None` when Go did not build it.
///
/// # Errors
///
/// When the file cannot be read, and where what it says is broken.
pub(super) fn find<R: Read + Seek>(file: &mut Source<R>) -> Result<Option<Info>, Fault> {
    let Some(elf) = Elf::new(file)? else { return Ok(None) };
    for (start, length) in elf.places() {
        let length = length.min(file.size().saturating_sub(start)).min(SEARCHED);
        // No more than 4 MiB.
        let bytes = file.read(start.min(file.size()), length as usize)?;
        let mut found = memchr::memmem::find_iter(&bytes, MAGIC);
        if let Some(at) = found.find(|at| at % ALIGNMENT == 0) {
            return read(file, &elf, start + at as u64).map(Some);
        }
    }
    Ok(None)
}

fn read<R: Read + Seek>(file: &mut Source<R>, elf: &Elf, at: u64) -> Result<Info, Fault> {
    let header = file.read(at, HEADER)?;
    let [pointer, flags] = [14, 15].map(|at: usize| header.get(at).copied().unwrap_or(0));
    let (version, modules) = if flags & INLINE != 0 {
        let (version, end) = inline(file, at + HEADER as u64, VERSION)?;
        (version, inline(file, end, MODULES)?.0)
    } else {
        let pointers = Pointers { elf, at, size: pointer.into(), big: flags & BIG_ENDIAN != 0 };
        if !matches!(pointer, 4 | 8) {
            return Err(file.fault(at + 14, "pointers of a size that cannot be"));
        }
        let [version, modules] = [ALIGNMENT, ALIGNMENT + pointers.size]
            .map(|at| number(header.get(at..at + pointers.size).unwrap_or_default(), pointers.big));
        (pointers.text(file, version, VERSION)?, pointers.text(file, modules, MODULES)?)
    };
    let inner = modules.len().checked_sub(FRAME).and_then(|end| modules.get(FRAME..end));
    let modules = inner.filter(|inner| inner.ends_with(b"\n")).unwrap_or_default().to_vec();
    Ok(Info { at, version, modules })
}

/// A text behind its length, and what is behind it.
fn inline<R: Read + Seek>(
    file: &mut Source<R>,
    at: u64,
    most: u64,
) -> Result<(Vec<u8>, u64), Fault> {
    let room = file.size().saturating_sub(at).min(10);
    let bytes = file.read(at, room as usize)?;
    let mut length = 0_u64;
    let end = bytes.iter().position(|byte| byte & 0x80 == 0);
    let end = end.ok_or_else(|| file.fault(at, "a length that does not end"))?;
    for &byte in bytes.get(..=end).unwrap_or_default().iter().rev() {
        length = length << 7 | u64::from(byte & 0x7f);
    }
    let start = at + end as u64 + 1;
    Ok((text(file, start, length, most)?, start + length))
}

/// A text of a bounded length.
fn text<R: Read + Seek>(
    file: &mut Source<R>,
    at: u64,
    length: u64,
    most: u64,
) -> Result<Vec<u8>, Fault> {
    if length > most {
        return Err(file.fault(at, format!("a text of {length} bytes, which are more than {most}")));
    }
    file.read(at, length as usize)
}

/// Pointers in a program.
struct Pointers<'a> {
    elf: &'a Elf,
    /// What has them.
    at: u64,
    size: usize,
    big: bool,
}

impl Pointers<'_> {
    /// The text that a pointer leads to; none has 0 as its address.
    fn text<R: Read + Seek>(
        &self,
        file: &mut Source<R>,
        address: u64,
        most: u64,
    ) -> Result<Vec<u8>, Fault> {
        if address == 0 {
            return Ok(Vec::new());
        }
        let at = self.place(file, address)?;
        let header = file.read(at, 2 * self.size)?;
        let (address, length) = header.split_at(self.size.min(header.len()));
        let (address, length) = (number(address, self.big), number(length, self.big));
        if length == 0 {
            return Ok(Vec::new());
        }
        let at = self.place(file, address)?;
        text(file, at, length, most)
    }

    fn place<R: Read + Seek>(&self, file: &Source<R>, address: u64) -> Result<u64, Fault> {
        let missing = || file.fault(self.at, format!("leads to {address:#x}, where nothing is"));
        self.elf.offset(address).ok_or_else(missing)
    }
}
