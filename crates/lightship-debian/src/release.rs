//! A suite's `InRelease`: which indexes it has, and what their bytes have to be.

use std::collections::BTreeMap;

use lightship_model::digest::Digest;

use crate::control::paragraphs;
use crate::openpgp::{self, Keyring, OpenPgpError, SKEW, Signer};

/// A suite's list of its files. It exists only verified.
#[derive(Clone, Debug)]
pub struct Release {
    pub suite: String,
    pub codename: String,
    pub origin: String,
    /// Seconds since 1970, as everywhere here.
    pub date: u64,
    pub valid_until: Option<u64>,
    pub architectures: Vec<String>,
    pub components: Vec<String>,
    /// Files can be fetched by their digest, which a mirror that is being updated needs.
    pub by_hash: bool,
    /// Packages for every architecture stand in a list of their own only.
    pub all_apart: bool,
    pub signers: Vec<Signer>,
    files: BTreeMap<String, (u64, Digest)>,
}

/// Why a suite is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    #[error("InRelease of {suite}: {source}")]
    OpenPgp { suite: String, source: OpenPgpError },
    #[error("InRelease of {suite} is of another suite: {found}; is the mirror's address right?")]
    OtherSuite { suite: String, found: String },
    #[error(
        "InRelease of {suite} was valid until {until}; the mirror is stale, or the clock wrong"
    )]
    Expired { suite: String, until: String },
    #[error("InRelease of {suite} is dated {date}, in the future; is the clock right?")]
    FromTheFuture { suite: String, date: String },
    #[error("InRelease of {suite} has no usable `{field}`")]
    Field { suite: String, field: &'static str },
    #[error("{suite} has no packages for {arch} in component `{component}`; it has {there}")]
    NoIndex { suite: String, component: String, arch: String, there: String },
}

/// One index of a suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexFile {
    /// Relative to the suite's directory, by digest where the archive has that.
    pub path: String,
    /// The same by its name.
    pub name: String,
    pub size: u64,
    pub sha256: Digest,
}

impl Release {
    /// Verifies and reads the `InRelease` that a mirror gave for `suite`, at the time `now`.
    ///
    /// # Errors
    /// When nobody in `keys` has signed it, when it is another suite's, too old or too new.
    pub fn verified(
        message: &str,
        suite: &str,
        keys: &Keyring,
        now: u64,
    ) -> Result<Self, ReleaseError> {
        let fail = |source| ReleaseError::OpenPgp { suite: suite.to_owned(), source };
        let verified = openpgp::verify(message, keys, now).map_err(fail)?;
        let release = Self::parse(&verified.text, verified.signers, suite)?;
        if release.suite != suite && release.codename != suite {
            let found = format!("{} ({})", release.codename, release.suite);
            return Err(ReleaseError::OtherSuite { suite: suite.to_owned(), found });
        }
        let field = |name| text_field(&verified.text, name).unwrap_or_default();
        if release.valid_until.is_some_and(|until| until < now) {
            let until = field("Valid-Until");
            return Err(ReleaseError::Expired { suite: suite.to_owned(), until });
        }
        if release.date > now.saturating_add(SKEW) {
            let date = field("Date");
            return Err(ReleaseError::FromTheFuture { suite: suite.to_owned(), date });
        }
        Ok(release)
    }

    fn parse(text: &str, signers: Vec<Signer>, suite: &str) -> Result<Self, ReleaseError> {
        let missing = |field| ReleaseError::Field { suite: suite.to_owned(), field };
        let paragraph = paragraphs(text).next().ok_or_else(|| missing("Date"))?;
        let field = |name| paragraph.get(name).unwrap_or_default().to_owned();
        let words = |name| field(name).split_whitespace().map(str::to_owned).collect();
        let mut files = BTreeMap::new();
        for line in paragraph.lines("SHA256") {
            let mut parts = line.split_whitespace();
            let entry = || {
                let digest = parts.next()?.parse().ok()?;
                let size = parts.next()?.parse().ok()?;
                Some((parts.next()?.to_owned(), (size, digest)))
            };
            let (path, file) = { entry }().ok_or_else(|| missing("SHA256"))?;
            files.insert(path, file);
        }
        if files.is_empty() {
            return Err(missing("SHA256"));
        }
        let valid_until = match paragraph.get("Valid-Until") {
            Some(text) => Some(date(text).ok_or_else(|| missing("Valid-Until"))?),
            None => None,
        };
        let yes = |name: &str| paragraph.get(name).is_some_and(|v| v.eq_ignore_ascii_case("yes"));
        let architectures: Vec<String> = words("Architectures");
        let mixed = field("No-Support-for-Architecture-all").contains("Packages");
        Ok(Self {
            suite: field("Suite"),
            codename: field("Codename"),
            origin: field("Origin"),
            date: date(&field("Date")).ok_or_else(|| missing("Date"))?,
            valid_until,
            all_apart: !mixed && architectures.iter().any(|arch| arch == "all"),
            architectures,
            components: words("Components"),
            by_hash: yes("Acquire-By-Hash"),
            signers,
            files,
        })
    }

