//! What goes, what stays and what breaks, on images made by hand.

use super::*;
use crate::measure::Owner;
use crate::sample::Sample;

const LIB: &str = "usr/lib/x86_64-linux-gnu";

/// git and curl share a library; git has one of its own, perl, and a package that needs it.
fn tools() -> Sample {
    let mut sample = Sample::new();
    let library = |name: &str| format!("{LIB}/{name}");
    sample.link("lib", "usr/lib");
    sample.link("lib64", "usr/lib64");
    sample.package("libc6", "", Some(true));
    sample.library(&library("libc.so.6"), 2000, &[]);
    sample.library("usr/lib64/ld.so", 200, &[]);
    sample.package("libcurl4", "libc6 (>= 0), libssl3", Some(true));
    sample.library(&library("libcurl.so.4.8"), 700, &["libc.so.6", "libssl.so.3"]);
    sample.link(&library("libcurl.so.4"), "libcurl.so.4.8");
    sample.package("libssl3", "libc6", Some(true));
    sample.library(&library("libssl.so.3"), 600, &["libc.so.6"]);
    sample.package("libpcre2", "libc6", Some(true));
    sample.library(&library("libpcre2.so.0"), 500, &["libc.so.6"]);
    sample.package("perl", "libc6", Some(true));
    sample.program("usr/bin/perl", 9000, &["libc.so.6"]);
    sample.package("git", "libc6, libcurl4 | libcurl3, libpcre2, perl", Some(false));
    let git = sample.program("usr/bin/git", 4000, &["libpcre2.so.0", "libc.so.6"]);
    sample.hard_link("usr/lib/git-core/git", git);
    sample.program("usr/lib/git-core/git-remote-http", 2000, &["libcurl.so.4", "libc.so.6"]);
    sample.script("usr/lib/git-core/git-add--interactive", 40, "/usr/bin/env perl");
    sample.file("usr/share/doc/git/copyright", 30);
    sample.package("curl", "libcurl4, libc6", Some(false));
    sample.program("usr/bin/curl", 300, &["libcurl.so.4", "libc.so.6"]);
    sample.package("git-lfs", "git (>= 1)", Some(false));
    sample.program("usr/bin/git-lfs", 5000, &["libc.so.6"]);
    sample
}

fn ask(sample: &Sample, remove: &[&str], keep: &[&str]) -> WhatIf {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    what_if(&sample.measurement(), &owned(remove), &owned(keep)).unwrap()
}

fn names(level: &Level) -> Vec<&str> {
    level.gone.iter().map(|gone| gone.name.as_str()).collect()
}

fn broken(level: &Level) -> Vec<(&str, &str)> {
    level.broken.iter().map(|it| (it.path.as_str(), it.misses.as_str())).collect()
}

#[test]
fn a_package_goes_with_its_dependants_and_with_what_only_they_need() {
    let answer = ask(&tools(), &["git"], &[]);
    assert_eq!(names(&answer.by_package), ["perl", "git", "git-lfs", "libpcre2"]);
    assert_eq!(answer.by_package.saved.unpacked, 9000 + 6070 + 5000 + 500);
    let why: Vec<Why> = answer.by_package.gone.iter().map(|gone| gone.why).collect();
    assert_eq!(why, [Why::Unneeded, Why::Named, Why::Dependant, Why::Unneeded]);
    assert_eq!(answer.by_package.gone[2].because.as_deref(), Some("git"));
    assert_eq!(broken(&answer.by_package), []);
    assert!(answer.warnings.is_empty(), "{:?}", answer.warnings);
}

#[test]
fn as_sliced_only_its_own_libraries_go_and_what_can_be_started_stays() {
    let answer = ask(&tools(), &["git"], &[]);
    let pcre = format!("/{LIB}/libpcre2.so.0");
    assert_eq!(names(&answer.as_sliced), ["git", &pcre]);
    assert_eq!(answer.as_sliced.saved.unpacked, 6070 + 500);
    // Packed: half of it, and ten for each entry.
    assert_eq!(answer.as_sliced.saved.packed, 3035 + 50 + 260);
    assert_eq!(broken(&answer.as_sliced), []);
}

#[test]
fn what_is_kept_decides_what_is_needed() {
    let answer = ask(&tools(), &["git"], &["curl"]);
    assert!(names(&answer.as_sliced).contains(&"/usr/bin/perl"));
    assert!(!names(&answer.as_sliced).iter().any(|name| name.contains("libcurl")));
    let answer = ask(&tools(), &["git", "curl"], &["perl"]);
    let by_package = names(&answer.by_package);
    assert!(by_package.contains(&"libcurl4") && by_package.contains(&"libssl3"));
    assert!(!by_package.contains(&"perl") && !by_package.contains(&"libc6"));
}

