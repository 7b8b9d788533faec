//! The same image in every format gives the same measurement.

use std::fs;
use std::os::unix::fs::symlink;

use lightship_image::measure::{Measurement, Sizes};
use lightship_image::source::{self, Compression, Format, SourceError, Wanted};
use serde_json::json;

use crate::support::{
    Image, Layer, Packing, archive, index, live, measured, noise, pack, try_measure,
};

fn layers() -> Vec<Layer> {
    vec![
        Layer::new()
            .directory("usr")
            .directory("usr/bin")
            .file("usr/bin/a", &noise(70_000, 1))
            .hard_link("usr/bin/b", "usr/bin/a")
            .symlink("bin", "usr/bin")
            .file("old", &noise(5000, 2)),
        Layer::new().without("old").file("etc/new", &noise(300, 3)),
    ]
}

/// What no format changes.
fn essence(measurement: &Measurement) -> (Vec<(String, u64)>, u64, u64) {
    let dead = measurement.dead_total().unpacked;
    (live(measurement), measurement.shipped_total().unpacked, dead)
}

#[test]
fn however_an_image_is_packed_and_stored_it_is_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let plain = measured(&Image::new(layers(), Packing::Plain).layout(&at("plain")));
    assert_eq!(plain.format, Format::OciLayout);
    for (packing, compression) in [
        (Packing::Gzip, Compression::Gzip),
        (Packing::GzipMembers, Compression::Gzip),
        (Packing::Zstd, Compression::Zstd),
        (Packing::ZstdFrames, Compression::Zstd),
    ] {
        let name = format!("{packing:?}");
        let image = Image::new(layers(), packing);
        let layout = image.layout(&at(&name));
        let found = measured(&layout);
        assert_eq!(essence(&found), essence(&plain), "{name}");
        assert_eq!(found.layers[0].compression, compression, "{name}");
        // The blob's own length, and not one byte else.
        let blob = found.layers[0].digest.as_ref().unwrap().0.to_string();
        let length = fs::metadata(layout.join("blobs/sha256").join(blob)).unwrap().len();
        assert_eq!(found.layers[0].shipped.packed, length, "{name}");

        let packed = archive(&layout, &at(&format!("{name}.tar")));
        let in_archive = measured(&packed);
        assert_eq!(in_archive.format, Format::OciArchive);
        assert_eq!(in_archive.shipped_total(), found.shipped_total(), "{name}");
        let again = at(&format!("{name}.tar.zst"));
        fs::write(&again, pack(packing, &fs::read(&packed).unwrap())).unwrap();
        assert_eq!(measured(&again).live_total(), found.live_total(), "{name}");

        let saved = measured(&image.docker(&at(&format!("{name}.docker"))));
        assert_eq!(saved.format, Format::DockerArchive);
        assert_eq!(saved.shipped_total(), found.shipped_total(), "{name}");
        assert_eq!(essence(&saved), essence(&plain), "{name}");
    }
    let saved = measured(&Image::new(layers(), Packing::Plain).docker(&at("saved")));
    assert_eq!(saved.shipped_total(), plain.shipped_total());
    let tars: u64 = plain.layers.iter().map(|layer| layer.tar).sum();
    assert_eq!(plain.shipped_total().packed, tars);
}

#[test]
fn an_unpacked_root_and_a_tar_of_it_are_images_too() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("root");
    fs::create_dir_all(root.join("usr/bin")).unwrap();
    fs::create_dir(root.join("etc")).unwrap();
    fs::write(root.join("usr/bin/a"), noise(70_000, 1)).unwrap();
    fs::hard_link(root.join("usr/bin/a"), root.join("usr/bin/b")).unwrap();
    fs::write(root.join("etc/new"), noise(300, 3)).unwrap();
    // A name that means nothing outside of layers.
    fs::write(root.join("etc/.wh.new"), b"x").unwrap();
    symlink("usr/bin", root.join("bin")).unwrap();
    let found = measured(&root);
    assert_eq!((found.format, found.is_packed()), (Format::Directory, false));
    assert_eq!(found.live_total(), Sizes::new(70_301, 0));

    fs::remove_file(root.join("etc/.wh.new")).unwrap();
    let found = measured(&root);
    let tar = fs::read(archive(&root, &directory.path().join("root.tar"))).unwrap();
    for packing in [Packing::Plain, Packing::Gzip, Packing::Zstd] {
        let path = directory.path().join(format!("root.{packing:?}"));
        let bytes = pack(packing, &tar);
        fs::write(&path, &bytes).unwrap();
        let packed = measured(&path);
        assert_eq!(packed.format, Format::RootTar);
        assert_eq!(packed.shipped_total().packed, bytes.len() as u64, "{packing:?}");
        // The `tar` crate follows no hard links: both names are files there.
        assert_eq!(packed.live_total().unpacked, found.live_total().unpacked + 70_000);
    }
}

