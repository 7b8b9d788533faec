//! Versions as dpkg compares them: `[epoch:]upstream[-revision]`.

use std::cmp::Ordering;

/// Compares two versions.
///
/// Any text has an order: what dpkg would refuse is compared by the same rules, so that one odd
/// version in an archive makes nothing else unusable.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (Parts::of(a), Parts::of(b));
    (a.epoch.cmp(&b.epoch))
        .then_with(|| compare_part(a.upstream, b.upstream))
        .then_with(|| compare_part(a.revision, b.revision))
}

/// `2.36` of `1:2.36-9+deb12u13`.
pub fn upstream(version: &str) -> &str {
    Parts::of(version).upstream
}

struct Parts<'a> {
    epoch: u64,
    upstream: &'a str,
    revision: &'a str,
}

impl<'a> Parts<'a> {
    fn of(version: &'a str) -> Self {
        let (epoch, rest) = match version.split_once(':') {
            Some((epoch, rest)) => (epoch.parse().unwrap_or(0), rest),
            None => (0, version),
        };
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        Self { epoch, upstream, revision }
    }
}

/// Text and number by turns: text by letters before everything else and `~` before even the
/// end, numbers by value.
fn compare_part(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while !a.is_empty() || !b.is_empty() {
        let texts = compare_text(&mut a, &mut b);
        let order = texts.then_with(|| compare_number(&mut a, &mut b));
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

fn compare_text(a: &mut &[u8], b: &mut &[u8]) -> Ordering {
    loop {
        let (left, right) = (weight(a.first()), weight(b.first()));
        if left != right {
            return left.cmp(&right);
        }
        // Equal weights are equal bytes, or both sides are at a number or the end.
        if left == 0 {
            return Ordering::Equal;
        }
        (*a, *b) = (&a[1..], &b[1..]);
    }
}

fn weight(byte: Option<&u8>) -> i32 {
    match byte {
        None => 0,
        Some(byte) if byte.is_ascii_digit() => 0,
        Some(b'~') => -1,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    }
}

fn compare_number(a: &mut &[u8], b: &mut &[u8]) -> Ordering {
    let (left, right) = (number(a), number(b));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

/// Takes a number off the front; leading zeros don't count.
fn number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    &digits[zeros..]
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    /// Pairs in which the first is older.
    const OLDER: [(&str, &str); 16] = [
        ("1.0", "1.1"),
        ("1.9", "1.10"),
        ("1.0~rc1", "1.0"),
        ("1.0~~", "1.0~"),
        ("1.0", "1.0a"),
        ("1.0a", "1.0+"),
        ("1.0-1", "1.0-1+b1"),
        ("1.0-1", "1.0-1+deb12u1"),
        ("1.0-1~deb12u1", "1.0-1"),
        ("9.9", "1:0.1"),
        ("1.0", "1.0-1"),
        ("1.2-3-1", "1.2-4-1"),
        ("1.96.0+dfsg1-1~deb12u2", "1.96.0+dfsg1-1"),
        ("2.36-9+deb12u7", "2.36-9+deb12u13"),
        ("0.99", "00001"),
        ("1.0.", "1.0.1"),
    ];

    #[test]
    fn older_versions_are_less() {
        for (older, newer) in OLDER {
            assert_eq!(compare(older, newer), Ordering::Less, "{older} {newer}");
            assert_eq!(compare(newer, older), Ordering::Greater, "{newer} {older}");
        }
        for (a, b) in [("1.0", "1.00"), ("0:1", "1"), ("1.0-0", "1.0"), ("1a01", "1a1")] {
            assert_eq!(compare(a, b), Ordering::Equal, "{a} {b}");
        }
        assert_eq!(upstream("1:2.36-9+deb12u13"), "2.36");
    }

    fn dpkg(a: &str, operator: &str, b: &str) -> Option<bool> {
        let run = Command::new("dpkg").args(["--compare-versions", a, operator, b]).output();
        Some(run.ok()?.status.success())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]
        #[test]
        fn dpkg_agrees(
            a in "([0-2]:)?[0-9][a-c0-2.~+]{0,6}(-[0-9][a-c0-2.~+]{0,3})?",
            b in "([0-2]:)?[0-9][a-c0-2.~+]{0,6}(-[0-9][a-c0-2.~+]{0,3})?",
        ) {
            // Without dpkg there is nobody to ask.
            if let Some(less) = dpkg(&a, "lt", &b) {
                prop_assert_eq!(compare(&a, &b) == Ordering::Less, less, "{} {}", a, b);
            }
        }

        #[test]
        fn the_order_is_one(a in "\\PC{0,12}", b in "\\PC{0,12}", c in "\\PC{0,12}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            if compare(&a, &b).is_le() && compare(&b, &c).is_le() {
                prop_assert!(compare(&a, &c).is_le());
            }
        }
    }
}
