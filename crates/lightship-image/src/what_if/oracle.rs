//! The level of packages against apt itself, on the packages of this machine.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use lightship_debian::control::paragraphs;

use super::packages::Packages;
use crate::measure::{Measurement, Package};
use crate::sample::Sample;

const STATUS: &str = "/var/lib/dpkg/status";
const EXTENDED: &str = "/var/lib/apt/extended_states";

/// The machine's packages, and what apt marks as not asked for.
fn machine() -> Option<Measurement> {
    let status = fs::read_to_string(STATUS).ok()?;
    let extended = fs::read_to_string(EXTENDED).ok()?;
    let auto: BTreeSet<&str> = paragraphs(&extended)
        .filter(|it| it.get("Auto-Installed") == Some("1"))
        .filter_map(|it| it.get("Package"))
        .collect();
    let mut sample = Sample::new();
    for it in paragraphs(&status) {
        let field = |name| it.get(name).unwrap_or_default().to_owned();
        if !field("Status").ends_with(" installed") {
            continue;
        }
        let name = field("Package");
        sample.package(&name, "", Some(auto.contains(name.as_str())));
        sample.change(&name, |package| {
            *package = Package {
                version: field("Version"),
                architecture: field("Architecture").replace("all", "amd64"),
                depends: [field("Pre-Depends"), field("Depends")].join(","),
                provides: field("Provides"),
                essential: it.get("Essential") == Some("yes") || it.get("Important") == Some("yes"),
                ..package.clone()
            };
        });
    }
    Some(sample.measurement())
}

/// What apt would remove, told to do as asked on the same packages, and without an archive.
fn apt(arguments: &[&str]) -> BTreeSet<String> {
    let state = tempfile::tempdir().unwrap();
    fs::create_dir_all(state.path().join("lists/partial")).unwrap();
    fs::copy(EXTENDED, state.path().join("extended_states")).unwrap();
    let option = |name: &str, value: &str| format!("-o{name}={value}");
    let output = Command::new("apt-get")
        .args(["-s", "--auto-remove", "--allow-remove-essential"])
        .arg(option("Dir::State", &state.path().display().to_string()))
        .arg(option("Dir::State::status", STATUS))
        .arg(option("APT::AutoRemove::RecommendsImportant", "false"))
        .arg(option("APT::AutoRemove::SuggestsImportant", "false"))
        .args(arguments)
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let removed = text.lines().filter_map(|line| line.strip_prefix("Remv "));
    let name = |line: &str| line.split([' ', ':']).next().unwrap_or_default().to_owned();
    removed.map(name).collect()
}

#[test]
fn what_goes_is_what_apt_would_remove() {
    let Some(image) = machine() else { return };
    let packages = Packages::new(&image);
    let place = |name: &str| image.packages.iter().position(|it| it.name == name);
    // What nobody needs now would go whatever is asked.
    let before = apt(&["autoremove"]);
    let mut asked = 0;
    for name in ["curl", "jq", "podman", "perl", "libcurl4", "chromium", "python3", "gcc"] {
        let Some(wanted) = place(name) else { continue };
        let gone = packages.without(&[wanted], &packages.roots());
        let gone: BTreeSet<String> =
            gone.keys().map(|it| image.packages[*it].name.clone()).collect();
        let gone: BTreeSet<&String> = gone.difference(&before).collect();
        let expected = apt(&["remove", name]);
        let expected: BTreeSet<&String> = expected.difference(&before).collect();
        assert_eq!(gone, expected, "without {name}");
        asked += 1;
    }
    assert!(asked > 2, "{asked}");
}
