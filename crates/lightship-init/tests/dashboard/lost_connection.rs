//! A page that hears nothing any more says so, and comes back by itself.

use lightship_model::state::ToolStatus;
use rustix::process::Signal;

use crate::support::{Page, lightship};

#[test]
fn it_is_shown_with_the_age_of_the_picture_and_the_page_recovers_on_the_same_port() {
    let mut page = Page::open();
    page.say_failed("rust", "no space");
    page.browser.shows("Degraded");
    let address = page.running.address();
    page.running.signal(Signal::TERM);
    page.running.exit();
    page.browser.shows("lightship was stopped, retrying");
    page.browser.shows("this picture is ");
    page.browser.wait_for("return document.title.startsWith('No connection')");
    // What was known stays, and is marked as old.
    page.row_shows("rust", "failed");
    page.browser.wait_for("return document.body.classList.contains('stale')");
    page.running = lightship().arg("--listen", &address).start();
    page.running.service_ready();
    page.plan();
    page.browser.wait_for("return document.getElementById('link').innerText.trim() === 'live'");
    page.browser.shows("Healthy");
    page.browser.wait_for("return !document.body.classList.contains('stale')");
    // Live again, not merely fetched once.
    page.say_status("rust", ToolStatus::Installing);
    page.row_shows("rust", "installing");
}
