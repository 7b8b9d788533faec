//! The tree, from all its parts. One path has one node, nothing lies below a link, and every
//! directory that something lies in is there.

use std::collections::BTreeMap;
use std::sync::Arc;

use lightship_model::digest::Digest;

use super::BuildError;
use super::accounts::{self, Accounts};
use super::cache::Cache;
use super::effects::{self, Effect};
use super::local::Local;
use super::npm::{Modules, Tarball};
use super::packages::{Item, ItemKind, Packages};
use super::slice::Selection;
use super::spec::{Architecture, File, From, Npm, NpmTree, Spec};
use super::tree::{Content, Kind, Node, Owner, Place, Stratum, Tree};

/// The directories that are links into `usr`.
const MERGED: [&str; 3] = ["bin", "lib", "sbin"];

/// What a tree is made of.
#[derive(Debug)]
pub struct Parts<'a> {
    pub spec: &'a Spec,
    pub packages: &'a Packages,
    pub selection: &'a Selection,
    pub effects: &'a [(&'a str, &'static Effect)],
    pub npm: &'a [(Npm, Tarball)],
    pub npm_trees: &'a [(NpmTree, Modules, BTreeMap<String, Tarball>)],
    pub locals: &'a [Local],
    pub cache: &'a Cache,
}

/// Puts all of it together.
///
/// # Errors
/// When two parts want the same path, or a file of the manifest can't be read.
pub fn tree(parts: &Parts<'_>) -> Result<Tree, BuildError> {
    let mut builder = Builder { tree: Tree::default(), parts };
    builder.merged_links()?;
    builder.packages()?;
    builder.effects()?;
    builder.npm()?;
    let accounts = builder.accounts()?;
    builder.directories(&accounts)?;
    builder.files(&accounts)?;
    builder.runtime()?;
    builder.check()?;
    builder.parents();
    builder.times();
    Ok(builder.tree)
}

/// Adds baked tools, below directories of their own.
pub fn add(tree: &mut Tree, nodes: impl Iterator<Item = (String, Node)>) {
    for (path, node) in nodes {
        for (at, _) in path.match_indices('/') {
            let above = || directory(0o755, Owner::Base, Stratum::Tools);
            tree.0.entry(path[..at].to_owned()).or_insert_with(above);
        }
        tree.0.insert(path, node);
    }
}

struct Builder<'a> {
    tree: Tree,
    parts: &'a Parts<'a>,
}

