//! Called `tini`: tini's options (`-s -p -v -w -g -e -l`) and variables.

use std::ffi::OsString;

use lexopt::{Arg, Parser, ValueExt as _};
use lightship_init::{InitOptions, Signal};

use super::{LICENSE, Parsed, act, is_set};

const HELP: &str = "\
tini (lightship-init under another name): a tiny init for containers

usage: tini [options] PROGRAM -- [ARGS]  |  tini --version

  --version      show the version
  -h             show this text
  -s             collect orphans of the program (always on here)
  -p SIGNAL      be sent SIGNAL when the parent ends
  -v             say more; -vv, -vvv likewise
  -w             say so when an orphan is collected
  -g             pass signals on to the program's whole process group
  -e CODE        end with 0 when the program ends with CODE; may be repeated
  -l             show the license

variables: TINI_SUBREAPER, TINI_VERBOSITY (0-3), TINI_KILL_PROCESS_GROUP
";

pub(crate) fn main(words: Vec<OsString>) -> u8 {
    act(parse(words, is_set).unwrap_or_else(|error| Parsed::Refuse(format!("{error}\n\n{HELP}"))))
}

fn parse(words: Vec<OsString>, is_set: impl Fn(&str) -> bool) -> Result<Parsed, lexopt::Error> {
    let mut options = InitOptions {
        single_child: !is_set("TINI_KILL_PROCESS_GROUP"),
        verbose: is_set("TINI_VERBOSITY"),
        ..InitOptions::default()
    };
    let mut parser = Parser::from_args(words.into_iter().skip(1));
    let mut command: Vec<OsString> = Vec::new();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("version") => {
                let version = env!("CARGO_PKG_VERSION");
                return Ok(Parsed::Print(format!("tini version 0.19.0 - lightship {version}")));
            }
            Arg::Short('h') => return Ok(Parsed::Print(HELP.to_owned())),
            Arg::Short('l') => return Ok(Parsed::Print(LICENSE.to_owned())),
            Arg::Short('s') => {}
            Arg::Short('v') => options.verbose = true,
            Arg::Short('w') => options.warn_on_reap = Some("Reaped zombie process with pid="),
            Arg::Short('g') => options.single_child = false,
            Arg::Short('e') => {
                let code = parser.value()?.parse()?;
                options.success_codes.insert(code);
            }
            Arg::Short('p') => options.parent_death = Some(parser.value()?.parse_with(signal)?),
            Arg::Value(program) => {
                command.push(program);
                command.extend(parser.raw_args()?);
            }
            Arg::Short(_) | Arg::Long(_) => return Err(arg.unexpected()),
        }
    }
    if command.is_empty() {
        return Ok(Parsed::Refuse(HELP.to_owned()));
    }
    Ok(Parsed::Run { command, options })
}

fn signal(text: &str) -> Result<Signal, &'static str> {
    Signal::parse(text).ok_or("it is no signal")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Parsed, lexopt::Error> {
        let words = format!("tini {line}");
        parse(words.split_whitespace().map(OsString::from).collect(), |_| false)
    }

    #[test]
    fn its_options_are_understood() {
        let Ok(Parsed::Run { command, options }) = parsed("-gwe143 -e 7 -p SIGUSR1 -s -- sh -c -x")
        else {
            panic!("no run")
        };
        assert_eq!(command, ["sh", "-c", "-x"]);
        assert!(!options.single_child && options.warn_on_reap.is_some());
        assert!(options.success_codes.contains(&143) && options.success_codes.contains(&7));
        assert_eq!(options.parent_death, Some(Signal::USR1));
        assert!(!options.supervised);
    }

    #[test]
    fn what_tini_refuses_is_refused() {
        assert!(matches!(parsed(""), Ok(Parsed::Refuse(_))));
        for line in ["-z", "-e 256 true", "-e x true", "-p NOPE true", "-p"] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
