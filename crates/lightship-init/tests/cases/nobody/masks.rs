use crate::case::{Case, Place};
use crate::subject::Subject;

/// L5
#[test]
fn a_command_that_ended_is_seen_though_such_ends_were_ignored() {
    for place in Place::BOTH {
        let case = Case::new().at(place).through(&["env", "--ignore-signal=CHLD"]);
        assert_eq!(case.script("(sleep 0 &); exit 6").run().0, 6, "{place:?}");
    }
}

/// L6
#[test]
fn signals_are_heard_though_all_were_blocked() {
    for place in Place::BOTH {
        // What is blocked is so for the command too; this one unblocks it.
        let case = Case::new().at(place).through(&["env", "--block-signal"]);
        let running = case.python("print_signals.py", &[]).start();
        running.printed("up\n");
        for (signal, lines) in [("TERM", "15\n"), ("USR1", "15\n10\n"), ("HUP", "15\n10\n1\n")] {
            running.signal(signal);
            running.printed(&format!("up\n{lines}"));
        }
    }
}

/// L7
#[test]
fn the_commands_signals_are_as_if_there_were_no_init() {
    let launchers = [
        &["env"][..],
        &["env", "--ignore-signal=PIPE"],
        &["env", "--ignore-signal=PIPE,HUP,CHLD", "--block-signal=USR1,CONT,TSTP,TTIN,TTOU"],
        &["env", "--block-signal"],
        &["env", "--ignore-signal"],
    ];
    let signals = |case: Case, launcher: &[&str]| {
        let (_, output) = case.through(launcher).command(&["cat", "/proc/self/status"]).run();
        let lines = output.lines().filter(|line| {
            ["SigBlk:", "SigIgn:", "SigCgt:"].iter().any(|name| line.starts_with(name))
        });
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    for place in Place::BOTH {
        for launcher in launchers {
            let expected = signals(Case::of(Subject::none()).at(place), launcher);
            assert_eq!(expected.len(), 3);
            assert_eq!(signals(Case::new().at(place), launcher), expected, "{launcher:?}");
        }
    }
}
