//! Unpacking archives into a prefix: zip (and so wheels), tar, tar.gz, tar.zst. What an archive
//! is, its first bytes say, not its name. No entry leaves the prefix.

use std::fs::{self, File};
use std::io::{self, Read, Seek as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};

use lightship_model::manifest::Take;

use crate::install::InstallError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Zip,
    Tar,
    TarGz,
    TarZst,
    /// Known by its first bytes, and not unpacked by this version.
    Unsupported(&'static str),
}

/// What lies in an entry.
enum Content<'a> {
    Directory,
    File(&'a mut dyn Read),
    Link(PathBuf),
}

/// Whether `file` is an archive; anything else is taken as a program.
pub(crate) fn is_archive(file: &Path) -> Result<bool, InstallError> {
    kind(file).map(|kind| kind.is_some()).map_err(InstallError::io("read", file))
}

/// Unpacks `file` into `prefix`: what `take` names, or everything less `strip` directories.
pub(crate) fn unpack(
    file: &Path,
    prefix: &Path,
    take: &[Take],
    strip: u8,
) -> Result<(), InstallError> {
    let fail = |reason: String| InstallError::Archive { file: "the artefact".to_owned(), reason };
    let mut unpacker = Unpacker { prefix, take, strip, taken: vec![false; take.len()] };
    let open = || File::open(file);
    let done = match kind(file).map_err(InstallError::io("read", file))? {
        Some(Kind::Zip) => open().and_then(|file| unpacker.zip(file)),
        Some(Kind::Tar) => open().and_then(|file| unpacker.tar(file)),
        Some(Kind::TarGz) => {
            open().and_then(|file| unpacker.tar(flate2::read::MultiGzDecoder::new(file)))
        }
        Some(Kind::TarZst) => open()
            .and_then(|file| zstd::stream::read::Decoder::new(file))
            .and_then(|reader| unpacker.tar(reader)),
        Some(Kind::Unsupported(name)) => {
            return Err(fail(format!("{name} is not supported: use zip, tar, tar.gz or tar.zst")));
        }
        None => return Err(fail("it is no archive that is known here".to_owned())),
    };
    done.map_err(|error| fail(error.to_string()))?;
    let missing = unpacker.taken.iter().position(|taken| !taken);
    match missing.and_then(|index| take.get(index)) {
        Some(take) => Err(fail(format!("there is no `{}` in it", take.from))),
        None => Ok(()),
    }
}

fn kind(file: &Path) -> io::Result<Option<Kind>> {
    let mut file = File::open(file)?;
    let mut head = Vec::new();
    file.by_ref().take(512).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(match head.as_slice() {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Kind::Zip),
        [0x1f, 0x8b, ..] => Some(Kind::TarGz),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Kind::TarZst),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Kind::Unsupported("xz")),
        [b'B', b'Z', b'h', ..] => Some(Kind::Unsupported("bzip2")),
        head if head.get(257..262) == Some(b"ustar") => Some(Kind::Tar),
        _ => None,
    })
}

struct Unpacker<'a> {
    prefix: &'a Path,
    take: &'a [Take],
    strip: u8,
    taken: Vec<bool>,
}

