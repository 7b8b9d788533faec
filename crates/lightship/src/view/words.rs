//! Numbers as people read them: short times, sizes, amounts.

use std::time::Duration;

use lightship_model::event::{Progress, Unit};

/// A duration in at most seven characters: `0.4s`, `43s`, `1m 32s`, `2h 05m`.
pub(super) fn short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{seconds}.{}s", duration.subsec_millis() / 100),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// [`short`], from milliseconds.
pub(super) fn short_ms(millis: u64) -> String {
    short(Duration::from_millis(millis))
}

/// An estimate: as [`short`], but without a precision that it has not.
pub(super) fn about(millis: u64) -> String {
    match millis.div_ceil(1000) {
        seconds @ 0..60 => format!("~{seconds}s"),
        seconds @ 60..3600 if seconds % 60 == 0 => format!("~{}m", seconds / 60),
        seconds => format!("~{}", short(Duration::from_secs(seconds))),
    }
}

/// How much is done: `12.3/40.0 MB`, `123/311 crates`, `7 packages`; empty when nothing is known.
pub(super) fn amount(progress: &Progress) -> String {
    let Some(done) = progress.done.filter(|done| *done > 0 || progress.total.is_some()) else {
        return String::new();
    };
    match (progress.unit, progress.total) {
        (Some(Unit::Bytes), Some(total)) => {
            let (divisor, unit) = scale(total);
            format!("{}/{} {unit}", tenths(done, divisor), tenths(total, divisor))
        }
        (Some(Unit::Bytes), None) => {
            let (divisor, unit) = scale(done);
            format!("{} {unit}", tenths(done, divisor))
        }
        (unit, Some(total)) => format!("{done}/{total}{}", noun(unit)),
        (unit, None) => format!("{done}{}", noun(unit)),
    }
}

fn noun(unit: Option<Unit>) -> &'static str {
    match unit {
        Some(Unit::Crates) => " crates",
        Some(Unit::Packages) => " packages",
        Some(Unit::Files) => " files",
        Some(Unit::Bytes) | None => "",
    }
}

/// The decimal unit in which `bytes` reads best.
fn scale(bytes: u64) -> (u64, &'static str) {
    match bytes {
        0..1000 => (1, "B"),
        1000..1_000_000 => (1000, "kB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        _ => (1_000_000_000, "GB"),
    }
}

fn tenths(amount: u64, divisor: u64) -> String {
    if divisor == 1 {
        return amount.to_string();
    }
    format!("{}.{}", amount / divisor, amount % divisor * 10 / divisor)
}

/// The part that is done, in thousandths: what is counted if it is, or else the time against
/// the estimate, which never claims to be through.
pub(super) fn thousandths(
    progress: Option<&Progress>,
    elapsed: Duration,
    estimate_ms: Option<u64>,
) -> Option<usize> {
    const ALMOST: u128 = 950;
    if let Some((done, total)) = progress.and_then(|p| p.done.zip(p.total))
        && total > 0
    {
        return usize::try_from(u128::from(done.min(total)) * 1000 / u128::from(total)).ok();
    }
    let estimate = u128::from(estimate_ms.filter(|estimate| *estimate > 0)?);
    usize::try_from((elapsed.as_millis() * 1000 / estimate).min(ALMOST)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(done: u64, total: Option<u64>, unit: Unit) -> Progress {
        Progress { done: Some(done), total, unit: Some(unit), ..Progress::default() }
    }

    #[test]
    fn times_are_short() {
        let shown: Vec<String> = [0, 450, 9_999, 43_000, 92_000, 7_500_000].map(short_ms).into();
        assert_eq!(shown, ["0.0s", "0.4s", "9.9s", "43s", "1m 32s", "2h 05m"]);
        assert_eq!([900, 43_000, 120_000, 95_000].map(about), ["~1s", "~43s", "~2m", "~1m 35s"]);
    }

    #[test]
    fn amounts_have_their_unit() {
        assert_eq!(amount(&progress(12_345_678, Some(40_000_000), Unit::Bytes)), "12.3/40.0 MB");
        assert_eq!(amount(&progress(900, None, Unit::Bytes)), "900 B");
        assert_eq!(amount(&progress(3, Some(9), Unit::Crates)), "3/9 crates");
        assert_eq!(amount(&Progress::default()), "");
    }

    #[test]
    fn an_estimate_never_claims_to_be_through() {
        let long = Duration::from_secs(100);
        assert_eq!(thousandths(None, long, Some(1000)), Some(950));
        assert_eq!(thousandths(None, long, None), None);
        assert_eq!(thousandths(Some(&progress(1, Some(2), Unit::Files)), long, None), Some(500));
        assert_eq!(thousandths(Some(&progress(1, Some(0), Unit::Files)), long, None), None);
    }
}
