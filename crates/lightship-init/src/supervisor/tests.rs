//! The supervisor as a table of sentences: no process, no clock.

use std::collections::{BTreeMap, BTreeSet};

use lightship_model::manifest::{Backoff, Restart};
use proptest::prelude::*;

use super::*;

mod hooks;
mod stop;
mod watch;

const SECOND: Duration = Duration::from_secs(1);

fn rules() -> Rules {
    Rules {
        command: vec!["service".to_owned()],
        restart: Restart::OnFailure,
        ready: ReadyBy::Running,
        ready_timeout: 60 * SECOND,
        live: None,
        backoff: Backoff::default(),
        before_start: false,
        stop_hook: false,
        stop_signal: None,
        reload: Reload::Signal(Signal::HUP),
        supervised: true,
        stop_timeout: 8 * SECOND,
        single_child: false,
        rewrites: BTreeMap::new(),
        suspends: false,
        success_codes: BTreeSet::new(),
        loader: false,
    }
}

fn with_loader() -> Rules {
    Rules { loader: true, ..rules() }
}

fn probed() -> Rules {
    Rules { ready: ReadyBy::Probe, ..with_loader() }
}

/// A supervisor at a point in time.
struct Scene {
    supervisor: Supervisor,
    now: Duration,
}

impl Scene {
    fn new(rules: Rules) -> Self {
        let mut scene = Self { supervisor: Supervisor::new(rules, 7), now: Duration::ZERO };
        assert!(scene.give(Input::Begin).contains(&Action::StartService));
        scene
    }

    /// A service that runs (and is ready, when there is no probe).
    fn running(rules: Rules) -> Self {
        let mut scene = Self::new(rules);
        scene.give(Input::ServiceStarted { pid: 10 });
        scene
    }

    /// A service and a loader that run.
    fn loading() -> Self {
        let mut scene = Self::running(with_loader());
        scene.give(Input::LoaderStarted { pid: 20 });
        scene
    }

    fn give(&mut self, input: Input) -> Vec<Action> {
        self.supervisor.step(input, self.now)
    }

    /// Lets the time go on to the next deadline.
    fn wait(&mut self) -> Vec<Action> {
        self.now = self.supervisor.deadline().expect("nothing to wait for");
        self.give(Input::Time)
    }

    fn wait_until(&mut self, now: Duration) -> Vec<Action> {
        let mut actions = Vec::new();
        while let Some(deadline) = self.supervisor.deadline().filter(|at| *at <= now) {
            self.now = deadline;
            actions.extend(self.give(Input::Time));
        }
        self.now = now;
        actions
    }

    /// The service ends, and nothing is left but the loader, if there is one.
    fn service_ends_with(&mut self, exit: Exit) -> Vec<Action> {
        if !self.supervisor.rules.loader {
            assert_eq!(self.give(Input::Alone), []);
        }
        self.give(Input::ServiceEnded { exit, left_over: false })
    }

    fn service_ends(&mut self, code: u8) -> Vec<Action> {
        self.service_ends_with(Exit::Code(code))
    }

    fn loader_ends(&mut self, exit: Exit) -> Vec<Action> {
        self.give(Input::LoaderEnded { exit })
    }

    /// The last process of all ends.
    fn alone(&mut self) -> Option<u8> {
        exit_code(&self.give(Input::Alone))
    }
}

fn events(actions: &[Action]) -> Vec<&What> {
    let mut events = Vec::new();
    for action in actions {
        if let Action::Tell(what) = action {
            events.push(what);
        }
    }
    events
}

fn exit_code(actions: &[Action]) -> Option<u8> {
    actions.iter().find_map(|action| match action {
        Action::Exit(code) => Some(*code),
        _ => None,
    })
}

fn has_started_loader(actions: &[Action]) -> bool {
    actions.contains(&Action::StartLoader)
}

// Starting and ending.

#[test]
fn a_service_that_ends_well_ends_lightship_with_its_code() {
    let mut scene = Scene::running(rules());
    assert_eq!(exit_code(&scene.service_ends(0)), Some(0));
    assert_eq!(scene.supervisor.deadline(), None);
}

#[test]
fn a_signals_code_is_the_shells() {
    let mut scene = Scene::running(Rules { restart: Restart::Never, ..rules() });
    assert_eq!(exit_code(&scene.service_ends_with(Exit::Signal(9))), Some(137));
}

