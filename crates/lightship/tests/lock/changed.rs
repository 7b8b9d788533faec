//! A file that is not the locked one is refused, before anything of it runs.

use lightship_model::digest::Digest;
use testkit::Registry;

use crate::support::{KINDS, OLD, World, publish, tool};

#[test]
fn a_changed_file_behind_the_same_version_is_refused_with_what_to_do() {
    for kind in KINDS {
        let registry = Registry::start();
        publish(&registry, kind, "it is", &[("1.0.0", OLD)]);
        let world = World::new(&registry, &tool(kind, None));
        let lock = world.lock(&[]);
        publish(&registry, kind, "it is not", &[("1.0.0", OLD)]);
        let said = world.install(kind).ended(1);
        assert!(said.contains("is not the locked one"), "{kind}: {said}");
        let advice = format!("lightship lock --upgrade --tool {kind}");
        assert!(said.contains(&advice), "{kind}: {said}");
        assert!(world.sandbox.receipts().is_empty(), "{kind}");
        let log = world.sandbox.log(kind);
        assert!(!log.contains("Compiling"), "{kind}: it was built: {log}");
        assert_eq!(world.text(), lock, "{kind}: installing never changes a lock");
    }
}

#[test]
fn a_change_that_is_meant_is_locked_and_installed_by_the_command_that_was_named() {
    let registry = Registry::start();
    publish(&registry, "npm", "it is", &[("1.0.0", OLD)]);
    let world = World::new(&registry, &tool("npm", None));
    let lock = world.lock(&[]);
    publish(&registry, "npm", "it was", &[("1.0.0", OLD)]);
    assert_ne!(world.lock(&["--upgrade", "--tool", "npm"]), lock);
    let _said = world.install("npm").ok();
    assert_eq!(world.sandbox.output_of("tinynpm"), "it was 1.0.0");
}

#[test]
fn a_file_that_changed_at_its_address_is_neither_locked_nor_installed() {
    const PROGRAM: &str = "#!/bin/sh\necho from a file\n";
    let registry = Registry::start();
    let url = registry.put_file("single", PROGRAM);
    let sha256 = Digest::of(PROGRAM.as_bytes());
    let tool = format!("[tools.single]\nbinary = {{ url = \"{url}\", sha256 = \"{sha256}\" }}\n");
    let world = World::new(&registry, &tool);
    let lock = world.lock(&[]);
    assert!(lock.contains(&format!("size = {}\nsha256 = \"{sha256}\"", PROGRAM.len())), "{lock}");

    let _url = registry.put_file("single", "#!/bin/sh\necho from somebody\n");
    let said = world.run(&["lock", "--upgrade"]).ended(1);
    assert!(said.contains("has another content"), "{said}");
    assert_eq!(world.text(), lock, "what was there is left");
    let said = world.install("single").ended(1);
    assert!(said.contains("has another content"), "{said}");
    assert!(world.sandbox.receipts().is_empty());
}
