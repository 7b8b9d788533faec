//! Images that go through a registry come back as they were.

use serde_json::Value;

use crate::workshop::Workshop;

/// The digest of the image in a layout.
fn of_layout(layout: &str) -> Value {
    let index = std::fs::read_to_string(format!("{layout}/index.json")).unwrap();
    serde_json::from_str::<Value>(&index).unwrap()["manifests"][0]["digest"].clone()
}

#[test]
fn what_was_pushed_to_a_registry_comes_back_with_its_digest() {
    let Some(workshop) = Workshop::open() else { return };
    let Some(server) = workshop.registry() else { return };
    for name in ["worker", "worker-git", "worker-light", "loa-core"] {
        if name == "loa-core" && !rustix::process::geteuid().is_root() {
            println!("not run: only root starts the gateway for its cache");
            continue;
        }
        let image = workshop.build(name);
        let there = server.name(&format!("lightship/{name}:1.0"));
        let back = format!("{}.back", image.layout());
        let digest = |words: &[&str]| {
            let told = Workshop::image(&[words, &["--format", "json"]].concat());
            serde_json::from_str::<Value>(&told).unwrap()["digest"].clone()
        };
        let pushed = digest(&["push", image.layout(), &there]);
        assert_eq!(pushed, of_layout(image.layout()), "{name}");
        assert_eq!(digest(&["pull", &there, "-o", &back]), pushed, "{name}");
        assert_eq!(of_layout(&back), pushed, "{name}");
    }
}
