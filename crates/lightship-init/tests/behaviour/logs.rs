//! What becomes of what the service prints, when lightship has a hand in it.

use std::fs;
use std::io::{self, Read as _};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::lightship::Lightship;

fn manifest(log: &str, script: &str) -> String {
    format!("[service]\ncommand = [\"/bin/sh\", \"-c\", \"{script}\"]\nlog = \"{log}\"\n")
}

#[test]
fn a_prefix_names_the_program_on_both_streams() {
    let script = "echo one; echo two >&2; printf three";
    let (code, output) = Lightship::manifest(&manifest("prefix", script)).run();
    assert_eq!(code, 0);
    let mut lines: Vec<&str> = output.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["sh | one", "sh | three", "sh | two"]);
}

#[test]
fn json_is_an_object_a_line_with_time_and_stream() {
    let script = "echo one; echo two >&2";
    let (_, output) = Lightship::manifest(&manifest("json", script)).run();
    let mut seen: Vec<(String, String)> = Vec::new();
    for line in output.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["process"], "sh");
        assert!(value["at"].as_str().unwrap().ends_with('Z'), "{line}");
        let text = |key: &str| value[key].as_str().unwrap().to_owned();
        seen.push((text("stream"), text("line")));
    }
    seen.sort();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(seen, [pair("stderr", "two"), pair("stdout", "one")]);
}

#[test]
fn hooks_and_restarts_are_in_the_same_log() {
    let script = "[ -e {dir}/seen ] && echo second && exit 0; touch {dir}/seen; echo first; exit 1";
    let text = manifest("prefix", script)
        + "before_start = [\"echo\", \"before\"]\nbackoff = { first = \"1ms\" }\n";
    let (code, output) = Lightship::manifest(&text).run();
    assert_eq!(code, 0);
    let lines: Vec<&str> = output.lines().filter(|line| line.starts_with("sh | ")).collect();
    assert_eq!(lines, ["sh | before", "sh | first", "sh | before", "sh | second"]);
}

/// Makes a service print without end, and nobody reads it.
fn stuck(log: &str, ready: &str) {
    let (mut reader, writer) = io::pipe().unwrap();
    let script = "echo up; yes 0123456789012345678901234567890123456789 & \
                  while :; do echo $((n = n + 1)) > {dir}/alive; sleep 0.1; done";
    let text = manifest(log, script) + ready;
    let lightship = Lightship::manifest(&text).output_to(writer.into());
    let alive = lightship.path("alive");
    let mut running = lightship.start();
    running.service_ready();
    // The queue is full, and its reader counts as stuck.
    thread::sleep(Duration::from_millis(2500));
    for _ in 0..20 {
        let begun = Instant::now();
        assert_eq!(running.get("/livez").0, 200);
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }
    let (_, metrics) = running.get("/metrics");
    let dropped = "lightship_log_lines_dropped_total{stream=\"stdout\"} ";
    let line = metrics.lines().find(|line| line.starts_with(dropped)).expect("no such metric");
    assert_ne!(line.trim_start_matches(dropped), "0");
    // The service was not held up either.
    let before = fs::read_to_string(&alive).unwrap();
    thread::sleep(Duration::from_millis(500));
    assert_ne!(fs::read_to_string(&alive).unwrap(), before);
    running.signal(Signal::TERM);
    assert_eq!(running.exit(), 143);
    let mut bytes = Vec::new();
    drop(running);
    reader.read_to_end(&mut bytes).unwrap();
    assert!(bytes.len() < 1024 * 1024, "{}", bytes.len());
}

#[test]
fn a_reader_that_is_stuck_holds_up_neither_health_nor_the_service() {
    stuck("prefix", "");
    stuck("inherit", "ready = { log = \"up\" }\n");
}

#[test]
fn a_reader_that_is_gone_holds_up_nobody() {
    let (reader, writer) = io::pipe().unwrap();
    let script = "while [ ! -e {dir}/stop ]; do echo line; done; exit 5";
    let text = manifest("json", script) + "restart = \"never\"\n";
    let lightship = Lightship::manifest(&text).output_to(writer.into());
    let stop = lightship.path("stop");
    let mut running = lightship.start();
    running.service_ready();
    drop(reader);
    thread::sleep(Duration::from_millis(200));
    fs::write(stop, "").unwrap();
    assert_eq!(running.exit(), 5);
}

#[test]
fn everything_arrives_where_the_reader_is_only_slow() {
    let (mut reader, writer) = io::pipe().unwrap();
    let text = manifest("json", "seq 1 20000") + "restart = \"never\"\n";
    let mut running = Lightship::manifest(&text).output_to(writer.into()).start();
    let mut output = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        let count = reader.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        output.extend_from_slice(&buffer[..count]);
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(running.exit(), 0);
    let output = String::from_utf8(output).unwrap();
    assert_eq!(output.lines().count(), 20_000);
    let value: serde_json::Value =
        serde_json::from_str(output.lines().next_back().unwrap()).unwrap();
    assert_eq!(value["line"], "20000");
}

#[test]
fn a_grandchild_that_holds_the_pipe_is_not_waited_for() {
    let script = "setsid sleep 1000 & echo last words; exit 4";
    let text = manifest("prefix", script) + "restart = \"never\"\nstop_timeout = \"1s\"\n";
    let begun = Instant::now();
    let (code, output) = Lightship::manifest(&text).run();
    assert_eq!(code, 4);
    assert!(output.contains("sh | last words\n"), "{output}");
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn everything_arrives_however_much_the_pipe_holds_when_the_service_ends() {
    // 1031 is F_SETPIPE_SZ.
    let program = "import fcntl, os; fcntl.fcntl(1, 1031, 1 << 20); \
                   os.write(1, b'012345678\\\\n' * 80000)";
    let text = format!(
        "[service]\ncommand = [\"/usr/bin/python3\", \"-c\", \"{program}\"]\nlog = \"prefix\"\n"
    );
    let (code, output) = Lightship::manifest(&text).run();
    assert_eq!((code, output.lines().count()), (0, 80_000));
}
