//! The crash matrix: for each source and each step of the loader's own, a kill or an error of
//! the disk, then a start that nobody disturbs. It ends as if nothing had happened, and at no
//! moment is anybody offered a broken tool.
//!
//! `LIGHTSHIP_MATRIX=full` runs every cell (a quarter of an hour), else a sample is run.

mod cell;
mod victim;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use testkit::Loader;

use self::victim::Victim;
use crate::support::{makes, sandbox, script};

/// How many cells of a victim a usual run of the tests takes.
const SAMPLE: usize = 16;

/// Runs the cells; `turn` chooses the sample.
#[expect(clippy::print_stdout, reason = "how much was tried is half of the result")]
fn run(victim: &Victim, turn: usize) {
    let full = std::env::var("LIGHTSHIP_MATRIX").is_ok_and(|word| word == "full");
    let cells =
        if full { cell::all(&victim.steps) } else { cell::some(&victim.steps, SAMPLE, turn) };
    // Every cell has its chance to fail: one defect seldom shows in one alone.
    let failed: Vec<String> = cells
        .iter()
        .filter(|cell| catch_unwind(AssertUnwindSafe(|| victim.disturb(cell))).is_err())
        .map(ToString::to_string)
        .collect();
    let (name, steps, count) = (&victim.name, victim.steps.len(), cells.len());
    println!("matrix: {name}: {steps} steps, {count} cells, {} failed", failed.len());
    assert!(failed.is_empty(), "{name}: {failed:#?}");
}

#[test]
fn every_step_of_a_script() {
    run(&Victim::of_source("script"), 0);
}

#[test]
fn every_step_of_an_archive() {
    run(&Victim::of_source("binary"), 1);
}

#[test]
fn every_step_of_a_single_file() {
    run(&Victim::of_source("file"), 2);
}

#[test]
fn every_step_of_a_crate() {
    run(&Victim::of_source("cargo"), 3);
}

#[test]
fn every_step_of_a_package_of_npm() {
    run(&Victim::of_source("npm"), 4);
}

#[test]
fn every_step_of_a_package_of_pip() {
    run(&Victim::of_source("pip"), 5);
}

#[test]
fn every_step_of_a_package_of_debian() {
    if let Some(victim) = Victim::of_debian() {
        run(&victim, 10);
    }
}

#[test]
fn an_error_of_the_disk_that_passes_is_tried_again_in_the_same_run() {
    let sandbox = sandbox();
    sandbox.manifest(&script("tool", "retries = 1", &makes("tool", "works")));
    let mut command = sandbox.loader();
    command.env("LIGHTSHIP_STEP", "eio@sync-tree#1");
    let run = Loader::start(command).finish().installed_all();
    let reasons: Vec<&str> = run.changes().filter_map(|change| change.reason.as_deref()).collect();
    assert!(reasons.iter().any(|reason| reason.contains("(os error 5)")), "{reasons:?}");
    assert_eq!(sandbox.acts("install").len(), 2);
    assert_eq!(sandbox.output_of("tool"), "works");
}

/// A tool with two programs, each of which prints `says`.
fn pair(says: &str) -> String {
    script("pair", "retries = 0", &format!("{}{}", makes("left", says), makes("right", says)))
}

#[test]
fn every_step_of_an_install_that_replaces_another_version() {
    let sandbox = sandbox();
    sandbox.manifest(&pair("old"));
    let _run = sandbox.run().installed_all();
    let prints = |_: &str, text: &str| ["old\n", "new\n"].contains(&text);
    run(&Victim::from_here("another version", sandbox, &pair("new"), true, prints), 6);
}

#[test]
fn every_step_of_an_install_that_repairs_half_a_tool() {
    let sandbox = sandbox();
    sandbox.manifest(&pair("whole"));
    let _run = sandbox.run().installed_all();
    // The other program is there and published until the loader has begun.
    fs::remove_file(sandbox.prefix("pair").join("bin/left")).unwrap();
    fs::remove_file(sandbox.dir().join("bin/left")).unwrap();
    let prints = |_: &str, text: &str| text == "whole\n";
    run(&Victim::from_here("half a tool", sandbox, &pair("whole"), false, prints), 7);
}

#[test]
fn every_step_of_a_start_after_a_crash() {
    let sandbox = sandbox();
    sandbox.manifest(&pair("kept"));
    let _run = sandbox.run().installed_all();
    // What dead loaders leave, all of it at once, and nothing to install.
    let dir = sandbox.dir();
    for folder in ["v1/store/ghost-1-0123456789ab/bin", "v1/stage/ghost-1-0123456789ab/home"] {
        fs::create_dir_all(dir.join(folder)).unwrap();
    }
    for file in [
        "loader-state.json.new-1",
        "v1/python.json.new-1",
        "v1/receipts/ghost-1-0123456789ab.json.new-1",
        "v1/store/ghost-1-0123456789ab/bin/ghost",
        "v1/stage/.probe-1.a",
    ] {
        fs::write(dir.join(file), "x").unwrap();
    }
    std::os::unix::fs::symlink("../v1/store/ghost", dir.join("bin/.ghost.new-1")).unwrap();
    let prints = |_: &str, text: &str| text == "kept\n";
    let victim = Victim::from_here("after a crash", sandbox, &pair("kept"), true, prints);
    assert!(!victim.sandbox.dir().join("v1/store/ghost-1-0123456789ab").exists());
    run(&victim, 8);
}

#[test]
fn every_step_of_a_start_that_publishes_no_longer_what_is_not_wanted() {
    let sandbox = sandbox();
    let other = script("other", "", &makes("other", "other"));
    sandbox.manifest(&format!("{}{other}", pair("kept")));
    let _run = sandbox.run().installed_all();
    let prints = |_: &str, text: &str| ["kept\n", "other\n"].contains(&text);
    run(&Victim::from_here("a tool less", sandbox, &pair("kept"), true, prints), 9);
}
