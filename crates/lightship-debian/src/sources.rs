//! Where apt would fetch from, and whom it would trust: `/etc/apt/sources.list`, its directory
//! in both forms, `Signed-By`, and the trusted keys. Only what is there is told; there is no
//! default.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::control::paragraphs;
use crate::openpgp::Keyring;

/// One archive's suites, as a configuration names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    pub uris: Vec<String>,
    pub suites: Vec<String>,
    pub components: Vec<String>,
    /// Empty for all.
    pub architectures: Vec<String>,
    pub signed_by: SignedBy,
}

/// Whose signature a source wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SignedBy {
    /// Anybody's that the machine trusts.
    #[default]
    Anybody,
    Files(Vec<PathBuf>),
    /// A certificate in the configuration itself.
    Text(String),
}

/// Reads apt's configuration below `root` (`/`). What is not there gives nothing.
///
/// # Errors
/// When a file is there and can't be read.
pub fn read(root: &Path) -> io::Result<Vec<Source>> {
    let apt = root.join("etc/apt");
    let mut sources = Vec::new();
    if let Some(text) = text_of(&apt.join("sources.list"))? {
        sources.extend(parse_list(&text));
    }
    for path in files(&apt.join("sources.list.d"))? {
        let Some(text) = text_of(&path)? else { continue };
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("sources") => sources.extend(parse_deb822(&text)),
            Some("list") => sources.extend(parse_list(&text)),
            _ => {}
        }
    }
    for source in &mut sources {
        source.uris = mirrors(&source.uris, root)?;
    }
    Ok(sources)
}

/// Addresses with those that name a list of mirrors replaced by its lines. Images of clouds
/// have such a list of one.
fn mirrors(uris: &[String], root: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for uri in uris {
        let Some(list) = uri.strip_prefix("mirror+file:") else {
            found.push(uri.clone());
            continue;
        };
        let text = text_of(&root.join(list.trim_start_matches('/')))?.unwrap_or_default();
        let lines = text.lines().filter_map(|line| line.split_whitespace().next());
        found.extend(lines.filter(|line| !line.starts_with('#')).map(str::to_owned));
    }
    Ok(found)
}

/// The keys that apt trusts for any source without a `Signed-By`. A file that is none is passed
/// over, as apt does.
///
/// # Errors
/// When a file is there and can't be read.
pub fn trusted_keys(root: &Path) -> io::Result<Keyring> {
    let apt = root.join("etc/apt");
    let mut keyring = Keyring::default();
    let mut paths = vec![apt.join("trusted.gpg")];
    paths.extend(files(&apt.join("trusted.gpg.d"))?);
    for path in paths {
        if let Some(bytes) = bytes_of(&path)? {
            drop(keyring.add(&bytes));
        }
    }
    Ok(keyring)
}

/// The one-line form: `deb [signed-by=/x] URI suite component…`.
pub fn parse_list(text: &str) -> Vec<Source> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Source> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let mut rest = line.strip_prefix("deb")?;
    if !rest.starts_with([' ', '\t', '[']) {
        return None;
    }
    rest = rest.trim_start();
    let mut source = Source::default();
    if let Some(options) = rest.strip_prefix('[') {
        let (options, after) = options.split_once(']')?;
        rest = after;
        for option in options.split_whitespace() {
            let (name, value) = option.split_once('=')?;
            let values = value.split(',');
            match name.to_ascii_lowercase().as_str() {
                "arch" => source.architectures = values.map(str::to_owned).collect(),
                "signed-by" => source.signed_by = SignedBy::Files(values.map(Into::into).collect()),
                _ => {}
            }
        }
    }
    let mut words = rest.split_whitespace().map(str::to_owned);
    source.uris.push(words.next()?);
    source.suites.push(words.next()?);
    source.components = words.collect();
    Some(source)
}

