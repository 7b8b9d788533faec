//! An installer that hangs: nothing comes from it any more, and it does not heed TERM.

use testkit::process::is_alive;

use super::{Service, error};
use crate::support::{sandbox, script, with_a_limit};

#[test]
fn it_is_ended_when_it_has_been_silent_for_too_long() {
    with_a_limit(|seconds| {
        let (sandbox, service) = (sandbox(), Service::start());
        // Longer in all than it may be silent.
        let run = format!(
            "trap '' TERM\necho pid $$\n\
             for i in 1 2 3 4; do echo at work; sleep $(({seconds} * 4 / 10)).4; done\n\
             while :; do sleep 0.2; done"
        );
        sandbox.manifest(&script("bad", &format!("silence = \"{seconds}s\""), &run));
        let run = sandbox.run().ended_well();
        let error = error(&sandbox, &run);
        assert!(error.contains(&format!("printed nothing for {seconds}s")), "{error}");
        assert!(error.contains("raise `silence`"), "{error}");
        service.assert_alive();
        let log = sandbox.log("bad");
        if let Some(pid) = log.lines().find_map(|line| line.strip_prefix("pid ")) {
            assert!(!is_alive(pid));
        }
        (log.matches("at work").count() == 4).then_some(())
    });
}
