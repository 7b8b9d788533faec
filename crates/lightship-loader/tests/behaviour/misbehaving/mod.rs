//! Installers that misbehave, each a real process under the real loader, beside a process that
//! stands for the service: they are stopped, their tool has failed with the reason, the service
//! goes on, and nothing is left.

mod control_socket;
mod daemons;
mod fork_bomb;
mod full_disk;
mod level;
mod memory;
mod reading;
mod signals;
mod silence;
mod writing;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use lightship_model::confinement::{Keeper, Report};
use lightship_model::event::What;
use lightship_model::state::ToolStatus;
use testkit::process::{installers, is_alive};
use testkit::{Run, Sandbox, groups};

/// What the service keeps in its environment.
const SECRET: &str = "xyzzy-31415926-secret";

/// A process that stands for the service; ended when it is dropped.
struct Service(Child);

impl Service {
    fn start() -> Self {
        let mut command = Command::new("sleep");
        command.arg("600").env_clear().env("SECRET", SECRET).stdin(Stdio::null());
        Self(command.spawn().unwrap())
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }

    #[track_caller]
    fn assert_alive(&self) {
        assert!(is_alive(&self.pid()), "the service was ended");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Whether `what` can be tested here; says why not.
#[expect(clippy::print_stdout, reason = "a test that can't run says why")]
fn can(what: &str, has: impl Fn(&Report) -> bool) -> bool {
    let report = lightship_loader::confinement();
    let can = has(&report);
    if !can {
        println!("can't run here, for want of {what}: {}", report.missing.join("; "));
    }
    can
}

fn landlock() -> bool {
    can("Landlock", |report| report.landlock.is_some())
}

fn cgroup_pids() -> bool {
    can("a control group", |report| report.processes.by == Keeper::Cgroup)
}

fn cgroup_memory() -> bool {
    can("a control group", |report| report.memory.by == Keeper::Cgroup)
}

/// What the loader said of confinement.
#[track_caller]
fn report(run: &Run) -> &Report {
    let report = run.events.iter().find_map(|event| match &event.what {
        What::Confinement(report) => Some(report),
        _ => None,
    });
    report.unwrap_or_else(|| panic!("nothing was said of confinement: {run:#?}"))
}

/// The error of the tool `bad`, which has failed and left nothing.
#[track_caller]
fn error(sandbox: &Sandbox, run: &Run) -> String {
    let change = run.last("bad");
    assert_eq!(change.status, ToolStatus::Failed, "{run:#?}");
    assert_left_nothing(sandbox);
    change.error.clone().unwrap()
}

/// No process, no prefix, no receipt, no stage, no control group of the tool `bad`.
#[track_caller]
fn assert_left_nothing(sandbox: &Sandbox) {
    assert_eq!(installers(&sandbox.dir()), [""; 0]);
    let tree = sandbox.installed_tree();
    let left: Vec<&String> = tree.keys().filter(|path| path.contains("/bad")).collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(groups::of(&sandbox.dir()), Vec::<PathBuf>::new());
}
