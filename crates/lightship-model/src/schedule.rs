//! The schedule: which tool is installed next. A pure machine: inputs in, actions out.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::manifest::{Source, Tool};
use crate::name::ToolName;
use crate::plan::{Decision, Planned};
use crate::waits::Waits;

/// What the loop tells the schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Begin,
    /// The attempt that was started has ended.
    Ended {
        tool: ToolName,
        outcome: Outcome,
    },
    /// The pause before another attempt is over.
    PauseOver {
        tool: ToolName,
    },
    /// Somebody wants this tool now: who runs its program, or the installer of another tool.
    Promote {
        tool: ToolName,
        needed_by: Option<ToolName>,
    },
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Installed,
    Failed { retry_can_help: bool },
}

/// What the loop has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Start {
        tool: ToolName,
        attempt: u32,
    },
    /// Tell the schedule [`Input::PauseOver`] after this time.
    Pause {
        tool: ToolName,
        pause: Duration,
    },
    /// No further attempt is made.
    Fail {
        tool: ToolName,
    },
    /// It can't be installed, because of the tool `because`.
    Skip {
        tool: ToolName,
        because: ToolName,
    },
    /// Nothing is left to do.
    Complete,
}

/// How much goes on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Attempts; at least one.
    pub attempts: usize,
    /// Attempts among those that compile, each of which would take every processor; at least one.
    /// Two at once bring the more urgent one late, and nothing much sooner (`docs/benchmarks.md`).
    pub compilers: usize,
}

/// The priority of what somebody waits for. It is not held back by what compiles already.
const URGENT: i32 = i32::MIN;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Dormant,
    Waiting,
    Running,
    Paused,
    Installed,
    Failed,
    Skipped,
}

#[derive(Clone, Debug)]
struct Item {
    requires: Vec<ToolName>,
    priority: i32,
    compiles: bool,
    retries: u32,
    attempts: u32,
    state: State,
    /// Tools that its installer waits for.
    stalled_by: Vec<ToolName>,
}

/// The state of a whole run.
#[derive(Clone, Debug)]
pub struct Schedule {
    limits: Limits,
    items: BTreeMap<ToolName, Item>,
}

impl Schedule {
    /// A schedule for `plan`.
    pub fn new(tools: &BTreeMap<ToolName, Tool>, plan: &[Planned], limits: Limits) -> Self {
        let items = plan
            .iter()
            .filter_map(|planned| {
                let tool = tools.get(&planned.tool)?;
                let state = match planned.decision {
                    Decision::Keep => State::Installed,
                    Decision::Install => State::Waiting,
                    Decision::Wait => State::Dormant,
                    Decision::Off => State::Skipped,
                };
                let item = Item {
                    requires: tool.requires.clone(),
                    priority: tool.priority,
                    compiles: matches!(tool.source, Source::Cargo(_)),
                    retries: tool.retries,
                    attempts: 0,
                    state,
                    stalled_by: Vec::new(),
                };
                Some((tool.name.clone(), item))
            })
            .collect();
        let limits =
            Limits { attempts: limits.attempts.max(1), compilers: limits.compilers.max(1) };
        let mut schedule = Self { limits, items };
        schedule.inherit_priorities();
        schedule
    }

    /// Decides what `input` means.
    pub fn step(&mut self, input: Input) -> Vec<Action> {
        let mut actions = Vec::new();
        match input {
            Input::Begin => {}
            Input::Ended { tool, outcome } => self.ended(&tool, outcome, &mut actions),
            Input::PauseOver { tool } => self.change(&tool, State::Paused, State::Waiting),
            Input::Promote { tool, needed_by } => {
                self.promote(&tool, URGENT);
                if let Some(installer) = needed_by.and_then(|name| self.items.get_mut(&name)) {
                    installer.stalled_by.push(tool);
                }
            }
        }
        self.skip(&mut actions);
        self.start(&mut actions);
        if self.is_complete() {
            actions.push(Action::Complete);
        }
        actions
    }

    /// Why each waiting tool waits; those that pause or wait to be asked for have been told of.
    pub fn waits(&self) -> BTreeMap<ToolName, Waits> {
        let waiting = self.items.iter().filter(|(_, item)| item.state == State::Waiting);
        waiting.map(|(name, item)| (name.clone(), self.why(item))).collect()
    }

    fn why(&self, item: &Item) -> Waits {
        if let Some(required) = item.requires.iter().find(|name| !self.is_installed(name)) {
            return Waits::Requires(required.clone());
        }
        if let Some(busy) = self.held_back_by(item) {
            return Waits::Compiler(busy.clone());
        }
        // The least urgent of those that go first: this answer changes the least often.
        let first = self.ready().into_iter().rev().find(|(urgency, _)| *urgency < item.priority);
        first.map_or(Waits::Slot, |(_, tool)| Waits::Priority(tool))
    }

    /// Whether nothing is left to do.
    pub fn is_complete(&self) -> bool {
        let busy =
            |item: &Item| matches!(item.state, State::Waiting | State::Running | State::Paused);
        !self.items.values().any(busy)
    }

