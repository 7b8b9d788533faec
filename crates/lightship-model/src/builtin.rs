//! The manifests that are built in.

use crate::manifest::Text;

const QUICKSTART: &str = include_str!("builtin/quickstart.toml");
const LOA: &str = include_str!("builtin/loa.toml");

/// The one that `lightship up` uses when it is given none.
pub const DEFAULT: &str = "quickstart";

/// Names of the built-in manifests, each with what it is.
pub const PROFILES: [(&str, &str); 2] = [
    ("quickstart", "small real tools of every source, done in about two minutes"),
    ("loa", "the specification's four tools: rust, ck-search, beads_rust, sentence-transformers"),
];

/// The text of the built-in manifest called `name`.
pub fn text(name: &str) -> Option<Text> {
    let text = match name {
        "quickstart" => QUICKSTART,
        "loa" => LOA,
        _ => return None,
    };
    Some(Text::new(format!("builtin:{name}"), text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::manifest::Manifest;

    fn load(name: &str) -> Manifest {
        Manifest::load(text(name).unwrap(), |_, _| Err("nothing".into()))
            .unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn quickstart_has_every_source_and_a_dependency() {
        let manifest = load("quickstart");
        let kinds: BTreeSet<&str> =
            manifest.tools.values().map(|tool| tool.source.kind()).collect();
        assert_eq!(kinds, BTreeSet::from(["binary", "cargo", "npm", "pip", "script"]));
        assert!(manifest.tools.values().any(|tool| !tool.requires.is_empty()));
        assert!(manifest.service.is_some());
    }

    #[test]
    fn loa_has_the_specifications_tools_and_capabilities() {
        let manifest = load("loa");
        for tool in ["rust", "ck-search", "beads_rust", "sentence-transformers"] {
            assert!(manifest.tools.contains_key(&tool.parse().unwrap()), "{tool}");
        }
        let capabilities: Vec<&str> = manifest.capabilities.keys().map(String::as_str).collect();
        assert_eq!(capabilities, ["memoryStack", "semanticSearch", "taskGraph"]);
    }

    #[test]
    fn every_profile_is_there() {
        for (name, _) in PROFILES {
            assert!(text(name).is_some(), "{name}");
        }
        assert!(text("nope").is_none());
    }
}
