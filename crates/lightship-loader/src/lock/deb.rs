//! Debian packages: the lists say everything but when a package came into them.

use lightship_model::lock::{Gate, Locked, LockedDebPackage};
use lightship_model::manifest::DebSource;

use super::{Resolved, refused};
use crate::install::{InstallError, Job};
use crate::source::deb::{Choice, Origin, choose, is_for_this_machine, version};

pub(super) fn resolve(
    job: &mut Job<'_>,
    deb: &DebSource,
    gate: &Gate,
) -> Result<Resolved, InstallError> {
    let Choice { locked, origins, .. } = choose(job, deb)?;
    for (package, origin) in locked.packages.iter().zip(&origins) {
        if let Some(complaint) = complaint(gate, package, origin) {
            return Err(refused(complaint));
        }
    }
    // Made here it may be meant for elsewhere; installing it would be refused.
    let notes = is_for_this_machine(&locked).err().map(|error| error.to_string());
    // It becomes a part of a directory's name.
    let version = version(deb, &locked)
        .filter(|version| version.chars().all(|c| c.is_ascii_alphanumeric() || ".+-~".contains(c)));
    Ok(Resolved { version, locked: Locked::Deb(locked), notes: notes.into_iter().collect() })
}

/// Why a package may not be locked. A release of Debian takes nothing in that its managers have
/// not looked at, and in any other suite a package is at least as old as the suite's date.
fn complaint(gate: &Gate, package: &LockedDebPackage, origin: &Origin) -> Option<String> {
    let what = format!("`{}` {}", package.name, package.version);
    if origin.is_vetted || gate.complaint(&what, Some(origin.released)).is_none() {
        return None;
    }
    gate.complaint(&what, None)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lightship_model::digest::Digest;
    use lightship_model::lock::DebArchive;
    use lightship_model::time::Timestamp;

    use super::*;

    #[test]
    fn a_suite_is_vetted_or_old_or_its_packages_are_of_unknown_age() {
        const HOUR: u64 = 3_600_000;
        let package = LockedDebPackage {
            name: "x".into(),
            version: "1-2".into(),
            arch: "all".into(),
            size: 1,
            sha256: Digest::of(b""),
            archive: DebArchive::Main,
            path: "pool/x.deb".into(),
        };
        let now = Timestamp::from_millis(100 * HOUR);
        let gate = Gate { now, min_age: Duration::from_hours(24), allow_unknown: false };
        let origin = |hours: u64, is_vetted| Origin {
            archive: DebArchive::Main,
            name: "bookworm".to_owned(),
            released: Timestamp::from_millis((100 - hours) * HOUR),
            is_vetted,
        };
        let young = complaint(&gate, &package, &origin(1, false)).unwrap();
        assert!(young.contains("when `x` 1-2 was published: --allow-unknown-age"), "{young}");
        assert_eq!(complaint(&gate, &package, &origin(25, false)), None);
        assert_eq!(complaint(&gate, &package, &origin(1, true)), None);
        let open = Gate { allow_unknown: true, ..gate };
        assert_eq!(complaint(&open, &package, &origin(1, false)), None);
    }
}
