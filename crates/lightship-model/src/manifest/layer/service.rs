//! `[service]` as it was typed.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::duration::HumanDuration;
use crate::manifest::{LogMode, Notify, Restart};

/// `[service]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ServiceLayer {
    /// Program and arguments.
    pub command: Option<Vec<String>>,
    /// Additions to the service's environment.
    pub env: Option<BTreeMap<String, String>>,
    /// Working directory.
    pub dir: Option<String>,
    /// How to find out that the service does its work; ready once it runs when absent.
    #[cfg_attr(feature = "schema", schemars(with = "Option<ReadyLayer>"))]
    pub ready: Option<Spanned<ReadyLayer>>,
    /// How long the service may take to become ready. Default: 60s.
    pub ready_timeout: Option<HumanDuration>,
    /// How to find out that the service has stopped working, once it was ready: it is restarted
    /// then.
    #[cfg_attr(feature = "schema", schemars(with = "Option<LiveLayer>"))]
    pub live: Option<Spanned<LiveLayer>>,
    /// Default: on-failure.
    pub restart: Option<Restart>,
    /// The pauses before restarts, and how many there are.
    #[cfg_attr(feature = "schema", schemars(with = "Option<BackoffLayer>"))]
    pub backoff: Option<Spanned<BackoffLayer>>,
    /// Exit codes that count as success beside 0; the container ends with 0 for them.
    pub success_codes: Option<Vec<u8>>,
    /// A command that is run to its end before each start; when it fails, so does the start.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>"))]
    pub before_start: Option<Spanned<Vec<String>>>,
    /// A command that asks the service to end, in place of a signal.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>"))]
    pub stop: Option<Spanned<Vec<String>>>,
    /// The signal that asks the service to end. Default: the one that lightship got.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub stop_signal: Option<Spanned<String>>,
    /// How long the service has to end after that before KILL. Default: 8s.
    pub stop_timeout: Option<HumanDuration>,
    /// What HUP to lightship does to the service: a command, or a signal. Default: "HUP".
    #[cfg_attr(feature = "schema", schemars(with = "Option<ReloadLayer>"))]
    pub reload: Option<Spanned<ReloadLayer>>,
    /// What becomes of what the service prints. Default: inherit.
    pub log: Option<LogMode>,
    /// Lead a session of its own, not only a process group. Default: false.
    pub session: Option<bool>,
}

impl ServiceLayer {
    /// Where the keys begin that are checked as a whole: name and byte.
    pub(in crate::manifest) fn starts(&self) -> [(&'static str, Option<usize>); 7] {
        [
            ("ready", start(self.ready.as_ref())),
            ("live", start(self.live.as_ref())),
            ("backoff", start(self.backoff.as_ref())),
            ("before_start", start(self.before_start.as_ref())),
            ("stop", start(self.stop.as_ref())),
            ("stop_signal", start(self.stop_signal.as_ref())),
            ("reload", start(self.reload.as_ref())),
        ]
    }
}

/// Where a value begins.
pub(in crate::manifest) fn start<T>(value: Option<&Spanned<T>>) -> Option<usize> {
    value.map(|value| value.span().start)
}

/// `ready`: exactly one of these.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReadyLayer {
    /// A GET of this `http://` URL answers 200–399.
    pub http: Option<String>,
    /// A connection to `HOST:PORT` is taken.
    pub tcp: Option<String>,
    /// A command that ends with 0.
    pub exec: Option<Vec<String>>,
    /// Text that a line of the service's output contains.
    pub log: Option<String>,
    /// The service says so: "fd" (a newline on the descriptor in `LIGHTSHIP_NOTIFY_FD`) or
    /// "systemd" (`READY=1` to `NOTIFY_SOCKET`).
    pub notify: Option<Notify>,
}

/// `live`: exactly one of `http`, `tcp`, `exec`, and how often.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LiveLayer {
    /// A GET of this `http://` URL answers 200–399.
    pub http: Option<String>,
    /// A connection to `HOST:PORT` is taken.
    pub tcp: Option<String>,
    /// A command that ends with 0.
    pub exec: Option<Vec<String>>,
    /// The pause between two checks. Default: 10s.
    pub period: Option<HumanDuration>,
    /// How long one check may take. Default: 3s.
    pub timeout: Option<HumanDuration>,
    /// So many failed checks in a row restart the service. Default: 3.
    pub failures: Option<u32>,
}

/// `backoff`: absent values leave the defaults standing.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BackoffLayer {
    /// The first pause; each further one is twice as long. Default: 500ms.
    pub first: Option<HumanDuration>,
    /// The longest pause. Default: 30s.
    pub max: Option<HumanDuration>,
    /// So many restarts within `window`; the next failure ends the container. Default: 5.
    pub budget: Option<u16>,
    /// Default: 1m.
    pub window: Option<HumanDuration>,
    /// What ran this long was healthy: the next pause is the first one again. Default: 30s.
    pub reset: Option<HumanDuration>,
}

/// `reload`: a command or a signal.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "`reload` is a command like [\"nginx\", \"-s\", \"reload\"] or a \
                              signal like \"HUP\""
)]
pub enum ReloadLayer {
    Command(Vec<String>),
    Signal(String),
}
