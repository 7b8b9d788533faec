//! The ways back: loading switched off, and a tool moved by its one word.

use crate::container::{Plan, acts, receipts, volume};
use crate::engines::podman;
use crate::manifest::{says, uv};

#[test]
fn loading_that_is_switched_off_leaves_a_gateway_and_tells_so() {
    let Some(turn) = podman() else { return };
    let volume = volume();
    let plan = Plan::new(&turn.engine, &says("small", "1", "")).on(volume.path());
    let container = plan.with(&["--env=LOA_DEFERRED_TOOLS=false"]).start();
    let health = container.wait("the gateway is ready", |health| {
        health["service"]["ready"] == true && health["tools"]["status"]["small"] == "skipped"
    });
    assert_eq!(health["status"], "healthy", "{health:#}");
    assert_ne!(container.exec("small").code, Some(0));
    assert!(receipts(volume.path()).is_empty());
}

#[test]
fn one_word_moves_a_tool_between_deferred_and_on_demand() {
    let Some(turn) = podman() else { return };
    let volume = volume();
    {
        let container = Plan::new(&turn.engine, &uv("on-demand")).on(volume.path()).start();
        let health = container.complete();
        assert_eq!(health["status"], "healthy", "{health:#}");
        assert!(receipts(volume.path()).is_empty(), "it was not asked for");
        container.exec("lightship-init exec uv --version").ok();
        assert_eq!(receipts(volume.path()).len(), 1);
    }
    // The other word: the same receipt, and nothing to do.
    let trail = acts(volume.path()).len();
    let container = Plan::new(&turn.engine, &uv("deferred")).on(volume.path()).start();
    container.complete();
    assert!(container.exec("uv --version").ok().starts_with("uv 0.13.9"));
    assert_eq!(acts(volume.path())[trail..], ["start", "complete"]);
}
