//! A program of a hundred bytes, to see whether a volume lets programs run.
//!
//! It needs no interpreter and no library: an image may have neither.

/// The file: an ELF program that ends with 0; on a processor that is not known here, a script.
pub(super) fn bytes() -> Vec<u8> {
    match std::env::consts::ARCH {
        // xor edi, edi; mov eax, 60 (exit); syscall
        "x86_64" => elf(62, &[0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05]),
        // mov x0, #0; mov x8, #93 (exit); svc #0
        "aarch64" => elf(183, &[0, 0, 0x80, 0xd2, 0xa8, 0x0b, 0x80, 0xd2, 1, 0, 0, 0xd4]),
        _ => b"#!/bin/sh\nexit 0\n".to_vec(),
    }
}

/// One segment that holds the headers and `code` (elf(5)).
fn elf(machine: u16, code: &[u8]) -> Vec<u8> {
    const HEADERS: u16 = 64 + 56;
    const BASE: u64 = 0x40_0000;
    let size = u64::from(HEADERS) + code.len() as u64;
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    // An executable for this machine, version 1.
    file.extend(2u16.to_le_bytes());
    file.extend(machine.to_le_bytes());
    file.extend(1u32.to_le_bytes());
    // Where it begins, where the program headers are; no section headers; no flags.
    file.extend((BASE + u64::from(HEADERS)).to_le_bytes());
    file.extend(64u64.to_le_bytes());
    file.extend([0; 12]);
    // Sizes: this header, one program header of 56 bytes; no section header.
    for number in [64u16, 56, 1, 64, 0, 0] {
        file.extend(number.to_le_bytes());
    }
    // Loadable, readable and executable: the whole file at BASE.
    file.extend(1u32.to_le_bytes());
    file.extend(5u32.to_le_bytes());
    for number in [0, BASE, BASE, size, size, 0x1000] {
        file.extend(number.to_le_bytes());
    }
    file.extend(code);
    file
}
