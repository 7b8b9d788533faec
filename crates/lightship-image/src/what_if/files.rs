//! The level of files: which libraries and interpreters each program needs, found as the
//! dynamic loader and the kernel would.

use std::collections::{BTreeSet, HashMap};

use super::subject::Subject;
use super::weight::Going;
use super::{Gone, Level, Why, breaks, packages};
use crate::elf::{Class, Elf};
use crate::graph::Graph;
use crate::live::Live;
use crate::measure::{
    Entry, EntryId, Measurement, OwnerKind, Program, ProgramKind, Sizes, printable,
};

/// Where the dynamic loader of Debian looks at last, behind the directories of the machine's own
/// name (`usr/lib/x86_64-linux-gnu`).
const DEFAULT: [&str; 4] = ["lib64", "usr/lib64", "lib", "usr/lib"];

/// Programs and libraries as nodes of a graph.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) graph: Graph,
    /// By node.
    pub(super) ids: Vec<EntryId>,
    nodes: HashMap<EntryId, usize>,
    /// By node: what it names, and the node that this was found to be.
    pub(super) needs: Vec<Vec<(String, usize)>>,
    /// By node: whether somebody may start it, or nobody is known who loads it.
    is_root: Vec<bool>,
    loads_more: Vec<bool>,
}

impl Files {
    pub(super) fn new(live: &Live<'_>) -> Self {
        let image = live.image;
        let ids: Vec<EntryId> = image.programs.keys().copied().collect();
        let nodes: HashMap<EntryId, usize> =
            ids.iter().enumerate().map(|(node, id)| (*id, node)).collect();
        let finder = Finder::new(live);
        let mut graph = Graph::new(ids.len());
        let mut needs = Vec::with_capacity(ids.len());
        for (node, (id, program)) in image.programs.iter().enumerate() {
            let found = finder.needs(*id, program);
            let found: Vec<(String, usize)> = found
                .into_iter()
                .filter_map(|(name, to)| Some((name, *nodes.get(&to)?)))
                .filter(|(_, to)| *to != node)
                .collect();
            for (_, to) in &found {
                graph.add(node, *to);
            }
            needs.push(found);
        }
        let mut is_root = vec![false; ids.len()];
        graph.sources().into_iter().for_each(|node| is_root[node] = true);
        for (node, (id, program)) in image.programs.iter().enumerate() {
            is_root[node] |= can_be_started(image, *id, program);
        }
        let loads_more = |program: &Program| match &program.kind {
            ProgramKind::Elf(elf) => elf.loads_more,
            _ => false,
        };
        let loads_more = image.programs.values().map(loads_more).collect();
        Self { graph, ids, nodes, needs, is_root, loads_more }
    }

    pub(super) fn node(&self, id: EntryId) -> Option<usize> {
        self.nodes.get(&id).copied()
    }

    fn among<'a>(&'a self, live: &'a Live<'_>, subjects: &'a [Subject]) -> BTreeSet<usize> {
        let entries = subjects.iter().flat_map(|subject| &subject.entries);
        entries.filter_map(|id| self.node(live.content(*id))).collect()
    }

    /// A word of warning when what goes loads libraries that no table of it names.
    pub(super) fn loads_more(&self, named: &[Subject]) -> Option<String> {
        let entries = named.iter().flat_map(|subject| &subject.entries);
        let loading = entries.filter_map(|id| self.node(*id)).filter(|it| self.loads_more[*it]);
        let count = loading.count();
        (count > 0).then(|| {
            format!(
                "{count} of the programs and libraries that go load others at run time (dlopen); \
                 as sliced, such libraries stay"
            )
        })
    }

    /// The nodes that go when `named` go while everything that can be started stays.
    pub(super) fn without(&self, named: &BTreeSet<usize>, kept: &BTreeSet<usize>) -> Vec<usize> {
        let barred: Vec<bool> = (0..self.graph.len()).map(|node| named.contains(&node)).collect();
        let roots = (0..self.graph.len())
            .filter(|node| if kept.is_empty() { self.is_root[*node] } else { kept.contains(node) });
        let stays = self.graph.reach(roots, &barred);
        let reached = self.graph.reach(named.iter().copied(), &[]);
        (0..self.graph.len())
            .filter(|node| barred[*node] || (reached[*node] && !stays[*node]))
            .collect()
    }
}

