//! Starting a process: clone with the memory shared and this process waiting until the other
//! program runs, as `vfork` does. Nothing is copied, whatever this process's size, and whether
//! the program could be executed is known when [`spawn`] returns.

use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};
use std::{io, mem, ptr};

use rustix::process::{Pid, WaitOptions};

use super::{Inherited, check};

/// What a child becomes the leader of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leads {
    /// A process group: signalled as a whole.
    Group,
    /// A session: all that it starts can be found again.
    Session,
}

/// Everything that a child needs, made before there is one: between clone and exec nothing may
/// be allocated.
pub(crate) struct Plan<'a> {
    /// Tried in turn, as a shell goes through the search path.
    pub(crate) programs: &'a [CString],
    pub(crate) argv: &'a [CString],
    /// The environment; this process's own when absent.
    pub(crate) env: Option<&'a [CString]>,
    /// Where it starts; a path in `dir` is relative to it.
    pub(crate) start_dir: Option<BorrowedFd<'a>>,
    pub(crate) dir: Option<&'a CStr>,
    pub(crate) leads: Leads,
    /// Gets the terminal that descriptor 0 is, as its foreground group or its session's own.
    pub(crate) terminal: bool,
    pub(crate) inherited: &'a Inherited,
    /// Descriptors to have under other numbers: `(open, wanted)`, in this order.
    pub(crate) moves: &'a [(RawFd, RawFd)],
    /// Descriptors that stay open across exec under their own numbers.
    pub(crate) keep: &'a [RawFd],
    /// It gets the listening sockets: `LISTEN_PID` in `env` has to be its own number.
    pub(crate) listens: bool,
}

/// Where it went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Clone,
    /// Setting up group, session, descriptors or signals.
    SetUp,
    Directory,
    Execute,
}

/// Why there is no process.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) step: Step,
    pub(crate) error: io::Error,
}

/// What the child sees of its parent's memory.
struct Shared<'a> {
    plan: &'a Plan<'a>,
    argv: Vec<*const libc::c_char>,
    /// The same for `/bin/sh`, which runs what has no interpreter of its own.
    shell: Vec<*const libc::c_char>,
    env: *const *const libc::c_char,
    /// Digits of `LISTEN_PID` in `env`, if they have to be the child's.
    listen_pid: Option<*mut [u8; 10]>,
    failed: Option<(Step, i32)>,
}

unsafe extern "C" {
    static environ: *const *const libc::c_char;
}

/// Between clone and exec a few system calls are made.
const STACK: usize = 32 * 1024;
const SHELL: &CStr = c"/bin/sh";
/// `LISTEN_PID=` with room for any process number.
const LISTEN_PID: &[u8] = b"LISTEN_PID=";

/// Starts a process. The caller enters it in its table before it waits for anything else.
pub(crate) fn spawn(plan: &Plan<'_>) -> Result<Pid, Failure> {
    let pointers = |strings: &[CString]| {
        strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect::<Vec<_>>()
    };
    let argv = pointers(plan.argv);
    let mut shell = vec![SHELL.as_ptr(), ptr::null()];
    shell.extend(argv.iter().skip(1));
    let mut own_env = plan.env.map(pointers);
    let mut buffer = *b"LISTEN_PID=0000000000\0";
    let place = plan
        .env
        .filter(|_| plan.listens)
        .and_then(|env| env.iter().position(|entry| entry.to_bytes().starts_with(LISTEN_PID)));
    let place = place.and_then(|place| own_env.as_mut()?.get_mut(place));
    let listen_pid = place.map(|entry| {
        *entry = buffer.as_ptr().cast();
        buffer.as_mut_ptr().wrapping_add(LISTEN_PID.len()).cast()
    });
    let env = match &own_env {
        Some(env) => env.as_ptr(),
        // SAFETY: there is one thread, and nothing changes the environment.
        None => unsafe { environ },
    };
    let mut shared = Shared { plan, argv, shell, env, listen_pid, failed: None };
    let mut stack = vec![mem::MaybeUninit::<u128>::uninit(); STACK / 16];
    let top = stack.as_mut_ptr_range().end.cast();
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: the child runs `child` on a stack of its own, in this process's memory, while this
    // process waits until it has executed something else or ended. All signals are blocked, so
    // no handler of this process runs in the child.
    let pid = unsafe { libc::clone(child, top, flags, (&raw mut shared).cast()) };
    if pid == -1 {
        return Err(Failure { step: Step::Clone, error: io::Error::last_os_error() });
    }
    // SAFETY: the child has written it, behind the compiler's back.
    let failed = unsafe { ptr::read_volatile(&raw const shared.failed) };
    let pid = Pid::from_raw(pid);
    match (failed, pid) {
        (None, Some(pid)) => Ok(pid),
        (failed, pid) => {
            // It has ended already: nobody else has to know that it was there.
            if let Some(pid) = pid {
                rustix::process::waitpid(Some(pid), WaitOptions::empty()).unwrap_or_default();
            }
            let (step, code) = failed.unwrap_or((Step::Clone, libc::EAGAIN));
            Err(Failure { step, error: io::Error::from_raw_os_error(code) })
        }
    }
}

