//! Those who wait for a tool: told of it, and of nothing else, in any number.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;

use lightship_model::event::{Progress, ToolChange, What};
use lightship_model::state::ToolStatus;

use super::super::desk::MAX_WAITING;
use super::super::{Access, Command};
use super::serving::{PATIENCE, Serving, read_all};

fn ask(serving: &Serving, target: &str) -> UnixStream {
    let mut stream = serving.control.connect().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(format!("POST {target} HTTP/1.0\r\n\r\n").as_bytes()).unwrap();
    stream
}

fn change(tool: &str, status: ToolStatus) -> What {
    What::Tool(ToolChange::new(tool.parse().unwrap(), status))
}

/// The data of the next event.
fn data(lines: &mut BufReader<UnixStream>) -> String {
    loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the stream has ended");
        if let Some(data) = line.strip_prefix("data: ") {
            return data.trim_end().to_owned();
        }
    }
}

#[test]
fn who_waits_is_told_of_its_tool_alone_and_more_than_enough_ask_again() {
    let serving = Serving::with(Access::default(), 2);
    let target = "/v1/tools/tool-0/wait?needed_by=tool-1";
    let mut waiting: Vec<_> =
        (0..MAX_WAITING).map(|_| BufReader::new(ask(&serving, target))).collect();
    for lines in &mut waiting {
        assert!(data(lines).contains("\"status\":\"pending\""));
    }
    assert!(read_all(ask(&serving, target)).starts_with("HTTP/1.0 503"));
    assert!(serving.get("/livez", "").contains("200 OK"), "a probe is answered all the same");
    let (connections, memory) = serving.size();
    assert!(connections >= MAX_WAITING && memory < connections * 1024, "{memory}");

    serving.tell(change("tool-1", ToolStatus::Installed));
    serving.tell(change("tool-0", ToolStatus::Installing));
    let progress = Progress { done: Some(1), total: Some(2), ..Progress::default() };
    serving.tell(What::Progress { name: "tool-0".parse().unwrap(), progress });
    serving.tell(change("tool-0", ToolStatus::Installed));
    for mut lines in waiting {
        let mut told = Vec::new();
        while !told.last().is_some_and(|last: &String| last.contains("\"end\":\"installed\"")) {
            told.push(data(&mut lines));
        }
        assert!(told.iter().all(|data| data.contains("\"tool\":\"tool-0\"")), "{told:?}");
        assert!(told.len() <= 4, "{told:?}");
        let mut rest = String::new();
        lines.read_line(&mut rest).unwrap();
        assert_eq!(rest.trim(), "", "nothing comes behind the end");
    }
    let tool = |name: &str| name.parse().unwrap();
    let first = serving.commands().into_iter().next();
    let expected = Command::Wait { tool: tool("tool-0"), needed_by: Some(tool("tool-1")) };
    assert_eq!(first, Some(expected));
}

#[test]
fn only_who_may_change_things_may_wait_and_only_for_what_there_is() {
    let serving = Serving::new();
    let post = "POST /v1/tools/tool-0/wait HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert!(serving.exchange(post).starts_with("HTTP/1.1 403"));
    assert!(read_all(ask(&serving, "/v1/tools/nope/wait")).starts_with("HTTP/1.0 404"));
    assert_eq!(serving.commands(), []);
}

#[test]
fn a_caller_that_goes_away_leaves_nothing_behind_and_the_end_is_told_to_the_others() {
    let serving = Serving::new();
    let target = "/v1/tools/tool-0/wait";
    let mut gone = BufReader::new(ask(&serving, target));
    let mut stays = BufReader::new(ask(&serving, target));
    assert!(data(&mut gone).contains("tool-0") && data(&mut stays).contains("tool-0"));
    drop(gone);
    let begun = std::time::Instant::now();
    while serving.size().0 > 1 {
        assert!(begun.elapsed() < PATIENCE, "{:?}", serving.size());
        std::thread::yield_now();
    }
    serving.tell(What::Stopping { reason: String::new() });
    assert!(data(&mut stays).contains("lightship is stopping"));
}
