//! Keys: what an installed tool is the result of.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::lock::Locked;
use crate::manifest::{Source, Tool};
use crate::name::{BinName, ToolName};
use crate::receipt::LAYOUT;

/// Digest of everything that changes a tool's bytes or ABI.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key(Digest);

impl Key {
    /// The 12 digits that stand in directory names.
    pub fn short(&self) -> &str {
        &self.0.as_str()[..12]
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The machine, as far as it changes what an installer makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Platform {
    pub arch: String,
    /// Kind and version of the C library: `glibc-2.36`.
    pub libc: String,
    /// `cache_tag` of the machine's Python; counts for pip tools alone.
    pub python: Option<String>,
    /// The store's absolute path: builders bake it in.
    pub store: String,
}

#[derive(Serialize)]
struct Ingredients<'a> {
    layout: u32,
    name: &'a ToolName,
    version: &'a str,
    source: &'a Source,
    bins: Option<&'a [BinName]>,
    env: &'a BTreeMap<String, String>,
    /// Absent without a lock, so that keys of then stay what they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    locked: Option<Digest>,
    requires: BTreeMap<&'a ToolName, &'a Key>,
    arch: &'a str,
    libc: &'a str,
    python: Option<&'a str>,
    store: &'a str,
}

/// The key of `tool`, given the keys of what it requires.
///
/// When it is loaded, how it is verified and how often it is tried change nothing in it.
pub fn key(tool: &Tool, requires: &BTreeMap<ToolName, Key>, platform: &Platform) -> Key {
    let ingredients = Ingredients {
        layout: LAYOUT,
        name: &tool.name,
        version: &tool.version,
        source: &tool.source,
        bins: tool.bins.as_deref(),
        env: &tool.env,
        locked: tool.locked.as_ref().and_then(Locked::digest),
        requires: tool.requires.iter().filter_map(|name| requires.get_key_value(name)).collect(),
        arch: &platform.arch,
        libc: &platform.libc,
        python: match tool.source {
            Source::Pip(_) => platform.python.as_deref(),
            _ => None,
        },
        store: &platform.store,
    };
    // Structs and maps with string keys always serialise.
    Key(Digest::of(&serde_json::to_vec(&ingredients).unwrap_or_default()))
}

/// The keys of all `tools`, which form no cycle (a manifest has been checked for that).
pub fn keys(tools: &BTreeMap<ToolName, Tool>, platform: &Platform) -> BTreeMap<ToolName, Key> {
    let mut known = BTreeMap::new();
    for name in tools.keys() {
        add(name, tools, platform, &mut known);
    }
    known
}

fn add(
    name: &ToolName,
    tools: &BTreeMap<ToolName, Tool>,
    platform: &Platform,
    known: &mut BTreeMap<ToolName, Key>,
) {
    let Some(tool) = tools.get(name).filter(|_| !known.contains_key(name)) else { return };
    for required in &tool.requires {
        add(required, tools, platform, known);
    }
    let key = key(tool, known, platform);
    known.insert(name.clone(), key);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Manifest, Text};

    fn platform() -> Platform {
        Platform {
            arch: "x86_64".into(),
            libc: "glibc-2.36".into(),
            python: Some("cpython-311".into()),
            store: "/data/tools/v1/store".into(),
        }
    }

    fn keys_of(text: &str, platform: &Platform) -> BTreeMap<ToolName, Key> {
        let manifest = Manifest::load(Text::new("m", text), |_, _| Err(String::new())).unwrap();
        keys(&manifest.tools, platform)
    }

    const TEXT: &str = "[tools.base]\nscript = { run = [\"a\"] }\n\
                        [tools.top]\npip = { package = \"p\" }\nrequires = [\"base\"]\n";

    #[test]
    fn a_change_of_a_requirement_changes_the_keys_above_it() {
        let before = keys_of(TEXT, &platform());
        let after = keys_of(&TEXT.replace("\"a\"", "\"b\""), &platform());
        assert!(before.iter().all(|(name, key)| after[name] != *key));
    }

    #[test]
    fn when_and_how_it_is_loaded_does_not_change_a_key() {
        let more = format!("{TEXT}priority = 3\nretries = 9\nload = \"on-demand\"\nestimate = 3\n");
        assert_eq!(keys_of(TEXT, &platform()), keys_of(&more, &platform()));
    }

    #[test]
    fn another_python_changes_pip_tools_alone_and_another_store_changes_all() {
        let before = keys_of(TEXT, &platform());
        let python = Platform { python: Some("cpython-312".into()), ..platform() };
        let after = keys_of(TEXT, &python);
        let changed: Vec<&str> = before
            .keys()
            .filter(|name| before[*name] != after[*name])
            .map(ToolName::as_str)
            .collect();
        assert_eq!(changed, ["top"]);
        let store = keys_of(TEXT, &Platform { store: "/elsewhere".into(), ..platform() });
        assert!(before.iter().all(|(name, key)| store[name] != *key));
    }
}
