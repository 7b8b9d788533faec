//! lightship called `tini` or `dumb-init` passes what these pass.

use std::env;
use std::process::Command;

/// Runs the cases of the module `cases` against lightship called `name`.
fn passes(name: &str, cases: &str) {
    if env::var("INIT_UNDER_TEST").is_ok_and(|subject| subject != "lightship-init") {
        return;
    }
    let output = Command::new(env::current_exe().unwrap())
        .args([cases, "--test-threads=2"])
        .env("INIT_UNDER_TEST", format!("lightship-init:{name}"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn called_tini_it_passes_the_cases_of_tini() {
    passes("tini", "tini::");
}

#[test]
fn called_dumb_init_it_passes_the_cases_of_dumb_init() {
    passes("dumb-init", "dumb_init::");
}
