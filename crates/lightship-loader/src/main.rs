//! `lightship-loader`: the loader part as a program, started by `lightship-init`.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use lightship_loader::{main_run, main_unpack};
use lightship_model::exit;
use lightship_model::manifest::Which;
use lightship_model::name::ToolName;
use lightship_model::settings::Given;

const HELP: &str = "\
lightship-loader: loads the tools of a manifest; started by lightship-init

Usage: lightship-loader run [--manifest FILE | --profile NAME] [--tool-dir DIR]
                            [--lock FILE] [--locked] [--promote TOOL]…

Events go to standard output, a line of JSON each; commands come from standard input, and
its end is the loader's end. Without a manifest, /etc/lightship.toml is read; a lock that
lies beside a manifest is used, and with --locked nothing else is installed.
Tools that somebody waits for already are named with --promote, and go first.

Example:
  lightship-loader run --profile quickstart --tool-dir /data/tools
";

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().skip(1).take(2).collect();
    if let [command, order] = words.as_slice()
        && command == "__unpack"
    {
        return main_unpack(Path::new(order)).into();
    }
    match parse() {
        Ok(Some((which, given, promoted))) => main_run(&which, given, promoted).into(),
        Ok(None) => say(&mut io::stdout(), HELP, exit::OK),
        Err(error) => say(&mut io::stderr(), &format!("error: {error}\n\n{HELP}"), exit::USAGE),
    }
}

/// A manifest, what is said of settings, and the tools that go first.
type Wanted = (Which, Given, BTreeSet<ToolName>);

/// What to load, and how; nothing when help was asked for.
fn parse() -> Result<Option<Wanted>, lexopt::Error> {
    use lexopt::prelude::*;
    let mut which = Which::File("/etc/lightship.toml".into());
    let mut given = Given::default();
    let mut promoted = BTreeSet::new();
    let mut run = false;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("manifest") => which = Which::File(parser.value()?.into()),
            Long("profile") => which = Which::Profile(parser.value()?.string()?),
            Long("tool-dir") => given.tool_dir = Some(parser.value()?.string()?),
            Long("lock") => given.lock = Some(parser.value()?.string()?),
            Long("locked") => given.locked = Some(true),
            Long("promote") => {
                promoted.insert(parser.value()?.parse()?);
            }
            Long("help") | Short('h') => return Ok(None),
            Value(word) if word == "run" && !run => run = true,
            other => return Err(other.unexpected()),
        }
    }
    if run { Ok(Some((which, given, promoted))) } else { Err("say `run`".into()) }
}

fn say(to: &mut dyn io::Write, text: &str, code: u8) -> ExitCode {
    // With nobody to tell there is nothing else to do either.
    drop(to.write_all(text.as_bytes()));
    code.into()
}
