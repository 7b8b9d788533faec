//! Running a test once more, in namespaces of its own.

use std::process::Command;

/// Says, in the environment, that this is the process in its own namespaces.
const INSIDE: &str = "LIGHTSHIP_TEST_ALONE";

/// Temporary directories are in a file system of the test's own.
const ENTER: &str = "mount -t tmpfs -o size=1g,mode=755 tmpfs /mnt && exec \"$@\"";

/// Runs `body` with mounts and processes that nobody else sees. `name` is the test's name with
/// its module.
#[track_caller]
pub(crate) fn alone(name: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    if !can_be_alone() {
        eprintln!("{name}: mounts need root and unshare, which are not to be had here");
        return;
    }
    // The name of the test's file is not part of what the harness calls it.
    let name = name.split_once("::").map_or(name, |(_, rest)| rest);
    let mut command = unshare();
    command.args(["sh", "-c", ENTER, "sh"]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture"]).env(INSIDE, "1").env("TMPDIR", "/mnt");
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    // Where something is missing here, that is worth a line in a log of tests that pass.
    for line in text.lines().filter(|line| line.contains("nothing is tried")) {
        eprintln!("{name}: {line}");
    }
}

/// A command in a container, as far as mounts and processes go.
pub(crate) fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]);
    command.arg("--mount-proc");
    command
}

fn can_be_alone() -> bool {
    let root = rustix::process::geteuid().is_root();
    root && unshare().arg("true").output().is_ok_and(|output| output.status.success())
}

/// Runs a program of the system that has to succeed.
#[track_caller]
pub(crate) fn system(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {errors}");
}
