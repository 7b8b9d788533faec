//! Landlock: the kernel lets an installer write into the directories that are named, and
//! nowhere else; it can neither trace, signal nor talk through abstract sockets to what is
//! outside of it.
//!
//! Only writing is handled: what may be read is left to the file system. Tracing is forbidden
//! with every ruleset, and with it `/proc/PID/environ` and `/proc/PID/mem`.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use landlock::{
    ABI, AccessFs, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, Scope,
};

use crate::sys;

/// The newest version that this was tried with.
const NEWEST: u32 = 7;
/// Version 1 forbids every rename from one directory to another, which installers live by.
const OLDEST: u32 = 2;

/// What programs write to that holds nothing.
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// The version that rulesets have here; the reason where there is none.
pub(super) fn version() -> Result<u32, String> {
    match sys::landlock_version() {
        Ok(version) if version < OLDEST => Err("this kernel's Landlock (version 1) forbids \
                                                renames that installers need: Linux 5.19 has a \
                                                newer one"
            .to_owned()),
        Ok(version) => Ok(version.min(NEWEST)),
        Err(error) => Err(reason(&error)),
    }
}

fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::ENOSYS) => "this kernel has no Landlock (Linux has it from 5.13 on; gVisor \
                               and some small kernels leave it out)"
            .to_owned(),
        Some(libc::EOPNOTSUPP) => {
            "Landlock is in this kernel and was not switched on at boot (`lsm=landlock,…`)"
                .to_owned()
        }
        _ => format!("Landlock can't be used: {error}"),
    }
}

/// Makes the ruleset of an installer that may write below `writable`. What does not exist is
/// left out.
pub(super) fn ruleset(writable: &[PathBuf]) -> Result<OwnedFd, String> {
    build(writable)
        .map_err(|error| format!("a Landlock ruleset can't be made: {}", crate::chain(&error)))?
        .ok_or_else(|| "Landlock gave no ruleset".to_owned())
}

fn build(writable: &[PathBuf]) -> Result<Option<OwnedFd>, RulesetError> {
    let handled = AccessFs::from_write(ABI::V7);
    // A device made in the stage would be a way to the disk for root.
    let granted: BitFlags<AccessFs> = handled & !(AccessFs::MakeChar | AccessFs::MakeBlock);
    let to_file = granted & AccessFs::from_file(ABI::V7);
    let mut ruleset = Ruleset::default()
        .handle_access(handled)?
        .scope(Scope::Signal | Scope::AbstractUnixSocket)?
        .create()?;
    for path in writable {
        if let Ok(folder) = PathFd::new(path) {
            ruleset = ruleset.add_rule(PathBeneath::new(folder, granted))?;
        }
    }
    for device in DEVICES {
        if let Ok(device) = PathFd::new(device) {
            ruleset = ruleset.add_rule(PathBeneath::new(device, to_file))?;
        }
    }
    Ok(ruleset.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_says_what_would_have_to_be_otherwise() {
        let reason = |code| reason(&io::Error::from_raw_os_error(code));
        assert!(reason(libc::ENOSYS).contains("5.13"));
        assert!(reason(libc::EOPNOTSUPP).contains("boot"));
        assert!(reason(libc::EPERM).contains("not permitted"));
    }
}
