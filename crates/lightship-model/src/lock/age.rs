//! Which release to lock: the newest that is old enough. A hijacked release is mostly noticed
//! and withdrawn within hours; who waits a day does not get it.

use std::cmp::Ordering;
use std::time::Duration;

use crate::duration::HumanDuration;
use crate::time::Timestamp;

/// How old a release has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    pub now: Timestamp,
    /// Zero lets everything pass.
    pub min_age: Duration,
    /// Take a release whose age nobody says.
    pub allow_unknown: bool,
}

/// A version that a registry has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub version: String,
    pub published: Option<Timestamp>,
    pub yanked: bool,
}

/// The release to take, and the newer ones that are too young.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    pub version: String,
    /// Why it is not the newest.
    pub note: Option<String>,
}

impl Gate {
    /// Why a release may not be locked; nothing when it may.
    pub fn complaint(&self, what: &str, published: Option<Timestamp>) -> Option<String> {
        if self.min_age.is_zero() {
            return None;
        }
        match published {
            Some(at) if self.is_old(at) => None,
            Some(at) => Some(format!(
                "{what} was published {} ago, and {} is asked for",
                age(self.now.since(at)),
                age(self.min_age)
            )),
            None if self.allow_unknown => None,
            None => Some(format!(
                "the registry does not say when {what} was published: --allow-unknown-age takes \
                 it all the same"
            )),
        }
    }

    /// What was published after this is too young.
    pub fn cutoff(&self) -> Timestamp {
        let age = u64::try_from(self.min_age.as_millis()).unwrap_or(u64::MAX);
        Timestamp::from_millis(self.now.as_millis().saturating_sub(age))
    }

    fn is_old(&self, at: Timestamp) -> bool {
        at <= self.cutoff()
    }

    /// Chooses among the `releases` of `name`: the one that is `pinned`, or the newest that is
    /// old enough and neither withdrawn nor a preview.
    ///
    /// # Errors
    /// What is wrong with the pinned one, or with all; with the newest that would do.
    pub fn choose(
        &self,
        name: &str,
        releases: &[Release],
        pinned: Option<&str>,
    ) -> Result<Chosen, String> {
        let mut stable: Vec<&Release> =
            releases.iter().filter(|r| !r.yanked && !is_preview(&r.version)).collect();
        stable.sort_by(|a, b| compare(&b.version, &a.version));
        let judge = |r: &Release| self.complaint(&format!("`{name}` {}", r.version), r.published);
        let best = stable.iter().find(|r| judge(r).is_none());
        let advice = || match best {
            Some(best) => format!(
                "; the newest that is old enough is {}. Lock that one, wait, or lower --min-age",
                best.version
            ),
            None => "; none is old enough: wait, or lower --min-age".to_owned(),
        };
        if let Some(pinned) = pinned {
            let Some(release) = releases.iter().find(|r| r.version == pinned) else {
                return Err(format!("the registry has no `{name}` of version {pinned}"));
            };
            return match judge(release) {
                None => Ok(Chosen { version: pinned.to_owned(), note: None }),
                Some(complaint) => Err(complaint + &advice()),
            };
        }
        match (best, stable.first()) {
            (Some(best), newest) => {
                let newer = newest.filter(|newest| newest.version != best.version);
                let note = newer.and_then(|newest| judge(newest));
                let note = note.map(|why| format!("{why}: {} is taken", best.version));
                Ok(Chosen { version: best.version.clone(), note })
            }
            (None, Some(newest)) => Err(judge(newest).unwrap_or_default() + &advice()),
            (None, None) => Err(format!("the registry has no release of `{name}`")),
        }
    }
}

/// A time as people say it: whole minutes, hours, days.
fn age(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let unit = match seconds {
        0..60 => 1,
        60..7200 => 60,
        _ => 3600,
    };
    HumanDuration(Duration::from_secs(seconds / unit * unit)).to_string()
}

