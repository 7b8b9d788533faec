//! A tool: its source, its words and placeholders.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use super::{Draft, Resolver};
use crate::confinement::Limits;
use crate::manifest::{Source, Tool, defaults};
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
        sources.extend(layer.script.map(Source::Script));
        if sources.len() != 1 {
            let found: Vec<&str> = sources.iter().map(Source::kind).collect();
            let found = if found.is_empty() { "none".to_owned() } else { found.join(" and ") };
            self.error(
                draft.place,
                format!("tool `{name}` needs exactly one source, and has {found}"),
                Some("write one of cargo, pip, npm, binary, script".to_owned()),
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
            Source::Cargo(_) | Source::Pip(_) | Source::Npm(_) | Source::Binary(_) => &[],
        };
        if matches!(source, Source::Script(_)) && empty_command(script) {
            self.error(draft.place, format!("tool `{name}`: `run` is an empty command"), None);
        }
        for text in script.iter().chain(env.values()).chain(layer.verify.iter().flatten()) {
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
}
