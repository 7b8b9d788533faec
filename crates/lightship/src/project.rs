//! Which manifest and which tool directory a command is about.

use std::path::{Path, PathBuf};

use clap::Args;
use lightship_model::manifest::{self, Manifest, Which};
use lightship_model::name::ToolName;
use lightship_model::nearest::nearest;
use lightship_model::settings::{Given, Origin, Settings, env};
use lightship_model::{builtin, lock};

use crate::failure::Failure;
use crate::shell;

/// `--manifest` or `--profile`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ManifestArgs {
    /// Manifest to read [default: the built-in `quickstart`]
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    pub(crate) manifest: Option<PathBuf>,
    /// Built-in manifest to use: quickstart or loa
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
}

impl ManifestArgs {
    /// The manifest that is meant; files by their absolute path, as it is passed on to others.
    pub(crate) fn which(&self) -> Which {
        match (&self.manifest, &self.profile) {
            (Some(file), _) => Which::File(absolute(file)),
            (None, Some(name)) => Which::Profile(name.clone()),
            (None, None) => Which::Profile(builtin::DEFAULT.to_owned()),
        }
    }

    pub(crate) fn origin(&self) -> Origin {
        match (&self.manifest, &self.profile) {
            (None, None) => Origin::Default,
            _ => Origin::CommandLine,
        }
    }
}

const TOOL_DIR_HELP: &str = "Tool directory [env: LOA_TOOL_DIR] [default: the manifest's, or \
                             lightship/tools in $XDG_DATA_HOME]";

/// Which manifest, and which tool directory.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ProjectArgs {
    #[command(flatten)]
    pub(crate) manifest: ManifestArgs,
    #[arg(long, value_name = "DIR", help = TOOL_DIR_HELP)]
    pub(crate) tool_dir: Option<String>,
    #[command(flatten)]
    pub(crate) lock: LockArgs,
}

/// Which lock, and whether there has to be one.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct LockArgs {
    #[arg(long, value_name = "FILE", help = LOCK_HELP)]
    pub(crate) lock: Option<String>,
    #[arg(long, help = "Refuse to install what the lock does not name [env: LOA_LOCKED]")]
    pub(crate) locked: bool,
}

impl LockArgs {
    /// As it is passed on to others: a file by its absolute path.
    fn file(&self) -> Option<String> {
        let file = self.lock.as_ref()?;
        Some(if file == lock::OFF {
            file.clone()
        } else {
            absolute(Path::new(file)).to_string_lossy().into_owned()
        })
    }

    /// What the command line says of settings.
    pub(crate) fn given(&self) -> Given {
        Given { lock: self.file(), locked: self.locked.then_some(true), ..Given::default() }
    }
}

const LOCK_HELP: &str = "Lock file, or `off` [env: LOA_LOCK] [default: beside the manifest, \
                         lightship.lock for lightship.toml]";

/// A manifest that has been read, with the settings that hold.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) which: Which,
    /// Whether the manifest was named or is the default.
    pub(crate) manifest_origin: Origin,
    pub(crate) manifest: Manifest,
    pub(crate) settings: Settings,
    /// Of the lock: which tools it does not serve.
    pub(crate) warnings: Vec<String>,
}

impl Project {
    /// Reads the manifest, works the settings out, and lays the lock over the manifest.
    pub(crate) fn open(args: &ProjectArgs, listen: Option<String>) -> Result<Self, Failure> {
        let given = Given { tool_dir: args.tool_dir.clone(), listen, ..args.lock.given() };
        let origin = args.manifest.origin();
        let mut project = Self::unlocked(args.manifest.which(), origin, given)?;
        let Self { manifest, which, settings, .. } = &mut project;
        project.warnings =
            lock::apply(manifest, which, settings, |path| std::fs::read_to_string(path))?;
        Ok(project)
    }

    /// The same without the lock.
    pub(crate) fn unlocked(
        which: Which,
        manifest_origin: Origin,
        given: Given,
    ) -> Result<Self, Failure> {
        let manifest = manifest::open(&which, |path| std::fs::read_to_string(path))?;
        let var = |name: &str| std::env::var(name).ok();
        let mut settings =
            Settings::resolve(given, var, &manifest, lightship_loader::default_dir())?;
        let dir = absolute(Path::new(&settings.tool_dir.value));
        settings.tool_dir.value = dir.to_string_lossy().into_owned();
        Ok(Self { which, manifest_origin, manifest, settings, warnings: Vec::new() })
    }

    /// What the command line said of the lock, for processes that read the environment.
    pub(crate) fn lock_vars(&self) -> Vec<(&'static str, String)> {
        let mut vars = Vec::new();
        let Settings { lock, locked, .. } = &self.settings;
        if let (Some(lock), Origin::CommandLine) = (&lock.value, lock.origin) {
            vars.push((env::LOCK, lock.clone()));
        }
        if locked.origin == Origin::CommandLine {
            vars.push((env::LOCKED, locked.value.to_string()));
        }
        vars
    }

    pub(crate) fn tool_dir(&self) -> &Path {
        Path::new(&self.settings.tool_dir.value)
    }

    /// Whether somebody named the tool directory on this command line, and is there to read that
    /// it can't be used. Otherwise tools go elsewhere.
    pub(crate) fn names_tool_dir(&self) -> bool {
        self.settings.tool_dir.origin == Origin::CommandLine
    }

    /// The options that make another `lightship tools` speak of the same directory: none when
    /// it would find it by itself.
    pub(crate) fn dir_options(&self) -> String {
        match self.settings.tool_dir.origin {
            Origin::Default | Origin::Environment(_) => String::new(),
            Origin::CommandLine | Origin::Manifest => {
                format!(" --tool-dir {}", shell::word(&self.settings.tool_dir.value))
            }
        }
    }

    /// The tools called `names`, each of which the manifest must have.
    pub(crate) fn tools(&self, names: &[String]) -> Result<Vec<ToolName>, Failure> {
        names.iter().map(|name| self.tool(name)).collect()
    }

    /// The tool called `name`.
    pub(crate) fn tool(&self, name: &str) -> Result<ToolName, Failure> {
        let known = self.manifest.tools.keys();
        known.clone().find(|known| known.as_str() == name).cloned().ok_or_else(|| {
            Failure::UnknownTool {
                name: name.to_owned(),
                nearest: nearest(name, known.map(ToolName::as_str)).map(str::to_owned),
                known: self
                    .manifest
                    .tools_in_order()
                    .iter()
                    .map(|tool| tool.name.to_string())
                    .collect(),
            }
        })
    }
}

/// `path` from the root on. A path that can't be made absolute (there is no current directory)
/// stays as it is, and opening it will say what is wrong.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
