use super::*;
use crate::build::sample::{file, tree};
use crate::build::spec::Until;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

fn warm(keep: &str) -> Warm {
    Warm {
        command: vec!["true".to_owned()],
        env: BTreeMap::new(),
        dir: None,
        until: Until::Ends,
        keep: BTreeSet::from([keep.to_owned()]),
        settle: Duration::ZERO,
        timeout: Duration::from_secs(5),
    }
}

#[test]
fn it_is_done_again_when_the_root_or_the_wish_changes_and_not_for_lightships_own_files() {
    let place = tempfile::tempdir().unwrap();
    let cache = Cache::at(place.path()).unwrap();
    let start = Start::default();
    let of = |warm: &Warm, own: &str, theirs: &str| {
        let own = file(own, Stratum::Config).of(Owner::Base);
        let tree = tree([("usr/bin/own", own), ("opt/app", file(theirs, Stratum::Npm))]);
        key(&Order { warm, start: &start, tree: &tree, cache: &cache })
    };
    let first = of(&warm("/c"), "1", "1");
    assert_eq!(of(&warm("/c"), "2", "1"), first);
    assert_ne!(of(&warm("/c"), "1", "2"), first);
    assert_ne!(of(&warm("/d"), "1", "1"), first);
}

#[test]
fn what_was_there_before_is_not_kept_twice_and_a_link_does_not_lead_out() {
    let place = tempfile::tempdir().unwrap();
    let cache = Cache::at(&place.path().join("cache")).unwrap();
    let root = place.path().join("root");
    fs::create_dir_all(root.join("var/cache/x/deep")).unwrap();
    fs::write(root.join("var/cache/x/old"), "old").unwrap();
    let tree = tree([("var/cache/x/old", file("old", Stratum::System).at(7))]);
    let keep = |path: &str| BTreeSet::from([path.to_owned()]);
    let of = |path: &str| Kept::of(&root, &keep(path), &tree, &cache);
    fs::remove_dir(root.join("var/cache/x/deep")).unwrap();
    assert!(of("/var/cache/x").unwrap_err().to_string().contains("nothing was written"));
    assert!(of("/var/none").unwrap_err().to_string().contains("nobody has made it"));
    fs::create_dir(root.join("var/cache/x/deep")).unwrap();
    fs::write(root.join("var/cache/x/deep/new"), "new").unwrap();
    std::os::unix::fs::symlink("/etc", root.join("var/link")).unwrap();
    assert!(of("/var/link/apt").unwrap_err().to_string().contains("no directory"));
    let kept = of("/var/cache/x").unwrap();
    assert_eq!(kept.count(), (1, 3));
    assert!(kept.is_here(&cache));
    let mut full = tree.clone();
    kept.add(&mut full, &cache);
    let new = &full.0["var/cache/x/deep/new"];
    assert_eq!((&new.owner, new.mtime), (&Owner::Warm, 7));
    assert!(full.0.contains_key("var/cache"));
    assert_eq!(full.0["var/cache/x/old"], tree.0["var/cache/x/old"]);
}
