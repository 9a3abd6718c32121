//! The programs that the self-test executes: ELF files put together here, so that they need no C
//! library and every kernel can run them.

use crate::event::FileOperation;
use crate::event::call_number;

#[cfg(target_arch = "x86_64")]
const MACHINE: u16 = 62; // EM_X86_64
#[cfg(target_arch = "aarch64")]
const MACHINE: u16 = 183; // EM_AARCH64

const BASE: u32 = 0x40_0000;
const HEADERS: u32 = 64 + 56;

/// An argument of a system call.
enum Argument {
    Number(u32),
    Text(&'static str),
    /// What the call before returned.
    Result,
}

use Argument::Number;
use Argument::Result;
use Argument::Text;

/// A system call that is one operation on a file.
struct Deed {
    operation: FileOperation,
    call: &'static str,
    arguments: &'static [Argument],
}

/// `AT_FDCWD`
const HERE: Argument = Number(-100_i32 as u32);

const MADE: &str = "/canary-made";
/// The program itself, a file that the image did not bring: [`CanaryCase::path`](super::CanaryCase::path).
const ITSELF: &str = "/canary-acting";

/// What the canary does to files of its container, one after the other.
const DEEDS: [Deed; 13] = [
    Deed {
        operation: FileOperation::Create,
        call: "openat",
        // O_WRONLY, O_CREAT and O_EXCL
        arguments: &[HERE, Text(MADE), Number(0o301), Number(0o600)],
    },
    Deed {
        operation: FileOperation::Write,
        call: "write",
        arguments: &[Result, Text(MADE), Number(1)],
    },
    Deed {
        operation: FileOperation::Mode,
        call: "fchmodat",
        arguments: &[HERE, Text(MADE), Number(0o640)],
    },
    Deed {
        operation: FileOperation::Owner,
        call: "fchownat",
        arguments: &[HERE, Text(MADE), Number(0), Number(0), Number(0)],
    },
    Deed {
        operation: FileOperation::Truncate,
        call: "truncate",
        arguments: &[Text(MADE), Number(0)],
    },
    Deed {
        operation: FileOperation::Link,
        call: "linkat",
        arguments: &[HERE, Text(MADE), HERE, Text("/canary-link"), Number(0)],
    },
    Deed {
        operation: FileOperation::Rename,
        call: "renameat2",
        arguments: &[HERE, Text("/canary-link"), HERE, Text("/canary-moved"), Number(0)],
    },
    Deed {
        operation: FileOperation::Unlink,
        call: "unlinkat",
        arguments: &[HERE, Text("/canary-moved"), Number(0)],
    },
    Deed {
        operation: FileOperation::Symlink,
        call: "symlinkat",
        arguments: &[Text("target"), HERE, Text("/canary-symlink")],
    },
    Deed {
        operation: FileOperation::MakeDirectory,
        call: "mkdirat",
        arguments: &[HERE, Text("/canary-directory"), Number(0o700)],
    },
    Deed {
        operation: FileOperation::RemoveDirectory,
        call: "unlinkat",
        // AT_REMOVEDIR
        arguments: &[HERE, Text("/canary-directory"), Number(0x200)],
    },
    Deed {
        operation: FileOperation::Read,
        call: "openat",
        arguments: &[HERE, Text(ITSELF), Number(0)],
    },
    Deed {
        operation: FileOperation::Map,
        call: "mmap",
        // PROT_READ and PROT_EXEC, MAP_PRIVATE. From the file's beginning: where the kernel starts a
        // program, the register of the last argument is 0.
        arguments: &[Number(0), Number(4096), Number(5), Number(2), Result],
    },
];

/// The operations on files that [`acting`] does.
pub(super) fn operations() -> impl Iterator<Item = FileOperation> {
    DEEDS.iter().map(|deed| deed.operation)
}

/// A program that does nothing but `exit(0)`.
pub(super) fn idle() -> Vec<u8> {
    program(&[])
}

/// A program that does each of [`operations`] once, and ends with 0 whatever came of them.
pub(super) fn acting() -> Vec<u8> {
    program(&DEEDS)
}

const EXIT: Deed = Deed { operation: FileOperation::Read, call: "exit", arguments: &[Number(0)] };

fn program(deeds: &[Deed]) -> Vec<u8> {
    // Where the texts lie depends on how long the code is, which does not depend on where they lie.
    let (code, _) = code(deeds, 0);
    let texts_at = BASE + HEADERS + u32::try_from(code.len()).unwrap_or(0);
    let (code, texts) = self::code(deeds, texts_at);
    let size = u64::from(HEADERS) + (code.len() + texts.len()) as u64;
    let mut elf = headers(size);
    elf.extend(code);
    elf.extend(texts);
    elf
}

/// The code, and the texts that it speaks of, which are to lie at `texts_at`.
fn code(deeds: &[Deed], texts_at: u32) -> (Vec<u8>, Vec<u8>) {
    let (mut code, mut texts) = (Vec::new(), Vec::new());
    for deed in deeds.iter().chain([&EXIT]) {
        // Not there on this architecture: not done, and so not seen.
        let Some(number) = call_number(deed.call) else { continue };
        // The first one last: on arm64 its register has the result of the call before.
        for (register, argument) in deed.arguments.iter().enumerate().rev() {
            match argument {
                Number(value) => set(register, *value, &mut code),
                Text(text) => {
                    set(register, texts_at + texts.len() as u32, &mut code);
                    texts.extend(text.bytes().chain([0]));
                }
                Result => keep_result(register, &mut code),
            }
        }
        call(number, &mut code);
    }
    (code, texts)
}

/// `mov r32, imm32` to the register of an argument.
#[cfg(target_arch = "x86_64")]
fn set(argument: usize, value: u32, code: &mut Vec<u8>) {
    // edi, esi, edx, r10d, r8d
    let opcodes: [&[u8]; 5] = [&[0xbf], &[0xbe], &[0xba], &[0x41, 0xba], &[0x41, 0xb8]];
    if let Some(opcode) = opcodes.get(argument) {
        code.extend(*opcode);
        code.extend(value.to_le_bytes());
    }
}

/// `mov r32, eax` to the register of an argument.
#[cfg(target_arch = "x86_64")]
fn keep_result(argument: usize, code: &mut Vec<u8>) {
    // edi, esi, edx, r10d, r8d
    let opcodes: [&[u8]; 5] =
        [&[0x89, 0xc7], &[0x89, 0xc6], &[0x89, 0xc2], &[0x41, 0x89, 0xc2], &[0x41, 0x89, 0xc0]];
    code.extend(opcodes.get(argument).copied().unwrap_or_default());
}

/// `mov eax, imm32; syscall`
#[cfg(target_arch = "x86_64")]
fn call(number: u16, code: &mut Vec<u8>) {
    code.push(0xb8);
    code.extend(u32::from(number).to_le_bytes());
    code.extend([0x0f, 0x05]);
}

/// `movz xN, #low; movk xN, #high, lsl #16`
#[cfg(target_arch = "aarch64")]
fn set(argument: usize, value: u32, code: &mut Vec<u8>) {
    let register = argument as u32;
    code.extend((0xd280_0000 | (value & 0xffff) << 5 | register).to_le_bytes());
    code.extend((0xf2a0_0000 | value >> 16 << 5 | register).to_le_bytes());
}

/// `mov xN, x0`, where the result is.
#[cfg(target_arch = "aarch64")]
fn keep_result(argument: usize, code: &mut Vec<u8>) {
    code.extend((0xaa00_03e0 | argument as u32).to_le_bytes());
}

/// `movz x8, #number; svc #0`
#[cfg(target_arch = "aarch64")]
fn call(number: u16, code: &mut Vec<u8>) {
    code.extend((0xd280_0008 | u32::from(number) << 5).to_le_bytes());
    code.extend(0xd400_0001_u32.to_le_bytes());
}

/// The ELF header and one program header that maps the whole file, elf(5).
fn headers(size: u64) -> Vec<u8> {
    let mut elf = Vec::with_capacity(size.try_into().unwrap_or(0));
    let entry = u64::from(BASE + HEADERS);
    elf.extend(b"\x7fELF\x02\x01\x01"); // 64 bits, little endian, version 1
    elf.extend([0; 9]);
    elf.extend(2_u16.to_le_bytes()); // ET_EXEC
    elf.extend(MACHINE.to_le_bytes());
    elf.extend(1_u32.to_le_bytes()); // version
    elf.extend(entry.to_le_bytes());
    elf.extend(64_u64.to_le_bytes()); // program headers
    elf.extend(0_u64.to_le_bytes()); // no sections
    elf.extend(0_u32.to_le_bytes()); // flags
    // Size of this header; size and number of program headers; no sections.
    elf.extend([64_u16, 56, 1, 0, 0, 0].into_iter().flat_map(u16::to_le_bytes));
    elf.extend(1_u32.to_le_bytes()); // PT_LOAD
    elf.extend(5_u32.to_le_bytes()); // readable, executable
    // Offset in the file, address, physical address, size there and in memory, alignment.
    let place = [0, u64::from(BASE), u64::from(BASE), size, size, 4096];
    elf.extend(place.into_iter().flat_map(u64::to_le_bytes));
    elf
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn the_idle_program_runs_and_succeeds() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("canary");
        std::fs::write(&path, idle()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        let status = Command::new(path).status().unwrap();
        assert!(status.success(), "{status}");
    }

    #[test]
    fn headers_are_as_long_as_the_code_believes() {
        assert_eq!(headers(0).len(), HEADERS as usize);
    }

    #[test]
    fn texts_lie_where_the_code_looks_for_them() {
        let program = acting();
        let end = program.len() as u32;
        let (code, texts) = code(&DEEDS, BASE + end - code(&DEEDS, 0).1.len() as u32);
        assert!(program.ends_with(&texts));
        assert_eq!(program[HEADERS as usize..][..code.len()], code);
    }
}
