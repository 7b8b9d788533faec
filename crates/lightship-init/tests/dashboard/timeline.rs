//! The timeline: what was loaded when, and why something waited.

use lightship_model::event::{ToolChange, What};
use lightship_model::state::ToolStatus;
use lightship_model::waits::Waits;

use crate::support::{Page, name};

/// What the lane of `tool` tells.
fn lane(page: &Page, tool: &str) -> String {
    let script = format!(
        "return [...document.querySelectorAll('.lane svg')].map((svg) => svg.ariaLabel ?? '') \
         .find((label) => label.startsWith('{tool}: ')) ?? ''"
    );
    page.browser.run(&script).as_str().unwrap().to_owned()
}

#[test]
fn it_shows_the_service_installs_attempts_and_what_was_waited_for() {
    let page = Page::open();
    let installing = |attempt| {
        let change = ToolChange::new(name("rust"), ToolStatus::Installing);
        page.say(What::Tool(ToolChange { attempt: Some(attempt), ..change }));
    };
    installing(1);
    page.row_shows("rust", "installing");
    let pause = ToolChange::new(name("rust"), ToolStatus::Pending).waiting(Waits::Pause);
    page.say(What::Tool(pause.because("next attempt in 2 s: no space")));
    page.row_shows("rust", "next attempt in 2 s: no space");
    installing(2);
    page.row_shows("rust", "installing");
    page.say_status("rust", ToolStatus::Installed);
    let slot = ToolChange::new(name("ck"), ToolStatus::Pending).waiting(Waits::Slot);
    page.say(What::Tool(slot));
    page.row_shows("ck", "waits for a slot");
    let told = |tool: &str, parts: &[&str]| {
        let told = lane(&page, tool);
        let mut rest = told.as_str();
        for part in parts {
            let (_, after) = rest.split_once(part).unwrap_or_else(|| panic!("{part}: {told}"));
            rest = after;
        }
    };
    told("Service", &["starting", "ready"]);
    let pause = "pause before another attempt";
    told("rust", &["the service comes first", "installing", pause, "(attempt 2)", "installed"]);
    told("ck", &["waits for a tool (rust)", "waits for a slot"]);
    told("later", &["until asked for"]);
    page.browser.shows("a tool");
    page.assert_quiet();
}

#[test]
fn a_failed_attempt_and_a_wait_are_drawn_differently() {
    let page = Page::open();
    page.say_status("rust", ToolStatus::Installing);
    page.row_shows("rust", "installing");
    page.say_failed("rust", "no space");
    page.row_shows("rust", "failed");
    page.browser.wait_for("return document.querySelector('rect.s-failed')");
    page.browser.wait_for("return document.querySelector('line.s-requires')");
    let dashes =
        "return document.querySelector('line.s-requires').getAttribute('stroke-dasharray')";
    assert_ne!(page.browser.run(dashes), "");
}
