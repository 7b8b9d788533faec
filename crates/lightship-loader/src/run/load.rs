//! The loading itself: performs what the schedule decides, and tells, notes and publishes what
//! came of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use lightship_model::event::{Event, LoaderCommand, PlannedTool, ToolChange, What};
use lightship_model::key::Key;
use lightship_model::name::ToolName;
use lightship_model::plan::{Decision, Planned, Scope};
use lightship_model::receipt::Receipt;
use lightship_model::schedule::{Action, Input, Outcome, Schedule};
use lightship_model::state::ToolStatus;
use lightship_model::time::Timestamp;
use lightship_model::waits::Waits;

use super::notes::Notes;
use super::overflow::Shared;
use super::{Loaded, Summary, wait_for_lock};
use crate::clock::now;
use crate::error::{LoaderError, Result};
use crate::install::{InstallError, Runner};
use crate::observe::{Observed, estimate, installed_at};
use crate::store::audit::Act;
use crate::store::{DirLock, links};
use crate::{Options, warn};

/// What the loop waits for.
enum Message {
    Ended {
        tool: ToolName,
        attempt: u32,
        started: Timestamp,
        result: Result<Box<Receipt>, InstallError>,
    },
    PauseOver {
        tool: ToolName,
    },
    Command(LoaderCommand),
}

pub(super) struct Load<'a> {
    options: &'a Options,
    runner: Arc<Runner>,
    overflow: Shared,
    keys: BTreeMap<ToolName, Key>,
    /// Receipts of all tools that are installed.
    holding: BTreeMap<ToolName, Receipt>,
    changes: BTreeMap<ToolName, ToolChange>,
    /// Of tools that are not installed: the last attempt's number and error.
    errors: BTreeMap<ToolName, (u32, String)>,
    schedule: Schedule,
    /// What waiting tools were last said to wait for.
    waits: BTreeMap<ToolName, Waits>,
    notes: Notes,
    /// Tools go to the local directory.
    local: bool,
    /// Nothing can be installed anywhere, and so there is nothing to lock.
    nowhere: bool,
    started: Timestamp,
    /// How many were taken.
    commands: usize,
    /// Without it nothing in the directory is changed but the audit trail.
    lock: Option<DirLock>,
    sender: Sender<Message>,
    receiver: Receiver<Message>,
}

/// What a first look at the directory came to.
pub(super) struct Looked {
    pub(super) started: Timestamp,
    pub(super) keys: BTreeMap<ToolName, Key>,
    pub(super) observed: Observed,
    pub(super) decided: Vec<Planned>,
    pub(super) nowhere: bool,
}

impl<'a> Load<'a> {
    /// Tells the plan, and makes links and state file agree with the receipts.
    pub(super) fn begin(
        options: &'a Options,
        runner: Arc<Runner>,
        overflow: Shared,
        looked: Looked,
        lock: Option<DirLock>,
    ) -> Self {
        let Looked { started, keys, observed, decided, nowhere } = looked;
        let tools = &options.manifest.tools;
        let lines: Vec<PlannedTool> = decided
            .iter()
            .filter_map(|planned| {
                let tool = tools.get(&planned.tool)?;
                let estimate = estimate(&options.manifest, &observed.receipts, &planned.tool);
                let mut line = planned.event(tool, estimate);
                line.change.confinement = observed.confinement(&planned.tool);
                Some(line)
            })
            .collect();
        let to_install =
            decided.iter().filter(|planned| planned.decision == Decision::Install).count();
        runner.audit(&Act::Start { installed: observed.holding.len(), to_install });
        let (notes, mut earlier) =
            Notes::begin(&runner, &observed, to_install > 0, started, lock.is_some());
        let limits = options.limits();
        let (sender, receiver) = mpsc::channel();
        let mut load = Self {
            options,
            schedule: Schedule::new(tools, &decided, limits),
            changes: lines
                .iter()
                .map(|line| (line.change.name.clone(), line.change.clone()))
                .collect(),
            errors: BTreeMap::new(),
            waits: BTreeMap::new(),
            holding: observed.holding,
            runner,
            keys,
            notes,
            local: overflow.is_none(),
            nowhere,
            overflow,
            started,
            commands: 0,
            lock,
            sender,
            receiver,
        };
        let dir = load.runner.dir.root().display().to_string();
        load.emit(What::Plan { tools: lines, slots: limits.attempts, dir });
        load.overflow.tell_earlier(&load.runner);
        for (tool, reason) in load.publish() {
            let change = ToolChange::new(tool, ToolStatus::Failed);
            load.tell(ToolChange { error: Some(reason), ..change });
        }
        load.notes.set_all(load.changes.values());
        // A tool that this run is not about keeps what an earlier one found out about it.
        let aside = decided.iter().filter(|planned| planned.decision == Decision::Wait);
        for noted in aside.filter_map(|planned| earlier.remove(&planned.tool)) {
            if matches!(noted.status, ToolStatus::Failed | ToolStatus::Skipped) {
                load.notes.keep(noted);
            }
        }
        load.save();
        load
    }

