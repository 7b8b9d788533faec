//! Laying `[image]` of several files over one another, lowest first, with what only a look at
//! each value can tell.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lightship_model::manifest::{
    DebSource, ManifestError, ManifestErrors, Registries, Service, Text,
};
use lightship_model::nearest::nearest;
use toml::Spanned;

use super::layer::{Document, Layer, Port};
use super::{
    Architecture, Directory, File, From, LocalTree, Npm, NpmTree, Spec, Start, Take, User, layer,
    warm,
};
use crate::build::slice::rules;

pub(super) fn merge(
    texts: &[Text],
    registries: Registries,
    service: Option<&Service>,
) -> Result<Spec, ManifestErrors> {
    let spec = empty(registries);
    let mut merge = Merge { errors: Vec::new(), architecture: None, warm: None, spec };
    let mut found = false;
    for text in texts {
        let document: Document = text.read()?;
        if let Some(layer) = document.image {
            found = true;
            merge.layer(text, layer.into_inner());
        }
    }
    let top = texts.last().map_or_else(|| Text::new("", ""), Clone::clone);
    if !found {
        let error = ManifestError {
            help: Some("begin with:\n\n    [image]\n    packages = [\"bash\"]".to_owned()),
            ..top.error(0, "the manifest has no `[image]`, so there is nothing to build")
        };
        return Err(error.into());
    }
    if merge.architecture.is_none() && Architecture::of_machine().is_none() {
        let what = "name the `architecture` of the image: \"amd64\" or \"arm64\"";
        merge.errors.push(top.error(0, what));
    }
    if let Some((text, at, wish)) = merge.warm.take() {
        match warm::resolve(wish, service) {
            Ok(warm) => merge.spec.warm = Some(warm),
            Err(what) => merge.errors.push(text.error(at, format!("[image.warm]: {what}"))),
        }
    }
    if merge.errors.is_empty() { Ok(merge.spec) } else { Err(ManifestErrors(merge.errors)) }
}

fn empty(registries: Registries) -> Spec {
    Spec {
        packages: BTreeMap::new(),
        deb: DebSource {
            packages: Vec::new(),
            suite: None,
            mirror: None,
            components: vec!["main".to_owned()],
            without: Vec::new(),
            keys: Vec::new(),
            exports: BTreeMap::new(),
        },
        registries,
        architecture: Architecture::of_machine().unwrap_or(Architecture::Amd64),
        npm: Vec::new(),
        npm_trees: Vec::new(),
        trees: Vec::new(),
        files: Vec::new(),
        directories: Vec::new(),
        users: Vec::new(),
        baked: Vec::new(),
        runtime: false,
        ignored_scripts: BTreeSet::new(),
        start: Start::default(),
        warm: None,
    }
}

struct Merge {
    errors: Vec<ManifestError>,
    architecture: Option<Architecture>,
    /// With the place that wished for it last.
    warm: Option<(Text, usize, layer::Warm)>,
    spec: Spec,
}