#[test]
fn two_that_share_a_library_take_it_with_them_only_together() {
    let sample = tools();
    let gone = |remove: &[&str]| {
        let answer = ask(&sample, remove, &[]);
        let curl = format!("/{LIB}/libcurl.so.4.8");
        names(&answer.as_sliced).contains(&curl.as_str())
    };
    assert!(!gone(&["git"]) && !gone(&["curl"]) && gone(&["git", "curl"]));
}

#[test]
fn programs_that_lose_a_library_or_an_interpreter_are_named() {
    let path = format!("/{LIB}/libssl.so.3");
    let answer = ask(&tools(), &[&path, "/usr/bin/perl"], &[]);
    let found = broken(&answer.by_package);
    assert!(found.contains(&("/usr/lib/git-core/git-add--interactive", "perl")), "{found:?}");
    let curl = answer.by_package.broken.iter().find(|it| it.path == "/usr/bin/curl").unwrap();
    assert_eq!(curl.misses, "libssl.so.3");
    assert_eq!(curl.through.as_deref(), Some(&*format!("/{LIB}/libcurl.so.4.8")));
    assert_eq!(curl.owner, "curl");
}

#[test]
fn a_name_of_a_file_alone_saves_nothing_while_another_is_there() {
    let answer = ask(&tools(), &["/usr/bin/git"], &[]);
    assert_eq!(answer.as_sliced.saved.unpacked, 0);
    let answer = ask(&tools(), &["/usr/bin/git", "usr/lib/git-core/git"], &[]);
    assert_eq!(answer.as_sliced.saved.unpacked, 4500);
}

#[test]
fn without_apts_list_what_nobody_needs_is_wanted_and_that_is_said() {
    let mut sample = tools();
    for name in ["libc6", "libcurl4", "libssl3", "libpcre2", "perl", "git", "curl", "git-lfs"] {
        sample.change(name, |package| package.auto = None);
    }
    let answer = ask(&sample, &["git-lfs"], &[]);
    assert_eq!(names(&answer.by_package), ["perl", "git", "git-lfs", "libpcre2"]);
    assert!(answer.warnings[0].contains("--keep"));
}

#[test]
fn provided_names_and_versions_are_honoured() {
    let mut sample = Sample::new();
    sample.package("mawk", "", Some(true)).change("mawk", |it| it.provides = "awk".to_owned());
    sample.file("usr/bin/mawk", 10);
    sample.package("base", "awk, old (<< 1)", Some(false));
    sample.file("usr/bin/base", 20);
    sample.package("old", "", Some(false));
    sample.file("usr/bin/old", 30);
    assert_eq!(names(&ask(&sample, &["mawk"], &[]).by_package), ["base", "mawk"]);
    // It is too new to be what is meant.
    assert_eq!(names(&ask(&sample, &["old"], &[]).by_package), ["old"]);
    assert_eq!(names(&ask(&sample, &["base"], &[]).by_package), ["base", "mawk"]);
}

#[test]
fn an_npm_package_goes_with_what_lies_in_it() {
    let mut sample = Sample::new();
    let npm = |name: &str, at: &str| Owner::Npm {
        name: name.to_owned(),
        version: "1".to_owned(),
        at: at.to_owned(),
    };
    sample.owner(npm("a", "app/node_modules/a"));
    sample.file("app/node_modules/a/index.js", 10);
    sample.owner(npm("b", "app/node_modules/a/node_modules/b"));
    sample.file("app/node_modules/a/node_modules/b/index.js", 20);
    sample.owner(npm("ab", "app/node_modules/ab"));
    sample.file("app/node_modules/ab/index.js", 40);
    assert_eq!(ask(&sample, &["npm:a"], &[]).by_package.saved.unpacked, 30);
    let error = what_if(&sample.measurement(), &["ab".to_owned()], &[]).unwrap_err();
    assert_eq!(error.help(), "did you mean `npm:ab`?");
}

#[test]
fn a_name_that_is_nothing_is_an_error_with_the_nearest() {
    let image = tools().measurement();
    let one = |name: &str| vec![name.to_owned()];
    let error = what_if(&image, &one("gti"), &[]).unwrap_err();
    assert_eq!(error.to_string(), "`gti` is no package, tool or path of sample");
    assert_eq!(error.help(), "did you mean `git`?");
    assert!(what_if(&image, &one("/no/such"), &[]).unwrap_err().help().contains("npm:NAME"));
    let error = what_if(&image, &one("git"), &one("git")).unwrap_err();
    assert!(error.to_string().contains("both"));
}

#[test]
fn candidates_tell_what_each_alone_would_save() {
    let all = candidates(&tools().measurement());
    let found = |name: &str| all.iter().find(|it| it.name == name).unwrap();
    let git = found("git");
    assert_eq!((git.own.unpacked, git.with_closure.unpacked), (6070, 6070 + 500 + 9000));
    assert_eq!((git.alone, git.dependants), (2, 1));
    assert_eq!(found("libssl3").with_closure.unpacked, 600);
}