#[test]
fn links_between_layers_of_an_old_docker_archive_are_followed() {
    let directory = tempfile::tempdir().unwrap();
    let image = Image::new(
        vec![Layer::new().file("a", b"x"), Layer::new().file("a", b"x")],
        Packing::Plain,
    );
    let config = image.config().to_string();
    let manifest = json!([{ "Config": "c", "Layers": ["1/layer.tar", "2/layer.tar"] }]);
    let saved = Layer::new()
        .file("c", config.as_bytes())
        .file("1/layer.tar", &image.tars[0])
        .symlink("2/layer.tar", "../1/layer.tar")
        .file("manifest.json", manifest.to_string().as_bytes());
    let path = directory.path().join("saved");
    fs::write(&path, saved.tar()).unwrap();
    assert_eq!(measured(&path).metadata_only().unpacked, 1);
}

#[test]
fn one_of_several_platforms_and_of_several_images_is_chosen() {
    let directory = tempfile::tempdir().unwrap();
    let make = |content: &[u8], architecture| {
        let image = Image::new(vec![Layer::new().file("a", content)], Packing::Gzip);
        Image { architecture, ..image }.add(directory.path())
    };
    let (intel, arm) = (make(b"1", "amd64"), make(b"22", "arm64"));
    index(directory.path(), &[intel.clone(), arm.clone()]);
    let path = directory.path().to_str().unwrap();
    let open = |name: &str, platform: Option<&str>| {
        let wanted = platform.map(|text| text.parse().unwrap()).unwrap_or_default();
        source::open(name, &wanted).and_then(lightship_image::measure::measure)
    };
    let bytes =
        |measured: Result<Measurement, SourceError>| measured.unwrap().live_total().unpacked;
    assert_eq!(bytes(open(path, Some("linux/arm64"))), 2);
    if cfg!(target_arch = "x86_64") {
        assert_eq!(bytes(open(path, None)), 1);
    }
    let error = open(path, Some("linux/s390x")).unwrap_err();
    assert_eq!(error.to_string(), "there is no image for linux/s390x in it");
    assert!(error.help().unwrap().contains("linux/amd64, linux/arm64"));

    // Without platforms, by name.
    let named = |mut descriptor: serde_json::Value, name: &str| {
        descriptor["annotations"] = json!({ "org.opencontainers.image.ref.name": name });
        descriptor
    };
    let other = make(b"333", "amd64");
    index(directory.path(), &[named(intel, "one"), named(other, "two")]);
    let error = open(path, None).unwrap_err();
    assert!(error.help().unwrap().contains("one, two"), "{error}");
    assert_eq!(bytes(open(&format!("{path}#two"), None)), 3);
    let error = open(&format!("{path}#three"), None).unwrap_err();
    assert!(error.help().unwrap().contains("one, two"), "{error}");

    // A single image is measured whatever it is for, unless another is asked for.
    let single = tempfile::tempdir().unwrap();
    let image = Image::new(vec![Layer::new().file("a", b"4444")], Packing::Gzip);
    Image { architecture: "riscv64", ..image }.layout(single.path());
    assert_eq!(measured(single.path()).live_total().unpacked, 4);
    let wanted: Wanted = "linux/amd64".parse().unwrap();
    let refused = source::open(single.path().to_str().unwrap(), &wanted);
    assert!(matches!(refused, Err(SourceError::Platform { .. })));
}

#[test]
fn an_index_in_an_index_is_followed_and_statements_are_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let image = Image::new(vec![Layer::new().file("a", b"x")], Packing::Zstd);
    let one = image.add(directory.path());
    let mut statement = one.clone();
    statement["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
    let inner = json!({ "schemaVersion": 2, "manifests": [statement, one] }).to_string();
    let digest = lightship_model::digest::Digest::of(inner.as_bytes());
    fs::write(directory.path().join("blobs/sha256").join(digest.as_str()), &inner).unwrap();
    let outer = json!({
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "digest": format!("sha256:{digest}"), "size": inner.len(),
    });
    index(directory.path(), &[outer]);
    assert_eq!(try_measure(directory.path()).unwrap().live_total().unpacked, 1);
}
