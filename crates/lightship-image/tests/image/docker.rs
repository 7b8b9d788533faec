//! Docker Engine, as Debian 12 has it: a daemon of the test's own, with a socket and a data root
//! in a temporary directory.

use lightship_image::build::compress::Compression;
use lightship_image::oci::archive::write_docker;
use testkit::Engine;

use crate::podman::run;
use crate::sample::{SAYS, sample};

#[test]
fn docker_engine_loads_and_runs_the_archive() {
    let dir = tempfile::tempdir().unwrap();
    let Some(docker) = Engine::docker(&dir.path().join("docker")) else { return };
    for (compression, tag) in
        [(Compression::GZIP, "sample:gzip"), (Compression::None, "sample:plain")]
    {
        let image = sample(dir.path(), compression, 2);
        let path = dir.path().join("docker.tar");
        write_docker(&path, &image, tag).unwrap();
        docker.call(["load", "-i", path.to_str().unwrap()]).ok();
        let id = docker.call(["inspect", "--format", "{{.Id}}", tag]).ok();
        assert_eq!(id.trim(), image.config.digest.to_string());
        assert_eq!(run(&docker, tag), SAYS);
    }
}