    /// Performs what the schedule decides, until it is complete.
    pub(super) fn follow(mut self, commands: Receiver<LoaderCommand>) -> Result<Loaded> {
        let sender = self.sender.clone();
        spawn("commands", move || {
            for command in commands {
                if sender.send(Message::Command(command)).is_err() {
                    return;
                }
            }
        })?;
        // Before anything begins: who is waited for goes first.
        let mut actions = Vec::new();
        if let Scope::Also(tools) = &self.options.scope {
            let promote = |tool: &ToolName| Input::Promote { tool: tool.clone(), needed_by: None };
            actions.extend(tools.iter().map(promote).flat_map(|input| self.schedule.step(input)));
        }
        actions.extend(self.schedule.step(Input::Begin));
        loop {
            for action in actions.drain(..) {
                if action == Action::Complete {
                    return Ok(self.complete());
                }
                self.perform(action)?;
            }
            self.tell_waits();
            let Ok(message) = self.receiver.recv() else { return Ok(self.complete()) };
            let input = self.take(message);
            actions = self.schedule.step(input);
        }
    }

    fn perform(&mut self, action: Action) -> Result<()> {
        match action {
            Action::Start { tool, attempt } => self.start(tool, attempt)?,
            Action::Pause { tool, pause } => {
                let (_, error) = self.errors.get(&tool).cloned().unwrap_or_default();
                let first = error.lines().next().unwrap_or_default();
                let reason = format!("next attempt in {} s: {first}", pause.as_secs());
                let change = ToolChange::new(tool.clone(), ToolStatus::Pending);
                self.change(change.waiting(Waits::Pause).because(reason));
                let sender = self.sender.clone();
                spawn("pause", move || {
                    thread::park_timeout(pause);
                    // Nobody listens any more when the run was ended meanwhile.
                    drop(sender.send(Message::PauseOver { tool }));
                })?;
            }
            Action::Fail { tool } => {
                let (attempt, error) = self.errors.remove(&tool).unzip();
                let change = ToolChange::new(tool, ToolStatus::Failed);
                self.change(ToolChange { attempt, error, ..change });
            }
            Action::Skip { tool, because } => {
                let status = self.changes.get(&because).map(|change| change.status);
                let how = match status {
                    Some(ToolStatus::Failed) => "failed",
                    _ => "was skipped",
                };
                let reason = format!("requires {because}, which {how}");
                self.runner.audit(&Act::Skipped { tool: tool.clone(), reason: reason.clone() });
                self.change(ToolChange::new(tool, ToolStatus::Skipped).because(reason));
            }
            Action::Complete => {}
        }
        Ok(())
    }

    /// Says what each waiting tool waits for, where that is news. The state file is not for it:
    /// it would say so still when no loader is at work.
    fn tell_waits(&mut self) {
        let waits = self.schedule.waits();
        for (tool, waits) in waits.iter().filter(|(tool, now)| self.waits.get(*tool) != Some(now)) {
            let change = ToolChange::new(tool.clone(), ToolStatus::Pending).waiting(waits.clone());
            self.changes.insert(tool.clone(), change.clone());
            self.emit(What::Tool(change));
        }
        self.waits = waits;
    }

    fn start(&mut self, name: ToolName, number: u32) -> Result<()> {
        let (Some(tool), Some(key)) =
            (self.options.manifest.tools.get(&name).cloned(), self.keys.get(&name).cloned())
        else {
            return Ok(());
        };
        if self.lock.is_none() && !self.nowhere {
            self.lock = Some(wait_for_lock(&self.runner)?);
        }
        let change = ToolChange::new(name.clone(), ToolStatus::Installing);
        self.change(ToolChange { attempt: Some(number), ..change });
        self.runner.audit(&Act::Install {
            tool: name.clone(),
            version: tool.version.clone(),
            key: key.to_string(),
            attempt: number,
        });
        let requires = self.required(&name);
        let (runner, sender) = (Arc::clone(&self.runner), self.sender.clone());
        let overflow = Shared::clone(&self.overflow);
        spawn(&format!("install {name}"), move || {
            let started = now();
            let result = overflow.attempt(&runner, &tool, &key, &requires, number);
            let message = Message::Ended {
                tool: name,
                attempt: number,
                started,
                result: result.map(Box::new),
            };
            drop(sender.send(message));
        })
    }

    /// Receipts of everything that `name` requires, directly or not.
    fn required(&self, name: &ToolName) -> Vec<Receipt> {
        let manifest = &self.options.manifest;
        let direct = manifest.tools.get(name).into_iter().flat_map(|tool| &tool.requires);
        let all = manifest.with_requirements(direct);
        all.iter().filter_map(|name| self.holding.get(name).cloned()).collect()
    }

