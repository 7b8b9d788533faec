//! Durations as people write them: `"30m"`, `"1m 30s"`, or a plain number of seconds.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// Longer ones mean "for ever" all the same, and a time that lies so far ahead can still be
/// counted.
const LONGEST: Duration = Duration::from_hours(100 * 365 * 24);

/// A duration in a manifest: text with units, or a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HumanDuration(pub Duration);

impl HumanDuration {
    /// Reads `"90"`, `"90s"`, `"1m 30s"`. More than a hundred years are a hundred years.
    ///
    /// # Errors
    /// When it is neither a number of seconds nor text with known units.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Ok(seconds) = text.trim().parse::<u64>() {
            return Ok(Self::from_secs(seconds));
        }
        humantime::parse_duration(text).map(|duration| Self(duration.min(LONGEST))).map_err(|_| {
            format!("`{text}` is not a duration: write \"90s\", \"30m\" or \"1h 30m\"")
        })
    }
}

impl HumanDuration {
    fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds).min(LONGEST))
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", humantime::format_duration(self.0))
    }
}

impl Serialize for HumanDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

struct HumanDurationVisitor;

impl Visitor<'_> for HumanDurationVisitor {
    type Value = HumanDuration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration like \"90s\", \"30m\", or a number of seconds")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<HumanDuration, E> {
        HumanDuration::parse(text).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<HumanDuration, E> {
        u64::try_from(seconds)
            .map(HumanDuration::from_secs)
            .map_err(|_| E::custom("a duration can't be negative"))
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<HumanDuration, E> {
        Ok(HumanDuration::from_secs(seconds))
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(HumanDurationVisitor)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for HumanDuration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A duration: \"90s\", \"30m\", \"1h 30m\", or a number of seconds.",
            "anyOf": [{ "type": "string" }, { "type": "integer", "minimum": 0 }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_units_are_read() {
        assert_eq!(HumanDuration::parse("1800").unwrap().0.as_secs(), 1800);
        assert_eq!(HumanDuration::parse("30m").unwrap().0.as_secs(), 1800);
        assert_eq!(HumanDuration::parse("1m 30s").unwrap().0.as_secs(), 90);
        assert!(HumanDuration::parse("soon").unwrap_err().contains("30m"));
    }

    #[test]
    fn what_is_longer_than_a_hundred_years_can_still_be_added_to_a_time() {
        for text in ["18446744073709551615", "18446744073709551615s", "3000years"] {
            let duration = HumanDuration::parse(text).unwrap().0;
            assert_eq!(duration, LONGEST, "{text}");
            assert!(std::time::Instant::now().checked_add(duration * 2).is_some());
        }
    }
}
