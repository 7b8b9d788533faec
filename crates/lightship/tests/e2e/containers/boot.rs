//! The specification's first test: the core image starts, health answers at once, the gateway is
//! ready, and tools load after it.

use crate::container::{Container, Plan, acts, volume};
use crate::engines::{docker, podman};
use crate::manifest::says;

/// Well within the specification's thirty seconds, the gateway answers; before it does, health.
fn boots(container: &Container<'_>) {
    let first = container.wait("health answers", |_| true);
    assert_eq!(first["service"]["ready"], false, "the gateway was there first: {first}");
    assert_eq!(first["tools"]["status"]["small"], "pending", "{first}");
    let ready = container.ready();
    assert!(container.gateway_answers());
    let took = ready["service"]["timeToReadyMs"].as_u64().unwrap();
    eprintln!("the gateway was ready after {took} ms");
    let done = container.complete();
    assert_eq!((&done["status"], &done["gateway"]), (&"healthy".into(), &"running".into()));
    assert_eq!(done["tools"]["status"]["small"], "installed");
    assert_eq!(container.exec("small").ok(), "small 1\n");
    // PID 1 is lightship, and the gateway its child.
    let init = container.exec("tr '\\0' ' ' </proc/1/cmdline").ok();
    assert!(init.starts_with("/usr/bin/lightship-init"), "{init}");
}

#[test]
fn in_podman_the_core_image_boots_and_its_gateway_never_waits_for_a_tool() {
    let Some(turn) = podman() else { return };
    let volume = volume();
    let container = Plan::new(&turn.engine, &says("small", "1", "")).on(volume.path()).start();
    boots(&container);
    let acts = acts(volume.path());
    assert_eq!(acts.first().zip(acts.last()), Some((&"start".into(), &"complete".into())));
    assert_eq!(acts.iter().filter(|act| *act == "installed").count(), 1, "{acts:?}");
    // A stop is passed on, and nothing has to be killed.
    assert_eq!(container.stop(), 0, "{}", container.logs());
}

#[test]
fn in_docker_engine_the_core_image_boots_and_its_gateway_never_waits_for_a_tool() {
    let Some(turn) = docker() else { return };
    let volume = volume();
    let container = Plan::new(&turn.engine, &says("small", "1", "")).on(volume.path()).start();
    boots(&container);
    assert_eq!(container.stop(), 0, "{}", container.logs());
}
