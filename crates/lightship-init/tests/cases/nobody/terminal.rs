use crate::case::{Case, Place};
use crate::subject::{Dialect, Subject};

/// L21
#[test]
fn control_c_ends_everything_while_no_service_runs() {
    let manifest = r#"
        [service]
        command = ["sh", "-c", "exit 6"]
        backoff = { first = "1000s", max = "1000s" }
    "#;
    for place in Place::BOTH {
        let case = Case::new().at(place).manifest(manifest);
        let mut running = case.options(&["--listen", "127.0.0.1:0"]).start_in_terminal();
        running.printed("it is started again");
        running.typed("\u{3}");
        assert_eq!(running.exit(), 6, "{place:?}");
    }
}

/// L21
#[test]
fn a_restart_gets_the_terminal_again() {
    let manifest = r#"
        [service]
        command = ["sh", "-c", "read word; echo it read $word; exit 6"]
        backoff = { first = "10ms", max = "10ms" }
    "#;
    for place in Place::BOTH {
        let case = Case::new().at(place).manifest(manifest);
        let running = case.options(&["--listen", "127.0.0.1:0"]).start_in_terminal();
        for word in ["one", "two"] {
            running.in_foreground("sh");
            running.typed(&format!("{word}\n"));
            running.printed(&format!("it read {word}\n"));
        }
    }
}

/// L21
#[test]
fn a_shell_keeps_the_terminal_when_a_job_of_it_ends_in_the_background() {
    let init = Case::new();
    let program = init.program().display().to_string();
    let nothing = Subject { dialect: Dialect::Nothing, program: "sh".into(), link: None };
    let mut running = Case::of(nothing).options(&["-i"]).start_in_terminal();
    running.typed(&format!("{program} -- sleep 1000\n"));
    running.in_foreground("sleep");
    running.typed("\u{1a}");
    running.printed("Stopped");
    running.typed("bg; kill %1; wait; echo ended $((40 + 2))\n");
    running.printed("ended 42");
    running.typed("echo reads $((50 + 5))\n");
    running.printed("reads 55");
    running.typed("exit 3\n");
    assert_eq!(running.exit(), 3);
}
