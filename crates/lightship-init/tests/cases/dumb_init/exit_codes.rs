use crate::case::{Case, Place};

/// D3
#[test]
fn the_commands_code_is_passed_through() {
    for place in Place::BOTH {
        for code in [0, 1, 2, 32, 64, 127, 254, 255] {
            let case = Case::new().at(place).script(&format!("exit {code}"));
            assert_eq!(case.run().0, code, "{place:?}");
        }
    }
}

/// D4
#[test]
fn a_command_that_died_of_a_signal_gives_128_and_its_number() {
    for place in Place::BOTH {
        for (signal, code) in [("TERM", 143), ("HUP", 129), ("QUIT", 131), ("KILL", 137)] {
            let case = Case::new().at(place).script(&format!("kill -{signal} $$"));
            assert_eq!(case.run().0, code, "{signal} {place:?}");
        }
    }
}

/// D5
#[test]
fn a_command_that_can_t_be_executed_is_named_with_the_reason() {
    for options in [&[][..], &["--"]] {
        let case = Case::new().bare().options(options).command(&["/does/not/exist"]);
        let (code, output) = case.run();
        assert_ne!(code, 0);
        assert!(output.contains("/does/not/exist"), "{output}");
        assert!(output.contains("No such file or directory"), "{output}");
    }
    let (code, output) = Case::new().command(&["/etc/passwd"]).run();
    assert_ne!(code, 0);
    assert!(output.contains("/etc/passwd") && output.contains("ermission denied"), "{output}");
}
