//! The whole of it: every lock reads back, bad ones say where, and a manifest takes the fresh.

use std::io;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::key::{Platform, keys};
use crate::manifest::{Manifest, ManifestErrors, Text, Which};
use crate::settings::{Given, Settings};

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 4]>().prop_map(|bytes| Digest::of(&bytes))
}

/// Sizes as TOML has numbers: up to 2⁶³.
fn size() -> impl Strategy<Value = u64> {
    0..=u64::from(u32::MAX)
}

/// Anything that might stand in a string, the awkward more often.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,12}", "[a-z'\"\\\\\n\t]{0,12}", "'{0,4}"]
}

fn file() -> impl Strategy<Value = LockedFile> {
    (text(), proptest::option::of(size()), digest()).prop_map(|(name, size, sha256)| LockedFile {
        name,
        size,
        sha256,
    })
}

fn deb() -> impl Strategy<Value = LockedDebPackage> {
    let archive = prop_oneof![Just(DebArchive::Main), Just(DebArchive::Security)];
    (text(), text(), text(), size(), digest(), archive, text()).prop_map(
        |(name, version, arch, size, sha256, archive, path)| LockedDebPackage {
            name,
            version,
            arch,
            size,
            sha256,
            archive,
            path,
        },
    )
}

fn locked() -> impl Strategy<Value = Locked> {
    let package = (text(), text(), proptest::collection::vec(file(), 0..3))
        .prop_map(|(name, version, files)| LockedPackage { name, version, files });
    prop_oneof![
        (text(), text(), digest(), size(), proptest::option::of(text())).prop_map(
            |(package, version, sha256, size, dependencies)| {
                Locked::Cargo(LockedCargo { package, version, sha256, size, dependencies })
            }
        ),
        proptest::collection::vec(package, 0..3).prop_map(Locked::Pip),
        (text(), text(), text(), text()).prop_map(|(package, version, integrity, lock)| {
            Locked::Npm(LockedNpm { package, version, integrity, lock })
        }),
        (digest(), size(), proptest::option::of(text())).prop_map(|(sha256, size, path)| {
            Locked::Binary(LockedBinary { sha256, size, path })
        }),
        (
            proptest::option::of(text()),
            proptest::option::of(text()),
            proptest::collection::vec(deb(), 0..3)
        )
            .prop_map(|(release, libc, packages)| {
                Locked::Deb(LockedDeb { release, libc, packages })
            }),
        Just(Locked::Script),
    ]
}

proptest! {
    #[test]
    fn every_lock_reads_back_as_what_was_written(
        entries in proptest::collection::btree_map(
            "[a-z][a-z0-9._-]{0,8}",
            (digest(), proptest::option::of(text()), locked()),
            0..4,
        )
    ) {
        let tools = entries
            .into_iter()
            .filter_map(|(name, (recipe, version, locked))| {
                Some((name.parse().ok()?, Entry { recipe, version, locked }))
            })
            .collect();
        let lock = Lock { tools };
        let text = lock.to_text("1.2.3");
        let read = Lock::read(&Text::new("l", text.clone()));
        prop_assert_eq!(read.as_ref(), Ok(&lock), "{}", text);
        prop_assert_eq!(read.unwrap().to_text("1.2.3"), text);
    }

    #[test]
    fn no_text_makes_reading_panic(text in "[ -~\n]{0,200}") {
        drop(Lock::read(&Text::new("l", text)));
    }
}

fn refusal(text: &str) -> String {
    Lock::read(&Text::new("x.lock", text)).unwrap_err().to_string()
}

#[test]
fn what_is_wrong_with_a_lock_is_told_with_its_place() {
    let error = refusal("format = 1\n[tools.a]\nrecipe = \"no\"\n");
    assert!(error.starts_with("x.lock:3:10: `no` is not a SHA-256 digest"), "{error}");
    let error = refusal("format = 1\n[tools.a]\nrecip = \"no\"\n");
    assert!(error.contains("did you mean `recipe`?"), "{error}");
    let recipe = Digest::of(b"");
    let error = refusal(&format!("format = 1\n[tools.a]\nrecipe = \"{recipe}\"\n"));
    assert!(error.starts_with("x.lock:2:1: tool `a` needs exactly one of"), "{error}");
    assert!(error.contains("lightship lock --upgrade"), "{error}");
}

#[test]
fn a_lock_of_another_format_is_not_guessed_at() {
    let error = refusal("format = 7\nsomething = \"new\"\n");
    assert!(
        error.starts_with("x.lock:1:10: format 7 of a lock is not known here: 1 is"),
        "{error}"
    );
}

const MANIFEST: &str = "[tools.c]\ncargo = { package = \"c\" }\n\
                        [tools.s]\nscript = { run = [\"true\"] }\n";

fn manifest(text: &str) -> Manifest {
    Manifest::load(Text::new("m", text), |_, _| Err(String::new())).unwrap()
}

fn fresh() -> Lock {
    let manifest = manifest(MANIFEST);
    let entry = |name: &str, version: Option<&str>, locked| {
        let recipe = recipe(&manifest.tools[&name.parse().unwrap()]);
        (name.parse().unwrap(), Entry { recipe, version: version.map(str::to_owned), locked })
    };
    let cargo = LockedCargo {
        package: "c".into(),
        version: "1.2.3".into(),
        sha256: Digest::of(b"c"),
        size: 1,
        dependencies: None,
    };
    let tools = [entry("c", Some("1.2.3"), Locked::Cargo(cargo)), entry("s", None, Locked::Script)];
    Lock { tools: tools.into() }
}

