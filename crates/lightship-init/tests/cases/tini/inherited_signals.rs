use crate::case::{Case, Place};

/// The number of the bits that `name` has in what `grep` printed.
fn mask(output: &str, name: &str) -> u64 {
    let line = output.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
    u64::from_str_radix(line.trim(), 16).unwrap()
}

fn bits(signals: &[u32]) -> u64 {
    signals.iter().map(|signal| 1 << (signal - 1)).sum()
}

/// T10
#[test]
fn what_was_ignored_or_blocked_before_is_so_for_the_command() {
    let launcher = ["env", "--ignore-signal=INT,SEGV,TTOU", "--block-signal=TERM,ILL,TTIN"];
    let [int, segv, ttou, term, ill, ttin] = [2, 11, 22, 15, 4, 21];
    for place in Place::BOTH {
        let case = Case::new().at(place).through(&launcher);
        let (_, output) = case.command(&["cat", "/proc/self/status"]).run();
        // Those that the C library ignores in whatever it spawns do not count.
        let ignored = mask(&output, "SigIgn:") & bits(&(1..32).collect::<Vec<_>>());
        assert_eq!(ignored, bits(&[int, segv, ttou]), "{output}");
        assert_eq!(mask(&output, "SigBlk:"), bits(&[term, ill, ttin]), "{output}");
    }
}
