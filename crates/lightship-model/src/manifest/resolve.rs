//! From layers to a manifest: laying them over one another, then the checks of the whole.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{ManifestError, ManifestErrors};
use super::layer::{Layer, ReadyLayer, ServiceLayer, ToolLayer};
use super::overlay::{self, Place};
use super::{LoaderSettings, Manifest, Ready, Service, Source, Text, Tool, defaults, graph};
use crate::name::ToolName;
use crate::nearest::nearest;
use crate::template::{self, Placeholder};

/// How many files may be laid over one another: more is a chain that never ends.
const MAX_LAYERS: usize = 16;

/// A tool on its way from layers to the manifest.
struct Draft {
    layer: ToolLayer,
    place: Place,
    requires: Vec<(ToolName, Place)>,
}

impl Manifest {
    /// Reads a manifest with everything that it extends.
    ///
    /// `fetch` gets the text that names another one and what it named, and gives that text or
    /// the reason why not.
    ///
    /// # Errors
    /// Everything that is wrong, each with its file, line and column.
    pub fn load(
        root: Text,
        mut fetch: impl FnMut(&Text, &str) -> Result<Text, String>,
    ) -> Result<Self, ManifestErrors> {
        let mut texts = vec![root];
        let mut layers: Vec<Layer> = Vec::new();
        while let Some(text) = texts.get(layers.len()) {
            let layer = text.parse()?;
            let next = match &layer.extends {
                None => None,
                Some(_) if texts.len() >= MAX_LAYERS => {
                    return Err(text.error(0, "`extends` never ends: 16 manifests deep").into());
                }
                Some(what) => Some(fetch(text, what).map_err(|reason| {
                    let offset = text.text.find("extends").unwrap_or(0);
                    text.error(offset, format!("can't read `{what}`: {reason}"))
                })?),
            };
            layers.push(layer);
            texts.extend(next);
        }
        Resolver { texts, errors: Vec::new() }.resolve(layers)
    }
}

struct Resolver {
    texts: Vec<Text>,
    errors: Vec<ManifestError>,
}

impl Resolver {
    fn error(&mut self, place: Place, message: String, help: Option<String>) {
        let error = self.texts[place.layer].error(place.offset, message);
        self.errors.push(ManifestError { help, ..error });
    }

    fn resolve(mut self, layers: Vec<Layer>) -> Result<Manifest, ManifestErrors> {
        let mut service = None;
        let mut ready_place = None;
        let mut health = None;
        let mut loader = None;
        let mut registries = None;
        let mut capabilities: BTreeMap<String, Vec<(ToolName, Place)>> = BTreeMap::new();
        let mut drafts: BTreeMap<ToolName, Draft> = BTreeMap::new();

        for (index, layer) in layers.into_iter().enumerate() {
            let ready = layer.service.as_ref().and_then(|service| service.ready.as_ref());
            ready_place = ready_place.or(ready.map(|ready| Place::of(index, ready)));
            service = overlay::table(service, layer.service, overlay::service);
            health = overlay::table(health, layer.health, overlay::health);
            loader = overlay::table(loader, layer.loader, overlay::loader);
            registries = registries.or(layer.registries);
            for (name, tools) in layer.capabilities {
                capabilities.entry(name).or_insert_with(|| {
                    tools
                        .into_iter()
                        .map(|tool| (tool.get_ref().clone(), Place::of(index, &tool)))
                        .collect()
                });
            }
            for (name, spanned) in layer.tools {
                let place = Place::of(index, &spanned);
                let base = spanned.into_inner();
                match drafts.remove(&name) {
                    None => {
                        let requires = places(index, &base);
                        drafts.insert(name, Draft { layer: base, place, requires });
                    }
                    Some(over) => {
                        let requires = match over.layer.requires {
                            Some(_) => over.requires,
                            None => places(index, &base),
                        };
                        let layer = overlay::tool(over.layer, base);
                        drafts.insert(name, Draft { layer, place: over.place, requires });
                    }
                }
            }
        }

        self.check_names(&drafts, &capabilities);
        self.check_cycle(&drafts);
        let service = service.and_then(|service| self.service(service, ready_place));
        let closure = closures(&drafts);
        let mut tools = BTreeMap::new();
        for (name, draft) in drafts {
            if let Some(tool) = self.tool(&name, draft, &closure[&name]) {
                tools.insert(name, tool);
            }
        }
        self.check_bins(&tools);

        if !self.errors.is_empty() {
            return Err(ManifestErrors(self.errors));
        }
        let loader = loader.unwrap_or_default();
        Ok(Manifest {
            service,
            listen: health.and_then(|health| health.listen),
            loader: LoaderSettings {
                dir: loader.dir,
                enabled: loader.enabled,
                timeout: loader.timeout.map(|timeout| timeout.0),
                jobs: loader.jobs,
            },
            capabilities: capabilities
                .into_iter()
                .map(|(name, tools)| (name, tools.into_iter().map(|(tool, _)| tool).collect()))
                .collect(),
            registries: registries.unwrap_or_default(),
            tools,
        })
    }

