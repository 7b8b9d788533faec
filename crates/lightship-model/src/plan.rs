//! The plan: for each tool of the manifest, what has to be done and why, before anything is.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::event::{PlannedTool, ToolChange};
use crate::key::Key;
use crate::manifest::{Load, Manifest, Tool};
use crate::name::ToolName;
use crate::state::{InstalledAt, ToolStatus};
use crate::waits::Waits;

/// What was found of a tool in the tool directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A receipt with the wanted key holds.
    Installed { version: Option<String>, at: InstalledAt },
    /// It does not; `why` when there is more to say than "it was never installed".
    Missing { why: Option<String> },
}

/// What has to be done with a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Keep,
    Install,
    /// Loaded only when somebody asks.
    Wait,
    /// Loading is switched off.
    Off,
}

/// One tool's line of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    pub tool: ToolName,
    pub key: Key,
    pub decision: Decision,
    pub found: Found,
}

/// What a run is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything that the manifest loads by itself.
    Deferred,
    /// The same, and these, which somebody waits for.
    Also(BTreeSet<ToolName>),
    /// Nothing: loading is switched off.
    Off,
    /// These, with what they require.
    Only(BTreeSet<ToolName>),
}

/// Decides for every tool of `manifest`.
pub fn plan(
    manifest: &Manifest,
    keys: &BTreeMap<ToolName, Key>,
    mut found: BTreeMap<ToolName, Found>,
    scope: &Scope,
) -> Vec<Planned> {
    let wanted = wanted(manifest, scope);
    let decide = |tool: &Tool, found: &Found| match (found, scope) {
        (Found::Installed { .. }, _) => Decision::Keep,
        (Found::Missing { .. }, Scope::Off) => Decision::Off,
        (Found::Missing { .. }, _) if wanted.contains(&tool.name) => Decision::Install,
        (Found::Missing { .. }, _) => Decision::Wait,
    };
    manifest
        .tools_in_order()
        .into_iter()
        .filter_map(|tool| {
            let found = found.remove(&tool.name).unwrap_or(Found::Missing { why: None });
            let key = keys.get(&tool.name)?.clone();
            let decision = decide(tool, &found);
            Some(Planned { tool: tool.name.clone(), key, decision, found })
        })
        .collect()
}

