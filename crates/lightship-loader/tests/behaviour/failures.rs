//! An installer that fails: what is told of it, what still goes on, and when it is tried again.

use lightship_model::excerpt::ERROR_LIMIT;
use lightship_model::state::ToolStatus::{self, Installed, Installing, Pending};

use crate::support::{makes, sandbox, script, simple};

const NOISY: &str = "i=0\nwhile [ $i -lt 2000 ]; do echo line $i of the output; i=$((i+1)); done\n\
                     echo 'error: the linker is missing' >&2\nexit 7";

#[test]
fn the_error_is_the_outputs_useful_end_and_the_log_has_all_of_it() {
    let sandbox = sandbox();
    sandbox.manifest(&script("bad", "retries = 0", NOISY));
    let run = sandbox.run().ended_well();
    let change = run.last("bad");
    assert_eq!(change.status, ToolStatus::Failed);
    let error = change.error.clone().unwrap();
    assert!(error.chars().count() <= ERROR_LIMIT, "{error}");
    assert!(error.contains("error: the linker is missing"), "{error}");
    assert!(error.contains("exit code 7"), "{error}");
    let state = &sandbox.state().tools[&"bad".parse().unwrap()];
    assert_eq!((state.status, state.error.as_ref()), (ToolStatus::Failed, Some(&error)));
    let log = sandbox.log("bad");
    for line in ["line 0 of the output", "line 1999 of the output", "the linker is missing"] {
        assert!(log.contains(line), "{line}");
    }
}

#[test]
fn a_failed_tool_leaves_nothing_in_the_store_and_no_link() {
    let sandbox = sandbox();
    let run = format!("{}exit 1", makes("bad", "half"));
    sandbox.manifest(&script("bad", "retries = 0", &run));
    let _run = sandbox.run().ended_well();
    assert!(sandbox.installed_tree().keys().all(|path| path.starts_with("python/")));
}

#[test]
fn dependants_are_skipped_with_the_reason_and_others_go_on() {
    let sandbox = sandbox();
    let bad = script("bad", "priority = 1\nretries = 0", "exit 1");
    let middle = script("middle", "requires = [\"bad\"]", "true");
    let top = script("top", "requires = [\"middle\"]", "true");
    sandbox.manifest(&format!("{bad}{middle}{top}{}", simple("good", "good")));
    let run = sandbox.run().ended_well();
    let (middle, top) = (run.last("middle"), run.last("top"));
    assert_eq!((middle.status, top.status), (ToolStatus::Skipped, ToolStatus::Skipped));
    assert_eq!(middle.reason.as_deref(), Some("requires bad, which failed"));
    assert_eq!(top.reason.as_deref(), Some("requires middle, which was skipped"));
    assert_eq!(run.last("good").status, Installed);
    assert_eq!(sandbox.output_of("good"), "good");
    assert_eq!(sandbox.acts("skipped"), ["middle", "top"]);
}

#[test]
fn where_another_attempt_can_help_it_is_made_after_a_pause() {
    let mut sandbox = sandbox();
    // It leaves a sign outside of its prefix and stage.
    sandbox.set("LOA_CONFINE", "off");
    let mark = sandbox.path("tried").display().to_string();
    let run = format!(
        "if [ ! -e '{mark}' ]; then touch '{mark}'; echo 'error: connection reset'; exit 1; fi\n{}",
        makes("flaky", "at last")
    );
    sandbox.manifest(&script("flaky", "", &run));
    let run = sandbox.run().installed_all();
    assert_eq!(run.words("flaky"), [Pending, Installing, Pending, Installing, Installed]);
    let waiting = run.changes().find_map(|change| change.reason.as_deref()).unwrap();
    assert!(waiting.contains("next attempt in 2 s: error: connection reset"), "{waiting}");
    let log = sandbox.log("flaky");
    assert!(log.contains("attempt 1") && log.contains("attempt 2"), "{log}");
    assert_eq!(sandbox.output_of("flaky"), "at last");
}

#[test]
fn a_verify_that_was_killed_says_nothing_about_the_tool_and_another_attempt_is_made() {
    let mut sandbox = sandbox();
    sandbox.set("LOA_CONFINE", "off");
    let mark = sandbox.path("tried").display().to_string();
    let line = format!("struck || exit 1; [ -e {mark} ] || {{ touch {mark}; kill -9 $$; }}");
    let verify = format!("verify = [\"sh\", \"-c\", \"{line}\"]");
    sandbox.manifest(&script("struck", &verify, &makes("struck", "there")));
    let run = sandbox.run().installed_all();
    assert_eq!(run.words("struck"), [Pending, Installing, Pending, Installing, Installed]);
    assert_eq!(sandbox.output_of("struck"), "there");
}

#[test]
fn where_no_attempt_can_help_none_is_made() {
    let sandbox = sandbox();
    sandbox.manifest(&script("bad", "", "echo 'error: could not compile `bad`'; exit 101"));
    let run = sandbox.run().ended_well();
    assert_eq!(run.last("bad").status, ToolStatus::Failed);
    assert_eq!(sandbox.acts("install"), ["bad"]);
}

#[test]
fn an_installer_that_makes_no_program_of_the_wanted_name_has_failed() {
    let sandbox = sandbox();
    sandbox.manifest(&script("bad", "bins = [\"wanted\"]", &makes("other", "x")));
    let error = sandbox.run().ended_well().last("bad").error.clone().unwrap();
    assert!(error.contains("no program `wanted`") && error.contains("other"), "{error}");
}

#[test]
fn a_tool_that_fails_its_own_verify_is_not_installed() {
    let sandbox = sandbox();
    let keys = "verify = [\"tool\", \"check\"]";
    let program = "mkdir -p \"$PREFIX/bin\"\nprintf '#!/bin/sh\\necho it is broken\\nexit 1\\n' \
                   > \"$PREFIX/bin/tool\"\nchmod +x \"$PREFIX/bin/tool\"";
    sandbox.manifest(&script("tool", keys, program));
    let error = sandbox.run().ended_well().last("tool").error.clone().unwrap();
    assert!(error.contains("`tool check` fails: it is broken"), "{error}");
    assert!(sandbox.receipts().is_empty());
}

#[test]
fn a_program_that_does_not_exist_says_what_to_do() {
    let sandbox = sandbox();
    sandbox.manifest("[tools.bad]\nscript = { run = [\"no-such-program\"] }\n");
    let error = sandbox.run().ended_well().last("bad").error.clone().unwrap();
    assert!(error.contains("`no-such-program` was not found"), "{error}");
    assert!(error.contains("`requires`"), "{error}");
}

#[test]
fn a_failed_tool_is_tried_again_at_the_next_start() {
    let sandbox = sandbox();
    let mark = sandbox.path("repaired");
    let run = format!("[ -e '{}' ]\n{}", mark.display(), makes("tool", "works"));
    sandbox.manifest(&script("tool", "retries = 0", &run));
    assert_eq!(sandbox.run().ended_well().last("tool").status, ToolStatus::Failed);
    std::fs::write(mark, "").unwrap();
    let _run = sandbox.run().installed_all();
    assert_eq!(sandbox.output_of("tool"), "works");
}
