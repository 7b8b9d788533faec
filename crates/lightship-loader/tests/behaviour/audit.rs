//! The audit trail: one chain over all runs, whatever became of them.

use std::io::Write as _;

use lightship_model::event::What;
use lightship_model::state::ToolStatus::{Installed, Installing, Pending};

use crate::support::{sandbox, script, simple, wait_for_status};

#[test]
fn the_chain_holds_over_good_failed_killed_and_idle_runs() {
    let sandbox = sandbox();
    let good = simple("good", "good");
    sandbox.manifest(&format!("{good}{}", script("bad", "retries = 0", "exit 1")));
    let _failed = sandbox.run().ended_well();
    sandbox.manifest(&format!("{good}{}", script("endless", "", "sleep 600")));
    let mut killed = sandbox.start();
    wait_for_status(&mut killed, "endless", Installing);
    killed.kill();
    drop(killed.finish());
    sandbox.manifest(&good);
    let _idle = sandbox.run().installed_all();
    // `audit` asserts the chain.
    let audit = sandbox.audit();
    let count = |kind: &str| audit.iter().filter(|act| act["act"] == kind).count();
    assert_eq!((count("start"), count("complete")), (3, 2));
    assert_eq!(sandbox.acts("installed"), ["good"]);
    assert_eq!(sandbox.acts("failed"), ["bad"]);
    assert!(audit.iter().all(|act| act["at"].is_string() && act["by"].is_string()));
}

#[test]
fn a_torn_last_line_stays_and_the_chain_goes_on() {
    let sandbox = sandbox();
    sandbox.manifest(&simple("good", "good"));
    let _run = sandbox.run().installed_all();
    let path = sandbox.dir().join("audit.jsonl");
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"act\":\"to").unwrap();
    let _run = sandbox.run().installed_all();
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let torn = lines.iter().position(|line| *line == "{\"act\":\"to").unwrap();
    let next: serde_json::Value = serde_json::from_str(lines[torn + 1]).unwrap();
    assert_eq!(next["prev"], lightship_model::digest::Digest::of(lines[torn].as_bytes()).as_str());
}

#[test]
fn a_run_begins_with_its_plan_and_ends_with_its_sum() {
    let sandbox = sandbox();
    sandbox.manifest(&simple("good", "good"));
    // That every line is an event, the kit has seen to.
    let run = sandbox.run().installed_all();
    assert!(matches!(run.events[0].what, What::Volume(_)), "what it stands on comes first");
    assert!(matches!(run.events[1].what, What::Plan { .. }));
    assert_eq!(run.words("good"), [Pending, Installing, Installed]);
}
