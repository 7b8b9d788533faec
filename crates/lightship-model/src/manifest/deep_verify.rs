//! `[loader] deep_verify`: when installed files are read again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::duration::HumanDuration;

/// How long ago a tool's files were last compared with their list when it is due again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "Text")]
pub enum DeepVerify {
    Off,
    After(Duration),
}

#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
enum Text {
    Seconds(u64),
    Word(String),
}

impl DeepVerify {
    /// Reads `off` or a duration.
    pub fn from_word(text: &str) -> Option<Self> {
        if text == "off" {
            return Some(Self::Off);
        }
        HumanDuration::parse(text).ok().map(|duration| Self::After(duration.0))
    }
}

impl TryFrom<Text> for DeepVerify {
    type Error = String;

    fn try_from(text: Text) -> Result<Self, String> {
        let word = match text {
            Text::Seconds(seconds) => seconds.to_string(),
            Text::Word(word) => word,
        };
        Self::from_word(&word)
            .ok_or_else(|| "`deep_verify` is \"off\" or a duration like \"7d\"".to_owned())
    }
}

impl std::fmt::Display for DeepVerify {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::After(age) => HumanDuration(*age).fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_or_off_is_read_and_anything_else_is_not() {
        let read = |text: &str| serde_json::from_str::<DeepVerify>(text);
        let week = Duration::from_hours(7 * 24);
        assert_eq!(read("\"7d\"").unwrap(), DeepVerify::After(week));
        assert_eq!(read("60").unwrap(), DeepVerify::After(Duration::from_mins(1)));
        assert_eq!(read("\"off\"").unwrap(), DeepVerify::Off);
        assert!(read("\"never\"").unwrap_err().to_string().contains("7d"));
        assert_eq!(DeepVerify::After(week).to_string(), "7days");
    }
}
