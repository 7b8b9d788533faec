//! The loader by itself with a lock: found beside the manifest, asked for by the environment.

use std::fs;

use lightship_model::lock::{Entry, Lock, Locked, recipe};
use lightship_model::manifest::{Manifest, Text};
use lightship_model::state::ToolStatus;

use crate::support::{sandbox, simple};

/// The text of a lock for the tools of a manifest, all of which are scripts.
fn lock(manifest: &str) -> String {
    let manifest = Manifest::load(Text::new("m", manifest), |_, _| Err(String::new())).unwrap();
    let entry = |tool| Entry { recipe: recipe(tool), version: None, locked: Locked::Script };
    let tools = manifest.tools.iter().map(|(name, tool)| (name.clone(), entry(tool))).collect();
    Lock { tools }.to_text("0")
}

#[test]
fn with_a_lock_asked_for_and_none_there_nothing_is_installed() {
    let mut sandbox = sandbox();
    sandbox.manifest(&simple("one", "1"));
    sandbox.set("LOA_LOCKED", "true");
    let run = sandbox.run();
    assert_eq!(run.exit.code(), 3, "{run:#?}");
    assert!(run.warnings()[0].contains("lightship.lock: can't read the lock"), "{run:#?}");
    assert!(!sandbox.dir().exists());
}

#[test]
fn a_fresh_lock_beside_the_manifest_is_found_and_a_stale_one_told() {
    let mut sandbox = sandbox();
    let manifest = simple("one", "1");
    sandbox.manifest(&manifest);
    fs::write(sandbox.path("lightship.lock"), lock(&manifest)).unwrap();
    sandbox.set("LOA_LOCKED", "true");
    let run = sandbox.run().installed_all();
    assert_eq!(run.warnings(), Vec::<&str>::new());

    sandbox.manifest(&simple("one", "2"));
    let run = sandbox.run();
    assert_eq!(run.exit.code(), 3, "{run:#?}");
    sandbox.unset("LOA_LOCKED");
    let run = sandbox.run().installed_all();
    assert!(run.warnings()[0].contains("`one` was locked for another recipe"), "{run:#?}");
    assert_eq!(run.last("one").status, ToolStatus::Installed);
    assert_eq!(sandbox.output_of("one"), "2");
}
