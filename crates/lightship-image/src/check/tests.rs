//! Budgets held against images made by hand.

use lightship_model::manifest::Text;
use lightship_model::size::Size;

use super::*;
use crate::measure::{Measurement, Owner};
use crate::sample::Sample;

fn image() -> Measurement {
    let mut sample = Sample::new();
    sample.package("git", "", None);
    let git = sample.file("usr/bin/git", 4000);
    sample.package("sudo", "", None);
    let sudo = sample.file("usr/bin/sudo", 300);
    sample.mode(sudo, 0o4755);
    sample.owner(Owner::Nobody);
    sample.file("opt/old", 1000);
    sample.layer();
    sample.copy("opt/git", git);
    sample.file("opt/old", 50);
    sample.measurement()
}

fn read(text: &str) -> Budget {
    Budget::read(&Text::new("budget.toml", text)).unwrap()
}

fn held(text: &str) -> Verdict {
    check(&image(), &read(text), None).unwrap()
}

fn missed(text: &str) -> Vec<String> {
    let verdict = held(text);
    assert_eq!(verdict.go, verdict.rules.iter().all(|rule| rule.holds));
    verdict.rules.into_iter().filter(|rule| !rule.holds).map(|rule| rule.name).collect()
}

#[test]
fn a_limit_holds_at_the_limit_and_not_one_byte_further() {
    // Shipped: 4000 + 300 + 1000 + 4000 + 50.
    assert!(check(&image(), &Budget::of(Size(9350)), None).unwrap().go);
    let verdict = check(&image(), &Budget::of(Size(9349)), None).unwrap();
    assert!(!verdict.go);
    let rule = &verdict.rules[0];
    assert_eq!((rule.limit, rule.actual, rule.over), (9349, 9350, 1));
    assert_eq!(rule.by[0], Part { name: "unowned files".to_owned(), size: 4050 });
    assert_eq!(rule.by[1], Part { name: "debian git".to_owned(), size: 4000 });
    assert_eq!(rule.by[2], Part { name: "dead bytes".to_owned(), size: 1000 });
}

#[test]
fn every_kind_of_rule_can_be_kept_and_missed() {
    for (kept, over, name) in [
        ("[total]\nunpacked = '9350B'", "[total]\nunpacked = 9349", "total.unpacked"),
        ("[total]\ncompressed = 4725", "[total]\ncompressed = 4724", "total.compressed"),
        ("[layer]\ncount = 2", "[layer]\ncount = 1", "layer.count"),
        ("[layer]\nunpacked = 5300", "[layer]\nunpacked = 5299", "layer.unpacked"),
        (
            "[package.git]\nunpacked = 4000",
            "[package.git]\nunpacked = 3999",
            "package.git.unpacked",
        ),
        ("[path.'/opt/*']\nunpacked = 4050", "[path.opt]\nunpacked = 0", "path.opt.unpacked"),
        (
            "[forbidden]\npackages = ['perl*']",
            "[forbidden]\npackages = ['gi*']",
            "forbidden.packages",
        ),
        (
            "[forbidden]\npaths = ['**/*.pyc']",
            "[forbidden]\npaths = ['/opt/ol?']",
            "forbidden.paths",
        ),
        ("[waste]\ndead = 1000", "[waste]\ndead = '0'", "waste.dead"),
        ("[waste]\nduplicate = 4000", "[waste]\nduplicate = 3999", "waste.duplicate"),
        ("[setuid]\nallow = ['/usr/bin/sudo']", "[setuid]", "setuid.count"),
        ("[file]\nunpacked = 300\nexcept = ['**/git']", "[file]\nunpacked = 300", "file.unpacked"),
    ] {
        assert!(missed(kept).is_empty(), "{kept}");
        assert_eq!(missed(over), [name], "{over}");
    }
}

