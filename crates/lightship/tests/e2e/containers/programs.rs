//! What the core image brings runs, whoever starts it, on a root that can't be written, too.

use testkit::Engine;

use crate::engines::{docker, podman};
use crate::image;

/// What is asked for its version, and how the answer begins.
const PROGRAMS: [(&str, &str); 12] = [
    ("node --version", "v22.13.1"),
    ("clawdbot --version", "2026.1.24-3"),
    ("pnpm --version", "10.28.2"),
    ("git --version", "git version 2.39"),
    ("jq --version", "jq-1.6"),
    ("rg --version", "ripgrep 13"),
    ("rsync --version", "rsync  version 3"),
    ("curl --version", "curl 7.88"),
    ("xz --version", "xz (XZ Utils) 5.4"),
    ("js-yaml --version", "5.5.0"),
    ("echo 'a: [1, 2]' | js-yaml /dev/stdin | jq .a[1]", "2"),
    ("lightship-init --version", "lightship-init "),
];

const WAYS: [&[&str]; 3] = [
    &[],
    &["--read-only", "--tmpfs=/tmp"],
    &["--user=12345:12345", "--read-only", "--tmpfs=/tmp", "--env=HOME=/tmp"],
];

fn run(engine: &Engine) {
    for words in WAYS {
        for (line, begin) in PROGRAMS {
            let before = [&["run", "--rm", "--entrypoint=sh"], engine.run_words(), words].concat();
            let said = engine.call([&before[..], &[image::NAME, "-c", line]].concat()).ok();
            assert!(said.starts_with(begin), "{words:?}: `{line}` says {said}");
        }
    }
}

#[test]
fn in_podman_every_program_of_the_core_image_runs_whoever_starts_it() {
    let Some(turn) = podman() else { return };
    run(&turn.engine);
}

#[test]
fn in_docker_engine_every_program_of_the_core_image_runs_whoever_starts_it() {
    let Some(turn) = docker() else { return };
    run(&turn.engine);
}
