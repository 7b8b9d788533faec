use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use lightship_model::event::What;

use crate::lightship::{Lightship, wait_until};

fn manifest(ready: &str) -> String {
    format!("[service]\ncommand = [\"sleep\", \"1000\"]\nready = {{ {ready} }}\n")
}

/// A service that answers 503 twice and 204 from then on.
fn http_service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (count, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { break };
            let mut request = [0; 1024];
            let length = stream.read(&mut request).unwrap_or_default();
            assert!(request[..length].starts_with(b"GET /up?now HTTP/1.1\r\nHost: 127.0.0.1:"));
            let status = if count < 2 { "503 Busy" } else { "204 No Content" };
            stream.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).unwrap_or_default();
        }
    });
    format!("http://{address}/up?now")
}

#[test]
fn a_service_is_ready_when_it_answers_well() {
    let mut running =
        Lightship::manifest(&manifest(&format!("http = \"{}\"", http_service()))).start();
    running.service_ready();
    assert_eq!(running.get("/readyz").0, 200);
}

#[test]
fn a_service_is_ready_when_it_takes_connections() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut running = Lightship::manifest(&manifest(&format!("tcp = \"{address}\""))).start();
    running.service_ready();
}

fn scripted(ready: &str, script: &str) -> String {
    format!("[service]\ncommand = [\"sh\", \"-c\", \"{script}\"]\nready = {{ {ready} }}\n")
}

#[test]
fn a_service_is_ready_when_its_log_says_so() {
    for stream in ["", " >&2"] {
        let script = format!(
            "echo not yet; until [ -e {{dir}}/go ]; do sleep 0.01; done; \
             printf 'now listen'{stream}; printf 'ing on 80\\\\n'{stream}; sleep 1000"
        );
        let lightship = Lightship::manifest(&scripted("log = \"listening on\"", &script));
        let go = lightship.path("go");
        let mut running = lightship.start();
        running.printed("not yet");
        assert_eq!(running.get("/readyz").0, 503);
        std::fs::write(go, "").unwrap();
        running.service_ready();
        // What it prints arrives as it is.
        running.printed("now listening on 80\n");
    }
}

#[test]
fn a_service_is_ready_when_it_writes_a_newline() {
    let script = "until [ -e {dir}/go ]; do sleep 0.01; done; \
                  eval \\\"echo >&$LIGHTSHIP_NOTIFY_FD\\\"; sleep 1000";
    let lightship = Lightship::manifest(&scripted("notify = \"fd\"", script));
    let go = lightship.path("go");
    let mut running = lightship.start();
    running.service_started();
    assert_eq!(running.get("/readyz").0, 503);
    std::fs::write(go, "").unwrap();
    running.service_ready();
}

/// Sends to the socket that it was given.
const NOTIFY: &str = "import os, socket, sys; name = os.environ['NOTIFY_SOCKET'].replace('@', chr(0)); \
                      socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.argv[1].encode(), name)";

#[test]
fn a_service_is_ready_when_it_notifies_also_through_a_child() {
    let script = format!("python3 -c \\\"{NOTIFY}\\\" READY=1; exec sleep 1000");
    let mut running = Lightship::manifest(&scripted("notify = \"systemd\"", &script)).start();
    running.service_ready();
    assert_eq!(running.get("/readyz").0, 200);
}

#[test]
fn a_stranger_can_t_say_that_the_service_is_ready() {
    let script = "echo $NOTIFY_SOCKET > {dir}/socket; until [ -e {dir}/go ]; do sleep 0.01; done; \
                  exit 7";
    let text = scripted("notify = \"systemd\"", script) + "restart = \"never\"\n";
    let lightship = Lightship::manifest(&text);
    let (go, socket) = (lightship.path("go"), lightship.path("socket"));
    let mut running = lightship.start();
    running.service_started();
    let name = wait_until("the socket's name", || {
        std::fs::read_to_string(&socket).ok().filter(|name| name.ends_with('\n'))
    });
    // A process of this test, which lives until it is waited for, and so can be looked up.
    let mut stranger = std::process::Command::new("python3")
        .args(["-c", &format!("{NOTIFY}; sys.stdin.read()"), "READY=1"])
        .env("NOTIFY_SOCKET", name.trim())
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(running.get("/readyz").0, 503);
    drop(stranger.stdin.take());
    assert!(stranger.wait().unwrap().success());
    std::fs::write(go, "").unwrap();
    assert_eq!(running.exit(), 7);
    let ready = |what: &What| matches!(what, What::ServiceReady { .. });
    assert!(!running.last_events().iter().any(ready));
}

#[test]
fn a_probe_sees_the_environment_of_the_service() {
    let ready =
        "exec = [\"sh\", \"-c\", \"[ \\\"$MARK\\\" = yes ] && [ -n \\\"$LOA_TOOL_DIR\\\" ]\"]";
    let manifest = manifest(ready) + "env = { MARK = \"yes\" }\n";
    Lightship::manifest(&manifest).start().service_ready();
}

#[test]
fn a_late_service_is_told_and_tools_are_loaded_all_the_same() {
    let manifest = manifest("tcp = \"127.0.0.1:1\"")
        + "ready_timeout = \"300ms\"\n[tools.x]\nscript = { run = [\"true\"] }\n";
    let mut running = Lightship::manifest(&manifest).with_loader("exit 0").start();
    let (mut late, mut loading) = (false, false);
    running.event(|what| {
        late |= matches!(what, What::ServiceLate { .. });
        loading |= matches!(what, What::LoaderStarted { .. });
        (late && loading).then_some(())
    });
    assert_eq!(running.get("/readyz").0, 503);
}

#[test]
fn a_name_that_would_have_to_be_looked_up_is_refused() {
    let (code, output) = Lightship::manifest(&manifest("http = \"http://gateway.example/\"")).run();
    assert_eq!(code, 3);
    assert!(output.contains("gateway.example") && output.contains("help: "), "{output}");
}

#[test]
fn the_service_finds_its_tools() {
    let manifest = "[service]\ncommand = [\"sh\", \"-c\", \"echo $LOA_TOOL_DIR $PATH $MARK\"]\n\
                    env = { MARK = \"m\", PATH = \"/usr/bin:/bin\" }\n";
    let (code, output) = Lightship::manifest(manifest).run();
    assert_eq!(code, 0);
    let [dir, path, mark] = output.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("{output}")
    };
    assert_eq!(mark, "m");
    // Shims go last: they hide no program of the machine.
    let (programs, shims) = path.split_once(":/usr/bin:/bin:").unwrap();
    assert!(programs.contains(&format!("{dir}/bin:")), "{path}");
    assert!(shims.ends_with("/shims"), "{path}");
}
