//! The directory that an archive is unpacked into. Every path is opened beneath it by a kernel
//! that follows no link and leaves no root (`openat2`); where it has no such call, step by step.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::hash::BuildHasher as _;
use std::io::{self, Read, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::links::{Links, circles, leaves};
use super::meter::Meter;
use super::name::{Place, shown_path};
use super::refuse;

const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
const BENEATH: ResolveFlags = ResolveFlags::BENEATH.union(ResolveFlags::NO_MAGICLINKS);

/// What an archive says of a file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts {
    pub(super) executable: bool,
    pub(super) modified: Option<SystemTime>,
}

/// A directory being filled.
pub(super) struct Root {
    top: Rc<OwnedFd>,
    /// Whether the kernel itself keeps paths beneath `top`.
    kernel: bool,
    /// The directory of the last entry: the next one mostly lies beside it.
    last: Option<(PathBuf, Rc<OwnedFd>)>,
    /// Files and links that were made here, as hashes. What is there and is not among them was
    /// made under another spelling, on a volume that does not tell upper case from lower.
    made: HashSet<u64>,
    hasher: RandomState,
    links: Links,
    bytes: Meter,
    entries: Meter,
}

impl Root {
    pub(super) fn open(prefix: &Path, bytes: Meter, entries: Meter) -> io::Result<Self> {
        let top = rustix::fs::open(prefix, DIRECTORY, Mode::empty())?;
        // Old kernels and some sandboxes have no openat2, each with its own error.
        let kernel = rustix::fs::openat2(&top, ".", DIRECTORY, Mode::empty(), BENEATH).is_ok();
        Ok(Self {
            top: Rc::new(top),
            kernel,
            last: None,
            made: HashSet::new(),
            hasher: RandomState::new(),
            links: Links::default(),
            bytes,
            entries,
        })
    }

    /// Does without `openat2`, as on a kernel that lacks it.
    #[cfg(test)]
    pub(super) fn without_kernel(mut self) -> Self {
        self.kernel = false;
        self
    }

    pub(super) fn directory(&mut self, path: &Path) -> io::Result<()> {
        self.enter(path).map(drop)
    }

    /// Writes a file; what stood under its name before goes.
    pub(super) fn file(
        &mut self,
        place: &Place,
        facts: Facts,
        content: &mut dyn Read,
    ) -> io::Result<()> {
        self.entries.take(1)?;
        let (parent, name) = self.parent(&place.path)?;
        let flags =
            OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let make = || rustix::fs::openat(&parent, name, flags, Mode::RUSR | Mode::WUSR);
        let mut file = File::from(self.make(&place.path, &parent, name, make)?);
        let mut block = vec![0; 128 * 1024];
        loop {
            let count = content.read(&mut block)?;
            if count == 0 {
                break;
            }
            self.bytes.take(count as u64)?;
            file.write_all(&block[..count])?;
        }
        let executable = facts.executable || place.executable;
        file.set_permissions(fs::Permissions::from_mode(if executable { 0o755 } else { 0o644 }))?;
        if let Some(modified) = facts.modified {
            file.set_modified(modified)?;
        }
        Ok(())
    }

    pub(super) fn symlink(&mut self, path: &Path, target: &Path) -> io::Result<()> {
        Links::look(path, target)?;
        self.entries.take(1)?;
        let (parent, name) = self.parent(path)?;
        let make = || rustix::fs::symlinkat(target, &parent, name);
        self.make(path, &parent, name, make)?;
        self.links.add(path, target);
        Ok(())
    }

