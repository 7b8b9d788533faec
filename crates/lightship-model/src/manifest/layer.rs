//! One file of a manifest as it was typed: everything optional, nothing checked but its form.

mod service;

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::Deserialize;
use toml::Spanned;

use super::source::{BinarySource, CargoSource, DebSource, NpmSource, PipSource, ScriptSource};
use super::{DeepVerify, Details, Jobs, Load, Registries};
use crate::confinement::Confine;
use crate::duration::HumanDuration;
use crate::name::{BinName, ToolName};
use crate::size::Size;

pub(super) use self::service::start;
pub use self::service::{BackoffLayer, LiveLayer, ReadyLayer, ReloadLayer, ServiceLayer};

/// A manifest file.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(title = "lightship.toml"))]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Another manifest that this one is laid over: a path relative to this file, or
    /// `builtin:quickstart`, `builtin:loa`.
    pub extends: Option<String>,
    pub service: Option<ServiceLayer>,
    pub health: Option<HealthLayer>,
    pub loader: Option<LoaderLayer>,
    pub lock: Option<LockLayer>,
    /// Names of capabilities, each with the tools that make it true.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, Vec<ToolName>>"))]
    pub capabilities: BTreeMap<String, Vec<Spanned<ToolName>>>,
    pub registries: Option<Registries>,
    /// What an image of this holds: read by the image builder alone, and never here.
    #[cfg(feature = "schema")]
    #[schemars(with = "Option<BTreeMap<String, serde_json::Value>>")]
    pub image: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<ToolName, ToolLayer>"))]
    pub tools: BTreeMap<ToolName, Spanned<ToolLayer>>,
}

/// `[health]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HealthLayer {
    /// `HOST:PORT` of the health port. Default: 127.0.0.1:3000.
    pub listen: Option<String>,
    /// Who is told more than whether everything is well. Default: local.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Details>"))]
    pub details: Option<Spanned<Details>>,
    /// What callers show for details, in `Authorization: Bearer …`: at least 16 characters.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub token: Option<Spanned<String>>,
    /// A file that holds the token.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub token_file: Option<Spanned<String>>,
    /// Where commands are taken: "auto", "off", or the path of a socket. Default: auto.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub control: Option<Spanned<String>>,
}

impl HealthLayer {
    /// Where the keys begin that are checked as a whole: name and byte.
    pub(super) fn starts(&self) -> [(&'static str, Option<usize>); 4] {
        [
            ("details", start(self.details.as_ref())),
            ("token", start(self.token.as_ref())),
            ("token_file", start(self.token_file.as_ref())),
            ("control", start(self.control.as_ref())),
        ]
    }
}

/// `[loader]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LoaderLayer {
    /// The tool directory. `LOA_TOOL_DIR` overrides.
    pub dir: Option<String>,
    /// `false` switches loading off. `LOA_DEFERRED_TOOLS` overrides.
    pub enabled: Option<bool>,
    /// Wall-clock limit of one attempt at one tool. `LOA_TOOL_TIMEOUT` overrides. Default: 30m.
    pub timeout: Option<HumanDuration>,
    /// How many tools are loaded at once: "auto" or a number.
    pub jobs: Option<Jobs>,
    /// How long who runs a program that is not there yet waits for it. `LIGHTSHIP_WAIT` overrides.
    /// Default: 30m.
    pub wait: Option<HumanDuration>,
    /// How far installers are confined: "best", "required" or "off". `LOA_CONFINE` overrides.
    /// Default: best.
    pub confine: Option<Confine>,
    /// Memory of all installers together. Default: what the container has, less a quarter of it
    /// (at least 256 MiB) for the service.
    pub memory: Option<Size>,
    /// Processes and threads of one tool's installer. Default: 4096.
    pub processes: Option<NonZeroU32>,
    /// How long an installer may print nothing. Default: 15m.
    pub silence: Option<HumanDuration>,
    /// `true`: nothing is installed that lightship.lock does not name. `LOA_LOCKED` overrides.
    pub locked: Option<bool>,
    /// How long ago a tool's files were last read and compared with their list when that is due
    /// again, once everything is loaded; "off" for never. `LOA_DEEP_VERIFY` overrides.
    /// Default: 7d.
    pub deep_verify: Option<DeepVerify>,
}

/// `[lock]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LockLayer {
    /// `lightship lock` refuses releases that are younger. `LOA_MIN_RELEASE_AGE` overrides.
    /// Default: 24h.
    pub min_age: Option<HumanDuration>,
}

/// `[tools.NAME]`: exactly one of `cargo`, `pip`, `npm`, `binary`, `deb`, `script`, and
/// what goes with it.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ToolLayer {
    /// Shown, and a part of the directory's name. The source's own version stands in for it.
    pub version: Option<String>,
    pub cargo: Option<CargoSource>,
    pub pip: Option<PipSource>,
    pub npm: Option<NpmSource>,
    pub binary: Option<BinarySource>,
    pub deb: Option<DebSource>,
    pub script: Option<ScriptSource>,
    /// Tools that must be installed before.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<ToolName>>"))]
    pub requires: Option<Vec<Spanned<ToolName>>>,
    /// Lower goes first. Default: 100.
    pub priority: Option<i32>,
    /// Default: deferred.
    pub load: Option<Load>,
    /// Wall-clock limit of one attempt.
    pub timeout: Option<HumanDuration>,
    /// Attempts after the first. Default: 2.
    pub retries: Option<u32>,
    /// Memory of its installer's processes together. Default: the loader's.
    pub memory: Option<Size>,
    /// Processes and threads of its installer. Default: the loader's.
    pub processes: Option<NonZeroU32>,
    /// How long its installer may print nothing. Default: the loader's.
    pub silence: Option<HumanDuration>,
    /// A command that ends with 0 when the tool works.
    pub verify: Option<Vec<String>>,
    /// Programs to publish in `bin/`. Default: every executable in the prefix's `bin`.
    pub bins: Option<Vec<BinName>>,
    /// Additions to the installer's environment.
    pub env: Option<BTreeMap<String, String>>,
    /// How long it is expected to take, for progress.
    pub estimate: Option<HumanDuration>,
}
