//! The terminal, if there is one: whoever it is for gets its signals and may read from it.

use std::io;
use std::os::fd::AsFd as _;

use rustix::io::Errno;
use rustix::process::{Pid, getpgrp, test_kill_process_group};
use rustix::termios::{isatty, tcgetpgrp, tcsetpgrp};

use crate::signal::Signal;
use crate::sys::{self, Leads};

/// What lightship does with the terminal at its standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Terminal {
    /// There is none, or it belongs to others: lightship was started in the background.
    None,
    /// The service's group is in its foreground while it runs.
    Foreground,
    /// It is the controlling terminal of the service's own session.
    GivenAway,
}

impl Terminal {
    /// Looks at standard input. With a session of its own for the service, lightship lets go of
    /// the terminal: no session takes what another one has. The signals that this costs a
    /// session's leader are returned; they are not meant for the service.
    pub(crate) fn find(leads: Leads) -> (Self, Vec<Signal>) {
        let stdin = io::stdin();
        if !isatty(&stdin) {
            return (Self::None, Vec::new());
        }
        match leads {
            Leads::Group if tcgetpgrp(&stdin).is_ok_and(|group| group == getpgrp()) => {
                (Self::Foreground, Vec::new())
            }
            Leads::Group => (Self::None, Vec::new()),
            Leads::Session => {
                let leader = sys::leads_session();
                let let_go = sys::leave_terminal(stdin.as_fd()).is_ok();
                let told = leader && let_go;
                let signals = if told { vec![Signal::HUP, Signal::CONT] } else { Vec::new() };
                (Self::GivenAway, signals)
            }
        }
    }

    /// Whether a service that starts now gets it. A shell that has put lightship into the
    /// background keeps it.
    pub(crate) fn is_for_the_service(self) -> bool {
        match self {
            Self::None => false,
            Self::Foreground => tcgetpgrp(io::stdin()).is_ok_and(|group| group == getpgrp()),
            Self::GivenAway => true,
        }
    }

    /// Takes it back from the service's `group`: whoever started lightship goes on with it, and
    /// until the next start what is typed is meant for lightship. Others that have it keep it.
    pub(crate) fn take_back(self, group: Option<Pid>) {
        let has_ended = |group| test_kill_process_group(group) == Err(Errno::SRCH);
        if self == Self::Foreground
            && tcgetpgrp(io::stdin()).is_ok_and(|now| Some(now) == group || has_ended(now))
        {
            // A terminal that is gone is nobody's.
            tcsetpgrp(io::stdin(), getpgrp()).unwrap_or_default();
        }
    }

    /// Gives it to the service again, if lightship was continued in the foreground.
    pub(crate) fn give(self, service: Pid) {
        if self == Self::Foreground && tcgetpgrp(io::stdin()).is_ok_and(|group| group == getpgrp())
        {
            tcsetpgrp(io::stdin(), service).unwrap_or_default();
        }
    }
}
