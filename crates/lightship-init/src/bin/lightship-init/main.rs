//! `lightship-init`: PID 1 of a container, and its own health check.

mod args;
mod start;

use std::process::ExitCode;

use args::Command;
use lightship_model::exit;

fn main() -> ExitCode {
    let code = match args::parse(std::env::args_os()) {
        Ok(Command::Run(options)) => start::run(options),
        Ok(Command::Health(options)) => start::health(options),
        Ok(Command::Help) => start::print(args::HELP),
        Ok(Command::Version) => start::print(args::VERSION),
        Err(error) => start::fail(&error, Some(args::USAGE), exit::USAGE),
    };
    ExitCode::from(code)
}
