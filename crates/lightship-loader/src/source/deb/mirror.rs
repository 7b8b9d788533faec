//! Where the packages come from, and whom to trust for them. No address stands in lightship:
//! the manifest, `LOA_DEBIAN_MIRROR` and apt's own configuration are asked, in this order.

use std::fs;
use std::io;
use std::path::Path;

use lightship_debian::openpgp::{Keyring, pinned};
use lightship_debian::sources::{self, SignedBy, Source};
use lightship_model::lock::DebArchive;
use lightship_model::manifest::{DebSource, Registries};

use crate::install::{InstallError, Job};

/// Where each archive is, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Addresses {
    main: String,
    security: String,
}

impl Addresses {
    pub(super) fn of(&self, archive: DebArchive) -> &str {
        match archive {
            DebArchive::Main => &self.main,
            DebArchive::Security => &self.security,
        }
    }
}

/// One suite of one archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Suite {
    pub(super) archive: DebArchive,
    pub(super) name: String,
}

/// What to read, and whose signature counts.
#[derive(Clone, Debug)]
pub(super) struct Mirror {
    pub(super) addresses: Addresses,
    pub(super) suites: Vec<Suite>,
    pub(super) keys: Keyring,
}

/// What a mirror can be known from.
struct Known<'a> {
    deb: &'a DebSource,
    registries: &'a Registries,
    var: &'a dyn Fn(&str) -> Option<String>,
    /// The machine's root directory.
    root: &'a Path,
}

/// The suites into which packages come as they are made, by either name.
pub(super) const IN_THE_MAKING: [&str; 3] = ["sid", "unstable", "experimental"];

const NO_MIRROR: &str = "no mirror of Debian is known here, as apt is not configured for one: \
                         name one in [registries] `debian`, or in LOA_DEBIAN_MIRROR";
const NO_SUITE: &str = "which Debian? /etc/os-release has no VERSION_CODENAME: name the `suite`";

/// Where the suites of `deb` are found, and whom to trust for them.
pub(super) fn of(deb: &DebSource, registries: &Registries) -> Result<Mirror, InstallError> {
    with_known(deb, registries, find)
}

/// The same for a job.
pub(super) fn of_job(job: &Job<'_>, deb: &DebSource) -> Result<Mirror, InstallError> {
    of(deb, &job.runner.environment.registries)
}

/// Where `job` finds packages that were chosen before: of no suite, so with no signature.
pub(super) fn addresses_of_job(job: &Job<'_>, deb: &DebSource) -> Result<Addresses, InstallError> {
    with_known(deb, &job.runner.environment.registries, |known| Ok(addresses(known)?.0))
}

