//! Hooks, codes that mean success, and what a daemon looks like.

use super::*;

fn ends(hook: Hook, code: u8) -> Input {
    Input::HookEnded { hook, exit: Exit::Code(code) }
}

fn prepared() -> Rules {
    Rules { before_start: true, ..rules() }
}

/// A supervisor whose `before_start` runs.
fn preparing(rules: Rules) -> Scene {
    let mut scene = Scene { supervisor: Supervisor::new(rules, 7), now: Duration::ZERO };
    assert_eq!(scene.give(Input::Begin), [Action::RunHook(Hook::BeforeStart)]);
    scene
}

#[test]
fn the_service_is_started_when_before_start_has_succeeded() {
    let mut scene = preparing(prepared());
    assert_eq!(scene.give(ends(Hook::BeforeStart, 0)), [Action::StartService]);
    scene.give(Input::ServiceStarted { pid: 10 });
    scene.service_ends(1);
    assert_eq!(scene.wait(), [Action::RunHook(Hook::BeforeStart)]);
}

#[test]
fn a_before_start_that_fails_is_a_start_that_fails() {
    let mut scene = preparing(prepared());
    for _ in 0..5 {
        let actions = scene.give(ends(Hook::BeforeStart, 9));
        let error = "`before_start` ended with exit code 9".to_owned();
        assert_eq!(events(&actions)[0], &What::ServiceFailed { error });
        assert!(matches!(events(&actions)[1], What::ServiceExited { restart_in_ms: Some(_), .. }));
        assert_eq!(scene.wait(), [Action::RunHook(Hook::BeforeStart)]);
    }
    scene.give(ends(Hook::BeforeStart, 9));
    assert_eq!(exit_code(&scene.give(Input::Alone)), Some(9));
}

#[test]
fn a_before_start_that_is_not_there_has_the_shells_code() {
    let mut scene = preparing(Rules { restart: Restart::Never, ..prepared() });
    let error = "no such hook".to_owned();
    scene.give(Input::Alone);
    let failed = Input::HookNotStarted { hook: Hook::BeforeStart, code: 127, error: error.clone() };
    let actions = scene.give(failed);
    assert_eq!(events(&actions)[0], &What::ServiceFailed { error });
    assert_eq!(exit_code(&actions), Some(127));
}

#[test]
fn a_stop_ends_before_start_and_starts_nothing() {
    let mut scene = preparing(prepared());
    let actions = scene.give(Input::Signal(Signal::TERM));
    assert!(actions.contains(&Action::SignalHook(Hook::BeforeStart, Signal::TERM)));
    assert_eq!(scene.supervisor.deadline(), Some(8 * SECOND));
    assert_eq!(scene.wait(), [Action::SignalHook(Hook::BeforeStart, Signal::KILL)]);
    scene.give(Input::Alone);
    let exit = Exit::Signal(9);
    let actions = scene.give(Input::HookEnded { hook: Hook::BeforeStart, exit });
    assert_eq!(exit_code(&actions), Some(137));
}

#[test]
fn the_stop_hook_stands_in_for_the_signal_inside_the_same_budget() {
    let mut scene = Scene::running(Rules { stop_hook: true, ..rules() });
    let actions = scene.give(Input::Signal(Signal::INT));
    assert_eq!(actions[1..], [Action::RunHook(Hook::Stop)]);
    assert_eq!(scene.give(ends(Hook::Stop, 0)), []);
    assert_eq!(scene.wait(), [Action::SignalService(Signal::KILL)]);
    assert_eq!(scene.now, 8 * SECOND);
}

#[test]
fn a_stop_hook_that_fails_falls_back_to_the_signal() {
    for (stop_signal, sent) in [(None, Signal::TERM), (Some(Signal::USR1), Signal::USR1)] {
        let mut scene = Scene::running(Rules { stop_hook: true, stop_signal, ..rules() });
        scene.give(Input::Signal(Signal::INT));
        let actions = scene.give(ends(Hook::Stop, 3));
        assert!(matches!(events(&actions)[0], What::Warning { .. }));
        assert_eq!(actions[1..], [Action::SignalService(sent)]);
    }
}

#[test]
fn a_stop_hook_that_fails_after_the_service_has_ended_is_nobodys_concern() {
    let mut scene = Scene::running(Rules { stop_hook: true, ..rules() });
    scene.give(Input::Signal(Signal::TERM));
    scene.service_ends(0);
    assert_eq!(scene.give(ends(Hook::Stop, 3)), []);
}

#[test]
fn the_stop_signal_is_the_configured_one_whatever_came() {
    let mut scene = Scene::running(Rules { stop_signal: Some(Signal::QUIT), ..rules() });
    let actions = scene.give(Input::Signal(Signal::TERM));
    assert_eq!(actions[1..], [Action::SignalService(Signal::QUIT)]);
}

#[test]
fn hup_and_control_reload_in_the_configured_way() {
    let reloads = |reload| {
        let mut scene = Scene::running(Rules { reload, ..rules() });
        let by_signal = scene.give(Input::Signal(Signal::HUP));
        assert_eq!(by_signal, scene.give(Input::Reload));
        by_signal
    };
    let usr1 = Signal::USR1;
    assert_eq!(reloads(Reload::Signal(Signal::HUP)), [Action::SignalService(Signal::HUP)]);
    assert_eq!(reloads(Reload::Signal(usr1)), [Action::SignalService(usr1)]);
    assert_eq!(reloads(Reload::Hook), [Action::RunHook(Hook::Reload)]);
}

#[test]
fn a_reload_that_fails_is_told_and_changes_nothing() {
    let mut scene = Scene::running(Rules { reload: Reload::Hook, ..rules() });
    scene.give(Input::Reload);
    let actions = scene.give(ends(Hook::Reload, 1));
    let message = "`reload` ended with exit code 1".to_owned();
    assert_eq!(actions, [Action::Tell(What::Warning { message })]);
    scene.give(Input::Signal(Signal::TERM));
    assert_eq!(scene.give(Input::Reload), []);
}

#[test]
fn a_code_that_means_success_is_none_to_restart_for_and_becomes_0() {
    let mut scene = Scene::running(Rules { success_codes: BTreeSet::from([143]), ..rules() });
    scene.give(Input::Alone);
    assert_eq!(exit_code(&scene.service_ends(143)), Some(0));
    let mut scene = Scene::running(Rules { success_codes: BTreeSet::from([143]), ..rules() });
    assert!(scene.service_ends(142).iter().any(|action| matches!(
        action,
        Action::Tell(What::ServiceExited { restart_in_ms: Some(_), .. })
    )));
}

#[test]
fn a_daemon_gets_a_hint_and_a_short_command_does_not() {
    let hints = |alone: bool, code, ran: Duration, left_over| {
        let mut scene = Scene::running(rules());
        scene.now = ran;
        if alone {
            scene.give(Input::Alone);
        }
        let exit = Exit::Code(code);
        let actions = scene.give(Input::ServiceEnded { exit, left_over });
        events(&actions)
            .iter()
            .any(|what| matches!(what, What::Warning { message } if message.contains("foreground")))
    };
    assert!(hints(false, 0, SECOND / 10, false));
    assert!(hints(false, 0, SECOND / 10, true));
    assert!(!hints(true, 0, SECOND / 10, false));
    assert!(!hints(false, 1, SECOND / 10, true));
    assert!(!hints(false, 0, 60 * SECOND, true));
}