impl Builder<'_> {
    fn merged_links(&mut self) -> Result<(), BuildError> {
        let wide = self.parts.spec.architecture == Architecture::Amd64;
        for name in MERGED.into_iter().chain(wide.then_some("lib64")) {
            self.put(&format!("usr/{name}"), directory(0o755, Owner::Base, Stratum::System))?;
            self.put(name, link(format!("usr/{name}"), Owner::Base, Stratum::System))?;
        }
        Ok(())
    }

    fn packages(&mut self) -> Result<(), BuildError> {
        for (path, taken) in &self.parts.selection.paths {
            let owner = Owner::Package(taken.package.clone());
            let node = self.node(path, &taken.item, owner)?;
            // A directory that is a link on a merged root has no node of its own.
            self.put(path, node)?;
        }
        Ok(())
    }

    fn node(&self, path: &str, item: &Item, owner: Owner) -> Result<Node, BuildError> {
        let kind = match &item.kind {
            ItemKind::Directory => Kind::Directory,
            ItemKind::Symlink(target) => Kind::Symlink(merged_target(target)),
            ItemKind::File { .. } => Kind::File(self.content(path, &item.kind)?),
        };
        let Item { mode, uid, gid, mtime, .. } = *item;
        let mode = if matches!(kind, Kind::Symlink(_)) { 0o777 } else { mode };
        Ok(Node { kind, mode, uid, gid, mtime, owner, stratum: Stratum::System })
    }

    fn content(&self, path: &str, kind: &ItemKind) -> Result<Content, BuildError> {
        self.cached(kind).ok_or_else(|| gone(path))
    }

    fn cached(&self, kind: &ItemKind) -> Option<Content> {
        match kind {
            ItemKind::File { size, sha256, .. } => self.parts.cache.content(sha256, *size),
            ItemKind::Directory | ItemKind::Symlink(_) => None,
        }
    }

    fn effects(&mut self) -> Result<(), BuildError> {
        for (name, effect) in self.parts.effects {
            let Some(package) = self.parts.packages.get(*name) else { continue };
            let owner = || Owner::Package((*name).to_owned());
            let mtime = package.items.values().map(|item| item.mtime).max().unwrap_or(0);
            for made in &effect.directories {
                // A test has read every mode.
                let mode = u32::from_str_radix(&made.mode, 8).unwrap_or(0o755);
                let node = Node { gid: made.gid, ..directory(mode, owner(), Stratum::System) };
                self.put(&made.path, node)?;
            }
            for (path, target) in &effect.links {
                self.clear(path);
                self.put_new(path, link(target.clone(), owner(), Stratum::System), mtime);
            }
            for (path, target) in &effect.alternatives {
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                if self.tree.0.contains_key(&format!("{folder}/{target}")) {
                    self.put_new(path, link(target.clone(), owner(), Stratum::System), mtime);
                }
            }
            for (path, text) in &effect.texts {
                self.put_new(path, text_node(text.as_bytes(), owner()), mtime);
            }
            for copy in &effect.copies {
                let item = package.items.get(&copy.from).ok_or_else(|| gone(&copy.from))?;
                let node = self.node(&copy.from, item, owner())?;
                self.put_new(&copy.to, Node { mode: 0o644, ..node }, mtime);
            }
            if effect.certificates {
                let bundle = effects::bundle(package, |kind| self.cached(kind));
                let path = "etc/ssl/certs/ca-certificates.crt";
                let bundle = bundle.map_err(BuildError::io("make", path))?;
                self.put_new(path, text_node(&bundle, owner()), mtime);
            }
        }
        Ok(())
    }

    fn npm(&mut self) -> Result<(), BuildError> {
        for (npm, tarball) in self.parts.npm {
            for (from, to) in &npm.take {
                let found = tarball.0.get(from).ok_or_else(|| {
                    let (name, version) = (&npm.package, &npm.version);
                    let names: Vec<&str> = tarball.0.keys().take(8).map(String::as_str).collect();
                    let has = names.join(", ");
                    BuildError::Npm(format!("{name} {version} has no `{from}`; it has {has} …"))
                })?;
                let owner = Owner::Npm(npm.package.clone());
                let node = self.npm_node(to, found, found.executable, owner, Stratum::Payload)?;
                self.put(&to[1..], node)?;
            }
        }
        for (tree, modules, tarballs) in self.parts.npm_trees {
            self.npm_tree(tree, modules, tarballs)?;
        }
        Ok(())
    }

    fn npm_tree(
        &mut self,
        tree: &NpmTree,
        modules: &Modules,
        tarballs: &BTreeMap<String, Tarball>,
    ) -> Result<(), BuildError> {
        let root = &tree.to[1..];
        for module in &modules.modules {
            let package = &module.tarball.package;
            let owner = || Owner::Npm(package.clone());
            let Some(tarball) = tarballs.get(module.tarball.integrity.as_str()) else { continue };
            for (path, entry) in &tarball.0 {
                let bin = module.bins.values().any(|bin| bin.trim_start_matches("./") == path);
                let to = format!("{root}/{}/{path}", module.path);
                let executable = entry.executable || bin;
                let node = self.npm_node(&to, entry, executable, owner(), Stratum::Npm)?;
                self.put(&to, node)?;
            }
            // The programs of each package beside it, as npm has them.
            let Some((folder, own)) = module.path.rsplit_once("node_modules/") else { continue };
            for (name, file) in &module.bins {
                let file = file.trim_start_matches("./");
                let plain = !name.contains('/') && !file.contains("..") && !file.starts_with('/');
                if plain && tarball.0.contains_key(file) {
                    let target = format!("../{own}/{file}");
                    let path = format!("{root}/{folder}node_modules/.bin/{name}");
                    self.put_new(&path, link(target, owner(), Stratum::Npm), 0);
                }
            }
        }
        for name in &tree.bins {
            let program = format!("{root}/node_modules/.bin/{name}");
            if !self.tree.0.contains_key(&program) {
                let lock = tree.lock.display();
                return Err(BuildError::Npm(format!("no package of `{lock}` brings `{name}`")));
            }
            let node = link(format!("/{program}"), Owner::Files, Stratum::Npm);
            self.put(&format!("usr/local/bin/{name}"), node)?;
        }
        Ok(())
    }

    fn npm_node(
        &self,
        path: &str,
        entry: &super::npm::Entry,
        executable: bool,
        owner: Owner,
        stratum: Stratum,
    ) -> Result<Node, BuildError> {
        let content = self.parts.cache.content(&entry.sha256, entry.size);
        let kind = Kind::File(content.ok_or_else(|| gone(path))?);
        let mode = if executable { 0o755 } else { 0o644 };
        Ok(Node { kind, mode, uid: 0, gid: 0, mtime: entry.mtime, owner, stratum })
    }

    /// The lists of accounts with the manifest's users, and their homes.
    fn accounts(&mut self) -> Result<Accounts, BuildError> {
        let text = |path: &str, default: &str| match self.tree.0.get(path).map(|node| &node.kind) {
            Some(Kind::File(content)) => read(path, content),
            _ => Ok(default.to_owned()),
        };
        let (passwd, group) =
            (text("etc/passwd", accounts::PASSWD)?, text("etc/group", accounts::GROUP)?);
        let mut accounts = Accounts { passwd, group };
        let users = &self.parts.spec.users;
        if users.is_empty() {
            return Ok(accounts);
        }
        accounts.add(users);
        for (path, text) in [("etc/passwd", &accounts.passwd), ("etc/group", &accounts.group)] {
            let node = text_node(text.as_bytes(), Owner::Base);
            self.tree.0.insert(path.to_owned(), Node { stratum: Stratum::Config, ..node });
        }
        for user in users {
            let home = directory(0o755, Owner::Base, Stratum::Config);
            self.put(&user.home[1..], Node { uid: user.uid, gid: user.gid, ..home })?;
        }
        Ok(accounts)
    }

    fn directories(&mut self, accounts: &Accounts) -> Result<(), BuildError> {
        for made in &self.parts.spec.directories {
            let path = &made.path[1..];
            let (uid, gid) = ids(path, accounts, made.owner.as_deref())?;
            let node = directory(made.mode, Owner::Files, Stratum::Config);
            match self.tree.0.get_mut(path) {
                Some(there) if there.kind == Kind::Directory => {
                    (there.mode, there.uid, there.gid) = (made.mode, uid, gid);
                }
                _ => self.put(path, Node { uid, gid, ..node })?,
            }
        }
        Ok(())
    }

    fn files(&mut self, accounts: &Accounts) -> Result<(), BuildError> {
        for file in &self.parts.spec.files {
            let path = &file.to[1..];
            let (uid, gid) = ids(path, accounts, file.owner.as_deref())?;
            let node = Node { uid, gid, ..self.file_node(file)? };
            // What the manifest says stands, whoever else has a file there.
            if self.tree.0.get(path).is_some_and(|there| there.kind != Kind::Directory) {
                self.tree.0.remove(path);
            }
            self.put(path, node)?;
        }
        Ok(())
    }

    fn file_node(&self, file: &File) -> Result<Node, BuildError> {
        let plain = directory(0o644, Owner::Files, Stratum::Config);
        let (kind, usual) = match &file.from {
            From::Link(target) => return Ok(link(target.clone(), Owner::Files, Stratum::Config)),
            From::Text(text) => (Kind::File(in_memory(text.as_bytes())), 0o644),
            From::Path(_) => {
                let mut locals = self.parts.locals.iter();
                let local = locals.find(|local| local.named && local.to == file.to);
                let local = local.ok_or_else(|| gone(&file.to[1..]))?;
                let usual = if local.executable { 0o755 } else { 0o644 };
                (Kind::File(local.content.clone()), usual)
            }
        };
        Ok(Node { kind, mode: file.mode.unwrap_or(usual), ..plain })
    }

    /// lightship's own parts and the manifest.
    fn runtime(&mut self) -> Result<(), BuildError> {
        for local in self.parts.locals.iter().filter(|local| !local.named) {
            let mode = if local.executable { 0o755 } else { 0o644 };
            let kind = Kind::File(local.content.clone());
            let node = Node { kind, ..directory(mode, Owner::Base, Stratum::Config) };
            self.put(&local.to[1..], node)?;
        }
        Ok(())
    }

    /// Puts a node where nothing is, or where a directory meets one.
    fn put(&mut self, path: &str, node: Node) -> Result<(), BuildError> {
        match self.tree.0.get(path) {
            None => drop(self.tree.0.insert(path.to_owned(), node)),
            Some(there) if there.kind == Kind::Directory && node.kind == Kind::Directory => {}
            Some(there) if there.kind == node.kind => {}
            Some(there) => {
                let why =
                    format!("both {} and {} have it", shown(&there.owner), shown(&node.owner));
                return Err(BuildError::Path { path: path.to_owned(), why });
            }
        }
        Ok(())
    }

    /// Puts a node only where nothing is: what a script would have made if it was not there.
    fn put_new(&mut self, path: &str, node: Node, mtime: u64) {
        let mtime = if mtime == 0 { node.mtime } else { mtime };
        self.tree.0.entry(path.to_owned()).or_insert(Node { mtime, ..node });
    }

    /// Takes an empty directory away, for a link that is to be there.
    fn clear(&mut self, path: &str) {
        let is_directory = self.tree.0.get(path).is_some_and(|node| node.kind == Kind::Directory);
        let inside = format!("{path}/");
        let next = self.tree.0.range(inside.clone()..).next();
        if is_directory && next.is_none_or(|(next, _)| !next.starts_with(&inside)) {
            self.tree.0.remove(path);
        }
    }

    /// Nothing lies below what is no directory.
    fn check(&self) -> Result<(), BuildError> {
        for (path, node) in &self.tree.0 {
            for (at, _) in path.match_indices('/') {
                let Some(above) = self.tree.0.get(&path[..at]) else { continue };
                if above.kind != Kind::Directory {
                    let why = format!(
                        "{} has it, and `/{}` is no directory",
                        shown(&node.owner),
                        &path[..at]
                    );
                    return Err(BuildError::Path { path: path.clone(), why });
                }
            }
        }
        Ok(())
    }

    /// Makes the directories that something lies in, as its package has them.
    fn parents(&mut self) {
        let mut missing: BTreeMap<String, Node> = BTreeMap::new();
        for (path, node) in &self.tree.0 {
            for (at, _) in path.match_indices('/') {
                let above = &path[..at];
                if self.tree.0.contains_key(above) || missing.contains_key(above) {
                    continue;
                }
                let known = match &node.owner {
                    Owner::Package(name) => self.parts.packages.get(name),
                    _ => None,
                };
                let item = known.and_then(|package| package.items.get(above));
                let plain = directory(0o755, node.owner.clone(), node.stratum);
                let made = match item {
                    Some(Item { kind: ItemKind::Directory, mode, uid, gid, .. }) => {
                        Node { mode: *mode, uid: *uid, gid: *gid, ..plain }
                    }
                    _ => plain,
                };
                missing.insert(above.to_owned(), made);
            }
        }
        self.tree.0.extend(missing);
    }

    /// A directory is as old as the newest thing in it: the same whoever else is in the image.
    fn times(&mut self) {
        let mut newest: BTreeMap<String, u64> = BTreeMap::new();
        for (path, node) in &self.tree.0 {
            if node.kind != Kind::Directory {
                let above = path.rsplit_once('/').map_or("", |(above, _)| above);
                let time = newest.entry(above.to_owned()).or_default();
                *time = (*time).max(node.mtime);
            }
        }
        for (path, node) in &mut self.tree.0 {
            if node.kind == Kind::Directory {
                node.mtime = newest.get(path).copied().unwrap_or(0);
            }
        }
    }
}