    /// Gives the file `target` the name `place` too; a copy where the volume has no hard links.
    pub(super) fn hard_link(&mut self, place: &Place, target: &Path) -> io::Result<()> {
        let path = &place.path;
        if path == target {
            return Ok(());
        }
        let no_target = || refuse(format!("{} is linked to no file before it", shown_path(path)));
        let (from, from_name) = target_parts(target)?;
        let from = self.walk(from).map_err(|_| no_target())?;
        let found = rustix::fs::statat(&from, from_name, AtFlags::SYMLINK_NOFOLLOW);
        let found = found.map_err(|_| no_target())?;
        // A symbolic link would mean something else in another directory.
        if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
            return Err(no_target());
        }
        let (parent, name) = self.parent(path)?;
        let make = || rustix::fs::linkat(&from, from_name, &parent, name, AtFlags::empty());
        match self.make(path, &parent, name, make) {
            Err(error) if has_no_links(&error) => {
                let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let file = rustix::fs::openat(&from, from_name, flags, Mode::empty())?;
                let executable = found.st_mode & 0o111 != 0;
                self.file(place, Facts { executable, modified: None }, &mut File::from(file))
            }
            other => self.entries.take(1).and(other),
        }
    }

    /// Looks where all links lead, now that everything is there.
    pub(super) fn check_links(&self) -> io::Result<()> {
        self.links.check()?;
        if !self.kernel {
            return Ok(());
        }
        for path in self.links.paths() {
            let flags = OFlags::PATH | OFlags::CLOEXEC;
            match rustix::fs::openat2(&self.top, path, flags, Mode::empty(), BENEATH) {
                Err(Errno::XDEV) => return Err(leaves(path)),
                Err(Errno::LOOP) => return Err(circles(path)),
                // A link to nothing harms nobody.
                _ => {}
            }
        }
        Ok(())
    }

    /// Makes something that must be new. What this archive made under the same name gives way.
    fn make<T>(
        &mut self,
        path: &Path,
        parent: &OwnedFd,
        name: &OsStr,
        make: impl Fn() -> rustix::io::Result<T>,
    ) -> io::Result<T> {
        let hash = self.hasher.hash_one(path);
        let new = match make() {
            Err(Errno::EXIST) if self.made.contains(&hash) => {
                rustix::fs::unlinkat(parent, name, AtFlags::empty())?;
                self.links.remove(path);
                make()?
            }
            Err(Errno::EXIST) => return Err(in_the_way(path, parent, name)),
            other => other?,
        };
        self.made.insert(hash);
        Ok(new)
    }

    /// The directory in which `path` lies, made if it is not there, and its name in it.
    fn parent<'a>(&mut self, path: &'a Path) -> io::Result<(Rc<OwnedFd>, &'a OsStr)> {
        let (parent, name) = target_parts(path)?;
        Ok((self.enter(parent)?, name))
    }

    fn enter(&mut self, dir: &Path) -> io::Result<Rc<OwnedFd>> {
        if let Some((_, fd)) = self.last.as_ref().filter(|(last, _)| last == dir) {
            return Ok(Rc::clone(fd));
        }
        let fd = match self.walk(dir) {
            Err(Errno::NOENT) => self.make_dirs(dir),
            other => other.map_err(io::Error::from),
        };
        let fd = fd.map_err(|error| match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::NOTDIR | Errno::LOOP | Errno::XDEV) => {
                refuse(format!("{} is no directory: something lies in its way", shown_path(dir)))
            }
            _ => error,
        })?;
        self.last = Some((dir.to_owned(), Rc::clone(&fd)));
        Ok(fd)
    }

    fn make_dirs(&self, dir: &Path) -> io::Result<Rc<OwnedFd>> {
        let mut fd = Rc::clone(&self.top);
        for part in dir {
            match rustix::fs::mkdirat(&fd, part, Mode::from_raw_mode(0o755)) {
                Ok(()) => self.entries.take(1)?,
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            fd = Rc::new(step(&fd, part)?);
        }
        Ok(fd)
    }

    /// Opens a directory beneath the root, through no link.
    fn walk(&self, dir: &Path) -> rustix::io::Result<Rc<OwnedFd>> {
        if dir.as_os_str().is_empty() {
            return Ok(Rc::clone(&self.top));
        }
        if self.kernel {
            let resolve = BENEATH | ResolveFlags::NO_SYMLINKS;
            let fd = rustix::fs::openat2(&self.top, dir, DIRECTORY, Mode::empty(), resolve)?;
            return Ok(Rc::new(fd));
        }
        let mut fd = Rc::clone(&self.top);
        for part in dir {
            fd = Rc::new(step(&fd, part)?);
        }
        Ok(fd)
    }
}

