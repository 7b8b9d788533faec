//! Other inits' names: a link called `tini` or `dumb-init` takes their options and variables, so
//! that it stands in for them.

pub(crate) mod dumb_init;
pub(crate) mod tini;

use std::ffi::OsString;

use lightship_init::{Config, InitOptions};
use lightship_model::exit;

use crate::start;

pub(crate) const LICENSE: &str = "\
lightship is licensed under either of
  the Apache License, Version 2.0, or
  the MIT license,
as you like. The texts come with its source.
";

/// Wrong usage, to both.
const USAGE: u8 = 1;

/// What a persona made of its command line.
enum Parsed {
    Run {
        command: Vec<OsString>,
        options: InitOptions,
    },
    /// Text for standard output, and success.
    Print(String),
    /// Text for standard error, and failure.
    Refuse(String),
}

fn act(parsed: Parsed) -> u8 {
    match parsed {
        Parsed::Run { command, options } => match Config::plain(command, options) {
            Ok(config) => start::run_config(config),
            Err(error) => start::fail(&error, None, exit::INPUT),
        },
        Parsed::Print(text) => start::print(&text),
        Parsed::Refuse(text) => {
            start::print_error(&text);
            USAGE
        }
    }
}

/// Whether a variable is set, to anything but what means "no".
fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| value != "0")
}
