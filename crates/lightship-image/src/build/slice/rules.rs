//! The rules for slices: a data file a package, in `slices/` of this crate. What a rule says of
//! the archive's packages is shown by tests that run the programs of each slice.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// How a package can be taken in parts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub package: String,
    /// Slices that are meant where only the package is named.
    pub default: Vec<String>,
    /// Slices that come with any file of the package.
    #[serde(default)]
    pub always: Vec<String>,
    /// What it depends on and no slice needs: scripts, manuals, other languages.
    #[serde(default)]
    pub without: Vec<String>,
    pub slices: BTreeMap<String, Slice>,
}

/// A part of a package that works.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    /// What it can do, in a few words.
    pub about: String,
    /// Other slices, `package:slice`, or `slice` of the same package.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Paths in the image without a slash in front; `*` is anything but a slash, `**` anything,
    /// `{triplet}` the directory of the architecture's libraries.
    #[serde(default)]
    pub files: Vec<String>,
    /// Links to make: path and target.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
}

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        [$(include_str!(concat!("../../../slices/", $name, ".toml"))),*]
    };
}

const FILES: [&str; 29] = embedded![
    "base-files",
    "base-passwd",
    "bash",
    "ca-certificates",
    "coreutils",
    "curl",
    "dash",
    "debianutils",
    "diffutils",
    "findutils",
    "git",
    "grep",
    "gzip",
    "hostname",
    "jq",
    "less",
    "libc-bin",
    "libc6",
    "mawk",
    "ncurses-base",
    "netbase",
    "openssl",
    "procps",
    "ripgrep",
    "rsync",
    "sed",
    "tar",
    "tzdata",
    "xz-utils",
];

static RULES: LazyLock<BTreeMap<String, Rule>> = LazyLock::new(|| {
    let rules = FILES.iter().filter_map(|text| toml::from_str::<Rule>(text).ok());
    rules.map(|rule| (rule.package.clone(), rule)).collect()
});

/// The rule for a package.
pub fn of(package: &str) -> Option<&'static Rule> {
    RULES.get(package)
}

/// All rules, by package.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    RULES.values()
}

/// `package:slice`; without a colon a slice of `own`.
pub fn parse<'a>(own: &'a str, need: &'a str) -> (&'a str, &'a str) {
    need.split_once(':').unwrap_or((own, need))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_can_be_read_and_names_only_what_is_there() {
        for text in FILES {
            let rule: Rule = toml::from_str(text).unwrap_or_else(|error| panic!("{text}{error}"));
            let own = &rule.package;
            for name in rule.default.iter().chain(&rule.always) {
                assert!(rule.slices.contains_key(name), "{own}: {name}");
            }
            for (name, slice) in &rule.slices {
                for need in &slice.needs {
                    let (package, wanted) = parse(own, need);
                    let there = of(package).is_some_and(|rule| rule.slices.contains_key(wanted));
                    assert!(there, "{own}:{name} needs {need}");
                }
                for path in slice.files.iter().chain(slice.links.keys()) {
                    let plain = !path.starts_with('/') && !path.contains("..");
                    assert!(plain, "{own}:{name}: {path}");
                }
            }
        }
        assert_eq!(RULES.len(), FILES.len());
    }
}
