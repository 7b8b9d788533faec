use crate::case::{Case, Place};
use crate::subject::Need;

/// D16
#[test]
fn a_program_reads_and_writes_in_a_terminal() {
    for place in Place::BOTH {
        let case = Case::new().at(place).need(Need::Session).command(&["tac"]);
        let mut running = case.start_in_terminal();
        running.find("tac");
        running.typed("one\ntwo\nthree\n\u{4}");
        assert_eq!(running.exit(), 0);
        running.printed("three\ntwo\none\n");
    }
}

/// D16
#[test]
fn a_shell_has_job_control() {
    for place in Place::BOTH {
        // Without it, it says so; and a job that is stopped by the keyboard is one that `jobs` knows.
        let case = Case::new().at(place).need(Need::Session).command(&["bash", "--norc", "-m"]);
        let mut running = case.start_in_terminal();
        running.typed("echo \"flags $-\"\n");
        running.printed("flags h");
        assert!(!running.output().contains("no job control"), "{}", running.output());
        running.typed("sleep 1000\n");
        running.in_foreground("sleep");
        running.typed("\u{1a}");
        running.printed("Stopped");
        running.typed("kill -KILL %1; exit 7\n");
        running.printed("exit");
        running.typed("exit 7\n");
        assert_eq!(running.exit(), 7, "{}", running.output());
    }
}

/// D16
#[test]
fn no_hang_up_is_made_up_and_none_is_lost() {
    for place in Place::BOTH {
        let case = Case::new().at(place).need(Need::Session).python("print_signals.py", &[]);
        let running = case.start_in_terminal();
        running.printed("up\n");
        for (signal, lines) in [("HUP", "1\n"), ("USR1", "1\n10\n"), ("HUP", "1\n10\n1\n")] {
            running.signal(signal);
            running.printed(&format!("up\n{lines}"));
        }
        assert_eq!(running.output(), "up\n1\n10\n1\n");
    }
}
