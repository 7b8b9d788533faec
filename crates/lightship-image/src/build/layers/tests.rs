use crate::build::sample::{directory, file, link, tree};

use super::*;

const EPOCH: u64 = 1_700_000_000;

fn paths(layer: &Layer) -> Vec<&str> {
    layer.entries.iter().map(|entry| entry.path.as_str()).collect()
}

fn find<'a>(layer: &'a Layer, path: &str) -> &'a Entry {
    layer.entries.iter().find(|entry| entry.path == path).unwrap()
}

#[test]
fn a_stratum_is_a_layer_and_each_has_the_directories_above_its_files() {
    let tree = tree([
        ("tmp", directory(Stratum::System).mode(0o1777)),
        ("tmp/x", file("x", Stratum::Config)),
        ("usr/bin/sh", file("sh", Stratum::System)),
        ("usr/bin/claude", file("claude", Stratum::Payload)),
    ]);
    let layers = layers(&tree, EPOCH).unwrap();
    let strata: Vec<Stratum> = layers.iter().map(|layer| layer.stratum).collect();
    assert_eq!(strata, [Stratum::System, Stratum::Payload, Stratum::Config]);
    assert_eq!(paths(&layers[0]), ["tmp", "usr", "usr/bin", "usr/bin/sh"]);
    assert_eq!(paths(&layers[1]), ["usr", "usr/bin", "usr/bin/claude"]);
    assert_eq!(paths(&layers[2]), ["tmp", "tmp/x"]);
    assert_eq!(find(&layers[2], "tmp").mode, 0o1777, "the upper layer would hide the mode");
    assert_eq!(find(&layers[0], "usr").mode, 0o755);
}

#[test]
fn the_time_of_a_directory_is_that_of_the_newest_thing_below_it_in_the_layer() {
    let tree = tree([
        ("a", directory(Stratum::System).at(EPOCH - 1)),
        ("a/b/old", file("1", Stratum::System).at(5)),
        ("a/b/new", file("2", Stratum::Config).at(EPOCH + 50)),
        ("empty", directory(Stratum::System).at(77)),
    ]);
    let layers = layers(&tree, EPOCH).unwrap();
    assert_eq!(find(&layers[0], "a").mtime, 5);
    assert_eq!(find(&layers[0], "empty").mtime, 77);
    assert_eq!(find(&layers[1], "a").mtime, EPOCH);
    assert_eq!(find(&layers[1], "a/b/new").mtime, EPOCH);
}

#[test]
fn the_same_bytes_are_linked_within_a_layer_only_and_with_the_same_mode_and_owner() {
    let mut other_owner = file("git", Stratum::System);
    other_owner.uid = 7;
    let tree = tree([
        ("usr/bin/git", file("git", Stratum::System).mode(0o755).at(9)),
        ("usr/lib/git", file("git", Stratum::System).mode(0o755).at(8)),
        ("usr/lib/owned", other_owner),
        ("usr/lib/plain", file("git", Stratum::System)),
        ("usr/lib/upper", file("git", Stratum::Config).mode(0o755)),
        ("usr/lib/empty1", file("", Stratum::System)),
        ("usr/lib/empty2", file("", Stratum::System)),
    ]);
    let layers = layers(&tree, EPOCH).unwrap();
    let linked = find(&layers[0], "usr/lib/git");
    assert_eq!(linked.body, Body::HardLink("usr/bin/git".into()));
    assert_eq!(linked.mtime, 9);
    let files = layers.iter().flat_map(|layer| &layer.entries);
    let links = files.filter(|entry| matches!(entry.body, Body::HardLink(_)));
    assert_eq!(links.count(), 1);
    assert_eq!(layers[0].size(), 9);
}

#[test]
fn the_key_changes_with_everything_that_the_tar_would_show() {
    let key = |node| layers(&tree([("x", node)]), EPOCH).unwrap()[0].key();
    let plain = || file("x", Stratum::System);
    let base = key(plain());
    assert_eq!(base, key(plain()));
    let mut owned = plain();
    owned.gid = 1;
    for other in [
        plain().mode(0o600),
        plain().at(1),
        owned,
        file("y", Stratum::System),
        link("x", Stratum::System),
    ] {
        assert_ne!(base, key(other));
    }
}

#[test]
fn paths_that_would_do_harm_are_refused() {
    for bad in ["/etc", "a//b", "a/", "..", "a/../b", "a/.wh.b", "", "a\0b"] {
        let error = layers(&tree([(bad, file("", Stratum::System))]), EPOCH).unwrap_err();
        assert!(matches!(error, TreeError::Path { .. }), "{bad}: {error}");
    }
    let tree = tree([("a", file("", Stratum::System)), ("a/b", file("", Stratum::System))]);
    let error = layers(&tree, EPOCH).unwrap_err();
    assert_eq!(error.to_string(), "`a/b` lies below `a`, which is no directory");
}
