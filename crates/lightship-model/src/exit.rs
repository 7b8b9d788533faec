//! The exit codes, each with its one meaning (`docs/exit-codes.md` shows them to users).

/// Done, or the answer is yes.
pub const OK: u8 = 0;
/// The answer is no: a tool failed, a check did not hold, the service is not healthy.
pub const NO: u8 = 1;
/// The command line can't be understood (clap's own code).
pub const USAGE: u8 = 2;
/// The input can't be read or is wrong: a manifest that is missing or has an error.
pub const INPUT: u8 = 3;
/// Something outside is not to be had: the health port is in use, the tool that a program belongs
/// to can't be loaded (`EX_UNAVAILABLE`).
pub const UNAVAILABLE: u8 = 69;
/// lightship's own failure (`EX_SOFTWARE`).
pub const INTERNAL: u8 = 70;
/// The tool directory can't be made or written (`EX_CANTCREAT`).
pub const CANT_CREATE: u8 = 73;
/// Gave up waiting for a tool, which may be there later (`EX_TEMPFAIL`).
pub const GAVE_UP: u8 = 75;
/// The service could not be executed: found, but not runnable (as the shell has it).
pub const NOT_EXECUTABLE: u8 = 126;
/// The service was not found (as the shell has it).
pub const NOT_FOUND: u8 = 127;
/// Ended by a signal: this plus the signal's number (as the shell has it).
pub const SIGNAL_BASE: u8 = 128;