    /// Size and digest of a file of the suite, by its path below the suite's directory.
    pub fn file(&self, path: &str) -> Option<(u64, &Digest)> {
        self.files.get(path).map(|(size, digest)| (*size, digest))
    }

    /// The package lists of a component for an architecture, in the smallest form that can be
    /// read here.
    ///
    /// # Errors
    /// When there is none.
    pub fn package_lists(
        &self,
        component: &str,
        arch: &str,
    ) -> Result<Vec<IndexFile>, ReleaseError> {
        let mut lists: Vec<IndexFile> = self.package_list(component, arch).into_iter().collect();
        if lists.is_empty() {
            return Err(ReleaseError::NoIndex {
                suite: self.codename.clone(),
                component: component.to_owned(),
                arch: arch.to_owned(),
                there: format!("{}; {}", self.architectures.join(", "), self.components.join(", ")),
            });
        }
        if self.all_apart {
            lists.extend(self.package_list(component, "all"));
        }
        Ok(lists)
    }

    fn package_list(&self, component: &str, arch: &str) -> Option<IndexFile> {
        let stem = format!("{component}/binary-{arch}/Packages");
        ["xz", "zst", "gz", ""].into_iter().find_map(|ending| {
            let dot = if ending.is_empty() { "" } else { "." };
            let name = format!("{stem}{dot}{ending}");
            let (size, sha256) = self.files.get(&name)?;
            let path = if self.by_hash {
                let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
                format!("{folder}/by-hash/SHA256/{}", sha256.as_str())
            } else {
                name.clone()
            };
            Some(IndexFile { path, name, size: *size, sha256: sha256.clone() })
        })
    }
}

fn text_field(text: &str, name: &str) -> Option<String> {
    paragraphs(text).next()?.get(name).map(str::to_owned)
}

/// Seconds since 1970 of `Sat, 11 Jul 2026 10:16:37 UTC`.
fn date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let rest = text.split_once(", ").map_or(text, |(_, rest)| rest);
    let mut words = rest.split_whitespace();
    let day: u64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let year: u64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let zone = words.next()?;
    let utc = ["UTC", "GMT", "Z", "+0000"].contains(&zone);
    let fits = (1970..=9999).contains(&year) && (1..=31).contains(&day);
    if !utc || !fits || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days up to the first of March of that year, from which months have regular lengths.
    let month = u64::try_from(month).ok()? + 1;
    let (year, from_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * from_march + 2) / 5 + day;
    // 719_469 such days lie before 1970.
    let days = days.checked_sub(719_469)?;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn text() -> String {
        format!(
            "Origin: Debian\nSuite: oldstable\nCodename: bookworm\nAcquire-By-Hash: yes\n\
             Date: Sat, 11 Jul 2026 10:16:37 UTC\nArchitectures: all amd64\nComponents: main\n\
             No-Support-for-Architecture-all: Packages\nSHA256:\n \
             {DIGEST} 5 main/binary-amd64/Packages\n {DIGEST} 4 main/binary-amd64/Packages.xz\n"
        )
    }

    #[test]
    fn times_are_read() {
        assert_eq!(date("Thu, 01 Jan 1970 00:00:00 UTC"), Some(0));
        assert_eq!(date("Sat, 11 Jul 2026 10:16:37 UTC"), Some(1_783_764_997));
        assert_eq!(date("Thu, 29 Feb 2024 23:59:59 +0000"), Some(1_709_251_199));
        assert_eq!(date("Fri, 01 Mar 2024 00:00:00 GMT"), Some(1_709_251_200));
        for bad in ["", "Sat, 11 Jul 2026 10:16:37 CEST", "11 Foo 2026 10:16:37 UTC", "1 Jan 1 1:1"]
        {
            assert_eq!(date(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_smallest_list_is_chosen_and_named_by_its_digest() {
        let release = Release::parse(&text(), Vec::new(), "bookworm").unwrap();
        let lists = release.package_lists("main", "amd64").unwrap();
        assert_eq!(lists.len(), 1);
        assert_eq!(lists[0].path, format!("main/binary-amd64/by-hash/SHA256/{DIGEST}"));
        assert_eq!(lists[0].size, 4);
        let error = release.package_lists("main", "riscv64").unwrap_err().to_string();
        assert!(error.contains("riscv64") && error.contains("all, amd64; main"), "{error}");
    }

    #[test]
    fn what_is_missing_is_named() {
        for field in ["SHA256", "Date"] {
            let broken = text().replace(field, "X");
            let error = Release::parse(&broken, Vec::new(), "bookworm").unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
    }
}
