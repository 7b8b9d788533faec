//! What can be typed. Each verb's own options stand in its file under `cmd`.

use clap::{Parser, Subcommand};

use crate::cmd::{
    audit, completions, ctl, doctor, exec, health, image, init, loader, lock, manifest, tail,
    tools, unpack, up, wait,
};

const EXAMPLES: &str = "\
Examples:
  lightship up                              try it: a small service and its tools
  lightship up --manifest lightship.toml    run what the manifest says
  lightship health --wait 30s               wait until the running service is healthy
  lightship tools status                    how each tool stands
  lightship ctl retry NAME                  have a failed tool tried again
  lightship exec ck --version               run a program, once its tool is there
  lightship lock                            pin every tool in lightship.lock
  lightship doctor                          what is wrong here, and what helps
  eval \"$(lightship tools env)\"             put the tools on this shell's PATH

Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 input unreadable or wrong,
  69 the health port, a tool or a running lightship is not to be had, 70 lightship's own
  failure, 73 the tool directory can't be written, 75 gave up waiting for a tool";

/// Ship light, load later: run a service at once and load its tools in the background.
#[derive(Debug, Parser)]
#[command(name = "lightship", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Up(up::Args),
    Health(health::Args),
    Ctl(ctl::Args),
    Tools(tools::Args),
    Exec(exec::Args),
    Wait(wait::Args),
    Manifest(manifest::Args),
    Lock(lock::Args),
    Image(image::Args),
    Doctor(doctor::Args),
    Audit(audit::Args),
    Completions(completions::Args),
    #[command(name = "__init", hide = true)]
    Init(init::Args),
    #[command(name = "__loader", hide = true)]
    Loader(loader::Args),
    #[command(name = "__tail", hide = true)]
    Tail(tail::Args),
    #[command(name = "__unpack", hide = true)]
    Unpack(unpack::Args),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }
}
