//! What a reader sees, and what a keyboard and a screen reader reach.

use testkit::browser::Key;

use crate::support::{HOSTILE, Page, Root};

#[test]
fn the_map_shows_everything_by_directory_package_and_layer() {
    let page = Page::open(&Root::new().measure(), None);
    let tiles = |text: &str| {
        let script = format!(
            "return [...document.querySelectorAll('.tile')]\
             .filter((tile) => tile.innerText.includes({text:?})).length"
        );
        page.browser.run(&script).as_u64().unwrap()
    };
    assert_eq!(tiles("claude"), 1);
    assert!(tiles("usr") >= 1);
    for (way, shown) in [("package", "perl"), ("layer", "layer 1"), ("directory", "usr")] {
        page.browser.run(&format!("document.querySelector('input[value={way}]').click()"));
        assert!(tiles(shown) >= 1, "{way}");
    }
    // The areas are the sizes: 9 MB of claude against 4 MB of perl.
    let ratio = "const area = (name) => { const tile = [...document.querySelectorAll('.tile')]\
                 .find((tile) => tile.querySelector('b')?.textContent === name); \
                 return tile.offsetWidth * tile.offsetHeight }; \
                 return area('claude') / area('perl')";
    let ratio = page.browser.run(ratio).as_f64().unwrap();
    assert!((1.9..2.7).contains(&ratio), "{ratio}");
    assert_eq!(page.browser.console(), [""; 0]);
}

#[test]
fn ticking_a_package_tells_what_goes_with_it_as_the_command_does() {
    let image = Root::new().measure();
    let answer = lightship_image::what_if::what_if(&image, &["git".to_owned()], &[]).unwrap();
    let page = Page::open(&image, None);
    let tick = |name: &str| {
        page.browser.run(&format!(
            "[...document.querySelectorAll('#if label')]\
             .find((label) => label.textContent.startsWith({name:?})).click()"
        ));
    };
    tick("git ");
    let said = page.said("return document.getElementById('saved').textContent");
    let saved = lightship_image::text::bytes(answer.by_package.saved.unpacked);
    assert!(said.starts_with("Without git and 1 that goes with it:"), "{said}");
    assert!(said.contains(&format!("(−{saved})")), "{said} {saved}");
    let rows = "return [...document.querySelectorAll('tr.gone')].map((row) => row.innerText)";
    let rows = page.browser.run(rows).to_string();
    assert!(rows.contains("only for git") && rows.contains("ticked"), "{rows}");
    // curl needs the library, too; without both it goes.
    assert!(!rows.contains("libcurl4"), "{rows}");
    tick("curl ");
    let said = page.said("return document.getElementById('saved').textContent");
    assert!(said.contains("git, curl and 3 that go"), "{said}");
    assert!(page.browser.run("return document.querySelectorAll('.tile.gone').length") != 0);
    tick("git ");
    tick("curl ");
    assert_eq!(page.said("return document.getElementById('saved').textContent"), "");
    page.picture("what-if");
}

#[test]
fn a_keyboard_goes_in_and_out_and_a_reader_is_told_where_it_is() {
    let page = Page::open(&Root::new().measure(), None);
    let here = || page.said("return document.querySelector('#crumbs [aria-current]').textContent");
    let to_tile = "[...document.querySelectorAll('.tile')]\
                   .find((tile) => tile.querySelector('b').textContent === 'usr').focus()";
    page.browser.run(to_tile);
    let tile = page.browser.focused();
    assert_eq!(page.browser.role(&tile), "button");
    let label = page.browser.label(&tile);
    assert!(label.starts_with("/usr · 1") && label.ends_with("opens"), "{label}");
    page.browser.press(Key::Enter);
    assert_eq!(here(), "usr");
    assert_eq!(page.said("return document.activeElement.className.split(' ')[0]"), "tile");
    page.browser.write(&page.browser.focused(), "\u{e014}");
    assert_eq!(page.said("return document.activeElement.className.split(' ')[0]"), "tile");
    page.browser.write(&page.browser.focused(), "\u{e00c}");
    assert_eq!(here(), "/");
    assert!(page.browser.label(&page.browser.focused()).starts_with("/usr ·"));
    for (css, role) in [("#map", "group"), ("#if", "table"), ("main", "main"), ("#saved", "status")]
    {
        assert_eq!(page.browser.role(&page.browser.find(css)), role, "{css}");
    }
}

#[test]
fn a_hostile_name_is_shown_and_never_done() {
    let root = Root::new();
    let page = Page::open(&root.measure(), None);
    page.browser.run(
        "[...document.querySelectorAll('#here button')].find((it) => it.textContent === 'srv').click()",
    );
    page.browser.shows(HOSTILE);
    assert_eq!(page.browser.run("return document.images.length"), 0);
    assert_eq!(page.browser.console(), [""; 0]);
}

#[test]
fn held_against_another_what_grew_and_shrank_is_coloured_and_listed() {
    let before = Root::new();
    let after = Root::new();
    after.file("opt/claude", &vec![1; 12_000_000]);
    after.file("usr/bin/git", &vec![1; 1_000_000]);
    after.file("opt/new", &vec![1; 500_000]);
    std::fs::remove_file(after.path().join("usr/bin/curl")).unwrap();
    let page = Page::open(&after.measure(), Some(&before.measure()));
    let rows = page.said("return document.getElementById('changes').innerText");
    for (path, change) in [
        ("/opt/claude", "+3.0 MB"),
        ("/usr/bin/git", "−2.0 MB"),
        ("/opt/new", "+500.0 kB"),
        ("/usr/bin/curl", "−300.0 kB"),
    ] {
        let row = rows.lines().find(|row| row.starts_with(path)).unwrap_or_default();
        assert!(row.ends_with(change), "{path}: {rows}");
    }
    let legend = page.said("return document.getElementById('legend').innerText");
    assert!(legend.contains("larger than before"), "{legend}");
    page.picture("against");
    assert_eq!(page.browser.console(), [""; 0]);
}

#[test]
fn it_is_light_or_dark_and_never_scrolls_sideways() {
    let page = Page::open(&Root::new().measure(), None);
    let bright = "const rgb = getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g); \
                  return (Number(rgb[0]) + Number(rgb[1]) + Number(rgb[2])) / 3";
    for (way, is_bright) in [("light", true), ("dark", false)] {
        page.browser.prefer("prefers-color-scheme", way);
        assert_eq!(page.browser.run(bright).as_f64().unwrap() > 128.0, is_bright);
        page.picture(way);
    }
    for width in [320, 390, 740, 1024, 1920] {
        page.browser.resize(width, 900);
        let wide = page.browser.run("return document.documentElement.scrollWidth");
        assert!(wide.as_u64().unwrap() <= u64::from(width), "{wide} at {width}");
        page.picture(&width.to_string());
    }
}
