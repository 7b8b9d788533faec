//! Light and dark, wide and narrow. The pictures are left in the target directory, to be looked at.

use std::fs;
use std::path::Path;

use lightship_model::event::{Phase, Progress, Unit, What};
use lightship_model::state::ToolStatus;

use crate::support::Page;

/// A page with a bit of everything.
fn busy_page() -> Page {
    let page = Page::open_with_token();
    page.say_status("rust", ToolStatus::Installed);
    page.say_status("ck", ToolStatus::Installing);
    page.say_progress(
        "ck",
        Progress {
            phase: Phase::Installing,
            message: Some(format!("Compiling {} v1.0.0", "a-crate-with-a-long-name".repeat(9))),
            done: Some(120),
            total: Some(412),
            unit: Some(Unit::Crates),
        },
    );
    page.say(What::Warning { message: format!("{} can't be read", "/long/path".repeat(20)) });
    page.say_failed("later", &format!("no space left on {}", "/long/path".repeat(20)));
    page.browser.shows("Degraded");
    page.row_shows("ck", "120 of 412 crates");
    page
}

/// Leaves a picture of the page in the target directory; gives it.
fn picture(page: &Page, name: &str) -> Vec<u8> {
    let picture = page.browser.screenshot();
    assert!(picture.starts_with(b"\x89PNG"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::write(folder.join(format!("dashboard-{name}.png")), &picture).unwrap();
    picture
}

/// How bright the page's background is, from 0 to 255.
fn brightness(page: &Page) -> f64 {
    let script = "const rgb = getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g); \
                  return (Number(rgb[0]) + Number(rgb[1]) + Number(rgb[2])) / 3";
    page.browser.run(script).as_f64().unwrap()
}

#[test]
fn it_is_light_or_dark_as_the_reader_prefers() {
    let page = busy_page();
    page.browser.prefer("prefers-color-scheme", "light");
    assert!(brightness(&page) > 200.0);
    let light = picture(&page, "light");
    page.browser.prefer("prefers-color-scheme", "dark");
    assert!(brightness(&page) < 60.0);
    assert_ne!(picture(&page, "dark"), light);
    page.assert_quiet();
}

#[test]
fn from_a_phone_to_a_wide_screen_nothing_has_to_be_scrolled_sideways() {
    let page = busy_page();
    for width in [320, 390, 740, 1024, 1920] {
        page.browser.resize(width, 900);
        let wide = page.browser.run("return document.documentElement.scrollWidth");
        assert!(wide.as_u64().unwrap() <= u64::from(width), "{wide} at {width}");
        picture(&page, &width.to_string());
    }
}

#[test]
fn nothing_moves_for_who_prefers_it_so() {
    let page = busy_page();
    let moving = "return [...document.querySelectorAll('*')].filter((node) => \
                  getComputedStyle(node).animationName !== 'none').length";
    assert_ne!(page.browser.run(moving), 0);
    page.browser.prefer("prefers-reduced-motion", "reduce");
    assert_eq!(page.browser.run(moving), 0);
}
