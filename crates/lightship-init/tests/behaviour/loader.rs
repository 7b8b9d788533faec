use lightship_model::event::What;
use rustix::process::Signal;

use crate::lightship::{Lightship, is_alive, numbers, wait_until};

/// A line of the loader about the tool `x`.
fn tool(status: &str) -> String {
    format!(
        "echo '{{\"at\":\"2026-02-04T11:00:00Z\",\"event\":\"tool\",\"name\":\"x\",\
         \"status\":\"{status}\"}}'\n"
    )
}

const COMPLETE: &str = "echo '{\"at\":\"2026-02-04T11:00:00Z\",\"event\":\"load-complete\",\
                        \"installed\":1,\"failed\":0,\"skipped\":0,\"tookMs\":1}'\n";

#[test]
fn what_the_loader_tells_is_in_health_and_in_the_events() {
    let script = format!("{}read -r go\n{}{COMPLETE}", tool("installing"), tool("installed"));
    let script = script.replace("read -r go", "while [ ! -e {dir}/go ]; do sleep 0.05; done");
    let mut running = Lightship::loader(&script).start();
    running.event(|what| matches!(what, What::Tool(_)).then_some(()));
    assert_eq!(running.json("/health?full=true")["tools"]["status"]["x"], "installing");
    let (status, body) = running.get("/readyz?require=x");
    assert_eq!((status, body.as_str()), (503, "tool x is installing\n"));
    std::fs::write(running.path("go"), "").unwrap();
    running.event(|what| matches!(what, What::LoaderExited { .. }).then_some(()));
    let full = running.json("/health?full=true");
    assert_eq!(full["tools"]["complete"], true);
    assert_eq!(full["loader"]["state"], "complete");
    assert_eq!(running.get("/readyz?require=x").0, 200);
    assert_eq!(running.get("/readyz?require=x,y").0, 503);
}

#[test]
fn the_last_words_of_a_loader_are_heard() {
    let lines = format!("i=0; while [ $i -lt 300 ]; do {} i=$((i+1)); done\n", {
        tool("pending").trim_end().to_owned() + ";"
    });
    let script = lines + &tool("installed") + COMPLETE;
    let mut running = Lightship::loader(&script).start();
    running.event(|what| matches!(what, What::LoadComplete { .. }).then_some(()));
    running.event(|what| matches!(what, What::LoaderExited { .. }).then_some(()));
    assert_eq!(running.json("/health?full=true")["tools"]["status"]["x"], "installed");
}

#[test]
fn rubbish_is_dropped_with_one_warning_and_the_loader_can_t_speak_for_the_service() {
    let forged = "echo '{\"at\":\"2026-02-04T11:00:00Z\",\"event\":\"service-exited\",\
                  \"exit\":{\"code\":1}}'\n";
    let long = "head -c 200000 /dev/zero | tr '\\0' x; echo\n";
    let script = format!("echo rubbish\n{forged}{long}echo more\n{}sleep 1000", tool("installed"));
    let mut running = Lightship::loader(&script).start();
    let mut warnings = 0;
    running.event(|what| {
        warnings += usize::from(matches!(what, What::Warning { .. }));
        matches!(what, What::Tool(_)).then_some(())
    });
    assert_eq!(warnings, 1);
    assert_eq!(running.json("/health?full=true")["status"], "healthy");
}

#[test]
fn the_loader_leads_a_session_and_holds_a_pipe_to_pid_1() {
    let script = "set -- $(cat /proc/$$/stat); echo \"$6 $$\" > {dir}/session; \
                  echo \"$(readlink /proc/$$/fd/0)\" > {dir}/input; sleep 1000";
    let mut running = Lightship::loader(script).start();
    let loader = running.loader_started();
    let input = running.path("input");
    let input =
        wait_until("the input", || std::fs::read_to_string(&input).ok().filter(|t| t.len() > 5));
    assert!(input.starts_with("pipe:"), "{input}");
    let session = std::fs::read_to_string(running.path("session")).unwrap();
    assert_eq!(session, format!("{loader} {loader}\n"));
}

#[test]
fn when_the_service_ends_the_loader_and_its_installers_end() {
    let script = "sleep 1000 & echo $! > {dir}/pids; echo $$ >> {dir}/pids; wait";
    let manifest = "[service]\ncommand = [\"sh\", \"-c\", \
                    \"while [ ! -e {dir}/end ]; do sleep 0.05; done; exit 0\"]\n\
                    [tools.x]\nscript = { run = [\"true\"] }\n";
    let mut running = Lightship::manifest(manifest).with_loader(script).start();
    let pids = numbers(&running.path("pids"), 2);
    std::fs::write(running.path("end"), "").unwrap();
    assert_eq!(running.exit(), 0);
    assert!(!pids.into_iter().any(is_alive));
}

#[test]
fn a_stop_ends_a_loader_that_does_not_want_to() {
    let script = "trap '' TERM; echo $$ > {dir}/pids; while :; do sleep 1; done";
    let mut running = Lightship::loader(script).start();
    let loader = numbers(&running.path("pids"), 1)[0];
    running.signal(Signal::TERM);
    assert_eq!(running.exit(), 143);
    assert!(!is_alive(loader));
}

#[test]
fn a_loader_that_writes_without_end_holds_nothing_up() {
    let manifest = "[service]\ncommand = [\"sh\", \"-c\", \
                    \"trap '' TERM; echo up; while :; do sleep 1; done\"]\nstop_timeout = \"1s\"\n\
                    [tools.x]\nscript = { run = [\"true\"] }\n";
    let script = "trap '' TERM; exec yes";
    let mut running = Lightship::manifest(manifest).with_loader(script).start();
    running.printed("up");
    running.event(|what| matches!(what, What::Warning { .. }).then_some(()));
    assert_eq!(running.get("/livez").0, 200);
    running.signal(Signal::TERM);
    assert_eq!(running.exit(), 137);
}
