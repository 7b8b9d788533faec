//! SIGKILL at every point of an install, for every source kind. At that moment nothing may look
//! installed that is not; and the next loader ends with just what an undisturbed one makes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;
use std::time::{Duration, SystemTime};

use lightship_model::event::What;
use testkit::process::{installers, wait_until};
use testkit::{Fault, Registry, Sandbox, Tree};

use crate::support::{makes, names, sandbox, script};
use crate::{deb, kinds};

/// A tool of a kind, and what an undisturbed loader makes of it.
struct Victim {
    sandbox: Sandbox,
    kind: &'static str,
    undisturbed: Tree,
    registry: Registry,
}

impl Victim {
    fn new(kind: &'static str) -> Self {
        Self::of(kind, Registry::start(), |registry| kinds::tool(registry, kind))
    }

    fn of(kind: &'static str, registry: Registry, tool: impl Fn(&Registry) -> String) -> Self {
        let sandbox = sandbox();
        sandbox.manifest(&format!("{}{}", registry.manifest(), tool(&registry)));
        let _run = sandbox.run().installed_all();
        let undisturbed = sandbox.installed_tree();
        Self { sandbox, kind, undisturbed, registry }
    }

    /// Kills a loader that begins with an empty directory at `point`, then lets another one
    /// finish; false if the point was not reached.
    fn kill_at(&self, point: &str) -> bool {
        let Self { sandbox, kind, .. } = self;
        let when = format!("{kind} killed at {point}");
        fs::remove_dir_all(sandbox.dir()).unwrap();
        if !sandbox.run_killed_at(point) {
            return false;
        }
        sandbox.assert_honest(&when);
        let _run = sandbox.run().installed_all();
        assert_eq!(sandbox.installed_tree(), self.undisturbed, "{when}");
        assert!(sandbox.output_of(&format!("tiny{kind}")).contains("works"), "{when}");
        sandbox.audit();
        true
    }

    fn survives(&self, points: &[&str]) {
        for point in points {
            assert!(self.kill_at(point), "{} never came to {point}", self.kind);
        }
    }

    /// Kills the loader when it has written its receipt aside and not yet renamed it.
    fn survives_half_a_receipt(&self) {
        let receipts = self.sandbox.dir().join("v1/receipts");
        let is_receipt = |point: &String| {
            fs::remove_dir_all(self.sandbox.dir()).unwrap();
            self.sandbox.run_killed_at(point);
            !names(&receipts).is_empty()
        };
        // The first two are the hook for Python and the state.
        let mut points = (3..9).map(|count| format!("written-aside#{count}"));
        assert!(self.kill_at(&points.find(is_receipt).unwrap()));
    }
}

const BEFORE: [&str; 4] = ["checking", "installing", "verifying", "syncing"];
/// The second time that links are published, the tool's own are among them.
const AFTER: [&str; 4] = ["publishing", "committed", "published#1", "published#2"];

#[test]
fn a_crate_killed_before_its_receipt() {
    Victim::new("cargo").survives(&BEFORE);
}

#[test]
fn a_crate_killed_with_its_receipt_half_written() {
    Victim::new("cargo").survives_half_a_receipt();
}

#[test]
fn a_crate_killed_around_its_receipt() {
    Victim::new("cargo").survives(&AFTER);
}

#[test]
fn a_package_of_npm_killed_before_its_receipt() {
    Victim::new("npm").survives(&BEFORE);
}

#[test]
fn a_package_of_npm_killed_with_its_receipt_half_written() {
    Victim::new("npm").survives_half_a_receipt();
}

#[test]
fn a_package_of_npm_killed_around_its_receipt() {
    Victim::new("npm").survives(&AFTER);
}

#[test]
fn a_package_of_pip_killed_before_its_receipt() {
    Victim::new("pip").survives(&BEFORE);
}

#[test]
fn a_package_of_pip_killed_with_its_receipt_half_written() {
    Victim::new("pip").survives_half_a_receipt();
}

#[test]
fn a_package_of_pip_killed_around_its_receipt() {
    Victim::new("pip").survives(&AFTER);
}

#[test]
fn a_script_killed_anywhere() {
    let victim = Victim::new("script");
    victim.survives(&BEFORE);
    victim.survives(&AFTER);
}

