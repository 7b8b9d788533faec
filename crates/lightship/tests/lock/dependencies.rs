//! What a tool depends on is locked with it.

use testkit::{CrateRelease, NpmPackage, Registry, Wheel, WheelRelease};

use crate::support::{OLD, World, tool};

/// Publishes `inner` of these versions, which tells its own, and a tool of the kind that needs
/// it and prints what it says.
fn publish(registry: &Registry, kind: &str, inner: &[&str], word: &str) {
    let published = OLD;
    match kind {
        "cargo" => {
            let texts = for_each_text(inner, |v| format!("pub const V: &str = \"{word} {v}\";"));
            let files: Vec<[(&str, &str); 1]> =
                texts.iter().map(|text| [("src/lib.rs", text.as_str())]).collect();
            let releases: Vec<CrateRelease<'_>> = inner
                .iter()
                .zip(&files)
                .map(|(version, files)| CrateRelease { version, published, needs: &[], files })
                .collect();
            registry.put_crates("inner", &releases);
            let files = &[("src/main.rs", "fn main() { println!(\"{}\", inner::V); }")];
            let needs = &[("inner", "1")];
            let outer = CrateRelease { version: "1.0.0", published, needs, files };
            registry.put_crates("tinycargo", &[outer]);
        }
        "npm" => {
            let texts = for_each_text(inner, |v| format!("module.exports = '{word} {v}';"));
            let files: Vec<[(&str, &str); 1]> =
                texts.iter().map(|text| [("index.js", text.as_str())]).collect();
            let empty = NpmPackage {
                version: "",
                bin: &[],
                dependencies: &[],
                install_script: None,
                files: &[],
            };
            let releases: Vec<_> = inner
                .iter()
                .zip(&files)
                .map(|(version, files)| (NpmPackage { version, files, ..empty }, published))
                .collect();
            let _tarball = registry.put_npm_at("inner", &releases);
            let outer = NpmPackage {
                version: "1.0.0",
                bin: &[("tinynpm", "cli.js")],
                dependencies: &[("inner", "^1.0.0")],
                files: &[("cli.js", "#!/usr/bin/env node\nconsole.log(require('inner'));\n")],
                ..empty
            };
            let _tarball = registry.put_npm_at("tinynpm", &[(outer, published)]);
        }
        _ => {
            let texts = for_each_text(inner, |v| format!("V = '{word} {v}'\n"));
            let releases: Vec<WheelRelease<'_>> = inner
                .iter()
                .zip(&texts)
                .map(|(version, module)| {
                    let wheel = Wheel { name: "inner", module, program: None };
                    WheelRelease { version, published, needs: &[], wheel }
                })
                .collect();
            let _wheel = registry.put_wheels(&releases);
            let module = "import inner\ndef main():\n    print(inner.V)\n";
            let wheel = Wheel { name: "tinypip", module, program: Some("tinypip") };
            let needs = &["inner>=1"];
            let outer = WheelRelease { version: "1.0.0", published, needs, wheel };
            let _wheel = registry.put_wheels(&[outer]);
        }
    }
}

fn for_each_text(versions: &[&str], text: impl Fn(&str) -> String) -> Vec<String> {
    versions.iter().map(|version| text(version)).collect()
}

/// Locks against `inner` 1.0.0, then installs with a newer one there and a changed one.
fn stays_as_locked(kind: &str, without: &[&str]) {
    let registry = Registry::start();
    publish(&registry, kind, &["1.0.0"], "inner");
    let mut world = World::new(&registry, &tool(kind, None));
    for program in without {
        world.hide(program);
    }
    let text = world.lock(&[]);
    assert!(text.contains("inner") && !text.contains("://"), "{text}");
    publish(&registry, kind, &["1.0.0", "1.5.0"], "inner");
    let _said = world.install(kind).ok();
    assert_eq!(world.sandbox.output_of(&format!("tiny{kind}")), "inner 1.0.0", "{kind}");

    let other = World::new(&registry, &tool(kind, None));
    std::fs::write(other.sandbox.path("lightship.lock"), text).unwrap();
    publish(&registry, kind, &["1.0.0"], "another");
    let said = other.install(kind).ended(1);
    assert!(said.contains("is not the locked one"), "{kind}: {said}");
    assert!(other.sandbox.receipts().is_empty(), "{kind}");
}

#[test]
fn a_crate_that_ships_no_lock_has_its_dependencies_locked() {
    stays_as_locked("cargo", &[]);
}

#[test]
fn what_an_npm_package_needs_is_locked() {
    stays_as_locked("npm", &[]);
}

#[test]
fn what_a_python_package_needs_is_locked_with_pip_alone() {
    stays_as_locked("pip", &["uv"]);
}

#[test]
fn what_a_python_package_needs_is_locked_with_uv() {
    let registry = Registry::start();
    let world = World::new(&registry, "");
    if world.sandbox.which("uv").is_none() {
        return eprintln!("there is no uv here: nothing is tested");
    }
    stays_as_locked("pip", &[]);
}
