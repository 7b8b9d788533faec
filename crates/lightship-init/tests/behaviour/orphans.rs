use std::fs;
use std::process::Command;

use crate::lightship::{Lightship, is_alive, numbers, wait_until};

/// Leaves 40 processes without a parent, of which each ends a moment later.
const ORPHANS: &str = "i=0; while [ $i -lt 40 ]; do (sleep 0.3 & echo $! >> \"$PIDS\"); \
                       i=$((i+1)); done; ";

#[test]
fn orphans_are_adopted_and_reaped() {
    let lightship = Lightship::new();
    let pids = lightship.path("pids");
    let script = format!("PIDS='{}'; {ORPHANS} sleep 1000", pids.display());
    let mut running = lightship.command(&["sh", "-c", &script]).start();
    running.service_started();
    for pid in numbers(&pids, 40) {
        // A zombie would keep its entry.
        let gone = || (!fs::exists(format!("/proc/{pid}")).unwrap()).then_some(());
        wait_until("the orphan was reaped", gone);
    }
}

#[test]
fn as_pid_1_no_zombie_stays_and_the_code_is_passed_through() {
    const UNSHARE: [&str; 4] = ["unshare", "-pf", "--kill-child", "--mount-proc"];
    let permitted = Command::new(UNSHARE[0]).args(&UNSHARE[1..]).arg("true").output().unwrap();
    if !permitted.status.success() {
        let why = String::from_utf8_lossy(&permitted.stderr);
        eprintln!("skipped: this machine permits no PID namespace: {why}");
        return;
    }
    let lightship = Lightship::new();
    let pids = lightship.path("pids");
    let script = format!(
        "PIDS='{}'; {ORPHANS} sleep 1; read -r init < /proc/1/comm; echo pid 1 is $init; \
         wc -l < \"$PIDS\"; \
         grep -l '^State:.Z' /proc/[0-9]*/status 2>&-; echo end; exit 7",
        pids.display()
    );
    let running = lightship.command(&["sh", "-c", &script]).through(&UNSHARE);
    let (code, output) = running.run();
    assert_eq!(code, 7, "{output}");
    assert_eq!(output, "pid 1 is lightship-init\n40\nend\n");
}

#[test]
fn a_daemon_that_left_its_group_does_not_hold_the_end_up() {
    let lightship = Lightship::new();
    let pids = lightship.path("pids");
    let script = format!("setsid sleep 5 & echo $! > '{}'; exit 3", pids.display());
    let mut running = lightship.command(&["sh", "-c", &script]).start();
    assert_eq!(running.exit(), 3);
    let daemon = numbers(&pids, 1)[0];
    if is_alive(daemon) {
        crate::lightship::kill(daemon, rustix::process::Signal::KILL);
    }
}