fn with_known<T>(
    deb: &DebSource,
    registries: &Registries,
    ask: impl FnOnce(&Known<'_>) -> Result<T, InstallError>,
) -> Result<T, InstallError> {
    let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    ask(&Known { deb, registries, var: &var, root: Path::new("/") })
}

fn find(known: &Known<'_>) -> Result<Mirror, InstallError> {
    let deb = known.deb;
    let mut keys = pinned().clone();
    for key in &deb.keys {
        add_key(&mut keys, key)?;
    }
    if let (Some(_), Some(suite)) = (&deb.mirror, &deb.suite) {
        let suites = vec![Suite { archive: DebArchive::Main, name: suite.clone() }];
        return Ok(Mirror { addresses: addresses(known)?.0, suites, keys });
    }
    let codename = deb.suite.clone().or_else(|| codename(known.root));
    let codename = codename.ok_or_else(|| InstallError::Recipe(NO_SUITE.to_owned()))?;
    let (addresses, signed_by) = addresses(known)?;
    if let Some(signed_by) = signed_by {
        keys.extend(&sources::trusted_keys(known.root).map_err(no_apt(known))?);
        for who in &signed_by {
            add_signed_by(&mut keys, who, known.root);
        }
    }
    Ok(Mirror { addresses, suites: suites(&codename), keys })
}

/// The addresses; where apt's configuration has them, with whom it trusts there.
fn addresses(known: &Known<'_>) -> Result<(Addresses, Option<[SignedBy; 2]>), InstallError> {
    if let (Some(mirror), Some(_)) = (&known.deb.mirror, &known.deb.suite) {
        let own = plain(mirror);
        return Ok((Addresses { main: own.clone(), security: own }, None));
    }
    let named = known.registries.debian.clone().or_else(|| (known.var)("LOA_DEBIAN_MIRROR"));
    if let Some(main) = named {
        let main = plain(&main);
        let security = known.registries.debian_security.clone();
        let security = security.or_else(|| (known.var)("LOA_DEBIAN_SECURITY_MIRROR"));
        let security = security.map_or_else(|| format!("{main}-security"), |uri| plain(&uri));
        return Ok((Addresses { main, security }, None));
    }
    let sources = sources::read(known.root).map_err(no_apt(known))?;
    let (main, security) =
        from_apt(&sources).ok_or_else(|| InstallError::Recipe(NO_MIRROR.to_owned()))?;
    let signed_by = [main.1.signed_by.clone(), security.1.signed_by.clone()];
    Ok((Addresses { main: main.0, security: security.0 }, Some(signed_by)))
}

fn no_apt(known: &Known<'_>) -> impl FnOnce(io::Error) -> InstallError {
    InstallError::io("read apt's configuration in", known.root.join("etc/apt"))
}

/// A release with what has come since. Those that are always in the making have nothing apart.
fn suites(codename: &str) -> Vec<Suite> {
    let suite = |archive, name: String| Suite { archive, name };
    let mut suites = vec![suite(DebArchive::Main, codename.to_owned())];
    if !IN_THE_MAKING.contains(&codename) {
        suites.push(suite(DebArchive::Main, format!("{codename}-updates")));
        suites.push(suite(DebArchive::Security, format!("{codename}-security")));
    }
    suites
}

/// The addresses of the archive and of its security archive, each with the source that names it.
type Found<'a> = (String, &'a Source);

fn from_apt(sources: &[Source]) -> Option<(Found<'_>, Found<'_>)> {
    let first = |wanted: &dyn Fn(&str) -> bool| {
        sources.iter().find_map(|source| {
            // Third parties have suites with other names, or none.
            let main = source.components.iter().any(|component| component.starts_with("main"));
            let fits = main && source.suites.iter().any(|suite| wanted(suite));
            let uri = source.uris.iter().find(|uri| is_web(uri))?;
            fits.then(|| (plain(uri), source))
        })
    };
    let archive = |suite: &str| !suite.contains(['-', '/']) && suite != "nodistro";
    let security = |suite: &str| suite.ends_with("-security") || suite.ends_with("/updates");
    // Where a release has updates it is a distribution's archive, and no third party's.
    let with_updates = sources.iter().find_map(|source| {
        let updates = source.suites.iter().any(|suite| suite.ends_with("-updates"));
        let uri = source.uris.iter().find(|uri| is_web(uri))?;
        updates.then(|| (plain(uri), source))
    });
    let main = with_updates.or_else(|| first(&archive))?;
    let security = first(&security).unwrap_or_else(|| (format!("{}-security", main.0), main.1));
    Some((main, security))
}

/// An address that is read over the network, as everything here is.
fn is_web(uri: &str) -> bool {
    uri.starts_with("http://") || uri.starts_with("https://")
}

fn add_key(keys: &mut Keyring, key: &str) -> Result<(), InstallError> {
    let added = if key.contains("BEGIN PGP PUBLIC KEY BLOCK") {
        keys.add(key.as_bytes())
    } else {
        keys.add(&fs::read(key).map_err(InstallError::io("read the key", key))?)
    };
    let shown = key.lines().next().unwrap_or_default();
    added.map_err(|error| InstallError::Recipe(format!("the key `{shown}`: {error}")))
}

/// What apt would trust for that source; a file that is no key is none there either.
fn add_signed_by(keys: &mut Keyring, signed_by: &SignedBy, root: &Path) {
    match signed_by {
        SignedBy::Anybody => {}
        SignedBy::Text(text) => drop(keys.add(text.as_bytes())),
        SignedBy::Files(files) => {
            for file in files {
                let path = root.join(file.strip_prefix("/").unwrap_or(file));
                drop(fs::read(path).map(|bytes| keys.add(&bytes)));
            }
        }
    }
}

