//! The command line, as it was typed.

mod ctl;
mod help;
mod on_demand;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt as _};
use lightship_init::client::{Check, FailOn, Format};
use lightship_init::control::ControlAddress;
use lightship_init::{InitOptions, Signal};
use lightship_model::duration::HumanDuration;
use lightship_model::manifest::Which;

pub(crate) use self::ctl::Ctl;
pub(crate) use self::help::HELP;
pub(crate) use self::on_demand::{Asking, Exec, Wait};

pub(crate) const VERSION: &str = concat!("lightship-init ", env!("CARGO_PKG_VERSION"));

pub(crate) const USAGE: &str = "lightship-init --help shows what can be said";

/// What is wanted.
#[derive(Debug)]
pub(crate) enum Command {
    Run(Box<Run>),
    Health(Health),
    Ctl(Ctl),
    Wait(Wait),
    Exec(Exec),
    /// Print the end of a file: how a log is read without PID 1 waiting for the volume.
    Tail {
        path: PathBuf,
        lines: usize,
    },
    Help,
    Version,
    License,
}

/// Where a manifest and the settings come from.
#[derive(Debug, Default)]
pub(crate) struct Origin {
    pub(crate) which: Option<Which>,
    pub(crate) tool_dir: Option<String>,
    pub(crate) listen: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) origin: Origin,
    pub(crate) options: InitOptions,
    pub(crate) loader: Option<OsString>,
    pub(crate) events: Option<i32>,
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Default)]
pub(crate) struct Health {
    pub(crate) origin: Origin,
    pub(crate) url: Option<String>,
    pub(crate) socket: Option<ControlAddress>,
    pub(crate) token: Option<String>,
    pub(crate) check: Check,
    pub(crate) fail_on: FailOn,
    pub(crate) wait: Option<Duration>,
    pub(crate) format: Format,
}

/// Reads the command line, whose first word is the program's own name.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Command, lexopt::Error> {
    let words: Vec<OsString> = words.into_iter().collect();
    let parser = |skipped| Parser::from_args(words.iter().skip(skipped).cloned());
    match words.get(1).and_then(|word| word.to_str()) {
        Some("health") => health(parser(2)),
        Some("ctl") => ctl::parse(parser(2)),
        Some("wait") => on_demand::wait(parser(2)),
        Some("exec") => on_demand::exec(parser(2)),
        Some("__tail") => tail(parser(2)),
        _ => run(parser(1)),
    }
}

fn tail(mut parser: Parser) -> Result<Command, lexopt::Error> {
    Ok(Command::Tail { path: parser.value()?.into(), lines: parser.value()?.parse()? })
}

fn run(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let mut run = Run::default();
    let options = &mut run.options;
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Short('l') | Arg::Long("license") => return Ok(Command::License),
            Arg::Short('g') | Arg::Long("group") => options.single_child = false,
            Arg::Short('s') | Arg::Long("subreaper") => {}
            Arg::Short('c') | Arg::Long("single-child") => options.single_child = true,
            Arg::Long("session") => options.session = true,
            Arg::Short('w') | Arg::Long("warn-on-reap") => {
                options.warn_on_reap = Some("reaped process with pid=");
            }
            Arg::Short('v') | Arg::Long("verbose") => options.verbose = true,
            Arg::Short('e') | Arg::Long("map-exit") => {
                options.success_codes.insert(parser.value()?.parse()?);
            }
            Arg::Short('r') | Arg::Long("rewrite") => {
                let (from, to) = parser.value()?.parse_with(rewrite)?;
                options.rewrites.insert(from, to);
            }
            Arg::Short('p') | Arg::Long("parent-death") => {
                options.parent_death = Some(parser.value()?.parse_with(signal)?);
            }
            Arg::Long("grace") => options.stop_timeout = Some(duration(&mut parser)?),
            Arg::Long("stop-timeout") => {
                options.stop_timeout = Some(duration(&mut parser)?);
                options.supervised = true;
            }
            Arg::Long("loader") => run.loader = Some(parser.value()?),
            Arg::Long("events-fd") => run.events = Some(parser.value()?.parse()?),
            Arg::Long("tool-dir") => run.origin.tool_dir = Some(parser.value()?.string()?),
            // From the first word that is no option on, everything is the command's.
            Arg::Value(program) => {
                run.command.push(program);
                run.command.extend(parser.raw_args()?);
            }
            Arg::Long(_) | Arg::Short(_) => {
                origin(&arg.clone_name(), &mut parser, &mut run.origin)?;
            }
        }
    }
    Ok(Command::Run(Box::new(run)))
}

fn duration(parser: &mut Parser) -> Result<Duration, lexopt::Error> {
    Ok(parser.value()?.parse_with(HumanDuration::parse)?.0)
}

fn signal(text: &str) -> Result<Signal, &'static str> {
    Signal::parse(text).ok_or("it is no signal")
}

