use std::path::Path;
use std::process::Command;

use crate::case::{Case, skipped};
use crate::subject::{Subject, find_on_path};

fn readelf(option: &str, file: &Path) -> String {
    let output = Command::new("readelf").args(["--wide", option]).arg(file).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// T14
#[test]
fn valgrind_finds_nothing() {
    const FOUND: &str = "99";
    if find_on_path("valgrind").is_none() {
        skipped("valgrind is not installed");
        return;
    }
    let option = format!("--error-exitcode={FOUND}");
    let mut valgrind = vec!["valgrind", "--quiet", "--leak-check=full", &option];
    let headers = readelf("--program-headers", &Subject::under_test().program);
    if !headers.contains("INTERP") {
        // It does not see into a static C library, whose start it takes for mistakes.
        valgrind.push("--undef-value-errors=no");
    }
    let case = Case::new().through(&valgrind);
    let (code, output) = case.command(&["ls", "/proc/self/fd"]).run();
    assert_eq!(code, 0, "{output}");
}

/// T14
#[test]
fn the_file_has_no_executable_stack_and_no_writable_tables() {
    let headers = readelf("--program-headers", &Subject::under_test().program);
    let header = |name: &str| headers.lines().find(|line| line.trim().starts_with(name));
    let stack = header("GNU_STACK").unwrap_or_else(|| panic!("no GNU_STACK:\n{headers}"));
    assert!(stack.contains(" RW ") && !stack.contains('E'), "{stack}");
    assert!(header("GNU_RELRO").is_some(), "{headers}");
    let writable_code = |line: &str| line.trim().starts_with("LOAD") && line.contains("RWE");
    assert!(!headers.lines().any(writable_code), "{headers}");
}
