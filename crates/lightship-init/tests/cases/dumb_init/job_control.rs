use crate::case::Case;
use crate::processes::Process;
use crate::running::wait_until;
use crate::subject::Need;

const STOPS: [&str; 3] = ["TSTP", "TTOU", "TTIN"];

fn stopped(process: Process) {
    wait_until("it is stopped", || process.is_stopped().then_some(()));
}

fn going_on(process: Process) {
    wait_until("it goes on", || (process.is_alive() && !process.is_stopped()).then_some(()));
}

fn both_stop_and_go_on(need: Need) {
    for stop in STOPS {
        let running = Case::new().need(need).command(&["sleep", "1000"]).start();
        let (init, command) = (running.init(), running.find("sleep"));
        init.signal(stop);
        stopped(init);
        stopped(command);
        init.signal("CONT");
        going_on(init);
        going_on(command);
    }
}

/// D8
#[test]
fn what_stops_can_be_rewritten_and_the_init_still_stops_itself() {
    for (stop, rewriting) in [("TSTP", "20:10"), ("TTIN", "21:10"), ("TTOU", "22:10")] {
        let case = Case::new().need(Need::Session).need(Need::Rewrite(rewriting));
        let running = case.python("print_signals.py", &[]).start();
        running.printed("up\n");
        let init = running.init();
        init.signal(stop);
        running.lines(&["up", "10"]);
        stopped(init);
        init.signal("CONT");
        running.lines(&["up", "10", "18"]);
        going_on(init);
    }
}

/// D10
#[test]
fn a_stop_from_the_shell_stops_the_init_and_the_session() {
    both_stop_and_go_on(Need::Session);
}

/// D11
#[test]
fn a_stop_from_the_shell_stops_the_init_and_a_single_child() {
    both_stop_and_go_on(Need::SingleChild);
}

/// D11
#[test]
fn what_stops_arrives_unchanged_at_a_single_child() {
    for (stop, number) in [("TSTP", "20"), ("TTIN", "21"), ("TTOU", "22")] {
        let case = Case::new().need(Need::SingleChild);
        let running = case.python("print_signals.py", &[]).start();
        running.printed("up\n");
        let init = running.init();
        init.signal(stop);
        running.lines(&["up", number]);
        stopped(init);
        init.signal("CONT");
        running.lines(&["up", number, "18"]);
    }
}
