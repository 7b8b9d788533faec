//! What can go wrong in a command: the one place where an error becomes a screen and an exit
//! code.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use lightship_image::build::BuildError;
use lightship_image::check::{BaselineError, CheckError};
use lightship_image::oci::archive::ArchiveError;
use lightship_image::oci::layout::LayoutError;
use lightship_image::registry::RegistryError;
use lightship_image::source::SourceError;
use lightship_image::what_if::SubjectError;
use lightship_init::ConfigError;
use lightship_init::address::AddressError;
use lightship_init::ctl::CtlError;
use lightship_init::shim::WaitError;
use lightship_loader::LoaderError;
use lightship_model::exit;
use lightship_model::manifest::ManifestErrors;
use lightship_model::settings::SettingsError;

use crate::out::takes_colour;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Manifest(#[from] ManifestErrors),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Loader(#[from] LoaderError),
    #[error("can't read the image `{name}`")]
    Image { name: String, source: SourceError },
    #[error(transparent)]
    Subject(#[from] SubjectError),
    #[error(transparent)]
    Check(#[from] CheckError),
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Layout(#[from] LayoutError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error("{0}")]
    Option(String),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error(transparent)]
    Ctl(#[from] CtlError),
    #[error(transparent)]
    NotRunning(CtlError),
    #[error(transparent)]
    Waiting(#[from] WaitError),
    #[error("can't tell how long to wait: {0}")]
    Wait(String),
    #[error(transparent)]
    Config(ConfigError),
    #[error("{manifest} names no service, and no command was given")]
    NoService { manifest: String },
    #[error("there is no tool called `{name}` in the manifest")]
    UnknownTool { name: String, nearest: Option<String>, known: Vec<String> },
    #[error("there is no built-in manifest called `{name}`")]
    UnknownProfile { name: String, known: Vec<&'static str> },
    #[error("it is not said which file the lock is")]
    NoLockFile,
    #[error("there is no log of tool `{tool}`")]
    NoLog { tool: String, path: PathBuf },
    #[error("can't read `{path}`")]
    Read { path: PathBuf, source: io::Error },
    #[error("can't write `{path}`")]
    Write { path: PathBuf, source: io::Error },
    #[error("can't write the answer")]
    Output(#[source] io::Error),
    #[error("the loader came to an end that lightship did not foresee")]
    LoaderPanicked,
    #[error("can't {what}")]
    System { what: &'static str, source: io::Error },
}

impl Failure {
    /// Gives an [`io::Error`] of the system what was tried: `map_err(Failure::system("…"))`.
    pub(crate) fn system<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::System { what, source: source.into() }
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::Image { source: SourceError::Reference(_), .. }
            | Self::Address(_)
            | Self::Option(_)
            | Self::Subject(_)
            | Self::UnknownTool { .. }
            | Self::NoLockFile => exit::USAGE,
            Self::Manifest(_)
            | Self::Settings(_)
            | Self::Config(_)
            | Self::Wait(_)
            | Self::NoService { .. }
            | Self::UnknownProfile { .. }
            | Self::Image { .. }
            | Self::Check(_)
            | Self::Baseline(_)
            | Self::Build(_)
            | Self::Registry(_)
            | Self::Read { .. } => exit::INPUT,
            Self::Loader(error) => error.exit_code(),
            Self::NoLog { .. } | Self::Ctl(_) => exit::NO,
            Self::Write { .. } | Self::Layout(_) | Self::Archive(_) => exit::CANT_CREATE,
            Self::NotRunning(_) | Self::Waiting(_) => exit::UNAVAILABLE,
            Self::Output(_) | Self::LoaderPanicked | Self::System { .. } => exit::INTERNAL,
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::NoService { .. } => Some(
                "name it in the manifest:\n\n    [service]\n    command = [\"my-server\", \
                 \"--port\", \"8080\"]\n\n  or on the command line: lightship up -- my-server \
                 --port 8080"
                    .to_owned(),
            ),
            Self::UnknownTool { nearest: Some(nearest), .. } => {
                Some(format!("did you mean `{nearest}`?"))
            }
            Self::UnknownTool { known, .. } if known.is_empty() => {
                Some("the manifest has no tools".to_owned())
            }
            Self::UnknownTool { known, .. } => Some(format!("its tools: {}", known.join(", "))),
            Self::UnknownProfile { known, .. } => Some(format!("there are: {}", known.join(", "))),
            Self::Ctl(error) | Self::NotRunning(error) => error.help().map(str::to_owned),
            Self::NoLog { tool, path } => Some(format!(
                "it would be `{}`: the tool was never installed here; `lightship tools install \
                 {tool}` does it",
                path.display()
            )),
            Self::Settings(_) => {
                Some("`lightship up --print-config` shows where each setting comes from".to_owned())
            }
            Self::Loader(error) => Some(error.help().to_owned()),
            Self::Build(error) => error.help(),
            Self::Image { source, .. } => source.help(),
            Self::Registry(error) => error.help(),
            Self::Subject(error) => Some(error.help()),
            Self::Check(error) => Some(error.help().to_owned()),
            Self::Baseline(_) => Some(
                "a baseline is an image, or what `lightship image measure` or `check` printed \
                 with --format json"
                    .to_owned(),
            ),
            Self::NoLockFile => Some(
                "a built-in manifest has no file to lie beside, and LOA_LOCK may say `off`: name \
                 the lock with --lock FILE"
                    .to_owned(),
            ),
            Self::Manifest(_)
            | Self::Config(_)
            | Self::Layout(_)
            | Self::Archive(_)
            | Self::Option(_)
            | Self::Waiting(_)
            | Self::Wait(_)
            | Self::Address(_)
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::Output(_)
            | Self::LoaderPanicked
            | Self::System { .. } => None,
        }
    }

    /// The whole screen: each error, what caused it, what helps.
    fn screen(&self, label: &str) -> String {
        if let Self::Manifest(ManifestErrors(errors))
        | Self::Build(BuildError::Manifest(ManifestErrors(errors))) = self
        {
            let each: Vec<String> = errors.iter().map(|error| format!("{label} {error}")).collect();
            return each.join("\n\n");
        }
        let mut lines = vec![format!("{label} {self}")];
        let mut source = self.source();
        while let Some(cause) = source {
            lines.push(format!("  caused by: {cause}"));
            source = cause.source();
        }
        lines.extend(self.help().map(|help| format!("  help: {help}")));
        lines.join("\n")
    }

    /// Prints the screen and gives the exit code.
    #[expect(clippy::print_stderr, reason = "this is the edge where errors are printed, once")]
    pub(crate) fn report(&self) -> ExitCode {
        let colour = takes_colour(&io::stderr());
        let label = if colour { "\u{1b}[1;31merror:\u{1b}[0m" } else { "error:" };
        eprintln!("{}", self.screen(label));
        ExitCode::from(self.exit_code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_screen_has_the_error_its_causes_and_what_helps() {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let failure = Failure::Read { path: "/x".into(), source: denied };
        assert_eq!(
            failure.screen("error:"),
            "error: can't read `/x`\n  caused by: permission denied"
        );
        let failure = Failure::UnknownTool {
            name: "rsut".into(),
            nearest: Some("rust".into()),
            known: Vec::new(),
        };
        assert!(failure.screen("error:").ends_with("\n  help: did you mean `rust`?"));
    }
}
