//! Runs several commands in turn, many times, and prints how long each run took from before its
//! start to its end: a line of nanoseconds a command, in the order given. `bench/init` uses it.
//!
//! ```text
//! start_times RUNS COMMAND ARGS… \; COMMAND ARGS… …
//! ```
//!
//! It is small and has one thread, so that starting a process costs little beside what is
//! measured; and the commands take turns, so that what disturbs the machine meets them all.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a measurement that can't go on has failed")]

use std::env;
use std::io::{Write as _, stdout};
use std::process::{Command, Stdio};
use std::time::Instant;

/// How long `words` took to run, in nanoseconds.
fn run(words: &[String]) -> u128 {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().unwrap_or_else(|error| panic!("{words:?}: {error}"));
    let took = start.elapsed().as_nanos();
    assert!(status.success(), "{words:?}: {status}");
    took
}

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let runs: usize = args[0].parse().unwrap();
    let commands: Vec<&[String]> = args[1..].split(|word| word == ";").collect();
    let mut times = vec![Vec::with_capacity(runs); commands.len()];
    // The first round only warms up the caches.
    for round in 0..=runs {
        for turn in 0..commands.len() {
            // Each follows each of the others as often.
            let index = (turn + round) % commands.len();
            let took = run(commands[index]);
            if round > 0 {
                times[index].push(took.to_string());
            }
        }
    }
    let mut out = stdout().lock();
    for line in times {
        writeln!(out, "{}", line.join(" ")).unwrap();
    }
}
