//! How an init behaves towards its service: what tini and dumb-init have options for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lightship_model::manifest::defaults;

use crate::signal::Signal;

/// The options of a plain init.
#[derive(Clone, Debug, Default)]
pub struct InitOptions {
    /// TERM, INT and QUIT end everything within the stop budget; otherwise they are passed on
    /// like all other signals, and nobody is killed for being slow.
    pub supervised: bool,
    /// The stop budget; the manifest's, or the default, when absent.
    pub stop_timeout: Option<Duration>,
    /// Signals are for the service's own process, and nothing else is ended with it.
    pub single_child: bool,
    /// The service gets a session of its own, and not only a process group.
    pub session: bool,
    /// What the service gets in place of a signal: another one, or nothing.
    pub rewrites: BTreeMap<Signal, Option<Signal>>,
    /// Exit codes that become 0.
    pub success_codes: BTreeSet<u8>,
    /// The signal that lightship gets when its parent ends.
    pub parent_death: Option<Signal>,
    /// What to say of each process that was left to lightship and ended, before its number.
    pub warn_on_reap: Option<&'static str>,
    /// Say what is done.
    pub verbose: bool,
}

impl InitOptions {
    /// The rewrites of a session of its own: to a group without a shell behind it the kernel
    /// passes no stop signal of the terminal, so it gets the one that can't be refused.
    pub fn effective_rewrites(&self) -> BTreeMap<Signal, Option<Signal>> {
        let mut rewrites = self.rewrites.clone();
        if self.session {
            for signal in [Signal::TSTP, Signal::TTIN, Signal::TTOU] {
                rewrites.entry(signal).or_insert(Some(Signal::STOP));
            }
        }
        rewrites
    }

    pub fn budget(&self) -> Duration {
        self.stop_timeout.unwrap_or(defaults::STOP_TIMEOUT)
    }
}
