//! Downloads from servers that break off, stall, lie, change the file, and are busy.

use std::fs;
use std::process::Command;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use lightship_model::digest::Digest;
use lightship_model::event::What;
use lightship_model::state::ToolStatus;
use testkit::process::wait_until;
use testkit::{Answer, Asked, Run, Sandbox, Web};

use crate::support::{names, sandbox};

/// The file: a program with something behind it, so that it has parts.
static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let lines: Vec<String> = (0..20_000).map(|line| format!("line {line}\n")).collect();
    format!("#!/bin/sh\necho whole\nexit\n{}", lines.concat()).into_bytes()
});
const ETAG: &str = "\"one\"";
const PART: usize = 70_000;
const ALL: usize = usize::MAX;

/// A manifest of one tool that is the file at `url`.
fn tool(name: &str, url: &str) -> String {
    let sha256 = Digest::of(&FILE);
    format!("[tools.{name}]\nretries = 0\nbinary = {{ url = \"{url}\", sha256 = \"{sha256}\" }}\n")
}

fn prepared(web: &Web) -> Sandbox {
    let mut sandbox = sandbox();
    sandbox.manifest(&tool("one", &web.url("/file")));
    sandbox.set("LIGHTSHIP_TEST_STALL_MS", "2000");
    sandbox
}

