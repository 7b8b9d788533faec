//! Signals by number and name: every one that Linux has.

use std::fmt;

/// A signal, 1–64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(u8);

/// The names of 1–31 on Linux, x86 and ARM.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// The first real-time signal that programs may use: the C library keeps 32 and 33.
const RTMIN: u8 = 34;
const RTMAX: u8 = 64;

impl Signal {
    pub const HUP: Self = Self(1);
    pub const INT: Self = Self(2);
    pub const QUIT: Self = Self(3);
    pub const KILL: Self = Self(9);
    pub const USR1: Self = Self(10);
    pub const PIPE: Self = Self(13);
    pub const TERM: Self = Self(15);
    pub const CHLD: Self = Self(17);
    pub const CONT: Self = Self(18);
    pub const STOP: Self = Self(19);
    pub const TSTP: Self = Self(20);
    pub const TTIN: Self = Self(21);
    pub const TTOU: Self = Self(22);

    /// The signal of that number, if there is one.
    pub fn from_number(number: i32) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| (1..=RTMAX).contains(number)).map(Self)
    }

    /// Reads a number or a name: `15`, `TERM`, `SIGTERM`, `RTMIN+3`, `RTMAX-1`, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse() {
            return Self::from_number(number);
        }
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        if let Some(index) = NAMES.iter().position(|known| *known == name) {
            return u8::try_from(index + 1).ok().map(Self);
        }
        let offset = |rest: &str, sign| match rest.strip_prefix(sign) {
            Some(digits) => digits.parse::<u8>().ok(),
            None => rest.is_empty().then_some(0),
        };
        let number = match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
            (Some(rest), _) => RTMIN.checked_add(offset(rest, '+')?)?,
            (_, Some(rest)) => RTMAX.checked_sub(offset(rest, '-')?)?,
            (None, None) => return None,
        };
        (RTMIN..=RTMAX).contains(&number).then_some(Self(number))
    }

    /// The names of the ordinary signals.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.into_iter()
    }

    /// Its name; one for all real-time signals.
    pub fn short_name(self) -> &'static str {
        NAMES.get(usize::from(self.0) - 1).copied().unwrap_or("RT")
    }

    pub fn number(self) -> i32 {
        self.0.into()
    }

    /// Whether a terminal's job control stops a process with it.
    pub fn suspends(self) -> bool {
        [Self::TSTP, Self::TTIN, Self::TTOU].contains(&self)
    }

    /// Whether it can be passed on: the kernel shows KILL and STOP to nobody, and CHLD is about
    /// this process's own children.
    pub fn is_forwardable(self) -> bool {
        ![Self::KILL, Self::STOP, Self::CHLD].contains(&self)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.get(usize::from(self.0) - 1) {
            Some(name) => f.write_str(name),
            None if self.0 >= RTMIN => write!(f, "RTMIN+{}", self.0 - RTMIN),
            None => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_has_a_name_that_reads_back() {
        for number in 1..=64 {
            let signal = Signal::from_number(number).unwrap();
            assert_eq!(Signal::parse(&signal.to_string()), Some(signal));
            assert_eq!(Signal::parse(&number.to_string()), Some(signal));
        }
        assert_eq!(Signal::parse("sigterm"), Some(Signal::TERM));
        assert_eq!(Signal::parse("RTMAX-1"), Signal::from_number(63));
        for bad in ["", "0", "65", "-1", "SIG", "TERMX", "RTMIN+31", "RTMIN-1", "RTMAX-99", "15:"] {
            assert_eq!(Signal::parse(bad), None, "{bad}");
        }
    }
}
