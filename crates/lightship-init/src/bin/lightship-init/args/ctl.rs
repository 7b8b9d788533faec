//! `lightship-init ctl …`, as it was typed.

use lexopt::{Arg, Parser, ValueExt as _};
use lightship_init::control::ControlAddress;
use lightship_init::ctl::Order;

use super::{CloneName as _, Command, Origin, origin};

/// How many lines of a log are shown when nobody says.
const LINES: usize = 100;

/// A command to a running lightship.
#[derive(Debug)]
pub(crate) struct Ctl {
    pub(crate) origin: Origin,
    pub(crate) socket: Option<ControlAddress>,
    pub(crate) order: Order,
}

pub(super) fn parse(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let (mut from, mut socket, mut lines) = (Origin::default(), None, LINES);
    let mut words = Vec::new();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("socket") => socket = Some(parser.value()?.parse()?),
            Arg::Long("lines") => lines = parser.value()?.parse()?,
            Arg::Value(word) => words.push(word.string()?),
            Arg::Long(_) | Arg::Short(_) => origin(&arg.clone_name(), &mut parser, &mut from)?,
        }
    }
    let order = order(words, lines)
        .ok_or("ctl takes `promote TOOL`, `retry TOOL`, `reload`, `stop` or `log TOOL`")?;
    Ok(Command::Ctl(Ctl { origin: from, socket, order }))
}

fn order(words: Vec<String>, lines: usize) -> Option<Order> {
    let mut words = words.into_iter();
    let (verb, tool, more) = (words.next()?, words.next(), words.next());
    let order = match (verb.as_str(), tool) {
        ("promote", Some(tool)) => Order::Promote { tool },
        ("retry", Some(tool)) => Order::Retry { tool },
        ("log", Some(tool)) => Order::Log { tool, lines },
        ("reload", None) => Order::Reload,
        ("stop", None) => Order::Stop,
        _ => return None,
    };
    more.is_none().then_some(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, lexopt::Error> {
        parse(Parser::from_args(line.split_whitespace().map(str::to_owned)))
    }

    #[test]
    fn each_command_takes_what_belongs_to_it() {
        let Ok(Command::Ctl(ctl)) = parsed("log rust --lines 5 --socket @x") else { panic!() };
        assert_eq!(ctl.order, Order::Log { tool: "rust".to_owned(), lines: 5 });
        assert_eq!(ctl.socket.unwrap().to_string(), "@x");
        assert!(matches!(parsed("reload"), Ok(Command::Ctl(Ctl { order: Order::Reload, .. }))));
        for bad in ["", "promote", "promote a b", "reload a", "go", "log a --lines x", "stop -x"] {
            assert!(parsed(bad).is_err(), "{bad}");
        }
    }
}