impl Merge {
    fn layer(&mut self, text: &Text, layer: Layer) {
        for package in &layer.packages {
            self.package(text, package);
        }
        let deb = &mut self.spec.deb;
        deb.suite = layer.suite.or(deb.suite.take());
        deb.mirror = layer.mirror.or(deb.mirror.take());
        deb.components = layer.components.unwrap_or(std::mem::take(&mut deb.components));
        let keys = layer.keys.into_iter().map(|key| beside(text, key));
        deb.keys.extend(keys);
        self.spec.ignored_scripts.extend(layer.scripts.ignore);
        if let Some(name) = layer.architecture {
            let known = [Architecture::Amd64, Architecture::Arm64];
            match known.into_iter().find(|known| known.as_str() == name.get_ref()) {
                Some(known) => (self.architecture, self.spec.architecture) = (Some(known), known),
                None => self.wrong(text, &name, "it is \"amd64\" or \"arm64\""),
            }
        }
        layer.npm.into_iter().for_each(|npm| self.npm(text, npm));
        layer.npm_trees.into_iter().for_each(|tree| self.npm_tree(text, tree));
        layer.trees.into_iter().for_each(|tree| self.tree(text, tree));
        layer.files.iter().for_each(|file| self.file(text, file));
        layer.directories.into_iter().for_each(|directory| self.directory(text, directory));
        layer.users.iter().for_each(|user| self.user(text, user));
        if let Some(warm) = layer.warm {
            self.warm(text, warm);
        }
        self.spec.runtime = layer.runtime.unwrap_or(self.spec.runtime);
        if let Some(dir) = &layer.workdir {
            self.path(text, dir, dir.get_ref());
        }
        let ports: Vec<String> =
            layer.ports.iter().filter_map(|port| self.port(text, port)).collect();
        let start = &mut self.spec.start;
        // An entrypoint of one's own does not go with somebody else's command.
        if layer.entrypoint.is_some() {
            start.command = None;
        }
        start.entrypoint = layer.entrypoint.or(start.entrypoint.take());
        start.command = layer.command.or(start.command.take());
        start.env.extend(layer.env);
        start.user = layer.user.or(start.user.take());
        start.workdir = layer.workdir.map(Spanned::into_inner).or(start.workdir.take());
        start.labels.extend(layer.labels);
        start.volumes.extend(layer.volumes);
        start.ports.extend(ports);
        start.stop_signal = layer.stop_signal.or(start.stop_signal.take());
    }

    fn package(&mut self, text: &Text, package: &Spanned<layer::Package>) {
        let table = &package.get_ref().0;
        let is_name =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.=~:".contains(c);
        let name = table.name.split('=').next().unwrap_or_default();
        if name.len() < 2 || !table.name.chars().all(is_name) {
            return self.wrong(text, package, &format!("`{}` is no package's name", table.name));
        }
        let take = match (&table.slices, table.whole) {
            (Some(_), true) => {
                return self.wrong(text, package, "it is `whole` or some `slices`, not both");
            }
            (Some(slices), false) => {
                if let Some(complaint) = unknown_slice(name, slices) {
                    return self.wrong(text, package, &complaint);
                }
                Take::Slices(slices.clone())
            }
            (None, true) => Take::Whole,
            (None, false) => Take::Usual,
        };
        self.spec.packages.insert(table.name.clone(), take);
    }

    fn npm(&mut self, text: &Text, npm: Spanned<layer::Npm>) {
        for to in npm.get_ref().take.values() {
            self.path(text, &npm, to);
        }
        let layer::Npm { package, version, integrity, take } = npm.into_inner();
        self.spec.npm.retain(|other| other.package != package);
        self.spec.npm.push(Npm { package, version, integrity, take });
    }

    fn npm_tree(&mut self, text: &Text, tree: Spanned<layer::NpmTree>) {
        self.path(text, &tree, &tree.get_ref().to);
        let layer::NpmTree { lock, to, bins, without } = tree.into_inner();
        let lock = Path::new(&text.name).with_file_name(lock);
        self.spec.npm_trees.retain(|other| other.to != to);
        let without = without.into_iter().collect();
        self.spec.npm_trees.push(NpmTree { lock, to, bins, without });
    }

    fn tree(&mut self, text: &Text, tree: Spanned<layer::LocalTree>) {
        self.path(text, &tree, &tree.get_ref().to);
        let layer::LocalTree { from, sha256, to, owner } = tree.into_inner();
        let from = Path::new(&text.name).with_file_name(from);
        self.spec.trees.retain(|other| other.to != to);
        self.spec.trees.push(LocalTree { from, sha256, to, owner });
    }

    fn file(&mut self, text: &Text, file: &Spanned<layer::File>) {
        self.path(text, file, &file.get_ref().to);
        let layer::File { from, text: own, link, to, mode, owner } = file.get_ref();
        let from = match (from, own, link) {
            (Some(from), None, None) => From::Path(Path::new(&text.name).with_file_name(from)),
            (None, Some(own), None) => From::Text(own.clone()),
            (None, None, Some(link)) => From::Link(link.clone()),
            _ => return self.wrong(text, file, "it needs exactly one of `from`, `text`, `link`"),
        };
        self.spec.files.retain(|other| other.to != *to);
        let (to, owner) = (to.clone(), owner.clone());
        self.spec.files.push(File { from, to, mode: mode.map(|mode| mode.0), owner });
    }

