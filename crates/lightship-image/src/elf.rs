//! What an ELF file says about running it.

/// The dynamic part of an ELF file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elf {
    pub needed: Vec<String>,
    pub soname: Option<String>,
    pub interpreter: Option<String>,
    /// `DT_RUNPATH`, or `DT_RPATH` where there is none.
    pub runpath: Option<String>,
}

/// Reads the file that `bytes` is, or begins with. Nothing where it is no ELF file.
pub fn read(bytes: &[u8]) -> Option<Elf> {
    bytes.starts_with(b"\x7fELF").then(Elf::default)
}
