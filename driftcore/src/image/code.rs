//! What kind of code a file's first bytes show.

use std::fmt;

use serde::Serialize;

/// How many of a file's first bytes are looked at.
pub(super) const HEAD: usize = 4096;

/// Code that a kernel, a linker or an interpreter would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// An ELF program.
    Executable,
    /// An ELF shared library.
    Library,
    /// Any other ELF file: an object, a kernel module, a core dump.
    Object,
    /// A script: it begins with `#!`.
    Script,
}

impl Code {
    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Executable => "executable",
            Self::Library => "library",
            Self::Object => "object",
            Self::Script => "script",
        }
    }

    /// What the first bytes of a file show. A program that may be loaded anywhere has the type of
    /// a library in its header; one that names an interpreter, or bears no `.so` in its name
    /// and may be run, is taken for a program.
    pub(super) fn of(head: &[u8], name: &[u8], mode: u32) -> Option<Self> {
        if head.starts_with(b"#!") {
            return Some(Self::Script);
        }
        let elf = Elf::new(head)?;
        Some(match elf.kind {
            EXEC => Self::Executable,
            DYN if elf.names_interpreter() => Self::Executable,
            DYN if mode & 0o111 != 0 && !is_library_name(name) => Self::Executable,
            DYN => Self::Library,
            _ => Self::Object,
        })
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `ET_EXEC`, `ET_DYN` and `PT_INTERP` of `elf.h`.
const EXEC: u16 = 2;
const DYN: u16 = 3;
const INTERP: u32 = 3;

struct Elf<'a> {
    head: &'a [u8],
    kind: u16,
    wide: bool,
    big_endian: bool,
}

impl<'a> Elf<'a> {
    fn new(head: &'a [u8]) -> Option<Self> {
        let rest = head.strip_prefix(b"\x7fELF")?;
        let wide = *rest.first()? == 2;
        let big_endian = *rest.get(1)? == 2;
        let mut elf = Self { head, kind: 0, wide, big_endian };
        elf.kind = elf.half(16)?;
        Some(elf)
    }

    fn number(&self, at: usize, length: usize) -> Option<u64> {
        let bytes = self.head.get(at..at.checked_add(length)?)?;
        let add = |sum: u64, &byte: &u8| sum << 8 | u64::from(byte);
        Some(if self.big_endian {
            bytes.iter().fold(0, add)
        } else {
            bytes.iter().rev().fold(0, add)
        })
    }

    fn half(&self, at: usize) -> Option<u16> {
        self.number(at, 2).and_then(|number| u16::try_from(number).ok())
    }

    /// Whether a program header among the first bytes names an interpreter.
    fn names_interpreter(&self) -> bool {
        let (offset, size, count) = if self.wide {
            (self.number(32, 8), self.half(54), self.half(56))
        } else {
            (self.number(28, 4), self.half(42), self.half(44))
        };
        let (Some(offset), Some(size), Some(count)) = (offset, size, count) else {
            return false;
        };
        let header = |index: u64| -> Option<u64> {
            let at = offset.checked_add(index.checked_mul(size.into())?)?;
            self.number(usize::try_from(at).ok()?, 4)
        };
        (0..u64::from(count)).map_while(header).any(|kind| kind == u64::from(INTERP))
    }
}

/// `libc.so.6`, `x.so`.
fn is_library_name(name: &[u8]) -> bool {
    let at = memchr::memmem::rfind(name, b".so");
    at.is_some_and(|at| matches!(name.get(at + 3), None | Some(b'.')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An ELF header of 64 bits with program headers of these types behind it.
    fn elf(kind: u8, programs: &[u8]) -> Vec<u8> {
        let mut head = vec![0; 64];
        head[..6].copy_from_slice(b"\x7fELF\x02\x01");
        head[16] = kind;
        head[32] = 64;
        head[54] = 56;
        head[56] = u8::try_from(programs.len()).unwrap();
        for &program in programs {
            let mut header = [0; 56];
            header[0] = program;
            head.extend(header);
        }
        head
    }

    #[test]
    fn programs_libraries_objects_and_scripts_are_told_apart() {
        let code = |head: &[u8], name: &str, mode| Code::of(head, name.as_bytes(), mode);
        assert_eq!(code(b"#!/bin/sh\n", "x", 0o644), Some(Code::Script));
        assert_eq!(code(&elf(2, &[]), "x", 0o644), Some(Code::Executable));
        assert_eq!(code(&elf(3, &[1, 3]), "x.so", 0o644), Some(Code::Executable));
        assert_eq!(code(&elf(3, &[1, 2]), "libc.so.6", 0o755), Some(Code::Library));
        assert_eq!(code(&elf(3, &[1, 2]), "static-pie", 0o755), Some(Code::Executable));
        assert_eq!(code(&elf(3, &[1, 2]), "plugin", 0o644), Some(Code::Library));
        assert_eq!(code(&elf(1, &[]), "x.ko", 0o644), Some(Code::Object));
        assert_eq!(code(b"plain text", "x.so", 0o755), None);
        assert_eq!(code(b"\x7fELF", "x", 0o755), None);
        assert_eq!(code(b"", "x", 0o755), None);
    }

    #[test]
    fn this_very_program_is_one() {
        let path = std::env::current_exe().unwrap();
        let head = std::fs::read(path).unwrap();
        assert_eq!(Code::of(&head[..HEAD], b"test", 0o755), Some(Code::Executable));
    }

    proptest! {
        #[test]
        fn any_bytes_get_an_answer(head: Vec<u8>, name: Vec<u8>, mode: u32) {
            Code::of(&head, &name, mode);
            Code::of(&[b"\x7fELF", head.as_slice()].concat(), &name, mode);
        }
    }
}
