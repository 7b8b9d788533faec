//! Called `dumb-init`: its options (`-c -r -v`) and variables.

use std::ffi::{OsStr, OsString};

use lexopt::{Arg, Parser, ValueExt as _};
use lightship_init::InitOptions;

use super::{Parsed, act};
use crate::args::rewrite;

const HELP: &str = "\
dumb-init (lightship-init under another name): a simple process supervisor

usage: dumb-init [options] PROGRAM [ARGS …]

  -c, --single-child   pass signals on to the program alone: it gets no session of its own
  -r, --rewrite s:r    pass on signal r (a number, 1-31) for signal s; 0 drops it; may be repeated
  -v, --verbose        say what is done
  -h, --help           show this text
  -V, --version        show the version

variables: DUMB_INIT_SETSID=0 (as -c), DUMB_INIT_DEBUG=1 (as -v)
";

const SHORT: &str = "usage: dumb-init PROGRAM [ARGS …]\ntry dumb-init --help for full usage";

/// What dumb-init knows: no real-time signals.
const LAST_SIGNAL: i32 = 31;

pub(crate) fn main(words: Vec<OsString>) -> u8 {
    let var = |name: &str| std::env::var_os(name);
    act(parse(words, var).unwrap_or_else(|error| Parsed::Refuse(format!("{error}\n{SHORT}"))))
}

fn parse(
    words: Vec<OsString>,
    var: impl Fn(&str) -> Option<OsString>,
) -> Result<Parsed, lexopt::Error> {
    let is = |name, value: &str| var(name).is_some_and(|found| found == OsStr::new(value));
    let single = is("DUMB_INIT_SETSID", "0");
    let mut options = InitOptions {
        single_child: single,
        session: !single,
        verbose: is("DUMB_INIT_DEBUG", "1"),
        ..InitOptions::default()
    };
    let mut parser = Parser::from_args(words.into_iter().skip(1));
    let mut command: Vec<OsString> = Vec::new();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Parsed::Print(HELP.to_owned())),
            Arg::Short('V') | Arg::Long("version") => {
                let version = env!("CARGO_PKG_VERSION");
                return Ok(Parsed::Print(format!("dumb-init v1.2.5 (lightship {version})")));
            }
            Arg::Short('v') | Arg::Long("verbose") => options.verbose = true,
            Arg::Short('c') | Arg::Long("single-child") => {
                options.single_child = true;
                options.session = false;
            }
            Arg::Short('r') | Arg::Long("rewrite") => {
                let (from, to) = parser.value()?.parse_with(small_rewrite)?;
                options.rewrites.insert(from, to);
            }
            Arg::Value(program) => {
                command.push(program);
                command.extend(parser.raw_args()?);
            }
            Arg::Short(_) | Arg::Long(_) => return Err(arg.unexpected()),
        }
    }
    if command.is_empty() {
        return Ok(Parsed::Refuse(SHORT.to_owned()));
    }
    Ok(Parsed::Run { command, options })
}

fn small_rewrite(
    text: &str,
) -> Result<(lightship_init::Signal, Option<lightship_init::Signal>), &'static str> {
    let (from, to) = rewrite(text)?;
    let small = |signal: lightship_init::Signal| signal.number() <= LAST_SIGNAL;
    if small(from) && to.is_none_or(small) {
        Ok((from, to))
    } else {
        Err("signals go from 1 to 31 here")
    }
}

#[cfg(test)]
mod tests {
    use lightship_init::Signal;

    use super::*;

    fn parsed(words: &[&str]) -> Result<Parsed, lexopt::Error> {
        let words = ["dumb-init"].iter().chain(words).map(OsString::from).collect();
        parse(words, |_| None)
    }

    #[test]
    fn its_options_are_understood() {
        let words = ["-v", "-r", "15:3", "--rewrite=2:0", "--", "sh", "-c", "x"];
        let Ok(Parsed::Run { command, options }) = parsed(&words) else { panic!("no run") };
        assert_eq!(command, ["sh", "-c", "x"]);
        assert!(options.session && !options.single_child && options.verbose);
        assert_eq!(options.rewrites[&Signal::TERM], Some(Signal::QUIT));
        assert_eq!(options.rewrites[&Signal::INT], None);
        let Ok(Parsed::Run { options, .. }) = parsed(&["-c", "x"]) else { panic!("no run") };
        assert!(options.single_child && !options.session);
    }

    #[test]
    fn wrong_rewrites_are_refused() {
        for text in ["", "herp", "15", "15::12", "15:derp", "0", "1:32", "0:15", "15:-1"] {
            assert!(parsed(&["-r", text, "true"]).is_err(), "{text}");
        }
        assert!(parsed(&["-r"]).is_err());
        assert!(matches!(parsed(&[]), Ok(Parsed::Refuse(_))));
    }
}
