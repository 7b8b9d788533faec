//! The core image: built once a run, loaded where it is not there.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;
use testkit::{Done, Engine};

/// The name that containers are started from.
pub(crate) const NAME: &str = "lightship-e2e/core:test";

struct Built {
    archive: PathBuf,
    /// The digest of its configuration, by which engines know it.
    id: String,
}

static CORE: LazyLock<Built> = LazyLock::new(build);

fn build() -> Built {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let archive = tmp.join("e2e/core.tar");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightship"));
    command.args(["image", "build", "--locked", "--answer", "json", "--quiet"]);
    command.args(["--format", "docker-archive", "--compression", "none", "--tag", NAME]);
    command.arg("-f").arg(root.join("images/loa-core.toml")).arg("-o").arg(&archive);
    if std::env::var_os("LOA_IMAGE_CACHE").is_none() {
        command.env("LOA_IMAGE_CACHE", tmp.join("image-cache"));
    }
    if std::env::var_os("LIGHTSHIP_RUNTIME_DIR").is_none() {
        command.env("LIGHTSHIP_RUNTIME_DIR", root.join("target/dist"));
    }
    let answer = Done::from(command.output().unwrap()).ok();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let id = answer["config"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    Built { archive, id }
}

/// Makes sure that `engine` has the image.
pub(crate) fn load(engine: &Engine) {
    let there = engine.call(["image", "inspect", "--format", "{{.Id}}", NAME]);
    let there = there.stdout.trim().trim_start_matches("sha256:");
    if there != CORE.id.trim_start_matches("sha256:") {
        engine.call(["load", "-q", "-i", CORE.archive.to_str().unwrap()]).ok();
    }
}
