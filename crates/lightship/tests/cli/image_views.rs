//! `lightship image what-if`, `compare`, `check` and `report`: answers, and exit codes that a
//! pipeline can trust.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::Home;

/// Two roots, of which the second has more; the first also as a tar that is compressed.
fn home() -> Home {
    let home = Home::new();
    for (name, size) in [("old", 1_000_000), ("new", 3_000_000)] {
        let root = home.path(name);
        for folder in ["usr/bin", "var/lib/dpkg/info"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join("usr/bin/git"), vec![b'g'; size]).unwrap();
        fs::write(root.join("usr/bin/perl"), vec![b'p'; 400_000]).unwrap();
        let package = |name: &str, depends: &str| {
            let list = format!("/.\n/usr\n/usr/bin\n/usr/bin/{name}\n");
            fs::write(root.join(format!("var/lib/dpkg/info/{name}.list")), list).unwrap();
            format!(
                "Package: {name}\nStatus: install ok installed\nVersion: {size}\n\
                 Architecture: amd64\nDepends: {depends}\n\n"
            )
        };
        let status = package("git", "perl") + &package("perl", "");
        fs::write(root.join("var/lib/dpkg/status"), status).unwrap();
    }
    let old = home.path("old");
    let tar = home.path("old.tar.gz");
    let done = Command::new("tar").arg("-C").arg(old).arg("-czf").arg(tar).arg(".").status();
    assert!(done.unwrap().success());
    home
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn what_if_tells_what_goes_in_both_measures() {
    let home = home();
    let text = home.run(&["image", "what-if", "old.tar.gz", "--remove", "git"]).ok();
    let has = |words: &[&str]| {
        text.lines().any(|line| line.split_whitespace().collect::<Vec<_>>().starts_with(words))
    };
    assert!(has(&["by", "package", "-1.4", "MB"]), "{text}");
    assert!(has(&["as", "sliced", "-1.0", "MB"]), "{text}");
    assert!(text.contains("only for git") && text.contains("no program breaks"), "{text}");
    let args = ["image", "what-if", "old", "--remove", "git", "--format", "json"];
    let answer = json(&home.run(&args).ok());
    assert_eq!(answer["byPackage"]["saved"]["unpacked"], 1_400_000);
    let table = home.run(&["image", "what-if", "old"]).ok();
    assert!(table.starts_with("WHAT COULD GO") && table.contains("git"), "{table}");
    let wrong = home.run(&["image", "what-if", "old", "--remove", "gti"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("did you mean `git`?"), "{wrong:?}");
}

#[test]
fn compare_tells_the_difference() {
    let home = home();
    let text = home.run(&["image", "compare", "old", "new"]).ok();
    assert!(text.contains("A = old\nB = new\n") && text.contains("+2.0 MB"), "{text}");
    let answer = json(&home.run(&["image", "compare", "old", "new", "--format", "json"]).ok());
    let git = answer["owners"].as_array().unwrap().iter().find(|row| row["name"] == "git").unwrap();
    assert_eq!(git["difference"][0]["unpacked"], 2_000_000);
    assert_eq!(git["versions"], serde_json::json!(["1000000", "3000000"]));
    assert_eq!(home.run(&["image", "compare", "old"]).code, Some(2));
    assert_eq!(home.run(&["image", "compare", "old", "none"]).code, Some(3));
}

#[test]
fn check_says_go_or_no_go_and_never_goes_wrongly() {
    let home = home();
    let code = |args: &[&str]| home.run(&[&["image", "check"], args].concat()).code;
    assert_eq!(code(&["new", "--budget", "4MB"]), Some(0));
    assert_eq!(code(&["new", "--budget", "3MB"]), Some(1));
    assert_eq!(code(&["none", "--budget", "3MB"]), Some(3));
    assert_eq!(code(&["new", "--budget", "none.toml"]), Some(3));
    assert_eq!(code(&["new"]), Some(2));
    for text in ["", "[total]", "[totl]\nunpacked = 1", "[total]\ncompressed = '1GB'", "["] {
        home.write("bad.toml", text);
        assert_eq!(code(&["new", "--budget", "bad.toml"]), Some(3), "{text}");
    }
    home.write("broken.tar", "not an image at all");
    assert_eq!(code(&["broken.tar", "--budget", "1GB"]), Some(3));
    home.write("b.toml", "[total]\nunpacked = '3MB'\n[forbidden]\npackages = ['perl']\n");
    let done = home.run(&["image", "check", "new", "--budget", "b.toml", "--format", "markdown"]);
    assert_eq!(done.code, Some(1));
    assert!(done.stdout.starts_with("### NO-GO: new: 3.4 MB"), "{}", done.stdout);
    assert!(done.stdout.contains("| OVER | forbidden.packages | 0 | 1 | 1 | perl 400.0 kB |"));
}

#[test]
fn growth_is_held_against_an_image_and_against_what_was_saved_of_it() {
    let home = home();
    home.write("b.toml", "[growth]\nbaseline = 'base.json'\nunpacked-percent = 50\n");
    let check = |more: &[&str]| {
        home.run(&[&["image", "check", "new", "--budget", "b.toml"], more].concat()).code
    };
    // Named and not there: no answer.
    assert_eq!(check(&[]), Some(3));
    assert_eq!(check(&["--baseline", "old"]), Some(1));
    assert_eq!(check(&["--baseline", "new"]), Some(0));
    for (image, code) in [("old", 1), ("new", 0)] {
        let saved = home.run(&["image", "measure", image, "--format", "json"]).ok();
        home.write("base.json", &saved);
        assert_eq!(check(&[]), Some(code), "{image}");
    }
    home.write("base.json", "{}");
    assert_eq!(check(&[]), Some(3));
}

#[test]
fn report_writes_one_file_that_asks_for_nothing() {
    let home = home();
    let args = ["image", "report", "new", "--against", "old", "-o", "r.html"];
    assert_eq!(home.run(&args).ok(), "r.html\n");
    let page = fs::read_to_string(home.path("r.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("\"name\":\"new\""));
    for asset in ["src=", "url(", "@import", "<link", "http://", "https://"] {
        assert!(!page.contains(asset), "{asset}");
    }
    let lost = home.run(&["image", "report", "new", "-o", "no/such/r.html"]);
    assert_eq!(lost.code, Some(73));
}
