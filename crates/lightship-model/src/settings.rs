//! Settings with their origin: command line over environment over manifest over default.

use std::fmt;
use std::time::Duration;

use crate::confinement::Confine;
use crate::duration::HumanDuration;
use crate::manifest::{DeepVerify, Jobs, Manifest, defaults};

/// The environment variables that lightship reads, each with its meaning.
pub mod env {
    /// Tool installation directory (specification).
    pub const TOOL_DIR: &str = "LOA_TOOL_DIR";
    /// `false` switches deferred loading off (specification).
    pub const DEFERRED_TOOLS: &str = "LOA_DEFERRED_TOOLS";
    /// Seconds that one attempt at one tool may take (specification).
    pub const TOOL_TIMEOUT: &str = "LOA_TOOL_TIMEOUT";
    /// Address of the health port.
    pub const LISTEN: &str = "LOA_LISTEN";
    /// How many tools are loaded at once: `auto` or a number.
    pub const TOOL_JOBS: &str = "LOA_TOOL_JOBS";
    /// How far installers are confined: `best`, `required` or `off`.
    pub const CONFINE: &str = "LOA_CONFINE";
    /// How old a deep look at a tool may be: a duration, or `off`.
    pub const DEEP_VERIFY: &str = "LOA_DEEP_VERIFY";
    /// The lock file; `off` for none.
    pub const LOCK: &str = "LOA_LOCK";
    /// `true` refuses to install what the lock does not name.
    pub const LOCKED: &str = "LOA_LOCKED";
    /// How old a release has to be before `lightship lock` takes it.
    pub const MIN_RELEASE_AGE: &str = "LOA_MIN_RELEASE_AGE";
}

