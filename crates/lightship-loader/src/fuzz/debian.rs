//! What has to hold whatever Debian's files say: packages, lists of packages, signed messages and
//! keys.
#![expect(clippy::unwrap_used, reason = "whatever fails here is a finding")]

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fs;
use std::sync::LazyLock;

use lightship_debian::control::{Paragraphs, paragraphs};
use lightship_debian::index::{Id, Index};
use lightship_debian::openpgp::{Keyring, pinned, verify};
use lightship_debian::relation::groups;
use lightship_debian::resolve::{Request, resolve};
use lightship_debian::sources::{parse_deb822, parse_list};
use lightship_debian::version::compare;

use crate::fetch::archive::Limits;
use crate::fetch::archive::fuzz::{Bounds, Place, put_checksum};
use crate::source::deb::unpack;

const BYTES: u64 = 256 << 10;
const ENTRIES: u64 = 200;
/// Each entry may need directories of its own, and the links into `usr` come on top.
const DIRECTORIES: u64 = 60;
/// Longer than any sentence about a package or a key.
const SENTENCE: usize = 4096;

/// A package: `bytes` as they are, and as the data of one that is well-formed, with tar's
/// checksums put right.
pub fn deb(bytes: &[u8]) {
    unpacked(bytes);
    let mut data = bytes.to_owned();
    for block in data.as_chunks_mut::<512>().0 {
        if &block[257..262] == b"ustar" {
            put_checksum(block);
        }
    }
    unpacked(&around(&data));
}

/// The package with the data `data`.
fn around(data: &[u8]) -> Vec<u8> {
    let mut package = b"!<arch>\n".to_vec();
    let control = control();
    for (name, bytes) in [("debian-binary", b"2.0\n".as_slice()), ("control.tar", &control)] {
        member(&mut package, name, bytes);
    }
    member(&mut package, "data.tar", data);
    package
}

fn member(package: &mut Vec<u8>, name: &str, bytes: &[u8]) {
    let head = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 644, bytes.len());
    package.extend_from_slice(head.as_bytes());
    package.extend_from_slice(bytes);
    package.resize(package.len().next_multiple_of(2), b'\n');
}

/// A tar with the file `control` alone.
fn control() -> Vec<u8> {
    const TEXT: &[u8] = b"Package: x\nVersion: 1\n";
    let mut tar = vec![0; 4 * 512];
    tar[..7].copy_from_slice(b"control");
    tar[100..107].copy_from_slice(b"0000644");
    tar[124..135].copy_from_slice(format!("{:011o}", TEXT.len()).as_bytes());
    tar[136..147].copy_from_slice(b"00000000000");
    tar[156] = b'0';
    tar[257..265].copy_from_slice(b"ustar  \0");
    put_checksum(tar.first_chunk_mut().unwrap());
    tar[512..512 + TEXT.len()].copy_from_slice(TEXT);
    tar
}

fn unpacked(bytes: &[u8]) {
    let place = Place::new("deb");
    let (file, root) = (place.0.join("package.deb"), place.0.join("root"));
    let report = place.0.join("report.json");
    fs::write(&file, bytes).unwrap();
    fs::create_dir_all(root.join("usr")).unwrap();
    let limits = Limits::fixed(BYTES, ENTRIES);
    let done = unpack::quietly(file, root.clone(), report.clone(), limits);
    if let Err(error) = &done {
        assert!(error.to_string().len() < SENTENCE + bytes.len(), "{error}");
    }
    let beside = fs::read_dir(&place.0).unwrap().map(|entry| entry.unwrap().file_name());
    let known = |name: &std::ffi::OsString| {
        ["package.deb", "root", "report.json"].iter().any(|known| name == *known)
    };
    let strange: Vec<_> = beside.filter(|name| !known(name)).collect();
    assert!(strange.is_empty(), "beside the root: {strange:?}");
    assert_eq!(report.exists(), done.is_ok());
    let entries = ENTRIES * DIRECTORIES;
    Bounds { bytes: BYTES, entries, modes: 0o7000 }.assert_hold(&root, done.is_ok());
}

/// Signed by [`KEY`]; the secret key was thrown away.
const MESSAGE: &str = include_str!("openpgp/message.asc");
const KEY: &str = include_str!("openpgp/key.asc");
/// A minute after it was signed, in seconds since 1970.
const SIGNED: u64 = 1_795_596_060;

static KNOWN: LazyLock<Keyring> = LazyLock::new(|| {
    let mut keys = Keyring::default();
    keys.add(KEY.as_bytes()).unwrap();
    keys
});

