//! Where in a program what is looked for may be.

use std::io::Read;
use std::io::Seek;

use super::super::Fault;
use super::super::source::Source;

/// Most headers of segments, and most bytes of the names of sections.
const SEGMENTS: u64 = 4096;
const NAMES: u64 = 1 << 20;
/// `PT_LOAD`, `PF_W` and `SHT_NOBITS` of `elf.h`.
const LOAD: u64 = 1;
const WRITABLE: u64 = 2;
const NO_BITS: u64 = 8;
/// The section, by its name.
const SECTION: &[u8] = b".go.buildinfo\0";

/// The headers of a program.
pub(super) struct Elf {
    wide: bool,
    big_endian: bool,
    segments: Vec<Segment>,
    /// Where the section is, and how long.
    section: Option<(u64, u64)>,
}

/// A part of the file that is put into memory.
struct Segment {
    offset: u64,
    address: u64,
    length: u64,
    writable: bool,
}

impl Elf {
    /// Reads the headers. `None` for what is no ELF file, or one that no kernel would run.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub(super) fn new<R: Read + Seek>(file: &mut Source<R>) -> Result<Option<Self>, Fault> {
        if file.size() < 64 {
            return Ok(None);
        }
        let head = file.read(0, 64)?;
        if !head.starts_with(b"\x7fELF") {
            return Ok(None);
        }
        let (wide, big_endian) = (head.get(4) == Some(&2), head.get(5) == Some(&2));
        let mut elf = Self { wide, big_endian, segments: Vec::new(), section: None };
        // Offsets of the tables, then size and number of their entries.
        let ([programs, sections], [size, count, section_size, section_count, names]) = if wide {
            ([32, 40].map(|at| elf.number(&head, at, 8)), [54, 56, 58, 60, 62])
        } else {
            ([28, 32].map(|at| elf.number(&head, at, 4)), [42, 44, 46, 48, 50])
        };
        let half = |at| elf.number(&head, at, 2);
        let (size, count) = (half(size), half(count).min(SEGMENTS));
        let (section_size, section_count, names) =
            (half(section_size), half(section_count), half(names));
        if size == elf.program_size()
            && let Some(table) = within(file, programs, size * count)?
        {
            elf.segments =
                table.chunks_exact(size as usize).filter_map(|entry| elf.segment(entry)).collect();
        }
        if section_size == elf.section_size()
            && let Some(table) = within(file, sections, section_size * section_count)?
        {
            elf.section = elf.find_section(file, &table, names as usize)?;
        }
        Ok(Some(elf))
    }

    const fn program_size(&self) -> u64 {
        if self.wide { 56 } else { 32 }
    }

    const fn section_size(&self) -> u64 {
        if self.wide { 64 } else { 40 }
    }

    fn segment(&self, entry: &[u8]) -> Option<Segment> {
        let (flags, [offset, address, length]) = if self.wide {
            (self.number(entry, 4, 4), [8, 16, 32].map(|at| self.number(entry, at, 8)))
        } else {
            (self.number(entry, 24, 4), [4, 8, 16].map(|at| self.number(entry, at, 4)))
        };
        let loaded = self.number(entry, 0, 4) == LOAD;
        loaded.then_some(Segment { offset, address, length, writable: flags & WRITABLE != 0 })
    }

    fn find_section<R: Read + Seek>(
        &self,
        file: &mut Source<R>,
        table: &[u8],
        names: usize,
    ) -> Result<Option<(u64, u64)>, Fault> {
        let size = self.section_size() as usize;
        // Offset and length of an entry, which has bytes in the file.
        let place = |entry: &[u8]| {
            let [offset, length] = if self.wide {
                [24, 32].map(|at| self.number(entry, at, 8))
            } else {
                [16, 20].map(|at| self.number(entry, at, 4))
            };
            (self.number(entry, 4, 4) != NO_BITS).then_some((offset, length))
        };
        let Some((offset, length)) = table.chunks_exact(size).nth(names).and_then(place) else {
            return Ok(None);
        };
        let Some(names) = within(file, offset, length.min(NAMES))? else { return Ok(None) };
        let mut entries = table.chunks_exact(size);
        let found = entries.find(|entry| {
            let name = self.number(entry, 0, 4) as usize;
            names.get(name..).is_some_and(|name| name.starts_with(SECTION))
        });
        Ok(found.and_then(place))
    }

    /// Where it may be, the likeliest place first: offset and length.
    pub(super) fn places(&self) -> impl Iterator<Item = (u64, u64)> {
        let segments = self.segments.iter().filter(|segment| segment.writable);
        self.section.into_iter().chain(segments.map(|segment| (segment.offset, segment.length)))
    }

    /// The place in the file of an address in memory.
    pub(super) fn offset(&self, address: u64) -> Option<u64> {
        self.segments.iter().find_map(|segment| {
            let distance = address.checked_sub(segment.address)?;
            (distance < segment.length).then(|| segment.offset.checked_add(distance))?
        })
    }

    /// A number of these many bytes; 0 beyond the end.
    pub(super) fn number(&self, bytes: &[u8], at: usize, length: usize) -> u64 {
        number(bytes.get(at..at + length).unwrap_or_default(), self.big_endian)
    }
}

/// A number of at most eight bytes.
pub(super) fn number(bytes: &[u8], big_endian: bool) -> u64 {
    let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    if big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
}

/// These bytes, if the file has them.
fn within<R: Read + Seek>(
    file: &mut Source<R>,
    at: u64,
    length: u64,
) -> Result<Option<Vec<u8>>, Fault> {
    let fits = at.checked_add(length).is_some_and(|end| end <= file.size());
    match usize::try_from(length) {
        Ok(length) if fits && length > 0 => file.read(at, length).map(Some),
        _ => Ok(None),
    }
}