/// What FROM:TO means; nothing for a TO of 0.
pub(crate) fn rewrite(text: &str) -> Result<(Signal, Option<Signal>), &'static str> {
    const HOW: &str = "a rewrite is written FROM:TO, like 15:3 or TERM:QUIT, or TERM:0";
    let (from, to) = text.split_once(':').ok_or(HOW)?;
    let from = Signal::parse(from).ok_or(HOW)?;
    let to = if to == "0" { None } else { Some(Signal::parse(to).ok_or(HOW)?) };
    Ok((from, to))
}

fn health(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let mut health = Health::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("url") => health.url = Some(parser.value()?.string()?),
            Arg::Long("socket") => health.socket = Some(parser.value()?.parse()?),
            Arg::Long("token") => health.token = Some(parser.value()?.string()?),
            Arg::Long("ready") => health.check = Check::Ready,
            Arg::Long("live") => health.check = Check::Live,
            Arg::Long("full") => health.check = Check::Full,
            Arg::Long("fail-on") => health.fail_on = parser.value()?.parse_with(fail_on)?,
            Arg::Long("format") => health.format = parser.value()?.parse_with(format)?,
            Arg::Long("wait") => {
                health.wait = Some(duration(&mut parser)?);
            }
            Arg::Value(_) => return Err(arg.unexpected()),
            Arg::Long(_) | Arg::Short(_) => {
                origin(&arg.clone_name(), &mut parser, &mut health.origin)?;
            }
        }
    }
    Ok(Command::Health(health))
}

/// The options that both have.
fn origin(name: &str, parser: &mut Parser, origin: &mut Origin) -> Result<(), lexopt::Error> {
    match name {
        "--manifest" => origin.which = Some(Which::File(parser.value()?.into())),
        "--profile" => origin.which = Some(Which::Profile(parser.value()?.string()?)),
        "--listen" => origin.listen = Some(parser.value()?.string()?),
        _ => return Err(lexopt::Error::UnexpectedOption(name.to_owned())),
    }
    Ok(())
}

/// The option as it was typed.
trait CloneName {
    fn clone_name(&self) -> String;
}

impl CloneName for Arg<'_> {
    fn clone_name(&self) -> String {
        match self {
            Arg::Short(letter) => format!("-{letter}"),
            Arg::Long(name) => format!("--{name}"),
            Arg::Value(value) => value.to_string_lossy().into_owned(),
        }
    }
}

fn fail_on(word: &str) -> Result<FailOn, &'static str> {
    match word {
        "unhealthy" => Ok(FailOn::Unhealthy),
        "degraded" => Ok(FailOn::Degraded),
        _ => Err("it is `unhealthy` or `degraded`"),
    }
}

fn format(word: &str) -> Result<Format, &'static str> {
    match word {
        "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        _ => Err("it is `text` or `json`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Result<Command, lexopt::Error> {
        parse(format!("lightship-init {line}").split_whitespace().map(OsString::from))
    }

    fn run_of(line: &str) -> Box<Run> {
        match words(line) {
            Ok(Command::Run(run)) => run,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn everything_behind_the_command_is_the_commands() {
        let run = run_of("--listen 127.0.0.1:0 -- sh -c exit --listen x");
        assert_eq!(run.command, ["sh", "-c", "exit", "--listen", "x"]);
        assert_eq!(run.origin.listen.as_deref(), Some("127.0.0.1:0"));
        assert_eq!(run_of("sleep 5 --help").command, ["sleep", "5", "--help"]);
        assert_eq!(run_of("-- health").command, ["health"]);
        assert_eq!(run_of("--profile loa").origin.which, Some(Which::Profile("loa".into())));
    }

    #[test]
    fn an_init_takes_its_options() {
        let options =
            run_of("-cwe 143 -e7 -rTERM:QUIT --rewrite=15:0 -p USR1 --grace 2s x").options;
        assert!(options.single_child && options.warn_on_reap.is_some() && !options.supervised);
        assert_eq!(options.success_codes.into_iter().collect::<Vec<_>>(), [7, 143]);
        assert_eq!(options.rewrites.into_iter().collect::<Vec<_>>(), [(Signal::TERM, None)]);
        assert_eq!(options.stop_timeout, Some(Duration::from_secs(2)));
        assert!(run_of("--stop-timeout 2s x").options.supervised);
    }

    #[test]
    fn health_takes_its_options() {
        let Ok(Command::Health(health)) =
            words("health --ready --wait 90s --fail-on degraded --format json --listen [::]:1")
        else {
            panic!("no health")
        };
        assert_eq!((health.check, health.fail_on), (Check::Ready, FailOn::Degraded));
        assert_eq!((health.wait, health.format), (Some(Duration::from_secs(90)), Format::Json));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (line, part) in [
            ("--nope", "--nope"),
            ("-r 15 x", "FROM:TO"),
            ("-p NO x", "NO"),
            ("health --fail-on x", "`unhealthy`"),
            ("--listen", "--listen"),
        ] {
            let error = words(line).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