/// A message, a certificate, or both with a zero byte between them: message and certificate.
pub fn openpgp(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let mut typed = Keyring::default();
    for certificate in [first, second, bytes] {
        let before = typed.keys().len();
        match typed.add(certificate) {
            Ok(()) => assert!(!typed.keys().is_empty()),
            Err(error) => {
                assert_eq!(typed.keys().len(), before, "a file that is refused adds nothing");
                assert!(error.to_string().len() < SENTENCE, "{error}");
            }
        }
    }
    for key in typed.keys() {
        // Whoever's keys they are, they have proven that they belong together.
        assert_eq!(key.fingerprint().to_string().len(), key.primary.to_string().len());
    }
    let Ok(message) = std::str::from_utf8(first) else { return };
    // Nobody who makes bytes up can sign for Debian.
    assert!(verify(message, pinned(), SIGNED).is_err());
    if let Ok(verified) = verify(message, &KNOWN, SIGNED) {
        let plain = |text: &str| -> Vec<String> {
            text.lines().map(|line| line.trim_end_matches([' ', '\t', '\r']).to_owned()).collect()
        };
        let signed = verify(MESSAGE, &KNOWN, SIGNED).unwrap();
        assert_eq!(plain(&verified.text), plain(&signed.text), "another text was accepted");
        assert_eq!(verified.signers, signed.signers);
    }
    if let Ok(verified) = verify(message, &typed, SIGNED) {
        let trusted = |signer: &lightship_debian::openpgp::Signer| {
            typed.keys().iter().any(|key| key.fingerprint() == signer.fingerprint)
        };
        assert!(!verified.signers.is_empty() && verified.signers.iter().all(trusted));
    }
}

/// A list of packages, which is read in both ways and resolved; also as apt's configuration.
pub fn packages(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        streamed(text);
        sources(text);
    }
    let mut index = Index::new("amd64");
    if index.add(bytes, 0).is_err() {
        return;
    }
    let names: BTreeSet<String> = names(bytes).into_iter().take(24).collect();
    for name in &names {
        let ids = index.named(name);
        for pair in ids.windows(2) {
            let [newer, older] = [pair[0], pair[1]].map(|id| index.get(id).version);
            assert_ne!(compare(newer, older), Ordering::Less, "{newer} before {older}");
            assert_eq!(compare(newer, older), compare(older, newer).reverse());
        }
        for id in ids.iter().copied().chain(index.providers(name)) {
            let package = index.get(id);
            assert!(!package.name.is_empty() && !package.version.is_empty());
            assert!(["amd64", "all"].contains(&package.arch));
        }
        resolved(&index, name);
    }
}

/// Both readers of paragraphs find the same.
fn streamed(text: &str) {
    let mut reader = Paragraphs::new(text.as_bytes());
    let mut streamed = Vec::new();
    while let Ok(Some(paragraph)) = reader.next() {
        let fields: Vec<(String, String)> =
            paragraph.fields().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        if !fields.is_empty() {
            streamed.push(fields);
        }
    }
    let whole: Vec<Vec<(String, String)>> = paragraphs(text)
        .map(|paragraph| {
            paragraph.fields().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        })
        .collect();
    assert_eq!(streamed, whole);
}

fn sources(text: &str) {
    for source in parse_list(text).into_iter().chain(parse_deb822(text)) {
        assert!(source.uris.len() + source.suites.len() <= text.len());
    }
}

/// Names in `bytes` that may be of packages.
fn names(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut names = Vec::new();
    for paragraph in paragraphs(&text) {
        names.extend(paragraph.get("Package").map(str::to_owned));
        for group in groups(paragraph.get("Provides").unwrap_or_default(), "amd64") {
            names.extend(group.iter().map(|relation| relation.name.to_owned()));
        }
    }
    // In a request that is a version behind a name.
    names.retain(|name| !name.contains('='));
    names
}

/// What is chosen for `name` is one package a name, and has what it needs.
fn resolved(index: &Index, name: &str) {
    let request = Request { packages: vec![name.to_owned()], ..Request::default() };
    let chosen = match resolve(index, &request) {
        Ok(chosen) => chosen,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    assert_eq!(resolve(index, &request).unwrap(), chosen, "the same question, another answer");
    let names: BTreeSet<&str> = chosen.iter().map(|id| index.get(*id).name).collect();
    assert_eq!(names.len(), chosen.len());
    assert!(names.contains(name), "{name:?} is not among {names:?}");
    for id in &chosen {
        let package = index.get(*id);
        for field in [package.pre_depends, package.depends] {
            for group in groups(field, "amd64") {
                let met = |id: &Id| group.iter().any(|wish| is_met_by(index, wish, *id));
                assert!(chosen.iter().any(met), "{} lacks one of {group:?}", package.name);
            }
        }
    }
}

fn is_met_by(index: &Index, wish: &lightship_debian::relation::Relation<'_>, id: Id) -> bool {
    let package = index.get(id);
    let provided = lightship_debian::relation::list(package.provides, "amd64")
        .filter(|provided| provided.name == wish.name)
        .any(|provided| wish.accepts_provided(provided.version.map(|(_, version)| version)));
    provided || (package.name == wish.name && wish.accepts(package.version))
}

#[cfg(test)]
mod tests {
    use super::super::tests::replay;
    use super::*;

    #[test]
    fn packages_that_were_worth_keeping() {
        replay("deb", deb);
    }

    #[test]
    fn messages_and_keys_that_were_worth_keeping() {
        replay("openpgp", openpgp);
    }

    #[test]
    fn lists_that_were_worth_keeping() {
        replay("packages", packages);
    }

    #[test]
    fn the_message_of_these_tests_is_signed() {
        let verified = verify(MESSAGE, &KNOWN, SIGNED).unwrap();
        assert!(verified.text.starts_with("Origin: Test\n"), "{}", verified.text);
    }
}
