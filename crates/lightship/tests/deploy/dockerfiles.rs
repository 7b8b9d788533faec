//! The Dockerfiles are built, and what comes of them is run.

use std::time::Duration;

use crate::podman::Podman;
use crate::root;

/// Health by the client in the image, as the engine asks it.
fn is_healthy(podman: &Podman, name: &str) -> bool {
    let ask = "lightship-init health --socket \"@lightship-$(stat -Lc %i /proc/self/ns/pid)-1\"";
    let answer = podman.run(&["exec", name, "sh", "-c", &format!("{ask} || true")]);
    answer.starts_with("healthy")
}

#[test]
fn the_dockerfiles_make_images_that_do_what_they_are_for() {
    if !root().join("target/dist/lightship-loader").exists() {
        let dist = std::process::Command::new(root().join("dist")).status().unwrap();
        assert!(dist.success());
    }
    let Some(podman) = Podman::new() else { return };
    podman.context();
    podman.pin();
    workers(&podman);
    core(&podman);
}

fn workers(podman: &Podman) {
    for (name, git) in [("worker", false), ("worker-git", true)] {
        podman.build(name);
        let says = |words: &[&str]| {
            podman.container(&["--rm"], &[&[name], words].concat()).trim().to_owned()
        };
        assert!(says(&["claude", "--version"]).contains("Claude Code"), "{name}");
        assert!(says(&["curl", "--version"]).starts_with("curl "), "{name}");
        assert_eq!(says(&["id", "-un"]), "worker");
        assert_eq!(says(&["sh", "-c", "command -v git || true"]).is_empty(), !git);
        podman.container(&["-d", "--name", name], &[name]);
        std::thread::park_timeout(Duration::from_secs(1));
        assert!(is_healthy(podman, name), "{name}");
        podman.run(&["rm", "--force", "--time", "10", name]);
    }
    let version = podman.container(&["--rm"], &["worker-git", "git", "--version"]);
    assert!(version.starts_with("git version 2."), "{version}");
}

fn core(podman: &Podman) {
    podman.build("core");
    let options =
        ["-d", "--name", "core", "-e", "LOA_LISTEN=127.0.0.1:0", "-e", "LOA_DEFERRED_TOOLS=false"];
    // A service that needs no port: containers share the machine's here.
    podman.container(&options, &["core", "sleep", "infinity"]);
    let says = |words: &[&str]| podman.run(&[&["exec", "core"], words].concat()).trim().to_owned();
    assert_eq!(says(&["clawdbot", "--version"]), "2026.1.24-3");
    assert_eq!(says(&["node", "--version"]), "v22.13.1");
    assert!(says(&["git", "--version"]).starts_with("git version"));
    for program in ["pnpm", "rg", "jq", "rsync", "xz", "curl"] {
        assert!(!says(&[program, "--version"]).is_empty(), "{program}");
    }
    // The gateway has been started once, and need not transpile its plugins again.
    let cached: usize = says(&["sh", "-c", "ls /var/cache/jiti | wc -l"]).parse().unwrap();
    assert!(cached > 10, "{cached}");
    let health = podman.run(&["inspect", "--format", "{{.Config.Healthcheck.Test}}", "core"]);
    assert!(health.contains("lightship-init health"), "{health}");
    podman.run(&["rm", "--force", "--time", "10", "core"]);
}
