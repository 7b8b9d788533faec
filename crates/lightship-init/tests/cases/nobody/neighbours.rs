use crate::case::{Case, Place, skipped};
use crate::running::wait_until;
use crate::subject::{Dialect, Need, find_on_path};

/// L14
#[test]
fn under_another_init_it_does_the_same() {
    let case = Case::new();
    let tini = case.subject().dialect == Dialect::Tini;
    let Some(other) = find_on_path(if tini { "catatonit" } else { "tini" }) else {
        skipped("no other init is installed");
        return;
    };
    let case = case.at(Place::PidOne).need(Need::Group).need(Need::Subreaper);
    let case = case.through(&[&other.display().to_string(), "--"]);
    let script = "trap 'exit 5' USR1; (tail -f /dev/null &); echo up; while :; do sleep 0.05; done";
    let mut running = case.script(script).start();
    running.printed("up");
    let orphan = running.find("tail");
    wait_until("the orphan is adopted by the inner one", || {
        (orphan.parent() == Some(running.init())).then_some(())
    });
    running.signal("USR1");
    assert_eq!(running.exit(), 5);
}

/// L14
#[test]
fn in_a_shared_pid_namespace_strangers_are_left_alone() {
    // PID 1 is a shell, and there is another process beside the init.
    let beside = "tail -f /dev/null & \"$@\"; echo ended with $?; \
                  kill -0 $! && echo the stranger lives; kill -KILL $!";
    let case = Case::new().at(Place::PidOne).need(Need::Group).through(&["sh", "-c", beside, "sh"]);
    let (_, output) = case.script("sleep 1000 & exit 3").run();
    assert!(output.contains("ended with 3\nthe stranger lives"), "{output}");
}
