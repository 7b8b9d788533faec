use crate::case::{Case, Place};
use crate::subject::Need;

/// Sends signals to an init with rewritings; the command prints what has arrived.
fn arrive(rewritings: &[&'static str], pairs: &[(&str, &str)]) {
    for place in Place::BOTH {
        for mode in [Need::Session, Need::SingleChild] {
            let case = Case::new().at(place).need(mode);
            let case = rewritings.iter().fold(case, |case, to| case.need(Need::Rewrite(to)));
            let running = case.python("print_signals.py", &[]).start();
            let mut lines = vec!["up"];
            running.printed("up\n");
            for (sent, arrives) in pairs {
                running.signal(sent);
                lines.extend((!arrives.is_empty()).then_some(*arrives));
                running.lines(&lines);
            }
        }
    }
}

/// D7
#[test]
fn a_signal_rewritten_to_itself_arrives_as_it_is() {
    arrive(&["15:15"], &[("1", "1"), ("15", "15"), ("2", "2")]);
}

/// D7
#[test]
fn a_signal_is_rewritten() {
    arrive(&["15:2"], &[("15", "2"), ("2", "2"), ("3", "3")]);
}

/// D7
#[test]
fn signals_are_swapped() {
    arrive(&["15:2", "2:15", "3:3"], &[("15", "2"), ("2", "15"), ("3", "3"), ("15", "2")]);
    arrive(&["1:31", "31:1"], &[("1", "31"), ("31", "1"), ("10", "10")]);
}

/// D9
#[test]
fn a_signal_rewritten_to_0_is_dropped() {
    arrive(&["15:0"], &[("1", "1"), ("15", ""), ("2", "2"), ("15", ""), ("10", "10")]);
}