    fn check_names(
        &mut self,
        drafts: &BTreeMap<ToolName, Draft>,
        capabilities: &BTreeMap<String, Vec<(ToolName, Place)>>,
    ) {
        let required = drafts.iter().flat_map(|(name, draft)| {
            draft.requires.iter().map(move |require| (format!("tool `{name}` requires"), require))
        });
        let named = capabilities.iter().flat_map(|(name, tools)| {
            tools.iter().map(move |tool| (format!("capability `{name}` names"), tool))
        });
        for (who, (wanted, place)) in required.chain(named) {
            if drafts.contains_key(wanted) {
                continue;
            }
            let known = drafts.keys().map(ToolName::as_str);
            let help = match nearest(wanted.as_str(), known.clone()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the tools here are: {}", known.collect::<Vec<_>>().join(", ")),
            };
            let message = format!("{who} `{wanted}`, which is no tool of this manifest");
            self.error(*place, message, Some(help));
        }
    }

    fn check_cycle(&mut self, drafts: &BTreeMap<ToolName, Draft>) {
        let edges = drafts
            .iter()
            .map(|(name, draft)| {
                (name.clone(), draft.requires.iter().map(|(tool, _)| tool.clone()).collect())
            })
            .collect();
        let Some(path) = graph::cycle(&edges) else { return };
        let draft = &drafts[&path[0]];
        let place = draft.requires.iter().find(|(tool, _)| *tool == path[1]);
        let place = place.map_or(draft.place, |(_, place)| *place);
        let path: Vec<String> = path.iter().map(ToString::to_string).collect();
        self.error(
            place,
            format!("these tools require each other: {}", path.join(" → ")),
            Some("take one of them out of the other's `requires`".to_owned()),
        );
    }

    fn service(&mut self, layer: ServiceLayer, ready: Option<Place>) -> Option<Service> {
        let place = ready.unwrap_or(Place { layer: 0, offset: 0 });
        let ready = match layer.ready.map(toml::Spanned::into_inner) {
            None => None,
            Some(ReadyLayer { http: Some(url), tcp: None, exec: None }) => {
                if !url.starts_with("http://") {
                    let help = "probes speak plain HTTP to the service beside them".to_owned();
                    self.error(place, format!("`{url}` is not an http:// URL"), Some(help));
                }
                Some(Ready::Http(url))
            }
            Some(ReadyLayer { http: None, tcp: Some(address), exec: None }) => {
                Some(Ready::Tcp(address))
            }
            Some(ReadyLayer { http: None, tcp: None, exec: Some(command) }) => {
                Some(Ready::Exec(command))
            }
            Some(_) => {
                let message = "`ready` takes exactly one of `http`, `tcp`, `exec`".to_owned();
                self.error(place, message, None);
                None
            }
        };
        let command = layer.command.filter(|command| !command.is_empty())?;
        Some(Service {
            command,
            env: layer.env.unwrap_or_default(),
            dir: layer.dir,
            ready,
            ready_timeout: layer.ready_timeout.map_or(defaults::READY_TIMEOUT, |limit| limit.0),
            restart: layer.restart.unwrap_or_default(),
            stop_timeout: layer.stop_timeout.map_or(defaults::STOP_TIMEOUT, |limit| limit.0),
        })
    }

    fn tool(
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
            verify: layer.verify,
            bins: layer.bins,
            env,
            estimate: layer.estimate.map(|estimate| estimate.0),
        })
    }

    /// Two tools that publish one program: which of them would run is chance.
    fn check_bins(&mut self, tools: &BTreeMap<ToolName, Tool>) {
        let mut owners = BTreeMap::new();
        for tool in tools.values() {
            for bin in tool.bins.iter().flatten() {
                if let Some(other) = owners.insert(bin, &tool.name) {
                    let message =
                        format!("tools `{other}` and `{}` both publish `{bin}`", tool.name);
                    self.error(Place { layer: 0, offset: 0 }, message, None);
                }
            }
        }
    }
}

fn places(layer: usize, tool: &ToolLayer) -> Vec<(ToolName, Place)> {
    let requires = tool.requires.iter().flatten();
    requires.map(|name| (name.get_ref().clone(), Place::of(layer, name))).collect()
}

/// For each tool, everything that it requires, directly or not.
fn closures(drafts: &BTreeMap<ToolName, Draft>) -> BTreeMap<ToolName, BTreeSet<ToolName>> {
    let closure = |name: &ToolName| {
        let mut seen = BTreeSet::new();
        let mut queue = vec![name];
        while let Some(next) = queue.pop() {
            for (required, _) in drafts.get(next).map_or(&[][..], |draft| &draft.requires) {
                if seen.insert(required.clone()) {
                    queue.push(required);
                }
            }
        }
        seen
    };
    drafts.keys().map(|name| (name.clone(), closure(name))).collect()
}
