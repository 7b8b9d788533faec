//! An error as it is shown to people: what, why, and what to do.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};

/// The whole message: the error, its causes, each on a line, and the help.
pub fn text(error: &dyn Error, help: Option<&str>) -> String {
    let mut text = format!("error: {error}\n");
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing into a string can't fail.
        writeln!(text, "  caused by: {error}").unwrap_or_default();
        cause = error.source();
    }
    if let Some(help) = help {
        writeln!(text, "  help: {help}").unwrap_or_default();
    }
    text
}

/// Prints the message to standard error.
pub fn show(error: &dyn Error, help: Option<&str>) {
    // Nobody is left to be told that standard error is closed.
    io::stderr().lock().write_all(text(error, help).as_bytes()).unwrap_or_default();
}
