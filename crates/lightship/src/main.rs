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

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use lightship_init::shim::Shim;

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    if let Some(shim) = Shim::of_process(words.first().map(OsString::as_os_str)) {
        lightship_init::undo_runtime();
        return shim.run(&words).into();
    }
    match cmd::run(cli::Cli::parse()) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => failure.report(),
    }
}
