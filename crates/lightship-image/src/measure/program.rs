//! What a program or library needs to run, kept for every live one.

use crate::elf;

/// An ELF file or a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Names of libraries (`DT_NEEDED`).
    pub needed: Vec<String>,
    pub soname: Option<String>,
    /// The dynamic loader, or the interpreter that a script's first line names.
    pub interpreter: Option<String>,
    /// `DT_RUNPATH` or `DT_RPATH`, as written.
    pub runpath: Vec<String>,
    pub kind: ProgramKind,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProgramKind {
    /// With everything that the reader found out.
    Elf(Box<elf::Elf>),
    /// With what follows the interpreter in the first line: `python3` of `#!/usr/bin/env
    /// python3`.
    Script(String),
    #[default]
    Unknown,
}
