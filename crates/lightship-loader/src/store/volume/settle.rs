//! Where tools go, and which other places are looked at: on the volume if tools can live there,
//! else in the local directory.

use std::path::{Path, PathBuf};

use lightship_model::toolenv::Roots;
use lightship_model::volume::{Abilities, Ability, Look, Problem, Verdict, Volume, judge};

use super::{Examined, examine, forbids_exec, is_ours, limit, secure_local, within};
use crate::error::Result;
use crate::store::ToolDir;
use crate::store::lock::Locking;

/// The places of a run.
#[derive(Debug)]
pub(crate) struct Places {
    /// Where tools are installed.
    pub(crate) dir: ToolDir,
    /// Other roots, in which an installed tool counts, too.
    pub(crate) looked_at: Vec<ToolDir>,
    /// Where a tool goes that turns out not to fit in `dir`, and what is noted if `dir` takes no
    /// notes any more. It need not exist yet.
    pub(crate) spare: Option<Spare>,
    pub(crate) locking: Locking,
    /// Nothing can be installed anywhere: what is there is used.
    pub(crate) nowhere: bool,
    pub(crate) report: Volume,
}

/// The local directory, as long as nothing is in it.
#[derive(Clone, Debug)]
pub(crate) struct Spare {
    local: PathBuf,
    tools: PathBuf,
}

impl Spare {
    /// Its paths, whether it is there or not.
    pub(crate) fn peek(&self) -> ToolDir {
        ToolDir::in_local(&canonical(&self.tools), &self.local)
    }

    /// Makes it, if it can be had.
    pub(crate) fn make(&self) -> Result<ToolDir> {
        secure_local(&self.local).map_err(|source| crate::LoaderError::Directory {
            path: self.local.clone(),
            what: "it can't be had for what the volume can't take",
            source,
        })?;
        ToolDir::make(&self.tools)
    }
}

/// The roots beside the tool directory `dir`, for this process.
pub(crate) fn roots(dir: &Path) -> Roots {
    let uid = rustix::process::geteuid().as_raw();
    Roots::new(&dir.display().to_string(), uid, |name| std::env::var(name).ok())
}

/// Looks at the volume of the tool directory `root` and settles where tools go. Without any
/// place to install into, what is installed is still used.
pub(crate) fn settle(root: &Path) -> Places {
    let roots = roots(root);
    let local = PathBuf::from(&roots.local);
    let spare = Spare { tools: PathBuf::from(roots.local_tools()), local };
    let baked = ToolDir::at(Path::new(&roots.baked));
    let examined = examine(root);
    let (problem, why) = match judge(&examined.look) {
        Verdict::Store => match ToolDir::make(root) {
            Ok(dir) => return on_volume(root, dir, &baked, spare, &examined),
            Err(error) => (Problem::Unfit, crate::chain(&error)),
        },
        Verdict::Local { problem, why } => (problem, why),
    };
    let (dir, nowhere, why) = match spare.make() {
        Ok(dir) => (dir, false, why),
        Err(error) => (spare.peek(), true, format!("{why}; and {}", crate::chain(&error))),
    };
    let volume = usable_as_it_is(root, &examined).then(|| ToolDir::at(&canonical(root)));
    let looked_at: Vec<ToolDir> = volume.into_iter().chain([baked]).collect();
    let dir = dir.beside(&looked_at);
    let keeps_records = examined.has(Ability::Write) && examined.has(Ability::Rename);
    let dir = if keeps_records { dir.with_records_in(&canonical(root)) } else { dir };
    let mut report = report(root, &dir, &examined, Some((problem, why)));
    report.tools_dir = report.tools_dir.filter(|_| !nowhere);
    Places {
        looked_at,
        spare: keeps_records.then_some(spare),
        locking: Locking::Flock,
        nowhere,
        report,
        dir,
    }
}

fn on_volume(
    root: &Path,
    dir: ToolDir,
    baked: &ToolDir,
    spare: Spare,
    examined: &Examined,
) -> Places {
    let dir = dir.beside([baked, &spare.peek()]);
    let trusted = examined.mount.as_ref().is_some_and(super::Mount::has_trusted_locks);
    let flock = examined.has(Ability::Flock) && !without_locks();
    let locking = if trusted && flock {
        Locking::Flock
    } else {
        Locking::Lease { flock, local: spare.local.clone() }
    };
    Places {
        looked_at: vec![baked.clone()],
        locking,
        nowhere: false,
        report: report(root, &dir, examined, None),
        spare: Some(spare),
        dir,
    }
}

/// Whether a test wants a volume without locks: `LIGHTSHIP_VOLUME_WITHOUT=locks`. In builds
/// without debug assertions, never.
fn without_locks() -> bool {
    cfg!(debug_assertions)
        && std::env::var("LIGHTSHIP_VOLUME_WITHOUT").is_ok_and(|without| without == "locks")
}

/// The folders of tools and shims that lightship itself puts on the search path for the tool
/// directory `root`, as they are named; and the one of `dir`, without links.
pub(crate) fn own_folders(root: &Path, dir: &ToolDir) -> Vec<PathBuf> {
    roots(root).bins().into_iter().map(PathBuf::from).chain([dir.bin()]).collect()
}

fn canonical(root: &Path) -> PathBuf {
    std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned())
}

/// Whether what is installed on a volume can be used although nothing can be added to it.
fn usable_as_it_is(root: &Path, examined: &Examined) -> bool {
    match &examined.look {
        Look::Answered { abilities, .. } => {
            !abilities.lacks.contains_key(&Ability::Exec) && !forbids_exec(root)
        }
        Look::Missing(_) | Look::Silent(_) => false,
    }
}

/// The other roots that hold tools right now, for somebody who only looks: the tool directory if
/// it answers, what is baked, and the local directory.
pub(crate) fn readable(root: &Path) -> Vec<ToolDir> {
    let roots = roots(root);
    let owned = root.to_owned();
    let there = move || match std::fs::metadata(&owned) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => None,
        _ => Some(canonical(&owned)),
    };
    let answers = within(limit(), there).ok().flatten();
    let baked = PathBuf::from(&roots.baked);
    let local = PathBuf::from(roots.local_tools());
    let ours = is_ours(Path::new(&roots.local)).then_some(local);
    let all = answers.into_iter().chain([baked]).chain(ours);
    all.map(|root| ToolDir::at(&root)).collect()
}

fn report(
    root: &Path,
    dir: &ToolDir,
    examined: &Examined,
    failure: Option<(Problem, String)>,
) -> Volume {
    let (problem, why) = failure.unzip();
    let abilities = match &examined.look {
        Look::Answered { abilities, .. } => abilities.clone(),
        Look::Missing(_) | Look::Silent(_) => Abilities::default(),
    };
    Volume {
        dir: root.display().to_string(),
        tools_dir: Some(dir.root().display().to_string()),
        records_dir: dir.records().display().to_string(),
        problem,
        why,
        abilities,
        space: examined.space(),
        file_system: examined.mount.as_ref().map(|mount| mount.file_system.clone()),
    }
}