/// Installs the file from a server that answers like this; gives what it was asked for.
fn installs(answer: impl Fn(&Asked, &mut Answer<'_>) + Send + Sync + 'static) -> Vec<Asked> {
    let web = Web::start(answer);
    let sandbox = prepared(&web);
    let _run = sandbox.run().installed_all();
    assert_eq!(sandbox.output_of("one"), "whole");
    assert_no_parts(&sandbox);
    web.asked()
}

/// Fails to; gives the error, and what the server was asked for.
fn fails(answer: impl Fn(&Asked, &mut Answer<'_>) + Send + Sync + 'static) -> (String, Vec<Asked>) {
    let web = Web::start(answer);
    let sandbox = prepared(&web);
    let run = sandbox.run().ended_well();
    (error_of(&sandbox, &run), web.asked())
}

fn error_of(sandbox: &Sandbox, run: &Run) -> String {
    assert_eq!(run.last("one").status, ToolStatus::Failed);
    assert!(sandbox.receipts().is_empty());
    run.last("one").error.clone().unwrap()
}

fn assert_no_parts(sandbox: &Sandbox) {
    assert_eq!(names(&sandbox.dir().join("v1/parts")), [""; 0]);
}

fn ranges(asked: &[Asked]) -> Vec<Option<usize>> {
    asked.iter().map(Asked::from).collect()
}

#[test]
fn a_connection_that_breaks_off_is_gone_on_with_where_it_stopped() {
    let asked = installs(|asked, answer| answer.file(asked, ETAG, &FILE, PART));
    let parts = FILE.len().div_ceil(PART);
    let wanted: Vec<_> = (0..parts).map(|part| (part > 0).then_some(part * PART)).collect();
    assert_eq!(ranges(&asked), wanted);
    assert!(asked[1..].iter().all(|asked| asked.header("if-range") == Some(ETAG)));
    assert!(asked.iter().all(|asked| asked.header("accept-encoding") == Some("identity")));
}

#[test]
fn a_server_that_stalls_is_left_and_gone_on_with() {
    let asked = installs(|asked, answer| {
        answer.file(asked, ETAG, &FILE, if asked.number == 0 { PART } else { ALL });
        if asked.number == 0 {
            answer.stall();
        }
    });
    assert_eq!(ranges(&asked), [None, Some(PART)]);
}

#[test]
fn a_server_that_says_nothing_at_all_is_asked_again() {
    let asked = installs(|asked, answer| match asked.number {
        0 => answer.stall(),
        _ => answer.file(asked, ETAG, &FILE, ALL),
    });
    assert_eq!(asked.len(), 2);
}

#[test]
fn a_server_that_is_slow_and_does_not_stall_is_waited_for() {
    let asked = installs(|_, answer| {
        answer.head(200, &[&format!("Content-Length: {}", FILE.len())]);
        for piece in FILE.chunks(FILE.len() / 8) {
            answer.send(piece);
            thread::sleep(Duration::from_millis(300));
        }
    });
    assert_eq!(asked.len(), 1, "longer in all than it may say nothing");
}

#[test]
fn a_loader_that_was_killed_leaves_a_part_and_the_next_one_goes_on_with_it() {
    let web = Web::start(|asked, answer| {
        answer.file(asked, ETAG, &FILE, if asked.number == 0 { PART } else { ALL });
        if asked.number == 0 {
            answer.stall();
        }
    });
    let mut sandbox = prepared(&web);
    sandbox.set("LIGHTSHIP_TEST_STALL_MS", "60000");
    let part = sandbox.dir().join(format!("v1/parts/{}.part", Digest::of(&FILE)));
    let mut loader = sandbox.start();
    wait_until("the part", || fs::metadata(&part).is_ok_and(|found| found.len() == PART as u64));
    loader.kill();
    drop(loader.finish());
    let _run = sandbox.run().installed_all();
    assert_eq!(ranges(&web.asked()), [None, Some(PART)]);
    assert_eq!(web.asked()[1].header("if-range"), Some(ETAG), "the note outlived it too");
    assert_eq!(sandbox.output_of("one"), "whole");
    assert_no_parts(&sandbox);
}

#[test]
fn a_part_outlives_an_attempt_that_failed() {
    let web = Web::start(|asked, answer| match asked.number {
        0 => answer.file(asked, ETAG, &FILE, PART),
        1 => answer.head(403, &[]),
        _ => answer.file(asked, ETAG, &FILE, ALL),
    });
    let sandbox = prepared(&web);
    let run = sandbox.run().ended_well();
    assert!(error_of(&sandbox, &run).contains("http status: 403"));
    let _run = sandbox.run().installed_all();
    assert_eq!(ranges(&web.asked()), [None, Some(PART), Some(PART)]);
}

#[test]
fn a_part_that_was_damaged_is_thrown_away() {
    let web = Web::start(|asked, answer| answer.file(asked, ETAG, &FILE, ALL));
    let sandbox = prepared(&web);
    let parts = sandbox.dir().join("v1/parts");
    fs::create_dir_all(&parts).unwrap();
    for damage in [vec![0; PART], vec![0; FILE.len()], vec![0; FILE.len() + 1]] {
        fs::remove_dir_all(sandbox.dir().join("v1/receipts")).unwrap_or_default();
        fs::write(parts.join(format!("{}.part", Digest::of(&FILE))), damage).unwrap();
        let _run = sandbox.run().installed_all();
        assert_eq!(sandbox.output_of("one"), "whole");
        assert_no_parts(&sandbox);
    }
}

#[test]
fn a_file_that_changed_meanwhile_is_fetched_anew() {
    let asked = installs(|asked, answer| match asked.number {
        0 => answer.file(asked, "\"old\"", &vec![b'x'; FILE.len()], PART),
        _ => answer.file(asked, ETAG, &FILE, ALL),
    });
    assert_eq!(asked[1].header("if-range"), Some("\"old\""));
    assert_eq!(asked.len(), 2);
}

#[test]
fn two_files_that_a_careless_server_would_join_are_not_joined() {
    // It does not heed `If-Range`, and names no tag with what it sends: only the digest tells.
    let asked = installs(|asked, answer| match (asked.number, asked.from()) {
        (0, _) => answer.file(asked, "W/\"weak\"", &vec![b'x'; FILE.len()], PART),
        (_, Some(from)) => {
            let total = FILE.len();
            answer.head(206, &[&format!("Content-Range: bytes {from}-{}/{total}", total - 1)]);
            answer.send(&FILE[from..]);
        }
        (_, None) => answer.file(asked, ETAG, &FILE, ALL),
    });
    assert_eq!(ranges(&asked), [None, Some(PART), None]);
    assert_eq!(asked[1].header("if-range"), None, "a weak tag vouches for nothing");
}

#[test]
fn a_range_of_another_place_or_file_is_not_taken() {
    for range in ["bytes 1-2/3", "bytes 0-9/10", "nonsense"] {
        let asked = installs(move |asked, answer| match asked.from() {
            Some(_) => {
                answer.head(206, &[&format!("Content-Range: {range}"), "Content-Length: 2"]);
                answer.send(b"xx");
            }
            None => answer.file(asked, ETAG, &FILE, if asked.number == 0 { PART } else { ALL }),
        });
        assert_eq!(ranges(&asked), [None, Some(PART), None], "{range}");
    }
}

#[test]
fn a_server_without_ranges_gives_the_whole_file_again() {
    let asked = installs(|asked, answer| {
        answer.head(200, &[&format!("Content-Length: {}", FILE.len())]);
        answer.send(if asked.number == 0 { &FILE[..PART] } else { &FILE });
    });
    assert_eq!(ranges(&asked), [None, Some(PART)]);
}

#[test]
fn a_range_that_is_refused_is_not_asked_for_again() {
    let asked = installs(|asked, answer| match asked.from() {
        Some(_) => answer.head(416, &[]),
        None => answer.file(asked, ETAG, &FILE, if asked.number == 0 { PART } else { ALL }),
    });
    assert_eq!(ranges(&asked), [None, Some(PART), None]);
}

#[test]
fn a_length_that_is_too_large_costs_one_question() {
    let asked = installs(|asked, answer| match asked.number {
        0 => {
            answer.head(200, &[&format!("Content-Length: {}", FILE.len() * 2), "ETag: \"one\""]);
            answer.send(&FILE);
        }
        _ => answer.file(asked, ETAG, &FILE, ALL),
    });
    assert_eq!(ranges(&asked), [None, Some(FILE.len())]);
}

#[test]
fn a_length_that_is_too_small_gives_another_file_and_is_told_as_that() {
    let (error, asked) = fails(|_, answer| {
        answer.head(200, &["Content-Length: 1000"]);
        answer.send(&FILE);
    });
    assert!(error.contains("has another content than the manifest says"), "{error}");
    assert_eq!(asked.len(), 1);
}

#[test]
fn a_busy_server_is_asked_again_when_it_says() {
    let web = Web::start(|asked, answer| match asked.number {
        0 => answer.head(429, &["Retry-After: 2"]),
        1 => answer.head(503, &["Retry-After: Sun, 06 Nov 1994 08:49:37 GMT"]),
        _ => answer.file(asked, ETAG, &FILE, ALL),
    });
    let sandbox = prepared(&web);
    let run = sandbox.run().installed_all();
    let message = |event: &lightship_model::event::Event| match &event.what {
        What::Progress { progress, .. } => progress.message.clone(),
        _ => None,
    };
    let said: Vec<String> = run.events.iter().filter_map(message).collect();
    let waits = |text: &String| text.starts_with("http status: 429: again in ");
    assert!(said.iter().any(waits), "{said:?}");
    assert_eq!(web.asked().len(), 3);
}

#[test]
fn a_wait_that_is_longer_than_the_attempt_has_is_not_begun() {
    let web = Web::start(|_, answer| answer.head(429, &["Retry-After: 86400"]));
    let mut sandbox = prepared(&web);
    sandbox.set("LOA_TOOL_TIMEOUT", "300");
    let run = sandbox.run().ended_well();
    let error = error_of(&sandbox, &run);
    assert!(error.contains("a wait of 600 s is longer than the time left"), "{error}");
    assert_eq!(web.asked().len(), 1);
}

#[test]
fn a_server_that_stays_away_is_given_up_after_a_few_questions() {
    let (error, asked) = fails(|_, answer| answer.head(503, &["Retry-After: 0"]));
    assert!(error.contains("http status: 503"), "{error}");
    assert_eq!(asked.len(), 6);
}

#[test]
fn redirects_are_followed_and_those_without_end_are_not() {
    let asked = installs(|asked, answer| match asked.target.as_str() {
        "/elsewhere?signed=1" => answer.file(asked, ETAG, &FILE, PART),
        _ => answer.head(302, &["Location: /elsewhere?signed=1", "Content-Length: 0"]),
    });
    // A range goes through the redirect too.
    assert!(asked.iter().any(|asked| asked.target != "/file" && asked.from() == Some(PART)));
    let (error, asked) =
        fails(|_, answer| answer.head(302, &["Location: /file", "Content-Length: 0"]));
    assert!(error.contains("redirect"), "{error}");
    assert!(asked.len() < 20, "{}", asked.len());
}

#[test]
fn credentials_go_to_their_own_host_and_into_no_file_or_event() {
    let there = Web::start(|asked, answer| answer.file(asked, ETAG, &FILE, ALL));
    // The same machine, and another host to a client.
    let location = format!("Location: http://localhost:{}/x?secret-token", there.port());
    let here = Web::start(move |_, answer| answer.head(302, &[&location, "Content-Length: 0"]));
    let sandbox = sandbox();
    let url = here.url("/file?secret-query").replace("http://", "http://user:secret-word@");
    sandbox.manifest(&tool("one", &url));
    let run = sandbox.run().installed_all();
    let sent = here.asked()[0].header("authorization").map(str::to_owned);
    assert_eq!(sent.as_deref(), Some("Basic dXNlcjpzZWNyZXQtd29yZA=="));
    assert_eq!(there.asked()[0].header("authorization"), None);
    assert!(!format!("{run:?}").contains("secret-"));
    drop(here);
    // And when it fails.
    fs::remove_dir_all(sandbox.dir().join("v1/receipts")).unwrap();
    let mut sandbox = sandbox;
    sandbox.set("LOA_TOOL_TIMEOUT", "3");
    let run = sandbox.run().ended_well();
    assert_eq!(run.last("one").status, ToolStatus::Failed);
    assert!(!format!("{run:?}").contains("secret-"), "{run:?}");
    let grep = Command::new("grep").args(["-rl", "secret-"]).arg(sandbox.dir()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&grep.stdout), "");
}

#[test]
fn a_proxy_of_the_environment_is_used() {
    let web = Web::start(|asked, answer| answer.file(asked, ETAG, &FILE, ALL));
    let mut sandbox = sandbox();
    sandbox.manifest(&tool("one", "http://nowhere.invalid/file"));
    sandbox.set("http_proxy", web.url(""));
    let _run = sandbox.run().installed_all();
    assert_eq!(web.asked()[0].target, "nowhere.invalid:80");
    assert_eq!(web.asked()[1].header("host"), Some("nowhere.invalid"));
}

#[test]
fn an_answer_that_calls_itself_encoded_is_judged_by_its_digest() {
    installs(|_, answer| {
        let length = format!("Content-Length: {}", FILE.len());
        answer.head(200, &[&length, "Content-Encoding: x-gzip"]);
        answer.send(&FILE);
    });
}

#[test]
fn two_tools_of_one_file_at_once_disturb_each_other_in_nothing() {
    let web = Web::start(|_, answer| {
        answer.head(200, &[&format!("Content-Length: {}", FILE.len())]);
        for piece in FILE.chunks(FILE.len() / 8) {
            answer.send(piece);
            thread::sleep(Duration::from_millis(30));
        }
    });
    let sandbox = sandbox();
    let url = web.url("/file");
    let tools: String = ["a", "b", "c"].map(|name| tool(name, &url)).concat();
    sandbox.manifest(&format!("[loader]\njobs = 3\n{tools}"));
    let _run = sandbox.run().installed_all();
    for name in ["a", "b", "c"] {
        assert_eq!(sandbox.output_of(name), "whole");
    }
    assert_no_parts(&sandbox);
}

#[test]
fn a_file_that_does_not_fit_is_not_begun() {
    let mut sandbox = sandbox();
    sandbox.without_local();
    let dir = sandbox.dir();
    fs::create_dir(&dir).unwrap();
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=3m", "lightship-test"])
        .arg(&dir)
        .status();
    if !mount.is_ok_and(|status| status.success()) {
        println!("no tmpfs can be mounted here (not root?): the test can't run");
        return;
    }
    let web = Web::start(|_, answer| {
        answer.head(200, &["Content-Length: 20000000"]);
        answer.stall();
    });
    sandbox.manifest(&tool("one", &web.url("/file")));
    let run = sandbox.run();
    let error = run.last("one").error.clone();
    let unmounted = Command::new("umount").arg(&dir).status().unwrap();
    assert!(unmounted.success());
    let error = error.unwrap();
    assert!(error.contains("needs 20 MB, 3 MB free on"), "{error}");
    assert_eq!(web.asked().len(), 1);
}
