//! The system calls that no installer needs: a deny list as a program for the kernel.
//!
//! What is on it reaches into other processes, changes what is mounted, opens new namespaces or
//! is a part of the kernel that installers have no business with. A denied call fails with
//! `EPERM`; one that programs have another way for fails with `ENOSYS`, so that they take it.

use libc::{c_long, sock_filter};

/// The loads, jumps and returns of classic BPF that are used here.
const LOAD: u16 = 0x20;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_AT_LEAST: u16 = 0x35;
const JUMP_IF_ANY_BIT: u16 = 0x45;
const RETURN: u16 = 0x06;

/// Where the kernel has the parts of a call: its number, the architecture that it was made by,
/// the low half of its first argument (both machines are little-endian).
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;

const ALLOW: u32 = 0x7fff_0000;
const DENY: u32 = 0x0005_0000 | 1; // EPERM
const ABSENT: u32 = 0x0005_0000 | 0x26; // ENOSYS

/// What `<linux/audit.h>` calls this machine; nothing for one that has no list here.
const THIS: Option<u32> = if cfg!(target_arch = "x86_64") {
    Some(0xc000_003e)
} else if cfg!(target_arch = "aarch64") {
    Some(0xc000_00b7)
} else {
    None
};

/// From here on are the calls of `x86_64`'s second ABI (x32), which would go round the list.
const SECOND_ABI: u32 = 0x4000_0000;

/// `CLONE_NEWNS`, `NEWCGROUP`, `NEWUTS`, `NEWIPC`, `NEWUSER`, `NEWPID`, `NEWNET`.
const NEW_NAMESPACES: u32 = 0x7e02_0000;
/// Only `unshare` takes it there: `clone` has the signal of a child's end in these bits.
const NEW_TIME: u32 = 0x80;

const DENIED: &[c_long] = &[
    // Other processes' memory and files.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_userfaultfd,
    libc::SYS_perf_event_open,
    // What is mounted where, and files by their number.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    // Other namespaces; new ones depend on their flags, below.
    libc::SYS_setns,
    // The kernel itself, its clock, its keys.
    libc::SYS_bpf,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_kexec_file_load,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
];

/// Calls that programs do without: `clone` stands for `clone3`, whose flags lie in memory where
/// no filter sees them, and ordinary reads and writes for `io_uring`.
const ABSENTEES: &[c_long] = &[
    libc::SYS_clone3,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// The program for this machine; empty for one that has no list here.
pub(super) fn program() -> Vec<sock_filter> {
    let Some(this) = THIS else { return Vec::new() };
    let mut program = vec![
        step(LOAD, ARCHITECTURE),
        // A program of another architecture (32-bit x86) has other numbers.
        jump(JUMP_IF_EQUAL, this, 1, 0),
        step(RETURN, ABSENT),
        step(LOAD, NUMBER),
    ];
    if cfg!(target_arch = "x86_64") {
        program.extend([jump(JUMP_IF_AT_LEAST, SECOND_ABI, 0, 1), step(RETURN, ABSENT)]);
    }
    for (calls, answer) in [(DENIED, DENY), (ABSENTEES, ABSENT)] {
        for call in calls {
            program.extend([jump(JUMP_IF_EQUAL, number(*call), 0, 1), step(RETURN, answer)]);
        }
    }
    for (call, flags) in
        [(libc::SYS_clone, NEW_NAMESPACES), (libc::SYS_unshare, NEW_NAMESPACES | NEW_TIME)]
    {
        program.extend([
            jump(JUMP_IF_EQUAL, number(call), 0, 4),
            step(LOAD, FIRST_ARGUMENT),
            jump(JUMP_IF_ANY_BIT, flags, 0, 1),
            step(RETURN, DENY),
            step(RETURN, ALLOW),
        ]);
    }
    program.push(step(RETURN, ALLOW));
    program
}

fn number(call: c_long) -> u32 {
    u32::try_from(call).unwrap_or(u32::MAX)
}

fn step(code: u16, k: u32) -> sock_filter {
    jump(code, k, 0, 0)
}

/// A test of what was loaded: `then` or `otherwise` steps are left out.
fn jump(code: u16, k: u32, then: u8, otherwise: u8) -> sock_filter {
    sock_filter { code, jt: then, jf: otherwise, k }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the program answers to a call, as the kernel would run it.
    fn answer(program: &[sock_filter], architecture: u32, number: u32, argument: u32) -> u32 {
        let (mut at, mut loaded) = (0, 0);
        loop {
            let step = program[at];
            at += 1;
            let holds = match step.code {
                LOAD => {
                    loaded = match step.k {
                        NUMBER => number,
                        ARCHITECTURE => architecture,
                        FIRST_ARGUMENT => argument,
                        other => panic!("loads {other}"),
                    };
                    continue;
                }
                JUMP_IF_EQUAL => loaded == step.k,
                JUMP_IF_AT_LEAST => loaded >= step.k,
                JUMP_IF_ANY_BIT => loaded & step.k != 0,
                RETURN => return step.k,
                other => panic!("does {other}"),
            };
            at += usize::from(if holds { step.jt } else { step.jf });
        }
    }

    fn here(call: c_long, argument: u32) -> u32 {
        answer(&program(), THIS.unwrap(), number(call), argument)
    }

    #[test]
    fn every_call_of_the_lists_is_refused_and_ordinary_ones_are_not() {
        assert!(DENIED.iter().all(|call| here(*call, 0) == DENY));
        assert!(ABSENTEES.iter().all(|call| here(*call, 0) == ABSENT));
        for call in [libc::SYS_read, libc::SYS_openat, libc::SYS_execve, libc::SYS_connect] {
            assert_eq!(here(call, u32::MAX), ALLOW);
        }
    }

    #[test]
    fn threads_and_children_are_made_and_namespaces_are_not() {
        const THREAD: u32 = 0x003d_0f00;
        const SIGCHLD: u32 = 17;
        for (call, flags, answer) in [
            (libc::SYS_clone, THREAD, ALLOW),
            (libc::SYS_clone, SIGCHLD, ALLOW),
            (libc::SYS_clone, SIGCHLD | 0x1000_0000, DENY),
            (libc::SYS_clone, SIGCHLD | 0x2_0000, DENY),
            (libc::SYS_unshare, 0x400, ALLOW),
            (libc::SYS_unshare, 0x4000_0000, DENY),
            (libc::SYS_unshare, NEW_TIME, DENY),
        ] {
            assert_eq!(here(call, flags), answer, "{call} {flags:#x}");
        }
    }

    #[test]
    fn other_architectures_and_abis_do_not_go_round_the_list() {
        assert_eq!(answer(&program(), 0x4000_0003, 26, 0), ABSENT);
        if cfg!(target_arch = "x86_64") {
            assert_eq!(here(c_long::from(SECOND_ABI | 0x209), 0), ABSENT);
        }
    }
}
