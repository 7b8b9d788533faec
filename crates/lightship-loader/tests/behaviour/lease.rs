//! A volume without locks: a lease keeps a second loader out, until its holder sleeps too long.

use std::path::PathBuf;
use std::process::Command;

use lightship_model::state::ToolStatus;
use testkit::process::wait_until;
use testkit::{Loader, Sandbox};

use crate::support::{makes, sandbox, script, wait_for_status, waits_for, warning};

/// A loader that is stopped amid an install, as a container is that is paused.
struct Asleep {
    sandbox: Sandbox,
    loader: Loader,
    /// Lets the second install end.
    go: PathBuf,
}

impl Asleep {
    fn new() -> Self {
        let mut sandbox = sandbox();
        sandbox.set("LIGHTSHIP_VOLUME_WITHOUT", "locks");
        sandbox.set("LOA_LEASE_TERM", "3");
        let (begun, go) = (sandbox.path("begun"), sandbox.path("go"));
        let run = format!(
            "echo half > \"$PREFIX/half\"; echo half > \"$STAGE/half\"\n\
             if [ ! -e '{0}' ]; then : > '{0}'; sleep 1000; fi\n\
             : > '{0}-again'; {1}test -e \"$PREFIX/half\"; test -e \"$STAGE/half\"\n{2}",
            begun.display(),
            waits_for(&go),
            makes("slow", "slow")
        );
        // What the installer tells this test lies outside of what it may write to.
        sandbox.set("LOA_CONFINE", "off");
        sandbox.manifest(&script("slow", "retries = 0", &run));
        let mut loader = sandbox.start();
        wait_for_status(&mut loader, "slow", ToolStatus::Installing);
        wait_until("the first install", || begun.exists());
        signal("STOP", &loader);
        Self { sandbox, loader, go }
    }

    /// A loader in another container, where the local directory is another one.
    fn next(&self) -> Loader {
        let mut command = self.sandbox.loader();
        command.env("LOA_LOCAL_DIR", self.sandbox.path("other"));
        Loader::start(command)
    }

    /// It goes on, sees that it has lost the directory, and ends.
    fn wakes(self) -> Sandbox {
        signal("CONT", &self.loader);
        let run = self.loader.finish().ended_well();
        assert_eq!(run.last("slow").status, ToolStatus::Failed);
        self.sandbox
    }
}

fn signal(name: &str, loader: &Loader) {
    let pid = loader.pid().to_string();
    assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
}

#[test]
fn one_that_slept_through_its_lease_leaves_alone_what_another_installs_meanwhile() {
    let asleep = Asleep::new();
    let mut next = asleep.next();
    let message = next.wait_for("warning", warning);
    assert!(message.contains("waiting for it"), "{message}");
    let (again, go) = (asleep.sandbox.path("begun-again"), asleep.go.clone());
    wait_until("the second install", || again.exists());
    let sandbox = asleep.wakes();
    std::fs::write(go, "").unwrap();
    let _next = next.finish().installed_all();
    sandbox.assert_honest("after both");
    assert_eq!(sandbox.output_of("slow"), "slow");
}

#[test]
fn one_that_slept_through_its_lease_leaves_alone_what_another_has_installed() {
    let asleep = Asleep::new();
    std::fs::write(&asleep.go, "").unwrap();
    let _next = asleep.next().finish().installed_all();
    let state = asleep.sandbox.state_text();
    let sandbox = asleep.wakes();
    sandbox.assert_honest("after both");
    assert_eq!(sandbox.output_of("slow"), "slow");
    assert_eq!(sandbox.state_text(), state);
    assert!(!sandbox.dir().join("v1/lease.json").exists());
}
