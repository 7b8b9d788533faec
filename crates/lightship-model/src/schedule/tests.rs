use proptest::prelude::*;

use super::*;
use crate::key::{Platform, keys};
use crate::manifest::{Manifest, Text};
use crate::plan::{Scope, plan};

fn schedule(text: &str, slots: usize) -> Schedule {
    limited(text, Limits { attempts: slots, compilers: slots })
}

fn limited(text: &str, limits: Limits) -> Schedule {
    let manifest = Manifest::load(Text::new("m", text), |_, _| Err(String::new())).unwrap();
    let platform =
        Platform { arch: String::new(), libc: String::new(), python: None, store: String::new() };
    let keys = keys(&manifest.tools, &platform);
    let plan = plan(&manifest, &keys, BTreeMap::new(), &Scope::Deferred);
    Schedule::new(&manifest.tools, &plan, limits)
}

fn tool(name: &str, more: &str) -> String {
    format!("[tools.{name}]\nscript = {{ run = [\"x\"] }}\n{more}\n")
}

fn name(text: &str) -> ToolName {
    text.parse().unwrap()
}

fn start(text: &str, attempt: u32) -> Action {
    Action::Start { tool: name(text), attempt }
}

fn ended(text: &str, outcome: Outcome) -> Input {
    Input::Ended { tool: name(text), outcome }
}

const FAILED: Outcome = Outcome::Failed { retry_can_help: false };
const FLAKED: Outcome = Outcome::Failed { retry_can_help: true };

#[test]
fn a_requirement_goes_first_and_its_ready_dependant_before_lower_priorities() {
    let text = tool("rust", "")
        + &tool("ck", "priority = 2\nrequires = [\"rust\"]")
        + &tool("big", "priority = 4");
    let mut schedule = schedule(&text, 1);
    assert_eq!(schedule.step(Input::Begin), [start("rust", 1)]);
    assert_eq!(schedule.step(ended("rust", Outcome::Installed)), [start("ck", 1)]);
    assert_eq!(schedule.step(ended("ck", Outcome::Installed)), [start("big", 1)]);
    assert_eq!(schedule.step(ended("big", Outcome::Installed)), [Action::Complete]);
}

#[test]
fn several_run_at_once_but_no_more_than_there_are_slots() {
    let mut schedule = schedule(&(tool("a", "") + &tool("b", "") + &tool("c", "")), 2);
    assert_eq!(schedule.step(Input::Begin), [start("a", 1), start("b", 1)]);
    assert_eq!(schedule.step(ended("b", Outcome::Installed)), [start("c", 1)]);
}

#[test]
fn compilers_take_turns_while_others_go_on_but_who_is_waited_for_goes_at_once() {
    let compiled = |name: &str, more: &str| {
        format!("[tools.{name}]\ncargo = {{ package = \"x\", version = \"1.0.0\" }}\n{more}\n")
    };
    let text = compiled("a", "priority = 1")
        + &compiled("b", "priority = 2")
        + &compiled("c", "priority = 3")
        + &tool("d", "priority = 4");
    let mut schedule = limited(&text, Limits { attempts: 4, compilers: 1 });
    assert_eq!(schedule.step(Input::Begin), [start("a", 1), start("d", 1)]);
    let waits = [("b", Waits::Compiler(name("a"))), ("c", Waits::Compiler(name("a")))];
    assert_eq!(schedule.waits(), waits.map(|(tool, why)| (name(tool), why)).into());
    let wanted = Input::Promote { tool: name("c"), needed_by: None };
    assert_eq!(schedule.step(wanted), [start("c", 1)]);
    assert_eq!(schedule.step(ended("a", Outcome::Installed)), []);
    assert_eq!(schedule.step(ended("c", Outcome::Installed)), [start("b", 1)]);
    assert_eq!(schedule.step(ended("d", Outcome::Installed)), []);
    assert_eq!(schedule.step(ended("b", Outcome::Installed)), [Action::Complete]);
}

