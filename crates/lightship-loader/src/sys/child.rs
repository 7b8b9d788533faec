//! A child between fork and exec. Everything that allocates was made before the fork; here are
//! system calls alone, and each notes whether it held.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Linux's `SCHED_IDLE`: runs when nothing else wants the processor.
const SCHED_IDLE: libc::c_int = 5;
/// `IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)`: reads and writes when nothing else does.
const IOPRIO_IDLE: libc::c_int = 3 << 13;
const IOPRIO_WHO_PROCESS: libc::c_int = 1;
/// The first candidate when memory runs out, short of the certain one (design, section 3).
const OOM_SCORE_ADJ: &[u8] = b"800";
const SECCOMP_SET_MODE_FILTER: libc::c_uint = 1;

const LANDLOCK: u8 = 1;
const SECCOMP: u8 = 2;

/// What a child does with itself before it becomes the installer.
#[derive(Debug)]
pub(crate) struct Child {
    /// `cgroup.procs` of the groups that it enters, at most eight.
    pub(crate) groups: Vec<File>,
    pub(crate) landlock: Option<OwnedFd>,
    /// A seccomp program; nothing where there is none for this machine.
    pub(crate) filter: Vec<libc::sock_filter>,
    /// Whether it gives up what root has beyond its own files.
    pub(crate) drop_capabilities: bool,
    /// Whether it must not start without Landlock and seccomp.
    pub(crate) required: bool,
    /// Whether it waits for everybody else's processor and disk.
    pub(crate) idle: bool,
    /// Takes what held: two bytes, for [`Held::read`].
    pub(crate) tell: OwnedFd,
}

/// What a child found to hold of its confinement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    flags: u8,
    groups: u8,
}

impl Held {
    /// What the last child that was started told; nothing if none came so far.
    pub(crate) fn read(told: &OwnedFd) -> Self {
        let mut held = Self::default();
        let mut pair = [0; 2];
        // A program that was busy has had several children: the last one runs.
        while rustix::io::read(told, &mut pair) == Ok(pair.len()) {
            held = Self { flags: pair[0], groups: pair[1] };
        }
        held
    }

    pub(crate) fn landlock(self) -> bool {
        self.flags & LANDLOCK != 0
    }

    pub(crate) fn seccomp(self) -> bool {
        self.flags & SECCOMP != 0
    }

    /// Whether it is in the group of that place in [`Child::groups`].
    pub(crate) fn group(self, place: usize) -> bool {
        self.groups & bit(place) != 0
    }
}

fn bit(place: usize) -> u8 {
    u32::try_from(place).ok().and_then(|place| 1_u8.checked_shl(place)).unwrap_or(0)
}

impl Child {
    /// Makes `command` an installer: a session of its own, dies with this thread, gains no
    /// privileges, goes first when memory is short, waits for everybody else's processor and
    /// disk, and is held as far as the machine can.
    ///
    /// Each step is an improvement and, unless it is required, none a condition: what a kernel
    /// refuses is missing in what the child tells.
    pub(crate) fn arrange(self, command: &mut Command) {
        let set_up = move || {
            let held = self.begin();
            let pair = [held.flags, held.groups];
            // SAFETY: the pointer and length are those of an array that lives here.
            unsafe { libc::write(self.tell.as_raw_fd(), pair.as_ptr().cast(), pair.len()) };
            if self.required && held.flags & (LANDLOCK | SECCOMP) != LANDLOCK | SECCOMP {
                return Err(io::Error::from_raw_os_error(libc::EPERM));
            }
            Ok(())
        };
        // SAFETY: the closure runs between fork and exec and makes system calls alone: it takes
        // no lock and allocates nothing (signal-safety(7)).
        unsafe { command.pre_exec(set_up) };
    }

    fn begin(&self) -> Held {
        let mut held = Held::default();
        // A group of its own, and no terminal: nobody could answer its questions.
        // SAFETY: setsid takes nothing and touches no memory.
        unsafe { libc::setsid() };
        // SAFETY: prctl with integer arguments touches no memory of ours.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
        // SAFETY: as above.
        unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
        if self.idle {
            be_idle();
            be_last();
        }
        prefer_for_oom();
        dump_no_core();
        for (place, group) in self.groups.iter().enumerate() {
            if enter(group.as_raw_fd()) {
                held.groups |= bit(place);
            }
        }
        if self.drop_capabilities {
            drop_capabilities();
        }
        if let Some(ruleset) = &self.landlock {
            // SAFETY: takes a descriptor, which `self` keeps open, and flags.
            let done =
                unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0) };
            if done == 0 {
                held.flags |= LANDLOCK;
            }
        }
        if !self.filter.is_empty() && filter(&self.filter) {
            held.flags |= SECCOMP;
        }
        held
    }
}