/// One directory down, and never up.
fn step(fd: &OwnedFd, name: &OsStr) -> rustix::io::Result<OwnedFd> {
    if name == ".." {
        return Err(Errno::XDEV);
    }
    rustix::fs::openat(fd.as_fd(), name, DIRECTORY | OFlags::NOFOLLOW, Mode::empty())
}

fn in_the_way(path: &Path, parent: &OwnedFd, name: &OsStr) -> io::Error {
    let found = rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW);
    let kind = found.map(|found| FileType::from_raw_mode(found.st_mode));
    refuse(match kind {
        Ok(FileType::Directory) => format!("{} is a directory already", shown_path(path)),
        _ => format!("{} is there already, if in another spelling", shown_path(path)),
    })
}

fn target_parts(path: &Path) -> io::Result<(&Path, &OsStr)> {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => Ok((parent, name)),
        _ => Err(refuse(format!("{} is no name of a file", shown_path(path)))),
    }
}

/// Errors with which volumes and sandboxes refuse a hard link that is otherwise fine.
fn has_no_links(error: &io::Error) -> bool {
    let refusals = [Errno::PERM, Errno::OPNOTSUPP, Errno::NOSYS, Errno::MLINK, Errno::XDEV];
    let found = error.raw_os_error().map(Errno::from_raw_os_error);
    found.is_some_and(|found| refusals.contains(&found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roots(prefix: &Path) -> [Root; 2] {
        let meter = || Meter::new((1000, "too much".to_owned()));
        let open = || Root::open(prefix, meter(), meter()).unwrap();
        assert!(open().kernel, "the tests' kernel has openat2");
        [open(), open().without_kernel()]
    }

    fn place(path: &str) -> Place {
        Place { path: path.into(), executable: false }
    }

    #[test]
    fn with_and_without_the_kernels_help_nothing_is_written_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let prefix = dir.path().join("prefix");
        fs::create_dir(&prefix).unwrap();
        std::os::unix::fs::symlink(dir.path(), prefix.join("out")).unwrap();
        std::os::unix::fs::symlink("sub", prefix.join("in")).unwrap();
        for mut root in roots(&prefix) {
            root.directory(Path::new("sub")).unwrap();
            for path in ["out/x", "out/new/x", "in/x", "../x"] {
                let error = root.file(&place(path), Facts::default(), &mut io::empty());
                assert!(error.is_err(), "{path}");
            }
            let error = root.hard_link(&place("stolen"), Path::new("out/prefix/secret"));
            assert!(error.unwrap_err().to_string().contains("linked to no file before it"));
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert_eq!(fs::read_dir(prefix.join("sub")).unwrap().count(), 0);
    }

    #[test]
    fn a_file_under_two_names_is_one_file_and_a_link_is_no_target() {
        use std::os::unix::fs::MetadataExt as _;
        for index in 0..2 {
            let dir = tempfile::tempdir().unwrap();
            let [root, other] = roots(dir.path());
            let mut root = if index == 0 { root } else { other };
            let facts = Facts { executable: true, modified: None };
            root.file(&place("a/x"), facts, &mut &b"program"[..]).unwrap();
            root.hard_link(&place("b/y"), Path::new("a/x")).unwrap();
            root.hard_link(&place("a/x"), Path::new("a/x")).unwrap();
            root.symlink(Path::new("l"), Path::new("a/x")).unwrap();
            assert!(root.hard_link(&place("c/l"), Path::new("l")).is_err());
            root.check_links().unwrap();
            let found = fs::metadata(dir.path().join("b/y")).unwrap();
            assert_eq!((found.nlink(), found.mode() & 0o777), (2, 0o755));
        }
    }

    #[test]
    fn the_meters_stop_what_is_too_much() {
        let dir = tempfile::tempdir().unwrap();
        let meter = |most| Meter::new((most, format!("more than {most}")));
        let mut root = Root::open(dir.path(), meter(10), meter(3)).unwrap();
        let error = root.file(&place("x"), Facts::default(), &mut io::repeat(0)).unwrap_err();
        assert_eq!(error.to_string(), "more than 10");
        let error = root.directory(Path::new("a/b/c")).unwrap_err();
        assert_eq!(error.to_string(), "more than 3");
    }
}