#[test]
fn an_idle_supervisor_waits_for_nothing() {
    let mut scene = Scene::loading();
    scene.loader_ends(Exit::Code(0));
    assert_eq!(scene.supervisor.deadline(), None);
}

#[test]
fn what_is_left_of_the_group_is_asked_then_killed_before_the_service_comes_back() {
    let mut scene = Scene::running(rules());
    let actions = scene.give(Input::ServiceEnded { exit: Exit::Code(3), left_over: true });
    assert!(actions.contains(&Action::SignalService(Signal::TERM)));
    assert_eq!(scene.wait(), [Action::SignalService(Signal::KILL)]);
    assert_eq!(scene.now, SECOND);
    scene.give(Input::GroupGone);
    assert_eq!(scene.wait(), [Action::StartService]);
}

#[test]
fn other_codes_can_mean_success() {
    let success_codes = BTreeSet::from([143]);
    let mut scene = Scene::running(Rules { success_codes, ..rules() });
    assert_eq!(exit_code(&scene.service_ends_with(Exit::Signal(15))), Some(0));
}

// Restarts.

#[test]
fn the_policy_decides_on_the_restart() {
    for (restart, code, again) in [
        (Restart::Always, 0, true),
        (Restart::Always, 1, true),
        (Restart::OnFailure, 0, false),
        (Restart::OnFailure, 1, true),
        (Restart::Never, 1, false),
    ] {
        let mut scene = Scene::running(Rules { restart, ..rules() });
        let actions = scene.service_ends(code);
        assert_eq!(exit_code(&actions), (!again).then_some(code), "{restart:?} {code}");
        if again {
            assert_eq!(scene.wait(), [Action::StartService]);
        }
    }
}

#[test]
fn a_service_that_never_holds_ends_lightship_with_its_last_code() {
    let mut scene = Scene::running(rules());
    for code in 1..=5 {
        assert_eq!(exit_code(&scene.service_ends(code)), None);
        scene.wait();
        scene.give(Input::ServiceStarted { pid: 10 });
    }
    assert_eq!(exit_code(&scene.service_ends(6)), Some(6));
}

#[test]
fn a_service_that_can_t_be_executed_is_an_exit_with_the_shells_code() {
    let mut scene = Scene::new(Rules { restart: Restart::Never, ..rules() });
    let error = "no such file".to_owned();
    scene.give(Input::Alone);
    let actions = scene.give(Input::ServiceNotStarted { code: 127, error: error.clone() });
    let exit = Exit::Code(127);
    assert_eq!(
        events(&actions),
        [&What::ServiceFailed { error }, &What::ServiceExited { exit, restart_in_ms: None }]
    );
    assert_eq!(exit_code(&actions), Some(127));
}

// Readiness.

#[test]
fn without_a_probe_a_service_is_ready_once_it_runs() {
    let mut scene = Scene::new(with_loader());
    let actions = scene.give(Input::ServiceStarted { pid: 10 });
    assert!(events(&actions).contains(&&What::ServiceReady { pid: 10, after_ms: 0 }));
    assert!(has_started_loader(&actions));
}

#[test]
fn probes_go_on_with_growing_pauses_until_one_succeeds() {
    let mut scene = Scene::running(probed());
    let mut pauses = Vec::new();
    for attempt in 1..=8 {
        assert_eq!(scene.give(Input::Probed { attempt, good: false }), []);
        let before = scene.now;
        assert_eq!(scene.wait(), [Action::Probe { attempt: attempt + 1, asks: Asks::Ready }]);
        pauses.push(scene.now.saturating_sub(before).as_millis());
    }
    assert_eq!(pauses, [20, 40, 80, 160, 320, 500, 500, 500]);
    let actions = scene.give(Input::Probed { attempt: 9, good: true });
    assert!(events(&actions).contains(&&What::ServiceReady { pid: 10, after_ms: 2120 }));
    assert!(has_started_loader(&actions));
}

