//! Fetching the chosen packages, and having them unpacked into the root by a confined child.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::PathBuf;

use lightship_model::event::Unit;
use lightship_model::lock::{LockedDeb, LockedDebPackage};
use lightship_model::manifest::DebSource;

use super::Layout;
use super::mirror::{self, Addresses};
use super::unpack::{Order, Package, Report};
use crate::fetch::Download;
use crate::fetch::archive::{self, Limits};
use crate::install::{InstallError, Job};
use crate::store::disk as fs;

/// A report that is longer than this, in bytes, is none.
const LONGEST_REPORT: u64 = 16 << 20;

/// What was unpacked, as far as the steps after it ask.
#[derive(Debug, Default)]
pub(super) struct Unpacked {
    /// By package, the names in `usr/bin` and its like.
    pub(super) programs: BTreeMap<String, Vec<String>>,
    /// Names of the C library's own files.
    pub(super) libc: BTreeSet<String>,
}

/// Fetches the files of `wanted` into the stage, in their order.
pub(super) fn fetch(
    job: &mut Job<'_>,
    deb: &DebSource,
    wanted: &LockedDeb,
    is_locked: bool,
) -> Result<Vec<PathBuf>, InstallError> {
    let addresses = mirror::addresses_of_job(job, deb)?;
    let folder = job.stage_dir("packages")?;
    let all = wanted.packages.iter().map(|package| package.size).sum();
    let mut before = 0;
    let mut files = Vec::new();
    for (number, package) in wanted.packages.iter().enumerate() {
        let (name, version) = (&package.name, &package.version);
        let step = format!("{name} {version} ({}/{})", number + 1, wanted.packages.len());
        job.reporter.message(&step);
        let url = address_of(&addresses, package)?;
        let download = Download {
            sha256: Some(&package.sha256),
            // Some archives don't say it.
            size: Some(package.size).filter(|size| *size > 0),
            among: Some((before, all)),
            ..Download::new(&url)
        };
        let file = folder.join(format!("{number}.deb"));
        let fetched = download.to(job, &file);
        let release = wanted.release.as_deref();
        fetched.map_err(|error| {
            if is_locked { not_as_locked(job, package, release, error) } else { error }
        })?;
        before += package.size;
        files.push(file);
    }
    Ok(files)
}

/// Fetches one package to the file `to`.
pub(crate) fn fetch_one(
    job: &mut Job<'_>,
    deb: &DebSource,
    package: &LockedDebPackage,
    to: &std::path::Path,
) -> Result<(), InstallError> {
    let url = address_of(&mirror::addresses_of_job(job, deb)?, package)?;
    let size = Some(package.size).filter(|size| *size > 0);
    let download = Download { sha256: Some(&package.sha256), size, ..Download::new(&url) };
    download.to(job, to).map(drop)
}

fn address_of(addresses: &Addresses, package: &LockedDebPackage) -> Result<String, InstallError> {
    let (base, path) = (addresses.of(package.archive), &package.path);
    if path.is_empty() || path.starts_with('/') || path.contains("..") {
        let name = &package.name;
        return Err(InstallError::Recipe(format!("`{path}` of `{name}` is no path in an archive")));
    }
    Ok(format!("{base}/{path}"))
}

/// A failed download as what it is with a lock: the file is another one, or not there any more.
fn not_as_locked(
    job: &Job<'_>,
    package: &LockedDebPackage,
    release: Option<&str>,
    error: InstallError,
) -> InstallError {
    let tool = job.name();
    match error {
        InstallError::WrongDigest { url, found, wanted } => InstallError::Changed {
            tool: tool.clone(),
            what: format!("{url}: sha256 {found}, locked {wanted}"),
        },
        InstallError::Download { url, reason, .. } if reason.contains(" bytes, wanted are ") => {
            InstallError::Changed { tool: tool.clone(), what: format!("{url}: {reason}") }
        }
        InstallError::Download { url, reason, retry_can_help }
            if ["404", "410"].iter().any(|status| reason.ends_with(&format!(": {status}"))) =>
        {
            let (name, version) = (&package.name, &package.version);
            let of = release.map_or(String::new(), |at| format!(" of {at} or later"));
            let reason = format!(
                "{reason}. The mirror does not have {name} {version} any more: lock what it has \
                 with `lightship lock --upgrade --tool {tool}`, or name a snapshot{of} in \
                 [registries] or LOA_DEBIAN_MIRROR"
            );
            InstallError::Download { url, reason, retry_can_help }
        }
        error => error,
    }
}

