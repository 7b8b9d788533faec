//! Signals, stopping, and what is left when the service has ended.

use super::*;

fn plain() -> Rules {
    Rules { supervised: false, restart: Restart::Never, suspends: true, ..rules() }
}

fn signal(scene: &mut Scene, signal: Signal) -> Vec<Action> {
    scene.give(Input::Signal(signal))
}

// Stopping a supervised service.

#[test]
fn a_stop_asks_both_and_kills_after_the_time_for_it() {
    let mut scene = Scene::loading();
    let actions = signal(&mut scene, Signal::INT);
    assert_eq!(events(&actions), [&What::Stopping { reason: "signal INT".to_owned() }]);
    assert!(actions.contains(&Action::SignalService(Signal::INT)));
    assert!(actions.contains(&Action::SignalLoader(Signal::TERM)));
    let kills = [Action::SignalService(Signal::KILL), Action::SignalLoader(Signal::KILL)];
    assert_eq!(scene.wait(), kills);
    assert_eq!(scene.now, 8 * SECOND);
}

#[test]
fn a_stopped_service_is_never_restarted_and_its_code_is_returned() {
    let mut scene = Scene::running(Rules { restart: Restart::Always, ..rules() });
    signal(&mut scene, Signal::TERM);
    assert_eq!(exit_code(&scene.service_ends_with(Exit::Signal(15))), Some(143));
}

#[test]
fn a_second_stop_kills_at_once_and_a_third_changes_nothing() {
    let mut scene = Scene::loading();
    signal(&mut scene, Signal::TERM);
    let actions = signal(&mut scene, Signal::INT);
    assert_eq!(actions, [Action::SignalService(Signal::KILL), Action::SignalLoader(Signal::KILL)]);
    assert_eq!(signal(&mut scene, Signal::TERM), []);
}

#[test]
fn quit_and_a_reader_that_is_gone_stop_like_term() {
    for input in [Input::Signal(Signal::QUIT), Input::Stop { reason: "gone" }] {
        let mut scene = Scene::running(rules());
        assert!(scene.give(input).contains(&Action::SignalService(Signal::TERM)));
    }
}

#[test]
fn a_reader_that_is_gone_is_no_second_stop() {
    let mut scene = Scene::running(rules());
    signal(&mut scene, Signal::TERM);
    assert_eq!(scene.give(Input::Stop { reason: "gone" }), []);
}

#[test]
fn a_stop_between_two_starts_ends_with_the_last_code() {
    let mut scene = Scene::running(rules());
    scene.service_ends(9);
    assert_eq!(exit_code(&signal(&mut scene, Signal::TERM)), Some(9));
}

#[test]
fn a_stop_while_the_group_is_cleared_sweeps_up_and_ends_with_the_last_code() {
    let mut scene = Scene::running(rules());
    scene.give(Input::ServiceEnded { exit: Exit::Code(9), left_over: true });
    assert!(signal(&mut scene, Signal::TERM).contains(&Action::SignalRest(Signal::TERM)));
    assert_eq!(scene.alone(), Some(9));
}

#[test]
fn a_process_that_survives_being_killed_does_not_hold_lightship_up() {
    let mut scene = Scene::loading();
    signal(&mut scene, Signal::TERM);
    signal(&mut scene, Signal::TERM);
    let mut actions = Vec::new();
    while exit_code(&actions).is_none() {
        actions = scene.wait();
    }
    assert_eq!((exit_code(&actions), scene.now), (Some(137), 4 * SECOND));
}

// Signals that are passed on.

#[test]
fn other_signals_go_to_the_service() {
    let mut scene = Scene::loading();
    for number in [1, 10, 12, 28, 40, 64] {
        let other = Signal::from_number(number).unwrap();
        assert_eq!(signal(&mut scene, other), [Action::SignalService(other)]);
    }
    for own in [Signal::CHLD, Signal::KILL, Signal::STOP] {
        assert_eq!(signal(&mut scene, own), []);
    }
}

#[test]
fn a_plain_init_passes_every_signal_on_and_kills_nobody() {
    let mut scene = Scene::running(plain());
    for each in [Signal::TERM, Signal::TERM, Signal::INT, Signal::QUIT, Signal::HUP] {
        assert_eq!(signal(&mut scene, each), [Action::SignalService(each)]);
    }
    assert_eq!(scene.supervisor.deadline(), None);
}

#[test]
fn signals_are_rewritten_or_dropped() {
    let rewrites = BTreeMap::from([(Signal::TERM, Some(Signal::INT)), (Signal::HUP, None)]);
    let mut scene = Scene::running(Rules { rewrites: rewrites.clone(), ..plain() });
    assert_eq!(signal(&mut scene, Signal::TERM), [Action::SignalService(Signal::INT)]);
    assert_eq!(signal(&mut scene, Signal::INT), [Action::SignalService(Signal::INT)]);
    assert_eq!(signal(&mut scene, Signal::HUP), []);
    // A stop is what came, whatever the service is sent for it.
    let mut scene = Scene::running(Rules { rewrites, ..rules() });
    assert!(signal(&mut scene, Signal::TERM).contains(&Action::SignalService(Signal::INT)));
    assert!(scene.supervisor.deadline().is_some());
}