#[test]
fn growth_is_held_against_a_baseline_in_bytes_and_percent() {
    let baseline = |size: u64| Baseline {
        name: "before".to_owned(),
        total: Sizes::new(size, size / 2),
        is_packed: true,
    };
    let go =
        |text: &str, before: u64| check(&image(), &read(text), Some(&baseline(before))).unwrap().go;
    assert!(go("[growth]\nunpacked = 350", 9000) && !go("[growth]\nunpacked = 349", 9000));
    assert!(go("[growth]\nunpacked-percent = 10", 8500));
    assert!(!go("[growth]\nunpacked-percent = 9.9", 8500));
    // What has shrunk has not grown.
    assert!(go("[growth]\nunpacked = 0", 20_000));
    let none = check(&image(), &read("[growth]\nunpacked = 1"), None).unwrap_err();
    assert_eq!(none, CheckError::NoBaseline);
}

#[test]
fn an_earlier_answer_can_be_the_baseline_and_rubbish_can_not() {
    let verdict = held("[total]\nunpacked = '1MB'");
    let json = serde_json::to_vec(&verdict).unwrap();
    let baseline = Baseline::read("old.json", &json).unwrap();
    assert_eq!(baseline.total, image().shipped_total());
    let measured = br#"{"images":[{"image":"a","shipped":{"unpacked":5,"packed":2},"live":1}]}"#;
    assert_eq!(Baseline::read("m.json", measured).unwrap().total, Sizes::new(5, 2));
    assert!(Baseline::read("old.json", b"{}").is_err());
    assert!(
        Baseline::of(&Sample::new().measurement()).unwrap_err().to_string().contains("no bytes")
    );
}

#[test]
fn what_can_not_be_measured_is_never_a_go() {
    let directory = Measurement { format: crate::source::Format::Directory, ..image() };
    let error = check(&directory, &read("[total]\ncompressed = '1GB'"), None).unwrap_err();
    assert!(error.to_string().contains("`total.compressed` can't be held"), "{error}");
    assert_eq!(check(&image(), &Budget::default(), None).unwrap_err(), CheckError::Empty);
}

#[test]
fn a_rule_about_what_is_not_there_holds_and_is_remarked() {
    let verdict = held("[package.gti]\nunpacked = 1\n[path.'/no/**']\nunpacked = 1");
    assert!(verdict.go);
    assert_eq!(verdict.notes.len(), 2);
    assert!(verdict.notes[0].contains("gti"));
}

#[test]
fn a_budget_that_is_wrong_or_limits_nothing_is_an_error() {
    for (text, said) in [
        ("", "has no limit"),
        ("[total]", "has no limit"),
        ("[package.git]", "has no limit"),
        ("[growth]\nbaseline = 'x'", "names a baseline"),
        ("[file]\nexcept = ['x']", "exceptions"),
        ("[totall]\nunpacked = 1", "did you mean `total`?"),
        ("[total]\nunpaked = 1", "did you mean `unpacked`?"),
        ("[total]\nunpacked = 'much'", "budget.toml:2:12"),
        ("[total]\nunpacked = -1", "at least 0"),
        ("[growth]\nunpacked-percent = nan", "at least 0"),
    ] {
        let error = Budget::read(&Text::new("budget.toml", text)).unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
}

#[test]
fn the_verdict_is_told_in_lines_and_in_markdown() {
    let verdict = held("[total]\nunpacked = '9kB'\n[layer]\ncount = 2");
    let lines = "\
NO-GO  sample: 9.4 kB unpacked, 4.7 kB compressed; 1 of 2 limits missed
  OVER  total.unpacked: 9.4 kB of 9.0 kB, 350 B over
             4.1 kB  unowned files
             4.0 kB  debian git
             1.0 kB  dead bytes
              300 B  debian sudo
  ok    layer.count: 2 of 2
";
    assert_eq!(text(&verdict), lines);
    let told = markdown(&verdict);
    assert!(told.starts_with("### NO-GO: sample: 9.4 kB unpacked"), "{told}");
    assert!(told.contains("| OVER | total.unpacked | 9.0 kB | 9.4 kB | 350 B | unowned files 4.1 kB, debian git 4.0 kB, dead bytes 1.0 kB |"), "{told}");
}