#[test]
fn a_probe_that_hangs_is_ended_and_its_late_answer_is_not_believed() {
    let mut scene = Scene::running(probed());
    assert_eq!(scene.wait(), [Action::EndProbe { attempt: 1 }]);
    assert_eq!(scene.now, 5 * SECOND);
    assert_eq!(scene.give(Input::Probed { attempt: 1, good: true }), []);
    scene.wait();
    assert_eq!(scene.give(Input::Probed { attempt: 1, good: true }), []);
    assert_eq!(events(&scene.give(Input::Probed { attempt: 2, good: true })).len(), 1);
}

#[test]
fn a_late_service_is_told_once_and_tools_are_loaded_all_the_same() {
    let mut scene = Scene::running(probed());
    let actions = scene.wait_until(100 * SECOND);
    let late = |what: &&&What| matches!(what, What::ServiceLate { .. });
    assert_eq!(events(&actions).iter().filter(late).count(), 1);
    assert_eq!(actions.iter().filter(|action| **action == Action::StartLoader).count(), 1);
    assert!(actions.iter().any(|action| matches!(action, Action::Probe { .. })));
}

#[test]
fn tools_are_loaded_in_the_end_when_the_service_crashes_before_it_is_ready() {
    let mut scene = Scene::running(Rules { restart: Restart::Always, ..probed() });
    let mut loaded = false;
    for _ in 0..5 {
        let exit = scene.now + 20 * SECOND;
        loaded |= has_started_loader(&scene.wait_until(exit));
        scene.service_ends(1);
        let again = scene.now + 31 * SECOND;
        loaded |= has_started_loader(&scene.wait_until(again));
        scene.give(Input::ServiceStarted { pid: 11 });
    }
    assert!(loaded);
}

#[test]
fn a_restarted_service_has_to_become_ready_anew() {
    let mut scene = Scene::running(probed());
    scene.give(Input::Probed { attempt: 1, good: true });
    scene.give(Input::LoaderStarted { pid: 20 });
    scene.service_ends(1);
    scene.wait();
    let actions = scene.give(Input::ServiceStarted { pid: 11 });
    assert!(actions.contains(&Action::Probe { attempt: 2, asks: Asks::Ready }));
    assert!(!has_started_loader(&scene.give(Input::Probed { attempt: 2, good: true })));
}

#[test]
fn a_service_that_ends_takes_its_probe_with_it() {
    let mut scene = Scene::running(probed());
    assert!(scene.service_ends(1).contains(&Action::EndProbe { attempt: 1 }));
}

// The loader.

#[test]
fn a_loader_that_crashed_loses_its_session_and_comes_back() {
    let mut scene = Scene::loading();
    let actions = scene.loader_ends(Exit::Signal(9));
    assert_eq!(actions[0], Action::SignalLoader(Signal::KILL));
    let [What::LoaderExited { restart_in_ms: Some(500..=550), .. }] = events(&actions)[..] else {
        panic!("{actions:?}")
    };
    assert_eq!(scene.wait(), [Action::StartLoader]);
}

#[test]
fn a_loader_that_ends_well_is_done() {
    for (complete, exit) in [(false, 0), (true, 0), (true, 1)] {
        let mut scene = Scene::loading();
        if complete {
            scene.give(Input::LoadComplete);
        }
        let actions = scene.loader_ends(Exit::Code(exit));
        assert_eq!(actions[0], Action::SignalLoader(Signal::KILL));
        assert_eq!(events(&actions).len(), 1, "{actions:?}");
        assert_eq!(scene.supervisor.deadline(), None);
    }
}

#[test]
fn a_loader_that_crashes_for_ever_is_given_up_and_the_service_goes_on() {
    let mut scene = Scene::loading();
    for _ in 0..5 {
        scene.loader_ends(Exit::Signal(11));
        assert_eq!(scene.wait(), [Action::StartLoader]);
        scene.give(Input::LoaderStarted { pid: 21 });
    }
    let actions = scene.loader_ends(Exit::Signal(11));
    let told = events(&actions);
    assert!(matches!(told[0], What::LoaderExited { restart_in_ms: None, .. }));
    assert!(matches!(told[1], What::Warning { .. }));
    assert_eq!((exit_code(&actions), scene.supervisor.deadline()), (None, None));
}

#[test]
fn a_wrong_manifest_and_a_bad_directory_are_not_tried_again() {
    for code in [3, 73] {
        let mut scene = Scene::loading();
        let actions = scene.loader_ends(Exit::Code(code));
        assert!(matches!(events(&actions)[1], What::Warning { .. }));
        assert_eq!(scene.supervisor.deadline(), None);
    }
}

