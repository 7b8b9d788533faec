//! The specification's fourth test: whatever the volume is, the gateway runs, health says what is
//! wrong, and the next start with a good volume is whole.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use testkit::{Done, Engine};

use crate::container::{Container, Plan, receipts, volume};
use crate::engines::{docker, podman};
use crate::manifest::says;

/// The sentence about the volume, in a container that serves and has its tool all the same.
#[track_caller]
fn degraded(container: &Container<'_>) -> String {
    let health = container.complete();
    assert_eq!(health["status"], "degraded", "{health:#}");
    assert_eq!(health["gateway"], "running", "{health:#}");
    assert_eq!(health["tools"]["status"]["small"], "installed", "{health:#}");
    assert!(container.gateway_answers());
    // The local disk is on the gateway's path, not on that of a shell from outside.
    assert_eq!(container.exec("lightship-init exec small").ok(), "small 1\n");
    reasons(&health)
}

fn reasons(health: &Value) -> String {
    let reasons = health["reasons"].as_array().unwrap().iter();
    reasons.map(|reason| reason.as_str().unwrap()).collect::<Vec<_>>().join("; ")
}

/// On a good volume, nothing is left of the bad one.
fn next_start_is_whole(engine: &Engine, volume: &Path) {
    let container = Plan::new(engine, &says("small", "1", "")).on(volume).start();
    let health = container.complete();
    assert_eq!(health["status"], "healthy", "{health:#}");
    assert_eq!(receipts(volume).len(), 1);
}

fn read_only(engine: &Engine) {
    let volume = volume();
    let words = format!("--volume={}:/data/tools:ro", volume.path().display());
    let container = Plan::new(engine, &says("small", "1", "")).with(&[&words]).start();
    let why = degraded(&container);
    assert!(why.contains("read-only"), "{why}");
    drop(container);
    assert_eq!(std::fs::read_dir(volume.path()).unwrap().count(), 0);
    next_start_is_whole(engine, volume.path());
}

#[test]
fn in_podman_a_read_only_volume_is_told_and_the_next_start_is_whole() {
    let Some(turn) = podman() else { return };
    read_only(&turn.engine);
}

#[test]
fn in_docker_engine_a_read_only_volume_is_told_and_the_next_start_is_whole() {
    let Some(turn) = docker() else { return };
    read_only(&turn.engine);
}

#[test]
fn without_a_volume_and_with_a_read_only_root_tools_go_to_the_local_disk() {
    let Some(turn) = podman() else { return };
    // The image declares `/data` a volume, which an engine then makes: this one must not.
    let words = ["--read-only", "--image-volume=ignore", "--tmpfs=/root", "--tmpfs=/tmp:exec"];
    let container = Plan::new(&turn.engine, &says("small", "1", "")).with(&words).start();
    let why = degraded(&container);
    assert!(why.contains("/data/tools"), "{why}");
}

#[test]
fn a_full_volume_is_told_and_tools_go_to_the_local_disk() {
    let Some(turn) = podman() else { return };
    let words = ["--mount=type=tmpfs,destination=/data/tools,tmpfs-size=1m"];
    // Larger than the volume: it would fit nowhere on it.
    let large =
        says("small", "1", "mkdir -p \"$PREFIX\" && head -c 3000000 /dev/zero >\"$PREFIX/large\"");
    let container = Plan::new(&turn.engine, &large).with(&words).start();
    let why = degraded(&container);
    assert!(why.contains("of 1024 KiB are free"), "{why}");
}

#[test]
fn a_volume_that_appears_late_is_taken_at_the_next_start() {
    let Some(turn) = podman() else { return };
    // What appears in here on the host appears in the container; until then nobody can write.
    let place = volume();
    let place = place.path();
    let tools = place.join("tools");
    let mount =
        |words: &[&str]| Done::from(Command::new("mount").args(words).output().unwrap()).ok();
    let shown = place.display().to_string();
    mount(&["-t", "tmpfs", "-o", "size=1m", "lightship-e2e", &shown]);
    mount(&["--make-shared", &shown]);
    std::fs::create_dir(&tools).unwrap();
    mount(&["-o", "remount,ro", &shown]);
    let words = format!("--volume={shown}:/data:rslave");
    let container = Plan::new(&turn.engine, &says("small", "1", "")).with(&[&words]).start();
    let why = degraded(&container);
    mount(&["-t", "tmpfs", "-o", "size=64m", "lightship-e2e", &tools.display().to_string()]);
    container.stop();
    container.start_again();
    let health = container.complete();
    let (status, stored) = (health["status"].clone(), receipts(&tools).len());
    drop(container);
    for path in [&tools.display().to_string(), &shown] {
        Done::from(Command::new("umount").args(["-l", path]).output().unwrap()).ok();
    }
    assert!(why.contains("read-only"), "{why}");
    assert_eq!((status, stored), ("healthy".into(), 1), "{health:#}");
}
