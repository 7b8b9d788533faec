//! `lightship completions`: a script that makes a shell complete lightship's options.

use clap::CommandFactory;
use clap_complete::Shell;
use lightship_model::exit;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::out;

const EXAMPLES: &str = "\
Examples:
  lightship completions bash > /etc/bash_completion.d/lightship
  lightship completions zsh > \"${fpath[1]}/_lightship\"
  lightship completions fish > ~/.config/fish/completions/lightship.fish";

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "lightship", &mut script);
    out::print(&String::from_utf8_lossy(&script))?;
    Ok(exit::OK)
}