/// `VERSION_CODENAME` of the machine.
fn codename(root: &Path) -> Option<String> {
    let text = fs::read_to_string(root.join("etc/os-release"))
        .or_else(|_| fs::read_to_string(root.join("usr/lib/os-release")))
        .ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="))?;
    let value = value.trim_matches('"');
    (!value.is_empty()).then(|| value.to_owned())
}

fn plain(uri: &str) -> String {
    uri.trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deb(text: &str) -> DebSource {
        let manifest = format!("[tools.x.deb]\npackages = [\"xy\"]\n{text}");
        let text = lightship_model::manifest::Text::new("m", &*manifest);
        let manifest =
            lightship_model::manifest::Manifest::load(text, |_, _| Err(String::new())).unwrap();
        let tool = manifest.tools.into_values().next().unwrap();
        match tool.source {
            lightship_model::manifest::Source::Deb(deb) => deb,
            other => panic!("{other:?}"),
        }
    }

    fn found(
        deb: &DebSource,
        registries: &Registries,
        var: Option<&str>,
        root: &Path,
    ) -> Result<Vec<String>, String> {
        let var = |name: &str| (name == "LOA_DEBIAN_MIRROR").then(|| var.map(str::to_owned))?;
        let known = Known { deb, registries, var: &var, root };
        let mirror = find(&known).map_err(|error| error.to_string())?;
        let address = |archive| mirror.addresses.of(archive);
        let shown = |suite: &Suite| format!("{} {}", address(suite.archive), suite.name);
        Ok(mirror.suites.iter().map(shown).collect())
    }

    #[test]
    fn the_manifest_goes_before_the_environment_and_that_before_apt() {
        let root = tempfile::tempdir().unwrap();
        let none = Registries::default();
        let own = deb("mirror = \"http://own/\"\nsuite = \"x\"");
        assert_eq!(found(&own, &none, None, root.path()).unwrap(), ["http://own x"]);

        let plain = deb("suite = \"bookworm\"");
        let error = found(&plain, &none, None, root.path()).unwrap_err();
        assert!(error.contains("LOA_DEBIAN_MIRROR"), "{error}");
        let var = Some("http://var/debian/");
        let from_var = [
            "http://var/debian bookworm",
            "http://var/debian bookworm-updates",
            "http://var/debian-security bookworm-security",
        ];
        assert_eq!(found(&plain, &none, var, root.path()).unwrap(), from_var);
        let registries = Registries {
            debian: Some("http://reg/d".into()),
            debian_security: Some("http://sec".into()),
            ..Registries::default()
        };
        let from_manifest = found(&plain, &registries, var, root.path()).unwrap();
        assert_eq!(from_manifest[0], "http://reg/d bookworm");
        assert_eq!(from_manifest[2], "http://sec bookworm-security");
        // Packages that were chosen before are had where no release is known, too.
        let known =
            Known { deb: &deb(""), registries: &registries, var: &|_| None, root: root.path() };
        assert_eq!(addresses(&known).unwrap().0.of(DebArchive::Security), "http://sec");
        assert!(find(&known).is_err());
    }

    #[test]
    fn apts_mirrors_are_used_for_the_machines_release() {
        let root = tempfile::tempdir().unwrap();
        let apt = root.path().join("etc/apt");
        fs::create_dir_all(&apt).unwrap();
        let list = "deb http://third/apt nodistro main\ndeb http://m/debian/ trixie main\n\
                    deb http://m/debian trixie-updates main\n\
                    deb http://s/security trixie-security main\n";
        fs::write(apt.join("sources.list"), list).unwrap();
        let none = Registries::default();
        let error = found(&deb(""), &none, None, root.path()).unwrap_err();
        assert!(error.contains("VERSION_CODENAME"), "{error}");
        fs::write(root.path().join("etc/os-release"), "VERSION_CODENAME=trixie\n").unwrap();
        let suites = found(&deb(""), &none, None, root.path()).unwrap();
        assert_eq!(
            suites,
            [
                "http://m/debian trixie",
                "http://m/debian trixie-updates",
                "http://s/security trixie-security"
            ]
        );
    }
}
