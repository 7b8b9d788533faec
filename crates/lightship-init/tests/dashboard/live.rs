//! What happens is on the page a moment later, without a reload.

use lightship_model::event::{Phase, Progress, ToolChange, Unit, What};
use lightship_model::state::{InstalledAt, ToolStatus};

use crate::support::{Page, ago, name, row};

#[test]
fn the_page_of_a_run_says_how_service_tools_and_capabilities_stand() {
    let page = Page::open();
    for text in ["Healthy", "ready", "no exit so far", "0 of 3", "running", "search not yet"] {
        page.browser.shows(text);
    }
    page.row_shows("ck", "waits for rust");
    page.row_shows("later", "on demand");
    assert!(page.browser.title().starts_with("Healthy · 0/3"), "{}", page.browser.title());
    page.assert_quiet();
}

#[test]
fn a_tool_goes_from_pending_to_installed_on_the_page_that_is_open() {
    let page = Page::open();
    page.browser.run("window.mark = 1; return 0");
    page.say_status("rust", ToolStatus::Installing);
    page.row_shows("rust", "installing");
    page.say_progress(
        "rust",
        Progress {
            phase: Phase::Downloading,
            message: Some("rust.tar.xz".to_owned()),
            done: Some(50_000_000),
            total: Some(200_000_000),
            unit: Some(Unit::Bytes),
        },
    );
    page.row_shows("rust", "downloading · 50 of 200 MB · rust.tar.xz");
    let bar = format!("{}.querySelector('[role=progressbar]')", row("rust"));
    assert_eq!(page.browser.run(&format!("return {bar}.ariaValueNow")), "25");
    page.row_shows("rust", "about 1 min");
    page.say(What::Tool(ToolChange {
        version: Some("1.95.0".to_owned()),
        installed_at: Some(InstalledAt::At(ago(0))),
        took_ms: Some(41_000),
        ..ToolChange::new(name("rust"), ToolStatus::Installed)
    }));
    page.row_shows("rust", "installed");
    page.row_shows("rust", "1.95.0");
    page.say_status("ck", ToolStatus::Installed);
    page.browser.wait_for("return !document.body.innerText.includes('not yet')");
    page.browser.wait_for("return document.title.startsWith('Healthy – ')");
    assert_eq!(page.browser.run("return window.mark"), 1);
    page.assert_quiet();
}

#[test]
fn a_warning_is_shown_as_text_and_never_run() {
    let page = Page::open();
    let message = "<img src=x onerror=\"window.run = 1\"><b>bold</b>".to_owned();
    page.say(What::Warning { message: message.clone() });
    page.browser.shows(&message);
    assert_eq!(page.browser.run("return window.run ?? 'not run'"), "not run");
    page.assert_quiet();
}

#[test]
fn times_tick_by_themselves() {
    let page = Page::open();
    page.say_status("rust", ToolStatus::Installing);
    let time = format!("{}.querySelector('.time').innerText", row("rust"));
    page.browser.wait_for(&format!("return {time}.startsWith('3 s')"));
    page.browser.wait_for(&format!("return {time}.startsWith('5 s')"));
}
