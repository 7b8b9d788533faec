//! `lightship`: the command line.
//!
//! `cli` is what can be typed, `cmd` what each verb does (a file a verb), `view` how running
//! parts are shown, `failure` how an error becomes a message and an exit code.

mod child;
mod cli;
mod cmd;
mod failure;
mod out;
mod project;
mod session;
mod shell;
mod sys;
mod view;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cmd::run(cli::Cli::parse()) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => failure.report(),
    }
}