/// Unpacks `files`, those of `packages` in their order, into the root.
pub(super) fn unpack(
    job: &mut Job<'_>,
    packages: &[LockedDebPackage],
    files: Vec<PathBuf>,
    layout: &Layout,
) -> Result<Unpacked, InstallError> {
    let report = job.stage_dir("packages")?.join("report.json");
    let total = packages.iter().map(|package| package.size).sum();
    let each = packages.iter().zip(files).map(|(package, file)| Package {
        name: package.name.clone(),
        version: package.version.clone(),
        file,
    });
    let order = Order {
        packages: each.collect(),
        root: layout.root.clone(),
        report: report.clone(),
        limits: Limits::of(&layout.root),
    };
    archive::unpack_debs(job, &order, |reporter, line| {
        if let Some(bytes) = Order::progress(line) {
            return reporter.count(bytes, Some(total), Unit::Bytes);
        }
        reporter.message(line);
        crate::fault::point("unpacking-package");
    })?;
    let unpacked = read(&report, packages)?;
    let list = layout.prefix.join("packages");
    let lines = packages.iter().map(|package| {
        let LockedDebPackage { name, version, arch, sha256, .. } = package;
        format!("{name} {version} {arch} sha256:{}\n", sha256.as_str())
    });
    fs::write(&list, lines.collect::<String>()).map_err(InstallError::io("write", &list))?;
    Ok(unpacked)
}

/// What the child says. It has read what strangers made: names lead nowhere, and the packages
/// are those that were ordered.
fn read(path: &std::path::Path, packages: &[LockedDebPackage]) -> Result<Unpacked, InstallError> {
    let io = |error| InstallError::io("read", path)(error);
    let mut text = Vec::new();
    if !fs::symlink_metadata(path).map_err(io)?.is_file() {
        return Err(io(std::io::Error::other("it is no file")));
    }
    fs::File::open(path).map_err(io)?.take(LONGEST_REPORT).read_to_end(&mut text).map_err(io)?;
    let report: Report = serde_json::from_slice(&text).map_err(|error| io(error.into()))?;
    let ordered = |name: &String| packages.iter().any(|package| package.name == *name);
    let programs = report.programs.into_iter().filter(|(name, _)| ordered(name));
    let programs = programs.map(|(package, mut names)| {
        names.retain(|name| is_name(name));
        (package, names)
    });
    Ok(Unpacked { programs: programs.collect(), libc: report.libc })
}

fn is_name(name: &str) -> bool {
    !["", ".", ".."].contains(&name) && !name.contains(['/', '\0'])
}

#[cfg(test)]
mod tests {
    use lightship_model::digest::Digest;
    use lightship_model::lock::DebArchive;

    use super::*;

    fn package(name: &str) -> LockedDebPackage {
        LockedDebPackage {
            name: name.into(),
            version: "1".into(),
            arch: "all".into(),
            size: 1,
            sha256: Digest::of(b""),
            archive: DebArchive::Main,
            path: String::new(),
        }
    }

    #[test]
    fn what_a_child_reports_is_not_believed_beyond_plain_names() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("report.json");
        let text = r#"{"programs":{"x":["one","../two","..",""],"y":["three"]},"libc":[]}"#;
        std::fs::write(&path, text).unwrap();
        let unpacked = read(&path, &[package("x")]).unwrap();
        assert_eq!(unpacked.programs, [("x".to_owned(), vec!["one".to_owned()])].into());
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(read(&path, &[]).is_err());
    }
}
