//! What the standard library and rustix do not offer: signal masks, signalfd, and the hook
//! between fork and exec. All unsafe code of this crate is here.

#![expect(unsafe_code, reason = "signals and fork have no safe interface that fits PID 1")]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::ptr;
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

mod credentials;

pub(crate) use self::credentials::{Sender, receive};

/// A set of blocked signals.
#[derive(Clone, Copy)]
pub(crate) struct Mask(libc::sigset_t);

impl Mask {
    fn all() -> Self {
        let mut set = MaybeUninit::uninit();
        // SAFETY: the pointer is to memory of the right type, which the call fills.
        unsafe { libc::sigfillset(set.as_mut_ptr()) };
        // SAFETY: sigfillset has filled it; it only fails for an invalid pointer.
        Self(unsafe { set.assume_init() })
    }
}

/// Blocks every signal, so that they can be waited for, and returns what was blocked before.
pub(crate) fn block_signals() -> io::Result<Mask> {
    let all = Mask::all();
    let mut before = all;
    // SAFETY: both pointers are to valid sets, and nothing else changes the mask: there is one
    // thread.
    check(unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const all.0, &raw mut before.0) })?;
    Ok(before)
}

/// Makes ended children wait to be reaped, even when lightship was started with SIGCHLD ignored.
pub(crate) fn keep_ended_children() -> io::Result<()> {
    // SAFETY: SIG_DFL is a valid disposition for SIGCHLD.
    let before = unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    if before == libc::SIG_ERR { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A descriptor that the blocked signals are read from.
pub(crate) fn signal_descriptor() -> io::Result<OwnedFd> {
    let all = Mask::all();
    // SAFETY: the set is valid, and -1 asks for a new descriptor.
    let fd =
        unsafe { libc::signalfd(-1, &raw const all.0, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
    check(fd)?;
    // SAFETY: the kernel just made it, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// What a child becomes the leader of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leads {
    /// A process group: signalled as a whole.
    Group,
    /// A session: all that it starts can be found again.
    Session,
}

/// Lets `command` run with the signal mask that lightship was started with. Ignored signals need
/// nothing: they stay ignored across exec, and lightship changes none but SIGCHLD (the standard
/// library gives children back the default for SIGPIPE).
pub(crate) fn prepare(command: &mut Command, leads: Leads, mask: Mask) {
    let hook = move || {
        match leads {
            // SAFETY: setpgid may be called between fork and exec.
            Leads::Group => check(unsafe { libc::setpgid(0, 0) })?,
            // SAFETY: setsid may be called between fork and exec.
            Leads::Session => check(unsafe { libc::setsid() })?,
        }
        // SAFETY: sigprocmask may be called between fork and exec; the set is a copy in the
        // hook itself.
        check(unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const mask.0, ptr::null_mut()) })
    };
    // SAFETY: the hook allocates nothing, takes no lock, and calls only functions that are safe
    // between fork and exec.
    unsafe { command.pre_exec(hook) };
}

/// Waits for what `list` asks for; a `timeout` below a nanosecond looks and does not wait.
pub(crate) fn poll(list: &mut [libc::pollfd], timeout: Option<Duration>) -> io::Result<()> {
    let timeout = timeout.map(|timeout| libc::timespec {
        tv_sec: timeout.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    });
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    let count = list.len() as libc::nfds_t;
    // SAFETY: the list is valid for its length, the time-out is valid or null, and a null mask
    // leaves the signal mask alone.
    check(unsafe { libc::ppoll(list.as_mut_ptr(), count, timeout, ptr::null()) })
}

/// Whether a short write to `fd` would go through without waiting.
pub(crate) fn is_writable(fd: BorrowedFd<'_>) -> bool {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    // SAFETY: the pointer is to one pollfd, and the time-out is zero.
    let ready = unsafe { libc::poll(&raw mut poll, 1, 0) };
    ready == 1 && poll.revents & libc::POLLOUT != 0
}

/// Lets the runtime watch a descriptor, for as long as its owner is kept.
pub(crate) fn watch<T: AsRawFd + Into<OwnedFd>>(
    owner: T,
    interest: Interest,
) -> io::Result<AsyncFd<T>> {
    // SAFETY: what can be turned into an `OwnedFd` owns its descriptor: that stays the same and
    // open as long as the owner lives, which is as long as the `AsyncFd` does.
    unsafe { AsyncFd::register_with_interest(owner, interest) }.map_err(io::Error::from)
}

/// Takes over the descriptor of that number, which whoever started this process has left open
/// for it.
pub(crate) fn inherited(number: i32) -> io::Result<OwnedFd> {
    // The first three belong to the standard library.
    if number <= libc::STDERR_FILENO {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: asking for the flags changes nothing, and fails for a number that is not open.
    check(unsafe { libc::fcntl(number, libc::F_GETFD) })?;
    // SAFETY: it is open, and was opened before this program ran: nothing in it owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
