//! An installer that hangs: nothing comes from it any more, and it does not heed TERM.

use testkit::process::is_alive;

use super::{Service, error};
use crate::support::{sandbox, script};

#[test]
fn it_is_ended_when_it_has_been_silent_for_too_long() {
    let (sandbox, service) = (sandbox(), Service::start());
    let run = "trap '' TERM\necho pid $$\nfor i in 1 2 3 4; do echo at work; sleep 0.4; done\n\
               while :; do sleep 0.2; done";
    sandbox.manifest(&script("bad", "silence = \"1s\"", run));
    let run = sandbox.run().ended_well();
    let error = error(&sandbox, &run);
    assert!(error.contains("printed nothing for 1s"), "{error}");
    assert!(error.contains("raise `silence`"), "{error}");
    let log = sandbox.log("bad");
    assert_eq!(log.matches("at work").count(), 4, "it was not silent then: {log}");
    let pid = log.lines().find_map(|line| line.strip_prefix("pid ")).unwrap();
    assert!(!is_alive(pid));
    service.assert_alive();
}
