//! Readiness that the service tells itself, and liveness.

use super::*;

fn telling() -> Rules {
    Rules { ready: ReadyBy::Itself, ..rules() }
}

fn live() -> Rules {
    let live = LiveRules { period: 10 * SECOND, timeout: 3 * SECOND, failures: 3 };
    Rules { live: Some(live), ..rules() }
}

/// Goes on to the next liveness check; returns its number.
fn check(scene: &mut Scene) -> u64 {
    let actions = scene.wait();
    match actions[..] {
        [Action::Probe { attempt, asks: Asks::Live }] => attempt,
        _ => panic!("{actions:?}"),
    }
}

fn is_ready(actions: &[Action]) -> bool {
    events(actions).iter().any(|what| matches!(what, What::ServiceReady { .. }))
}

#[test]
fn a_service_that_tells_is_ready_when_it_has_told_and_once() {
    let mut scene = Scene::new(telling());
    assert!(!is_ready(&scene.give(Input::ToldReady)));
    assert!(!is_ready(&scene.give(Input::ServiceStarted { pid: 10 })));
    scene.now += SECOND;
    let after_ms = 1000;
    let told = scene.give(Input::ToldReady);
    assert_eq!(told, [Action::Tell(What::ServiceReady { pid: 10, after_ms })]);
    assert_eq!(scene.give(Input::ToldReady), []);
    assert_eq!(scene.supervisor.deadline(), None);
}

#[test]
fn a_service_that_does_not_tell_in_time_is_late_and_may_still_do_so() {
    let mut scene = Scene::running(telling());
    assert_eq!(scene.wait(), [Action::Tell(What::ServiceLate { after_ms: 60_000 })]);
    assert!(is_ready(&scene.give(Input::ToldReady)));
}

#[test]
fn telling_is_of_no_use_where_the_service_is_asked_or_is_stopped() {
    assert!(!is_ready(&Scene::running(probed()).give(Input::ToldReady)));
    let mut scene = Scene::running(telling());
    scene.give(Input::Signal(Signal::TERM));
    assert!(!is_ready(&scene.give(Input::ToldReady)));
}

#[test]
fn liveness_begins_a_period_after_ready() {
    let mut scene = Scene::new(Rules { ready: ReadyBy::Itself, ..live() });
    scene.give(Input::ServiceStarted { pid: 10 });
    scene.now += 5 * SECOND;
    scene.give(Input::ToldReady);
    check(&mut scene);
    assert_eq!(scene.now, 15 * SECOND);
}

#[test]
fn a_service_that_fails_three_checks_in_a_row_is_restarted_and_two_are_not_enough() {
    let mut scene = Scene::running(live());
    for good in [false, false, true, false, false] {
        let attempt = check(&mut scene);
        assert_eq!(scene.give(Input::Probed { attempt, good }), []);
    }
    let attempt = check(&mut scene);
    let actions = scene.give(Input::Probed { attempt, good: false });
    assert!(
        matches!(events(&actions)[0], What::ServiceFaulted { message, .. } if message.contains("3 "))
    );
    assert_eq!(actions[1..], [Action::SignalService(Signal::TERM)]);
    assert_eq!(scene.supervisor.deadline(), Some(scene.now + 8 * SECOND));
    assert_eq!(scene.wait(), [Action::SignalService(Signal::KILL)]);
    let exit = Exit::Signal(9);
    let actions = scene.give(Input::ServiceEnded { exit, left_over: false });
    assert!(matches!(events(&actions)[0], What::ServiceExited { restart_in_ms: Some(_), .. }));
}

#[test]
fn a_dead_service_has_failed_however_well_it_ends() {
    let dead = |restart| {
        let mut scene = Scene::running(Rules { restart, ..live() });
        for _ in 0..3 {
            let attempt = check(&mut scene);
            scene.give(Input::Probed { attempt, good: false });
        }
        scene.give(Input::Alone);
        scene.service_ends(0)
    };
    let actions = dead(Restart::OnFailure);
    assert!(matches!(events(&actions)[0], What::ServiceExited { restart_in_ms: Some(_), .. }));
    assert_eq!(exit_code(&dead(Restart::Never)), Some(1));
}

#[test]
fn a_check_without_an_answer_is_given_up() {
    let mut scene = Scene::running(live());
    for _ in 0..2 {
        let attempt = check(&mut scene);
        assert_eq!(scene.wait(), [Action::EndProbe { attempt }]);
    }
    let attempt = check(&mut scene);
    let actions = scene.wait();
    assert_eq!(actions[0], Action::EndProbe { attempt });
    assert!(actions.contains(&Action::SignalService(Signal::TERM)));
}

#[test]
fn nobody_asks_a_service_that_is_about_to_end() {
    for input in [Input::ToldStopping, Input::Signal(Signal::TERM)] {
        let mut scene = Scene::running(live());
        let attempt = check(&mut scene);
        assert!(scene.give(input).contains(&Action::EndProbe { attempt }));
        let until = scene.now + 600 * SECOND;
        let actions = scene.wait_until(until);
        assert!(!actions.iter().any(|action| matches!(action, Action::Probe { .. })));
    }
}

#[test]
fn the_end_of_the_service_ends_its_check() {
    let mut scene = Scene::running(live());
    let attempt = check(&mut scene);
    assert!(scene.service_ends(1).contains(&Action::EndProbe { attempt }));
}