#[test]
fn the_terminals_stop_signals_stop_lightship_too_unless_it_is_pid_1() {
    let mut scene = Scene::running(plain());
    let both = [Action::SignalService(Signal::TSTP), Action::Suspend];
    assert_eq!(signal(&mut scene, Signal::TSTP), both);
    assert_eq!(scene.give(Input::ServiceSuspended), [Action::Suspend]);
    let mut scene = Scene::running(Rules { suspends: false, ..plain() });
    assert_eq!(signal(&mut scene, Signal::TTIN), [Action::SignalService(Signal::TTIN)]);
    assert_eq!(scene.give(Input::ServiceSuspended), []);
}

// What is left.

#[test]
fn what_is_left_gets_the_rest_of_the_stop_budget() {
    let mut scene = Scene::running(plain());
    signal(&mut scene, Signal::TERM);
    scene.now = 3 * SECOND;
    let exit = Exit::Code(5);
    let actions = scene.give(Input::ServiceEnded { exit, left_over: true });
    assert!(actions.contains(&Action::SignalRest(Signal::TERM)));
    assert_eq!(exit_code(&actions), None);
    assert_eq!(scene.wait(), [Action::SignalRest(Signal::KILL)]);
    assert_eq!(scene.now, 8 * SECOND);
    assert_eq!(scene.alone(), Some(5));
}

#[test]
fn what_is_left_has_a_second_even_when_the_budget_is_used_up() {
    let mut scene = Scene::running(plain());
    signal(&mut scene, Signal::TERM);
    scene.now = 100 * SECOND;
    scene.give(Input::ServiceEnded { exit: Exit::Code(5), left_over: false });
    assert_eq!(scene.wait(), [Action::SignalRest(Signal::KILL)]);
    assert_eq!(scene.now, 101 * SECOND);
}

#[test]
fn what_is_left_when_the_service_ends_by_itself_has_the_whole_budget() {
    let mut scene = Scene::running(plain());
    scene.now = 100 * SECOND;
    scene.give(Input::ServiceEnded { exit: Exit::Code(0), left_over: false });
    scene.wait();
    assert_eq!(scene.now, 108 * SECOND);
    let mut actions = Vec::new();
    while exit_code(&actions).is_none() {
        actions = scene.wait();
    }
    assert_eq!(scene.now, 110 * SECOND, "what can't be killed is not waited for");
}

#[test]
fn a_second_stop_does_not_wait_for_what_is_left() {
    let mut scene = Scene::running(plain());
    signal(&mut scene, Signal::TERM);
    scene.give(Input::ServiceEnded { exit: Exit::Code(0), left_over: true });
    assert_eq!(signal(&mut scene, Signal::TERM), [Action::SignalRest(Signal::KILL)]);
}

#[test]
fn with_a_single_child_nothing_else_is_touched_or_waited_for() {
    let mut scene = Scene::running(Rules { single_child: true, ..plain() });
    let actions = scene.give(Input::ServiceEnded { exit: Exit::Code(4), left_over: true });
    assert_eq!(exit_code(&actions), Some(4));
    assert!(!actions.iter().any(|action| matches!(action, Action::SignalRest(_))));
}

#[test]
fn the_loader_is_swept_up_with_everything_else() {
    let mut scene = Scene::loading();
    let actions = scene.service_ends(0);
    assert!(actions.contains(&Action::SignalLoader(Signal::TERM)));
    assert!(actions.contains(&Action::SignalRest(Signal::TERM)));
    assert_eq!(scene.wait(), [Action::SignalLoader(Signal::KILL)]);
    assert_eq!(scene.now, 2 * SECOND);
    scene.give(Input::Alone);
    assert!(scene.supervisor.exited);
}

#[test]
fn a_loader_that_is_over_runs_again_when_it_is_wanted() {
    let mut scene = Scene::loading();
    scene.loader_ends(Exit::Code(0));
    assert_eq!(scene.give(Input::LoaderWanted), [Action::StartLoader]);
    assert_eq!(scene.give(Input::LoaderWanted), []);
    let mut scene = Scene::running(rules());
    assert_eq!(scene.give(Input::LoaderWanted), [], "there is none");
}

#[test]
fn a_loader_is_renewed_without_a_pause_and_without_being_charged_for_it() {
    let mut scene = Scene::loading();
    for _ in 0..20 {
        assert_eq!(scene.give(Input::LoaderRenewed), [Action::SignalLoader(Signal::TERM)]);
        assert!(has_started_loader(&scene.loader_ends(Exit::Signal(15))));
        scene.give(Input::LoaderStarted { pid: 21 });
    }
    scene.give(Input::LoaderRenewed);
    signal(&mut scene, Signal::TERM);
    assert!(!has_started_loader(&scene.loader_ends(Exit::Signal(15))));
}
