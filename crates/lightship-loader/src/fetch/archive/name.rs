//! What an entry may be called, and where in the prefix it goes.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use lightship_model::manifest::Take;

use super::refuse;

/// Linux's own limits for a name and for a path, in bytes.
const NAME: usize = 255;
const PATH: usize = 4095;
/// No tool nests its directories deeper, and every level costs.
const DEPTH: usize = 128;

/// A name as an error may show it: one line, not too long.
pub(super) fn shown(raw: &[u8]) -> String {
    const LENGTH: usize = 100;
    let text = String::from_utf8_lossy(raw).escape_debug().to_string();
    if text.chars().count() <= LENGTH {
        return format!("`{text}`");
    }
    format!("`{}…`", text.chars().take(LENGTH).collect::<String>())
}

pub(super) fn shown_path(path: &Path) -> String {
    shown(path.as_os_str().as_bytes())
}

/// An entry's name as a relative path without `.`; empty for the archive's root. Anything that
/// could lead elsewhere, or that no file of a tool is called, is an error.
pub(super) fn clean(raw: &[u8]) -> io::Result<PathBuf> {
    let fail = |what: &str| refuse(format!("the path {} {what}", shown(raw)));
    if raw.iter().any(u8::is_ascii_control) {
        return Err(fail("has a control character in it"));
    }
    if raw.first() == Some(&b'/') {
        return Err(fail("leaves the archive: it is absolute"));
    }
    if raw.len() > PATH {
        return Err(fail("is too long"));
    }
    let mut path = PathBuf::new();
    let mut depth = 0;
    for part in raw.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => continue,
            b".." => return Err(fail("leaves the archive")),
            part if part.len() > NAME => return Err(fail("has a part that is too long")),
            part => path.push(OsStr::from_bytes(part)),
        }
        depth += 1;
    }
    if depth > DEPTH {
        return Err(fail("is nested too deeply"));
    }
    Ok(path)
}

/// Where an entry goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Relative to the prefix, and not empty.
    pub(super) path: PathBuf,
    /// Made executable, whatever the archive says.
    pub(super) executable: bool,
}

/// What of an archive is wanted.
pub(super) struct Selection<'a> {
    takes: Vec<(&'a Take, PathBuf, PathBuf)>,
    strip: usize,
    taken: Vec<bool>,
}

impl<'a> Selection<'a> {
    pub(super) fn new(take: &'a [Take], strip: u8) -> io::Result<Self> {
        let paths =
            |take: &'a Take| Ok((take, clean(take.from.as_bytes())?, clean(take.to.as_bytes())?));
        let takes = take.iter().map(paths).collect::<io::Result<Vec<_>>>()?;
        Ok(Self { takes, strip: strip.into(), taken: vec![false; take.len()] })
    }

    /// Where the entry `path` goes; nothing if it is not wanted.
    pub(super) fn take(&mut self, path: &Path) -> Option<Place> {
        let (index, place) = self.find(path)?;
        if let Some(taken) = index.and_then(|index| self.taken.get_mut(index)) {
            *taken = true;
        }
        place
    }

    /// Where an entry that another one names went.
    pub(super) fn place(&self, path: &Path) -> Option<Place> {
        self.find(path)?.1
    }

    fn find(&self, path: &Path) -> Option<(Option<usize>, Option<Place>)> {
        if self.takes.is_empty() {
            let rest = path.components().skip(self.strip).collect();
            return Some((None, place(rest, false)));
        }
        self.takes.iter().enumerate().find_map(|(index, (take, from, to))| {
            let rest = path.strip_prefix(from).ok()?;
            let to = if rest.as_os_str().is_empty() { to.clone() } else { to.join(rest) };
            Some((Some(index), place(to, take.executable)))
        })
    }

    /// What was to be taken and was not there.
    pub(super) fn missing(&self) -> Option<&str> {
        let index = self.taken.iter().position(|taken| !taken)?;
        self.takes.get(index).map(|(take, ..)| take.from.as_str())
    }
}

fn place(path: PathBuf, executable: bool) -> Option<Place> {
    (!path.as_os_str().is_empty()).then_some(Place { path, executable })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_name_is_a_relative_path() {
        for (raw, path) in [("a/b", "a/b"), ("./a//b/", "a/b"), (".", ""), ("a\\b", "a\\b")] {
            assert_eq!(clean(raw.as_bytes()).unwrap(), Path::new(path), "{raw}");
        }
        assert_eq!(clean(b"\xff\xfe").unwrap().as_os_str().as_bytes(), b"\xff\xfe");
    }

    #[test]
    fn a_name_that_leads_elsewhere_or_can_be_no_files_is_an_error() {
        let long = "x".repeat(NAME + 1);
        let longer = "x/".repeat(PATH);
        let deep = "d/".repeat(DEPTH + 1);
        for raw in ["/a", "..", "a/../..", "a/..", "a\nb", "a\0b", "\x7f", &long, &longer, &deep] {
            let error = clean(raw.as_bytes()).unwrap_err().to_string();
            assert!(error.len() < 400 && !error.contains('\n'), "{error}");
        }
    }

    fn take(from: &str, to: &str) -> Take {
        Take { from: from.into(), to: to.into(), executable: false }
    }

    #[test]
    fn what_is_taken_goes_where_it_is_told_and_the_rest_nowhere() {
        let takes = [take("pkg/lib/", "lib"), take("pkg/x", "bin/y")];
        let mut selection = Selection::new(&takes, 0).unwrap();
        let mut to = |path: &str| Some(selection.take(Path::new(path))?.path.display().to_string());
        assert_eq!(to("pkg/lib/a/b").as_deref(), Some("lib/a/b"));
        assert_eq!(to("pkg/other"), None);
        assert_eq!(to("pkg/lib").as_deref(), Some("lib"));
        assert_eq!(selection.missing(), Some("pkg/x"));
        assert_eq!(selection.place(Path::new("pkg/x")).unwrap().path, Path::new("bin/y"));
        assert_eq!(selection.missing(), Some("pkg/x"), "to look is not to take");
        assert!(Selection::new(&[take("a", "../b")], 0).is_err());
    }

    #[test]
    fn leading_directories_are_dropped_with_what_lies_beside_them() {
        let mut selection = Selection::new(&[], 1).unwrap();
        assert_eq!(selection.take(Path::new("top/a")).unwrap().path, Path::new("a"));
        assert_eq!(selection.take(Path::new("top")), None);
        assert_eq!(selection.missing(), None);
    }
}
