//! The cache: nothing twice, and nothing that somebody changed.

use std::fs;
use std::path::Path;

use lightship_image::build::tree::{Content, Kind, Place};
use testkit::Server;

use crate::world::{IGNORED, World, fill, text};

#[test]
fn a_changed_file_of_the_cache_is_noticed_and_fetched_anew() {
    let Some(mut world) = World::new() else { return };
    let server = Server::start();
    fill(&mut world.archive);
    world.archive.publish(&server, "stable", |release| release);
    world.manifest(&server, &format!("packages = [\"tool\"]\n{IGNORED}"));
    let built = world.build().unwrap();
    let Kind::File(Content { place: Place::File(path), .. }) = &built.tree.0["etc/tool.conf"].kind
    else {
        panic!("not in the cache")
    };
    for change in [
        &(|path: &Path| fs::write(path, "colour = red!\n").unwrap()) as &dyn Fn(&Path),
        &|path| fs::write(path, "").unwrap(),
        &|path| fs::remove_file(path).unwrap(),
    ] {
        change(path);
        let built = world.build().unwrap();
        assert_eq!(world.told(), ["tool"]);
        assert_eq!(text(&built.tree.0["etc/tool.conf"]), "colour = blue\n");
    }
    // So is a note that was cut.
    for entry in fs::read_dir(world.path("cache/index")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 5]).unwrap();
    }
    world.build().unwrap();
    assert_eq!(world.told(), ["data", "tool"]);
    world.build().unwrap();
    assert_eq!(world.told(), [""; 0]);
}
