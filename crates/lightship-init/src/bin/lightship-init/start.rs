//! From the command line to the parts that do the work.

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use lightship_init::client::{self, At, Question};
use lightship_init::ctl;
use lightship_init::{Config, ConfigError, Reload, Runtime, inherited_events, screen};
use lightship_model::exit;
use lightship_model::manifest::{Manifest, ManifestErrors, Text, Which, open};
use lightship_model::settings::{Given, Settings, SettingsError};

use crate::args::{Ctl, Health, Origin, Run};

/// The manifest of an image.
const MANIFEST: &str = "/etc/lightship.toml";
/// The specification's tool directory.
const TOOL_DIR: &str = "/data/tools";

/// Why nothing was started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("{0}")]
    Manifest(ManifestErrors),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl StartError {
    fn help(&self) -> Option<&'static str> {
        match self {
            Self::Config(ConfigError::NoService) => Some(
                "write a [service] into the manifest, or the command behind --: \
                 lightship-init -- COMMAND ARGS",
            ),
            Self::Config(ConfigError::Token { .. } | ConfigError::ShortToken { .. }) => Some(
                "`token_file` of [health] names a file that holds one word, made for example \
                 with `head -c 24 /dev/urandom | base64`",
            ),
            Self::Config(ConfigError::Events { .. } | ConfigError::Control(_))
            | Self::Manifest(_)
            | Self::Settings(_) => None,
        }
    }
}

/// Prints an answer.
pub(crate) fn print(text: &str) -> u8 {
    match writeln!(io::stdout().lock(), "{}", text.trim_end()) {
        Ok(()) => exit::OK,
        // Whoever asked went away.
        Err(_) => exit::NO,
    }
}

/// Prints an error and what to do about it; returns `code`.
pub(crate) fn fail(error: &dyn Error, help: Option<&str>, code: u8) -> u8 {
    screen::show(error, help);
    code
}

/// Prints what is wrong.
pub(crate) fn print_error(text: &str) {
    // Nobody is left to be told that standard error is closed.
    writeln!(io::stderr().lock(), "{}", text.trim_end()).unwrap_or_default();
}

/// Runs the service until the end.
pub(crate) fn run(options: Run) -> u8 {
    match configure(options) {
        Ok(config) => run_config(config),
        Err(error) => fail(&error, error.help(), exit::INPUT),
    }
}

pub(crate) fn run_config(config: Config) -> u8 {
    lightship_init::run(Config { runtime: Runtime::Bare, ..config })
}

/// Prints the end of a file.
pub(crate) fn tail(path: &Path, lines: usize) -> u8 {
    match lightship_init::print_tail(path, lines) {
        Ok(()) => exit::OK,
        Err(error) => fail(&error, None, exit::NO),
    }
}

/// Asks a running lightship how it is.
pub(crate) fn health(options: Health) -> u8 {
    let Health { origin, url, socket, token, check, fail_on, wait, format } = options;
    let token = token.or_else(|| std::env::var(client::TOKEN_VARIABLE).ok());
    let token = token.filter(|token| !token.is_empty());
    let at = match (socket, url) {
        (Some(socket), _) => Ok(At::Socket(socket)),
        (None, Some(url)) => Ok(At::Url(url)),
        (None, None) => match settings(which(&origin).as_ref(), origin) {
            Ok((_, settings)) => client::url_of(&settings.listen.value).map(At::Url),
            Err(error) => return fail(&error, error.help(), exit::NO),
        },
    };
    let question = |at| Question { at, token, check, fail_on, wait, format };
    let answer = at.and_then(|at| client::ask(&question(at)));
    match answer {
        Ok(answer) => {
            let printed = print(&answer.text);
            if answer.ok { printed } else { exit::NO }
        }
        Err(error) => fail(&error, None, exit::NO),
    }
}

/// Tells a running lightship what to do.
pub(crate) fn ctl(options: Ctl) -> u8 {
    let Ctl { origin, socket, order } = options;
    // Without a manifest that can be read, PID 1 is found all the same.
    let url = settings(which(&origin).as_ref(), origin).ok();
    let url = url.and_then(|(_, settings)| client::url_of(&settings.listen.value).ok());
    let token = std::env::var(client::TOKEN_VARIABLE).ok().filter(|token| !token.is_empty());
    let done = ctl::find(socket, url.as_deref(), token.as_deref())
        .and_then(|address| ctl::send(&order, &address));
    match done {
        Ok(text) => print(&text),
        Err(error) => fail(&error, error.help(), exit::NO),
    }
}

fn configure(options: Run) -> Result<Config, StartError> {
    let events = options.events.map(inherited_events).transpose()?;
    let which = which(&options.origin);
    let config = match which {
        None => {
            let listen = options.origin.listen.or_else(|| std::env::var("LOA_LISTEN").ok());
            let plain = Config::plain(options.command, options.options)?;
            Config { listen, ..plain }
        }
        Some(which) => {
            let (manifest, settings) = settings(Some(&which), options.origin)?;
            let loader = loader(options.loader, &which, &settings);
            let (command, init) = (options.command, options.options);
            let log_reader = ["/proc/self/exe", "__tail"].map(OsString::from).into();
            let config = Config::from_manifest(&manifest, &settings, command, init, loader)?;
            Config { log_reader, reload: Some(Reload::of(which)), ..config }
        }
    };
    Ok(Config { events, ..config })
}

/// The manifest that was named, or that of the image.
pub(crate) fn which(origin: &Origin) -> Option<Which> {
    let image = || Path::new(MANIFEST).exists().then(|| Which::File(MANIFEST.into()));
    origin.which.clone().or_else(image)
}

pub(crate) fn settings(
    which: Option<&Which>,
    origin: Origin,
) -> Result<(Manifest, Settings), StartError> {
    let manifest = match which {
        Some(which) => open(which, |path| fs::read_to_string(path)),
        None => Manifest::load(Text::new("no manifest", ""), |_, name| Err(name.to_owned())),
    };
    let manifest = manifest.map_err(StartError::Manifest)?;
    let given = Given { tool_dir: origin.tool_dir, listen: origin.listen, ..Given::default() };
    let var = |name: &str| std::env::var(name).ok();
    let settings = Settings::resolve(given, var, &manifest, TOOL_DIR.to_owned())?;
    Ok((manifest, settings))
}

/// The loader's command line.
fn loader(given: Option<OsString>, which: &Which, settings: &Settings) -> Vec<OsString> {
    let mut argv = vec![given.unwrap_or_else(beside_this_program), "run".into()];
    argv.extend(which.to_args().map(OsString::from));
    argv.extend(["--tool-dir".into(), settings.tool_dir.value.clone().into()]);
    argv
}

fn beside_this_program() -> OsString {
    const NAME: &str = "lightship-loader";
    // Without /proc, the PATH has to do.
    let path = fs::read_link("/proc/self/exe").map(|exe| exe.with_file_name(NAME));
    path.unwrap_or_else(|_| PathBuf::from(NAME)).into_os_string()
}
