//! The manifest: what the container is — its service, its health port, its tools.
//!
//! `layer` is what was typed in one file; `parse` reads it and gives every error its place;
//! `resolve` lays files over one another and checks what only the whole can tell. The types
//! here are the result, which nobody has to check again.

mod deep_verify;
mod error;
mod graph;
mod health;
pub mod layer;
mod open;
mod overlay;
mod parse;
mod resolve;
mod service;
mod source;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::deep_verify::DeepVerify;
pub use self::error::{ManifestError, ManifestErrors};
pub use self::health::{Control, Details, HealthSettings, SHORTEST_TOKEN, Token, TokenSource};
pub use self::open::{Which, open, texts};
pub use self::parse::Text;
pub use self::service::{Backoff, Check, Live, LogMode, Notify, Ready, Reload, Restart, Service};
pub use self::source::{
    ArtifactUrl, BinarySource, CargoSource, DebSource, NpmSource, PipSource, ScriptSource, Source,
    Take,
};
use crate::confinement::{Confine, Limits};
use crate::lock::Locked;
use crate::name::{BinName, ToolName};

/// A whole, checked manifest.
#[derive(Clone, Debug)]
pub struct Manifest {
    pub service: Option<Service>,
    pub health: HealthSettings,
    pub loader: LoaderSettings,
    pub lock: LockSettings,
    /// Name of a capability → the tools that must all be installed for it.
    pub capabilities: BTreeMap<String, Vec<ToolName>>,
    pub registries: Registries,
    pub tools: BTreeMap<ToolName, Tool>,
}

impl Manifest {
    /// The tools in the order in which they are shown: priority, then name.
    pub fn tools_in_order(&self) -> Vec<&Tool> {
        let mut tools: Vec<&Tool> = self.tools.values().collect();
        tools.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
        tools
    }

    /// The tools `names` and everything that they require, directly or not.
    pub fn with_requirements<'a>(
        &'a self,
        names: impl IntoIterator<Item = &'a ToolName>,
    ) -> BTreeSet<ToolName> {
        let mut all = BTreeSet::new();
        let mut queue: Vec<&ToolName> = names.into_iter().collect();
        while let Some(name) = queue.pop() {
            if let Some(tool) = self.tools.get(name)
                && all.insert(name.clone())
            {
                queue.extend(&tool.requires);
            }
        }
        all
    }
}

/// `[loader]`: where and how tools are loaded. Absent values leave the defaults standing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoaderSettings {
    pub dir: Option<String>,
    pub enabled: Option<bool>,
    pub timeout: Option<Duration>,
    pub jobs: Option<Jobs>,
    /// How long who runs a program that is not there yet waits for it.
    pub wait: Option<Duration>,
    pub confine: Option<Confine>,
    /// Of all installers together: memory; of each tool's: the others.
    pub limits: Limits,
    /// Whether installing without a fresh lock is refused.
    pub locked: Option<bool>,
    pub deep_verify: Option<DeepVerify>,
}

/// `[lock]`: what `lightship lock` goes by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockSettings {
    /// A release that is younger is not locked.
    pub min_age: Option<Duration>,
}

/// How many tools are loaded at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "JobsText")]
pub enum Jobs {
    /// From the processors that the cgroup's quota leaves.
    #[default]
    Auto,
    Count(u16),
}

#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
enum JobsText {
    Count(u16),
    Word(String),
}

impl TryFrom<JobsText> for Jobs {
    type Error = String;

    fn try_from(text: JobsText) -> Result<Self, String> {
        match text {
            JobsText::Count(count) if count > 0 => Ok(Self::Count(count)),
            JobsText::Word(word) if word == "auto" => Ok(Self::Auto),
            JobsText::Count(_) | JobsText::Word(_) => {
                Err("`jobs` is \"auto\" or a number of at least 1".to_owned())
            }
        }
    }
}

/// `[registries]`: addresses that replace what the ordinary clients are configured with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Registries {
    /// Index address for cargo (`sparse+https://…/`).
    pub cargo: Option<String>,
    /// Simple-index address for pip and uv.
    pub pip: Option<String>,
    /// Registry address for npm.
    pub npm: Option<String>,
    /// Address of Debian's archive, the part before `/dists`.
    pub debian: Option<String>,
    /// The same of its security archive; when absent, `debian` with `-security` behind it.
    pub debian_security: Option<String>,
}

/// When a tool is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Load {
    /// In the image: there at boot.
    Baked,
    /// In the background, once the service is ready.
    #[default]
    Deferred,
    /// When somebody asks for it.
    OnDemand,
}

/// One tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    pub name: ToolName,
    /// What the store's directory is called by; `latest` when the manifest names none.
    pub version: String,
    pub source: Source,
    pub requires: Vec<ToolName>,
    /// Lower goes first.
    pub priority: i32,
    pub load: Load,
    /// Wall-clock limit of one attempt; the loader's own when absent.
    pub timeout: Option<Duration>,
    /// Attempts after the first, where another attempt can help.
    pub retries: u32,
    /// What its installer may use, where the tool has limits of its own.
    pub limits: Limits,
    /// Proves that the tool works; also finds one that was on the machine before.
    pub verify: Option<Vec<String>>,
    /// Programs to publish; every executable in the prefix's `bin` when absent.
    pub bins: Option<Vec<BinName>>,
    /// Additions to the installer's environment; placeholders allowed.
    pub env: BTreeMap<String, String>,
    /// For progress, as long as nothing was measured.
    pub estimate: Option<Duration>,
    /// What `lightship.lock` says it is made of; nothing when it is resolved while installing.
    pub locked: Option<Locked>,
}

/// What stands where a manifest is silent.
pub mod defaults {
    use std::time::Duration;

    /// A tool without a priority goes after those that have one.
    pub const PRIORITY: i32 = 100;
    pub const RETRIES: u32 = 2;
    /// `LOA_TOOL_TIMEOUT`'s default in the specification: 1,800 seconds.
    pub const TOOL_TIMEOUT: Duration = Duration::from_mins(30);
    /// How long an installer may print nothing.
    pub const SILENCE: Duration = Duration::from_mins(15);
    /// Processes and threads of one tool's installer.
    pub const PROCESSES: u32 = 4096;
    /// Long enough for a hijacked release to be noticed and withdrawn.
    pub const MIN_RELEASE_AGE: Duration = Duration::from_hours(24);
    /// `[loader] deep_verify`: a week.
    pub const DEEP_VERIFY: Duration = Duration::from_hours(7 * 24);
    /// Who runs a program that is not there yet waits for so long.
    pub const WAIT: Duration = Duration::from_mins(30);
    pub const READY_TIMEOUT: Duration = Duration::from_mins(1);
    pub const LIVE_PERIOD: Duration = Duration::from_secs(10);
    pub const LIVE_TIMEOUT: Duration = Duration::from_secs(3);
    pub const LIVE_FAILURES: u32 = 3;
    /// Docker gives 10 seconds between TERM and KILL; two are kept for what is left over.
    pub const STOP_TIMEOUT: Duration = Duration::from_secs(8);
    /// Loopback: a port that the world can reach is a choice, made in the manifest.
    pub const LISTEN: &str = "127.0.0.1:3000";
}
