//! The known errors of another tool, each as an image that it measures wrongly.

use lightship_image::measure::How;

use crate::support::{Layer, image_of, live, noise};

const SIZE: usize = 100_000;

fn bytes(seed: u32) -> Vec<u8> {
    noise(SIZE, seed)
}

/// Bytes of one file, as measurements have them.
const ONE: u64 = SIZE as u64;

#[test]
fn of_three_copies_two_are_dead_and_not_three() {
    let layer = |mode| Layer::new().file_mode("a", &bytes(1), mode);
    let image = image_of(vec![layer(0o600), layer(0o644), layer(0o755)]);
    assert_eq!(image.shipped_total().unpacked, 3 * ONE);
    assert_eq!(image.dead_total().unpacked, 2 * ONE);
    assert_eq!(image.metadata_only().unpacked, 2 * ONE);
    assert!(image.duplicates().is_empty());
}

#[test]
fn a_removed_directory_is_dead_with_all_that_was_in_it() {
    let below = Layer::new().directory("d").file("d/x", &bytes(1)).file("keep", &bytes(2));
    let image = image_of(vec![below, Layer::new().without("d")]);
    assert_eq!(image.shipped_total().unpacked, 2 * ONE);
    assert_eq!(image.dead_total().unpacked, ONE);
    let dead = &image.dead(1)[0];
    assert_eq!((dead.path.as_str(), dead.shipped_by, dead.hidden_by), ("d/x", 0, 1));
    assert_eq!(dead.how, How::WhiteoutDirectory);
}

#[test]
fn a_whiteout_of_nothing_does_not_end_the_layer() {
    let below = Layer::new().file("old", &bytes(1));
    let above = Layer::new()
        .without("tmp/made-and-removed")
        .file("new", &bytes(2))
        .without("old")
        .file("last", &bytes(3));
    let image = image_of(vec![below, above]);
    assert_eq!(live(&image), [("last".into(), ONE), ("new".into(), ONE)]);
    assert_eq!(image.dead_total().unpacked, ONE);
    assert!(image.warnings[0].contains("tmp/made-and-removed"), "{:?}", image.warnings);
}

#[test]
fn an_opaque_directory_hides_what_layers_below_have_in_it() {
    let below = Layer::new().directory("d").file("d/x", &bytes(1)).file("d/sub/y", &bytes(2));
    // Wherever in the layer it stands, its own files stay.
    let above = Layer::new().file("d/own", &bytes(3)).opaque("d").file("d/late", &bytes(4));
    let image = image_of(vec![below, above]);
    let own = [("d".into(), 0), ("d/late".into(), ONE), ("d/own".into(), ONE)];
    assert_eq!(live(&image), own);
    assert_eq!(image.dead_total().unpacked, 2 * ONE);
    assert!(image.dead(9).iter().all(|dead| dead.how == How::Opaque && dead.hidden_by == 1));
}

#[test]
fn no_layer_is_free_because_it_is_a_base() {
    let base = || Layer::new().file("base", &bytes(1)).file("again", &bytes(2));
    let image = image_of(vec![base(), base(), Layer::new().file("own", &bytes(3))]);
    let by_layer: u64 = image
        .dead_by_layer()
        .iter()
        .filter(|(key, _)| key.0 == 0)
        .map(|(_, sizes)| sizes.unpacked)
        .sum();
    assert_eq!(by_layer, 2 * ONE);
    assert_eq!(image.live_by_layer()[0].unpacked, 0);
    assert_eq!(image.live_by_layer()[1].unpacked, 2 * ONE);
}

#[test]
fn a_file_that_grew_is_worth_its_final_size() {
    let image = image_of(vec![
        Layer::new().file("log", &noise(1000, 1)),
        Layer::new().file("log", &bytes(2)),
    ]);
    assert_eq!(image.live_total().unpacked, ONE);
    assert_eq!(image.dead_total().unpacked, 1000);
    assert_eq!(image.metadata_only().unpacked, 0);
}

#[test]
fn one_name_of_a_hard_link_that_is_copied_up_leaves_the_other() {
    let below = || Layer::new().file("a", &bytes(1)).hard_link("b", "a");
    let changed = || Layer::new().file_mode("a", &bytes(1), 0o700);
    let image = image_of(vec![below(), changed()]);
    // Both are there, and the second is a copy that could go.
    assert_eq!(image.dead_total().unpacked, 0);
    assert_eq!(image.live_total().unpacked, 2 * ONE);
    let duplicates = image.duplicates();
    assert_eq!((duplicates.len(), duplicates[0].reclaimable.unpacked), (1, ONE));
    assert_eq!(duplicates[0].paths, ["b", "a"]);

    let image = image_of(vec![below(), changed(), Layer::new().without("b")]);
    assert_eq!(image.dead_total().unpacked, ONE);
    assert_eq!(live(&image), [("a".into(), ONE)]);
}
