//! With a lock nothing is resolved: what was locked is installed, whatever came since, from
//! whatever mirror.

use testkit::{NpmPackage, Registry};

use crate::support::{KINDS, OLD, World, publish, tool};

#[test]
fn what_was_locked_is_installed_from_another_mirror_although_that_has_something_newer() {
    let first = Registry::start();
    let tools: String = KINDS.iter().map(|kind| tool(kind, None)).collect();
    for kind in KINDS {
        publish(&first, kind, "it is", &[("1.0.0", OLD)]);
    }
    let world = World::new(&first, &tools);
    let text = world.lock(&[]);
    let hosts = ["127.0.0.1", "localhost", "://"];
    assert!(!hosts.iter().any(|host| text.contains(host)), "{text}");
    drop(first);

    let second = Registry::start();
    for kind in KINDS {
        publish(&second, kind, "it is", &[("1.0.0", OLD)]);
    }
    world.write(&second, &tools);
    assert_eq!(world.lock(&["--upgrade"]), text, "resolved anew, it is the same to the byte");
    for kind in KINDS {
        publish(&second, kind, "it is", &[("1.0.0", OLD), ("1.1.0", OLD)]);
        let _said = world.install(kind).ok();
        assert_eq!(world.sandbox.output_of(&format!("tiny{kind}")), "it is 1.0.0", "{kind}");
        let (_, receipt) = &world.sandbox.receipts()[kind];
        assert_eq!(receipt.version, "1.0.0", "{kind}: the directory is called by the version");
    }
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
