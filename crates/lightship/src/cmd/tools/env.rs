//! `lightship tools env`: what a shell has to be told so that it finds the tools.

use std::path::Path;

use clap::ValueEnum;
use lightship_model::exit;
use lightship_model::toolenv::{self, Roots};

use crate::failure::Failure;
use crate::out;
use crate::project::{Project, ProjectArgs};
use crate::shell;

const EXAMPLES: &str = "\
Examples:
  eval \"$(lightship tools env)\"
  lightship tools env --shell fish | source
  lightship tools env --shell json | jq -r .PATH";

/// Print what puts the tools on a shell's PATH
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    project: ProjectArgs,
    /// For which reader
    #[arg(long, value_enum, default_value_t)]
    shell: Shell,
}

/// Who reads the exports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Shell {
    /// Sh, bash, zsh and their relatives
    #[default]
    Sh,
    Fish,
    /// An object of strings
    Json,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let project = Project::open(&args.project, None)?;
    let var = |name: &str| std::env::var(name).ok();
    let dir = &project.settings.tool_dir.value;
    let roots = Roots::new(dir, rustix::process::geteuid().as_raw(), var);
    let safe = lightship_loader::secure_local(Path::new(&roots.local)).is_ok();
    let exports = toolenv::exports(&roots.with_local_if(safe), var);
    match args.shell {
        Shell::Json => {
            let pairs = exports.into_iter().map(|(name, value)| (name.to_owned(), value.into()));
            out::print_json(&serde_json::Value::Object(pairs.collect()))?;
        }
        shell => {
            let lines = exports.iter().map(|(name, value)| line(shell, name, value));
            out::print(&lines.collect::<String>())?;
        }
    }
    Ok(exit::OK)
}

fn line(shell: Shell, name: &str, value: &str) -> String {
    match shell {
        // PATH is a list for fish; the others are not.
        Shell::Fish if name == "PATH" => {
            let parts: Vec<String> = value.split(':').map(fish_quoted).collect();
            format!("set -gx {name} {};\n", parts.join(" "))
        }
        Shell::Fish => format!("set -gx {name} {};\n", fish_quoted(value)),
        Shell::Sh | Shell::Json => {
            format!("export {name}={}\n", shell::quoted(value))
        }
    }
}

fn fish_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_word_whatever_stands_in_it() {
        assert_eq!(line(Shell::Sh, "A", "it's $x"), "export A='it'\\''s $x'\n");
        assert_eq!(line(Shell::Fish, "A", "it's \\"), "set -gx A 'it\\'s \\\\';\n");
        assert_eq!(line(Shell::Fish, "PATH", "/a b:/c"), "set -gx PATH '/a b' '/c';\n");
    }
}
