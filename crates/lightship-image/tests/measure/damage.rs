//! Images that are not whole, or not what they say: an error that tells, never a measurement.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use crate::support::{Image, Layer, Packing, index, measured, noise, try_measure};

fn layer() -> Layer {
    Layer::new().file("a", &noise(200_000, 1)).file("b", &noise(1000, 2))
}

/// An image, and where its only layer is.
fn made(packing: Packing) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let image = Image::new(vec![layer()], packing);
    image.layout(directory.path());
    let digest = lightship_model::digest::Digest::of(&image.blobs[0]);
    let blob = directory.path().join("blobs/sha256").join(digest.as_str());
    (directory, blob)
}

/// The error with all its causes.
#[track_caller]
fn error(path: &Path) -> String {
    let error = try_measure(path).unwrap_err();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[test]
fn a_blob_that_is_cut_off_changed_longer_or_missing_is_told() {
    for packing in [Packing::Plain, Packing::Gzip, Packing::Zstd] {
        let (directory, blob) = made(packing);
        let good = fs::read(&blob).unwrap();
        measured(directory.path());

        fs::write(&blob, &good[..good.len() / 2]).unwrap();
        let text = error(directory.path());
        assert!(text.contains("has not the size that is written"), "{packing:?}: {text}");

        fs::write(&blob, [&good[..], b"more"].concat()).unwrap();
        assert!(error(directory.path()).contains("size that is written"), "{packing:?}");

        // In the middle, where a decompressor trips over it, too.
        for at in [20, good.len() / 2, good.len() - 3] {
            let mut bad = good.clone();
            bad[at] ^= 0x55;
            fs::write(&blob, &bad).unwrap();
            let text = error(directory.path());
            assert!(text.contains("is not what its digest says"), "{packing:?} {at}: {text}");
        }

        fs::remove_file(&blob).unwrap();
        assert!(error(directory.path()).contains("is missing"), "{packing:?}");
    }
}

#[test]
fn what_is_in_a_blob_is_compared_with_the_configuration() {
    let directory = tempfile::tempdir().unwrap();
    let mut image = Image::new(vec![layer()], Packing::Gzip);
    image.tars[0] = Layer::new().file("a", b"other").tar();
    image.layout(&directory.path().join("layout"));
    let text = error(&directory.path().join("layout"));
    assert!(text.contains("what is in") && text.contains("digest"), "{text}");
    let text = error(&image.docker(&directory.path().join("saved")));
    assert!(text.contains("what is in") && text.contains("digest"), "{text}");
}

#[test]
fn a_blob_with_a_right_digest_may_still_be_rubbish() {
    for (bytes, wanted) in [
        (noise(3000, 9), "can't be read as a tar"),
        ([&b"\x1f\x8b"[..], &noise(3000, 9)].concat(), "can't read"),
        ([&b"\x28\xb5\x2f\xfd"[..], &noise(3000, 9)].concat(), "can't read"),
        (Image::new(vec![layer()], Packing::Gzip).blobs[0][..9000].to_vec(), "can't read"),
        (Image::new(vec![layer()], Packing::Plain).blobs[0][..9000].to_vec(), "ends within"),
        (evil(), "leaves the root"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let mut image = Image::new(vec![layer()], Packing::Plain);
        image.blobs = vec![bytes.clone()];
        image.tars = vec![bytes];
        image.layout(directory.path());
        let text = error(directory.path());
        assert!(text.contains(wanted), "{text}");
    }
}

/// A path that the `tar` crate would not write.
fn evil() -> Vec<u8> {
    let mut tar = Layer::new().file("xx/yy", b"").tar();
    tar[..5].copy_from_slice(b"../yy");
    let checksum: u32 = tar[..512]
        .iter()
        .enumerate()
        .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) })
        .sum();
    tar[148..156].copy_from_slice(format!("{checksum:06o}\0 ").as_bytes());
    tar
}

#[test]
fn documents_that_are_wrong_are_told_by_name() {
    let (directory, _) = made(Packing::Gzip);
    let path = directory.path();
    let good = fs::read_to_string(path.join("index.json")).unwrap();
    for bad in ["", "{", "[]", "{\"schemaVersion\":2}", "null"] {
        fs::write(path.join("index.json"), bad).unwrap();
        let text = error(path);
        assert!(text.contains("`index.json` is wrong"), "{bad}: {text}");
    }
    fs::write(path.join("index.json"), "{\"schemaVersion\":2,\"manifests\":[]}").unwrap();
    assert!(error(path).contains("there is no image for"));
    fs::write(path.join("index.json"), good.replace("sha256:", "sha512:")).unwrap();
    assert!(error(path).contains("no sha256 digest"));
    fs::write(path.join("index.json"), &good).unwrap();
    fs::write(path.join("oci-layout"), "{\"imageLayoutVersion\":\"9\"}").unwrap();
    assert!(error(path).contains("its version is `9`"));

    // Something else under the manifest's digest.
    let other = tempfile::tempdir().unwrap();
    let blobs = other.path().join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    for content in ["{}", "x", "{\"schemaVersion\":1,\"fsLayers\":[]}"] {
        let digest = lightship_model::digest::Digest::of(content.as_bytes());
        fs::write(blobs.join(digest.as_str()), content).unwrap();
        let descriptor = json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": format!("sha256:{digest}"), "size": content.len(),
        });
        index(other.path(), &[descriptor]);
        assert!(error(other.path()).contains("no manifest of an image"), "{content}");
    }
}

#[test]
fn layers_that_are_elsewhere_or_of_no_known_kind_are_refused() {
    for (media_type, wanted) in [
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "is a foreign one"),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "is a foreign one"),
        ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "nothing is known"),
        ("application/vnd.erofs", "nothing is known"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let image = Image::new(vec![layer()], Packing::Gzip);
        Image { media_type, ..image }.layout(directory.path());
        let text = error(directory.path());
        assert!(text.contains(wanted), "{media_type}: {text}");
    }
}

#[test]
fn files_that_are_no_images_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x");
    for (bytes, wanted) in [
        (vec![], "empty"),
        (noise(3000, 1), "something else"),
        (b"\xfd7zXZ\0rest".to_vec(), "packed with xz"),
        (Layer::new().file("readme", b"x").tar(), "a tar that is none"),
        (b"\x1f\x8brubbish".to_vec(), "can't read"),
        (Layer::new().file("manifest.json", b"[{]").tar(), "`manifest.json` is wrong"),
        (Layer::new().file("manifest.json", b"[]").tar(), "names no image"),
    ] {
        fs::write(&path, bytes).unwrap();
        let text = error(&path);
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(error(empty.path()).contains("is an empty directory"));
    assert!(error(Path::new("/nonexistent/x")).contains("can't open `/nonexistent/x`"));

    let saved = Image::new(vec![layer()], Packing::Plain).docker(&path);
    let whole = fs::read(&saved).unwrap();
    fs::write(&saved, &whole[..100_000]).unwrap();
    assert!(error(&saved).contains("ends within the content"));
}
