//! The time of day as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.

use lightship_model::time::Timestamp;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `at` as the value of a `Date` field.
pub(super) fn http(at: Timestamp) -> String {
    // RFC 3339 has the same numbers: `1994-11-06T08:49:37.000Z`.
    let text = at.to_string();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let number = |text: &str| text.parse::<usize>().unwrap_or(0);
    let day = usize::try_from(at.as_millis() / 86_400_000 % 7).unwrap_or(0);
    let month = number(part(5, 7)).saturating_sub(1);
    format!(
        "{}, {} {} {} {} GMT",
        DAYS.get(day).unwrap_or(&""),
        part(8, 10),
        MONTHS.get(month).unwrap_or(&""),
        part(0, 4),
        part(11, 19)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_have_their_names() {
        for (millis, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777_000, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (1_709_251_199_999, "Thu, 29 Feb 2024 23:59:59 GMT"),
            (1_798_675_200_000, "Thu, 31 Dec 2026 00:00:00 GMT"),
        ] {
            assert_eq!(http(Timestamp::from_millis(millis)), text);
        }
    }
}
