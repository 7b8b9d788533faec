//! What becomes of packages, files and users.

use std::process::Command;

use lightship_image::build::directory;
use lightship_image::build::tree::{Kind, Owner};
use testkit::Server;

use crate::world::{IGNORED, World, fill, text};

#[test]
fn packages_become_a_tree_without_their_scripts_and_documentation() {
    let Some(mut world) = World::new() else { return };
    let server = Server::start();
    fill(&mut world.archive);
    world.archive.publish(&server, "stable", |release| release);
    world.manifest(
        &server,
        &format!(
            "packages = [\"tool\"]\n{IGNORED}\nusers = [{{ name = \"worker\", uid = 1000 }}]\n\
             [[image.files]]\nto = \"/srv/hello\"\ntext = \"hi\\n\"\nmode = \"0640\"\n\
             owner = \"worker\"\n"
        ),
    );
    let built = world.build().unwrap();
    let tree = &built.tree.0;
    let files: Vec<&str> = tree
        .iter()
        .filter(|(_, node)| node.kind != Kind::Directory)
        .map(|(path, _)| path.as_str())
        .collect();
    let merged: &[&str] = if cfg!(target_arch = "x86_64") { &["lib64"] } else { &[] };
    let mut expected = [
        merged,
        &[
            "bin",
            "etc/group",
            "etc/passwd",
            "etc/tool.conf",
            "lib",
            "sbin",
            "srv/hello",
            "usr/bin/tool",
            "usr/lib/data/numbers",
            "usr/share/data/numbers",
            "usr/share/doc/data/copyright",
            "usr/share/doc/tool/copyright",
        ],
    ]
    .concat();
    expected.sort_unstable();
    assert_eq!(files, expected);
    assert_eq!(tree["bin"].kind, Kind::Symlink("usr/bin".into()));
    assert_eq!(tree["usr/share/data/numbers"].kind, Kind::Symlink("/usr/lib/data/numbers".into()));
    assert_eq!(tree["usr/bin/tool"].mode, 0o755);
    assert_eq!(tree["usr/bin/tool"].owner, Owner::Package("tool".into()));
    assert_eq!((tree["srv/hello"].mode, tree["srv/hello"].uid), (0o640, 1000));
    assert_eq!(tree["home/worker"].gid, 1000);
    assert!(
        text(&tree["etc/passwd"]).ends_with("worker:x:1000:1000:worker:/home/worker:/bin/sh\n")
    );
    assert!(!std::path::Path::new("/tmp/ran-a-postinst").exists());
    assert!(built.selection.notes.iter().any(|note| note.contains("`tool`")));

    let root = world.path("root");
    directory::write(&built.tree, &root, false).unwrap();
    let run = Command::new(root.join("usr/bin/tool")).output().unwrap();
    assert_eq!(run.stdout, b"tool\n");
    let error = directory::write(&built.tree, &root, false).unwrap_err();
    assert!(error.to_string().contains("can't write into"), "{error}");
}

#[test]
fn a_lock_names_no_host_and_is_enough_without_a_network() {
    let Some(mut world) = World::new() else { return };
    let server = Server::start();
    fill(&mut world.archive);
    world.archive.publish(&server, "stable", |release| release);
    world.manifest(&server, &format!("packages = [\"tool\"]\n{IGNORED}"));
    let first = world.build().unwrap();
    assert_eq!(world.told(), ["choosing", "data", "locked", "tool"]);
    let lock = std::fs::read_to_string(world.path("lightship.image.lock")).unwrap();
    assert!(!lock.contains("127.0.0.1") && !lock.contains("http"), "{lock}");
    assert!(lock.contains("ignored_scripts = [\"data\", \"tool\"]"), "{lock}");

    drop(server);
    let request = lightship_image::build::make::Request { locked: true, ..world.request() };
    let second = world.build_as(&request).unwrap();
    assert_eq!(world.told(), [""; 0]);
    assert_eq!(first.tree.0, second.tree.0);
    assert_eq!(std::fs::read_to_string(world.path("lightship.image.lock")).unwrap(), lock);
}

#[test]
fn a_lock_of_another_manifest_is_refused_where_one_must_hold() {
    let Some(mut world) = World::new() else { return };
    let server = Server::start();
    fill(&mut world.archive);
    world.archive.publish(&server, "stable", |release| release);
    world.manifest(&server, &format!("packages = [\"data\"]\n{IGNORED}"));
    let locked = lightship_image::build::make::Request { locked: true, ..world.request() };
    let error = world.build_as(&locked).unwrap_err();
    assert!(error.contains("there is no lock"), "{error}");
    world.build().unwrap();
    world.build_as(&locked).unwrap();
    world.manifest(&server, &format!("packages = [\"tool\"]\n{IGNORED}"));
    let error = world.build_as(&locked).unwrap_err();
    assert!(error.contains("of another manifest"), "{error}");
}

#[test]
fn an_unknown_script_stops_the_build_and_says_where_it_can_be_read() {
    let Some(mut world) = World::new() else { return };
    let server = Server::start();
    fill(&mut world.archive);
    world.archive.publish(&server, "stable", |release| release);
    world.manifest(&server, "packages = [\"tool\"]");
    let error = world.build().unwrap_err();
    for word in ["tool 1.0-1: postinst, sha256 ", "data 1.1: postinst", "[image.scripts]"] {
        assert!(error.contains(word), "{word}\n{error}");
    }
    let path = error
        .lines()
        .find_map(|line| line.split(": ").nth(2).filter(|_| line.contains("tool 1.0")));
    let script = std::fs::read_to_string(path.unwrap()).unwrap();
    assert_eq!(script, "#!/bin/sh\ntouch /tmp/ran-a-postinst\n");
    // No lock is left of what was not built.
    assert!(!world.path("lightship.image.lock").exists());
}

#[test]
fn two_packages_with_one_path_are_told_by_name() {
    let Some(mut world) = World::new() else { return };
    let server = Server::start();
    fill(&mut world.archive);
    let other = testkit::DebFile::Plain(b"other".into());
    world.archive.package("other", "1", "", &[("usr/bin/bystander", other)]);
    world.archive.publish(&server, "stable", |release| release);
    let names = "packages = [\"bystander\", \"other\"]\n\
                 scripts = { ignore = [\"bystander\", \"other\"] }";
    world.manifest(&server, names);
    let error = world.build().unwrap_err();
    assert!(error.contains("`/usr/bin/bystander`: both `bystander` and `other`"), "{error}");
}
