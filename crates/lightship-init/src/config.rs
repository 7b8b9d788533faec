//! What is to be run.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::time::Duration;
use std::{fs, io};

use lightship_model::event::PlannedTool;
use lightship_model::manifest::{
    self, LogMode, Manifest, Restart, SHORTEST_TOKEN, Service, Token, TokenSource, Which, open,
};
use lightship_model::name::ToolName;
use lightship_model::plan;
use lightship_model::settings::Settings;
use lightship_model::shims::{self, Programs};

use crate::control::{ControlAddress, ControlAddressError};
use crate::http::Details;
use crate::options::InitOptions;
use crate::sys::{self, Runtime};

/// Everything that [`crate::run`] needs to know.
#[derive(Debug)]
pub struct Config {
    pub service: Service,
    /// Program and arguments of the service, byte for byte.
    pub command: Vec<OsString>,
    pub options: InitOptions,
    /// Address of the health port, `HOST:PORT`; port 0 takes a free one. None is opened without.
    pub listen: Option<String>,
    /// Where the tools are: the service finds them through its environment.
    pub tool_dir: Option<String>,
    /// Name of a capability → the tools that must all be installed for it.
    pub capabilities: BTreeMap<String, Vec<ToolName>>,
    /// The manifest's tools, as health shows them before the loader has said a word.
    pub expected: Vec<PlannedTool>,
    /// The manifest's programs, each with its tool: they get shims.
    pub programs: Programs,
    /// How long who runs one that is not there yet waits for it.
    pub wait: Option<Duration>,
    /// Program and arguments of the loader; nothing when there is none to run.
    pub loader: Option<Vec<OsString>>,
    /// Program and arguments of a process that calls [`crate::print_tail`] with two more: a path
    /// and a number of lines.
    pub log_reader: Vec<OsString>,
    /// The writing end of a pipe that takes every event as a line of JSON. When its reader is
    /// gone, everything is stopped.
    pub events: Option<OwnedFd>,
    /// Reads the manifest again; nothing where there is none.
    pub reload: Option<Reload>,
    /// Who sees more than whether everything is well.
    pub details: Details,
    /// What shows that somebody may see and change everything.
    pub token: Option<String>,
    pub control: Control,
    pub runtime: Runtime,
}

/// Where the control socket is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    Off,
    /// Under a name that clients find by themselves.
    Auto,
    At(ControlAddress),
}

/// What a manifest says when it is read again, as far as a running lightship takes it in. The
/// loader reads the rest for itself; the service keeps what it was started with.
#[derive(Debug)]
pub struct Reloaded {
    pub capabilities: BTreeMap<String, Vec<ToolName>>,
    pub programs: Programs,
    pub wait: Option<Duration>,
}

/// How the manifest is read again; the error is for people.
pub struct Reload(pub Box<dyn Fn() -> Result<Reloaded, String>>);

impl Reload {
    /// Reads `which`.
    pub fn of(which: Which) -> Self {
        Self(Box::new(move || match open(&which, |path| fs::read_to_string(path)) {
            Ok(manifest) => Ok(Reloaded {
                // Nothing is read of an environment that does not change: what was switched off
                // is told by the loader.
                programs: programs(&manifest, true),
                wait: manifest.loader.wait,
                capabilities: manifest.capabilities,
            }),
            Err(errors) => Err(errors.to_string()),
        }))
    }
}

impl std::fmt::Debug for Reload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reload")
    }
}

/// Why there is nothing to run.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("there is no service to run")]
    NoService,
    #[error("can't write events to descriptor {number}")]
    Events { number: i32, source: io::Error },
    #[error("can't read the health token from `{path}`")]
    Token { path: String, source: io::Error },
    #[error("the health token in `{path}` is shorter than {SHORTEST_TOKEN} characters")]
    ShortToken { path: String },
    #[error("can't use `control` of [health]")]
    Control(#[from] ControlAddressError),
}

/// The pipe for [`Config::events`] that whoever started this process has left open, as the
/// descriptor `number`. Has to be called once, before anything else opens files.
pub fn inherited_events(number: i32) -> Result<OwnedFd, ConfigError> {
    sys::inherited(number).map_err(|source| ConfigError::Events { number, source })
}

impl Config {
    /// A plain init: one service, nothing beside it.
    pub fn plain(command: Vec<OsString>, options: InitOptions) -> Result<Self, ConfigError> {
        if command.is_empty() {
            return Err(ConfigError::NoService);
        }
        Ok(Self {
            service: Service::from_command(shown(&command)),
            command,
            options,
            listen: None,
            tool_dir: None,
            capabilities: BTreeMap::new(),
            expected: Vec::new(),
            programs: Programs::new(),
            wait: None,
            loader: None,
            log_reader: Vec::new(),
            events: None,
            reload: None,
            details: Details::default(),
            token: None,
            control: Control::Off,
            runtime: Runtime::Standard,
        })
    }

