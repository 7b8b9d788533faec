//! What a run of the loader is given.

use std::path::PathBuf;
use std::time::Duration;

use lightship_model::confinement::Confine;
use lightship_model::manifest::{Jobs, Manifest};
use lightship_model::plan::Scope;
use lightship_model::schedule::Limits;
use lightship_model::settings::Settings;

use crate::room;

/// What to load, where, and how.
#[derive(Clone, Debug)]
pub struct Options {
    pub manifest: Manifest,
    pub tool_dir: PathBuf,
    /// Wall-clock limit of an attempt at a tool that has none of its own.
    pub timeout: Duration,
    pub jobs: Jobs,
    pub confine: Confine,
    pub scope: Scope,
}

impl Options {
    /// The options for everything that a manifest loads by itself.
    pub fn from_settings(manifest: Manifest, settings: &Settings) -> Self {
        let scope = if settings.enabled.value { Scope::Deferred } else { Scope::Off };
        Self {
            manifest,
            tool_dir: PathBuf::from(&settings.tool_dir.value),
            timeout: settings.timeout.value,
            jobs: settings.jobs.value,
            confine: settings.confine.value,
            scope,
        }
    }

    /// How many tools are installed at once, and how many of them may compile.
    pub(crate) fn limits(&self) -> Limits {
        match self.jobs {
            Jobs::Auto => room::limits(),
            Jobs::Count(count) => Limits { attempts: count.into(), compilers: count.into() },
        }
    }
}

/// The tool directory of somebody who named none: in the user's data directory.
pub fn default_dir() -> String {
    let data = std::env::var("XDG_DATA_HOME").ok().filter(|path| path.starts_with('/'));
    let data = data.unwrap_or_else(|| {
        let home = std::env::var("HOME").unwrap_or_else(|_| "/root".to_owned());
        format!("{home}/.local/share")
    });
    format!("{data}/lightship/tools")
}