/// Makes the calling thread run, read and write when nobody else wants to.
pub(crate) fn be_idle() {
    let param = libc::sched_param { sched_priority: 0 };
    // SAFETY: `param` outlives the call, which reads it.
    unsafe { libc::sched_setscheduler(0, SCHED_IDLE, &raw const param) };
    // SAFETY: ioprio_set takes three integers.
    unsafe { libc::syscall(libc::SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE) };
}

/// Among sessions, where the kernel makes a group of each (`CONFIG_SCHED_AUTOGROUP`): there an idle
/// task is idle beside its own session alone.
fn be_last() {
    write_to(c"/proc/self/autogroup", b"19");
}

fn prefer_for_oom() {
    write_to(c"/proc/self/oom_score_adj", OOM_SCORE_ADJ);
}

fn write_to(path: &CStr, text: &[u8]) {
    // SAFETY: a C string is one, and it outlives the call.
    let fd = unsafe { libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC) };
    if fd >= 0 {
        // SAFETY: the pointer and length are those of a slice.
        unsafe { libc::write(fd, text.as_ptr().cast(), text.len()) };
        // SAFETY: `fd` was opened above and is used nowhere else.
        unsafe { libc::close(fd) };
    }
}

/// A core of an installer would fill the disk, and land wherever the host collects them.
fn dump_no_core() {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `none` outlives the call, which reads it.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const none) };
}

/// `CHOWN`, `DAC_OVERRIDE`, `FOWNER`, `FSETID`, `SETGID`, `SETUID`, `NET_BIND_SERVICE`: what
/// unpacking and npm do as root.
const KEPT_CAPABILITIES: u32 = 1 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 10;
/// More than Linux has.
const CAPABILITIES: libc::c_ulong = 64;

#[repr(C)]
struct CapabilityHeader {
    version: u32,
    pid: libc::c_int,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct CapabilitySet {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Gives up root's capabilities but the kept ones. Root without them can't look into a process
/// that has them, Landlock or not; with `CAP_PERFMON` it could even under Landlock.
fn drop_capabilities() {
    const VERSION_3: u32 = 0x2008_0522;
    for capability in 0..CAPABILITIES {
        let kept = capability < 32 && KEPT_CAPABILITIES & (1 << capability) != 0;
        if !kept {
            // SAFETY: prctl with integer arguments touches no memory of ours.
            unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        }
    }
    let clear = libc::PR_CAP_AMBIENT_CLEAR_ALL;
    // SAFETY: as above.
    unsafe { libc::prctl(libc::PR_CAP_AMBIENT, clear, 0, 0, 0) };
    let mut header = CapabilityHeader { version: VERSION_3, pid: 0 };
    let mut sets = [CapabilitySet { effective: 0, permitted: 0, inheritable: 0 }; 2];
    // SAFETY: both outlive the call, and are what version 3 reads and writes.
    if unsafe { libc::syscall(libc::SYS_capget, &raw mut header, sets.as_mut_ptr()) } != 0 {
        return;
    }
    let [low, high] = &mut sets;
    low.effective &= KEPT_CAPABILITIES;
    low.permitted &= KEPT_CAPABILITIES;
    low.inheritable = 0;
    *high = CapabilitySet { effective: 0, permitted: 0, inheritable: 0 };
    // SAFETY: both outlive the call, which reads them.
    unsafe { libc::syscall(libc::SYS_capset, &raw const header, sets.as_ptr()) };
}

/// Enters the control group whose `cgroup.procs` is open as `fd`.
fn enter(fd: RawFd) -> bool {
    const SELF: &[u8] = b"0";
    // SAFETY: the pointer and length are those of a constant.
    unsafe { libc::write(fd, SELF.as_ptr().cast(), SELF.len()) == 1 }
}

fn filter(program: &[libc::sock_filter]) -> bool {
    let Ok(len) = u16::try_from(program.len()) else { return false };
    // The kernel only reads it; the type is what C has.
    let program = libc::sock_fprog { len, filter: program.as_ptr().cast_mut() };
    // SAFETY: `program` and what it points to outlive the call, which reads them.
    let done =
        unsafe { libc::syscall(libc::SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &raw const program) };
    done == 0
}
