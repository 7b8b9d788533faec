use std::process::Command;

use lightship_model::event::What;

use crate::lightship::{Lightship, is_alive};

#[test]
fn when_nobody_reads_the_events_any_more_everything_stops() {
    // Nothing may be written meanwhile: the end of the reader is noticed by itself.
    let mut running = Lightship::loader("sleep 1000").start();
    let service = running.service_started();
    let loader = running.loader_started();
    running.stop_reading();
    assert_eq!(running.exit(), 143);
    assert!(!is_alive(service) && !is_alive(loader));
}

#[test]
fn the_last_event_is_the_services_end() {
    let mut running = Lightship::service("exit 2").start();
    let exit = running.event(|what| match what {
        What::ServiceExited { exit, .. } => Some(exit.code()),
        _ => None,
    });
    assert_eq!((exit, running.exit()), (2, 2));
}

#[test]
fn the_service_does_not_inherit_the_pipe() {
    const LIST: [&str; 2] = ["ls", "/proc/self/fd"];
    let direct = Command::new(LIST[0]).arg(LIST[1]).output().unwrap();
    let (code, output) = Lightship::new().command(&LIST).run();
    assert_eq!((code, output), (0, String::from_utf8(direct.stdout).unwrap()));
}
