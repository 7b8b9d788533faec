//! The few calls that no safe wrapper has: what a child does between fork and exec, Landlock's
//! version, and the C library's.
#![expect(unsafe_code, reason = "pre_exec and system calls; each block says why it holds")]

mod child;

use std::ffi::CStr;
use std::io;

pub(crate) use self::child::{Child, Held, be_idle};

/// The newest version of Landlock that the kernel has.
///
/// # Errors
/// `ENOSYS` where it is not built in, `EOPNOTSUPP` where it was not switched on at boot, `EPERM`
/// where a seccomp profile forbids it.
pub(crate) fn landlock_version() -> io::Result<u32> {
    const VERSION: libc::c_uint = 1;
    let nothing: *const libc::c_void = std::ptr::null();
    // SAFETY: with this flag the kernel reads nothing from the (null) pointer of length 0.
    let version =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, nothing, 0_usize, VERSION) };
    u32::try_from(version).map_err(|_| io::Error::last_os_error())
}

/// The running C library's version: `2.36`.
pub(crate) fn libc_version() -> String {
    // SAFETY: the call takes nothing and changes nothing.
    let pointer = unsafe { libc::gnu_get_libc_version() };
    // SAFETY: glibc's answer is a constant C string.
    let version = unsafe { CStr::from_ptr(pointer) };
    version.to_string_lossy().into_owned()
}
