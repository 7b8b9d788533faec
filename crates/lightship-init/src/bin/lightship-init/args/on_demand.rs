//! `lightship-init wait …` and `lightship-init exec …`, as they were typed.

use std::ffi::OsString;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt as _};
use lightship_init::client::Format;
use lightship_init::control::ControlAddress;
use lightship_model::name::ToolName;

use super::{CloneName as _, Command, Origin, duration, format, origin};

/// Where the running lightship is, and for how long it is waited.
#[derive(Debug, Default)]
pub(crate) struct Asking {
    pub(crate) origin: Origin,
    pub(crate) socket: Option<ControlAddress>,
    pub(crate) timeout: Option<Duration>,
}

/// Tools that are waited for.
#[derive(Debug)]
pub(crate) struct Wait {
    pub(crate) asking: Asking,
    pub(crate) tools: Vec<ToolName>,
    pub(crate) format: Format,
}

/// A program that is run once it is there.
#[derive(Debug)]
pub(crate) struct Exec {
    pub(crate) asking: Asking,
    pub(crate) tool: Option<ToolName>,
    pub(crate) words: Vec<OsString>,
}

pub(super) fn wait(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let (mut asking, mut tools, mut shown) = (Asking::default(), Vec::new(), Format::Text);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("format") => shown = parser.value()?.parse_with(format)?,
            Arg::Value(word) => tools.push(word.parse()?),
            Arg::Long(_) | Arg::Short(_) => ask(&arg.clone_name(), &mut parser, &mut asking)?,
        }
    }
    if tools.is_empty() {
        return Err("wait takes the names of tools: `wait TOOL…`".into());
    }
    Ok(Command::Wait(Wait { asking, tools, format: shown }))
}

pub(super) fn exec(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let (mut asking, mut tool, mut words) = (Asking::default(), None, Vec::new());
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("tool") => tool = Some(parser.value()?.parse()?),
            Arg::Value(program) => {
                words.push(program);
                words.extend(parser.raw_args()?);
            }
            Arg::Long(_) | Arg::Short(_) => ask(&arg.clone_name(), &mut parser, &mut asking)?,
        }
    }
    if words.is_empty() {
        return Err("exec takes a program: `exec PROGRAM ARGS…`".into());
    }
    Ok(Command::Exec(Exec { asking, tool, words }))
}

fn ask(name: &str, parser: &mut Parser, asking: &mut Asking) -> Result<(), lexopt::Error> {
    match name {
        "--socket" => asking.socket = Some(parser.value()?.parse()?),
        "--timeout" => asking.timeout = Some(duration(parser)?),
        "--tool-dir" => asking.origin.tool_dir = Some(parser.value()?.string()?),
        _ => origin(name, parser, &mut asking.origin)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Parser {
        Parser::from_args(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn tools_are_waited_for_and_what_stands_behind_a_program_is_its_own() {
        let Ok(Command::Wait(asked)) = wait(words("a b --timeout 30s --format json")) else {
            panic!()
        };
        assert_eq!((asked.tools.len(), asked.format), (2, Format::Json));
        assert_eq!(asked.asking.timeout, Some(Duration::from_secs(30)));
        let Ok(Command::Exec(asked)) = exec(words("--tool rust ck --timeout 1 -x")) else {
            panic!()
        };
        assert_eq!(asked.words, ["ck", "--timeout", "1", "-x"]);
        assert_eq!((asked.tool.unwrap().as_str(), asked.asking.timeout), ("rust", None));
        for bad in ["", "../x", "a --timeout soon", "a --nope"] {
            assert!(wait(words(bad)).is_err(), "{bad}");
        }
        assert!(exec(words("--tool rust")).is_err());
    }
}
