//! From layers to a manifest: laying them over one another, then the checks of the whole.

mod health;
mod service;
mod tool;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use super::error::{ManifestError, ManifestErrors};
use super::layer::{Layer, ToolLayer};
use super::overlay::{self, Place, Places};
use super::parse::one_line;
use super::{LoaderSettings, LockSettings, Manifest, Text, Tool, graph};
use crate::confinement::Limits;
use crate::name::ToolName;
use crate::nearest::nearest;

/// How many files may be laid over one another: more is a chain that never ends.
const MAX_LAYERS: usize = 16;

/// More faults than this are only counted.
const MAX_ERRORS: usize = 20;

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
        Resolver { texts, errors: Vec::new(), untold: 0 }.resolve(layers)
    }
}

struct Resolver {
    texts: Vec<Text>,
    errors: Vec<ManifestError>,
    /// How many there are beside those.
    untold: usize,
}

impl Resolver {
    fn error(&mut self, place: Place, message: String, help: Option<String>) {
        if self.errors.len() == MAX_ERRORS {
            self.untold += 1;
            return;
        }
        let error = self.texts[place.layer].error(place.offset, message);
        self.errors.push(ManifestError { help: help.map(one_line), ..error });
    }

    /// Everything that is wrong, once all has been looked at.
    fn faults(mut self) -> ManifestErrors {
        if self.untold > 0 {
            let more = format!("{} more faults are not shown", self.untold);
            self.errors.push(self.texts[0].error(0, more));
        }
        ManifestErrors(self.errors)
    }

    /// An error about a key of a table.
    fn error_at(
        &mut self,
        places: &Places,
        key: &'static str,
        message: String,
        help: Option<String>,
    ) {
        let place = places.get(key).copied().unwrap_or(Place { layer: 0, offset: 0 });
        self.error(place, message, help);
    }

    fn resolve(mut self, layers: Vec<Layer>) -> Result<Manifest, ManifestErrors> {
        let mut service = None;
        let mut service_places = Places::new();
        let mut health_places = Places::new();
        let mut health = None;
        let mut loader = None;
        let mut lock = None;
        let mut registries = None;
        let mut capabilities: BTreeMap<String, Vec<(ToolName, Place)>> = BTreeMap::new();
        let mut drafts: BTreeMap<ToolName, Draft> = BTreeMap::new();

        for (index, layer) in layers.into_iter().enumerate() {
            if let Some(service) = &layer.service {
                overlay::enter(&mut service_places, index, service.starts());
            }
            if let Some(health) = &layer.health {
                overlay::enter(&mut health_places, index, health.starts());
            }
            service = overlay::table(service, layer.service, overlay::service);
            health = overlay::table(health, layer.health, overlay::health);
            loader = overlay::table(loader, layer.loader, overlay::loader);
            lock = overlay::table(lock, layer.lock, overlay::lock);
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
        let service = service.and_then(|layer| self.service(layer, &service_places));
        let health = self.health(health.unwrap_or_default(), &health_places);
        let closure = closures(&drafts);
        let mut tools = BTreeMap::new();
        for (name, draft) in drafts {
            if let Some(tool) = self.tool(&name, draft, &closure[&name]) {
                tools.insert(name, tool);
            }
        }
        self.check_bins(&tools);

        if !self.errors.is_empty() {
            return Err(self.faults());
        }
        let loader = loader.unwrap_or_default();
        let lock = lock.unwrap_or_default();
        Ok(Manifest {
            service,
            health,
            loader: LoaderSettings {
                dir: loader.dir,
                enabled: loader.enabled,
                timeout: loader.timeout.map(|timeout| timeout.0),
                jobs: loader.jobs,
                confine: loader.confine,
                limits: Limits {
                    memory: loader.memory.map(|size| size.0),
                    processes: loader.processes.map(NonZeroU32::get),
                    silence: loader.silence.map(|silence| silence.0),
                },
                locked: loader.locked,
                deep_verify: loader.deep_verify,
                wait: loader.wait.map(|wait| wait.0),
            },
            lock: LockSettings { min_age: lock.min_age.map(|age| age.0) },
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
