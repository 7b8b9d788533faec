//! A tool: its source, its words and placeholders.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use super::{Draft, Place, Resolver};
use crate::confinement::Limits;
use crate::manifest::{DebSource, Source, Tool, defaults};
use crate::name::ToolName;
use crate::template::{self, Placeholder};

impl Resolver {
    pub(super) fn tool(
        &mut self,
        name: &ToolName,
        draft: Draft,
        closure: &BTreeSet<ToolName>,
    ) -> Option<Tool> {
        let layer = draft.layer;
        let mut sources: Vec<Source> = Vec::new();
        sources.extend(layer.cargo.map(Source::Cargo));
        sources.extend(layer.pip.map(Source::Pip));
        sources.extend(layer.npm.map(Source::Npm));
        sources.extend(layer.binary.map(Source::Binary));
        sources.extend(layer.deb.map(Source::Deb));
        sources.extend(layer.script.map(Source::Script));
        if sources.len() != 1 {
            let found: Vec<&str> = sources.iter().map(Source::kind).collect();
            let found = if found.is_empty() { "none".to_owned() } else { found.join(" and ") };
            self.error(
                draft.place,
                format!("tool `{name}` needs exactly one source, and has {found}"),
                Some("write one of cargo, pip, npm, binary, deb, script".to_owned()),
            );
            return None;
        }
        let source = sources.remove(0);
        let version = layer
            .version
            .or_else(|| source.version().map(str::to_owned))
            .unwrap_or("latest".into());
        let bad_version = |c: char| !(c.is_ascii_alphanumeric() || "._+-!~".contains(c));
        if version.is_empty() || version.starts_with('.') || version.contains(bad_version) {
            let message = format!("tool `{name}`: `{version}` is not a version");
            self.error(draft.place, message, None);
        }
        let empty_command = |command: &[String]| command.first().is_none_or(String::is_empty);
        if layer.verify.as_deref().is_some_and(empty_command) {
            self.error(draft.place, format!("tool `{name}`: `verify` is an empty command"), None);
        }
        let env = layer.env.unwrap_or_default();
        let script: &[String] = match &source {
            Source::Script(script) => &script.run,
            _ => &[],
        };
        if matches!(source, Source::Script(_)) && empty_command(script) {
            self.error(draft.place, format!("tool `{name}`: `run` is an empty command"), None);
        }
        let exports = match &source {
            Source::Deb(deb) => {
                self.check_deb(name, draft.place, deb);
                deb.exports.clone()
            }
            _ => BTreeMap::new(),
        };
        let words = script.iter().chain(env.values()).chain(exports.values());
        for text in words.chain(layer.verify.iter().flatten()) {
            let known = |placeholder: Placeholder<'_>| match placeholder {
                Placeholder::Prefix | Placeholder::Stage | Placeholder::Version => {
                    Some(String::new())
                }
                Placeholder::ToolPrefix(tool) => {
                    let known = closure.iter().any(|required| required.as_str() == tool);
                    known.then(String::new)
                }
            };
            if let Err(error) = template::expand(text, known) {
                self.error(draft.place, format!("tool `{name}`: {error}"), None);
            }
        }
        Some(Tool {
            name: name.clone(),
            version,
            source,
            requires: draft.requires.into_iter().map(|(tool, _)| tool).collect(),
            priority: layer.priority.unwrap_or(defaults::PRIORITY),
            load: layer.load.unwrap_or_default(),
            timeout: layer.timeout.map(|timeout| timeout.0),
            retries: layer.retries.unwrap_or(defaults::RETRIES),
            limits: Limits {
                memory: layer.memory.map(|size| size.0),
                processes: layer.processes.map(NonZeroU32::get),
                silence: layer.silence.map(|silence| silence.0),
            },
            verify: layer.verify,
            bins: layer.bins,
            env,
            estimate: layer.estimate.map(|estimate| estimate.0),
            locked: None,
        })
    }

    fn check_deb(&mut self, name: &ToolName, place: Place, deb: &DebSource) {
        let bad = |text: &String| {
            let name = text.split_once('=').map_or(text.as_str(), |(name, _)| name);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
            name.len() < 2 || !name.chars().all(plain)
        };
        if let Some(text) = deb.packages.iter().chain(&deb.without).find(|text| bad(text)) {
            let message = format!("tool `{name}`: `{text}` is not the name of a Debian package");
            self.error(place, message, None);
        }
        if deb.packages.is_empty() {
            self.error(place, format!("tool `{name}`: `packages` is empty"), None);
        }
        let leads_out =
            |text: &str| text.is_empty() || text.starts_with('/') || text.contains("..");
        if let Some(text) = deb.suite.iter().chain(&deb.components).find(|text| leads_out(text)) {
            let message = format!("tool `{name}`: `{text}` is no suite and no component");
            self.error(place, message, None);
        }
        if deb.mirror.is_some() && deb.suite.is_none() {
            let message = format!("tool `{name}`: a `mirror` of its own needs its `suite`");
            self.error(place, message, None);
        }
    }
}
