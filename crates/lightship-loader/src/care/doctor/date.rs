//! The dates of HTTP: `Wed, 25 Nov 2026 03:11:27 GMT`.

use lightship_model::time::Timestamp;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let (_, rest) = text.trim().split_once(", ")?;
    let [day, month, year, time, "GMT"] = rest.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let day: u8 = day.parse().ok()?;
    Timestamp::try_from(format!("{year}-{month:02}-{day:02}T{time}Z")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_http_is_read_and_rubbish_is_not() {
        let time = parse("Wed, 25 Nov 2026 03:11:27 GMT").unwrap();
        assert_eq!(time.to_string(), "2026-11-25T03:11:27.000Z");
        for bad in ["", "Wed, 25 Nov 2026", "Wed, 25 Xxx 2026 03:11:27 GMT", "a, b c d e GMT"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