    /// What `manifest` and `settings` ask for. A `command` that is not empty replaces the
    /// manifest's service. `loader` is the loader's command line for this manifest; it is left
    /// out when the manifest has no tools.
    pub fn from_manifest(
        manifest: &Manifest,
        settings: &Settings,
        command: Vec<OsString>,
        options: InitOptions,
        loader: Vec<OsString>,
    ) -> Result<Self, ConfigError> {
        let (service, command) = if command.is_empty() {
            let service = manifest.service.clone().ok_or(ConfigError::NoService)?;
            let command = service.command.iter().map(OsString::from).collect();
            (service, command)
        } else {
            (Service::from_command(shown(&command)), command)
        };
        let options = InitOptions { supervised: true, ..options };
        Ok(Self {
            service,
            command,
            options,
            listen: Some(settings.listen.value.clone()),
            tool_dir: Some(settings.tool_dir.value.clone()),
            capabilities: manifest.capabilities.clone(),
            expected: plan::expected(manifest, settings.enabled.value),
            programs: programs(manifest, settings.enabled.value),
            wait: manifest.loader.wait,
            loader: (!manifest.tools.is_empty()).then_some(loader),
            log_reader: Vec::new(),
            events: None,
            reload: None,
            details: manifest.health.details,
            token: manifest.health.token.as_ref().map(token).transpose()?,
            control: match &manifest.health.control {
                manifest::Control::Auto => Control::Auto,
                manifest::Control::Off => Control::Off,
                manifest::Control::At(address) => Control::At(address.parse()?),
            },
            runtime: Runtime::Standard,
        })
    }

    /// Whether the service is started once, and nothing beside it.
    pub(crate) fn is_plain(&self) -> bool {
        let service = &self.service;
        service.restart == Restart::Never
            && service.ready.is_none()
            && service.live.is_none()
            && service.log == LogMode::Inherit
            && service.before_start.is_none()
            && service.stop.is_none()
            && !matches!(service.reload, Some(manifest::Reload::Command(_)))
            && self.loader.is_none()
    }
}

/// The programs that get shims: none where nothing is loaded, as whoever looks for a program to
/// find out whether it can be used has to be told the truth.
fn programs(manifest: &Manifest, enabled: bool) -> Programs {
    let enabled = enabled && !manifest.tools.is_empty();
    if enabled { shims::programs(manifest) } else { Programs::new() }
}

fn token(source: &TokenSource) -> Result<String, ConfigError> {
    let path = match source {
        TokenSource::Inline(token) => return Ok(token.reveal().to_owned()),
        TokenSource::File(path) => path,
    };
    let text = fs::read_to_string(path)
        .map_err(|source| ConfigError::Token { path: path.clone(), source })?;
    match Token::new(&text) {
        Some(token) => Ok(token.reveal().to_owned()),
        None => Err(ConfigError::ShortToken { path: path.clone() }),
    }
}

fn shown(command: &[OsString]) -> Vec<String> {
    command.iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write as _;

    use lightship_model::manifest::Text;
    use lightship_model::settings::Given;

    use super::*;

    fn config(text: &str, command: &[&str]) -> Result<Config, ConfigError> {
        let manifest = Manifest::load(Text::new("m", text), |_, _| Err(String::new())).unwrap();
        let settings =
            Settings::resolve(Given::default(), |_| None, &manifest, "/t".to_owned()).unwrap();
        let command = command.iter().map(OsString::from).collect();
        let options = InitOptions::default();
        Config::from_manifest(&manifest, &settings, command, options, vec!["loader".into()])
    }

    #[test]
    fn a_command_replaces_the_service_and_one_of_them_is_needed() {
        let text = "[service]\ncommand = [\"a\"]\nrestart = \"always\"\n";
        assert_eq!(config(text, &[]).unwrap().command, ["a"]);
        let replaced = config(text, &["b", "c"]).unwrap();
        assert_eq!((replaced.command.len(), replaced.service.restart), (2, Restart::Never));
        assert!(matches!(config("", &[]), Err(ConfigError::NoService)));
    }

    #[test]
    fn without_tools_there_is_no_loader() {
        assert!(config("", &["a"]).unwrap().loader.is_none());
        let tools = "[tools.x]\nscript = { run = [\"true\"] }\n";
        let config = config(tools, &["a"]).unwrap();
        assert_eq!((config.loader.unwrap().len(), config.expected.len()), (1, 1));
    }

    #[test]
    fn a_token_comes_from_its_file_and_is_long_enough() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let text = format!("[health]\ntoken_file = \"{}\"\n", path.display());
        assert!(matches!(config(&text, &["a"]), Err(ConfigError::Token { .. })));
        let write = |text: &str| File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        write("short\n");
        assert!(matches!(config(&text, &["a"]), Err(ConfigError::ShortToken { .. })));
        write("0123456789abcdef\n");
        assert_eq!(config(&text, &["a"]).unwrap().token.unwrap(), "0123456789abcdef");
    }
}
