use lightship_model::event::{Exit, What};
use rustix::process::Signal;

use crate::lightship::{Lightship, is_alive, kill, numbers, wait_until};

fn loader_exited(what: What) -> Option<(Exit, Option<u64>)> {
    match what {
        What::LoaderExited { exit, restart_in_ms } => Some((exit, restart_in_ms)),
        _ => None,
    }
}

#[test]
fn a_killed_loader_takes_its_session_with_it_and_comes_back_beside_the_same_service() {
    // With job control each background job has a process group of its own, as installers have.
    let script = "set -m; sleep 1000 & echo $! > {dir}/new; (sleep 1000; true) & \
                  echo $! >> {dir}/new; mv {dir}/new {dir}/pids; wait";
    let mut running = Lightship::loader(script).start();
    let service = running.service_started();
    let loader = running.loader_started();
    let installers = numbers(&running.path("pids"), 2);
    std::fs::remove_file(running.path("pids")).unwrap();
    kill(loader, Signal::KILL);
    let (exit, restart) = running.event(loader_exited);
    assert_eq!((exit, restart.is_some()), (Exit::Signal(9), true));
    for installer in installers {
        wait_until("the installer died", || (!is_alive(installer)).then_some(()));
    }
    assert_ne!(running.loader_started(), loader);
    numbers(&running.path("pids"), 2);
    let full = running.json("/health?full=true");
    assert_eq!(full["service"]["pid"], service);
    assert_eq!((&full["status"], &full["loader"]["restarts"]), (&"healthy".into(), &1.into()));
    assert!(is_alive(service));
}

#[test]
fn a_loader_that_crashes_for_ever_degrades_health_and_leaves_the_service_alone() {
    let mut running = Lightship::loader("kill -SEGV $$").start();
    let service = running.service_started();
    let mut crashes = 0;
    while running.event(loader_exited).1.is_some() {
        crashes += 1;
    }
    assert_eq!(crashes, 5);
    running.event(|what| matches!(what, What::Warning { .. }).then_some(()));
    let full = running.json("/health?full=true");
    assert_eq!((&full["status"], &full["loader"]["state"]), (&"degraded".into(), &"failed".into()));
    assert_eq!(full["service"]["pid"], service);
    assert_eq!(running.get("/readyz").0, 200);
}

#[test]
fn a_loader_that_can_t_write_its_directory_is_not_tried_again() {
    let mut running = Lightship::loader("exit 73").start();
    assert_eq!(running.event(loader_exited), (Exit::Code(73), None));
    assert_eq!(running.json("/health?full=true")["loader"]["state"], "failed");
}

#[test]
fn a_loader_that_is_missing_is_told_and_the_service_runs() {
    let manifest = "[service]\ncommand = [\"sleep\", \"1000\"]\n\
                    [tools.x]\nscript = { run = [\"true\"] }\n";
    let mut running = Lightship::manifest(manifest).arg("--loader", "/no/lightship-loader").start();
    let message = running.event(|what| match what {
        What::Warning { message } => Some(message),
        _ => None,
    });
    assert!(message.contains("`/no/lightship-loader`"), "{message}");
    assert_eq!(running.event(loader_exited), (Exit::Code(127), None));
    assert_eq!(running.json("/health")["status"], "degraded");
}
