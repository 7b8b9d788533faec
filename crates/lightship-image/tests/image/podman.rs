//! What podman makes of an image. It has a store of its own for each test.

use lightship_image::build::compress::Compression;
use lightship_image::oci::layout;
use testkit::Engine;

use crate::sample::{SAYS, sample};

/// What a container of `image` prints.
pub(crate) fn run(engine: &Engine, image: &str) -> String {
    let words = ["run", "--rm"].into_iter().chain(engine.run_words().iter().copied());
    engine.call(words.chain([image])).ok().trim().to_owned()
}

#[test]
fn an_image_of_a_layout_runs() {
    let prefix = format!("lightship-podman-{}", std::process::id());
    // podman makes a name of the path, and names are in small letters.
    let dir = tempfile::Builder::new().prefix(&prefix).rand_bytes(0).tempdir().unwrap();
    let Some(podman) = Engine::podman(dir.path()) else { return };
    for compression in [Compression::ZSTD, Compression::GZIP, Compression::None] {
        let out = dir.path().join("out");
        let image = sample(dir.path(), compression, 2);
        layout::write(&out, &image, "1.0").unwrap();
        let pulled = podman.call(["pull", "-q", &format!("oci:{}:1.0", out.display())]).ok();
        let id = pulled.trim();
        assert_eq!(id, image.config.digest.0.as_str());
        assert_eq!(run(&podman, id), SAYS);
    }
}
