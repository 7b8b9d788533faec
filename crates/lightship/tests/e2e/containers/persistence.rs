//! The specification's third test: what was loaded is there for the next container, also for one
//! whose manifest wants other tools.

use std::fs;

use testkit::Engine;

use crate::container::{Plan, acts, receipts, volume};
use crate::engines::{docker, podman};
use crate::manifest::{says, uv};

fn persists(engine: &Engine) {
    let volume = volume();
    let first =
        [says("kept", "1", ""), says("moved", "1", ""), says("gone", "1", ""), uv("deferred")];
    {
        let container = Plan::new(engine, &first.concat()).on(volume.path()).start();
        let health = container.complete();
        assert_eq!(health["status"], "healthy", "{health:#}\n{}", container.logs());
        container.stop();
    }
    let before = receipts(volume.path());
    assert_eq!(before.len(), 4);
    let trail = acts(volume.path()).len();

    // A new container: everything is there before the gateway is, and nothing is done again.
    {
        let container = Plan::new(engine, &first.concat()).on(volume.path()).start();
        let ran = container.exec("kept && moved && gone && uv --version").ok();
        assert!(ran.starts_with("kept 1\nmoved 1\ngone 1\nuv 0.13.9"), "{ran}");
        container.complete();
        assert_eq!(acts(volume.path())[trail..], ["start", "complete"]);
        assert_eq!(receipts(volume.path()), before);
    }

    // A newer image's manifest: a tool less, one more, one in another version.
    let kept = before.iter().find(|path| path.to_string_lossy().contains("/kept-")).unwrap();
    let untouched = fs::metadata(kept).unwrap().modified().unwrap();
    let second =
        [says("kept", "1", ""), says("moved", "2", ""), says("more", "1", ""), uv("deferred")];
    let container = Plan::new(engine, &second.concat()).on(volume.path()).start();
    let health = container.complete();
    assert_eq!(health["status"], "healthy", "{health:#}");
    assert_eq!(health["tools"]["status"]["gone"], serde_json::Value::Null);
    let ran = container.exec("kept && moved && more && uv --version").ok();
    assert!(ran.starts_with("kept 1\nmoved 2\nmore 1\nuv 0.13.9"), "{ran}");
    assert_ne!(container.exec("gone").code, Some(0), "a tool that nobody wants runs");
    assert_eq!(fs::metadata(kept).unwrap().modified().unwrap(), untouched);
    let installs =
        acts(volume.path())[trail + 2..].iter().filter(|act| *act == "installed").count();
    assert_eq!(installs, 2, "{:?}", acts(volume.path()));
}

#[test]
fn in_podman_a_new_container_on_the_volume_has_the_tools_at_once() {
    let Some(turn) = podman() else { return };
    persists(&turn.engine);
}

#[test]
fn in_docker_engine_a_new_container_on_the_volume_has_the_tools_at_once() {
    let Some(turn) = docker() else { return };
    persists(&turn.engine);
}
