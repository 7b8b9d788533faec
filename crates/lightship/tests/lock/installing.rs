//! With a lock nothing is resolved: what was locked is installed, whatever came since, from
//! whatever mirror.

use testkit::{NpmPackage, Registry};

use crate::support::{KINDS, OLD, World, publish, tool};

#[test]
fn what_was_locked_is_installed_although_there_is_something_newer() {
    for kind in KINDS {
        let registry = Registry::start();
        publish(&registry, kind, "it is", &[("1.0.0", OLD)]);
        let world = World::new(&registry, &tool(kind, None));
        let _lock = world.lock(&[]);
        publish(&registry, kind, "it is", &[("1.0.0", OLD), ("1.1.0", OLD)]);
        let _said = world.install(kind).ok();
        let program = format!("tiny{kind}");
        assert_eq!(world.sandbox.output_of(&program), "it is 1.0.0", "{kind}");
        let (_, receipt) = &world.sandbox.receipts()[kind];
        assert_eq!(receipt.version, "1.0.0", "{kind}: the directory is called by the version");

        let _lock = world.lock(&["--upgrade", "--tool", kind]);
        let _said = world.install(kind).ok();
        assert_eq!(world.sandbox.output_of(&program), "it is 1.1.0", "{kind}");
    }
}

#[test]
fn a_lock_names_no_host_and_is_the_same_behind_another_mirror() {
    let registries = [Registry::start(), Registry::start()];
    let tools: String = KINDS.iter().map(|kind| tool(kind, None)).collect();
    let world = World::new(&registries[0], &tools);
    let mut texts = Vec::new();
    for registry in &registries {
        for kind in KINDS {
            publish(registry, kind, "it is", &[("1.0.0", OLD), ("1.2.0", OLD)]);
        }
        world.write(registry, &tools);
        // Twice, each time with everything resolved.
        texts.push(world.lock(&["--upgrade"]));
        texts.push(world.lock(&["--upgrade"]));
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:#?}");
    let hosts = ["127.0.0.1", "localhost", "://"];
    assert!(!hosts.iter().any(|host| texts[0].contains(host)), "{}", texts[0]);
    let [first, second] = registries;
    drop(first);
    for kind in KINDS {
        let _said = world.install(kind).ok();
        assert_eq!(world.sandbox.output_of(&format!("tiny{kind}")), "it is 1.2.0", "{kind}");
    }
    drop(second);
}

#[test]
fn an_install_from_a_lock_asks_the_index_for_no_versions_of_npm() {
    let registry = Registry::start();
    publish(&registry, "npm", "it is", &[("1.0.0", OLD)]);
    let unused = NpmPackage {
        version: "1.0.0",
        bin: &[],
        dependencies: &[],
        install_script: None,
        files: &[],
    };
    let _tarball = registry.put_npm("unused", &[unused]);
    let world = World::new(&registry, &tool("npm", None));
    let _lock = world.lock(&[]);
    let before = registry.requests("/npm/tinynpm/-/tinynpm-1.0.0.tgz");
    assert_eq!(before, 0, "locking reads what the registry says, and no packages");
    let _said = world.install("npm").ok();
    assert_eq!(registry.requests("/npm/tinynpm/-/tinynpm-1.0.0.tgz"), 1);
    assert_eq!(registry.requests("/npm/unused"), 0);
}
