use std::fs;
use std::process::Command;

use tempfile::TempDir;

use crate::shipped::{printed, shipped};

#[test]
fn the_file_is_at_most_two_megabytes() {
    let size = fs::metadata(shipped()).unwrap().len();
    assert!(size <= 2_000_000, "{size} bytes");
}

#[test]
fn it_needs_no_library_and_no_loader() {
    let headers = printed("readelf", &["-lW", shipped().to_str().unwrap()]);
    for wanted_by_dynamic in ["INTERP", "DYNAMIC"] {
        assert!(!headers.contains(wanted_by_dynamic), "{headers}");
    }
}

#[test]
fn its_stack_is_not_executable_and_its_tables_are_read_only() {
    let headers = printed("readelf", &["-lW", shipped().to_str().unwrap()]);
    let flags = |name: &str| headers.lines().find(|line| line.contains(name)).map(str::to_owned);
    let stack = flags("GNU_STACK").unwrap();
    assert!(stack.contains("RW ") && !stack.contains("RWE"), "{stack}");
    assert!(flags("GNU_RELRO").is_some(), "{headers}");
}

#[test]
fn it_runs_where_there_is_nothing_but_itself() {
    let dir = TempDir::new().unwrap();
    fs::copy(shipped(), dir.path().join("init")).unwrap();
    let root = dir.path().to_str().unwrap();
    let output = Command::new("unshare")
        .args(["--root", root, "--pid", "--fork", "/init", "--", "/init", "--version"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("lightship-init "));
}
