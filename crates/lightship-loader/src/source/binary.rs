//! `binary`: a file or archive with a known digest.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path};

use lightship_model::event::Phase;
use lightship_model::manifest::BinarySource;

use crate::fetch::{archive, artifact};
use crate::install::{InstallError, Job, Outcome};
use crate::store::disk as fs;

pub(super) fn install(job: &mut Job<'_>, binary: &BinarySource) -> Result<Outcome, InstallError> {
    job.phase(Phase::Downloading);
    let file = artifact::fetch(job, &binary.url, &binary.sha256)?;
    job.phase(Phase::Unpacking);
    if archive::is_archive(&file)? {
        let order = archive::Order {
            file,
            prefix: job.prefix.clone(),
            take: binary.take.clone(),
            strip: binary.strip,
            single: single_path(job, binary),
            limits: archive::Limits::of(&job.prefix),
        };
        archive::unpack(job, &order)?;
    } else {
        single(job, binary, &file)?;
    }
    for (link, target) in &binary.links {
        make_link(&job.prefix, link, target)?;
    }
    Ok(Outcome::default())
}

/// A file that is the program itself: it goes to `bin`, under the one name that is published.
fn single(job: &Job<'_>, binary: &BinarySource, file: &Path) -> Result<(), InstallError> {
    let to = single_path(job, binary).ok_or_else(|| {
        let message = "a single file gives one program: name one in `bins`";
        InstallError::Recipe(message.to_owned())
    })?;
    let path = job.prefix.join(inside(&to)?);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(InstallError::io("make", parent))?;
    }
    fs::rename(file, &path).map_err(InstallError::io("move", &path))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
        .map_err(InstallError::io("make executable", &path))
}

/// Where a single file goes; nothing if the recipe names several programs.
fn single_path(job: &Job<'_>, binary: &BinarySource) -> Option<String> {
    match (binary.take.as_slice(), job.tool.bins.as_deref()) {
        ([take], _) => Some(take.to.clone()),
        ([], Some([bin])) => Some(format!("bin/{bin}")),
        ([], None) => Some(format!("bin/{}", job.name())),
        _ => None,
    }
}

fn make_link(prefix: &Path, link: &str, target: &str) -> Result<(), InstallError> {
    let path = prefix.join(inside(link)?);
    let parent = path.parent().unwrap_or(prefix);
    fs::create_dir_all(parent).map_err(InstallError::io("make", parent))?;
    fs::symlink(target, &path).map_err(InstallError::io("link", &path))
}

/// A path of the manifest that stays inside the prefix.
fn inside(path: &str) -> Result<&Path, InstallError> {
    let path = Path::new(path);
    if path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Ok(path);
    }
    let message = format!("`{}` is no path inside the tool's prefix", path.display());
    Err(InstallError::Recipe(message))
}
