//! Which manifest and which tool directory a command is about.

use std::path::{Path, PathBuf};

use clap::Args;
use lightship_model::builtin;
use lightship_model::manifest::{self, Manifest, Which};
use lightship_model::name::ToolName;
use lightship_model::nearest::nearest;
use lightship_model::settings::{Given, Origin, Settings};

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

    fn origin(&self) -> Origin {
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
}

/// A manifest that has been read, with the settings that hold.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) which: Which,
    /// Whether the manifest was named or is the default.
    pub(crate) manifest_origin: Origin,
    pub(crate) manifest: Manifest,
    pub(crate) settings: Settings,
}

impl Project {
    /// Reads the manifest and works the settings out.
    pub(crate) fn open(args: &ProjectArgs, listen: Option<String>) -> Result<Self, Failure> {
        let which = args.manifest.which();
        let manifest = manifest::open(&which, |path| std::fs::read_to_string(path))?;
        let given = Given { tool_dir: args.tool_dir.clone(), listen };
        let var = |name: &str| std::env::var(name).ok();
        let mut settings =
            Settings::resolve(given, var, &manifest, lightship_loader::default_dir())?;
        let dir = absolute(Path::new(&settings.tool_dir.value));
        settings.tool_dir.value = dir.to_string_lossy().into_owned();
        let manifest_origin = args.manifest.origin();
        Ok(Self { which, manifest_origin, manifest, settings })
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
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
