//! The few calls that no safe wrapper has: what a child does between fork and exec, and the
//! C library's version.
#![expect(unsafe_code, reason = "pre_exec and three system calls; each block says why it holds")]

use std::ffi::CStr;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Linux's `SCHED_IDLE`: runs when nothing else wants the processor.
const SCHED_IDLE: libc::c_int = 5;
/// `IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)`: reads and writes when nothing else does.
const IOPRIO_IDLE: libc::c_int = 3 << 13;
const IOPRIO_WHO_PROCESS: libc::c_int = 1;
/// The first candidate when memory runs out, short of the certain one (design, section 3).
const OOM_SCORE_ADJ: &[u8] = b"800";

/// Makes `command` an installer: dies with this thread, gains no privileges, goes first when
/// memory is short, and waits for everybody else's processor and disk.
///
/// Each step is an improvement, none a condition: a kernel that refuses one changes nothing.
pub(crate) fn confine(command: &mut Command) {
    // For `bench/neighbour`, which shows what the priorities are worth.
    let idle = std::env::var_os("LIGHTSHIP_BENCH_NORMAL_PRIORITY").is_none();
    let set_up = move || {
        // SAFETY: prctl with integer arguments touches no memory of ours.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
        // SAFETY: as above.
        unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
        if idle {
            be_idle();
        }
        prefer_for_oom();
        Ok(())
    };
    // SAFETY: the closure runs between fork and exec and makes system calls alone: it takes no
    // lock and allocates nothing (signal-safety(7)).
    unsafe { command.pre_exec(set_up) };
}

/// Makes the calling thread run, read and write when nobody else wants to.
pub(crate) fn be_idle() {
    let param = libc::sched_param { sched_priority: 0 };
    // SAFETY: `param` outlives the call, which reads it.
    unsafe { libc::sched_setscheduler(0, SCHED_IDLE, &raw const param) };
    // SAFETY: ioprio_set takes three integers.
    unsafe { libc::syscall(libc::SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE) };
}

fn prefer_for_oom() {
    // SAFETY: the path is a C string literal, which lives for ever.
    let fd = unsafe {
        libc::open(c"/proc/self/oom_score_adj".as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC)
    };
    if fd >= 0 {
        // SAFETY: the pointer and length are those of a constant.
        unsafe { libc::write(fd, OOM_SCORE_ADJ.as_ptr().cast(), OOM_SCORE_ADJ.len()) };
        // SAFETY: `fd` was opened above and is used nowhere else.
        unsafe { libc::close(fd) };
    }
}

/// The running C library's version: `2.36`.
pub(crate) fn libc_version() -> String {
    // SAFETY: the call takes nothing and changes nothing.
    let pointer = unsafe { libc::gnu_get_libc_version() };
    // SAFETY: glibc's answer is a constant C string.
    let version = unsafe { CStr::from_ptr(pointer) };
    version.to_string_lossy().into_owned()
}