/// What is started, not loaded: a script or a program with the right to be executed, that does
/// not call itself a library.
fn can_be_started(image: &Measurement, id: EntryId, program: &Program) -> bool {
    let may_run = image.entry(id).is_some_and(|entry| entry.mode & 0o111 != 0);
    let is_program = match &program.kind {
        ProgramKind::Elf(elf) => elf.soname.is_none(),
        ProgramKind::Script(_) => true,
        ProgramKind::Unknown => program.soname.is_none(),
    };
    may_run && is_program
}

/// Finds what programs name.
struct Finder<'a> {
    live: &'a Live<'a>,
    /// Directories that are looked at for every program.
    folders: Vec<Vec<u8>>,
    /// Libraries by the name of their file or their own: for directories that only the
    /// loader's cache knows.
    by_name: HashMap<Vec<u8>, Vec<EntryId>>,
}

impl<'a> Finder<'a> {
    fn new(live: &'a Live<'a>) -> Self {
        let image = live.image;
        let variable = |name: &str| {
            let environment = image.config.as_ref().and_then(|config| config.config.env.as_ref());
            let found = environment.into_iter().flatten().find_map(|line| line.strip_prefix(name));
            found.unwrap_or_default().to_owned()
        };
        let mut folders: Vec<Vec<u8>> = variable("LD_LIBRARY_PATH=")
            .split(':')
            .filter(|folder| !folder.is_empty())
            .map(|folder| folder.as_bytes().to_vec())
            .collect();
        for base in ["lib", "usr/lib"] {
            let Some(place) = image.paths.find(base.as_bytes()) else { continue };
            let mut own: Vec<Vec<u8>> = image
                .paths
                .children(place)
                .filter(|child| image.paths.name(*child).ends_with(b"-linux-gnu"))
                .map(|child| image.paths.bytes(child))
                .collect();
            own.sort();
            folders.append(&mut own);
        }
        folders.extend(DEFAULT.map(|folder| folder.as_bytes().to_vec()));
        let mut by_name: HashMap<Vec<u8>, Vec<EntryId>> = HashMap::new();
        for (id, program) in &image.programs {
            let mut add = |name: &[u8]| {
                let known = by_name.entry(name.to_vec()).or_default();
                if !known.contains(id) {
                    known.push(*id);
                }
            };
            if let Some(soname) = &program.soname {
                add(soname.as_bytes());
            }
            for name in live.names(*id) {
                if let Some(path) = image.entry(*name).and_then(Entry::live_at) {
                    add(image.paths.name(path));
                }
            }
        }
        Self { live, folders, by_name }
    }

    /// What a program names, and the content that it is.
    fn needs(&self, id: EntryId, program: &Program) -> Vec<(String, EntryId)> {
        let mut needs = Vec::new();
        let mut add = |name: &str, found: Option<EntryId>| {
            needs.extend(found.map(|found| (name.to_owned(), found)));
        };
        if let Some(interpreter) = &program.interpreter {
            add(interpreter, self.live.resolve(interpreter.as_bytes()));
        }
        if let ProgramKind::Script(argument) = &program.kind {
            let is_env = program.interpreter.as_deref().is_some_and(|it| it.ends_with("/env"));
            let words = argument.split_whitespace();
            let skip = |word: &&str| !word.starts_with('-') && !word.contains('=');
            if let Some(word) = words.clone().find(skip).filter(|_| is_env) {
                add(word, self.on_path(word));
            }
        }
        for name in &program.needed {
            add(name, self.library(id, program, name));
        }
        needs
    }