impl Unpacker<'_> {
    fn zip(&mut self, file: File) -> io::Result<()> {
        let mut archive = zip::ZipArchive::new(file).map_err(io::Error::other)?;
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).map_err(io::Error::other)?;
            let path = PathBuf::from(&*entry.name().map_err(io::Error::other)?);
            let mode = entry.unix_mode().unwrap_or(0o644);
            if entry.is_dir() {
                self.entry(&path, mode, Content::Directory)?;
            } else if entry.is_symlink() {
                let mut target = String::new();
                entry.by_ref().take(4096).read_to_string(&mut target)?;
                self.entry(&path, mode, Content::Link(target.into()))?;
            } else {
                self.entry(&path, mode, Content::File(&mut entry))?;
            }
        }
        Ok(())
    }

    fn tar(&mut self, reader: impl Read) -> io::Result<()> {
        let mut archive = tar::Archive::new(reader);
        for entry in archive.entries()? {
            let mut entry = entry?;
            let path = entry.path()?.into_owned();
            let mode = entry.header().mode()?;
            match entry.header().entry_type() {
                tar::EntryType::Directory => self.entry(&path, mode, Content::Directory)?,
                tar::EntryType::Regular | tar::EntryType::Continuous => {
                    self.entry(&path, mode, Content::File(&mut entry))?;
                }
                tar::EntryType::Symlink => {
                    let target = entry.link_name()?.unwrap_or_default().into_owned();
                    self.entry(&path, mode, Content::Link(target))?;
                }
                tar::EntryType::XGlobalHeader => {}
                // Hard links, devices, pipes: no tool's archive needs them.
                other => {
                    let what =
                        format!("`{}` is a {other:?}, which is not unpacked", path.display());
                    return Err(io::Error::other(what));
                }
            }
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, mode: u32, content: Content<'_>) -> io::Result<()> {
        let Some((to, executable)) = self.destination(&plain(path)?) else { return Ok(()) };
        let target = self.prefix.join(&to);
        if let Some(parent) = target.parent() {
            self.make_dirs(parent)?;
        }
        match content {
            Content::Directory => self.make_dirs(&target),
            Content::File(reader) => {
                drop(fs::remove_file(&target));
                let mut file = File::create_new(&target)?;
                io::copy(reader, &mut file)?;
                let mode = if executable || mode & 0o111 != 0 { 0o755 } else { 0o644 };
                file.set_permissions(fs::Permissions::from_mode(mode))
            }
            Content::Link(points_to) => {
                if !stays_inside(&to, &points_to) {
                    let what = format!("the link `{}` leaves the archive", to.display());
                    return Err(io::Error::other(what));
                }
                drop(fs::remove_file(&target));
                symlink(points_to, target)
            }
        }
    }

    /// Makes directories one by one: a link in the way is an error, not a way out.
    fn make_dirs(&self, path: &Path) -> io::Result<()> {
        let relative = path.strip_prefix(self.prefix).map_err(io::Error::other)?;
        let mut current = self.prefix.to_owned();
        for part in relative.components() {
            current.push(part);
            match fs::symlink_metadata(&current) {
                Ok(found) if found.is_dir() => {}
                Ok(_) => {
                    let what = format!("`{}` is no directory", relative.display());
                    return Err(io::Error::other(what));
                }
                Err(_) => fs::create_dir(&current)?,
            }
        }
        Ok(())
    }

    /// Where an entry goes, and whether it is made executable; nothing if it is not wanted.
    fn destination(&mut self, path: &Path) -> Option<(PathBuf, bool)> {
        if self.take.is_empty() {
            let rest: PathBuf = path.components().skip(self.strip.into()).collect();
            return (!rest.as_os_str().is_empty()).then_some((rest, false));
        }
        for (index, take) in self.take.iter().enumerate() {
            if let Ok(rest) = path.strip_prefix(take.from.trim_end_matches('/')) {
                self.taken[index] = true;
                let to = plain(Path::new(&take.to)).ok()?;
                let to = if rest.as_os_str().is_empty() { to } else { to.join(rest) };
                return (!to.as_os_str().is_empty()).then_some((to, take.executable));
            }
        }
        None
    }
}

/// A relative path without `.`; anything that could lead elsewhere is an error.
fn plain(path: &Path) -> io::Result<PathBuf> {
    path.components()
        .filter(|part| *part != Component::CurDir)
        .map(|part| match part {
            Component::Normal(name) => Ok(name),
            _ => Err(io::Error::other(format!("the path `{}` leaves the archive", path.display()))),
        })
        .collect()
}

/// Whether a link at `from` to `target` stays under the root that `from` is relative to.
fn stays_inside(from: &Path, target: &Path) -> bool {
    let mut depth = from.components().count().saturating_sub(1);
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests;
