use crate::lightship::Lightship;

#[test]
fn the_services_code_is_passed_through() {
    for code in [0, 1, 7, 127, 255] {
        assert_eq!(Lightship::service(&format!("exit {code}")).run().0, code);
    }
}

#[test]
fn a_service_that_died_of_a_signal_gives_128_and_its_number() {
    for (signal, code) in [("TERM", 143), ("KILL", 137), ("HUP", 129), ("SEGV", 139)] {
        assert_eq!(Lightship::service(&format!("kill -{signal} $$")).run().0, code, "{signal}");
    }
}

#[test]
fn a_service_that_is_not_there_gives_127_and_is_named() {
    let (code, output) = Lightship::new().command(&["no-such-program"]).run();
    assert_eq!(code, 127, "{output}");
    let (code, _) = Lightship::new().command(&["/no/such/program"]).run();
    assert_eq!(code, 127);
}

#[test]
fn a_service_that_can_t_be_executed_gives_126() {
    assert_eq!(Lightship::new().command(&["/etc/passwd"]).run().0, 126);
    assert_eq!(Lightship::new().command(&["/etc"]).run().0, 126);
}

#[test]
fn a_working_directory_that_is_missing_is_told() {
    let manifest = "[service]\ncommand = [\"true\"]\nrestart = \"never\"\ndir = \"/no/such\"\n";
    let mut running = Lightship::manifest(manifest).start();
    let error = running.event(|what| match what {
        lightship_model::event::What::ServiceFailed { error } => Some(error),
        _ => None,
    });
    assert!(error.contains("`/no/such`"), "{error}");
    assert_eq!(running.exit(), 126);
}

#[test]
fn nothing_to_run_and_a_wrong_command_line_have_codes_of_their_own() {
    let (code, output) = Lightship::new().run();
    assert_eq!(code, 3);
    assert!(output.contains("help: write a [service]"), "{output}");
    let (code, output) = Lightship::manifest("[service]\ncomand = [\"x\"]\n").run();
    assert_eq!(code, 3);
    assert!(output.contains("did you mean `command`?"), "{output}");
    let (code, output) =
        Lightship::manifest("").through(&["env", "LOA_DEFERRED_TOOLS=maybe"]).run();
    assert_eq!(code, 3);
    assert!(output.contains("LOA_DEFERRED_TOOLS"), "{output}");
}
