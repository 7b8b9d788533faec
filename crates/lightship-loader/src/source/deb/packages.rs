//! Fetching the chosen packages and unpacking them into the root.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufReader, Write as _};

use lightship_debian::deb;
use lightship_debian::index::{Id, Package};
use lightship_debian::tree::{self, Entry, Kind, Links, Unpacker};
use lightship_model::event::Phase;
use lightship_model::manifest::ArtifactUrl;

use super::Layout;
use super::archive::Archive;
use crate::fetch::artifact;
use crate::install::{InstallError, Job};

/// How much more than it says a package may unpack to: it says KiB, and estimates.
const SLACK: u64 = 64 << 20;

/// What was unpacked, as far as the steps after it ask.
#[derive(Debug, Default)]
pub(super) struct Unpacked {
    /// By package.
    pub(super) versions: BTreeMap<String, String>,
    /// By package, the names in `usr/bin` and its like.
    pub(super) programs: BTreeMap<String, Vec<String>>,
    /// Names of the C library's own files.
    pub(super) libc: BTreeSet<String>,
}

pub(super) fn unpack(
    job: &mut Job<'_>,
    archive: &Archive,
    chosen: &[Id],
    layout: &Layout,
) -> Result<Unpacked, InstallError> {
    let mut unpacked = Unpacked::default();
    let list = layout.prefix.join("packages");
    let mut list_file = File::create(&list).map_err(InstallError::io("write", &list))?;
    for (number, id) in chosen.iter().enumerate() {
        let package = archive.index.get(*id);
        let sha256 = package.sha256().filter(|_| is_plain(package.filename)).ok_or_else(|| {
            InstallError::Recipe(format!("the archive has no file of `{}`", package.name))
        })?;
        let step =
            format!("{} {} ({}/{})", package.name, package.version, number + 1, chosen.len());
        job.reporter.message(&step);
        let url = ArtifactUrl::Web(archive.url(package.archive, package.filename));
        let file = artifact::fetch(job, &url, &sha256)?;
        one(&file, &package, layout, &mut unpacked).map_err(|reason| InstallError::Archive {
            file: format!("{} {}", package.name, package.version),
            reason,
        })?;
        fs::remove_file(&file).map_err(InstallError::io("remove", &file))?;
        let (name, version, arch) = (package.name, package.version, package.arch);
        writeln!(list_file, "{name} {version} {arch} sha256:{}", sha256.as_str())
            .map_err(InstallError::io("write", &list))?;
        if number == 0 {
            job.phase(Phase::Unpacking);
        }
    }
    tree::link_merged(&layout.root).map_err(InstallError::io("link into", &layout.root))?;
    Ok(unpacked)
}

fn one(
    file: &std::path::Path,
    package: &Package<'_>,
    layout: &Layout,
    unpacked: &mut Unpacked,
) -> Result<(), String> {
    let limit = package.installed_kib.saturating_mul(1024 * 4).saturating_add(SLACK);
    let mut into = Unpacker::new(&layout.root, Links::Inside, limit);
    let (mut programs, mut libraries) = (Vec::new(), Vec::new());
    let opened = File::open(file).map_err(|error| error.to_string())?;
    deb::read(BufReader::with_capacity(1 << 20, opened), |entry, content| {
        if !is_wanted(entry) {
            return Ok(());
        }
        if let Some((folder, name)) = entry.path.rsplit_once('/') {
            match folder {
                "usr/bin" | "usr/sbin" | "usr/games" => programs.push(name.to_owned()),
                _ if folder.starts_with("usr/lib") => libraries.push(name.to_owned()),
                _ => {}
            }
        }
        into.put(entry, content)
    })
    .map_err(|error| error.to_string())?;
    if package.name == "libc6" {
        unpacked.libc.extend(libraries);
    }
    unpacked.programs.insert(package.name.to_owned(), programs);
    unpacked.versions.insert(package.name.to_owned(), package.version.to_owned());
    Ok(())
}

/// Manuals, translations and the like are left out; licences stay.
fn is_wanted(entry: &Entry) -> bool {
    const LEFT_OUT: [&str; 8] = [
        "usr/share/man/",
        "usr/share/info/",
        "usr/share/locale/",
        "usr/share/lintian/",
        "usr/share/doc-base/",
        "usr/share/bash-completion/",
        "usr/share/zsh/",
        "usr/share/fish/",
    ];
    // Those that something lies in are made for it.
    if entry.kind == Kind::Directory {
        return false;
    }
    if entry.path.starts_with("usr/share/doc/") {
        return entry.kind == Kind::File && entry.path.ends_with("/copyright");
    }
    !LEFT_OUT.iter().any(|folder| entry.path.starts_with(folder))
}

/// A path below the archive's root.
fn is_plain(filename: &str) -> bool {
    !filename.is_empty() && !filename.starts_with('/') && !filename.contains("..")
}