    fn directory(&mut self, text: &Text, directory: Spanned<layer::Directory>) {
        self.path(text, &directory, &directory.get_ref().path);
        let layer::Directory { path, mode, owner } = directory.into_inner();
        self.spec.directories.retain(|other| other.path != path);
        let mode = mode.map_or(0o755, |mode| mode.0);
        self.spec.directories.push(Directory { path, mode, owner });
    }

    fn user(&mut self, text: &Text, user: &Spanned<layer::User>) {
        let layer::User { name, uid, gid, home, shell } = user.get_ref();
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || !name.chars().all(is_name) {
            return self.wrong(text, user, &format!("`{name}` is no user's name"));
        }
        let home = home.clone().unwrap_or_else(|| format!("/home/{name}"));
        let shell = shell.clone().unwrap_or_else(|| "/bin/sh".to_owned());
        for path in [&home, &shell] {
            if path.contains([':', '\n']) {
                return self.wrong(text, user, &format!("`{path}` can't stand in /etc/passwd"));
            }
            self.path(text, user, path);
        }
        let (name, uid, gid) = (name.clone(), *uid, gid.unwrap_or(*uid));
        self.spec.users.retain(|other| other.name != name);
        self.spec.users.push(User { name, uid, gid, home, shell });
    }

    fn warm(&mut self, text: &Text, warm: Spanned<layer::Warm>) {
        for path in &warm.get_ref().keep {
            self.path(text, path, path.get_ref());
        }
        let at = warm.span().start;
        let mut over = warm.into_inner();
        if let Some((.., below)) = self.warm.take() {
            over.keep.extend(below.keep);
            over.command = over.command.or(below.command);
            over.ready = over.ready.or(below.ready);
            over.settle = over.settle.or(below.settle);
            over.timeout = over.timeout.or(below.timeout);
        }
        self.warm = Some((text.clone(), at, over));
    }

    fn port(&mut self, text: &Text, port: &Spanned<Port>) -> Option<String> {
        match port.get_ref() {
            Port::Number(number) => Some(format!("{number}/tcp")),
            Port::Text(word) => {
                let (number, protocol) = word.split_once('/').unwrap_or((word, "tcp"));
                if number.parse::<u16>().is_ok() && ["tcp", "udp", "sctp"].contains(&protocol) {
                    return Some(format!("{number}/{protocol}"));
                }
                self.wrong(text, port, &format!("`{word}` is no port such as \"53/udp\""));
                None
            }
        }
    }

    /// A path in the image is absolute and has no dots.
    fn path<T>(&mut self, text: &Text, at: &Spanned<T>, path: &str) {
        let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
        let is_plain = path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(plain));
        if !is_plain || path.contains('\0') {
            let what = format!("`{path}` is no path in an image: it begins with `/`, without `..`");
            self.wrong(text, at, &what);
        }
    }

    fn wrong<T>(&mut self, text: &Text, at: &Spanned<T>, message: &str) {
        self.errors.push(text.error(at.span().start, message));
    }
}

/// A key's file lies beside the manifest; an armoured text is one itself.
fn beside(text: &Text, key: String) -> String {
    if key.contains("BEGIN PGP PUBLIC KEY BLOCK") {
        return key;
    }
    Path::new(&text.name).with_file_name(key).display().to_string()
}

fn unknown_slice(package: &str, slices: &[String]) -> Option<String> {
    let Some(rule) = rules::of(package) else {
        // None at all is what programs of others need of it.
        if slices.is_empty() {
            return None;
        }
        return Some(format!("there are no slices of `{package}`: take it `whole`"));
    };
    let unknown = slices.iter().find(|slice| !rule.slices.contains_key(*slice))?;
    let known = || rule.slices.keys().map(String::as_str);
    let help = nearest(unknown, known()).map_or_else(
        || format!("it has {}", known().collect::<Vec<_>>().join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    Some(format!("`{package}` has no slice `{unknown}`: {help}"))
}
