use crate::shipped::{printed, shipped};

/// How often the kernel is asked for something before the service is executed: what a start
/// costs, on any machine. tini asks about 25 times, after its loader asked another 35.
const CALLS: usize = 50;

#[test]
fn the_service_is_executed_after_a_few_system_calls() {
    let binary = shipped().to_str().unwrap();
    let trace = "/proc/self/fd/1";
    let text = printed("strace", &["-f", "-o", trace, binary, "--", "/bin/true"]);
    let before = text.lines().take_while(|line| !line.contains("execve(\"/bin/true\""));
    let calls: Vec<&str> = before.collect();
    assert!(calls.len() <= CALLS, "{} calls:\n{}", calls.len(), calls.join("\n"));
    // No file is read on the way, and none is written: only looked for.
    assert!(!text.contains("O_CREAT"), "{text}");
    assert!(!calls.iter().any(|call| call.contains("open")), "{}", calls.join("\n"));
}
