//! Buttons that change something are there for who shows the token, and work.

use lightship_model::state::ToolStatus;
use testkit::browser::Key;

use crate::support::{Page, TOKEN};

/// Labels of the buttons that are to be seen in the table.
fn buttons(page: &Page) -> Vec<String> {
    let buttons = page.browser.find_all("#tools button:not([hidden])");
    let shown = |button: &&testkit::browser::Element| !page.browser.text(button).is_empty();
    buttons.iter().filter(shown).map(|button| page.browser.label(button)).collect()
}

#[test]
fn without_the_token_nothing_can_be_changed_and_the_page_says_what_would() {
    let page = Page::open();
    page.say_failed("rust", "no space");
    page.row_shows("rust", "failed");
    assert_eq!(buttons(&page), ["Log of ck", "Log of later", "Log of rust"]);
    page.browser.shows("Retry and load need a token that may control");
}

#[test]
fn with_the_token_a_tool_is_promoted() {
    let page = Page::open_with_token();
    page.browser.click(&page.button("Load now later"));
    page.was_told("\"later\"");
    page.row_shows("later", "will be loaded next");
    page.say_status("later", ToolStatus::Installing);
    page.row_shows("later", "installing");
    page.browser.wait_for("return !document.body.innerText.includes('Load now')");
    page.assert_quiet();
}

#[test]
fn with_the_token_a_failed_tool_is_tried_again() {
    let page = Page::open_with_token();
    page.say_failed("rust", "no space");
    page.browser.click(&page.button("Retry rust"));
    page.was_told("\"rust\"");
    page.row_shows("rust", "will be tried again");
    page.assert_quiet();
}

#[test]
fn the_token_leaves_the_address_lasts_over_a_reload_and_can_be_forgotten() {
    let page = Page::open_with_token();
    page.button("Load now later");
    assert!(!page.browser.url().contains(TOKEN), "{}", page.browser.url());
    page.browser.open(page.url.split('#').next().unwrap());
    page.browser.shows("Healthy");
    page.browser.click(&page.button("Forget the token"));
    page.browser.wait_for("return !document.body.innerText.includes('Load now')");
    assert_eq!(page.browser.run("return sessionStorage.getItem('lightship-token')"), "");
}

#[test]
fn a_token_is_typed_in_and_a_wrong_one_gives_no_rights() {
    let page = Page::open();
    let field = page.browser.find("#token");
    page.browser.write(&field, "wrong-wrong-wrong");
    page.browser.press(Key::Enter);
    page.browser.wait_for("return document.getElementById('token').value === ''");
    page.browser.shows("Retry and load need a token");
    page.browser.write(&field, TOKEN);
    page.browser.click(&page.button("Use token"));
    page.button("Load now later");
}

#[test]
fn without_the_right_to_details_the_page_works_and_says_what_gives_them() {
    let lightship = crate::support::lightship_with("details = \"token\"");
    let page = Page::of(lightship.start(), "/");
    page.say_failed("rust", "the secret reason");
    page.browser.shows("Degraded");
    page.row_shows("rust", "failed");
    page.browser.shows("Details need a token");
    let text = page.browser.run("return document.body.innerText").to_string();
    assert!(!text.contains("secret") && !text.contains("pid"), "{text}");
    page.browser.write(&page.browser.find("#token"), TOKEN);
    page.browser.press(Key::Enter);
    page.row_shows("rust", "the secret reason");
}