#[test]
fn a_failure_skips_everything_above_it_and_nothing_else() {
    let text = tool("a", "")
        + &tool("b", "requires = [\"a\"]")
        + &tool("c", "requires = [\"b\"]")
        + &tool("d", "");
    let mut schedule = schedule(&text, 1);
    schedule.step(Input::Begin);
    let actions = schedule.step(ended("a", FAILED));
    assert_eq!(
        actions,
        [
            Action::Fail { tool: name("a") },
            Action::Skip { tool: name("b"), because: name("a") },
            Action::Skip { tool: name("c"), because: name("b") },
            start("d", 1),
        ]
    );
}

#[test]
fn attempts_are_made_again_after_growing_pauses_until_the_retries_are_spent() {
    let mut schedule = schedule(&tool("a", "retries = 1"), 1);
    schedule.step(Input::Begin);
    let pause = Duration::from_secs(2);
    assert_eq!(schedule.step(ended("a", FLAKED)), [Action::Pause { tool: name("a"), pause }]);
    assert!(!schedule.is_complete());
    assert_eq!(schedule.step(Input::PauseOver { tool: name("a") }), [start("a", 2)]);
    let end = [Action::Fail { tool: name("a") }, Action::Complete];
    assert_eq!(schedule.step(ended("a", FLAKED)), end);
}

#[test]
fn a_promoted_tool_wakes_with_its_requirements_and_jumps_the_queue() {
    let text = tool("a", "priority = 1")
        + &tool("b", "priority = 2")
        + &tool("r", "load = \"on-demand\"")
        + &tool("x", "load = \"on-demand\"\nrequires = [\"r\"]");
    let mut schedule = schedule(&text, 1);
    assert_eq!(schedule.step(Input::Begin), [start("a", 1)]);
    assert_eq!(schedule.step(Input::Promote { tool: name("x"), needed_by: None }), []);
    assert_eq!(schedule.step(ended("a", Outcome::Installed)), [start("r", 1)]);
    assert_eq!(schedule.step(ended("r", Outcome::Installed)), [start("x", 1)]);
}

/// What `waits` says, a line a tool.
fn waits(schedule: &Schedule) -> Vec<String> {
    schedule.waits().iter().map(|(name, waits)| format!("{name} {waits}")).collect()
}

#[test]
fn every_waiting_tool_says_why_it_waits() {
    let text = tool("a", "priority = 1")
        + &tool("b", "priority = 2")
        + &tool("c", "priority = 3")
        + &tool("d", "priority = 3")
        + &tool("e", "priority = 1\nrequires = [\"c\"]")
        + &tool("later", "load = \"on-demand\"");
    let mut schedule = schedule(&text, 1);
    schedule.step(Input::Begin);
    // `c` is as urgent as `e`, which requires it.
    let mut wanted =
        ["b waits for a slot, after c", "c waits for a slot", "d waits for a slot, after b"]
            .map(str::to_owned)
            .to_vec();
    wanted.push("e waits for c".to_owned());
    assert_eq!(waits(&schedule), wanted);
    schedule.step(ended("a", Outcome::Installed));
    wanted[0] = "b waits for a slot".to_owned();
    wanted.remove(1);
    assert_eq!(waits(&schedule), wanted);
    schedule.step(Input::Promote { tool: name("later"), needed_by: None });
    let line = "d waits for a slot, after b";
    assert!(waits(&schedule).iter().any(|waits| waits == line));
    assert!(waits(&schedule).iter().any(|waits| waits == "b waits for a slot, after later"));
}

#[test]
fn a_tool_that_pauses_or_runs_or_is_done_waits_for_nothing() {
    let mut schedule = schedule(&(tool("a", "retries = 1") + &tool("b", "")), 2);
    assert_eq!(waits(&schedule).len(), 2);
    schedule.step(Input::Begin);
    schedule.step(ended("a", FLAKED));
    schedule.step(ended("b", Outcome::Installed));
    assert_eq!(waits(&schedule), [""; 0]);
}

