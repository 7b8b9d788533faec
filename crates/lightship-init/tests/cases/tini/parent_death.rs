use crate::case::Case;
use crate::subject::Need;

/// T11
#[test]
fn the_command_gets_a_signal_when_the_inits_parent_dies() {
    let script = "trap 'echo heard; exit 0' USR1; echo up; while :; do sleep 0.05; done";
    // The shell stays, and is the parent.
    let parent = ["sh", "-c", "\"$@\" & wait", "sh"];
    let case = Case::new().need(Need::ParentDeath("SIGUSR1")).through(&parent).script(script);
    let running = case.start();
    running.printed("up");
    running.init();
    running.started_process().signal("KILL");
    running.printed("heard");
}
