//! What the standard library and rustix do not offer: signal masks, signalfd, poll on a list,
//! and starting a process without copying this one. All unsafe code of this crate is here.

#![expect(unsafe_code, reason = "signals and fork have no safe interface that fits PID 1")]

mod credentials;
mod spawn;

use std::ffi::{CStr, CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::ptr;
use std::time::Duration;

use rustix::process::Pid;

pub(crate) use self::credentials::{Sender, peer, receive};
pub(crate) use self::spawn::{Failure, Leads, Plan, Step, spawn};

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

/// How lightship was started: what its children find again.
#[derive(Clone, Copy)]
pub(crate) struct Inherited {
    pub(crate) mask: Mask,
    /// Whether CHLD and PIPE were ignored.
    child_ignored: bool,
    pipe_ignored: bool,
}

/// Who set this process up before `main`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// Nobody: the dispositions of signals are those that lightship was started with.
    Bare,
    /// The standard library, which ignores PIPE.
    Standard,
}

/// Blocks every signal, so that they can be waited for, keeps ended children for the reaper, and
/// returns how both was before.
pub(crate) fn take_signals(runtime: Runtime) -> io::Result<Inherited> {
    let all = Mask::all();
    let mut mask = all;
    // SAFETY: both pointers are to valid sets, and nothing else changes the mask: there is one
    // thread.
    check(unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const all.0, &raw mut mask.0) })?;
    // With SIGCHLD ignored, the kernel would throw the exit statuses away.
    let child_ignored = set_ignored(libc::SIGCHLD, false)?;
    let pipe_ignored = set_ignored(libc::SIGPIPE, true)? && runtime == Runtime::Bare;
    Ok(Inherited { mask, child_ignored, pipe_ignored })
}

/// Ignores a signal or gives it its default; returns whether it was ignored before.
fn set_ignored(signal: libc::c_int, ignored: bool) -> io::Result<bool> {
    let disposition = if ignored { libc::SIG_IGN } else { libc::SIG_DFL };
    // SAFETY: both are valid dispositions.
    let before = unsafe { libc::signal(signal, disposition) };
    if before == libc::SIG_ERR {
        return Err(io::Error::last_os_error());
    }
    Ok(before == libc::SIG_IGN)
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

/// Waits for what `list` asks for; a `timeout` of zero looks and does not wait.
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

/// Whether a short write to `fd` would go through, or fail, without waiting.
pub(crate) fn is_writable(fd: BorrowedFd<'_>) -> bool {
    let mut entry = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    poll(std::slice::from_mut(&mut entry), Some(Duration::ZERO)).is_ok() && entry.revents != 0
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

/// Opens the null device for those of the first three descriptors that are closed: otherwise the
/// next file would become somebody's standard error. Without a null device they stay closed, and
/// nothing else takes their numbers.
pub(crate) fn fill_standard_descriptors() {
    for number in 0..=libc::STDERR_FILENO {
        // SAFETY: asking for the flags changes nothing.
        if unsafe { libc::fcntl(number, libc::F_GETFD) } == -1 {
            // SAFETY: the path is a string that ends with a zero. The lowest free number is
            // taken, and it stays open to the end.
            let fd = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) };
            if fd == -1 {
                // SAFETY: makes a new descriptor that no child gets.
                unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) };
            }
        }
    }
}

/// The first descriptor that is no standard one.
const FIRST: i32 = 3;

/// Keeps what was passed to lightship from its children; each is given to whom it is for. On a
/// kernel before 5.11 they all get everything.
pub(crate) fn hide_passed_descriptors() {
    close_range(FIRST, libc::CLOSE_RANGE_CLOEXEC);
}

/// Closes what was passed to lightship: the service has it by now, and whoever is at the other
/// end of a pipe must not wait for lightship. Everything of lightship's own closes on exec, and
/// is known by that.
pub(crate) fn close_passed_descriptors() {
    /// Lightship's own take the lowest numbers: none is up there.
    const BEYOND: i32 = 256;
    let mut list: Vec<libc::pollfd> =
        (FIRST..BEYOND).map(|fd| libc::pollfd { fd, events: 0, revents: 0 }).collect();
    // Fails where fewer may be open at all.
    if poll(&mut list, Some(Duration::ZERO)).is_err() {
        return;
    }
    for entry in list.iter().filter(|entry| entry.revents & libc::POLLNVAL == 0) {
        // SAFETY: asking for the flags changes nothing.
        let flags = unsafe { libc::fcntl(entry.fd, libc::F_GETFD) };
        if flags != -1 && flags & libc::FD_CLOEXEC == 0 {
            // SAFETY: it does not close on exec, so nothing in this program owns it.
            unsafe { libc::close(entry.fd) };
        }
    }
    close_range(BEYOND, 0);
}