#[test]
fn what_a_tool_is_said_to_wait_for_changes_a_few_times_only() {
    let text: String = (10..40)
        .map(|priority| tool(&format!("t{priority}"), &format!("priority = {priority}")))
        .collect();
    let mut schedule = schedule(&text, 1);
    let (mut told, mut news) = (BTreeMap::new(), 0);
    let mut actions = schedule.step(Input::Begin);
    while let Some(Action::Start { tool, .. }) = actions.pop() {
        let waits = schedule.waits();
        news += waits.iter().filter(|(name, waits)| told.get(*name) != Some(*waits)).count();
        told = waits;
        actions = schedule.step(Input::Ended { tool, outcome: Outcome::Installed });
    }
    // Once to say who goes first, once that nobody does any more.
    assert!((29..=58).contains(&news), "{news}");
}

#[test]
fn with_nothing_to_do_it_is_complete_at_once() {
    assert_eq!(schedule("", 2).step(Input::Begin), [Action::Complete]);
}

proptest! {
    /// Whatever order attempts end in and however they end: no tool starts before what it
    /// requires, the slots are never exceeded, and every run comes to its end.
    #[test]
    fn every_run_ends_in_order(
        edges in proptest::collection::vec((0usize..8, 0usize..8), 0..12),
        outcomes in proptest::collection::vec(0u8..4, 64),
        slots in 1usize..4,
    ) {
        let mut text = String::new();
        for index in 0..8 {
            // Edges lead to lower numbers alone: no cycle.
            let requires: std::collections::BTreeSet<String> = edges
                .iter()
                .filter(|(from, to)| *from == index && to < from)
                .map(|(_, to)| format!("\"t{to}\""))
                .collect();
            let requires: Vec<String> = requires.into_iter().collect();
            text += &tool(&format!("t{index}"), &format!("requires = [{}]", requires.join(",")));
        }
        let mut schedule = schedule(&text, slots);
        let mut running: Vec<ToolName> = Vec::new();
        let mut paused: Vec<ToolName> = Vec::new();
        let mut outcomes = outcomes.into_iter().cycle();
        let mut actions = schedule.step(Input::Begin);
        for _ in 0..200 {
            for action in actions.drain(..) {
                match action {
                    Action::Start { tool, .. } => {
                        prop_assert!(schedule.has_requirements(&schedule.items[&tool]));
                        running.push(tool);
                    }
                    Action::Pause { tool, .. } => paused.push(tool),
                    Action::Fail { .. } | Action::Skip { .. } => {}
                    Action::Complete => {
                        prop_assert!(running.is_empty() && paused.is_empty());
                        return Ok(());
                    }
                }
            }
            prop_assert!(running.len() <= slots);
            actions = if let Some(tool) = running.pop() {
                let outcome = match outcomes.next() {
                    Some(0) => FAILED,
                    Some(1) => FLAKED,
                    _ => Outcome::Installed,
                };
                schedule.step(Input::Ended { tool, outcome })
            } else {
                let tool = paused.pop();
                prop_assert!(tool.is_some(), "nothing runs, nothing waits, and no end");
                schedule.step(Input::PauseOver { tool: tool.unwrap() })
            };
        }
        prop_assert!(false, "the run never ended");
    }
}

#[test]
fn an_attempt_whose_installer_waits_for_another_tool_leaves_its_slot_to_it() {
    let on_demand = "load = \"on-demand\"";
    let text = tool("a", "") + &tool("b", "") + &tool("c", on_demand);
    let mut schedule = schedule(&text, 1);
    assert_eq!(schedule.step(Input::Begin), [start("a", 1)]);
    let promote = Input::Promote { tool: name("c"), needed_by: Some(name("a")) };
    assert_eq!(schedule.step(promote), [start("c", 1)]);
    assert_eq!(schedule.step(ended("c", Outcome::Installed)), [], "then it goes on");
    assert_eq!(schedule.step(ended("a", Outcome::Installed)), [start("b", 1)]);
}