fn is_preview(version: &str) -> bool {
    let version = version.split('+').next().unwrap_or_default();
    version.contains('-')
}

/// Orders versions of three numbers, as cargo and npm have them; a preview comes before its
/// release.
fn compare(a: &str, b: &str) -> Ordering {
    let parts = |version: &str| {
        let version = version.split('+').next().unwrap_or_default().to_owned();
        let (numbers, preview) = match version.split_once('-') {
            Some((numbers, preview)) => (numbers.to_owned(), Some(preview.to_owned())),
            None => (version, None),
        };
        let numbers: Vec<u64> =
            numbers.split('.').map(|number| number.parse().unwrap_or(0)).collect();
        (numbers, preview.is_none(), preview)
    };
    parts(a).cmp(&parts(b))
}

/// Whether `a` is a later version than `b`.
pub fn is_later(a: &str, b: &str) -> bool {
    compare(a, b) == Ordering::Greater
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;

    fn gate() -> Gate {
        let now = Timestamp::from_millis(1000 * HOUR);
        Gate { now, min_age: Duration::from_hours(24), allow_unknown: false }
    }

    /// Releases, each published so many hours ago.
    fn releases(list: &[(&str, Option<u64>)]) -> Vec<Release> {
        let release = |(version, hours): &(&str, Option<u64>)| Release {
            version: (*version).to_owned(),
            published: hours.map(|hours| Timestamp::from_millis((1000 - hours) * HOUR)),
            yanked: false,
        };
        list.iter().map(release).collect()
    }

    #[test]
    fn the_newest_that_is_old_enough_is_taken_and_the_younger_one_told() {
        let list = releases(&[("1.9.0", Some(50)), ("1.10.0", Some(30)), ("2.0.0", Some(3))]);
        let chosen = gate().choose("x", &list, None).unwrap();
        assert_eq!(chosen.version, "1.10.0");
        let note = chosen.note.unwrap();
        assert!(note.starts_with("`x` 2.0.0 was published 3h ago, and 1day is asked"), "{note}");
    }

    #[test]
    fn a_young_release_that_is_asked_for_by_name_is_refused_with_what_would_do() {
        let list = releases(&[("1.0.0", Some(50)), ("1.1.0", Some(3))]);
        let error = gate().choose("x", &list, Some("1.1.0")).unwrap_err();
        assert!(error.contains("1.1.0 was published 3h ago"), "{error}");
        assert!(error.contains("the newest that is old enough is 1.0.0"), "{error}");
        assert!(gate().choose("x", &list, Some("1.0.0")).is_ok());
        let error = gate().choose("x", &list, Some("3.0.0")).unwrap_err();
        assert_eq!(error, "the registry has no `x` of version 3.0.0");
        let none = Gate { min_age: Duration::ZERO, ..gate() };
        assert!(none.choose("x", &list, Some("1.1.0")).is_ok());
    }

    #[test]
    fn an_unknown_age_is_refused_unless_it_is_let_pass() {
        let list = releases(&[("1.0.0", None)]);
        let error = gate().choose("x", &list, None).unwrap_err();
        assert!(error.contains("--allow-unknown-age"), "{error}");
        let open = Gate { allow_unknown: true, ..gate() };
        assert_eq!(open.choose("x", &list, None).unwrap().version, "1.0.0");
    }

    #[test]
    fn previews_and_withdrawn_releases_are_taken_by_name_alone() {
        let mut list =
            releases(&[("1.0.0", Some(99)), ("1.1.0-rc.1", Some(99)), ("1.2.0", Some(99))]);
        list[2].yanked = true;
        assert_eq!(gate().choose("x", &list, None).unwrap().version, "1.0.0");
        assert!(gate().choose("x", &list, Some("1.1.0-rc.1")).is_ok());
        assert!(is_later("1.1.0", "1.1.0-rc.1") && is_later("0.10.0", "0.9.9"));
    }
}