/// The child: ends in another program, or with the reason in `failed`.
extern "C" fn child(shared: *mut libc::c_void) -> libc::c_int {
    // SAFETY: it is the `Shared` of `spawn`, which waits.
    let shared = unsafe { &mut *shared.cast::<Shared<'_>>() };
    let failed = prepare(shared).unwrap_or_else(|failed| failed);
    // SAFETY: as above; volatile, since the parent reads it after the clone returned.
    unsafe { ptr::write_volatile(&raw mut shared.failed, Some(failed)) };
    // SAFETY: nothing of the parent's is cleaned up.
    unsafe { libc::_exit(127) }
}

/// Sets the child up and executes; only comes back when that failed.
fn prepare(shared: &mut Shared<'_>) -> Result<(Step, i32), (Step, i32)> {
    let plan = shared.plan;
    let at = |step| move |error: io::Error| (step, error.raw_os_error().unwrap_or(libc::EIO));
    let set_up = at(Step::SetUp);
    match plan.leads {
        // SAFETY: setpgid takes numbers.
        Leads::Group => check(unsafe { libc::setpgid(0, 0) }).map_err(set_up)?,
        // SAFETY: setsid takes nothing.
        Leads::Session => check(unsafe { libc::setsid() }).map_err(set_up)?,
    }
    if plan.terminal {
        take_terminal(plan.leads);
    }
    if let Some(start) = plan.start_dir {
        // SAFETY: the descriptor is open.
        check(unsafe { libc::fchdir(start.as_raw_fd()) }).map_err(at(Step::Directory))?;
    }
    if let Some(dir) = plan.dir {
        // SAFETY: it is a string that ends with a zero.
        check(unsafe { libc::chdir(dir.as_ptr()) }).map_err(at(Step::Directory))?;
    }
    for (open, wanted) in plan.moves {
        // SAFETY: dup2 takes numbers; this process's descriptors are the child's own copies.
        check(unsafe { libc::dup2(*open, *wanted) }).map_err(set_up)?;
    }
    for number in plan.keep {
        // SAFETY: takes numbers. One that is not open can't be passed on.
        unsafe { libc::fcntl(*number, libc::F_SETFD, 0) };
    }
    if let Some(digits) = shared.listen_pid {
        // SAFETY: getpid takes nothing.
        let mut pid = unsafe { libc::getpid() }.unsigned_abs();
        let mut text = [b'0'; 10];
        for place in text.iter_mut().rev() {
            // A digit is below 10.
            *place += u8::try_from(pid % 10).unwrap_or_default();
            pid /= 10;
        }
        // SAFETY: it points to the ten digits of the parent's buffer, which nothing reads now.
        unsafe { ptr::write(digits, text) };
    }
    restore_signals(plan.inherited).map_err(set_up)?;
    Ok((Step::Execute, execute(shared)))
}

/// Makes the child the one that the terminal at descriptor 0 is for. That there is none, or that
/// it belongs to others, changes nothing.
fn take_terminal(leads: Leads) {
    match leads {
        Leads::Group => {
            // SAFETY: takes nothing. The child leads its group.
            let group = unsafe { libc::getpid() };
            // SAFETY: takes numbers. TTOU is blocked, so it can't stop the child.
            unsafe { libc::tcsetpgrp(0, group) }
        }
        // SAFETY: takes numbers.
        Leads::Session => unsafe { libc::ioctl(0, libc::TIOCSCTTY, 0) },
    };
}

/// Gives the child the signals as lightship found them; what has a handler here gets its default
/// from exec.
fn restore_signals(inherited: &Inherited) -> io::Result<()> {
    super::set_ignored(libc::SIGCHLD, inherited.child_ignored)?;
    super::set_ignored(libc::SIGPIPE, inherited.pipe_ignored)?;
    let mask = &raw const inherited.mask.0;
    // SAFETY: the set is valid.
    check(unsafe { libc::sigprocmask(libc::SIG_SETMASK, mask, ptr::null_mut()) })
}

/// Executes the first program that is there, as `execvp` does; returns why none could be.
fn execute(shared: &mut Shared<'_>) -> i32 {
    let mut forbidden = false;
    for program in shared.plan.programs {
        // SAFETY: all are lists of strings that end with a null.
        unsafe { libc::execve(program.as_ptr(), shared.argv.as_ptr(), shared.env) };
        match io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO) {
            libc::ENOENT | libc::ENOTDIR => {}
            libc::EACCES => forbidden = true,
            libc::ENOEXEC => {
                if let Some(script) = shared.shell.get_mut(1) {
                    *script = program.as_ptr();
                }
                // SAFETY: as above.
                unsafe { libc::execve(SHELL.as_ptr(), shared.shell.as_ptr(), shared.env) };
                return libc::ENOEXEC;
            }
            code => return code,
        }
    }
    if forbidden { libc::EACCES } else { libc::ENOENT }
}
