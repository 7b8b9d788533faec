use crate::case::{Case, Place};
use crate::processes::Process;
use crate::running::{Running, wait_until};
use crate::subject::{Need, Subject};

const COUNT: usize = 100;

/// Processes whose parent is gone, and the command, which waits.
const ORPHANS: &str = "i=0; while [ $i -lt 100 ]; do (sleep 1000 &); i=$((i+1)); done; \
                       echo made; exec tail -f /dev/null";

/// Waits until the orphans are the init's, ends them, and waits until only the command is left.
fn adopts_and_reaps(running: &Running) {
    running.printed("made");
    let init = running.init();
    let command = running.find("tail");
    wait_until("the orphans are adopted", || {
        (init.children().len() == COUNT + 1 && running.named("sleep").len() == COUNT).then_some(())
    });
    let group = |process: &Process| process.group() == command.group();
    assert!(running.named("sleep").iter().all(group), "an orphan has left the command's group");
    running.named("sleep").into_iter().for_each(Process::kill);
    wait_until("only the command is left", || (init.children() == [command]).then_some(()));
}

/// T5, T12
#[test]
fn pid_1_adopts_and_reaps_orphans() {
    adopts_and_reaps(&Case::new().at(Place::PidOne).script(ORPHANS).start());
}

/// T5
#[test]
fn a_subreaper_adopts_and_reaps_orphans() {
    adopts_and_reaps(&Case::new().need(Need::Subreaper).script(ORPHANS).start());
}

/// T5
#[test]
fn a_subreaper_by_the_environment_adopts_and_reaps_orphans() {
    let case = Case::of(Subject::as_tini()).env("TINI_SUBREAPER", "");
    adopts_and_reaps(&case.script(ORPHANS).start());
}

/// T6
#[test]
fn a_reaped_orphan_is_told_of_when_that_is_wanted() {
    let script = "(sleep 0.1 &); sleep 1000";
    let running = Case::new().at(Place::PidOne).need(Need::WarnOnReap).script(script).start();
    let wording = if running.is_native() { "reaped process" } else { "Reaped zombie process" };
    running.printed(&format!("{wording} with pid="));
}

/// T7
#[test]
fn outside_of_a_namespace_it_adopts_orphans_or_says_that_it_does_not() {
    let running = Case::new().script("(sleep 1000 &); echo made; exec tail -f /dev/null").start();
    running.printed("made");
    let orphan = running.find("sleep");
    wait_until("the orphan has a new parent", || {
        orphan.parent().filter(|parent| parent.name() != "sh")
    });
    let adopted = orphan.parent() == Some(running.init());
    assert!(adopted || running.output().contains("reaping won't work"), "{}", running.output());
}