/// Lays what is in `file` beside the manifest over it.
fn apply_to(
    text: &str,
    file: Option<&str>,
    vars: &[(&str, &str)],
) -> Result<(Manifest, Vec<String>), ManifestErrors> {
    let mut manifest = manifest(text);
    let var = |name: &str| {
        vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    };
    let settings = Settings::resolve(Given::default(), var, &manifest, "/d".into()).unwrap();
    let read = |path: &Path| match file {
        Some(text) if path == Path::new("/etc/agent.lock") => Ok(text.to_owned()),
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    let which = Which::File("/etc/agent.toml".into());
    let warnings = apply(&mut manifest, &which, &settings, read)?;
    Ok((manifest, warnings))
}

const LOCKED: &[(&str, &str)] = &[("LOA_LOCKED", "true")];

#[test]
fn the_lock_beside_the_manifest_gives_each_tool_what_it_is_made_of() {
    let text = fresh().to_text("0");
    let (manifest, warnings) = apply_to(MANIFEST, Some(&text), LOCKED).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    let tool = |name: &str| &manifest.tools[&name.parse().unwrap()];
    assert_eq!(tool("c").version, "1.2.3");
    assert!(matches!(tool("c").locked, Some(Locked::Cargo(_))));
    assert_eq!(tool("s").locked, Some(Locked::Script));
}

#[test]
fn how_a_tool_is_loaded_does_not_make_its_entry_stale_and_its_source_does() {
    let text = fresh().to_text("0");
    let more = format!("{MANIFEST}priority = 1\nload = \"on-demand\"\n");
    assert!(apply_to(&more, Some(&text), LOCKED).is_ok());
    let other = MANIFEST.replace("\"true\"", "\"false\"");
    let (manifest, warnings) = apply_to(&other, Some(&text), &[]).unwrap();
    assert_eq!(manifest.tools[&"s".parse().unwrap()].locked, None);
    assert!(warnings[0].contains("tool `s` was locked for another recipe"), "{warnings:?}");
    let error = apply_to(&other, Some(&text), LOCKED).unwrap_err().to_string();
    assert!(error.starts_with("/etc/agent.lock: tool `s` was locked for another"), "{error}");
}

#[test]
fn without_a_lock_nothing_is_locked_and_asking_for_one_is_refused() {
    let (manifest, warnings) = apply_to(MANIFEST, None, &[]).unwrap();
    assert!(warnings.is_empty() && manifest.tools.values().all(|tool| tool.locked.is_none()));
    let error = apply_to(MANIFEST, None, LOCKED).unwrap_err().to_string();
    assert!(error.contains("/etc/agent.lock: can't read the lock"), "{error}");
    let error = apply_to(MANIFEST, None, &[("LOA_LOCK", "/x")]).unwrap_err().to_string();
    assert!(error.contains("/x: can't read the lock"), "{error}");
    let off = [("LOA_LOCK", "off"), ("LOA_LOCKED", "1")];
    let error = apply_to(MANIFEST, None, &off).unwrap_err().to_string();
    assert!(error.contains("a lock is asked for (environment LOA_LOCKED)"), "{error}");
}

#[test]
fn another_lock_is_another_key_and_a_locked_script_is_the_same_tool() {
    let platform =
        Platform { arch: String::new(), libc: String::new(), python: None, store: String::new() };
    let keys_with = |lock: Option<&Lock>| {
        let text = lock.map(|lock| lock.to_text("0"));
        let (manifest, _) = apply_to(MANIFEST, text.as_deref(), &[]).unwrap();
        keys(&manifest.tools, &platform)
    };
    let mut other = fresh();
    if let Some(Entry { locked: Locked::Cargo(cargo), .. }) =
        other.tools.get_mut(&"c".parse().unwrap())
    {
        cargo.sha256 = Digest::of(b"another");
    }
    let (without, with, other) =
        (keys_with(None), keys_with(Some(&fresh())), keys_with(Some(&other)));
    let (c, s) = ("c".parse().unwrap(), "s".parse().unwrap());
    assert!(without[&c] != with[&c] && with[&c] != other[&c]);
    assert_eq!(without[&s], with[&s]);
}

#[test]
fn the_same_packages_of_a_later_release_are_the_same_tool() {
    let package = LockedDebPackage {
        name: "x".into(),
        version: "1".into(),
        arch: "all".into(),
        size: 1,
        sha256: Digest::of(b"x"),
        archive: DebArchive::Main,
        path: "pool/x.deb".into(),
    };
    let locked = |release: &str, package: &LockedDebPackage| {
        let packages = vec![package.clone()];
        Locked::Deb(LockedDeb { release: Some(release.into()), libc: None, packages }).digest()
    };
    assert_eq!(locked("then", &package), locked("now", &package));
    let other = LockedDebPackage { sha256: Digest::of(b"y"), ..package.clone() };
    assert_ne!(locked("then", &package), locked("then", &other));
}