/// The form with paragraphs (`*.sources`).
pub fn parse_deb822(text: &str) -> Vec<Source> {
    let sources = paragraphs(text).filter_map(|paragraph| {
        // Comments inside of values are no part of them.
        let words = |name: &str| -> Vec<String> {
            paragraph
                .lines(name)
                .filter(|line| !line.starts_with('#'))
                .flat_map(str::split_whitespace)
                .map(str::to_owned)
                .collect()
        };
        let enabled = paragraph.get("Enabled").is_none_or(|value| value != "no");
        if !enabled || !words("Types").iter().any(|kind| kind == "deb") {
            return None;
        }
        let signed_by = match paragraph.get("Signed-By") {
            None | Some("") => SignedBy::Anybody,
            Some(text) if text.contains("BEGIN PGP PUBLIC KEY BLOCK") => {
                // An empty line is written as a dot.
                let plain = |line: &str| if line == "." { String::new() } else { line.to_owned() };
                let lines: Vec<String> = text.lines().map(str::trim).map(plain).collect();
                SignedBy::Text(lines.join("\n") + "\n")
            }
            Some(_) => SignedBy::Files(words("Signed-By").iter().map(Into::into).collect()),
        };
        Some(Source {
            uris: words("URIs"),
            suites: words("Suites"),
            components: words("Components"),
            architectures: words("Architectures"),
            signed_by,
        })
    });
    sources.filter(|source| !source.uris.is_empty() && !source.suites.is_empty()).collect()
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn text_of(path: &Path) -> io::Result<Option<String>> {
    Ok(bytes_of(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

fn bytes_of(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("etc/apt/sources.list.d");
        fs::create_dir_all(&folder).unwrap();
        let list = "# deb http://no x main\ndeb-src http://m/debian s main\n\
                    deb [arch=amd64,arm64 signed-by=/k.gpg] http://m/debian bookworm main contrib # c\n";
        fs::write(root.path().join("etc/apt/sources.list"), list).unwrap();
        let paragraphs = "Types: deb deb-src\n# comment\nURIs: http://s/sec\nSuites: a b\n\
                          Components: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n x\n\n\
                          Types: deb\nURIs: http://off\nSuites: c\nEnabled: no\n";
        fs::write(folder.join("debian.sources"), paragraphs).unwrap();
        fs::write(folder.join("old.sources.disabled"), paragraphs).unwrap();
        let sources = read(root.path()).unwrap();
        assert_eq!(sources.len(), 2, "{sources:?}");
        assert_eq!(sources[0].uris, ["http://m/debian"]);
        assert_eq!(sources[0].components, ["main", "contrib"]);
        assert_eq!(sources[0].architectures, ["amd64", "arm64"]);
        assert_eq!(sources[0].signed_by, SignedBy::Files(vec!["/k.gpg".into()]));
        assert_eq!(sources[1].suites, ["a", "b"]);
        let text = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nx\n".to_owned();
        assert_eq!(sources[1].signed_by, SignedBy::Text(text));
    }

    #[test]
    fn a_list_of_mirrors_is_followed() {
        let root = tempfile::tempdir().unwrap();
        let apt = root.path().join("etc/apt");
        fs::create_dir_all(apt.join("mirrors")).unwrap();
        fs::write(apt.join("mirrors/x.list"), "# nearest\nhttp://m/debian priority:1\n").unwrap();
        let text = "deb mirror+file:/etc/apt/mirrors/x.list bookworm main\n\
                    deb mirror+file:///nowhere s main\n";
        fs::write(apt.join("sources.list"), text).unwrap();
        let sources = read(root.path()).unwrap();
        assert_eq!(sources[0].uris, ["http://m/debian"]);
        assert!(sources[1].uris.is_empty());
    }

    #[test]
    fn a_machine_without_apt_has_no_sources() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(read(root.path()).unwrap(), []);
        assert_eq!(trusted_keys(root.path()).unwrap(), Keyring::default());
    }
}
