//! Writing a lock file: sorted, one value a line, the same bytes for the same content.

use std::fmt::{self, Write as _};

use super::{DebArchive, Entry, FORMAT, Lock, Locked};
use super::{LockedCargo, LockedDeb, LockedNpm, LockedPackage};
use crate::name::ToolName;

const HEAD: &str = "\
# Made by `lightship lock`; commit it beside the manifest. Versions, sizes and digests, and no
# hosts: it works behind any mirror.
";

impl Lock {
    /// The text of the file. `lightship` is the version of who writes it.
    pub fn to_text(&self, lightship: &str) -> String {
        let mut text = format!("{HEAD}format = {FORMAT}\nlightship = {}\n", Quoted(lightship));
        for (name, entry) in &self.tools {
            // Writing to a `String` can't fail.
            tool(&mut text, name, entry).unwrap_or_default();
        }
        text
    }
}

fn tool(out: &mut String, name: &ToolName, entry: &Entry) -> fmt::Result {
    let name = Key(name.as_str());
    writeln!(out, "\n[tools.{name}]\nrecipe = \"{}\"", entry.recipe)?;
    if let Some(version) = &entry.version {
        writeln!(out, "version = {}", Quoted(version))?;
    }
    match &entry.locked {
        Locked::Script => writeln!(out, "script = true"),
        Locked::Binary(binary) => {
            writeln!(out, "\n[tools.{name}.binary]")?;
            if let Some(path) = &binary.path {
                writeln!(out, "path = {}", Quoted(path))?;
            }
            writeln!(out, "size = {}\nsha256 = \"{}\"", binary.size, binary.sha256)
        }
        Locked::Cargo(found) => cargo(out, &name, found),
        Locked::Npm(found) => npm(out, &name, found),
        // An array of tables with nothing in it can't be written as one.
        Locked::Pip(packages) if packages.is_empty() => writeln!(out, "pip = []"),
        Locked::Pip(packages) => packages.iter().try_for_each(|found| pip(out, &name, found)),
        Locked::Deb(found) => deb(out, &name, found),
    }
}

fn cargo(out: &mut String, name: &Key<'_>, found: &LockedCargo) -> fmt::Result {
    let (package, version) = (Quoted(&found.package), Quoted(&found.version));
    writeln!(out, "\n[tools.{name}.cargo]\npackage = {package}\nversion = {version}")?;
    writeln!(out, "size = {}\nsha256 = \"{}\"", found.size, found.sha256)?;
    match &found.dependencies {
        Some(text) => writeln!(out, "dependencies = {}", Block(text)),
        None => Ok(()),
    }
}

fn npm(out: &mut String, name: &Key<'_>, found: &LockedNpm) -> fmt::Result {
    let (package, version) = (Quoted(&found.package), Quoted(&found.version));
    writeln!(out, "\n[tools.{name}.npm]\npackage = {package}\nversion = {version}")?;
    writeln!(out, "integrity = {}\nlock = {}", Quoted(&found.integrity), Block(&found.lock))
}

fn pip(out: &mut String, name: &Key<'_>, found: &LockedPackage) -> fmt::Result {
    let (package, version) = (Quoted(&found.name), Quoted(&found.version));
    writeln!(out, "\n[[tools.{name}.pip]]\nname = {package}\nversion = {version}\nfiles = [")?;
    for file in &found.files {
        write!(out, "  {{ name = {}, ", Quoted(&file.name))?;
        if let Some(size) = file.size {
            write!(out, "size = {size}, ")?;
        }
        writeln!(out, "sha256 = \"{}\" }},", file.sha256)?;
    }
    writeln!(out, "]")
}

fn deb(out: &mut String, name: &Key<'_>, found: &LockedDeb) -> fmt::Result {
    writeln!(out, "\n[tools.{name}.deb]")?;
    if let Some(release) = &found.release {
        writeln!(out, "release = {}", Quoted(release))?;
    }
    if let Some(libc) = &found.libc {
        writeln!(out, "libc = {}", Quoted(libc))?;
    }
    if found.packages.is_empty() {
        return writeln!(out, "packages = []");
    }
    for deb in &found.packages {
        writeln!(out, "\n[[tools.{name}.deb.packages]]")?;
        let (package, version, arch) = (Quoted(&deb.name), Quoted(&deb.version), Quoted(&deb.arch));
        writeln!(out, "name = {package}\nversion = {version}\narch = {arch}")?;
        writeln!(out, "size = {}\nsha256 = \"{}\"", deb.size, deb.sha256)?;
        if deb.archive != DebArchive::Main {
            writeln!(out, "archive = \"{}\"", deb.archive.as_str())?;
        }
        writeln!(out, "path = {}", Quoted(&deb.path))?;
    }
    Ok(())
}

/// A key of a dotted name: bare where TOML lets it be.
struct Key<'a>(&'a str);

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !self.0.is_empty() && self.0.chars().all(bare) {
            return f.write_str(self.0);
        }
        Quoted(self.0).fmt(f)
    }
}

/// A basic string in one line.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                c if c.is_control() => write!(f, "\\u{:04X}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

/// A text of several lines as it is, where no escape is needed.
struct Block<'a>(&'a str);

impl fmt::Display for Block<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |c: char| c == '\n' || c == '\t' || !c.is_control();
        let literal =
            self.0.chars().all(plain) && !self.0.contains("'''") && !self.0.ends_with('\'');
        if literal { write!(f, "'''\n{}'''", self.0) } else { Quoted(self.0).fmt(f) }
    }
}
