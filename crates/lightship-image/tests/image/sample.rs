//! A small image that runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use lightship_image::build::compress::Compression;
use lightship_image::build::image::{Image, Recipe, image};
use lightship_image::build::layer_cache::LayerCache;
use lightship_image::build::sbom::{self, Bill, Component};
use lightship_image::build::tree::{Content, Kind, Node, Owner, Place, Stratum, Tree};
use lightship_image::oci::{Execution, Platform};
use lightship_model::digest::Digest;

pub(crate) const EPOCH: u64 = 1_700_000_000;
/// What the program of the image prints.
pub(crate) const SAYS: &str = "hello from inside, 3 links";

/// Prints a line, and how many names `/usr/bin/hello` has.
const PROGRAM: &str = r#"
#include <stdio.h>
#include <sys/stat.h>
int main(void) {
    struct stat found;
    if (stat("/usr/bin/hello", &found)) return 3;
    printf("hello from inside, %d links\n", (int)found.st_nlink);
    return 0;
}
"#;

/// A static program, compiled once.
pub(crate) fn program() -> Vec<u8> {
    static PROGRAM_BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    let compile = || {
        let dir = tempfile::tempdir().unwrap();
        let (source, program) = (dir.path().join("hello.c"), dir.path().join("hello"));
        fs::write(&source, PROGRAM).unwrap();
        let mut cc = Command::new("cc");
        cc.args(["-static", "-Os", "-s", "-o"]).arg(&program).arg(&source);
        assert!(cc.status().unwrap().success());
        fs::read(program).unwrap()
    };
    PROGRAM_BYTES.get_or_init(compile).clone()
}

pub(crate) fn node(kind: Kind, mode: u32, stratum: Stratum) -> Node {
    Node { kind, mode, uid: 0, gid: 0, mtime: 1_600_000_000, owner: Owner::Base, stratum }
}

pub(crate) fn bytes(bytes: &[u8]) -> Kind {
    let place = Place::Memory(bytes.into());
    Kind::File(Content { size: bytes.len() as u64, digest: Digest::of(bytes), place })
}

/// Two layers, a large file from the disk, the program under three names.
pub(crate) fn tree(dir: &Path, program: &[u8]) -> Tree {
    let payload: Vec<u8> = (0_u32..3_000_000).flat_map(|n| (n / 7).to_le_bytes()).collect();
    let place = dir.join("payload");
    fs::write(&place, &payload).unwrap();
    let (size, digest) = (payload.len() as u64, Digest::of(&payload));
    let payload = Kind::File(Content { size, digest, place: Place::File(place) });
    let system = |kind, mode| node(kind, mode, Stratum::System);
    let nodes = [
        ("bin", system(Kind::Symlink("usr/bin".into()), 0o777)),
        ("etc/passwd", system(bytes(b"root:x:0:0:root:/:/bin/hello\n"), 0o644)),
        ("tmp", system(Kind::Directory, 0o1777)),
        ("usr/bin/hello", system(bytes(program), 0o755)),
        ("usr/bin/hello2", system(bytes(program), 0o755)),
        ("usr/lib/hello/hello", system(bytes(program), 0o755)),
        ("usr/lib/payload", node(payload, 0o644, Stratum::Payload)),
        ("etc/lightship.toml", node(bytes(b"# nothing\n"), 0o644, Stratum::Config)),
    ];
    Tree(nodes.into_iter().map(|(path, node)| (path.to_owned(), node)).collect())
}

pub(crate) fn recipe(compression: Compression, threads: usize) -> Recipe {
    Recipe {
        platform: Platform { architecture: "amd64".into(), os: "linux".into(), variant: None },
        execution: Execution {
            entrypoint: Some(vec!["/usr/bin/hello".into()]),
            env: Some(vec!["PATH=/usr/bin".into()]),
            ..Execution::default()
        },
        annotations: BTreeMap::from([("org.example.note".into(), "a sample".into())]),
        epoch: EPOCH,
        compression,
        threads,
    }
}

/// The image, made with a cache of its own in `dir`.
pub(crate) fn sample(dir: &Path, compression: Compression, threads: usize) -> Image {
    sample_of(dir, &program(), compression, threads)
}

pub(crate) fn sample_of(
    dir: &Path,
    program: &[u8],
    compression: Compression,
    threads: usize,
) -> Image {
    let cache = LayerCache::at(&dir.join("cache"));
    image(&tree(dir, program), &recipe(compression, threads), &cache).unwrap()
}

/// A bill of one component.
pub(crate) fn bill(image: &Image) -> Bill {
    let hello = Component {
        kind: sbom::Kind::Generic,
        name: "hello".into(),
        version: "1.0".into(),
        sha256: Some(Digest::of(b"hello")),
        license: None,
        files: None,
    };
    Bill {
        name: "sample:1.0".into(),
        image: image.manifest.digest.clone(),
        epoch: EPOCH,
        components: vec![hello],
    }
}
