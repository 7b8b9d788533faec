//! The cache: nothing twice, and nothing that somebody changed.

use std::fs;
use std::path::Path;

use lightship_image::build::compress::Compression;
use lightship_image::build::directory;
use lightship_image::build::finish::{Wish, finish};
use lightship_image::build::layer_cache::LayerCache;
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

/// Other bytes, of which neither size nor time tells anything.
fn corrupt(path: &Path) {
    let time = fs::metadata(path).unwrap().modified().unwrap();
    let mut bytes = fs::read(path).unwrap();
    bytes[0] ^= 1;
    fs::write(path, bytes).unwrap();
    fs::File::open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn a_file_that_was_changed_in_secret_gets_into_no_image_and_is_fetched_anew() {
    let Some(mut world) = World::new() else { return };
    let server = Server::start();
    fill(&mut world.archive);
    world.archive.publish(&server, "stable", |release| release);
    world.manifest(&server, &format!("packages = [\"tool\"]\n{IGNORED}"));
    let path = || {
        let built = world.build().unwrap();
        let Kind::File(Content { place: Place::File(path), .. }) =
            built.tree.0["etc/tool.conf"].kind.clone()
        else {
            panic!("not in the cache")
        };
        path
    };
    let wish = Wish { name: "x:1".into(), compression: Compression::GZIP, epoch: None, threads: 1 };
    let cache = world.cache();
    let image = |layers: &str| {
        let mut built = world.build().unwrap();
        finish(&mut built, &wish, &LayerCache::at(&world.path(layers)))
    };
    corrupt(&path());
    let error = image("layers").unwrap_err();
    let text = format!("{error:?}");
    assert!(text.contains("Altered") && text.contains("tool.conf"), "{text}");
    cache.forget_altered(&error);
    let (healed, _) = image("layers").unwrap();
    assert_eq!(world.told(), ["tool"]);
    // The same as if nothing had happened.
    let (fresh, _) = image("others").unwrap();
    assert_eq!(healed.manifest.digest, fresh.manifest.digest);

    corrupt(&path());
    let error = directory::write(&world.build().unwrap().tree, &world.path("root"), false);
    cache.forget_altered(&error.unwrap_err());
    directory::write(&world.build().unwrap().tree, &world.path("again"), false).unwrap();
    let written = fs::read_to_string(world.path("again/etc/tool.conf")).unwrap();
    assert_eq!(written, "colour = blue\n");
}