    /// Notes what a message means outside the schedule, and gives the schedule's part of it.
    fn take(&mut self, message: Message) -> Input {
        match message {
            Message::PauseOver { tool } => Input::PauseOver { tool },
            Message::Command(LoaderCommand::Promote { tool, needed_by, by }) => {
                self.commands += 1;
                let act = Act::Promote { tool: tool.clone(), needed_by: needed_by.clone() };
                self.runner.audit_by(by.as_deref(), &act);
                Input::Promote { tool, needed_by }
            }
            Message::Ended { tool, attempt, started, result } => {
                let outcome = match result {
                    Ok(receipt) => self.installed(&receipt, attempt, started),
                    Err(error) => self.failed(&tool, attempt, &error),
                };
                Input::Ended { tool, outcome }
            }
        }
    }

    fn installed(&mut self, receipt: &Receipt, attempt: u32, started: Timestamp) -> Outcome {
        let took_ms = millis(now(), started);
        let name = receipt.name.clone();
        self.holding.insert(name.clone(), receipt.clone());
        // Links first: whoever sees "installed" can run it.
        let mut unpublished = self.publish();
        let own = unpublished.remove(&name);
        for (other, reason) in unpublished {
            warn(&self.runner.sink, format!("{other}: {reason}"));
        }
        if let Some(reason) = own {
            // It stays installed, and the next start publishes it.
            let error = InstallError::Result(reason);
            return self.failed(&name, attempt, &error);
        }
        self.runner.audit(&Act::Installed {
            tool: receipt.name.clone(),
            version: receipt.shown_version().unwrap_or_default().to_owned(),
            key: receipt.key.to_string(),
            took_ms,
        });
        let change = ToolChange {
            version: receipt.shown_version().map(str::to_owned),
            installed_at: Some(installed_at(receipt)),
            took_ms: Some(took_ms),
            confinement: Some(receipt.confinement.clone()),
            ..ToolChange::new(receipt.name.clone(), ToolStatus::Installed)
        };
        self.errors.remove(&receipt.name);
        self.change(change);
        Outcome::Installed
    }

    fn failed(&mut self, tool: &ToolName, attempt: u32, error: &InstallError) -> Outcome {
        let text = error.text();
        let act = Act::Failed { tool: tool.clone(), attempt, error: text.clone() };
        self.runner.audit(&act);
        self.errors.insert(tool.clone(), (attempt, text));
        Outcome::Failed { retry_can_help: error.retry_can_help() }
    }

    /// Makes the links agree with the receipts; gives the tools that could not be published.
    fn publish(&mut self) -> BTreeMap<ToolName, String> {
        if !self.may_change() {
            return BTreeMap::new();
        }
        let order = self.options.manifest.tools_in_order();
        // What is baked, or did not fit here, is published where it is; the local directory
        // publishes what is only looked at, too, as it goes first on the search path.
        let dir = &self.runner.dir;
        let here = |receipt: &&Receipt| {
            !self.overflow.has(receipt)
                && (self.local || receipt.pre_existing || dir.owns(&receipt.slug()))
        };
        let holding: Vec<&Receipt> =
            order.iter().filter_map(|tool| self.holding.get(&tool.name)).filter(here).collect();
        let on_volume: BTreeMap<ToolName, Receipt> =
            holding.iter().map(|receipt| (receipt.name.clone(), (*receipt).clone())).collect();
        let published = links::publish(&self.runner.dir, &holding);
        for warning in published.warnings {
            warn(&self.runner.sink, warning);
        }
        self.overflow.publish(&self.runner, &on_volume);
        crate::fault::point("published");
        published.failed
    }

    fn change(&mut self, change: ToolChange) {
        self.notes.set(&change);
        self.save();
        self.tell(change);
    }

    fn tell(&mut self, change: ToolChange) {
        self.changes.insert(change.name.clone(), change.clone());
        self.emit(What::Tool(change));
    }

    fn save(&mut self) {
        if !self.may_change() {
            return;
        }
        self.notes.save(&self.runner);
    }

    /// Whether the directory is this loader's to change: it has the lock, and has it still.
    fn may_change(&self) -> bool {
        self.lock.is_some() && !self.runner.has_lost()
    }

    fn emit(&self, what: What) {
        (self.runner.sink)(Event::new(now(), what));
    }

    fn complete(mut self) -> Loaded {
        let count = |status| self.changes.values().filter(|c| c.status == status).count();
        let summary = Summary {
            installed: count(ToolStatus::Installed),
            failed: count(ToolStatus::Failed),
            skipped: count(ToolStatus::Skipped),
        };
        let Summary { installed, failed, skipped } = summary;
        let took_ms = millis(now(), self.started);
        self.notes.complete(now());
        self.save();
        self.runner.audit(&Act::Complete { installed, failed, skipped, took_ms });
        self.emit(What::LoadComplete { installed, failed, skipped, took_ms });
        Loaded {
            summary,
            dir: self.runner.dir.clone(),
            locking: self.runner.locking.clone(),
            holding: self.holding.into_values().collect(),
            commands: self.commands,
        }
    }
}

fn millis(end: Timestamp, start: Timestamp) -> u64 {
    u64::try_from(end.since(start).as_millis()).unwrap_or(u64::MAX)
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<()> {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(body);
    spawned.map(drop).map_err(|source| LoaderError::Io {
        what: "start a thread for",
        path: name.into(),
        source,
    })
}
