//! What was configured, as far as decisions depend on it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lightship_model::event::Exit;
use lightship_model::manifest::{Backoff, Restart};

use super::hook::Reload;
use super::liveness::LiveRules;
use super::readiness::ReadyBy;
use crate::signal::Signal;

/// The supervisor's part of the configuration.
#[derive(Clone, Debug)]
pub struct Rules {
    pub command: Vec<String>,
    pub restart: Restart,
    pub ready: ReadyBy,
    pub ready_timeout: Duration,
    /// How the service is watched once it is ready, if it is.
    pub live: Option<LiveRules>,
    pub backoff: Backoff,
    /// Whether there are hooks.
    pub before_start: bool,
    pub stop_hook: bool,
    /// What asks the service to end; the signal that lightship got when absent.
    pub stop_signal: Option<Signal>,
    pub reload: Reload,
    /// Whether TERM, INT and QUIT mean "end everything": the service is killed when the stop
    /// budget is over. A plain init passes them on like all others, and kills nobody for being
    /// slow.
    pub supervised: bool,
    /// The stop budget: how long everything may take to end, from the signal that asks for it
    /// or from the service's own end.
    pub stop_timeout: Duration,
    /// Signals are for the service's process alone, and nothing else is ended with it.
    pub single_child: bool,
    /// What is passed on in place of a signal: another one, or nothing.
    pub rewrites: BTreeMap<Signal, Option<Signal>>,
    /// Whether a stop signal of the terminal stops lightship too. PID 1 can't be stopped.
    pub suspends: bool,
    /// Codes that mean success, beside 0; lightship ends with 0 for them.
    pub success_codes: BTreeSet<u8>,
    /// Whether there is a loader to run.
    pub loader: bool,
}

impl Rules {
    /// What the service gets in place of `signal`.
    pub(super) fn rewritten(&self, signal: Signal) -> Option<Signal> {
        self.rewrites.get(&signal).copied().unwrap_or(Some(signal))
    }

    pub(super) fn is_success(&self, exit: Exit) -> bool {
        exit.is_success() || self.success_codes.contains(&exit.code())
    }

    /// The code that lightship ends with for the service's.
    pub(super) fn final_code(&self, code: u8) -> u8 {
        if self.success_codes.contains(&code) { 0 } else { code }
    }
}