#[test]
fn a_loader_that_is_not_there_does_not_end_the_service() {
    let mut scene = Scene::running(with_loader());
    let error = "no loader".to_owned();
    let actions = scene.give(Input::LoaderNotStarted { code: 127, error: error.clone() });
    assert_eq!(events(&actions)[0], &What::Warning { message: error });
    assert_eq!((exit_code(&actions), scene.supervisor.deadline()), (None, None));
}

// Whatever happens.

fn any_hook() -> impl Strategy<Value = Hook> {
    prop::sample::select(vec![Hook::BeforeStart, Hook::Stop, Hook::Reload])
}

/// Rules with everything that a manifest can ask for, or with as little of it.
fn any_rules() -> impl Strategy<Value = Rules> {
    let ready = prop::sample::select(vec![ReadyBy::Running, ReadyBy::Probe, ReadyBy::Itself]);
    (ready, any::<[bool; 4]>()).prop_map(|(ready, [live, before_start, stop_hook, reload])| Rules {
        ready,
        live: live.then_some(LiveRules { period: SECOND, timeout: SECOND, failures: 2 }),
        before_start,
        stop_hook,
        reload: if reload { Reload::Hook } else { Reload::Signal(Signal::HUP) },
        ..with_loader()
    })
}

fn any_input() -> impl Strategy<Value = Input> {
    let signal = prop::sample::select(vec![Signal::TERM, Signal::HUP, Signal::QUIT]);
    let exit = prop_oneof![(0u8..4).prop_map(Exit::Code), Just(Exit::Signal(9))];
    prop_oneof![
        Just(Input::ServiceStarted { pid: 10 }),
        Just(Input::ServiceNotStarted { code: 127, error: String::new() }),
        (exit.clone(), any::<bool>())
            .prop_map(|(exit, left_over)| Input::ServiceEnded { exit, left_over }),
        Just(Input::GroupGone),
        (1u64..4, any::<bool>()).prop_map(|(attempt, good)| Input::Probed { attempt, good }),
        Just(Input::LoaderStarted { pid: 20 }),
        Just(Input::LoadComplete),
        exit.prop_map(|exit| Input::LoaderEnded { exit }),
        signal.prop_map(Input::Signal),
        Just(Input::Stop { reason: "x" }),
        Just(Input::Alone),
        Just(Input::LoaderWanted),
        Just(Input::LoaderRenewed),
        Just(Input::ServiceSuspended),
        Just(Input::ToldReady),
        Just(Input::ToldStopping),
        Just(Input::Reload),
        (any_hook(), any::<bool>()).prop_map(|(hook, good)| {
            Input::HookEnded { hook, exit: Exit::Code(u8::from(!good)) }
        }),
        any_hook()
            .prop_map(|hook| { Input::HookNotStarted { hook, code: 127, error: String::new() } }),
        Just(Input::Time),
    ]
}

proptest! {
    #[test]
    fn nothing_is_started_after_a_stop_and_a_stop_always_ends(
        rules in any_rules(),
        inputs in prop::collection::vec((any_input(), 0u64..3000), 0..40),
    ) {
        let mut scene = Scene { supervisor: Supervisor::new(rules, 7), now: Duration::ZERO };
        scene.give(Input::Begin);
        for (input, pause) in inputs {
            scene.now += Duration::from_millis(pause);
            scene.give(input);
        }
        let mut actions = scene.give(Input::Signal(Signal::TERM));
        // Starts that were asked for before the stop are answered.
        actions.extend(scene.give(Input::ServiceStarted { pid: 11 }));
        actions.extend(scene.give(Input::LoaderStarted { pid: 21 }));
        let mut turns = 0;
        while scene.supervisor.deadline().is_some() {
            actions.extend(scene.wait());
            turns += 1;
            prop_assert!(turns < 20, "it never ends");
        }
        prop_assert!(scene.supervisor.exited);
        prop_assert!(!actions.contains(&Action::StartService));
        prop_assert!(!actions.contains(&Action::RunHook(Hook::BeforeStart)));
        prop_assert!(!has_started_loader(&actions));
    }
}