fn close_range(first: i32, flags: libc::c_uint) {
    // SAFETY: the callers have seen to it that nothing owns what is closed here.
    unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, flags) };
}

/// Whom a signal is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Process(Pid),
    /// Every process of the group that this one made.
    Group(Pid),
    /// Every process that this one may signal, but itself and PID 1.
    Everybody,
}

/// Sends a signal; number 0 only looks whether anybody is there.
pub(crate) fn kill(target: Target, signal: i32) -> io::Result<()> {
    let number = match target {
        Target::Process(pid) => pid.as_raw_nonzero().get(),
        // Group 1 would be the whole container.
        Target::Group(Pid::INIT) => return Err(io::ErrorKind::InvalidInput.into()),
        Target::Group(leader) => -leader.as_raw_nonzero().get(),
        Target::Everybody => -1,
    };
    // SAFETY: kill takes numbers.
    check(unsafe { libc::kill(number, signal) })
}

/// Whether this process leads its session. (rustix reads the session's number into a type that
/// can't be zero; it is zero for a session outside this PID namespace.)
pub(crate) fn leads_session() -> bool {
    // SAFETY: takes a number.
    let session = unsafe { libc::getsid(0) };
    // SAFETY: takes nothing.
    session == unsafe { libc::getpid() }
}

/// Lets go of the controlling terminal `fd`.
pub(crate) fn leave_terminal(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: takes numbers.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCNOTTY) })
}

/// The signal that this process gets when its parent ends.
pub(crate) fn set_parent_death(signal: i32) -> io::Result<()> {
    // SAFETY: prctl with this option takes a number.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, signal) })
}

/// The path that this process was executed by, as the kernel was given it.
pub(crate) fn executed_path() -> Option<PathBuf> {
    // SAFETY: takes a number.
    let address = unsafe { libc::getauxval(libc::AT_EXECFN) };
    if address == 0 {
        return None;
    }
    // SAFETY: the kernel has put a string there, which stays as long as the process.
    let path =
        unsafe { CStr::from_ptr(ptr::with_exposed_provenance(usize::try_from(address).ok()?)) };
    Some(PathBuf::from(OsStr::from_bytes(path.to_bytes())))
}

/// Executes `program` in place of this one; only comes back when that failed. Signals, streams
/// and the directory stay as they are.
pub(crate) fn execute(
    program: &Path,
    words: &[OsString],
    vars: &[(OsString, OsString)],
) -> io::Error {
    let texts = || -> Option<_> {
        let program = CString::new(program.as_os_str().as_bytes()).ok()?;
        let words = words.iter().map(|word| CString::new(word.as_bytes()).ok());
        let vars = vars.iter().map(|(name, value)| {
            CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).ok()
        });
        Some((program, words.collect::<Option<Vec<_>>>()?, vars.collect::<Option<Vec<_>>>()?))
    };
    let Some((program, words, vars)) = texts() else { return io::ErrorKind::InvalidInput.into() };
    let pointers = |texts: &[CString]| {
        texts.iter().map(|text| text.as_ptr()).chain([ptr::null()]).collect::<Vec<_>>()
    };
    let (argv, envp) = (pointers(&words), pointers(&vars));
    // SAFETY: both lists end with a null pointer, and all texts live until the call is back.
    unsafe { libc::execve(program.as_ptr(), argv.as_ptr(), envp.as_ptr()) };
    io::Error::last_os_error()
}

/// Undoes what the standard library has done to signals before `main`, for whatever is executed
/// in place of this program.
pub fn undo_runtime() {
    // SAFETY: sets the default, which calls nothing of this program.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

/// Keeps the numbers of standard streams that are closed from being given to what is opened
/// next. Whatever is executed finds them closed as before.
pub(crate) fn hold_standard_descriptors() -> Vec<File> {
    let mut held = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        if file.as_raw_fd() > 2 {
            break;
        }
        held.push(file);
    }
    held
}

/// Ends this process at once, without a word to anybody.
pub(crate) fn end_at_once(code: u8) -> ! {
    // SAFETY: _exit may be called at any time.
    unsafe { libc::_exit(code.into()) }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
