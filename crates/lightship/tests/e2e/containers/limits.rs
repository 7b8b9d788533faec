//! Limits of the container hold for what is installed: an installer that is too big fails alone.

use crate::container::{Plan, volume};
use crate::engines::podman;
use crate::manifest::says;

#[test]
fn an_installer_that_is_too_big_fails_alone_and_the_gateway_never_notices() {
    let Some(turn) = podman() else { return };
    let volume = volume();
    // `tail` keeps a line without an end in memory: twice what the container may have.
    let big = says("big", "1", "head -c 3000000000 /dev/zero | tail -n 1 >/dev/null");
    let tools = format!("{big}{}", says("small", "1", ""));
    let plan = Plan::new(&turn.engine, &tools).on(volume.path());
    let container = plan.with(&["--memory=1500m", "--memory-swap=1500m", "--cpus=2"]).start();
    let health = container.complete();
    assert_eq!(health["tools"]["status"]["big"], "failed", "{health:#}");
    assert_eq!(health["tools"]["status"]["small"], "installed", "{health:#}");
    let why = health["tools"]["details"]["big"]["error"].as_str().unwrap();
    assert!(why.contains("memory"), "{why}");
    assert_eq!(health["service"]["restarts"], 0, "{health:#}\n{}", container.logs());
    assert_eq!((&health["status"], &health["gateway"]), (&"degraded".into(), &"running".into()));
    assert!(container.gateway_answers());
}
