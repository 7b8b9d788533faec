//! Layers over each other: what lives, what is dead, and who is to blame.

use lightship_image::measure::{Fate, How, Kind, View};

use crate::support::{Layer, image_of, live, noise};

#[test]
fn hard_links_are_one_content_that_lives_as_long_as_one_name_does() {
    let below = Layer::new().file("a", &noise(500, 1)).hard_link("b", "a").hard_link("c", "b");
    let image = image_of(vec![below, Layer::new().without("a"), Layer::new().without("b")]);
    assert_eq!(image.live_total().unpacked, 500);
    // The bytes have moved to the name that is left.
    let (_, content, at) = image.live().find(|(_, entry, _)| entry.is_file()).unwrap();
    assert_eq!((image.paths.text(at).as_str(), content.sizes.unpacked), ("c", 500));
    let view = View::new(&image);
    let found = view.content(view.resolve(b"/c", true).unwrap()).unwrap();
    assert_eq!(image.entry(found).unwrap().digest, content.digest);
    assert_eq!(view.resolve(b"a", true), None);

    let below = Layer::new().file("a", &noise(500, 1)).hard_link("b", "a");
    let image = image_of(vec![below, Layer::new().without("a").without("b")]);
    assert_eq!((image.live_total().unpacked, image.dead_total().unpacked), (0, 500));
}

#[test]
fn a_hard_link_may_lead_into_a_layer_below() {
    let image = image_of(vec![
        Layer::new().file("a", &noise(500, 1)),
        Layer::new().hard_link("b", "./a").without("a"),
    ]);
    assert_eq!(live(&image), [("b".into(), 0), ("b".into(), 500)]);
    let gone = image_of(vec![Layer::new().hard_link("b", "nothing").hard_link("b", "b")]);
    assert_eq!(gone.live_total().unpacked, 0);
    assert!(gone.warnings[0].contains("nothing"), "{:?}", gone.warnings);
}

#[test]
fn a_file_over_a_directory_takes_all_of_it_away_and_the_other_way_round() {
    let below = Layer::new().file("d/e/x", &noise(300, 1)).file("f", &noise(200, 2));
    let above = Layer::new().file("d", &noise(10, 3)).file("f/new", &noise(20, 4));
    let image = image_of(vec![below, above]);
    assert_eq!(live(&image), [("d".into(), 10), ("f/new".into(), 20)]);
    let dead = image.dead(9);
    assert!(dead.iter().all(|dead| dead.how == How::Overwritten && dead.hidden_by == 1));
    assert_eq!(dead.len(), 2);
    assert!(image.warnings[0].contains("`f/new` below `f`"), "{:?}", image.warnings);
}

#[test]
fn a_path_twice_in_one_layer_is_dead_by_that_layer() {
    let image = image_of(vec![Layer::new().file("a", &noise(300, 1)).file("./a", &noise(5, 2))]);
    let dead = &image.dead(9)[0];
    assert_eq!((dead.shipped_by, dead.hidden_by, dead.sizes.unpacked), (0, 0, 300));
    assert_eq!(live(&image), [("a".into(), 5)]);
}

#[test]
fn a_whiteout_leaves_what_its_own_layer_has() {
    for whiteout_first in [true, false] {
        let layer = Layer::new();
        let layer = if whiteout_first { layer.without("a") } else { layer };
        let layer = layer.file("a", &noise(7, 2));
        let layer = if whiteout_first { layer } else { layer.without("a") };
        let image = image_of(vec![Layer::new().file("a", &noise(300, 1)), layer]);
        assert_eq!(live(&image), [("a".into(), 7)], "{whiteout_first}");
        assert_eq!(image.dead_total().unpacked, 300);
    }
}

#[test]
fn a_whiteout_of_whiteouts_and_of_the_root_is_no_path() {
    let image = image_of(vec![
        Layer::new().file("a", &noise(9, 1)).file(".wh.", b"").file(".wh..wh.plnk/1.2", b"x"),
        Layer::new().file(".wh...", b"").file("b/.wh..wh.aufs", b""),
    ]);
    assert!(live(&image).contains(&("a".into(), 9)));
}

#[test]
fn duplicates_are_live_files_of_one_content_and_no_links() {
    let image = image_of(vec![
        Layer::new()
            .file("a", &noise(900, 1))
            .hard_link("b", "a")
            .file("empty", b"")
            .file("e2", b""),
        Layer::new().file("c", &noise(900, 1)).file("d", &noise(900, 1)),
    ]);
    let duplicates = image.duplicates();
    assert_eq!(duplicates.len(), 1);
    assert_eq!(duplicates[0].paths, ["a", "c", "d"]);
    assert_eq!(duplicates[0].reclaimable.unpacked, 1800);
}

#[test]
fn packed_bytes_follow_the_content_and_a_layer_without_entries_is_overhead() {
    let mixed = Layer::new()
        .file("zeros", &vec![0; 2_000_000])
        .file("noise", &noise(2_000_000, 1))
        .file("text", "lightship ".repeat(50_000).as_bytes());
    let image = image_of(vec![mixed, Layer::new()]);
    let packed = |name: &str| {
        let (_, entry, _) = image.live().find(|(_, _, at)| image.paths.text(*at) == name).unwrap();
        entry.sizes.packed
    };
    assert!(packed("zeros") < 40_000, "{}", packed("zeros"));
    assert!(packed("noise") > 1_400_000, "{}", packed("noise"));
    assert!(packed("text") < 60_000, "{}", packed("text"));
    assert!(image.layers[1].overhead > 0);
    assert_eq!(image.layers[1].entries, 0);
}

#[test]
fn links_are_followed_as_a_container_would() {
    let image = image_of(vec![
        Layer::new()
            .directory("usr/bin")
            .symlink("bin", "usr/bin")
            .file("usr/bin/git", b"x")
            .symlink("usr/bin/g", "../bin/git")
            .symlink("usr/bin/h", "/bin/g")
            .symlink("loop", "loop")
            .symlink("out", "../../../../usr"),
    ]);
    let view = View::new(&image);
    let find =
        |path: &str, follow| view.resolve(path.as_bytes(), follow).map(|id| image.paths.text(id));
    assert_eq!(find("/bin/h", true).as_deref(), Some("usr/bin/git"));
    assert_eq!(find("/bin/h", false).as_deref(), Some("usr/bin/h"));
    assert_eq!(find("out/bin/g", true).as_deref(), Some("usr/bin/git"));
    assert_eq!(find("loop/x", true), None);
    assert_eq!(find("usr", true).as_deref(), Some("usr"));
}

#[test]
fn a_layer_knows_what_made_it_and_an_entry_what_it_is() {
    let image = image_of(vec![
        Layer::new().file_mode("usr/bin/su", b"x", 0o4755).symlink("l", "usr/bin/su"),
        Layer::new().without("l"),
    ]);
    assert_eq!(image.layers[0].created_by.as_deref(), Some("COPY"));
    assert!(image.entries[0].is_setuid());
    assert_eq!(image.entries[1].kind, Kind::Symlink((*b"usr/bin/su").into()));
    let Fate::Dead { by: 1, how: How::Whiteout, metadata_only: false } = image.entries[1].fate
    else {
        panic!("{:?}", image.entries[1]);
    };
}
