//! Signals as a manifest names them: `TERM`, `SIGTERM`, `15`, `RTMIN+3`.

use std::fmt;

/// Names by number, from 1: the same on every architecture that lightship is built for.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];
/// The first and the last real-time signal that a libc leaves to programs.
const RT_MIN: u8 = 34;
const RT_MAX: u8 = 64;

/// The number of a signal that a process can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalNumber(u8);

impl SignalNumber {
    /// Reads a name, with or without `SIG`, or a number.
    pub fn parse(text: &str) -> Option<Self> {
        let upper = text.trim().to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        let number = if let Ok(number) = name.parse() {
            number
        } else if let Some(rest) = name.strip_prefix("RTMIN") {
            RT_MIN.checked_add(offset(rest, '+')?)?
        } else if let Some(rest) = name.strip_prefix("RTMAX") {
            RT_MAX.checked_sub(offset(rest, '-')?)?
        } else {
            u8::try_from(NAMES.iter().position(|known| *known == name)? + 1).ok()?
        };
        let known = (1..=31).contains(&number) || (RT_MIN..=RT_MAX).contains(&number);
        known.then_some(Self(number))
    }

    /// All names of ordinary signals, for suggestions.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.into_iter()
    }

    pub fn get(self) -> i32 {
        self.0.into()
    }

    /// Whether a process can do something when it gets it.
    pub fn can_be_caught(self) -> bool {
        self.0 != 9 && self.0 != 19
    }
}

fn offset(rest: &str, sign: char) -> Option<u8> {
    if rest.is_empty() { Some(0) } else { rest.strip_prefix(sign)?.parse().ok() }
}

impl fmt::Display for SignalNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.get(usize::from(self.0) - 1) {
            Some(name) => f.write_str(name),
            None => write!(f, "RTMIN+{}", self.0.saturating_sub(RT_MIN)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_read() {
        for (text, number) in [
            ("TERM", 15),
            ("sigterm", 15),
            ("1", 1),
            ("RTMIN+3", 37),
            ("SIGRTMAX", 64),
            ("SYS", 31),
        ] {
            assert_eq!(SignalNumber::parse(text).unwrap().get(), number, "{text}");
        }
        for bad in ["", "0", "32", "65", "255", "TERMINATE", "RTMIN3", "RTMIN+40", "-1"] {
            assert_eq!(SignalNumber::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_signal_is_shown_by_a_name_that_is_read_again() {
        for number in (1..=31).chain(34..=64) {
            let signal = SignalNumber::parse(&number.to_string()).unwrap();
            assert_eq!(SignalNumber::parse(&signal.to_string()), Some(signal));
        }
    }
}
