//! The service: what is run, how it is watched, and what is done when it ends.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::defaults;
use crate::signal::Signal;

/// The process that the container exists for.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    pub command: Vec<String>,
    pub env: BTreeMap<String, String>,
    /// Working directory; the one lightship was started in when absent.
    pub dir: Option<String>,
    pub ready: Option<Ready>,
    /// How long the service may take to become ready before health calls it late.
    pub ready_timeout: Duration,
    pub live: Option<Live>,
    pub restart: Restart,
    pub backoff: Backoff,
    /// Exit codes that count as success beside 0; the container ends with 0 for them.
    pub success_codes: Vec<u8>,
    /// Run to its end before each start. Never empty.
    pub before_start: Option<Vec<String>>,
    /// Asks the service to end, in place of a signal. Never empty.
    pub stop: Option<Vec<String>>,
    /// Asks the service to end; the signal that lightship itself got when absent.
    pub stop_signal: Option<Signal>,
    /// How long the service has between the polite and the final signal.
    pub stop_timeout: Duration,
    /// What HUP does; passed on as it is when absent.
    pub reload: Option<Reload>,
    pub log: LogMode,
    /// Lead a session of its own, not only a process group.
    pub session: bool,
}

impl Service {
    /// A service given on the command line: ready once it runs, never restarted.
    pub fn from_command(command: Vec<String>) -> Self {
        Self {
            command,
            env: BTreeMap::new(),
            dir: None,
            ready: None,
            ready_timeout: defaults::READY_TIMEOUT,
            live: None,
            restart: Restart::Never,
            backoff: Backoff::default(),
            success_codes: Vec::new(),
            before_start: None,
            stop: None,
            stop_signal: None,
            stop_timeout: defaults::STOP_TIMEOUT,
            reload: None,
            log: LogMode::Inherit,
            session: false,
        }
    }
}

/// How to find out that the service does its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ready {
    /// It is asked.
    Probe(Check),
    /// A line of its output contains this text. Never empty.
    Log(String),
    /// It says so itself.
    Notify(Notify),
}

/// A question with a yes-or-no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// A GET of this `http://` URL answers 200–399.
    Http(String),
    /// A connection to `HOST:PORT` is taken.
    Tcp(String),
    /// The command ends with 0. Never empty.
    Exec(Vec<String>),
}

/// How a service says that it is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Notify {
    /// A newline on the descriptor whose number is in `LIGHTSHIP_NOTIFY_FD`.
    Fd,
    /// `READY=1` to the socket in `NOTIFY_SOCKET`, as for systemd.
    Systemd,
}

/// How to find out that the service has stopped working, once it was ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    pub check: Check,
    /// From the end of one check to the beginning of the next. Never zero.
    pub period: Duration,
    /// How long one check may take. Never zero.
    pub timeout: Duration,
    /// So many failed checks in a row restart the service. Never zero.
    pub failures: u32,
}

/// When the service is started again after it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    Always,
    #[default]
    OnFailure,
    Never,
}

/// The pauses before restarts, and how many restarts there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause; each further one is twice as long. Never zero.
    pub first: Duration,
    /// The longest pause; at least `first`.
    pub max: Duration,
    /// So many restarts within `window`; the next failure ends the container.
    pub budget: u16,
    pub window: Duration,
    /// What ran this long was healthy: the next pause is the first one again.
    pub reset: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            max: Duration::from_secs(30),
            budget: 5,
            window: Duration::from_mins(1),
            reset: Duration::from_secs(30),
        }
    }
}

/// What makes the service read its configuration again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reload {
    /// A command. Never empty.
    Command(Vec<String>),
    Signal(Signal),
}

/// What becomes of what the service prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LogMode {
    /// It goes where lightship's own output goes, unseen by lightship.
    #[default]
    Inherit,
    /// `PROGRAM | LINE`.
    Prefix,
    /// An object of JSON a line.
    Json,
}
