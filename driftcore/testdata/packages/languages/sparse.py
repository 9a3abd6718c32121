"""Prints of an ELF program what tells the Go modules in it: runs of bytes, each with its place.

A run is `offset: u64, length: u64, bytes`, little endian; all between is to be zeros. The first has the
size of the file as its offset and no bytes.
"""

import struct
import sys

program = open(sys.argv[1], "rb").read()
keep = [(0, 64)]
phoff, shoff = struct.unpack_from("<QQ", program, 32)
phentsize, phnum, shentsize, shnum, shstrndx = struct.unpack_from("<HHHHH", program, 54)
keep += [(phoff, phentsize * phnum), (shoff, shentsize * shnum)]
segments = [struct.unpack_from("<IIQQQQQQ", program, phoff + i * phentsize) for i in range(phnum)]
sections = [struct.unpack_from("<IIQQQQIIQQ", program, shoff + i * shentsize) for i in range(shnum)]
keep.append(sections[shstrndx][4:6])


def place(address):
    for kind, _, offset, start, _, size, *_ in segments:
        if kind == 1 and start <= address < start + size:
            return offset + address - start


at = program.index(b"\xff Go buildinf:")
keep.append((at, 32))
if program[at + 15] & 2:
    keep.append((at + 32, program.index(b"\x00" * 64, at + 32) - at))
else:
    for pointer in struct.unpack_from("<QQ", program, at + 16):
        header = place(pointer)
        text, length = struct.unpack_from("<QQ", program, header)
        keep += [(header, 16), (place(text), length)]
sys.stdout.buffer.write(struct.pack("<QQ", len(program), 0))
for offset, length in sorted(keep):
    sys.stdout.buffer.write(struct.pack("<QQ", offset, length) + program[offset : offset + length])
