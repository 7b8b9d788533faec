//! Finding a manifest and what it extends. Reading is the caller's: nothing here does I/O.

use std::io;
use std::path::{Path, PathBuf};

use super::error::{ManifestError, ManifestErrors};
use super::{Manifest, Text};
use crate::builtin;

/// Which manifest is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    File(PathBuf),
    /// A built-in one, by its name.
    Profile(String),
}

impl Which {
    /// The options that name this manifest to another part of lightship.
    pub fn to_args(&self) -> [String; 2] {
        match self {
            Self::File(path) => ["--manifest".to_owned(), path.to_string_lossy().into_owned()],
            Self::Profile(name) => ["--profile".to_owned(), name.clone()],
        }
    }
}

/// Reads and checks the manifest `which`, with everything that it extends; `read` reads a file.
///
/// # Errors
/// When a file can't be read or anything in it is wrong.
pub fn open(
    which: &Which,
    read: impl Fn(&Path) -> io::Result<String>,
) -> Result<Manifest, ManifestErrors> {
    let root = match which {
        Which::Profile(name) => profile(name).map_err(|reason| unreadable(name, &reason))?,
        Which::File(path) => {
            file(path, &read).map_err(|reason| unreadable(&path.display().to_string(), &reason))?
        }
    };
    Manifest::load(root, |from, what| match what.strip_prefix("builtin:") {
        Some(name) => profile(name),
        None => file(&Path::new(&from.name).with_file_name(what), &read),
    })
}

/// The texts of the manifest `which` and of everything that it extends, the lowest first: for
/// who reads a part of them that [`Manifest`] does not hold.
///
/// # Errors
/// When one can't be read, or they extend each other without end.
pub fn texts(
    which: &Which,
    read: impl Fn(&Path) -> io::Result<String>,
) -> Result<Vec<Text>, ManifestErrors> {
    /// How many files may be laid over one another.
    const MOST: usize = 16;
    #[derive(serde::Deserialize)]
    struct Head {
        extends: Option<toml::Spanned<String>>,
    }
    let root = match which {
        Which::Profile(name) => profile(name).map_err(|reason| unreadable(name, &reason))?,
        Which::File(path) => {
            file(path, &read).map_err(|reason| unreadable(&path.display().to_string(), &reason))?
        }
    };
    let mut texts = vec![root];
    while let Some(text) = texts.last() {
        let Some(what) = text.read::<Head>()?.extends else { break };
        let at = what.span().start;
        if texts.len() >= MOST {
            return Err(text.error(at, "`extends` never ends: 16 manifests deep").into());
        }
        let found = match what.get_ref().strip_prefix("builtin:") {
            Some(name) => profile(name),
            None => file(&Path::new(&text.name).with_file_name(what.get_ref()), &read),
        };
        let found = found.map_err(|reason| {
            text.error(at, format!("can't read `{}`: {reason}", what.get_ref()))
        })?;
        texts.push(found);
    }
    texts.reverse();
    Ok(texts)
}

fn file(path: &Path, read: impl Fn(&Path) -> io::Result<String>) -> Result<Text, String> {
    match read(path) {
        Ok(text) => Ok(Text::new(path.display().to_string(), text)),
        Err(error) => Err(error.to_string()),
    }
}

fn profile(name: &str) -> Result<Text, String> {
    builtin::text(name).ok_or_else(|| {
        let known: Vec<&str> = builtin::PROFILES.iter().map(|(name, _)| *name).collect();
        format!("there is no built-in manifest of that name: {}", known.join(", "))
    })
}

fn unreadable(name: &str, reason: &str) -> ManifestErrors {
    let help = "name a manifest with --manifest FILE, or a built-in one with --profile \
                quickstart or --profile loa";
    ManifestError {
        file: name.to_owned(),
        line: 0,
        column: 0,
        excerpt: String::new(),
        message: format!("can't read the manifest: {reason}"),
        help: Some(help.to_owned()),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_extends_is_looked_for_beside_it() {
        let read = |path: &Path| match path.to_str() {
            Some("/etc/lightship.toml") => Ok("extends = \"core/a.toml\"\n".to_owned()),
            Some("/etc/core/a.toml") => Ok("extends = \"builtin:loa\"\n".to_owned()),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        let manifest = open(&Which::File("/etc/lightship.toml".into()), read).unwrap();
        assert!(!manifest.tools.is_empty());
    }

    #[test]
    fn the_texts_come_with_the_lowest_first() {
        let read = |path: &Path| match path.to_str() {
            Some("/m/a.toml") => Ok("extends = \"b/b.toml\"\n[image]\nx = 1\n".to_owned()),
            Some("/m/b/b.toml") => Ok("[image]\n".to_owned()),
            Some("/m/loop.toml") => Ok("extends = \"loop.toml\"\n".to_owned()),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        let all = texts(&Which::File("/m/a.toml".into()), read).unwrap();
        let names: Vec<&str> = all.iter().map(|text| text.name.as_str()).collect();
        assert_eq!(names, ["/m/b/b.toml", "/m/a.toml"]);
        let error = texts(&Which::File("/m/loop.toml".into()), read).unwrap_err().to_string();
        assert!(error.contains("16 manifests deep"), "{error}");
    }

    #[test]
    fn a_missing_file_and_an_unknown_profile_say_what_to_do() {
        let none = |_: &Path| Err(io::ErrorKind::NotFound.into());
        let error = open(&Which::File("x.toml".into()), none).unwrap_err().to_string();
        assert!(error.starts_with("x.toml: can't read the manifest"), "{error}");
        assert!(error.contains("--profile"), "{error}");
        let error = open(&Which::Profile("nope".into()), none).unwrap_err().to_string();
        assert!(error.contains("quickstart, loa"), "{error}");
    }
}