/// Where a setting's value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    CommandLine,
    Environment(&'static str),
    Manifest,
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("command line"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Manifest => f.write_str("manifest"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    pub value: T,
    pub origin: Origin,
}

/// What the command line said; nothing where it was silent.
#[derive(Clone, Debug, Default)]
pub struct Given {
    pub tool_dir: Option<String>,
    pub listen: Option<String>,
    pub lock: Option<String>,
    pub locked: Option<bool>,
    pub min_age: Option<Duration>,
}

/// The settings that are the same for all parts.
#[derive(Clone, Debug)]
pub struct Settings {
    pub tool_dir: Setting<String>,
    pub listen: Setting<String>,
    /// Whether deferred tools are loaded.
    pub enabled: Setting<bool>,
    /// Wall-clock limit of one attempt at one tool that has none of its own.
    pub timeout: Setting<Duration>,
    pub jobs: Setting<Jobs>,
    /// How far installers are confined.
    pub confine: Setting<Confine>,
    /// When the files of installed tools are read again.
    pub deep_verify: Setting<DeepVerify>,
    /// The lock file: a path, `off`, or nothing for the one beside the manifest.
    pub lock: Setting<Option<String>>,
    /// Whether installing what the lock does not name is refused.
    pub locked: Setting<bool>,
    /// A release that is younger is not locked.
    pub min_age: Setting<Duration>,
}

/// An environment variable with a value that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} is `{value}`: {wanted}")]
pub struct SettingsError {
    name: &'static str,
    value: String,
    wanted: &'static str,
}

impl Settings {
    /// Works the settings out. `var` reads the environment; an empty variable counts as unset.
    ///
    /// # Errors
    /// When a variable holds something that is no value for it.
    pub fn resolve(
        given: Given,
        var: impl Fn(&str) -> Option<String>,
        manifest: &Manifest,
        default_dir: String,
    ) -> Result<Self, SettingsError> {
        let var = |name| var(name).filter(|value| !value.is_empty());
        let loader = &manifest.loader;
        Ok(Self {
            tool_dir: pick(
                given.tool_dir,
                env::TOOL_DIR,
                var(env::TOOL_DIR),
                loader.dir.clone(),
                default_dir,
            ),
            listen: pick(
                given.listen,
                env::LISTEN,
                var(env::LISTEN),
                manifest.health.listen.clone(),
                defaults::LISTEN.to_owned(),
            ),
            enabled: pick(
                None,
                env::DEFERRED_TOOLS,
                read(env::DEFERRED_TOOLS, var(env::DEFERRED_TOOLS), "true or false", boolean)?,
                loader.enabled,
                true,
            ),
            timeout: pick(
                None,
                env::TOOL_TIMEOUT,
                read(env::TOOL_TIMEOUT, var(env::TOOL_TIMEOUT), "a number of seconds", seconds)?,
                loader.timeout,
                defaults::TOOL_TIMEOUT,
            ),
            jobs: pick(
                None,
                env::TOOL_JOBS,
                read(env::TOOL_JOBS, var(env::TOOL_JOBS), "auto or a number from 1", jobs)?,
                loader.jobs,
                Jobs::Auto,
            ),
            confine: pick(
                None,
                env::CONFINE,
                read(env::CONFINE, var(env::CONFINE), "best, required or off", Confine::from_word)?,
                loader.confine,
                Confine::Best,
            ),
            deep_verify: pick(
                None,
                env::DEEP_VERIFY,
                read(
                    env::DEEP_VERIFY,
                    var(env::DEEP_VERIFY),
                    "a time like 7d, or off",
                    DeepVerify::from_word,
                )?,
                loader.deep_verify,
                DeepVerify::After(defaults::DEEP_VERIFY),
            ),
            lock: pick(given.lock.map(Some), env::LOCK, var(env::LOCK).map(Some), None, None),
            locked: pick(
                given.locked,
                env::LOCKED,
                read(env::LOCKED, var(env::LOCKED), "true or false", boolean)?,
                loader.locked,
                false,
            ),
            min_age: pick(
                given.min_age,
                env::MIN_RELEASE_AGE,
                read(env::MIN_RELEASE_AGE, var(env::MIN_RELEASE_AGE), "a time like 24h", age)?,
                manifest.lock.min_age,
                defaults::MIN_RELEASE_AGE,
            ),
        })
    }
}

fn pick<T>(
    given: Option<T>,
    name: &'static str,
    environment: Option<T>,
    manifest: Option<T>,
    default: T,
) -> Setting<T> {
    let given = given.map(|value| Setting { value, origin: Origin::CommandLine });
    let environment = environment.map(|value| Setting { value, origin: Origin::Environment(name) });
    let manifest = manifest.map(|value| Setting { value, origin: Origin::Manifest });
    given
        .or(environment)
        .or(manifest)
        .unwrap_or(Setting { value: default, origin: Origin::Default })
}

fn read<T>(
    name: &'static str,
    value: Option<String>,
    wanted: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, SettingsError> {
    match value {
        None => Ok(None),
        Some(value) => match parse(value.trim()) {
            Some(parsed) => Ok(Some(parsed)),
            None => Err(SettingsError { name, value, wanted }),
        },
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

fn age(text: &str) -> Option<Duration> {
    HumanDuration::parse(text).ok().map(|duration| duration.0)
}

fn jobs(text: &str) -> Option<Jobs> {
    match text {
        "auto" => Some(Jobs::Auto),
        _ => text.parse().ok().filter(|count| *count > 0).map(Jobs::Count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Text;

    fn manifest(text: &str) -> Manifest {
        Manifest::load(Text::new("m", text), |_, _| Err(String::new())).unwrap()
    }

    fn resolve(given: Given, vars: &[(&str, &str)], text: &str) -> Result<Settings, SettingsError> {
        let var = |name: &str| {
            vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        Settings::resolve(given, var, &manifest(text), "/default".into())
    }

    #[test]
    fn the_command_line_beats_the_environment_beats_the_manifest() {
        let text = "[loader]\ndir = \"/manifest\"\ntimeout = \"5m\"\n";
        let vars = [("LOA_TOOL_DIR", "/env"), ("LOA_TOOL_TIMEOUT", "60")];
        let given = Given { tool_dir: Some("/given".into()), ..Given::default() };
        let settings = resolve(given, &vars, text).unwrap();
        assert_eq!(settings.tool_dir.value, "/given");
        assert_eq!(settings.tool_dir.origin, Origin::CommandLine);
        assert_eq!(settings.timeout.value.as_secs(), 60);
        assert_eq!(settings.timeout.origin, Origin::Environment("LOA_TOOL_TIMEOUT"));
        let settings = resolve(Given::default(), &[], text).unwrap();
        assert_eq!(settings.tool_dir.value, "/manifest");
        assert_eq!(settings.timeout.value.as_secs(), 300);
        let settings = resolve(Given::default(), &[("LOA_TOOL_DIR", "")], "").unwrap();
        assert_eq!((settings.tool_dir.value.as_str(), settings.enabled.value), ("/default", true));
        assert_eq!(settings.timeout.value.as_secs(), 1800);
        assert_eq!(settings.deep_verify.value, DeepVerify::After(defaults::DEEP_VERIFY));
        let text = "[loader]\ndeep_verify = \"30d\"\n";
        let settings = resolve(Given::default(), &[("LOA_DEEP_VERIFY", "off")], text).unwrap();
        assert_eq!(settings.deep_verify.value, DeepVerify::Off);
    }

    #[test]
    fn a_variable_that_is_no_value_is_an_error_that_names_it() {
        let error = resolve(Given::default(), &[("LOA_TOOL_TIMEOUT", "soon")], "").unwrap_err();
        assert!(error.to_string().contains("LOA_TOOL_TIMEOUT is `soon`"), "{error}");
        assert!(resolve(Given::default(), &[("LOA_DEFERRED_TOOLS", "maybe")], "").is_err());
        assert!(resolve(Given::default(), &[("LOA_CONFINE", "some")], "").is_err());
        assert!(resolve(Given::default(), &[("LOA_DEEP_VERIFY", "often")], "").is_err());
        let off = resolve(Given::default(), &[("LOA_DEFERRED_TOOLS", "false")], "").unwrap();
        assert!(!off.enabled.value);
    }
}
