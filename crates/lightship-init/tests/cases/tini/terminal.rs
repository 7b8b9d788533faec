use crate::case::{Case, Place};

/// T13
#[test]
fn a_shell_in_a_terminal_ends_as_it_is_told() {
    for place in Place::BOTH {
        let mut running = Case::new().at(place).command(&["sh"]).start_in_terminal();
        running.typed("echo here $((40 + 2))\n");
        running.printed("here 42");
        running.typed("exit 0\n");
        assert_eq!(running.exit(), 0, "{place:?}");
    }
}

/// T13
#[test]
fn control_c_interrupts_the_command() {
    for place in Place::BOTH {
        let mut running = Case::new().at(place).command(&["sleep", "1000"]).start_in_terminal();
        running.find("sleep");
        running.in_foreground("sleep");
        running.typed("\u{3}");
        assert_eq!(running.exit(), 130, "{place:?}");
    }
}
