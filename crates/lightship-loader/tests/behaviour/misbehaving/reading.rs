//! An installer that reads the service's environment and memory, or traces it.

use testkit::Sandbox;

use super::{SECRET, Service, error, landlock};
use crate::support::{sandbox, script};

/// Python that reads `pid` in every way that there is.
const SPY: &str = r#"
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
for pid in map(int, sys.argv[1:]):
    for name in ["environ", "mem", "maps", "auxv"]:
        try:
            with open(f"/proc/{pid}/{name}", "rb") as file:
                if name == "mem":
                    file.seek(0x1000)
                print("READ", name, file.read(4096))
        except OSError as error:
            # Nothing is mapped so low: then it could be opened, and reading fails.
            print("OPENED" if error.errno == 5 else "denied", name, error.errno)
    # Seizing stops nobody.
    done = libc.ptrace(0x4206, pid, 0, 0)
    print("TRACED" if done == 0 else "denied", "ptrace", ctypes.get_errno())
    class Vec(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
    buffer = ctypes.create_string_buffer(16)
    local, remote = Vec(ctypes.addressof(buffer), 16), Vec(0x1000, 16)
    done = libc.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
    # EFAULT: it was let through to an address where nothing is.
    print("COPIED" if ctypes.get_errno() == 14 or done > 0 else "denied", "process_vm_readv")
sys.exit(1)
"#;

fn spy(sandbox: &Sandbox, service: &Service) {
    let path = sandbox.path("spy.py");
    std::fs::write(&path, SPY).unwrap();
    let run = format!("python3 '{}' {} $PPID", path.display(), service.pid());
    sandbox.manifest(&script("bad", "retries = 0", &run));
}

#[test]
fn it_sees_nothing_of_the_service_or_the_loader() {
    if !landlock() {
        return;
    }
    let (mut sandbox, service) = (sandbox(), Service::start());
    sandbox.set("SECRET", SECRET);
    spy(&sandbox, &service);
    let run = sandbox.run().ended_well();
    let error = error(&sandbox, &run);
    assert!(error.contains("exit code 1"), "{error}");
    let log = sandbox.log("bad");
    assert!(!log.contains(SECRET), "{log}");
    let printed = log.split("\n==").next().unwrap();
    assert_eq!(printed.matches("denied").count(), 12, "{log}");
    for sign in ["READ", "OPENED", "TRACED", "COPIED"] {
        assert!(!log.contains(sign), "{log}");
    }
    service.assert_alive();
}

/// Root's installers give up what it takes to look into others; other users' have nothing to
/// give up. Tracing is held by seccomp.
#[test]
fn without_landlock_root_is_held_all_the_same_and_others_from_tracing_alone() {
    let (mut sandbox, service) = (sandbox(), Service::start());
    spy(&sandbox, &service);
    sandbox.set("LIGHTSHIP_CONFINE_WITHOUT", "landlock");
    let run = sandbox.run().ended_well();
    let log = sandbox.log("bad");
    let root = rustix::process::geteuid().is_root();
    assert_eq!(!log.contains(SECRET), root, "{log}");
    let held = super::report(&run).seccomp || root;
    assert_eq!(!log.contains("COPIED") && !log.contains("TRACED"), held, "{log}");
    service.assert_alive();
}

#[test]
fn switched_off_nothing_is_held_or_the_tests_above_would_show_nothing() {
    let (mut sandbox, service) = (sandbox(), Service::start());
    spy(&sandbox, &service);
    sandbox.set("LOA_CONFINE", "off");
    let _run = sandbox.run().ended_well();
    let log = sandbox.log("bad");
    assert!(log.contains(SECRET) && log.contains("OPENED mem"), "{log}");
    service.assert_alive();
}
