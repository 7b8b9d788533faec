use crate::case::{Case, Place};

/// Beyond the lists, which end with signal 31.
#[test]
fn real_time_signals_arrive() {
    for place in Place::BOTH {
        let running = Case::new().at(place).python("print_signals.py", &[]).start();
        running.printed("up\n");
        let mut lines = vec!["up"];
        for signal in ["34", "35", "50", "63", "64"] {
            running.signal(signal);
            lines.push(signal);
            running.lines(&lines);
        }
    }
}
