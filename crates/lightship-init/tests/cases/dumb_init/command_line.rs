use crate::case::Case;
use crate::subject::{Need, Subject};

fn dumb_init(options: &[&str]) -> Case {
    Case::of(Subject::as_dumb_init()).bare().options(options)
}

/// D1
#[test]
fn without_a_command_it_tells_how_it_is_used_and_fails() {
    let (code, output) = dumb_init(&[]).run();
    assert_eq!(code, 1);
    assert!(output.contains("sage"), "{output}");
}

/// D1
#[test]
fn an_unknown_option_is_named_and_fails() {
    let (code, output) = dumb_init(&["--herp"]).command(&["true"]).run();
    assert_eq!(code, 1);
    assert!(output.contains("herp"), "{output}");
}

/// D1
#[test]
fn help_and_version_have_long_and_short_options() {
    for option in ["-h", "--help"] {
        let (code, output) = dumb_init(&[option]).run();
        assert_eq!(code, 0, "{option}");
        for part in ["sage", "--single-child", "--rewrite", "--verbose"] {
            assert!(output.contains(part), "{option}: {output}");
        }
    }
    for option in ["-V", "--version"] {
        let (code, output) = dumb_init(&[option]).run();
        assert_eq!(code, 0, "{option}");
        assert!(output.contains(|letter: char| letter.is_ascii_digit()), "{option}: {output}");
    }
}

/// D1
#[test]
fn verbose_tells_what_is_done_in_both_modes() {
    for options in [&["-v"][..], &["--verbose"], &["-v", "-c"], &["--verbose", "--single-child"]] {
        let (code, output) = dumb_init(options).command(&["echo", "printed"]).run();
        assert_eq!(code, 0, "{options:?}");
        assert!(output.contains("printed\n"), "{output}");
        assert!(output.lines().count() > 1, "{output}");
    }
    let (_, own) = Case::new().need(Need::Verbose).command(&["echo", "printed"]).run();
    assert!(own.lines().count() > 1, "{own}");
    let loud = dumb_init(&[]).env("DUMB_INIT_DEBUG", "1").command(&["echo", "printed"]).run();
    assert!(loud.1.lines().count() > 1, "{}", loud.1);
    let quiet = dumb_init(&[]).command(&["echo", "printed"]).run();
    assert_eq!(quiet.1, "printed\n");
}

/// D2
#[test]
fn a_rewriting_that_makes_no_sense_is_refused() {
    for value in ["", "herp", "15", "15::12", "15:derp", "0"] {
        let case = Case::new().need(Need::Rewrite("15:2")).options(&["-r", value]);
        let usage = case.subject().usage_code();
        let (code, output) = case.command(&["echo", "ran"]).run();
        assert_eq!(code, usage, "`{value}`: {output}");
        assert!(!output.is_empty() && !output.contains("ran\n"), "`{value}`: {output}");
    }
    for last in [&["-r"][..], &["-r", "15:12", "-r"]] {
        let case = Case::new().need(Need::Rewrite("15:2")).bare().options(last);
        let usage = case.subject().usage_code();
        let (code, output) = case.run();
        assert_eq!((code, output.is_empty()), (usage, false), "{output}");
    }
}

/// D2
#[test]
fn a_signal_that_does_not_exist_is_refused_by_that_name() {
    let (code, output) = dumb_init(&["-r", "1:32"]).command(&["echo", "ran"]).run();
    assert_eq!(code, 1, "{output}");
    assert!(!output.contains("ran\n"), "{output}");
    // Unlike the two above, this option is there.
    assert_eq!(dumb_init(&["-r", "1:31"]).command(&["true"]).run().0, 0);
}
