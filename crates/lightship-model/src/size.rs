//! Amounts of bytes as people write them: `"4GiB"`, `"512MB"`, or a plain number.

use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// Units with their bytes, the longest first where one begins with another.
const UNITS: [(&str, u64); 13] = [
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("kb", 1000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("k", 1 << 10),
    ("m", 1 << 20),
    ("g", 1 << 30),
    ("t", 1 << 40),
    ("b", 1),
];

/// An amount of bytes, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl Size {
    /// Reads `"4GiB"`, `"1.5 GB"`, `"512M"` (binary, as container engines have it), `"1000"`.
    ///
    /// # Errors
    /// When it is no number of bytes, or less than one byte.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is not a size: write \"512MiB\", \"4GiB\" or a number of bytes");
        let lower = text.trim().to_ascii_lowercase();
        let unit = UNITS.iter().find(|(unit, _)| lower.ends_with(unit));
        let (unit, factor) = unit.copied().unwrap_or(("", 1));
        let number = lower.strip_suffix(unit).unwrap_or(&lower).trim_end();
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let digits = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 6 {
            return Err(wrong());
        }
        let whole: u64 = whole.parse().map_err(|_| wrong())?;
        let scale = 10_u64.pow(u32::try_from(part.len()).unwrap_or(0));
        let part: u64 = if part.is_empty() { 0 } else { part.parse().map_err(|_| wrong())? };
        let bytes = whole
            .checked_mul(factor)
            .and_then(|bytes| bytes.checked_add(part.checked_mul(factor)? / scale))
            .filter(|bytes| *bytes > 0);
        bytes.map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Size {
    /// In the binary unit that leaves the number from 1 to 1023, with a digit behind the point
    /// where it is none of that unit exactly.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
        let power = (self.0.max(1).ilog2() / 10).min(4);
        let name = NAMES.get(power as usize).copied().unwrap_or_default();
        let unit = 1_u64 << (power * 10);
        match self.0 % unit {
            0 => write!(f, "{} {name}", self.0 / unit),
            rest => {
                write!(f, "{}.{} {name}", self.0 / unit, u128::from(rest) * 10 / u128::from(unit))
            }
        }
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = Size;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size like \"512MiB\", \"4GiB\", or a number of bytes")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Size, E> {
        Size::parse(text).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<Size, E> {
        let bytes = u64::try_from(bytes).ok().filter(|bytes| *bytes > 0);
        bytes.map(Size).ok_or_else(|| E::custom("a size is at least one byte"))
    }

    fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<Size, E> {
        if bytes > 0 { Ok(Size(bytes)) } else { Err(E::custom("a size is at least one byte")) }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Size {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "An amount of bytes: \"512MiB\", \"4GiB\", or a number.",
            "anyOf": [{ "type": "string" }, { "type": "integer", "minimum": 1 }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_in_any_case_and_with_a_point() {
        for (text, bytes) in [
            ("4GiB", 4 << 30),
            ("512 MB", 512_000_000),
            ("1.5g", 3 << 29),
            ("64k", 64 << 10),
            ("100", 100),
            ("7b", 7),
        ] {
            assert_eq!(Size::parse(text), Ok(Size(bytes)), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused_with_an_example() {
        for text in ["", "much", "-1", "0", "0GiB", "1.GiBs", "GiB", ".5G", "99999999999TiB", "1e3"]
        {
            assert!(Size::parse(text).unwrap_err().contains("512MiB"), "{text}");
        }
    }

    #[test]
    fn a_size_is_shown_in_the_unit_that_fits() {
        for (bytes, shown) in [
            (100, "100 bytes"),
            (2 << 30, "2 GiB"),
            (3 << 29, "1.5 GiB"),
            (u64::MAX, "16777215.9 TiB"),
        ] {
            assert_eq!(Size(bytes).to_string(), shown);
        }
    }
}