    fn change(&mut self, tool: &ToolName, from: State, to: State) {
        if let Some(item) = self.items.get_mut(tool).filter(|item| item.state == from) {
            item.state = to;
        }
    }

    fn ended(&mut self, tool: &ToolName, outcome: Outcome, actions: &mut Vec<Action>) {
        let running = |item: &&mut Item| item.state == State::Running;
        let Some(item) = self.items.get_mut(tool).filter(running) else { return };
        item.stalled_by.clear();
        match outcome {
            Outcome::Installed => item.state = State::Installed,
            Outcome::Failed { retry_can_help: true } if item.attempts <= item.retries => {
                item.state = State::Paused;
                let pause = pause_after(item.attempts);
                actions.push(Action::Pause { tool: tool.clone(), pause });
            }
            Outcome::Failed { .. } => {
                item.state = State::Failed;
                actions.push(Action::Fail { tool: tool.clone() });
            }
        }
    }

    /// Puts a tool, and what it needs, at the head of the queue; failed ones are tried anew.
    fn promote(&mut self, tool: &ToolName, priority: i32) {
        let Some(item) = self.items.get_mut(tool) else { return };
        match item.state {
            State::Dormant | State::Failed | State::Skipped => {
                item.state = State::Waiting;
                item.attempts = 0;
            }
            State::Paused => item.state = State::Waiting,
            State::Waiting | State::Running => {}
            State::Installed => return,
        }
        item.priority = item.priority.min(priority);
        for required in item.requires.clone() {
            self.promote(&required, priority);
        }
    }

    /// Skips every waiting tool whose requirement will not come, until no more follow.
    fn skip(&mut self, actions: &mut Vec<Action>) {
        loop {
            let hopeless = self.items.iter().find_map(|(name, item)| {
                let lost = |required: &&ToolName| {
                    let state = self.items.get(*required).map_or(State::Failed, |item| item.state);
                    matches!(state, State::Failed | State::Skipped)
                };
                let waits = item.state == State::Waiting;
                let because = item.requires.iter().find(lost).filter(|_| waits)?;
                Some((name.clone(), because.clone()))
            });
            let Some((tool, because)) = hopeless else { return };
            self.change(&tool, State::Waiting, State::Skipped);
            actions.push(Action::Skip { tool, because });
        }
    }

    fn start(&mut self, actions: &mut Vec<Action>) {
        for (_, tool) in self.ready() {
            if self.at_work().count() >= self.limits.attempts {
                return;
            }
            let held_back = self.items.get(&tool).is_some_and(|it| self.held_back_by(it).is_some());
            if let Some(item) = self.items.get_mut(&tool).filter(|_| !held_back) {
                item.state = State::Running;
                item.attempts += 1;
                actions.push(Action::Start { tool, attempt: item.attempts });
            }
        }
    }

    /// Attempts that take a slot: one that waits for another tool takes none, as that may need it.
    fn at_work(&self) -> impl Iterator<Item = (&ToolName, &Item)> {
        self.items.iter().filter(|(_, item)| item.state == State::Running && !self.is_stalled(item))
    }

    /// What compiles now, and has to come to its end before `item` may begin.
    fn held_back_by(&self, item: &Item) -> Option<&ToolName> {
        if !item.compiles || item.priority == URGENT {
            return None;
        }
        let mut compiling = self.at_work().filter(|(_, item)| item.compiles);
        let last = compiling.nth(self.limits.compilers - 1)?;
        Some(last.0)
    }

    /// What only waits for a slot, in the order in which it gets one.
    fn ready(&self) -> Vec<(i32, ToolName)> {
        let mut ready: Vec<(i32, ToolName)> = self
            .items
            .iter()
            .filter(|(_, item)| item.state == State::Waiting && self.has_requirements(item))
            .map(|(name, item)| (item.priority, name.clone()))
            .collect();
        ready.sort();
        ready
    }

    fn is_stalled(&self, item: &Item) -> bool {
        let comes = |name: &ToolName| {
            let state = self.items.get(name).map(|item| item.state);
            matches!(state, Some(State::Waiting | State::Running | State::Paused))
        };
        item.stalled_by.iter().any(comes)
    }

    fn has_requirements(&self, item: &Item) -> bool {
        item.requires.iter().all(|name| self.is_installed(name))
    }

    fn is_installed(&self, name: &ToolName) -> bool {
        self.items.get(name).is_some_and(|item| item.state == State::Installed)
    }

    /// What an urgent tool requires is as urgent as the tool.
    fn inherit_priorities(&mut self) {
        for _ in 0..self.items.len() {
            let mut urgent = Vec::new();
            for item in self.items.values() {
                urgent.extend(item.requires.iter().map(|name| (name.clone(), item.priority)));
            }
            for (name, priority) in urgent {
                if let Some(item) = self.items.get_mut(&name) {
                    item.priority = item.priority.min(priority);
                }
            }
        }
    }
}

/// 2 s, 8 s, 32 s, then a minute: long enough for a registry to recover, short enough to watch.
fn pause_after(attempts: u32) -> Duration {
    let factor = 4u64.saturating_pow(attempts.saturating_sub(1));
    Duration::from_secs(2u64.saturating_mul(factor).min(60))
}

#[cfg(test)]
mod tests;
