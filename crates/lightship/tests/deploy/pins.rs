//! Nothing is fetched unpinned, and no registry is named.

use std::fs;

use crate::root;

const NAMES: [&str; 3] = ["core", "worker", "worker-git"];

fn dockerfile(name: &str) -> String {
    fs::read_to_string(root().join(format!("deploy/Dockerfile.{name}"))).unwrap()
}

#[test]
fn every_debian_package_of_an_image_has_its_version() {
    for name in NAMES {
        let list = fs::read_to_string(root().join(format!("deploy/debian/{name}.txt"))).unwrap();
        let wants = list.lines().find_map(|line| line.strip_prefix("# wants: ")).unwrap();
        let pins: Vec<(&str, &str)> = list
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split_once('=').unwrap_or_else(|| panic!("{name}: {line}")))
            .collect();
        for wanted in wants.split(' ') {
            assert!(pins.iter().any(|(package, _)| *package == wanted), "{name}: {wanted}");
        }
        assert!(pins.iter().all(|(_, version)| version.starts_with(char::is_numeric)));
    }
}

#[test]
fn what_the_images_of_both_kinds_take_from_npm_is_the_same() {
    for (name, manifest) in [("core", "loa-core"), ("worker", "worker"), ("worker-git", "worker")] {
        let text = fs::read_to_string(root().join(format!("images/{manifest}.toml"))).unwrap();
        let integrity = text.split('"').find(|word| word.starts_with("sha512-")).unwrap();
        assert!(dockerfile(name).contains(integrity), "{name}");
    }
}

#[test]
fn the_base_is_a_dated_one_and_no_address_is_in_a_dockerfile() {
    for name in NAMES {
        let text = dockerfile(name);
        assert!(text.contains("ARG BASE=debian:bookworm-20"), "{name}");
        assert!(!text.contains("://") && !text.contains(":latest"), "{name}");
        let from: Vec<&str> = text.lines().filter(|line| line.starts_with("FROM ")).collect();
        assert_eq!(from, ["FROM ${BASE} AS system", "FROM system AS parts", "FROM system"]);
    }
}
