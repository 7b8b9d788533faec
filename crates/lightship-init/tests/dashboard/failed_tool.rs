//! A tool that failed says why, and shows what its installer has printed.

use lightship_model::state::ToolStatus;

use crate::support::Page;

const ERROR: &str = "pip ended with exit code 1\nno space left on device";

#[test]
fn its_error_is_shown_and_the_verdict_says_so() {
    let page = Page::open();
    page.say_failed("rust", ERROR);
    page.browser.shows("Degraded");
    page.browser.shows("tool rust failed");
    page.row_shows("rust", "failed");
    page.row_shows("rust", ERROR);
    page.browser.wait_for("return document.title.startsWith('Degraded')");
    let icon = page.browser.run("return document.getElementById('favicon').href");
    assert!(icon.as_str().unwrap().starts_with("data:image/svg+xml,"), "{icon}");
    page.assert_quiet();
}

#[test]
fn its_log_is_fetched_when_it_is_asked_for_and_again_on_request() {
    let page = Page::open();
    page.say_failed("rust", ERROR);
    page.row_shows("rust", "failed");
    page.printed("rust", "first line\n<b>second</b> line\n");
    assert!(!page.browser.run("return document.body.innerText").to_string().contains("first line"));
    page.browser.click(&page.button("Log of rust"));
    page.browser.shows("<b>second</b> line");
    page.printed("rust", "another attempt\n");
    page.browser.click(&page.button("Refresh log of rust"));
    page.browser.shows("another attempt");
    page.browser.click(&page.button("Log of rust"));
    page.browser.wait_for("return document.getElementById('log-rust').hidden");
}

#[test]
fn an_open_log_is_read_again_when_the_tools_state_changes() {
    let page = Page::open();
    page.printed("rust", "compiling\n");
    page.say_status("rust", ToolStatus::Installing);
    page.row_shows("rust", "installing");
    page.browser.click(&page.button("Log of rust"));
    page.browser.shows("compiling");
    page.printed("rust", "compiling\nlinking failed\n");
    page.say_failed("rust", ERROR);
    page.browser.shows("linking failed");
}
