//! Everything can be done without a mouse, and nothing that happens takes the focus away.

use lightship_model::event::{Progress, Unit};
use lightship_model::state::ToolStatus;
use testkit::browser::Key;

use crate::support::Page;

/// Presses Tab until the focus is on something with this label.
#[track_caller]
fn tab_to(page: &Page, label: &str) {
    let mut met = Vec::new();
    for _ in 0..40 {
        page.browser.press(Key::Tab);
        let now = page.browser.label(&page.browser.focused());
        if now == label {
            return;
        }
        met.push(now);
    }
    panic!("Tab never came to {label}, but to {met:?}");
}

#[test]
fn tab_reaches_a_log_enter_opens_it_and_its_lines_can_be_scrolled() {
    let page = Page::open();
    page.printed("rust", "compiling\n");
    page.say_status("rust", ToolStatus::Installing);
    page.row_shows("rust", "installing");
    tab_to(&page, "Log of rust");
    let outline = "return getComputedStyle(document.activeElement).outlineStyle";
    assert_eq!(page.browser.run(outline), "solid");
    page.browser.press(Key::Enter);
    page.browser.shows("compiling");
    tab_to(&page, "Last lines of the log of rust");
}

#[test]
fn the_focus_stays_where_it_is_whatever_happens_to_the_tool() {
    let page = Page::open();
    page.row_shows("ck", "waits for rust");
    tab_to(&page, "Log of rust");
    page.browser.run("window.held = document.activeElement; return 0");
    page.say_status("rust", ToolStatus::Installing);
    for done in [1, 2, 3] {
        let progress =
            Progress { done: Some(done), unit: Some(Unit::Crates), ..Progress::default() };
        page.say_progress("rust", progress);
        page.row_shows("rust", &format!("{done} crates"));
    }
    page.say_status("rust", ToolStatus::Installed);
    page.row_shows("rust", "installed");
    assert_eq!(page.browser.run("return window.held === document.activeElement"), true);
}

#[test]
fn a_button_that_goes_away_hands_the_focus_on_to_its_neighbour() {
    let page = Page::open_with_token();
    page.say_failed("rust", "no space");
    page.button("Retry rust");
    tab_to(&page, "Retry rust");
    page.browser.press(Key::Space);
    page.was_told("\"rust\"");
    page.say_status("rust", ToolStatus::Installing);
    page.row_shows("rust", "installing");
    assert_eq!(page.browser.label(&page.browser.focused()), "Log of rust");
}

#[test]
fn the_timeline_can_be_read_without_a_mouse() {
    let page = Page::open();
    page.say_status("rust", ToolStatus::Installing);
    page.row_shows("rust", "installing");
    tab_to(&page, "Time shown");
    page.browser.press(Key::Tab);
    page.browser.press(Key::Enter);
    page.browser.shows("waits for a tool (rust)");
}
