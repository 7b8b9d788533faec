//! A limit ends an installer with everything that it started, and says so.

use lightship_model::state::ToolStatus;
use testkit::{Fault, Registry, Run, Sandbox, process};

use crate::support::{sandbox, script, with_a_limit};

/// Shell that starts descendants of which each prints its number and does not heed TERM.
fn stubborn() -> String {
    let one = "trap \"\" TERM; echo pid $$; while :; do sleep 1; done";
    format!("sh -c 'sh -c \"$0\" & sh -c \"$0\"' '{one}' &\nsh -c '{one}' &\nwait")
}

/// The numbers that the installer of `tool` has printed.
fn pids(sandbox: &Sandbox, tool: &str) -> Vec<String> {
    let log = sandbox.log(tool);
    log.lines().filter_map(|line| line.strip_prefix("pid ")).map(str::to_owned).collect()
}

fn assert_ended_by_its_limit(sandbox: &Sandbox, run: &Run, seconds: u32) {
    let change = run.last("slow");
    assert_eq!(change.status, ToolStatus::Failed);
    let error = change.error.as_deref().unwrap();
    assert!(error.contains(&format!("no end after {seconds}s")), "{error}");
    assert!(error.contains("LOA_TOOL_TIMEOUT"), "it says what to do: {error}");
    assert_eq!(sandbox.acts("install"), ["slow"], "another attempt would not help");
    assert!(sandbox.receipts().is_empty());
}

/// Nothing where the limit came before all three of them were there.
fn assert_nothing_survives(sandbox: &Sandbox) -> Option<()> {
    let pids = pids(sandbox, "slow");
    for pid in &pids {
        assert!(!process::is_alive(pid), "{pid}");
    }
    assert_eq!(process::installers(&sandbox.dir()), [""; 0]);
    (pids.len() == 3).then_some(())
}

#[test]
fn the_tools_own_timeout_ends_the_whole_group_even_if_it_ignores_term() {
    with_a_limit(|seconds| {
        let sandbox = sandbox();
        sandbox.manifest(&script("slow", &format!("timeout = \"{seconds}s\""), &stubborn()));
        let run = sandbox.run().ended_well();
        assert_ended_by_its_limit(&sandbox, &run, seconds);
        assert_nothing_survives(&sandbox)
    });
}

#[test]
fn the_environments_timeout_holds_for_a_tool_without_its_own() {
    with_a_limit(|seconds| {
        let mut sandbox = sandbox();
        sandbox.manifest(&script("slow", "", &stubborn()));
        sandbox.set("LOA_TOOL_TIMEOUT", seconds.to_string());
        let run = sandbox.run().ended_well();
        assert_ended_by_its_limit(&sandbox, &run, seconds);
        assert_nothing_survives(&sandbox)
    });
}

#[test]
fn a_daemon_that_left_the_group_ends_with_its_installer() {
    let sandbox = sandbox();
    let daemon = "setsid sh -c 'echo pid $$; touch \"$STAGE/up\"; while :; do sleep 1; done' &\n\
                  until [ -e \"$STAGE/up\" ]; do sleep 0.02; done";
    for (name, end) in [("good", "true"), ("bad", "exit 1")] {
        sandbox.manifest(&script(name, "retries = 0", &format!("{daemon}\n{end}")));
        let _run = sandbox.run().ended_well();
        let pids = pids(&sandbox, name);
        assert_eq!(pids.len(), 1, "{name}");
        assert!(!process::is_alive(&pids[0]), "{name}");
    }
}

#[test]
fn a_download_that_stalls_ends_at_the_limit() {
    let mut sandbox = sandbox();
    let registry = Registry::start();
    let url = registry.put_file("slow", "x".repeat(100_000));
    let digest = "0".repeat(64);
    sandbox.manifest(&format!(
        "[tools.slow]\nbinary = {{ url = \"{url}\", sha256 = \"{digest}\" }}\n"
    ));
    registry.fail("/files/slow", [Fault::Stall]);
    sandbox.set("LOA_TOOL_TIMEOUT", "1");
    let run = sandbox.run().ended_well();
    assert_ended_by_its_limit(&sandbox, &run, 1);
}
