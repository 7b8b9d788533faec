//! What a screen reader is told: landmarks, headings, a table, progress, and changes of state.

use lightship_model::event::{Phase, Progress, Unit};
use lightship_model::state::ToolStatus;

use crate::support::{Page, row};

/// Asserts that what `css` finds has this role and accessible name.
#[track_caller]
fn assert_is(page: &Page, css: &str, role: &str, label: &str) {
    let element = page.browser.find(css);
    assert_eq!(
        (page.browser.role(&element).as_str(), page.browser.label(&element).as_str()),
        (role, label),
        "{css}"
    );
}

#[test]
fn landmarks_headings_and_the_table_are_what_they_look_like_also_on_a_phone() {
    let page = Page::open();
    for width in [1280, 360] {
        page.browser.resize(width, 800);
        assert_is(&page, "header", "banner", "");
        assert_is(&page, "main", "main", "");
        assert_is(&page, "footer", "contentinfo", "");
        assert_is(&page, "h1", "heading", "Healthy");
        assert_is(&page, "#s-tools", "region", "Tools");
        assert_is(&page, "#s-timeline", "region", "Timeline");
        assert_is(&page, "table", "table", "Tools");
        assert_is(&page, "thead th", "columnheader", "Tool");
        assert_is(&page, "#tools tr", "row", "");
        assert_is(&page, "#tools th", "rowheader", "ck script");
        assert_is(&page, "#tools td", "cell", "pending");
        assert_is(&page, "#said", "status", "");
        assert_is(&page, "#range", "combobox", "Time shown");
    }
}

#[test]
fn progress_has_a_name_a_value_and_words() {
    let page = Page::open();
    page.say_status("rust", ToolStatus::Installing);
    page.say_progress(
        "rust",
        Progress {
            phase: Phase::Installing,
            done: Some(41),
            total: Some(200),
            unit: Some(Unit::Crates),
            message: None,
        },
    );
    page.row_shows("rust", "41 of 200 crates");
    let bar = page.browser.find("#tools [role=progressbar]:not([hidden])");
    assert_eq!(page.browser.role(&bar), "progressbar");
    assert_eq!(page.browser.label(&bar), "rust");
    let bar = format!("{}.querySelector('[role=progressbar]')", row("rust"));
    assert_eq!(page.browser.run(&format!("return {bar}.ariaValueNow")), "21");
    let words = page.browser.run(&format!("return {bar}.ariaValueText"));
    assert!(words.as_str().unwrap().starts_with("installing, 41 of 200 crates, about"), "{words}");
}

#[test]
fn changes_of_state_are_announced_and_progress_is_not() {
    let page = Page::open();
    let log = "window.said = []; new MutationObserver(() => \
               window.said.push(document.getElementById('said').textContent)) \
               .observe(document.getElementById('said'), { childList: true }); return 0";
    page.browser.run(log);
    page.say_status("rust", ToolStatus::Installing);
    page.browser.wait_for("return window.said.includes('rust is installing')");
    page.say_progress("rust", Progress { done: Some(3), ..Progress::default() });
    page.row_shows("rust", "checking · 3");
    page.say_failed("rust", "no space");
    page.browser.wait_for("return window.said.length > 1");
    let said = page.browser.run("return window.said.join('|')");
    assert_eq!(said, "rust is installing|lightship is degraded: tool rust failed. rust is failed");
}

#[test]
fn a_state_is_told_by_a_word_and_a_shape_and_not_by_colour_alone() {
    let page = Page::open();
    page.say_status("rust", ToolStatus::Installed);
    page.say_failed("ck", "no space");
    page.row_shows("ck", "failed");
    let seen = ["rust", "ck", "later"].map(|tool| {
        let state = format!("{}.querySelector('.state')", row(tool));
        let script = format!(
            "return {state}.innerText.trim() + ' ' + {state}.querySelector('use').href.baseVal"
        );
        page.browser.run(&script).as_str().unwrap().to_owned()
    });
    assert_eq!(seen, ["installed #i-good", "failed #i-bad", "on demand #i-rest"]);
}
