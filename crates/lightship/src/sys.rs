//! What std has no safe spelling for: taking over a descriptor that a parent handed down by
//! its number. The only unsafe code of this crate. And what this process is called.

#![expect(unsafe_code, reason = "a descriptor known by its number can't be owned without it")]

use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::io::{FdFlags, fcntl_setfd};

/// Lets the next child inherit `fd`.
pub(crate) fn hand_down(fd: impl AsFd) -> io::Result<()> {
    Ok(fcntl_setfd(fd, FdFlags::empty())?)
}

/// Takes over descriptor `number`, which the parent handed down, and keeps it from children.
pub(crate) fn take_over(number: RawFd) -> io::Result<OwnedFd> {
    // Standard input, output and error have their owners.
    if number <= 2 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: the number is not -1, and whether it is open is what the call below finds out.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    fcntl_setfd(borrowed, FdFlags::CLOEXEC)?;
    // SAFETY: it is open (the call above succeeded), and as this happens at the start of the
    // process, before anything was opened, it is the parent's and nobody here owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Gives this process the name that `top` shows: started through `/proc`, it would be `exe`.
pub(crate) fn call_process(name: &str) {
    // Only for people to read; where it can't be set, nothing depends on it.
    drop(std::fs::write("/proc/self/comm", name));
}
