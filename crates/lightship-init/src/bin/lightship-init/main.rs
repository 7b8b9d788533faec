//! `lightship-init`: PID 1 of a container, and its own health check.
// A test harness has a `main` of its own, and calls what is tested here.
#![cfg_attr(not(test), no_main)]

mod args;
mod on_demand;
mod persona;
mod start;

use std::ffi::{OsString, c_char, c_int};
use std::path::Path;

use args::Command;
use lightship_init::shim::Shim;
use lightship_model::exit;
use persona::{dumb_init, tini};

/// The C library's `main`: the standard library's own would look at this process's memory map,
/// set up handlers for stack overflows and ignore a signal, which takes longer than all the rest
/// of a start and changes what the service inherits.
#[cfg_attr(not(test), expect(unsafe_code, reason = "the C library looks for this name"))]
#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn main(_argc: c_int, _argv: *const *const c_char) -> c_int {
    let words: Vec<OsString> = std::env::args_os().collect();
    // First: what runs in its place finds everything as it was.
    if let Some(shim) = Shim::of_process(words.first().map(OsString::as_os_str)) {
        return shim.run(&words).into();
    }
    lightship_init::prepare_bare();
    let called = words.first().map(Path::new).and_then(Path::file_name).unwrap_or_default();
    let code = match called.to_str() {
        Some("tini" | "tini-static" | "docker-init") => tini::main(words),
        Some("dumb-init") => dumb_init::main(words),
        _ => own(words),
    };
    code.into()
}

fn own(words: Vec<OsString>) -> u8 {
    match args::parse(words) {
        Ok(Command::Run(options)) => start::run(*options),
        Ok(Command::Health(options)) => start::health(options),
        Ok(Command::Ctl(options)) => start::ctl(options),
        Ok(Command::Wait(options)) => on_demand::wait(options),
        Ok(Command::Exec(options)) => on_demand::exec(options),
        Ok(Command::Tail { path, lines }) => start::tail(&path, lines),
        Ok(Command::Help) => start::print(args::HELP),
        Ok(Command::Version) => start::print(args::VERSION),
        Ok(Command::License) => start::print(persona::LICENSE),
        Err(error) => start::fail(&error, Some(args::USAGE), exit::USAGE),
    }
}
