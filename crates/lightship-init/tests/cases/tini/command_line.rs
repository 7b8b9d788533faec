use crate::case::{Case, Place};
use crate::subject::Subject;

fn tini(options: &[&str]) -> Case {
    Case::of(Subject::as_tini()).bare().options(options)
}

/// T1
#[test]
fn version_help_and_licence_are_told() {
    for (option, part) in [("--version", "version"), ("-h", "sage"), ("-l", "icense")] {
        let (code, output) = tini(&[option]).run();
        assert_eq!(code, 0, "{option}: {output}");
        assert!(output.contains(part), "{option}: {output}");
    }
}

/// T1
#[test]
fn without_a_command_it_tells_how_it_is_used_and_fails() {
    let (code, output) = tini(&[]).run();
    assert_eq!(code, 1);
    assert!(output.contains("sage"), "{output}");
}

/// T1
#[test]
fn true_gives_0_and_false_does_not() {
    assert_eq!(Case::new().bare().command(&["true"]).run().0, 0);
    assert_eq!(Case::new().bare().command(&["false"]).run().0, 1);
}

/// T1
#[test]
fn two_dashes_end_the_options_and_only_the_first_two() {
    assert_eq!(Case::new().bare().options(&["--", "true"]).run().0, 0);
    let (code, _) = Case::new().bare().options(&["--", "--", "true"]).run();
    assert_ne!(code, 0);
}

/// T12
#[test]
fn an_unknown_option_gives_1_in_a_container() {
    for place in Place::BOTH {
        let (code, output) = tini(&["-z"]).command(&["true"]).at(place).run();
        assert_eq!(code, 1, "{output}");
        assert!(output.contains('z'), "{output}");
    }
}

/// T12
#[test]
fn a_command_that_is_not_there_gives_127_and_is_named() {
    for place in Place::BOTH {
        let (code, output) = Case::new().command(&["no-such-program"]).at(place).run();
        assert_eq!(code, 127, "{output}");
        assert!(output.contains("no-such-program"), "{output}");
    }
}