#[test]
fn a_binary_killed_anywhere() {
    let victim = Victim::new("binary");
    victim.survives(&BEFORE);
    victim.survives(&["downloading", "unpacking", "unpacked"]);
    victim.survives(&AFTER);
}

#[test]
fn a_package_of_debian_killed_anywhere() {
    let Some(archive) = deb::archive() else { return };
    let registry = Registry::start();
    archive.publish(&registry, "stable", |release| release);
    let victim = Victim::of("deb", registry, |registry| deb::tool("deb", registry, &archive, ""));
    // The program of its check is not on the machine, so that nothing is looked for there.
    victim.survives(&BEFORE[1..]);
    victim.survives(&["downloading", "unpacking"]);
    // While the child is at a package, and when it has ended.
    victim.survives(&["unpacking-package#1", "unpacking-package#2", "unpacked"]);
    victim.survives(&AFTER);
}

#[test]
fn a_download_killed_in_its_middle() {
    let victim = Victim::new("binary");
    let Victim { sandbox, registry, .. } = &victim;
    fs::remove_dir_all(sandbox.dir()).unwrap();
    let path = "/files/release.tar.gz";
    let before = registry.requests(path);
    registry.fail(path, [Fault::Stall]);
    let mut loader = sandbox.start();
    wait_until("the download", || registry.requests(path) > before);
    loader.kill();
    drop(loader.finish());
    sandbox.assert_honest("a download killed in its middle");
    let _run = sandbox.run().installed_all();
    assert_eq!(sandbox.installed_tree(), victim.undisturbed);
}

#[test]
fn an_old_receipt_does_not_vouch_for_the_half_of_a_new_install() {
    let sandbox = sandbox();
    let hold = sandbox.path("hold").display().to_string();
    let run = format!(
        "{}while [ -e '{hold}' ]; do sleep 0.02; done\necho whole > \"$PREFIX/data\"",
        makes("tool", "works")
    );
    sandbox.manifest(&script("tool", "", &run));
    let _run = sandbox.run().installed_all();
    let program = sandbox.prefix("tool").join("bin/tool");
    let data = sandbox.prefix("tool").join("data");
    fs::remove_file(&program).unwrap();
    fs::write(&hold, "").unwrap();
    let mut loader = sandbox.start();
    wait_until("the program, executable", || {
        fs::metadata(&program).is_ok_and(|found| found.permissions().mode() & 0o111 != 0)
    });
    loader.kill();
    drop(loader.finish());
    assert!(!data.exists());
    fs::remove_file(hold).unwrap();
    let _run = sandbox.run().installed_all();
    assert_eq!(fs::read_to_string(data).unwrap(), "whole\n");
}

#[test]
fn any_file_that_is_written_aside_and_not_yet_renamed() {
    for kind in ["binary", "script"] {
        let victim = Victim::new(kind);
        let mut count = 0;
        while victim.kill_at(&format!("written-aside#{}", count + 1)) {
            count += 1;
        }
        // The hook for Python, the receipt, and the state before, during and after.
        assert!(count >= 5, "{kind}: {count}");
    }
}

#[test]
fn a_loader_killed_at_any_moment_leaves_no_process_behind_its_successor() {
    let started = |what: &What| match what {
        What::Progress { progress, .. } => progress.message.as_deref().map(drop),
        _ => None,
    };
    for _ in 0..3 {
        let sandbox = sandbox();
        // Descendants of all sorts: deaf to TERM, and out of the process group.
        let run = format!(
            "(trap '' TERM; while :; do sleep 1; done) &\n\
             [ -e '{}' ] || setsid sh -c 'while :; do sleep 1; done' &\n\
             echo started\nsleep 0.2\n{}",
            sandbox.path("calm").display(),
            makes("tool", "works")
        );
        sandbox.manifest(&script("tool", "", &run));
        let mut loader = sandbox.start();
        loader.wait_for("sign of the installer", |event| started(&event.what));
        let nanos = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        thread::sleep(Duration::from_millis(u64::from(nanos.subsec_micros()) % 250));
        loader.kill();
        drop(loader.finish());
        sandbox.assert_honest("a script killed at some moment");
        fs::write(sandbox.path("calm"), "").unwrap();
        let _run = sandbox.run().installed_all();
        assert_eq!(installers(&sandbox.dir()), [""; 0]);
        assert_eq!(sandbox.output_of("tool"), "works");
    }
}