/// How the manifest's tools are told of before anybody has looked at the tool directory.
pub fn expected(manifest: &Manifest, enabled: bool) -> Vec<PlannedTool> {
    let scope = if enabled { Scope::Deferred } else { Scope::Off };
    let wanted = wanted(manifest, &scope);
    let decide = |tool: &Tool| match scope {
        Scope::Off => Decision::Off,
        _ if wanted.contains(&tool.name) => Decision::Install,
        _ => Decision::Wait,
    };
    let missing = Found::Missing { why: None };
    manifest
        .tools_in_order()
        .into_iter()
        .map(|tool| announce(tool, decide(tool), &missing, tool.estimate.map(millis)))
        .collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The tools to have, each with what it requires.
fn wanted(manifest: &Manifest, scope: &Scope) -> BTreeSet<ToolName> {
    let by_itself = |tool: &&Tool| tool.load != Load::OnDemand;
    let deferred = manifest.tools.values().filter(by_itself).map(|tool| &tool.name);
    match scope {
        Scope::Off => BTreeSet::new(),
        Scope::Only(names) => manifest.with_requirements(names),
        Scope::Deferred => manifest.with_requirements(deferred),
        Scope::Also(names) => manifest.with_requirements(deferred.chain(names)),
    }
}

impl Planned {
    /// How the plan's line is told to the outside.
    pub fn event(&self, tool: &Tool, estimate_ms: Option<u64>) -> PlannedTool {
        announce(tool, self.decision, &self.found, estimate_ms)
    }
}

fn announce(
    tool: &Tool,
    decision: Decision,
    found: &Found,
    estimate_ms: Option<u64>,
) -> PlannedTool {
    let name = tool.name.clone();
    let change = match (decision, found) {
        (_, Found::Installed { version, at }) => ToolChange {
            version: version.clone(),
            installed_at: Some(*at),
            ..ToolChange::new(name, ToolStatus::Installed)
        },
        (Decision::Off, Found::Missing { .. }) => {
            ToolChange::new(name, ToolStatus::Skipped).because("loading is switched off")
        }
        (Decision::Wait, Found::Missing { .. }) if tool.load == Load::OnDemand => {
            ToolChange::new(name, ToolStatus::Pending).waiting(Waits::Demand)
        }
        (Decision::Install | Decision::Wait | Decision::Keep, Found::Missing { why }) => {
            let change = ToolChange::new(name, ToolStatus::Pending);
            ToolChange { reason: why.clone(), ..change }
        }
    };
    PlannedTool {
        change,
        source: tool.source.kind().to_owned(),
        priority: tool.priority,
        requires: tool.requires.clone(),
        on_demand: decision == Decision::Wait,
        estimate_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{Platform, keys};
    use crate::manifest::Text;

    const TEXT: &str = "[tools.a]\nscript = { run = [\"a\"] }\nload = \"on-demand\"\n\
                        [tools.b]\nscript = { run = [\"b\"] }\nrequires = [\"a\"]\n\
                        [tools.c]\nscript = { run = [\"c\"] }\nload = \"on-demand\"\n";

    fn decisions(scope: &Scope, installed: &[&str]) -> Vec<(String, Decision)> {
        let manifest = Manifest::load(Text::new("m", TEXT), |_, _| Err(String::new())).unwrap();
        let platform = Platform {
            arch: String::new(),
            libc: String::new(),
            python: None,
            store: String::new(),
        };
        let keys = keys(&manifest.tools, &platform);
        let at = InstalledAt::PreExisting;
        let found = installed
            .iter()
            .map(|name| (name.parse().unwrap(), Found::Installed { version: None, at }))
            .collect();
        plan(&manifest, &keys, found, scope)
            .into_iter()
            .map(|planned| (planned.tool.to_string(), planned.decision))
            .collect()
    }

    fn expect(list: [Decision; 3]) -> Vec<(String, Decision)> {
        ["a", "b", "c"].iter().map(ToString::to_string).zip(list).collect()
    }

    #[test]
    fn a_deferred_tool_brings_the_on_demand_tool_that_it_requires() {
        use Decision::{Install, Wait};
        assert_eq!(decisions(&Scope::Deferred, &[]), expect([Install, Install, Wait]));
    }

    #[test]
    fn who_waits_for_a_tool_gets_it_beside_what_is_loaded_anyway() {
        use Decision::{Install, Keep};
        let also = Scope::Also(["c".parse().unwrap(), "gone".parse().unwrap()].into());
        assert_eq!(decisions(&also, &["b"]), expect([Install, Keep, Install]));
    }

    #[test]
    fn what_is_expected_is_what_an_empty_tool_directory_gives() {
        let manifest = Manifest::load(Text::new("m", TEXT), |_, _| Err(String::new())).unwrap();
        let words = |enabled| {
            let tools = expected(&manifest, enabled).into_iter();
            tools.map(|tool| (tool.change.status, tool.on_demand)).collect::<Vec<_>>()
        };
        let pending = ToolStatus::Pending;
        assert_eq!(words(true), [(pending, false), (pending, false), (pending, true)]);
        assert_eq!(words(false), [(ToolStatus::Skipped, false); 3]);
    }

    #[test]
    fn what_is_installed_is_kept_and_switched_off_installs_nothing() {
        use Decision::{Keep, Off};
        assert_eq!(decisions(&Scope::Off, &["b"]), expect([Off, Keep, Off]));
    }

    #[test]
    fn a_named_tool_comes_with_its_requirements_alone() {
        use Decision::{Install, Wait};
        let only = Scope::Only(["c".parse().unwrap()].into());
        assert_eq!(decisions(&only, &[]), expect([Wait, Wait, Install]));
    }
}
