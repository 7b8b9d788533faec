//! The workers run in both engines: as root, as their own user, as somebody without a name, with
//! a root that can't be written; and git does what agents do with it.

use std::path::Path;

use testkit::Engine;

use crate::git_server::GitServer;
use crate::workshop::Workshop;

/// Who starts a container, and what of.
const WAYS: [&[&str]; 3] = [
    &[],
    &["--user=worker", "--read-only", "--tmpfs=/tmp"],
    &["--user=12345:12345", "--read-only", "--tmpfs=/tmp"],
];

/// What an agent does with git: clones with submodules, commits, pushes; clones a path, and adds
/// that as a submodule.
const AGENT: &str = r#"
set -e
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@localhost
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@localhost
git clone -q --recurse-submodules "$1" project
cat project/file project/part/file
cd project
echo more >>file
git commit -q -a -m "$2"
git push -q origin main
git clone -q --no-local file:///tmp/project ../copy
cat ../copy/file
git -c protocol.file.allow=always submodule add -q file:///tmp/copy again
git commit -q -m submodule
git submodule status | wc -l
git stash list && git status --short && git diff HEAD~1 --stat >/dev/null
"#;

/// The workshop and an engine that can run something; nothing, said, where there is none.
fn with(name: &str, start: impl Fn(&Path) -> Option<Engine>) -> Option<(Workshop, Engine)> {
    let workshop = Workshop::open()?;
    if !rustix::process::geteuid().is_root() {
        println!("not run: the engines are run as root");
        return None;
    }
    let engine = start(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("images").join(name))?;
    if let Err(why) = engine.probe() {
        println!("not run: {name} can run no container here at all:\n{why}");
        return None;
    }
    Some((workshop, engine))
}

/// One run of `worker` or `worker-git`, to the end.
fn run(engine: &Engine, image: &str, words: &[&str], command: &[&str]) -> String {
    let words = [&["run", "--rm"], engine.run_words(), words, &[image], command].concat();
    engine.call(words).ok()
}

fn runs_the_cli(engine: &Engine, image: &str) {
    for words in WAYS {
        let version = run(engine, image, words, &["claude", "--version"]);
        assert_eq!(version, "2.1.330 (Claude Code)\n", "{words:?}");
        let tools = ["bash", "-c", "curl --version | head -c 4; ls / | wc -l"];
        let said = run(engine, image, words, &tools);
        assert!(said.starts_with("curl"), "{words:?}: {said}");
    }
}

fn works_with_git(engine: &Engine, image: &str) {
    let server = GitServer::start();
    let trusted = format!(
        "--volume={}:/etc/ssl/certs/ca-certificates.crt:ro",
        server.certificate().display()
    );
    let url = server.url("project.git");
    for (number, words) in WAYS.iter().enumerate() {
        let words = [*words, &["--workdir=/tmp", &trusted]].concat();
        let message = format!("change {number}");
        let command = ["bash", "-c", AGENT, "agent", &url, &message];
        let said = run(engine, image, &words, &command);
        let more = "more\n".repeat(number);
        assert_eq!(said, format!("project\n{more}part\nproject\n{more}more\n2\n"), "{words:?}");
    }
    assert_eq!(server.commits(), ["change 2", "change 1", "change 0", "first"]);
}

#[test]
fn in_podman_the_worker_runs_the_cli_whoever_starts_it_and_has_no_git() {
    let Some((workshop, engine)) = with("podman", Engine::podman) else { return };
    let image = workshop.load(&engine, "worker");
    runs_the_cli(&engine, &image);
    let found = run(&engine, &image, &[], &["bash", "-c", "command -v git || echo none"]);
    assert_eq!(found, "none\n");
}

#[test]
fn in_podman_the_worker_with_git_clones_commits_and_pushes_over_https_and_from_files() {
    let Some((workshop, engine)) = with("podman", Engine::podman) else { return };
    let image = workshop.load(&engine, "worker-git");
    works_with_git(&engine, &image);
}

#[test]
fn in_docker_engine_the_worker_with_git_runs_the_cli_and_works_with_git() {
    let Some((workshop, engine)) = with("docker", Engine::docker) else { return };
    let image = workshop.load(&engine, "worker-git");
    runs_the_cli(&engine, &image);
    works_with_git(&engine, &image);
}