    /// A program by its name, as `env` finds it.
    fn on_path(&self, name: &str) -> Option<EntryId> {
        let environment = self.live.image.config.as_ref().and_then(|it| it.config.env.as_ref());
        let path = environment.into_iter().flatten().find_map(|line| line.strip_prefix("PATH="));
        let path = path.unwrap_or("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        path.split(':').find_map(|folder| self.live.resolve(format!("{folder}/{name}").as_bytes()))
    }

    fn library(&self, id: EntryId, program: &Program, name: &str) -> Option<EntryId> {
        let fits = |found: &EntryId| {
            let other = self.live.image.programs.get(found);
            other.is_some_and(|other| abi(other) == abi(program))
        };
        if name.contains('/') {
            return self.live.resolve(name.as_bytes()).filter(fits);
        }
        let within = |folder: &[u8]| {
            let path = [folder, b"/", name.as_bytes()].concat();
            self.live.resolve(&path).filter(fits)
        };
        let own = self.own_folders(id, program);
        own.iter()
            .chain(&self.folders)
            .find_map(|folder| within(folder))
            .or_else(|| self.by_name.get(name.as_bytes())?.iter().copied().find(fits))
    }

    /// The directories that a program names itself.
    fn own_folders(&self, id: EntryId, program: &Program) -> Vec<Vec<u8>> {
        let paths = &self.live.image.paths;
        let at = self.live.image.entry(id).and_then(Entry::live_at);
        let origin = at.and_then(|at| paths.parent(at)).map(|folder| paths.bytes(folder));
        let origin = [b"/", origin.unwrap_or_default().as_slice()].concat();
        let folders = program.runpath.iter();
        folders
            .map(|folder| {
                let folder = folder.replace("${ORIGIN}", "$ORIGIN");
                match folder.strip_prefix("$ORIGIN") {
                    Some(rest) => [origin.as_slice(), rest.as_bytes()].concat(),
                    None => folder.into_bytes(),
                }
            })
            .collect()
    }
}

/// What has to be equal for one file to load another.
fn abi(program: &Program) -> Option<(Class, u16)> {
    match &program.kind {
        ProgramKind::Elf(elf) => {
            let Elf { class, machine, .. } = elf.as_ref();
            Some((*class, *machine))
        }
        _ => None,
    }
}

/// What goes as sliced.
pub(super) fn level(live: &Live<'_>, files: &Files, named: &[Subject], kept: &[Subject]) -> Level {
    let image = live.image;
    let mut going = Going::new(live);
    named.iter().flat_map(|it| &it.entries).for_each(|id| going.add(*id));
    let mut lost: BTreeSet<usize> = files.among(live, named);
    // A content of which a name stays is still there.
    lost.retain(|node| going.has_content(live, files.ids[*node]));
    let gone = files.without(&lost, &files.among(live, kept));
    let mut rows: HashMap<EntryId, Gone> = HashMap::new();
    let users = files.graph.reversed();
    let path_of = |id: EntryId| {
        let at = image.entry(id).and_then(Entry::live_at);
        at.map_or_else(String::new, |at| format!("/{}", image.paths.text(at)))
    };
    let is_gone: BTreeSet<usize> = gone.iter().copied().collect();
    for node in gone.iter().filter(|node| !lost.contains(node)) {
        let id = files.ids[*node];
        live.names(id).iter().for_each(|name| going.add(*name));
        let user = users.needs(*node).find(|user| is_gone.contains(user));
        rows.insert(
            id,
            Gone {
                kind: image.entry(id).map_or(OwnerKind::Unowned, |it| image.owner(it.owner).kind()),
                name: path_of(id),
                why: Why::Unneeded,
                because: user.map(|user| path_of(files.ids[user])),
                sizes: Sizes::default(),
            },
        );
    }
    add_links(live, &mut going);
    let mut sums: HashMap<(OwnerKind, String), Gone> = HashMap::new();
    for id in going.ids() {
        let Some(entry) = image.entry(id) else { continue };
        let sizes = going.saved_by(live, id);
        let content = live.target(id).unwrap_or_else(|| live.content(id));
        if let Some(row) = rows.get_mut(&content) {
            row.sizes += sizes;
            continue;
        }
        let owner = image.owner(entry.owner);
        let name = printable(owner.name().as_bytes());
        let row = sums.entry((owner.kind(), name.clone())).or_insert_with(|| Gone {
            kind: owner.kind(),
            name,
            why: Why::Named,
            because: None,
            sizes: Sizes::default(),
        });
        row.sizes += sizes;
    }
    let mut gone: Vec<Gone> = rows.into_values().chain(sums.into_values()).collect();
    packages::sort(&mut gone);
    Level {
        saved: gone.iter().map(|gone| gone.sizes).sum(),
        gone,
        broken: breaks::broken(live, files, &going),
    }
}

/// Links to what goes would lead nowhere: they go with it.
fn add_links(live: &Live<'_>, going: &mut Going) {
    let links: Vec<EntryId> = live
        .image
        .live()
        .filter(|(id, ..)| live.target(*id).is_some_and(|to| going.has_content(live, to)))
        .map(|(id, ..)| id)
        .collect();
    for id in links {
        going.add(id);
    }
}
