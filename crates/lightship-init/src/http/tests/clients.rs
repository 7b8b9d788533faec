//! lightship's own clients against its own server.

use std::time::{Duration, Instant};

use lightship_model::event::{ToolChange, What};
use lightship_model::state::ToolStatus;

use super::super::{Access, Command, Details, Token};
use super::serving::Serving;
use crate::client::{self, At, Check, FailOn, Format, Question};
use crate::ctl::{self, CtlError, Order};

fn question(serving: &Serving, check: Check) -> Question {
    Question {
        at: At::Url(format!("http://{}", serving.address)),
        token: None,
        check,
        fail_on: FailOn::Unhealthy,
        wait: None,
        format: Format::Text,
    }
}

fn fail_tool(serving: &Serving) {
    let mut change = ToolChange::new("tool-0".parse().unwrap(), ToolStatus::Failed);
    change.error = Some("no\nspace".to_owned());
    serving.tell(What::Tool(change));
    serving.size();
}

#[test]
fn every_format_has_the_same_verdict() {
    let serving = Serving::new();
    fail_tool(&serving);
    for check in [Check::Health, Check::Full, Check::Ready, Check::Live] {
        for format in [Format::Text, Format::Json] {
            let asked = Question { format, ..question(&serving, check) };
            assert!(client::ask(&asked).unwrap().ok, "{asked:?}");
            let strict = Question { fail_on: FailOn::Degraded, ..asked };
            let judges = matches!(check, Check::Health | Check::Full);
            assert_eq!(client::ask(&strict).unwrap().ok, !judges, "{strict:?}");
        }
    }
    let text = client::ask(&question(&serving, Check::Health)).unwrap().text;
    assert!(text.ends_with("; tool tool-0 failed") && !text.contains('\n'), "{text}");
}

#[test]
fn the_output_is_no_longer_than_docker_keeps_it() {
    let serving = Serving::with(Access::default(), 500);
    for number in 0..500 {
        let name = format!("tool-{number}").parse().unwrap();
        serving.tell(What::Tool(ToolChange::new(name, ToolStatus::Failed)));
    }
    serving.size();
    for check in [Check::Health, Check::Full] {
        let text = client::ask(&question(&serving, check)).unwrap().text;
        assert!((4000..=4096).contains(&text.len()), "{}", text.len());
    }
}

#[test]
fn details_come_with_the_token_or_over_the_control_socket() {
    let token = "0123456789abcdef";
    let access = Access { details: Details::Token, token: Some(Token::new(token)) };
    let serving = Serving::with(access, 1);
    fail_tool(&serving);
    let full = question(&serving, Check::Full);
    assert!(!client::ask(&full).unwrap().text.contains("no; space"));
    let shown = Question { token: Some(token.to_owned()), ..full.clone() };
    assert!(client::ask(&shown).unwrap().text.contains("no; space"));
    let over_socket = Question { at: At::Socket(serving.control.clone()), ..full };
    assert!(client::ask(&over_socket).unwrap().text.contains("no; space"));
}

#[test]
fn waiting_ends_when_the_answer_is_yes() {
    let serving = Serving::new();
    let strict = Question {
        fail_on: FailOn::Degraded,
        wait: Some(Duration::from_millis(300)),
        ..question(&serving, Check::Health)
    };
    let begun = Instant::now();
    assert!(client::ask(&strict).unwrap().ok);
    fail_tool(&serving);
    let answer = client::ask(&strict).unwrap();
    assert!(!answer.ok && answer.text.starts_with("degraded"), "{answer:?}");
    assert!(begun.elapsed() >= Duration::from_millis(200), "it asked again");
}

#[test]
fn orders_are_carried_out_over_the_control_socket() {
    let serving = Serving::new();
    let tool = || "tool-0".to_owned();
    let send = |order| ctl::send(&order, &serving.control);
    assert_eq!(send(Order::Promote { tool: tool() }).unwrap(), "tool-0 is loaded now");
    let log = send(Order::Log { tool: tool(), lines: 7 }).unwrap();
    assert_eq!(log, "7 lines of tool-0\n");
    let refused = send(Order::Retry { tool: "nope".to_owned() }).unwrap_err();
    assert!(matches!(refused, CtlError::Refused { status: 404, .. }), "{refused}");
    assert_eq!(serving.commands()[0], Command::Promote { tool: "tool-0".parse().unwrap() });
}