fn directory(mode: u32, owner: Owner, stratum: Stratum) -> Node {
    Node { kind: Kind::Directory, mode, uid: 0, gid: 0, mtime: 0, owner, stratum }
}

fn link(target: String, owner: Owner, stratum: Stratum) -> Node {
    Node { kind: Kind::Symlink(target), ..directory(0o777, owner, stratum) }
}

fn text_node(bytes: &[u8], owner: Owner) -> Node {
    Node { kind: Kind::File(in_memory(bytes)), ..directory(0o644, owner, Stratum::System) }
}

fn in_memory(bytes: &[u8]) -> Content {
    let place = Place::Memory(Arc::from(bytes));
    Content { size: bytes.len() as u64, digest: Digest::of(bytes), place }
}

fn ids(path: &str, accounts: &Accounts, owner: Option<&str>) -> Result<(u32, u32), BuildError> {
    let owner = owner.unwrap_or("0:0");
    accounts.ids(owner).map_err(|why| BuildError::Path { path: path.to_owned(), why })
}

fn read(path: &str, content: &Content) -> Result<String, BuildError> {
    let bytes = match &content.place {
        Place::Memory(bytes) => bytes.to_vec(),
        Place::File(file) => std::fs::read(file).map_err(BuildError::io("read", file))?,
    };
    String::from_utf8(bytes)
        .map_err(|_| BuildError::Path { path: path.to_owned(), why: "it is no text".to_owned() })
}

/// An absolute target without the links into `usr`: a reader of layers need not know of them.
fn merged_target(target: &str) -> String {
    let Some(rest) = target.strip_prefix('/') else { return target.to_owned() };
    let first = rest.split('/').next().unwrap_or_default();
    let merged = lightship_debian::tree::MERGED.contains(&first) && rest.contains('/');
    if merged { format!("/usr/{rest}") } else { target.to_owned() }
}

fn gone(path: &str) -> BuildError {
    let why = "its bytes are not in the cache any more: build again".to_owned();
    BuildError::Path { path: path.to_owned(), why }
}

fn shown(owner: &Owner) -> String {
    match owner {
        Owner::Base => "lightship itself".to_owned(),
        Owner::Package(name) => format!("the package `{name}`"),
        Owner::Tool(name) => format!("the tool `{name}`"),
        Owner::Npm(name) => format!("the npm package `{name}`"),
        Owner::Files => "the manifest".to_owned(),
        Owner::Warm => "the service's caches".to_owned(),
    }
}
