//! The README's way from a checkout to a running core image, in Docker Engine.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use testkit::{Done, Engine, console};

use crate::engines::docker;
use crate::machine;

const README: &str = include_str!("../../../../README.md");
/// What `./test` did before it ran this.
const BUILT: &str = "./dist && cargo build --release -p lightship";

/// A `docker` that reaches the test's own daemon, and tells containers what they have to know
/// of this machine.
fn write_docker(engine: &Engine, bin: &Path) {
    let quoted =
        |words: &[String]| words.iter().fold(String::new(), |all, it| format!("{all} '{it}'"));
    let command = engine.command();
    let options: Vec<_> =
        command.get_args().map(|word| word.to_str().unwrap().to_owned()).collect();
    let found = Done::from(Command::new("sh").args(["-c", "command -v docker"]).output().unwrap());
    let docker = format!("{}{}", found.ok().trim(), quoted(&options));
    let run = quoted(&machine::words());
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = run ]; then shift; exec {docker} run{run} \"$@\"; fi\n\
         exec {docker} \"$@\"\n"
    );
    let path = bin.join("docker");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn in_docker_engine_the_readmes_way_leads_to_a_running_core_image() {
    let Some(turn) = docker() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let at = |name: &str| place.path().join(name);
    for name in ["bin", "target/release"] {
        fs::create_dir_all(at(name)).unwrap();
    }
    symlink(env!("CARGO_BIN_EXE_lightship"), at("target/release/lightship")).unwrap();
    // Its lock may be written.
    let images = root.join("images");
    Done::from(Command::new("cp").arg("-r").arg(images).arg(at("images")).output().unwrap()).ok();
    write_docker(&turn.engine, &at("bin"));
    let clean = || {
        turn.engine.call(["rm", "--force", "gateway"]);
        turn.engine.call(["volume", "rm", "--force", "loa-data"]);
    };
    clean();
    let mut said = String::new();
    let block = README.split("```console docker\n").nth(1).unwrap().split("```").next().unwrap();
    for (command, shown) in console::commands(block) {
        if command == BUILT {
            continue;
        }
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", command]).current_dir(place.path());
        let path = std::env::var("PATH").unwrap();
        bash.env("PATH", format!("{}:{path}", at("bin").display()));
        bash.env("LIGHTSHIP_RUNTIME_DIR", root.join("target/dist"));
        bash.env("LOA_IMAGE_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("image-cache"));
        let done = Done::from(bash.output().unwrap());
        let printed = format!("{}{}", done.stdout, done.stderr);
        if done.code != Some(0) {
            let logs = turn.engine.call(["logs", "gateway"]);
            clean();
            panic!("`{command}`: {printed}\n{logs:#?}");
        }
        for line in shown.iter().filter(|line| **line != "…") {
            // Digests and sizes change, words don't.
            let word = line.split(['…', ':']).next().unwrap();
            let word = if word == "sha256" { "layers" } else { word };
            assert!(printed.contains(word), "`{command}` printed no `{word}`:\n{printed}");
        }
        said += &printed;
    }
    clean();
    assert!(said.contains("uv 0.13.9"), "{said}");
}
